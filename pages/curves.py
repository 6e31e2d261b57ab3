"""The curves page: slide a cutoff and watch the curves, the test and the hazard ratio follow."""

from pages.ui import controls, frame, lock, methods, sections, show, sidebar, timing
from pages.ui.curve import comparisons, differences, hazard, observation, parametric, precision

MORE = {
    "At chosen times": differences.show,
    "Tests": comparisons.show,
    "Follow-up": observation.show,
    "Hazard over time": hazard.show,
    "Parametric models": parametric.show,
    "Precision": precision.show,
    "Timing": timing.show,
}

page = frame.open_page("Curves", shows="km")
with page:
    sidebar.draw(page)
    if page.locked:
        lock.choose(page)
    else:
        show.question(page)
        controls.stratifier(page)
        controls.curve_options(page)
        show.curves(page)
        sections.draw(page, "More on these curves", MORE)
        methods.show(page)
