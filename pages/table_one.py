"""The page of Table 1: who the patients are, by group. It shows nothing of the outcome."""

from core.view.table_one import title
from pages.ui import controls, frame, methods, show, sidebar, table_one

page = frame.open_page("Table 1")
with page:
    sidebar.draw(page)
    show.heading(title(page.cohort))
    controls.stratifier(page)
    table_one.show(page)
    methods.show(page)
