"""The page of response and progression: from lesions by visit to RECIST, modes and survival."""

from pages.ui import frame, lock, methods, sidebar
from pages.ui.progression import sections

page = frame.open_page("Progression")
with page:
    sidebar.draw(page)
    if page.locked:
        lock.panel(page)
    else:
        sections.draw(page)
        methods.show(page)
