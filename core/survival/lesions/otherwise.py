"""The question asked again with other lesions, or other definitions of the derived columns.

The columns that come from PET lesions are computed anew and put in the place of the present ones;
who is in is then decided from the start. A patient who has no value under an alternative leaves,
and one who has a value only there comes in, just as if that alternative had been chosen.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.cohort import Cohort, select
from core.dataset import Dataset, Variable
from core.errors import DataError, StratiscopeError
from core.groups import cut
from core.lesions.attach import Attached
from core.lesions.pet import derived
from core.lesions.pet.eligible import Choice
from core.lesions.pet.lesions import Lesions
from core.spec import AnalysisSpec, shortest
from core.survival import logrank
from core.survival.cox import hazard_ratios


@dataclass(frozen=True)
class Contrast:
    """Patients above a cutoff compared with those below, as on the curves page.

    Attributes
    ----------
    cutoff : float
    n_high : int
    statistic, p_value, log10_p : float or None
        Of the test that the question asks for, the log-rank test unless it says otherwise; None
        where there is nothing to compare.
    hazard_ratio, conf_low, conf_high : float or None
        High against low; None where it is not finite.
    """

    cutoff: float
    n_high: int
    statistic: float | None = None
    p_value: float | None = None
    log10_p: float | None = None
    hazard_ratio: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None


def pet_of(cohort: Cohort) -> tuple[Attached, Lesions, derived.Derived]:
    """The PET lesions that stand beside the patients.

    Raises
    ------
    DataError
        If there are none.
    """
    found = cohort.source.attached
    if not isinstance(found, Attached) or found.pet is None or found.pet_patients is None:
        raise DataError(
            "There is no table of PET lesions",
            "Add one with a row per lesion: the patient's number, SUVmax, and the site",
        )
    return found, found.pet, found.pet_patients


def columns(cohort: Cohort) -> dict[str, Variable]:
    """The columns that come from the PET lesions; one that the patients' table had is none."""
    _, _, patients = pet_of(cohort)
    named = cohort.source.variables
    return {
        name: named[name]
        for name, variable in patients.variables.items()
        if name in named and named[name].meaning == variable.meaning
    }


def with_choice(cohort: Cohort, choice: Choice) -> Dataset:
    """The patients' table as it would be with another choice of lesions and definitions."""
    found, lesions, _ = pet_of(cohort)
    dataset = cohort.source
    made = derived.patients(lesions, choice)
    rows = made.frame.reindex(found.ids)
    own = columns(cohort)
    changed: dict[str, np.ndarray] = {name: rows[name].to_numpy() for name in own}
    frame: pd.DataFrame = dataset.frame.assign(**changed)
    variables = {**dataset.variables, **{name: made.variables[name] for name in own}}
    return dataclasses.replace(dataset, frame=frame, variables=variables)


def asked_again(dataset: Dataset, spec: AnalysisSpec, **cut_at: object) -> Cohort | None:
    """Who is in, in two groups by one marker; None where nobody is left, or it cannot be asked."""
    alone = spec.but(second_by=None, second_cut=None, combine=None, **cut_at)
    try:
        return select(dataset, alone)
    except StratiscopeError:
        return None


def at_value(cutoff: float, side: str) -> dict[str, object]:
    """The fields of a question that cut at a value."""
    return {"cut_rule": "value", "cut_value": (shortest(float(cutoff)),), "cut_side": side}


def contrast(cohort: Cohort, spec: AnalysisSpec) -> Contrast:
    """Compare the two groups of a cohort that is cut at one value.

    Parameters
    ----------
    cohort : Cohort
        From `asked_again`, with one cutoff.
    spec : AnalysisSpec
        Reads ``strata ties estimator test conf_level`` and the profile.
    """
    groups = cohort.groups
    x = cohort.column(groups.by or "").to_numpy(dtype=float)
    n_high = int(cut(x, groups.thresholds, groups.side).sum())
    if len(groups.levels) < 2:
        return Contrast(groups.thresholds[0], n_high)
    test = logrank.compare(cohort, spec)
    row = hazard_ratios(cohort, spec)[0][0]
    return Contrast(
        groups.thresholds[0], n_high, test.statistic, test.p_value, test.log10_p,
        row.hazard_ratio, row.conf_low, row.conf_high,
    )  # fmt: skip
