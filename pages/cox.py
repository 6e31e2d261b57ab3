"""The Cox page: choose terms, see the univariable and multivariable table and the forest plot."""

from pages.ui import frame, show, sidebar, terms

page = frame.open_page("Cox model")
with page:
    sidebar.draw(page)
    show.cox_question(page)
    terms.choose(page)
    show.cox(page)
