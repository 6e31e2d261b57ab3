"""The Cox page: choose terms, see the univariable and multivariable table and the forest plot."""

from pages.ui import frame, lock, methods, sections, show, sidebar, terms
from pages.ui.model import (
    influence,
    missing,
    options,
    penalised,
    prediction,
    residuals,
    selection,
    tests,
)

MORE = {
    "Tests of the terms": tests.show,
    "Selection": selection.show,
    "Proportional hazards and residuals": residuals.show,
    "Influence": influence.show,
    "Prediction": prediction.show,
    "Penalised": penalised.show,
    "Missing values": missing.show,
}

page = frame.open_page("Cox model", shows="cox")
with page:
    sidebar.draw(page, model=True)
    show.cox_question(page)
    if page.locked:
        lock.panel(page)
    else:
        terms.choose(page, options.drawer)
        options.offer_firth(page)
        show.cox(page)
        sections.draw(page, "More on this model", MORE)
        methods.show(page)
