"""The table of lesions by visit: drawn until RECIST 1.1 gives each patient the groups of the state.

Every patient has one to five targets (two an organ at most; nodes 15 mm or more in the short axis)
and up to four non-targets. They shrink or stay until the visit that ends the first line; there they
progress as the state says:

- Hom-PD: every target is 20 % and 5 mm above its own nadir, and every non-target progresses.
- Heter-PD, model A group 2: the sum of the targets progresses, some lesion does not.
- Heter-PD, model A group 1, model B group 2: a non-target progresses, the targets do not.
- Model B group 1: a new lesion appears, nothing else progresses.

The clauses of the rules occur: in one patient the sum grows by 20 % but less than 5 mm, which is no
progression; nodes shrink below 10 mm, which is normal and still counts in the sum; and some targets
become too small to measure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.generators.progression_mode.anneal import State
from data.generators.progression_mode.cost import GROUP_A, GROUP_B, HETER, VISCERAL
from data.generators.progression_mode.patients import DAYS

COLUMNS = ("patient", "visit", "date", "lesion", "kind", "site", "diameter (mm)", "state")
PRESENT, ABSENT, WORSE = "present", "absent", "unequivocal progression"
TOO_SMALL, TINY, MEASURABLE = "too small to measure", 5, 8
"""What is below the second of them, in mm, counts as the first, unless it is a lymph node."""
NODE = "lymph node"
VISCERAL_SITES = ("liver", "lung", "adrenal gland", "ovary")
SOFT_SITES = (NODE, "chest wall", "soft tissue", "breast")
OTHERS = ("bone", "skin", "pleura", "peritoneum")
WEEKS = (8, 16, 24, 32, 40, 48, 60, 72, 84, 96, 120, 144, 168, 192, 216, 240, 264, 288)
"""Planned visits; one that lies within three weeks of the progression is left out."""
TRIES = 5_000


class Failed(Exception):
    """No lesions were found that a patient could have."""


@dataclass(frozen=True)
class Drawn:
    """Lesions of one patient: sizes of targets (targets, visits) and where what is.

    Attributes
    ----------
    sizes : numpy.ndarray of int
        In mm; the last visit is that of the progression.
    sites : tuple of str
    others, worse : tuple of str, tuple of bool
        Sites of the non-targets, and whether each progresses.
    new : tuple of str
        Sites of new lesions.
    """

    sizes: np.ndarray
    sites: tuple[str, ...]
    others: tuple[str, ...]
    worse: tuple[bool, ...]
    new: tuple[str, ...]


def grown(size: int, nadir: int) -> bool:
    """Whether a size is 20 % and 5 mm above a nadir.

    Examples
    --------
    >>> grown(18, 15), grown(20, 15), grown(59, 50)
    (False, True, False)
    """
    return 10 * size >= 12 * nadir and size - nadir >= 5


def fits(drawn: Drawn, groups: tuple[int, int, int]) -> bool:
    """Whether a patient progresses at the last visit alone, with the mode and groups wanted."""
    sums = drawn.sizes.sum(axis=0)
    after = range(1, len(sums))
    at = [grown(int(sums[v]), int(sums[:v].min())) for v in after]
    if any(at[:-1]) or (drawn.sizes[:, :-1] == 0).all(axis=0).any():
        return False
    t, nt, nl = at[-1], any(drawn.worse), bool(drawn.new)
    every = all(grown(int(row[-1]), int(row[:-1].min())) for row in drawn.sizes)
    hom = t and every and all(drawn.worse)
    if not (t or nt or nl):
        return False
    return groups == (int(not hom), int(not t), int(not t and not nt))


def lesions(
    state: State, dates: list[tuple[np.datetime64, np.datetime64]], ids: list[str], seed: int
) -> list[tuple[object, ...]]:
    """Draw the lesions of every patient, in the order of the patients' ids.

    Parameters
    ----------
    state : tuple of numpy.ndarray
    dates : list of tuple
        Of metastasis and of the start of the first line, of each patient.
    ids : list of str
    seed : int

    Returns
    -------
    list of tuple
        Rows of `COLUMNS`.

    Raises
    ------
    Failed
        If no lesions fit a patient.
    """
    _, _, x, first = state
    made: list[tuple[object, ...]] = []
    watched = -1
    for place in np.argsort(ids):
        rng = np.random.default_rng([seed, 1, int(ids[place][1:])])
        end = dates[place][0] + int(np.round(first[place] * DAYS))
        names, days = _visits(*dates[place], end, rng)
        groups = (int(x[HETER, place]), int(x[GROUP_A, place]), int(x[GROUP_B, place]))
        if watched < 0 and len(days) >= 4:
            watched = int(place)
        for _ in range(TRIES):
            drawn = _draw(groups, bool(x[VISCERAL, place]), len(days), rng)
            if place == watched and not _grows_a_little(drawn.sizes):
                continue
            if fits(drawn, groups):
                break
        else:
            raise Failed(f"No lesions fit the groups {groups}")
        made += _rows(ids[place], names, days, drawn)
    return made


def _visits(
    found: np.datetime64, start: np.datetime64, end: np.datetime64, rng: np.random.Generator
) -> tuple[list[str], list[np.datetime64]]:
    """Names and dates of the visits: the baseline, planned ones, and that of the progression."""
    names, days = ["baseline"], [found + int(rng.integers(0, int((start - found).astype(int))))]
    for week in WEEKS:
        if start + 7 * week + 21 <= end:
            names.append(f"week {week}")
            days.append(start + 7 * week + int(rng.integers(-3, 4)))
    names.append(f"week {max(1, round(int((end - start).astype(int)) / 7))}")
    return names, [*days, end]


def _draw(
    groups: tuple[int, int, int], visceral: bool, n_visits: int, rng: np.random.Generator
) -> Drawn:
    """Lesions that may fit."""
    heter, a, b = groups
    sites = _sites(visceral, rng)
    others = tuple(rng.permutation(OTHERS if visceral else OTHERS[:2]))
    others = others[: int(rng.choice(5, p=(0.25, 0.35, 0.25, 0.1, 0.05)))]
    grows = np.ones(len(sites), dtype=bool)
    worse = np.ones(len(others), dtype=bool)
    if heter and not a:
        grows = rng.random(len(sites)) < 0.6
        worse = rng.random(len(others)) < 0.4
    elif heter:
        grows[:] = False
        worse = (rng.random(len(others)) < 0.7) & (b == 0)
    likely = 1.0 if b else 0.35
    new = tuple(rng.permutation(VISCERAL_SITES if visceral else SOFT_SITES))
    new = new[: int(rng.integers(1, 3))] if rng.random() < likely else ()
    sizes = np.array([_sizes(s == NODE, bool(g), n_visits, rng)
                      for s, g in zip(sites, grows, strict=True)])  # fmt: skip
    return Drawn(sizes, sites, others, tuple(bool(w) for w in worse), new)


def _grows_a_little(sizes: np.ndarray) -> bool:
    """Let the first target grow by 4 mm before the last visit; whether that is 20 % of the sum."""
    sizes[:, -2] = sizes[:, :-2].min(axis=1)
    sizes[0, -2] += 4
    sums = sizes.sum(axis=0)
    return bool(10 * sums[-2] >= 12 * sums[:-2].min())


def _sites(visceral: bool, rng: np.random.Generator) -> tuple[str, ...]:
    """Sites of one to five targets, two an organ at most, one in an organ where it says so."""
    pool = [*SOFT_SITES, *(VISCERAL_SITES[:2] if visceral else ())] * 2
    chosen = list(rng.permutation(pool)[: int(rng.choice(5, p=(0.2, 0.3, 0.25, 0.15, 0.1))) + 1])
    if visceral and not set(chosen) & set(VISCERAL_SITES):
        chosen[0] = str(rng.choice(VISCERAL_SITES[:2]))
    return tuple(sorted(str(site) for site in chosen))


def _sizes(node: bool, grows: bool, n_visits: int, rng: np.random.Generator) -> np.ndarray:
    """Diameters of a target at all visits, in mm."""
    start = rng.integers(15, 32) if node else int(10 + rng.gamma(2.0, 9.0))
    depth, pace = rng.choice([0.0, 0.15, 0.35, 0.6], p=(0.2, 0.35, 0.3, 0.15)), rng.uniform(0.5, 2)
    steps = np.arange(n_visits)
    sizes = start * (1 - depth * (1 - np.exp(-pace * steps))) * rng.normal(1, 0.015, n_visits)
    sizes = np.maximum(np.round(sizes).astype(int), TINY)
    if not node:
        sizes[sizes < MEASURABLE] = TINY
    sizes[0] = start
    if grows:
        nadir = int(sizes[:-1].min())
        sizes[-1] = max(nadir + 5, int(np.ceil(nadir * rng.uniform(1.2, 2.0))))
    return sizes


def _rows(
    patient: str, names: list[str], days: list[np.datetime64], drawn: Drawn
) -> list[tuple[object, ...]]:
    made: list[tuple[object, ...]] = []
    last = len(names) - 1
    for v, (name, day) in enumerate(zip(names, days, strict=True)):
        visit = (patient, name, str(day))
        for k, site in enumerate(drawn.sites):
            size = int(drawn.sizes[k, v])
            small = size <= TINY and site != NODE
            state = TOO_SMALL if small else PRESENT
            made.append((*visit, f"T{k + 1}", "target", site, "" if small else size, state))
        for k, site in enumerate(drawn.others):
            state = WORSE if v == last and drawn.worse[k] else PRESENT
            made.append((*visit, f"NT{k + 1}", "non-target", site, "", state))
        if v == last:
            for k, site in enumerate(drawn.new):
                made.append((*visit, f"N{k + 1}", "new", site, "", PRESENT))
    return made
