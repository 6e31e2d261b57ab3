"""The table of lesions: drawn until its summary gives each patient the groups of the fitted state.

The hottest lesion has the patient's SUVmax and SUVmean (HI is their ratio); the others spread below
it by the patient's COV; volumes add up to MTV and, times SUVmean, to TLG. One patient of each
marker carries its median, which rounds to the printed cutoff: the lowest of the high group, or the
highest of the low one for SUVmax and COV, whose high groups are one patient smaller. Bone lesions
and lesions below SUV 2.5 are added and do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.generators.fulvestrant.targets import COV, HI, LIVER, MTV, SITES, SUVMAX, SUVMEAN, TLG

COLUMNS = ("patient", "lesion", "site", "SUVmax", "SUVmean", "MTV (mL)")
SUV_MIN = 2.5
BONE = "bone"
SOFT = ("lymph node", "chest wall", "soft tissue", "breast")
COUNTS = (2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6, 6, 7, 8, 9, 10, 12)
"""Lesions that count: 2 to 12, median 4."""
TRIES = 20_000
SHARES = {-1: (0.1, 0.4), 0: (0.15, 0.75), 1: (0.35, 0.85)}
TOTALS = {-1: (19.2, 28.0), 1: (14.0, 18.3)}
"""How far SUVmean lies from 2.5 to SUVmax, and MTV, by high TLG less high MTV: where the two
disagree, the lesions' mean uptake lies far from the ratio of the two cutoffs."""


