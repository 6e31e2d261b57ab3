"""The page of the model studies: every figure and table of two papers, a click away each."""

from pages.ui import frame, show, study

page = frame.open_page("Model studies")
with page:
    show.heading("Model studies")
    study.show(page)
