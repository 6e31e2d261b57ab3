"""The published answer: results in the names of the public interface, ready for JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.dataset import Dataset
from core.exploration import Counts
from core.notes import Note
from core.prediction import L1_RATIO
from core.search import MIN_FRACTION
from core.spec import AnalysisSpec, quote_name, shortest
from core.survival.conventions import conventions
from core.survival.cox import CoxResult
from core.survival.cutoff.best import CORRECTIONS, CutoffResult
from core.survival.cutoff.measurement import ERROR
from core.survival.imputation import IMPUTATIONS
from core.survival.inclusion_frequency import DRAWS
from core.survival.km import FollowUp, KMResult, default_at
from core.survival.precision import POWER
from core.survival.results import Row, Test
from core.survival.subgroups import SubgroupsResult

SEARCHING = frozenset(("cutoff", "scan", "preview", "stability", "pair", "grid"))
"""Parts that try cutoffs."""
CHANCE = frozenset(
    ("cutoff", "stability", "pair", "grid", "measurement", "comparisons", "prediction", "penalised",
     "selection", "imputed", "response", "table_one")
)  # fmt: skip
"""Parts that draw random numbers."""
DEFAULTS: tuple[tuple[str, str, Any], ...] = (
    ("prediction", "bootstraps", 0.0),
    ("selection", "bootstraps", float(DRAWS)),
    ("penalised", "l1_ratio", L1_RATIO),
    ("imputed", "imputations", float(IMPUTATIONS)),
    ("precision", "power", POWER),
    ("table_one", "mean_test", "mann-whitney"),
)
"""Part, field that it alone has a default for, and the default."""


def canonical(cohort: Cohort, parts: tuple[str, ...]) -> AnalysisSpec:
    """The spec with every default and every guess written out: the same answer, reproducibly."""
    spec, groups = cohort.spec, cohort.groups
    agreed = conventions(spec)
    at = spec.at or tuple(
        shortest(t) for t in default_at(float(cohort.shown(cohort.time.max())), cohort.show_unit)
    )
    by_default = () if groups.by is None else (quote_name(groups.by),)
    return spec.but(
        data=cohort.dataset.reference,
        sheet=cohort.dataset.sheet or None,
        clean=cohort.dataset.steps,
        **_cut(cohort, parts),
        terms=spec.terms or by_default,
        ties=agreed.ties,
        estimator=spec.estimator or "cox",
        select=spec.select or "none",
        limits=spec.limits or ("profile" if spec.estimator == "firth" else "wald"),
        conf_level=agreed.conf_level,
        conf_type=agreed.conf_type,
        profile=spec.profile or "r",
        median_ci=agreed.median_ci,
        at=at,
        test=spec.test or "logrank",
        adjust_pairwise=spec.adjust_pairwise or "holm",
        parts=parts,
    )


def _cut(cohort: Cohort, parts: tuple[str, ...]) -> dict[str, Any]:
    """Where the groups are cut and what was searched, written out."""
    spec, groups = cohort.spec, cohort.groups
    cut: dict[str, Any] = {}
    if groups.by is not None:
        cut["cut_rule"] = groups.rule
        if groups.rule != "none":
            cut["cut_side"] = groups.side
        if groups.rule == "value":
            cut["cut_value"] = tuple(shortest(t) for t in groups.thresholds)
    if groups.second is not None:  # without second_cut it is the median, as with cut_rule=median
        cut["combine"] = groups.second.combine
    if groups.search is not None or groups.pair is not None or SEARCHING & set(parts):
        cut["min_fraction"] = MIN_FRACTION if spec.min_fraction is None else spec.min_fraction
        cut["min_events"] = spec.min_events or 0.0
    if groups.search is not None or "cutoff" in parts:
        cut["correction"] = spec.correction or CORRECTIONS
    return cut | _chance(spec, parts)


def _chance(spec: AnalysisSpec, parts: tuple[str, ...]) -> dict[str, Any]:
    """What is left to chance, written out for the parts that use it."""
    cut: dict[str, Any] = {}
    if CHANCE & set(parts):
        cut["seed"] = 1.0 if spec.seed is None else spec.seed
    if CHANCE & SEARCHING & set(parts):
        cut["permutations"] = spec.permutations or 0.0
    if {"cutoff", "stability"} & set(parts):
        cut["bootstraps"] = spec.bootstraps or 0.0
    if "measurement" in parts:
        cut["measurement_error"] = (
            ERROR if spec.measurement_error is None else spec.measurement_error
        )
    return cut | _of_parts(spec, parts)


def _of_parts(spec: AnalysisSpec, parts: tuple[str, ...]) -> dict[str, Any]:
    """Defaults of single parts, written out where these are asked for."""
    return {
        name: value if getattr(spec, name) is None else getattr(spec, name)
        for part, name, value in DEFAULTS
        if part in parts
    }


def cohort(found: Cohort, follow_up: FollowUp) -> dict[str, Any]:
    """Entries ``cohort`` and ``groups``; with a locked outcome nothing of it."""
    groups = found.groups
    locked = found.spec.outcome == "locked"
    levels = [dataclasses.asdict(level) for level in groups.levels]
    return {
        "cohort": {
            "n": found.n,
            "patients": found.included.n_patients,
            "events": None if locked else found.n_events,
            "unit": found.show_unit,
            "ledger": [
                {"reason": e.reason, "n": e.n, "rows": list(e.rows)} for e in found.included.ledger
            ],
            "follow_up": None if locked else dataclasses.asdict(follow_up),
        },
        "groups": {
            "by": groups.by,
            "rule": groups.rule,
            "thresholds": list(groups.thresholds),
            "side": groups.side,
            "origin": groups.origin,
            "second": None if groups.second is None else dataclasses.asdict(groups.second),
            "levels": [level | {"events": None} for level in levels] if locked else levels,
        },
    }


def exploration(spec: AnalysisSpec) -> dict[str, Any]:
    """Entry ``exploration``: what the query says was looked at, null where it says nothing.

    Raises
    ------
    SpecError
        If the query's counts cannot be read.
    """
    counts = dataclasses.asdict(Counts.parse(spec.explored)) if spec.explored else None
    return {"exploration": counts}


SECTIONS = ("read", "changed", "excluded", "suspect")
"""Parts of the import report."""


def data(dataset: Dataset) -> dict[str, Any]:
    """Entry ``data``: which table; ``synthetic`` is there where the patients are made up."""
    said = {"name": dataset.name, "digest": dataset.digest, "rows": len(dataset.frame)}
    return said | ({"synthetic": True} if dataset.synthetic else {})


def imported(dataset: Dataset) -> dict[str, Any]:
    """Entry ``import``: the import report, by its parts; lines are those of the file."""
    report: dict[str, Any] = {section: [] for section in SECTIONS}
    for note in dataset.notes:
        entry = {"about": note.about, "text": note.text, "n": note.n, "lines": list(note.lines)}
        report[note.section or "read"].append(entry)
    report["open"] = [
        {"about": q.about, "text": q.text, "answers": [list(c.steps) for c in q.choices]}
        for q in dataset.questions
    ]
    return report


def notes(found: Iterable[Note]) -> list[dict[str, str]]:
    """Entry ``notes``, each note once."""
    kept = dict.fromkeys((note.level, note.about, note.text) for note in found)
    return [{"level": level, "about": about, "text": text} for level, about, text in kept]


def km(result: KMResult) -> dict[str, Any]:
    """Entry ``km``."""
    groups = []
    for g, curve in enumerate(result.groups):
        at = result.at[result.at["group"] == g]
        names = ("time", "n_risk", "estimate", "conf_low", "conf_high")
        rows = zip(*(at[name].tolist() for name in names), strict=True)
        entry = _plainly(curve)
        entry["at"] = [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
        groups.append(entry)
    return {
        "groups": groups,
        "tau": result.tau,
        "test": _test(result.test),
        "hazard_ratio": [_row(row) for row in result.hazard_ratio],
        "pairwise": [dataclasses.asdict(pair) for pair in result.pairwise],
    }


def cox(result: CoxResult) -> dict[str, Any]:
    """Entry ``cox``."""
    return {
        "univariable": [_row(row) for row in result.univariable],
        "multivariable": [_row(row) for row in result.multivariable],
        "n": result.n,
        "events": result.events,
        "log_likelihood": result.log_likelihood,
        "lr_test": None if result.lr_test is None else _test(result.lr_test),
        "concordance": result.concordance,
        "proportional_hazards": [dataclasses.asdict(t) for t in result.proportional_hazards],
        "selection": [dataclasses.asdict(step) for step in result.selection],
        "wald_test": _plainly(result.wald_test),
        "score_test": _plainly(result.score_test),
        "robust_score_test": _plainly(result.robust_score_test),
        "terms": _plainly(result.terms),
        "separated": result.separated,
        "robust": result.robust,
    }


def cutoff(result: CutoffResult) -> dict[str, Any]:
    """Entry ``cutoff``."""
    return {
        "variable": result.variable,
        "candidates": result.candidates,
        "best": result.best,
        "statistic": result.statistic,
        "p_naive": result.p_naive,
        "p_corrected": dict(result.p_corrected),
        "bootstrap": None
        if result.bootstrap is None
        else {
            name: getattr(result.bootstrap, name)
            for name in ("conf_low", "conf_high", "hazard_ratio_corrected")
        },
    }


def subgroups(found: Cohort, result: SubgroupsResult) -> dict[str, Any]:
    """Entry ``subgroups``: a row per level of each variable."""
    return {"subgroups": [_plainly(row) for row in result.rows]}


def plainly(name: str) -> Callable[[Cohort, Any], dict[str, Any]]:
    """Publish a result under a name as it stands: its fields, arrays as lists, notes apart."""
    return lambda cohort, result: {name: _plainly(result)}


def _plainly(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in dataclasses.fields(value) if f.name != "notes"]
        return {name: _plainly(getattr(value, name)) for name in names}
    if isinstance(value, pd.DataFrame):
        return [dict(zip(value, map(_plain, row), strict=True)) for row in _rows(value)]
    if isinstance(value, np.ndarray | np.generic):
        return _plainly(value.tolist())
    if isinstance(value, dict):
        return {str(k): _plainly(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plainly(v) for v in value]
    return _plain(value)


def _rows(frame: pd.DataFrame) -> Iterable[tuple[Any, ...]]:
    """The rows of a table as plain values."""
    return zip(*(frame[name].tolist() for name in frame), strict=True)


def _test(test: Test) -> dict[str, Any]:
    return {name: _plain(value) for name, value in dataclasses.asdict(test).items()}


def _row(row: Row) -> dict[str, Any]:
    return {name: _plain(value) for name, value in dataclasses.asdict(row).items()}


def _plain(value: Any) -> Any:
    """A number that JSON can hold; what is not finite is missing."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
