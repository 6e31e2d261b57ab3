"""The Cox page: choose terms, see the univariable and multivariable table and the forest plot."""

from pages.ui import controls, frame, show, terms

page = frame.open_page("Cox model")
with page:
    controls.sidebar(page)
    show.cox_question(page)
    terms.choose(page)
    show.cox(page)
