"""The REMARK checklist, filled in as far as the tool knows the answer.

The items follow the guideline for reports of tumour marker prognostic studies, in our own words.

References
----------
McShane LM, Altman DG, Sauerbrei W, et al. J Natl Cancer Inst 2005;97:1180-1184. Altman DG,
McShane LM, Sauerbrei W, Taube SE. PLoS Med 2012;9:e1001216.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from core import exploration, methods
from core.exploration import Counts
from core.methods_of_patients import title
from core.notes import counted
from core.spec import shortest
from core.terms import parse
from core.view import numbers, tables, words
from core.view.curve import precision
from core.view.curve.observation import REVERSE
from core.view.reports.asked import Asked
from core.view.reports.document import Table

REST = "To be completed by the authors"
MORE = {
    1: "aims and hypotheses",
    2: "stage, other diseases, source, and how the patients were found",
    6: "how cases were selected, the period of recruitment, the end of follow-up",
    8: "variables that were considered and are not in this table",
    9: "what the size was planned for",
    13: "where the marker and its missing values are shown",
    18: "validation in other patients",
}
"""What is still to be said where the analysis knows a part."""
ITEMS = (
    "The marker, the aims of the study, and any hypothesis that was stated beforehand",
    "The patients: source, stage of disease, what let them in and kept them out",
    "Treatments that the patients had, and how they were chosen",
    "The specimens or images that the marker was measured on, and how they were kept",
    "How the marker was measured: protocol, quality control, scoring, and who was blinded",
    "How cases were selected, the period of recruitment, the end and the median of follow-up",
    "The end points, each defined",
    "All variables that were looked at or considered for a model",
    "Why the study has this size; which effect it can detect",
    "All statistical methods: choice of variables, assumptions, missing data",
    "How values of the marker were used, and where a cutoff comes from",
    "The flow of patients, with numbers, reasons and events",
    "Distribution of patients' characteristics and of the marker, with missing values",
    "How the marker goes with the known prognostic variables",
    "Univariable analyses: effect of the marker on the outcome, with a survival curve",
    "Multivariable analyses: effects with limits for the marker and all other variables",
    "The marker's effect in a model with the known prognostic variables, significant or not",
    "Checks: assumptions, sensitivity, internal validation",
    "Interpretation in the light of the hypotheses and of other studies; limitations",
    "What it means for future research and for patients",
)
"""What each of the 20 items asks for."""
HEADINGS = {
    1: "Introduction", 2: "Methods", 12: "Results", 19: "Discussion",
}  # fmt: skip
NAMES = ("Item", "What to report", "In this analysis")


def checklist(asked: Asked, explored: Counts) -> Table:
    """The checklist of this analysis.

    Parameters
    ----------
    asked : Asked
    explored : Counts
        How much was looked at.

    Returns
    -------
    Table
        Twenty rows; with a locked outcome nothing of it is filled in from the outcome.
    """
    filled = {} if asked.locked else {n: say(asked) for n, say in FILLED.items()}
    filled[8] = _variables(asked, explored)
    rows = [
        (f"{n}. {HEADINGS[n]}" if n in HEADINGS else f"{n}.", text, _answer(n, filled.get(n, "")))
        for n, text in enumerate(ITEMS, start=1)
    ]
    source = (
        "After McShane et al. 2005 and Altman et al. 2012, in our own words. What the analysis "
        "knows is filled in; a number in a report is not yet the sentence of a paper."
    )
    frame = pd.DataFrame(rows, columns=list(NAMES))
    return Table(frame, "REMARK checklist", (source,), prose=True)


def _answer(item: int, text: str) -> str:
    """What is known, and what the authors have to add; a whole item where nothing is known."""
    if not text.strip():
        return f"{REST}."
    return f"{text.strip()} {REST}: {MORE[item]}." if item in MORE else text.strip()


def _marker(asked: Asked) -> str:
    groups = asked.cohort.groups
    if groups.by is None:
        return "No marker divides the patients in this analysis."
    second = f" and {groups.second.title}" if groups.second else ""
    return f"Marker: {groups.title}{second}."


def _patients(asked: Asked) -> str:
    cohort = asked.cohort
    source = cohort.dataset.title or cohort.dataset.name
    said = [f"Data: {source}; {words.counted(cohort)}."]
    if cohort.dataset.synthetic:
        said.append("These are synthetic patients.")
    where = [s for s in _methods(asked) if s.startswith("Patients were included if")]
    return " ".join([*said, *where])


def _methods(asked: Asked) -> tuple[str, ...]:
    return methods.sentences(asked.cohort, asked.stated, asked.parts)


def _followed(asked: Asked) -> str:
    if "cohort" not in asked.parts:
        return ""
    found, unit = asked.result("cohort"), asked.cohort.show_unit
    half = numbers.time_with_limits(found.median, found.conf_low, found.conf_high, unit)
    return f"{REVERSE}: {half} {unit}."


def _endpoint(asked: Asked) -> str:
    event = [s for s in _methods(asked) if s.startswith(("The event was", "Time ran from"))]
    return " ".join([f"{words.endpoint_label(asked.cohort)}.", *event])


def _variables(asked: Asked, explored: Counts) -> str:
    cohort, spec = asked.cohort, asked.spec
    names = [spec.group_by, spec.second_by, *spec.subgroups, *spec.characteristics]
    names += [parse(text, cohort.dataset.variables).column for text in spec.terms]
    known = [n for n in dict.fromkeys(names) if n is not None]
    titles = ", ".join(title(cohort, name) for name in known)
    used = f"Variables in this analysis: {titles}." if titles else ""
    looked = exploration.sentence(explored)
    return f"{used} {looked or 'How much was looked at before was not recorded.'}"


def _size(asked: Asked) -> str:
    cohort = asked.cohort
    said = f"{words.counted(cohort)}, {counted(cohort.n_events, 'event')}."
    if "precision" in asked.parts and len(cohort.groups.levels) > 1:
        said += f" {precision.finding(cohort, asked.result('precision'))}"
    return said


def _statistics(asked: Asked) -> str:
    """The choices in force; the text in full stands in the section on methods."""
    said = [f"Conventions of {words.profile_name(asked.spec)}."]
    if "km" in asked.parts:
        test = words.name_of_test(asked.spec.test or "logrank", asked.spec)
        said.append(f"Kaplan-Meier, {test} test.")
    if "cox" in asked.parts:
        said.append(f"Cox regression{_per_variable(asked)}.")
        rule = asked.spec.select or "none"
        said.append(f"Selection of variables: {rule}.")
        missing = "imputed" if asked.spec.missing == "impute" else "left out of a model"
        said.append(f"Patients with missing values were {missing}.")
    return " ".join([*said, "The methods section has all of it."])


def _per_variable(asked: Asked) -> str:
    result = asked.result("cox")
    if not result.parameters:
        return ""
    ratio = numbers.fixed(result.events / result.parameters, 1)
    return (
        f" ({counted(result.events, 'event')}, {counted(result.parameters, 'parameter')}: "
        f"{ratio} events per parameter)"
    )


def _cutoff(asked: Asked) -> str:
    groups = asked.cohort.groups
    if groups.by is None:
        return ""
    if not groups.thresholds:
        return f"{groups.title}: its {counted(len(groups.levels), 'level')} as they are, not cut."
    cut = ", ".join(shortest(t) for t in groups.thresholds)
    said = f"{groups.title} was cut at {cut}. {words.origin(groups, asked.spec)}"
    if groups.search is not None:
        said += f" {numbers.count(len(groups.search.size))} cutoffs were tried."
    if "cutoff" in asked.parts and asked.result("cutoff").shown is not None:
        said += f" p after the search {numbers.p_value(asked.result('cutoff').shown[1])}."
    return said


def _flow(asked: Asked) -> str:
    cohort = asked.cohort
    left = [f"{reason} {abs(n)}" for reason, n in tables.ledger(cohort) if n < 0]
    out = f" Left out: {'; '.join(left)}." if left else " Nobody was left out."
    groups = [
        f"{label} {numbers.count(level.n)} ({counted(level.events, 'event')})"
        for label, level in zip(cohort.groups.screen_labels, cohort.groups.levels, strict=True)
    ]
    each = f" Groups: {'; '.join(groups)}." if len(groups) > 1 else ""
    rows = counted(cohort.included.n_rows, "row")
    return f"{rows} in the table.{out} In: {_size_of(asked)}.{each}"


def _size_of(asked: Asked) -> str:
    return f"{words.counted(asked.cohort)}, {counted(asked.cohort.n_events, 'event')}"


def _described(asked: Asked) -> str:
    return "See the table of characteristics." if "table_one" in asked.parts else ""


def _associated(asked: Asked) -> str:
    compared = "table_one" in asked.parts and len(asked.cohort.groups.levels) > 1
    return "See the table of characteristics by group." if compared else ""


def _univariable(asked: Asked) -> str:
    if "km" not in asked.parts:
        return ""
    return words.finding(asked.cohort, asked.result("km"))


def _multivariable(asked: Asked) -> str:
    if "cox" not in asked.parts or not asked.result("cox").multivariable:
        return ""
    return f"{words.model(asked.cohort, asked.result('cox'))} See the table of the Cox regression."


def _adjusted(asked: Asked) -> str:
    if "cox" not in asked.parts:
        return ""
    result, by = asked.result("cox"), asked.cohort.groups.by
    known = asked.cohort.dataset.variables
    rows = [r for r in result.multivariable if by and parse(r.term, known).column == by]
    if not rows or len({r.term for r in result.multivariable}) < 2:
        return ""
    each = [
        f"{words.row_label(r, result.titles)} "
        f"{numbers.ratio(r.hazard_ratio, r.conf_low, r.conf_high)}"
        for r in rows
    ]
    return f"Hazard ratio beside the other terms: {'; '.join(each)}."


def _checked(asked: Asked) -> str:
    said = []
    if "cox" in asked.parts and asked.result("cox").proportional_hazards:
        said.append(f"Proportional hazards: {words.proportional(asked.result('cox'))}")
    done = [name for part, name in CHECKS.items() if part in asked.parts]
    if done:
        said.append(f"Also in this report: {', '.join(done)}.")
    return " ".join(said)


CHECKS = {
    "residuals": "residuals",
    "influence": "influence of single patients",
    "stability": "bootstrap and cross-validation of the cutoff",
    "measurement": "measurement error",
    "robustness": "single patients and centres left out",
    "continuous": "the marker without a cutoff",
    "prediction": "calibration and concordance",
    "imputed": "imputed missing values",
    "alternatives": "other definitions of the marker",
    "bone": "with and without bone lesions",
    "subgroups": "subgroups",
    "comparisons": "other tests",
}
"""Parts that are checks, by what they check."""
FILLED: dict[int, Callable[[Asked], str]] = {
    1: _marker, 2: _patients, 6: _followed, 7: _endpoint, 9: _size, 10: _statistics, 11: _cutoff,
    12: _flow, 13: _described, 14: _associated, 15: _univariable, 16: _multivariable,
    17: _adjusted, 18: _checked,
}  # fmt: skip
"""Items that the analysis can say something on."""
