"""The methods text on who was followed, until what, how they were divided, and by which terms."""

from __future__ import annotations

from core import filters, known, origin
from core.cohort import Cohort
from core.lesions import attach
from core.spec import AnalysisSpec, shortest
from core.terms import parse

ORIGINS = {
    "typed": "at a value set by hand",
    "median": "at the median of these patients",
    "tertiles": "at the tertiles of these patients",
    "quartiles": "at the quartiles of these patients",
    "quantile": "at a quantile of these patients",
    "best": "where the log-rank statistic is largest, a cutoff that was searched for",
}
SETTLED = {
    ("zero", "half"): "Times of 0 were taken as half a day.",
    ("zero", "drop"): "Patients with a time of 0 were left out.",
    ("negative", "half"): "Negative times were taken as half a day.",
    ("one_row", "first"): "Of several rows of a patient the first one was used.",
    ("one_row", "last"): "Of several rows of a patient the last one was used.",
    ("one_row", "all"): "All rows were used, also several ones of a patient.",
}
COMBINED = {
    "both": "patients high in both were compared with all others",
    "either": "patients high in either were compared with all others",
    "four": "all four combinations were compared",
}


FORMS = {
    "": "{0}",
    "per": "{0} per {1}",
    "log2": "{0} per doubling",
    "cat": "{0} as a category",
    "cut": "{0} cut into groups",
    "spline": "{0} as a restricted cubic spline of {1} knots",
    "poly": "{0} as a polynomial of degree {1}",
    "trend": "{0} as a trend over its levels",
    "since": "{0} from the time in {1} on",
}
ARGUMENTS = {"per": "1", "spline": "4", "poly": "2"}
"""What the brackets of a term say where they are left out."""
PROFILES = {
    "r": "Conventions are those of R unless stated.",
    "spss": "Conventions are those of SPSS unless stated: Breslow's handling of ties, limits of "
    "medians from the density at the median, means up to a group's own last time.",
}


def title(cohort: Cohort, column: str) -> str:
    """How a column is called in a sentence."""
    variable = cohort.dataset.variables.get(column)
    return column if variable is None else variable.title


def patients(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    """Who was followed, from when and until what, and how they were grouped.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec

    Returns
    -------
    list of str
        Sentences.
    """
    made_up = ["The patients are synthetic: nothing here is a finding about real ones."]
    return [
        *(made_up if cohort.dataset.synthetic else ()), PROFILES[spec.profile or "r"],
        *_included(cohort, spec),
        *_followed(cohort, spec), *_lesions(cohort, spec), *_divided(cohort, spec),
    ]  # fmt: skip


def terms(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    """The terms of a model in words."""
    named = []
    for term in (parse(text, cohort.dataset.variables) for text in spec.terms):
        argument = term.argument or ARGUMENTS.get(term.form, "")
        if term.form == "since":
            argument = title(cohort, argument)
        words = FORMS[term.form].format(title(cohort, term.column), argument)
        if term.partner:
            words = f"the interaction of {title(cohort, term.column)} with "
            words += title(cohort, term.partner)
        named.append(words)
    return [f"The terms of the model were {'; '.join(named)}."] if named else []


def _lesions(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    """How the columns in use were derived from lesions."""
    made = {variable.name: variable.meaning for variable in attach.added(cohort.dataset)}
    used = [spec.group_by, spec.second_by, spec.response]
    used += [parse(text, cohort.dataset.variables).column for text in spec.terms]
    return [f"{name}: {made[name]}" for name in dict.fromkeys(used) if name in made]


def _included(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    variables = cohort.dataset.variables
    read = [filters.parse(text, variables) for text in spec.where]
    said = []
    if read:
        words = " and ".join(c.words(variables[c.column]) for c in read)
        said.append(f"Patients were included if {words}.")
    for (field, value), text in SETTLED.items():
        if getattr(spec, field) == value:
            said.append(text)
    return said


def _followed(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    said = []
    if spec.start is not None and spec.end is not None:
        ends = (title(cohort, spec.start), title(cohort, spec.end))
        said.append("Time ran from {} to {}.".format(*ends))
    if spec.event is not None:
        text = f"The event was {title(cohort, spec.event)} = {' or '.join(spec.event_is)}"
        if spec.competing:
            others = " or ".join(spec.competing)
            text += f"; {others} counted as a competing event, and as censoring where one event "
            text += "alone is analysed"
        said.append(f"{text}.")
    if spec.origin is not None:
        said.append(f"{origin.METHODS} The origin was {title(cohort, spec.origin)}.")
    elif spec.entry is not None:
        said.append("Patients entered the risk sets when their observation began (delayed entry).")
    if spec.landmark is not None:
        at = f"{spec.landmark:g} {cohort.show_unit}"
        said.append(
            f"In a landmark analysis at {at}, patients followed beyond it were analysed from then "
            "on."
        )
        if spec.group_by and cohort.dataset.variables[spec.group_by].known:
            said.append(known.METHODS)
    return said


def _divided(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    groups, said = cohort.groups, []
    high = "at or above it" if groups.side == "ge" else "above it"
    if groups.thresholds:
        cut = ", ".join(shortest(t) for t in groups.thresholds)
        how = ORIGINS.get(groups.origin or "", "")
        said.append(f"{groups.title} was cut at {cut}, {how}; values {high} were high.")
    if groups.second is not None:
        cut = shortest(groups.second.threshold)
        said.append(f"{groups.second.title} was cut at {cut}; {COMBINED[groups.second.combine]}.")
    if groups.origin == "best":
        share = 0.1 if spec.min_fraction is None else spec.min_fraction
        text = f"Cutoffs that leave at least {100 * share:g} % of the patients"
        if spec.min_events:
            text += f" and {spec.min_events:g} events"
        said.append(f"{text} on each side were tried.")
    return said
