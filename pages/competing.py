"""The page of competing risks: how often each kind of event comes first, and when."""

from pages.ui import competing, controls, frame, lock, methods, sidebar

page = frame.open_page("Competing risks", shows="km")
with page:
    sidebar.draw(page)
    competing.question(page)
    if page.locked:
        lock.panel(page)
    else:
        controls.stratifier(page)
        competing.choose(page)
        competing.show(page)
        methods.show(page)
