"""The methods text: what was done, in the sentences of a paper, with the choices in force.

The sentence of a method stands in its module as ``METHODS``; here they are put in order and the
choices of the question are filled in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from core import exploration, published, response, response_model, table_one
from core.cohort import Cohort
from core.exploration import Counts
from core.lesions.recist import best as best_response
from core.lesions.recist import models as progression
from core.lesions.recist import response as recist
from core.methods_of_curves import at, curves, limits, named_test, stratified, tau
from core.methods_of_patients import patients, terms, title
from core.prediction import L1_RATIO
from core.prediction import METHODS as PENALISED
from core.spec import AnalysisSpec
from core.survival import (
    calibration,
    comparisons,
    concordance,
    conditional,
    differences,
    discrimination,
    extras,
    firth,
    hazard,
    imputation,
    inclusion_frequency,
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
from core.survival.cutoff import best, measurement
from core.survival.lesions import alternatives, bone, ranks
from core.survival.parametric import models
from core.survival.progression import modes
from core.versions import versions

PROGRESSION = (recist.METHODS, best_response.METHODS, progression.METHODS, modes.METHODS)
"""What was done from the sizes of lesions to the comparison of the modes of progression."""
Say = Callable[[Cohort, AnalysisSpec], list[str]]

CORRECTED = {
    "lau92": "Lausen and Schumacher 1992",
    "lau94": "Lausen, Sauerbrei and Schumacher 1994",
    "hl": "Hothorn and Lausen",
    "permutation": "permutation of the whole search",
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
    said = patients(cohort, spec)
    for name, say in SAYS.items():
        if name in asked:
            said += say(cohort, spec)
    if asked & published.CHANCE:
        said.append(
            f"Random numbers were drawn with the seed {1 if spec.seed is None else spec.seed:g}."
        )
    looked = exploration.sentence(Counts.parse(spec.explored), "Looked at before this result")
    return tuple(dict.fromkeys(filter(None, (*said, looked, _software()))))


def _software() -> str:
    """What computed the results."""
    own, python, *libraries = versions()
    named = ", ".join(f"{name} {version}" for name, version in libraries)
    return f"Analyses were made with {' '.join(own)} ({' '.join(python)}; {named})."


def _cox(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    agreed = conventions(spec)
    ties = {"efron": "Efron's", "breslow": "Breslow's"}[agreed.ties]
    said = [
        f"Hazard ratios with {100 * agreed.conf_level:g} % limits came from Cox "
        f"models{stratified(cohort, spec)}, with {ties} handling of ties.",
        *terms(cohort, spec),
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
            said.append(text.format(title(cohort, column)))
    if extras.read(cohort, spec).robust:
        said.append(robust.METHODS)
    if any(":since(" in term for term in spec.terms):
        said.append(split.METHODS)
    return [*said, *_selected(spec), term_tests.METHODS, proportional.METHODS, concordance.METHODS]


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
    said = [differences.METHODS, f"Survival was given with {limits(spec)}."]
    said += at(cohort, spec) + tau(cohort, spec)
    if spec.given is not None:
        given = f"{spec.given:g} {cohort.show_unit}"
        said.append(f"{conditional.METHODS} The time s was {given}.")
    return said


def _hazard(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    if spec.bandwidth is None:
        return [hazard.METHODS]
    return [f"{hazard.METHODS} The bandwidth was {spec.bandwidth:g} {cohort.show_unit}."]


def _penalised(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    share = L1_RATIO if spec.l1_ratio is None else spec.l1_ratio
    return [f"{PENALISED} The share of the lasso in the penalty was {share:g}."]


def _imputed(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    number = imputation.IMPUTATIONS if spec.imputations is None else int(spec.imputations)
    return [f"{imputation.METHODS} {number} completed tables were made."]


def _comparisons(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    named = f"The test named beforehand was {named_test(spec)}{stratified(cohort, spec)}."
    drawn = f" Up to {spec.permutations:,.0f} permutations were drawn." if spec.permutations else ""
    return [comparisons.METHODS, f"{named}{drawn}"]


def _competing(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    given = f"Cumulative incidence was given with {limits(spec)}."
    return [competing.METHODS, given, *at(cohort, spec), *terms(cohort, spec)]


def _selection(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    draws = inclusion_frequency.DRAWS if spec.bootstraps is None else int(spec.bootstraps)
    return [*_selected(spec), f"{selection.METHODS} There were {draws:,} samples."]


def _prediction(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    said = [discrimination.METHODS, calibration.METHODS, *at(cohort, spec), *tau(cohort, spec)]
    if spec.bootstraps:
        said.append(f"{optimism.METHODS} There were {spec.bootstraps:,.0f} samples.")
    return said


def _subgroups(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    names = ", ".join(title(cohort, name) for name in spec.subgroups)
    return [f"{subgroups.METHODS} The variables were {names}."]


def _precision(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    power = 0.8 if spec.power is None else spec.power
    return [f"{precision.METHODS} The power was {100 * power:g} %."]


def _response(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    said = [response.METHODS]
    if spec.response is not None:
        values = ", ".join(spec.response_is)
        said.append(f"A response was {title(cohort, spec.response)}: {values}.")
    if spec.benefit_is:
        said.append(f"Clinical benefit was {', '.join(spec.benefit_is)}.")
    return said


def _logistic(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    how = "Limits and p-values of odds ratios were Wald's."
    if spec.estimator == "firth":
        how = "They were estimated by Firth's penalised likelihood, with profile limits."
    elif spec.limits == "profile":
        how = "Their limits were those of the profile likelihood."
    return [response_model.METHODS, *terms(cohort, spec), how]


def _searched(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    corrections = ", ".join(CORRECTED[name] for name in spec.correction or best.CORRECTIONS)
    said = [f"The p-value of the searched cutoff was corrected for the search: {corrections}."]
    if spec.permutations:
        said.append(f"There were {spec.permutations:,.0f} permutations.")
    if spec.bootstraps:
        said.append(f"There were {spec.bootstraps:,.0f} bootstrap samples.")
    return said


def _measurement(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    error = measurement.ERROR if spec.measurement_error is None else spec.measurement_error
    return [f"Values of the marker were redrawn with a measurement error of {100 * error:g} %."]


def _robustness(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    said = ["The comparison was repeated without single patients"]
    if spec.centre is None:
        return [f"{said[0]}."]
    return [f"{said[0]} and without one {title(cohort, spec.centre)} after another."]


def _table_one(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    tests = {"t": "Student's t test", "welch": "Welch's t test"}
    spread = "quartiles" if spec.spread == "quartiles" else "range"
    test = tests.get(spec.mean_test or "", "the Mann-Whitney test")
    names = ", ".join(title(cohort, name) for name in spec.characteristics)
    return [
        table_one.METHODS,
        *([f"The characteristics were {names}."] if names else []),
        f"Medians were given with their {spread}; numbers were compared by {test} (by its relative "
        "for several groups where there were more than two).",
    ]


SAYS: dict[str, Say] = {
    "table_one": _table_one,
    "cohort": _always(observation.METHODS),
    "observation": _always(observation.METHODS),
    "km": curves,
    "differences": _differences,
    "comparisons": _comparisons,
    "cutoff": _searched,
    "stability": _searched,
    "pair": _searched,
    "grid": _searched,
    "measurement": _measurement,
    "robustness": _robustness,
    "precision": _precision,
    "hazard": _hazard,
    "parametric": _always(models.METHODS),
    "competing": _competing,
    "cox": _cox,
    "selection": _selection,
    "missing": _always(missing.METHODS),
    "imputed": _imputed,
    "residuals": _always(residuals.METHODS),
    "influence": _always(influence.METHODS),
    "prediction": _prediction,
    "penalised": _penalised,
    "subgroups": _subgroups,
    "alternatives": _always(alternatives.METHODS),
    "bone": _always(bone.METHODS),
    "ranks": _always(ranks.METHODS),
    "modes": _always(*PROGRESSION),
    "response": _response,
    "logistic": _logistic,
}
"""Parts in the order of a paper."""
