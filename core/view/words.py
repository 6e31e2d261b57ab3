"""Sentences about findings, and nothing else says them."""

from __future__ import annotations

import re

from core.cohort import Cohort
from core.exploration import Counts
from core.groups import Groups
from core.locking import was_locked
from core.notes import counted as number_of
from core.spec import AnalysisSpec
from core.survival.cox import CoxResult
from core.survival.km import KMResult
from core.survival.results import Row
from core.view import numbers
from core.view.report import UNCHANGED, summary

ORIGINS = {
    "typed": "This cutoff was set by hand while looking at the data. If it was moved until the "
    "curves parted, the p-value is too small.",
    "median": "The cutoff is the median of these patients: it was not chosen for its result.",
    "tertiles": "The cutoffs are the tertiles of these patients: not chosen for their result.",
    "quartiles": "The cutoffs are the quartiles of these patients: not chosen for their result.",
    "quantile": "The cutoff is a quantile set by hand. If it was moved until the curves parted, "
    "the p-value is too small.",
    "best": "This cutoff was searched for, to make the curves part: the p-value shown is too "
    "small. Judge it by the corrected one.",
}
TESTS = {
    "logrank": "log-rank",
    "gehan": "Gehan-Breslow",
    "tarone-ware": "Tarone-Ware",
    "peto": "Peto-Peto",
    "maxcombo": "MaxCombo",
}
COMPLETE = (
    "The table is that of the patients who have all terms. The results with missing values imputed "
    "stand below, under Missing values."
)
"""What the Cox table does not show where imputation is asked for."""
SPECIAL = re.compile(r"[^A-Za-z0-9]+")

SYNTHETIC = (
    "Synthetic data, calibrated to the summary statistics that a study printed. These are not its "
    "patients, and nothing here confirms its findings."
)


PROFILE_NAMES = {"r": "R", "spss": "SPSS"}
"""The sets of conventions, as they are called on the screen and in every export."""


def profile_name(spec: AnalysisSpec) -> str:
    """Name of the conventions in force: ``R`` or ``SPSS``."""
    return PROFILE_NAMES[spec.profile or "r"]


def name_of_test(name: str, spec: AnalysisSpec | None = None) -> str:
    """Name of a test as prose has it; SPSS calls Gehan's test Breslow's."""
    if name == "gehan" and spec is not None and spec.profile == "spss":
        return "Breslow (Gehan)"
    return TESTS.get(name, f"Fleming-Harrington {name[2:]}" if name.startswith("fh") else name)


def question(cohort: Cohort) -> str:
    """What the page asks: ``Recurrence-free survival by Progesterone receptor``."""
    groups = cohort.groups
    second = f" and {groups.second.title}" if groups.second else ""
    by = f" by {groups.title}{second}" if groups.by else ""
    return f"{endpoint_label(cohort)}{by}"


def endpoint_label(cohort: Cohort) -> str:
    """Name of the endpoint: the dictionary's, else made from the time column."""
    spec = cohort.spec
    for endpoint in cohort.dataset.endpoints:
        same = (endpoint.time, endpoint.event) == (spec.time, spec.event)
        if same and set(endpoint.where) <= set(spec.where):
            return endpoint.label
    if spec.time is None:
        return f"Time from {spec.start} to {spec.end}"
    return f"Survival ({cohort.dataset.variables[spec.time].title})"


def counted(cohort: Cohort) -> str:
    """How many there are: patients, and intervals where each patient has several."""
    patients = f"{numbers.count(cohort.included.n_patients)} patients"
    if cohort.included.n_patients == cohort.n:
        return patients
    return f"{patients} in {numbers.count(cohort.n)} intervals"


def finding(cohort: Cohort, result: KMResult) -> str:
    """The finding of the curves page in a sentence or two."""
    whole = f"{counted(cohort)}, {numbers.count(cohort.n_events)} events."
    labels, unit = cohort.groups.screen_labels, cohort.show_unit
    medians = [
        numbers.time_with_limits(g.median, g.conf_low, g.conf_high, unit) for g in result.groups
    ]
    if len(labels) < 2:
        return f"{whole} Median {medians[0]} {unit}."
    test = f"{name_of_test(result.test.name, cohort.spec)} p {numbers.p_value(result.test.p_value)}"
    if cohort.groups.origin == "best":
        test = "the cutoff was searched for, so only a corrected p-value counts"
    if len(labels) > 2:
        return f"{whole} {len(labels)} groups: {test}."
    row = result.hazard_ratio[0]
    ratio = numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high)
    return (
        f"{whole} {labels[1]}: median {medians[1]} {unit} against {medians[0]}; "
        f"{test}, hazard ratio {ratio}."
    )


