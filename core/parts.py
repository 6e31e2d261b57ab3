"""Every analysis in one table: what makes it, what it reads, and how it is published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core import prediction, published, response, response_model, table_one
from core.cohort import Cohort
from core.progress import Progress, quiet
from core.spec import AnalysisSpec
from core.survival import (
    comparisons,
    cox,
    differences,
    discrimination,
    hazard,
    imputation,
    influence,
    km,
    missing,
    observation,
    precision,
    residuals,
    subgroups,
)
from core.survival.competing.competing import competing
from core.survival.cutoff import (
    best,
    continuous,
    grid,
    measurement,
    pair,
    preview,
    robustness,
    scan,
    stability,
)
from core.survival.inclusion_frequency import select_terms
from core.survival.lesions import alternatives, bone, ranks
from core.survival.parametric.models import parametric
from core.survival.progression.modes import modes

WHO = (
    "time", "unit", "start", "end", "event", "event_is", "competing", "entry", "origin", "id",
    "one_row", "zero", "negative", "where", "group_by", "second_by", "landmark", "show_unit",
)  # fmt: skip
"""Fields that decide who is in."""
CUT = (
    "cut_rule", "cut_value", "cut_side", "min_fraction", "min_events", "second_cut", "combine",
    "profile",
)  # fmt: skip
"""Fields that divide them."""
FITTED = ("terms", "strata", "ties", "profile", "weights", "cluster", "offset")
"""Fields that say what a Cox model is fitted to."""
MODEL = (*FITTED, "estimator", "select", "conf_level")
"""Fields that say which Cox model it is."""
SEARCHED = ("cut_side", "min_fraction", "min_events")
"""Fields that say which cutoffs are tried."""


@dataclass(frozen=True)
class Part:
    """One analysis.

    Attributes
    ----------
    run : callable
        Makes the result from a cohort and a spec.
    publish : callable
        Turns the cohort and the result into entries of the published answer.
    reads : tuple of str
        Fields of the spec that it reads beyond those that decide who is in.
    by_default : callable
        Whether it belongs to the answer when the spec does not name the parts.
    cut : bool
        Whether it reads where the groups are cut.
    long : bool
        Whether it may take long, and `run` takes a ``progress``.
    blind : bool
        Whether it says nothing of the outcome, and may be seen while that is locked.
    """

    run: Callable[..., Any]
    publish: Callable[[Cohort, Any], dict[str, Any]]
    reads: tuple[str, ...]
    by_default: Callable[[AnalysisSpec], bool] = lambda spec: True
    cut: bool = True
    long: bool = False
    blind: bool = False

    def make(self, cohort: Cohort, spec: AnalysisSpec, progress: Progress = quiet) -> Any:
        """Run the analysis."""
        if self.long:
            return self.run(cohort, spec, progress=progress)
        return self.run(cohort, spec)

    def fields(self, spec: AnalysisSpec) -> tuple[str, ...]:
        """The fields read for this spec: a cutoff matters only where something is cut by it."""
        cut_is_read = self.cut and (
            "terms" not in self.reads or any(":cut" in t for t in spec.terms)
        )
        return (*WHO, *self.reads, *(CUT if cut_is_read else ()))


PARTS: dict[str, Part] = {
    "cohort": Part(
        lambda cohort, spec: km.follow_up(cohort, spec),
        published.cohort,
        ("profile", "conf_level", "conf_type"),
    ),
    "km": Part(
        km.estimate,
        lambda cohort, result: {"km": published.km(result)},
        ("strata", "ties", "estimator", "profile", "conf_level", "conf_type", "median_ci", "at",
         "tau", "test", "adjust_pairwise"),
    ),
    "cox": Part(
        cox.model,
        lambda cohort, result: {"cox": published.cox(result)},
        (*MODEL, "limits"),
    ),
    "cutoff": Part(
        best.searched,
        lambda cohort, result: {"cutoff": published.cutoff(result)},
        (*SEARCHED, "correction", "strata", "permutations", "bootstraps", "seed", "ties", "profile",
         "conf_level"),
        lambda spec: spec.cut_rule == "best" and spec.group_by is not None,
        cut=False,
        long=True,
    ),
    "scan": Part(
        scan.scan,
        published.plainly("scan"),
        (*SEARCHED, "strata", "ties", "profile", "conf_level"),
        lambda spec: False,
        cut=False,
        long=True,
    ),
    "continuous": Part(
        continuous.continuous,
        published.plainly("continuous"),
        ("strata", "ties", "profile", "conf_level"),
        lambda spec: False,
        long=True,
    ),
    "stability": Part(
        stability.stability,
        published.plainly("stability"),
        (*SEARCHED, "permutations", "bootstraps", "seed", "ties", "profile", "conf_level"),
        lambda spec: False,
        cut=False,
        long=True,
    ),
    "measurement": Part(
        measurement.measurement,
        published.plainly("measurement"),
        ("measurement_error", "seed", "ties", "profile", "conf_level", "strata"),
        lambda spec: False,
        long=True,
    ),
    "robustness": Part(
        robustness.robustness,
        published.plainly("robustness"),
        ("centre", "strata", "ties", "profile", "conf_level"),
        lambda spec: False,
        long=True,
    ),
    "pair": Part(
        pair.pair,
        published.plainly("pair"),
        (*SEARCHED, "strata", "permutations", "seed", "ties", "profile", "conf_level"),
        lambda spec: spec.cut_rule == "best-pair" and spec.group_by is not None,
        cut=False,
        long=True,
    ),
    "grid": Part(
        grid.grid,
        published.plainly("grid"),
        (*SEARCHED, "combine", "strata", "permutations", "seed", "ties", "profile", "conf_level"),
        lambda spec: False,
        cut=False,
        long=True,
    ),
    "differences": Part(
        differences.differences,
        published.plainly("differences"),
        ("strata", "conf_level", "conf_type", "at", "tau", "given"),
        lambda spec: False,
    ),
    "observation": Part(
        observation.observation,
        published.plainly("observation"),
        ("conf_level", "conf_type", "at", "profile"),
        lambda spec: False,
    ),
    "comparisons": Part(
        comparisons.comparisons,
        published.plainly("comparisons"),
        ("strata", "test", "permutations", "seed"),
        lambda spec: False,
        long=True,
    ),
    "precision": Part(
        precision.precision,
        published.plainly("precision"),
        ("strata", "power", "conf_level"),
        lambda spec: False,
    ),
    "competing": Part(
        competing,
        published.plainly("competing"),
        (*CUT, *FITTED, "at", "estimator", "conf_level", "conf_type"),
        lambda spec: False,
    ),
    "hazard": Part(
        hazard.hazard,
        published.plainly("hazard"),
        ("bandwidth", "conf_level"),
        lambda spec: False,
    ),
    "parametric": Part(
        parametric,
        published.plainly("parametric"),
        ("at", "strata", "conf_level"),
        lambda spec: False,
    ),
    "residuals": Part(
        residuals.residuals, published.plainly("residuals"), MODEL, lambda spec: False
    ),
    "influence": Part(
        influence.influence,
        published.plainly("influence"),
        (*FITTED, "estimator", "select"),
        lambda spec: False,
        long=True,
    ),
    "prediction": Part(
        discrimination.prediction,
        published.plainly("prediction"),
        (*MODEL, "at", "tau", "bootstraps", "seed", "conf_type"),
        lambda spec: False,
        long=True,
    ),
    "penalised": Part(
        prediction.penalised,
        published.plainly("penalised"),
        ("terms", "l1_ratio", "seed", "strata", "weights", "offset"),
        lambda spec: False,
        long=True,
    ),
    "selection": Part(
        select_terms,
        published.plainly("selection"),
        (*FITTED, "estimator", "select", "bootstraps", "seed"),
        lambda spec: False,
        long=True,
    ),
    "missing": Part(
        missing.missing,
        published.plainly("missing"),
        (*FITTED, "conf_level"),
        lambda spec: False,
    ),
    "imputed": Part(
        imputation.imputed,
        published.plainly("imputed"),
        (*MODEL, "limits", "missing", "imputations", "seed"),
        lambda spec: spec.missing == "impute",
        long=True,
    ),
    "subgroups": Part(
        subgroups.subgroups,
        published.subgroups,
        ("subgroups", "strata", "ties", "estimator", "weights", "offset", "cluster", "limits",
         "profile", "conf_level", "median_ci"),
        lambda spec: bool(spec.subgroups),
        long=True,
    ),
    "response": Part(
        response.response,
        published.plainly("response"),
        ("response", "response_is", "benefit_is", "conf_level", "seed"),
        lambda spec: spec.response is not None,
    ),
    "logistic": Part(
        response_model.model,
        published.plainly("logistic"),
        ("response", "response_is", "terms", "estimator", "limits", "conf_level",
         "weights", "offset", "cluster"),
        lambda spec: spec.response is not None,
        long=True,
    ),
    "table_one": Part(
        table_one.table_one,
        published.plainly("table_one"),
        ("characteristics", "mean_test", "response", "seed", "profile"),
        lambda spec: False,
        blind=True,
    ),
    "alternatives": Part(
        alternatives.alternatives,
        published.plainly("alternatives"),
        ("strata", "ties", "estimator", "test", "profile", "conf_level"),
        lambda spec: False,
        long=True,
    ),
    "bone": Part(
        bone.bone,
        published.plainly("bone"),
        ("strata", "ties", "estimator", "test", "profile", "conf_level", "conf_type", "median_ci"),
        lambda spec: False,
        long=True,
    ),
    "ranks": Part(
        ranks.ranks,
        published.plainly("ranks"),
        ("conf_level",),
        lambda spec: False,
        cut=False,
    ),
    "modes": Part(
        modes,
        published.plainly("modes"),
        ("pd_model", "strata", "ties", "estimator", "profile", "conf_level", "conf_type",
         "median_ci"),
        lambda spec: False,
        cut=False,
    ),
    "preview": Part(
        preview.preview, published.plainly("preview"), SEARCHED[1:], lambda spec: False, cut=False
    ),
}  # fmt: skip
