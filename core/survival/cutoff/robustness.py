"""How far a comparison of two groups hangs on single patients or on single centres.

Methods
-------
`core.survival.cutoff.removal` leaves out one patient after another and counts how many must go
before p crosses 0.05; `core.survival.cutoff.centres` leaves out one centre after another. The
groups stay as they are: a cutoff that depends on the patients (median, best) is not moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.errors import SpecError
from core.notes import Note, info
from core.progress import Progress, part_of, quiet
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.cutoff.centres import Centres, leave_centres_out
from core.survival.cutoff.effect import ALPHA, Effect, caveats, effect, is_searched, refuse_entry
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.removal import Left, fragility, leave_one_out, most_removed


@dataclass(frozen=True)
class Removal:
    """One patient left out.

    Attributes
    ----------
    line : int
        Of the file, the header is line 1.
    event : bool
    group : str
        Label of his group.
    hazard_ratio, p_value : float or None
        Of the others.
    """

    line: int
    event: bool
    group: str
    hazard_ratio: float | None
    p_value: float | None


@dataclass(frozen=True)
class Fragile:
    """Patients removed until p is on the other side of 0.05.

    Attributes
    ----------
    n_removed : int or None
        None where p stayed on its side. An upper bound of the smallest number.
    n_tried : int
        Patients that were removed at most.
    events_removed : int
        Events among those who were removed.
    p_value : float or None
        Log-rank test without them.
    lines : tuple of int
        Their lines of the file, in the order of removal.
    """

    n_removed: int | None
    n_tried: int
    events_removed: int
    p_value: float | None
    lines: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class RobustnessResult:
    """What remains of the comparison without single patients or centres.

    Attributes
    ----------
    groups : tuple of str
        Labels of the low and the high group.
    searched : bool
        Whether the cutoff was searched for: then no p-value here allows for the search.
    whole : Effect
        Nobody left out.
    left_out : Left
        Each patient left out, in the order of the file.
    lowest, highest : Removal or None
        The patients without whom the hazard ratio is smallest and largest.
    furthest : Removal or None
        That one of them who moves it most, on the log scale.
    n_crossing : int
        Patients each of whom alone takes p across 0.05.
    fragility : Fragile or None
        None where there is no p-value.
    centres : Centres or None
        None where no column of centres was named.
    """

    groups: tuple[str, ...]
    searched: bool
    whole: Effect
    left_out: Left
    lowest: Removal | None
    highest: Removal | None
    furthest: Removal | None
    n_crossing: int
    fragility: Fragile | None
    centres: Centres | None
    notes: tuple[Note, ...]


def two_groups(cohort: Cohort) -> np.ndarray:
    """Who is in the second of two groups.

    Raises
    ------
    SpecError
        If there are not two groups, or there is delayed entry.
    """
    n_groups = len(cohort.groups.levels)
    if cohort.groups.by is None:
        raise SpecError("group_by", "There are no groups yet", "Choose a stratifier")
    if n_groups != 2:
        raise SpecError(
            "cut_rule",
            f"Leaving patients out needs two groups, and there {'is' if n_groups == 1 else 'are'} "
            f"{n_groups}",
            "Choose a single cutoff, for example the median",
        )
    refuse_entry(cohort)
    return np.asarray(cohort.groups.codes == 1)


def robustness(
    cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet
) -> RobustnessResult:
    """Leave out each patient, then as many as it takes, then each centre.

    Parameters
    ----------
    cohort : Cohort
        In two groups.
    spec : AnalysisSpec
        Reads ``centre strata ties conf_level`` and the profile, and where there is a centre
        ``min_fraction min_events`` for the search that is repeated.
    progress : callable

    Raises
    ------
    SpecError
        As `two_groups` and `core.survival.cutoff.centres.leave_centres_out`.
    """
    high, endpoint = two_groups(cohort), Endpoint.of(cohort)
    centres = leave_centres_out(cohort, spec, high, progress=part_of(progress, 0.0, 0.3))
    whole = effect(endpoint, high, spec)
    efron = conventions(spec).ties == "efron"
    left = leave_one_out(endpoint, high, efron=efron, progress=part_of(progress, 0.3, 0.8))
    fragile = _fragile(cohort, endpoint, high, part_of(progress, 0.8, 1.0))
    lowest, highest, furthest = _extremes(cohort, left, whole)
    return RobustnessResult(
        cohort.groups.screen_labels,
        is_searched(cohort, spec),
        whole,
        left,
        lowest,
        highest,
        furthest,
        crossing(left.p_value, whole.p_value),
        fragile,
        centres,
        (*_notes(left, centres), *caveats(cohort, spec, "robustness")),
    )


def crossing(without: np.ndarray, p_value: float | None) -> int:
    """How many p-values lie on the other side of 0.05; unknown ones do not.

    Examples
    --------
    >>> crossing(np.array([0.04, 0.06, np.nan]), 0.03)
    1
    """
    if p_value is None:
        return 0
    known = without[np.isfinite(without)]
    return int(np.sum((known < ALPHA) != (p_value < ALPHA)))


def _fragile(
    cohort: Cohort, endpoint: Endpoint, high: np.ndarray, progress: Progress
) -> Fragile | None:
    found = fragility(endpoint, high, progress=progress)
    if found is None:
        return None
    removed = list(found.removed)
    return Fragile(
        len(removed) if found.crossed else None,
        most_removed(endpoint.n),
        int(endpoint.event[removed].sum()),
        found.p_value,
        tuple(_line(cohort, i) for i in removed),
    )


def _extremes(
    cohort: Cohort, left: Left, whole: Effect
) -> tuple[Removal | None, Removal | None, Removal | None]:
    if whole.hazard_ratio is None or not np.isfinite(left.hazard_ratio).any():
        return None, None, None
    low, high = int(np.nanargmin(left.hazard_ratio)), int(np.nanargmax(left.hazard_ratio))
    down, up = np.abs(np.log(left.hazard_ratio[[low, high]] / whole.hazard_ratio)).tolist()
    lowest, highest = (_removal(cohort, left, i) for i in (low, high))
    return lowest, highest, lowest if down > up else highest


def _removal(cohort: Cohort, left: Left, i: int) -> Removal:
    ratio, p = float(left.hazard_ratio[i]), float(left.p_value[i])
    return Removal(
        _line(cohort, i),
        bool(cohort.event[i]),
        cohort.groups.screen_labels[int(cohort.groups.codes[i])],
        ratio if np.isfinite(ratio) else None,
        p if np.isfinite(p) else None,
    )


def _line(cohort: Cohort, i: int) -> int:
    return cohort.dataset.row_number(int(cohort.included.rows[i]))


def _notes(left: Left, centres: Centres | None) -> list[Note]:
    notes = [
        info("robustness", "The groups stay as they are while patients or centres are left out."),
        info(
            "robustness",
            "How many must be removed is found one by one, always the most influential of those "
            "who are left: another choice might need fewer, so the number is an upper bound.",
        ),
    ]
    if not left.exact:
        text = (
            "There are so many patients that the hazard ratio was computed to the end only without "
            "those who move it most; without the others it is that of one Newton step."
        )
        notes.append(info("robustness", text))
    if centres is not None and centres.n_unknown:
        text = f"The centre of {centres.n_unknown:,} is not known: they stay in throughout."
        notes.append(info("robustness", text))
    return notes