def origin(groups: Groups, spec: AnalysisSpec | None = None) -> str:
    """Where the cutoff comes from, and what that does to the p-value.

    With the spec, a cutoff that was chosen with the outcome hidden is told from one that was set
    while looking at it.
    """
    if spec is None or not was_locked(groups, spec):
        return ORIGINS.get(groups.origin or "", "")
    earlier = Counts.parse(spec.explored).earlier
    if not earlier:
        return (
            "This cutoff was chosen with the outcome hidden: it was not chosen for its result, "
            "and the p-value needs no correction for a search."
        )
    analyses = "1 earlier analysis" if earlier == 1 else f"{earlier:,} earlier analyses"
    return (
        f"This cutoff was chosen with the outcome hidden, but after {analyses} of these data: if "
        "what was seen there guided it, the p-value is too small."
    )


def earlier_looks(analyses: int) -> str:
    """What the lock cannot undo; empty where nothing was seen before."""
    if not analyses:
        return ""
    seen = "1 analysis" if analyses == 1 else f"{analyses:,} analyses"
    return f"Looked at before it was locked: {seen} of these data. That stays counted."


def threshold(groups: Groups) -> str:
    """The cutoffs as numbers."""
    return ", ".join(f"{t:.6g}" for t in groups.thresholds)


def row_label(row: Row, titles: dict[str, str]) -> str:
    """Name of a row of the Cox table: ``Tumour grade: II (vs I)``, ``SUVmax >= 6.1 (vs < 6.1)``."""
    title = titles.get(row.term, row.term)
    if row.level is None:
        return title
    joint = " " if row.level[0] in "<>" else ": "
    versus = f" (vs {row.reference})" if row.reference else ""
    return f"{title}{joint}{row.level}{versus}"


def model(cohort: Cohort, result: CoxResult) -> str:
    """The multivariable model in a sentence; with changing terms a patient has several rows."""
    if result.lr_test is None:
        return "There is no model: no events, or no term that varies."
    c = (
        ""
        if result.concordance is None
        else f" Concordance {numbers.fixed(result.concordance, 3)}."
    )
    split = max(result.n, cohort.n) > cohort.included.n_patients
    rows = "intervals of follow-up" if split else "patients"
    return (
        f"{numbers.count(result.n)} {rows}, {numbers.count(result.events)} events, "
        f"{number_of(result.parameters, 'parameter')}. Likelihood-ratio test of the whole "
        "model: "
        f"{numbers.fixed(result.lr_test.statistic or 0, 2)} on {result.lr_test.df} df, "
        f"p {numbers.p_value(result.lr_test.p_value)}.{c}"
    )


def proportional(result: CoxResult) -> str:
    """What the test of proportional hazards says, without promising what it cannot."""
    small = [
        result.titles[t.term]
        for t in result.proportional_hazards
        if t.term in result.titles and t.p_value is not None and t.p_value < 0.05
    ]
    whole = result.proportional_hazards[-1].p_value
    if whole is None:
        return "The test could not be computed for this model."
    text = f"Test of all terms together: p {numbers.p_value(whole)}."
    if small:
        return (
            f"{text} The effect seems to change over time for: {', '.join(small)}. One hazard "
            "ratio for the whole follow-up then is an average that may hold at no time."
        )
    return f"{text} No sign that an effect changes over time; a small study may miss one."


def provenance(cohort: Cohort) -> str:
    """Footnote of every figure: which data, whether they are real, what import changed."""
    kind = "SYNTHETIC DATA. " if cohort.dataset.synthetic else ""
    said = summary(cohort.dataset)
    changed = "" if said == UNCHANGED else f" (on import: {said})"
    named = cohort.dataset.title or cohort.dataset.name
    return f"{kind}{named}{changed}. Conventions of {profile_name(cohort.spec)}."


def first_sentence(text: str) -> str:
    """The first sentence of a text."""
    return text.split(". ")[0].rstrip(".") + "." if text else ""


def file_name(cohort: Cohort, what: str, ending: str) -> str:
    """Name a download after what it shows, in characters that every file system has.

    Only names of columns and cutoffs enter, never a value of a patient.
    """
    groups = cohort.groups
    cut = (
        [groups.rule if groups.rule != "value" else threshold(groups)] if groups.thresholds else []
    )
    parts = [
        "stratiscope",
        cohort.dataset.name,
        "synthetic" if cohort.dataset.synthetic else "",
        what,
        endpoint_label(cohort),
        groups.by or "",
        *cut,
        profile_name(cohort.spec),
    ]
    clean = [SPECIAL.sub("-", part).strip("-").lower()[:40] for part in parts]
    return "_".join(part for part in clean if part) + f".{ending}"
