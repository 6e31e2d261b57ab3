"""The models of the mode of progression side by side: which of them separates survival best.

Methods
-------
Each model divides the patients who progressed into two groups. The groups are compared by the
log-rank test and the Cox model like any others; the p-values are adjusted by Holm for the number of
models, since the best-looking of several models is a choice made after the fact.

The mode is known only at the progression. A patient counts where her progression came by the start
of the comparison (the time origin, or the landmark); without such a start the comparison is
refused: who lived to progress late would have lived for that alone (immortal time).

References
----------
Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1983;1:710-719. Holm S. Scand J Stat 1979;6:65-70.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import known
from core.cohort import Cohort
from core.dataset import KNOWN_LATER, Variable
from core.errors import SpecError
from core.groups import Groups, Level
from core.lesions.attach import Attached
from core.lesions.recist.derived import Derived
from core.lesions.recist.grammar import Expression, parse
from core.lesions.recist.models import GROUP_1, GROUP_2, HETER, HOM, MODELS
from core.notes import Note, counted, info, warning
from core.origin import landmark_of, moments
from core.spec import AnalysisSpec
from core.survival import logrank
from core.survival.by_patient import by_patient
from core.survival.cox import hazard_ratios
from core.survival.curve import curves, median
from core.survival.results import Row, Test

METHODS = (
    "The models of the mode of progression were compared by the log-rank test, counted from the "
    "progression, with p-values adjusted by Holm for the number of models."
)
SETTLED = "pd_mode"
"""The column whose dictionary entry says when a mode is known."""
NAMES = {"pd_model_a": "Model A", "pd_model_b": "Model B", "pd_model_c": "Model C"}


@dataclass(frozen=True)
class ModeGroup:
    """One group of a model; times are in `show_unit`, None where the curve does not get there."""

    label: str
    n: int
    events: int
    median: float | None
    conf_low: float | None
    conf_high: float | None


@dataclass(frozen=True)
class ModelComparison:
    """What one model separates.

    Attributes
    ----------
    label : str
        ``Model A``, or the model as the user wrote it.
    rule : str
        Group 1 is where this holds.
    groups : tuple of ModeGroup
        Group 1 and group 2; a group may be empty.
    test : Test
        Log-rank test.
    p_adjusted : float or None
        By Holm over the models.
    hazard_ratio : Row or None
        Group 2 against group 1; None where one is empty.
    """

    label: str
    rule: str
    groups: tuple[ModeGroup, ModeGroup]
    test: Test
    p_adjusted: float | None
    hazard_ratio: Row | None


@dataclass(frozen=True)
class ModesResult:
    """All models on the same patients.

    Attributes
    ----------
    models : tuple of ModelComparison
    n, events : int
        Patients whose mode was known when the comparison starts.
    n_without : int
        Patients of the cohort who had not progressed by then, or have no lesions.
    lesion_pd : str
        The reading of "all lesions progressed": ``lesion`` or ``category``.
    n_changed : int
        Of the `n`, those whose mode differs between the two readings.
    """

    models: tuple[ModelComparison, ...]
    n: int
    events: int
    n_without: int
    lesion_pd: str
    n_changed: int
    notes: tuple[Note, ...]


def modes(cohort: Cohort, spec: AnalysisSpec) -> ModesResult:
    """Compare what the models of the mode of progression separate.

    Parameters
    ----------
    cohort : Cohort
        Its dataset has lesions by visit attached. Its own groups are not read.
    spec : AnalysisSpec
        Reads ``pd_model``, what says when the comparison starts (``origin landmark start``), and
        what the log-rank test, the Cox model and a median read.

    Raises
    ------
    KnownLater
        If patients progressed only after the comparison starts, and neither ``origin`` nor
        ``landmark`` says how to go on.
    SpecError
        If there are no lesions by visit, nobody had progressed by the start, or a model cannot be
        read.
    """
    models = _models(spec.pd_model)
    cohort = by_patient(cohort)
    found, ids = _lesions_of(cohort)
    there, guarded = _known(cohort, spec, found, ids)
    if not there.any():
        raise SpecError(
            "origin",
            "No patient of the question had progressed by the start of the comparison",
            "Count time from the progression, or drop a filter",
        )
    some = _only(cohort, there)
    spec = spec.but(test=None)
    made = [_compare(some, spec, label, rule, found, ids[there]) for label, rule in models]
    adjusted = logrank.adjust([one.test.p_value for one in made], "holm")
    rows = tuple(
        dataclasses.replace(one, p_adjusted=p) for one, p in zip(made, adjusted, strict=True)
    )
    n_changed = int(np.isin(ids[there], found.modes.changed).sum())
    without = cohort.n - some.n
    notes = (*guarded, *_notes(rows, without, n_changed, found.modes.reading))
    return ModesResult(rows, some.n, some.n_events, without, found.modes.reading, n_changed, notes)


def _models(further: Sequence[str]) -> list[tuple[str, Expression]]:
    """Models A, B and C and further ones, each once: what was tried twice was tried once."""
    found = {str(parse(rule)): NAMES[name] for name, rule in MODELS.items()}
    for text in further:
        rule = str(parse(text))
        found.setdefault(rule, rule)
    return [(label, parse(rule)) for rule, label in found.items()]


def _lesions_of(cohort: Cohort) -> tuple[Derived, np.ndarray]:
    """The patients' lesions, and the id of each patient of the cohort."""
    attached = cohort.source.attached
    if not isinstance(attached, Attached) or attached.recist_patients is None:
        raise SpecError(
            "parts",
            "There is no table of lesions by visit, so no mode of progression",
            "Add one with a row per lesion and visit",
        )
    return attached.recist_patients, attached.ids[cohort.included.rows]


