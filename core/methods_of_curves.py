"""The methods text on curves and their comparison."""

from __future__ import annotations

from core.cohort import Cohort
from core.methods_of_patients import title
from core.spec import AnalysisSpec
from core.survival.conventions import conventions

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


def curves(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    """How the curves were estimated and the groups compared.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec

    Returns
    -------
    list of str
        Sentences.
    """
    agreed = conventions(spec)
    said = [f"Survival was estimated by Kaplan-Meier with {limits(spec)}."]
    if agreed.median_ci == "spss":
        said.append("Limits of medians were from the density at the median, as in SPSS.")
    else:
        said.append("Limits of medians were where the limits of the curve cross one half.")
    said += at(cohort, spec) + tau(cohort, spec)
    if len(cohort.groups.levels) < 2:
        return said
    ties = {"efron": "Efron's", "breslow": "Breslow's"}[agreed.ties]
    said.append(
        f"Groups were compared by {named_test(spec)}{stratified(cohort, spec)}, and by hazard "
        f"ratios from Cox models with {ties} handling of ties."
    )
    adjusted = spec.adjust_pairwise or "holm"
    if len(cohort.groups.levels) > 2 and adjusted != "none":
        said.append(f"P-values of pairs of groups were adjusted {ADJUSTED[adjusted]}.")
    elif len(cohort.groups.levels) > 2:
        said.append("P-values of pairs of groups were not adjusted for their number.")
    return said


def at(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    """Times that were chosen."""
    if not spec.at:
        return []
    return [f"Times of interest were {', '.join(spec.at)} {cohort.show_unit}."]


def tau(cohort: Cohort, spec: AnalysisSpec) -> list[str]:
    """The horizon that was chosen."""
    if spec.tau is None:
        return []
    return [f"The horizon was {spec.tau:g} {cohort.show_unit}."]


def limits(spec: AnalysisSpec) -> str:
    """Level and scale of the limits of a curve."""
    agreed = conventions(spec)
    return f"{100 * agreed.conf_level:g} % limits on the {SCALES[agreed.conf_type]} scale"


def named_test(spec: AnalysisSpec) -> str:
    """The test that the question names."""
    name = spec.test or "logrank"
    if name == "gehan" and spec.profile == "spss":
        return "the Breslow test (Gehan's weights), as in SPSS"
    return TESTS.get(name, f"the Fleming-Harrington test {name[2:].replace(';', ', ')}")


def stratified(cohort: Cohort, spec: AnalysisSpec) -> str:
    """What a test or a model was stratified by, with its comma; nothing without strata."""
    if not spec.strata:
        return ""
    return f", stratified by {', '.join(title(cohort, name) for name in spec.strata)}"
