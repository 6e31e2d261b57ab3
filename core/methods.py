"""The methods text: what was done, in the sentences of a paper, with the choices in force.

The sentence of a method stands in its module as ``METHODS``; here they are put in order and the
choices of the question are filled in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from core import known, origin, response, response_model, table_one
from core.cohort import Cohort
from core.prediction import L1_RATIO
from core.prediction import METHODS as PENALISED
from core.spec import AnalysisSpec, shortest
from core.survival import (
    calibration,
    comparisons,
    concordance,
    conditional,
    differences,
    discrimination,
    firth,
    hazard,
    imputation,
    influence,
    missing,
    observation,
    optimism,
    precision,
    profile,
    proportional,
    residuals,
    robust,
    selection,
    split,
    subgroups,
    term_tests,
)
from core.survival.competing import competing
from core.survival.conventions import conventions
from core.survival.parametric import models

Say = Callable[[Cohort, AnalysisSpec], list[str]]

SCALES = {"log-log": "log(-log)", "log": "log", "plain": "plain", "arcsin": "arcsine-square-root"}
TESTS = {
    "logrank": "the log-rank test",
    "gehan": "the Gehan-Breslow test",
    "tarone-ware": "the Tarone-Ware test",
    "peto": "the Peto-Peto test",
    "maxcombo": "the MaxCombo test",
}
ADJUSTED = {
    "holm": "by Holm's method",
    "bonferroni": "by Bonferroni's method",
    "bh": "by the method of Benjamini and Hochberg",
}
ORIGINS = {
    "typed": "at a value set by hand",
    "median": "at the median of these patients",
    "tertiles": "at the tertiles of these patients",
    "quartiles": "at the quartiles of these patients",
    "quantile": "at a quantile of these patients",
    "best": "where the log-rank statistic is largest, a cutoff that was searched for",
}
RULES = {
    "forward": "forward selection (entry below p = {0}, removal above p = {1})",
    "backward": "backward elimination (removal above p = {0})",
    "aic": "stepwise selection by Akaike's criterion",
    "bic": "stepwise selection by the Bayesian criterion",
    "best": "comparison of all subsets by the {0} criterion",
}


def sentences(cohort: Cohort, spec: AnalysisSpec, parts: Iterable[str]) -> tuple[str, ...]:
    """The methods text of these parts.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
    parts : iterable of str
        Names in `core.parts.PARTS`; they are put in the order of a paper.

    Returns
    -------
    tuple of str
        Sentences; none is said twice.
    """
    asked = set(parts)
    said = _patients(cohort, spec)
    for name, say in SAYS.items():
        if name in asked:
            said += say(cohort, spec)
    return tuple(dict.fromkeys(said))


def _title(cohort: Cohort, column: str) -> str:
    variable = cohort.dataset.variables.get(column)
    return column if variable is None else variable.title


def _patients(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    """Who was followed from when, and how they were grouped."""
    said = []
    if spec.origin is not None:
        said.append(f"{origin.METHODS} The origin was {_title(cohort, spec.origin)}.")
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
    groups = cohort.groups
    if groups.thresholds:
        cut = ", ".join(shortest(t) for t in groups.thresholds)
        how = ORIGINS.get(groups.origin or "", "")
        high = "at or above it" if groups.side == "ge" else "above it"
        said.append(f"{groups.title} was cut at {cut}, {how}; values {high} were high.")
    return said


def _curves(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    agreed = conventions(spec)
    said = [
        f"Survival was estimated by Kaplan-Meier with {100 * agreed.conf_level:g} % limits on the "
        f"{SCALES[agreed.conf_type]} scale."
    ]
    if agreed.median_ci == "spss":
        said.append("Limits of medians were from the density at the median, as in SPSS.")
    else:
        said.append("Limits of medians were where the limits of the curve cross one half.")
    if len(cohort.groups.levels) < 2:
        return said
    ties = {"efron": "Efron's", "breslow": "Breslow's"}[agreed.ties]
    said.append(
        f"Groups were compared by {_test(spec)}{_stratified(cohort, spec)}, and by hazard ratios "
        f"from Cox models with {ties} handling of ties."
    )
    adjusted = spec.adjust_pairwise or "holm"
    if len(cohort.groups.levels) > 2 and adjusted != "none":
        said.append(f"P-values of pairs of groups were adjusted {ADJUSTED[adjusted]}.")
    elif len(cohort.groups.levels) > 2:
        said.append("P-values of pairs of groups were not adjusted for their number.")
    return said


def _test(spec: AnalysisSpec) -> str:
    name = spec.test or "logrank"
    return TESTS.get(name, f"the Fleming-Harrington test {name[2:].replace(';', ', ')}")


def _stratified(cohort: Cohort, spec: AnalysisSpec) -> str:
    if not spec.strata:
        return ""
    return f", stratified by {', '.join(_title(cohort, name) for name in spec.strata)}"


def _cox(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    ties = {"efron": "Efron's", "breslow": "Breslow's"}[conventions(spec).ties]
    said = [
        f"Hazard ratios of the terms came from Cox models{_stratified(cohort, spec)} with {ties} "
        "handling of ties."
    ]
    if spec.estimator == "firth":
        said.append(firth.METHODS)
    elif spec.limits == "profile":
        said.append(profile.METHODS)
    else:
        said.append("Limits and p-values of coefficients were Wald's.")
    for field, text in (
        ("weights", "Patients were weighted by {0}."),
        ("offset", "{0} entered as an offset."),
        ("cluster", "Rows with the same {0} were taken as one cluster."),
    ):
        column = getattr(spec, field)
        if column is not None:
            said.append(text.format(_title(cohort, column)))
    if spec.weights is not None or spec.cluster is not None:
        said.append(robust.METHODS)
    if any(":since(" in term for term in spec.terms):
        said.append(split.METHODS)
    return [*said, *_selected(spec), proportional.METHODS, concordance.METHODS]


def _selected(spec: AnalysisSpec) -> list[str]:
    """The rule of the selection in words."""
    if spec.select in (None, "none"):
        return []
    kind, *rest = (spec.select or "").split(":")
    numbers = [r for r in rest if re.fullmatch(r"[\d.]+", r)] or [r.upper() for r in rest]
    by = " by likelihood-ratio tests" if "lr" in rest else ""
    words = RULES[kind].format(*numbers, "", "")
    return [f"Terms were chosen by {words}{by}; p-values after a selection are too small."]


def _always(*said: str) -> Say:
    return lambda cohort, spec: list(said)


def _differences(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    said = [differences.METHODS]
    if spec.tau is not None:
        said.append(f"The horizon of restricted means was {spec.tau:g} {cohort.show_unit}.")
    if spec.given is not None:
        at = f"{spec.given:g} {cohort.show_unit}"
        said.append(f"{conditional.METHODS} The time s was {at}.")
    return said


def _hazard(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    if spec.bandwidth is None:
        return [hazard.METHODS]
    return [f"{hazard.METHODS} The bandwidth was {spec.bandwidth:g} {cohort.show_unit}."]


def _penalised(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    share = L1_RATIO if spec.l1_ratio is None else spec.l1_ratio
    return [f"{PENALISED} The share of the lasso in the penalty was {share:g}."]


def _missing(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    return [imputation.METHODS if spec.missing == "impute" else missing.METHODS]


def _precision(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    power = 0.8 if spec.power is None else spec.power
    return [f"{precision.METHODS} The power was {100 * power:g} %."]


def _response(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    said = [response.METHODS]
    if spec.response is not None:
        values = ", ".join(spec.response_is)
        said.append(f"A response was {_title(cohort, spec.response)}: {values}.")
    return said


def _table_one(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    tests = {"t": "Student's t test", "welch": "Welch's t test"}
    spread = "quartiles" if spec.spread == "quartiles" else "range"
    test = tests.get(spec.mean_test or "", "the Mann-Whitney test")
    return [
        table_one.METHODS,
        f"Medians were given with their {spread}; numbers were compared by {test} (by its relative "
        "for several groups where there were more than two).",
    ]


SAYS: dict[str, Say] = {
    "table_one": _table_one,
    "cohort": _always(observation.METHODS),
    "observation": _always(observation.METHODS),
    "km": _curves,
    "differences": _differences,
    "comparisons": _always(comparisons.METHODS),
    "precision": _precision,
    "hazard": _hazard,
    "parametric": _always(models.METHODS),
    "competing": _always(competing.METHODS),
    "cox": _cox,
    "term_tests": _always(term_tests.METHODS),
    "selection": _always(selection.METHODS),
    "missing": _missing,
    "residuals": _always(residuals.METHODS),
    "influence": _always(influence.METHODS),
    "prediction": _always(discrimination.METHODS, calibration.METHODS, optimism.METHODS),
    "penalised": _penalised,
    "subgroups": _always(subgroups.METHODS),
    "response": _response,
    "logistic": _always(response_model.METHODS),
}
"""Parts in the order of a paper."""
