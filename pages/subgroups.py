"""The subgroup page: the comparison of the groups within levels of other variables."""

from core.view.subgroups import title
from pages.ui import controls, frame, lock, methods, show, sidebar, subgroups

page = frame.open_page("Subgroups", shows="km")
with page:
    sidebar.draw(page)
    show.heading(title(page.cohort))
    if page.locked:
        lock.panel(page)
    else:
        controls.stratifier(page)
        subgroups.show(page)
        methods.show(page)