def _known(
    cohort: Cohort, spec: AnalysisSpec, found: Derived, ids: np.ndarray
) -> tuple[np.ndarray, tuple[Note, ...]]:
    """Whose mode is known when the comparison starts."""
    frame = found.modes.frame
    has = pd.Series(ids).map(frame["progressed"]).fillna(False).to_numpy(dtype=bool)
    variable = cohort.source.variables.get(SETTLED, found.variables[SETTLED])
    if variable.known == "":
        return has, ()
    notes = known.check(cohort.source, spec, [SETTLED], "group_by") if known.lifted(spec) else ()
    when = _moments(cohort, spec, variable)
    if when is None:
        return has, notes
    start = landmark_of(spec)
    with np.errstate(invalid="ignore"):
        by = has & (when <= start + np.sqrt(np.finfo(float).eps) * max(1.0, start))
    if not known.lifted(spec) and bool((has & ~by).any()):
        raise known.KnownLater("group_by", variable)
    return by, notes


def _moments(cohort: Cohort, spec: AnalysisSpec, variable: Variable) -> np.ndarray | None:
    """When the patients progressed, from time 0; None where the table does not say."""
    late = known.KnownLater("group_by", variable)
    if variable.known == KNOWN_LATER:
        if not known.lifted(spec):
            raise late
        return None
    try:
        when = moments(cohort.source, spec, variable.known, "origin")
    except SpecError:
        # The date of time 0 is not known: nothing says that the modes were known by then.
        if not known.lifted(spec):
            raise late from None
        raise
    return np.asarray(when[cohort.included.rows], dtype=float)


def _only(cohort: Cohort, there: np.ndarray) -> Cohort:
    """The cohort with some of its patients, all in one group."""
    old = cohort.included
    included = dataclasses.replace(
        old,
        rows=old.rows[there],
        time=old.time[there],
        event=old.event[there],
        entry=None if old.entry is None else old.entry[there],
        n_patients=int(there.sum()),
    )
    groups = dataclasses.replace(cohort.groups, codes=cohort.groups.codes[there])
    return dataclasses.replace(cohort, included=included, groups=groups)


def _compare(
    cohort: Cohort,
    spec: AnalysisSpec,
    label: str,
    rule: Expression,
    found: Derived,
    ids: np.ndarray,
) -> ModelComparison:
    names = (HETER, HOM) if label == NAMES["pd_model_c"] else (GROUP_1, GROUP_2)
    group = found.modes.group(rule).reindex(ids).to_numpy()
    codes = np.where(group == GROUP_1, 0, 1).astype(np.int64)
    levels = tuple(
        Level(name, int((codes == g).sum()), int(cohort.event[codes == g].sum()))
        for g, name in enumerate(names)
    )
    medians = _medians(cohort, spec, codes)
    made = (ModeGroup(levels[0].label, levels[0].n, levels[0].events, *medians[0]),
            ModeGroup(levels[1].label, levels[1].n, levels[1].events, *medians[1]))  # fmt: skip
    if not all(level.n for level in levels):
        return ModelComparison(label, str(rule), made, _NONE, None, None)
    groups = Groups(label, label, "none", (), "ge", None, levels, codes)
    divided = dataclasses.replace(cohort, groups=groups)
    rows, _ = hazard_ratios(divided, spec)
    return ModelComparison(
        label, str(rule), made, logrank.compare(divided, spec), None, rows[0] if rows else None
    )


_NONE = Test("logrank", None, 0, None, None)
Times = tuple[float | None, float | None, float | None]


def _medians(cohort: Cohort, spec: AnalysisSpec, codes: np.ndarray) -> list[Times]:
    """Median of both groups with its limits, in `show_unit`; nothing of an empty group."""
    found: list[Times] = []
    for g in (0, 1):
        inside = codes == g
        if not inside.any():
            found.append((None, None, None))
            continue
        one = _only(cohort, inside)
        together = np.zeros(one.n, dtype=np.int64)
        curve = curves(one, spec, event=one.event, codes=together, n_groups=1)[0]
        middle, low, high = (
            None if t is None else float(cohort.shown(np.array(t))) for t in median(curve, spec)
        )
        found.append((middle, low, high))
    return found


def _notes(
    rows: tuple[ModelComparison, ...], without: int, changed: int, reading: str
) -> tuple[Note, ...]:
    notes: list[Note] = []
    text = f"{len(rows)} models were tried on the same patients: judge them by the adjusted p."
    notes.append(info("pd_model", text))
    if without:
        verb = "has" if without == 1 else "have"
        text = (
            f"{counted(without, 'patient')} of the question {verb} no mode of progression by the "
            "start of the comparison and took no part."
        )
        notes.append(info("pd_mode", text))
    empty = [row.label for row in rows if not all(group.n for group in row.groups)]
    if empty:
        text = f"All patients are in one group, so there is no comparison: {', '.join(empty)}."
        notes.append(warning("pd_model", text))
    unclear = [r.label for r in rows if r.label not in empty and r.test.statistic is None]
    if unclear:
        text = f"At no event are both groups at risk, so there is no test: {', '.join(unclear)}."
        notes.append(warning("pd_model", text))
    if changed:
        other = "by category" if reading == "lesion" else "lesion by lesion"
        text = (
            f"{counted(changed, 'patient')} of these would change between Heter-PD and Hom-PD with "
            f"'all lesions progressed' read {other}."
        )
        notes.append(warning("lesion_pd", text))
    return tuple(notes)