@dataclass(frozen=True)
class Range:
    """Where a marker must lie in the low and in the high group, and its value at the median.

    Attributes
    ----------
    low, high : tuple of float
        Open intervals, away from the cutoff.
    median : tuple of float
        Interval that rounds to the printed cutoff, on the right side of it.
    holder : int
        Level of the group that has the median.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    median: tuple[float, float]
    holder: int


RANGES = {
    SUVMAX: Range((2.9, 6.05), (6.15, 17.0), (6.086, 6.0895), 0),
    SUVMEAN: Range((2.5, 3.89), (3.95, 9.0), (3.92, 3.9245), 1),
    HI: Range((1.2, 2.03), (2.07, 3.2), (2.0503, 2.0545), 1),
    COV: Range((0.05, 0.268), (0.281, 0.75), (0.2747, 0.2749), 0),
    MTV: Range((2.0, 18.3), (19.2, 140.0), (18.781, 18.784), 1),
    TLG: Range((6.0, 71.0), (74.0, 900.0), (72.502, 72.545), 1),
}


class Failed(Exception):
    """No lesions were found that a patient could have."""


def lesions(x: np.ndarray, lung: np.ndarray, ids: list[str], seed: int) -> list[tuple[object, ...]]:
    """Draw the lesions of every patient, in the order of the patients' ids.

    Parameters
    ----------
    x : numpy.ndarray of int, shape (10, n)
    lung : numpy.ndarray of bool, shape (n,)
    ids : list of str
    seed : int

    Returns
    -------
    list of tuple
        Rows of `COLUMNS`.
    """
    rng = np.random.default_rng(seed)
    counts = rng.permutation(COUNTS)
    n = len(ids)
    for _ in range(200):
        holders = _holders(x, rng)
        try:
            drawn = [
                _patient(x[:, i], {f for f, who in holders.items() if who == i}, counts[i], rng)
                for i in range(n)
            ]
        except Failed:
            counts = rng.permutation(COUNTS)
            continue
        rows: list[tuple[object, ...]] = []
        for i in np.argsort(ids):
            rows += _rows(ids[i], drawn[i], x[LIVER, i] == 1, bool(lung[i]), x[SITES, i] + 1, rng)
        return rows
    raise Failed


def _holders(x: np.ndarray, rng: np.random.Generator) -> dict[int, int]:
    """Choose who has the median of each marker, every time another patient."""
    chosen: dict[int, int] = {}
    for f, wanted in RANGES.items():
        who = [i for i in np.flatnonzero(x[f] == wanted.holder) if i not in chosen.values()]
        chosen[f] = int(rng.choice(who))
    return chosen


def _inside(value: float, f: int, level: int, held: set[int]) -> bool:
    wanted = RANGES[f]
    low, high = wanted.median if f in held else (wanted.high if level else wanted.low)
    return low <= value <= high


def _patient(labels: np.ndarray, held: set[int], k: int, rng: np.random.Generator) -> np.ndarray:
    """SUVmax, SUVmean and volume of the lesions that count, shape (k, 3), the hottest first."""
    peak, mean = _hottest(labels, held, rng)
    for _ in range(200):
        suv = _spread(labels[COV], peak, COV in held, k, rng)
        if suv is None:
            peak, mean = _hottest(labels, held, rng)
            continue
        share = rng.uniform(*SHARES[labels[TLG] - labels[MTV]], k)
        means = np.round(SUV_MIN + (suv - SUV_MIN) * share, 2)
        means = np.minimum(means, np.round(suv - 0.05, 2))
        means[0] = mean
        found = _volumes(labels, held, means, rng)
        if found is not None and ((means >= SUV_MIN) & (means < suv)).all():
            return np.column_stack([suv, means, found])
    raise Failed


def _hottest(labels: np.ndarray, held: set[int], rng: np.random.Generator) -> tuple[float, float]:
    """SUVmax and SUVmean of the hottest lesion, in their groups together with HI."""
    for _ in range(TRIES):
        peak, mean = _draw(SUVMAX, labels, held, rng), _draw(SUVMEAN, labels, held, rng)
        if HI in held:
            peak = round(mean * sum(RANGES[HI].median) / 2, 3)
        if _inside(peak / mean, HI, labels[HI], held) and _inside(
            peak, SUVMAX, labels[SUVMAX], held
        ):
            return peak, mean
    raise Failed


def _draw(f: int, labels: np.ndarray, held: set[int], rng: np.random.Generator) -> float:
    """A value of a marker: evenly on the scale of the logarithm, two decimals, three if held."""
    wanted = RANGES[f]
    low, high = wanted.median if f in held else (wanted.high if labels[f] else wanted.low)
    value = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return round(value, 3 if held & {f, HI} else 2)


def _spread(
    level: int, peak: float, held: bool, k: int, rng: np.random.Generator
) -> np.ndarray | None:
    """SUVmax of each lesion below the hottest one, with the COV of the group."""
    marks = {COV} if held else set()
    for _ in range(400):
        shape = np.concatenate([[0.0], rng.uniform(0.1, 1.0, k - 1)])
        below = peak - shape / shape.max() * rng.uniform(0.05, 1.0) * (peak - SUV_MIN - 0.02)
        if held:
            below = peak - (peak - below) * _stretch(below, peak)
        suv = np.round(below, 3 if held else 2)
        suv[0] = peak
        hottest = suv.min() >= SUV_MIN and suv[1:].max() < peak
        if hottest and _inside(float(suv.std(ddof=1) / suv.mean()), COV, level, marks):
            return suv
    return None


def _stretch(suv: np.ndarray, peak: float) -> float:
    """How much further apart values must lie for the COV of the median."""
    aim = sum(RANGES[COV].median) / 2
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        moved = peak - (peak - suv) * middle
        too_wide = moved.mean() <= 0 or moved.std(ddof=1) / moved.mean() > aim
        low, high = (low, middle) if too_wide else (middle, high)
    return low


def _volumes(
    labels: np.ndarray, held: set[int], means: np.ndarray, rng: np.random.Generator
) -> np.ndarray | None:
    """Volumes that add up to MTV and, times SUVmean, to TLG."""
    apart = labels[TLG] - labels[MTV]
    for _ in range(60):
        wanted = RANGES[MTV]
        low, high = TOTALS.get(apart, wanted.high if labels[MTV] else wanted.low)
        total = 18.782 if MTV in held else float(np.exp(rng.uniform(np.log(low), np.log(high))))
        share = rng.dirichlet(np.full(len(means), 1.2))
        share = share * np.exp(apart * rng.uniform(0.0, 4.0) * (means - means.mean()))
        share = share / share.sum()
        if TLG in held:
            total = 72.52 / float((share * means).sum())
        volumes = np.maximum(np.round(share * total, 2), 0.15)
        volumes[0] = round(volumes[0] + (18.782 - volumes.sum() if MTV in held else 0.0), 3)
        if volumes[0] < 0.15:
            continue
        if _inside(round(float(volumes.sum()), 9), MTV, labels[MTV], held) and _inside(
            float((volumes * means).sum()), TLG, labels[TLG], held
        ):
            return volumes
    return None


def _rows(
    name: str,
    drawn: np.ndarray,
    liver: bool,
    lung: bool,
    n_sites: int,
    rng: np.random.Generator,
) -> list[tuple[object, ...]]:
    """Give the lesions of a patient their sites, and add those that do not count."""
    organs = [site for site, has in (("liver", liver), ("lung", lung)) if has]
    free = n_sites - len(organs)
    soft = list(rng.permutation(SOFT))
    bone = free > 0 and n_sites > 1 and rng.random() < 0.7
    organs += soft[: free - bone]
    k = len(drawn)
    # Every site has a lesion that counts where there are enough; the rest are small ones.
    sites = [organs[i % len(organs)] for i in range(k)]
    rows = [(site, *values) for site, values in zip(rng.permutation(sites), drawn, strict=True)]
    small = [site for site in organs if site not in sites]
    small += [str(rng.choice(organs))] if rng.random() < 0.3 else []
    rows += [(site, *_small(rng)) for site in small]
    if bone:
        rows += [(BONE, *_in_bone(rng)) for _ in range(rng.integers(1, 5))]
    rows = [rows[i] for i in rng.permutation(len(rows))]
    return [
        (name, j + 1, site, *(f"{value:g}" for value in (peak, mean, volume)))
        for j, (site, peak, mean, volume) in enumerate(rows)
    ]


def _small(rng: np.random.Generator) -> tuple[float, float, float]:
    """A lesion below SUV 2.5: no voxel of it reaches the threshold."""
    peak = round(float(rng.uniform(1.4, 2.4)), 2)
    return peak, round(peak * float(rng.uniform(0.6, 0.85)), 2), 0.0


def _in_bone(rng: np.random.Generator) -> tuple[float, float, float]:
    peak = round(float(np.exp(rng.uniform(np.log(2.8), np.log(14.0)))), 2)
    mean = round(SUV_MIN + (peak - SUV_MIN) * float(rng.uniform(0.2, 0.6)), 2)
    return peak, mean, round(float(np.exp(rng.uniform(0.0, 3.2))), 2)
