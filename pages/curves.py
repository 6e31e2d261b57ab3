"""The curves page: slide a cutoff and watch the curves, the test and the hazard ratio follow."""

from pages.ui import controls, frame, lock, show, sidebar

page = frame.open_page("Curves", shows="km")
with page:
    sidebar.draw(page)
    if page.locked:
        lock.choose(page)
    else:
        show.question(page)
        controls.stratifier(page)
        controls.curve_options(page)
        show.curves(page)
