"""The curves page: slide a cutoff and watch the curves, the test and the hazard ratio follow."""

from pages.ui import controls, frame, show, sidebar

page = frame.open_page("Curves")
with page:
    sidebar.draw(page)
    show.question(page)
    controls.stratifier(page)
    controls.curve_options(page)
    show.curves(page)
