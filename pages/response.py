"""The response page: response rates by group, and logistic models."""

from core.view.response import title
from pages.ui import controls, frame, lock, methods, response, show, sidebar

page = frame.open_page("Response")
with page:
    sidebar.draw(page)
    show.heading(title(page.cohort))
    if page.locked:
        lock.panel(page)
    else:
        controls.stratifier(page)
        response.show(page)
        methods.show(page)
