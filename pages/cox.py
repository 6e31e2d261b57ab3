"""The Cox page: choose terms, see the univariable and multivariable table and the forest plot."""

from pages.ui import frame, lock, show, sidebar, terms

page = frame.open_page("Cox model", shows="cox")
with page:
    sidebar.draw(page)
    show.cox_question(page)
    if page.locked:
        lock.panel(page)
    else:
        terms.choose(page)
        show.cox(page)
