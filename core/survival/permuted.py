"""The log-rank test by permutation: exact where all divisions can be counted, else by draws.

Methods
-------
Without a difference every division of the patients into groups of these sizes is equally likely.
The statistic is the log-rank chi-square itself, (O - E)^2 / V, with V found anew for each
division: as the variance follows the division, the test keeps its level approximately also where
the groups were followed for different times, which O - E alone does not. With strata, patients
change places within their stratum only.

Exact test of two groups: the patients are taken from the latest time to the earliest, and every
way to divide them is carried on with its O - E, its V and how often it arises; patients with the
same time and outcome are interchangeable and counted together. The p-value is the share of the
divisions with a statistic as large as that of the data (two-sided, no mid-p). By draws: (1 +
number as large) / (1 + draws), with limits of what endless draws would give.

Where the censoring differs strongly between the groups, both are approximate: times and groups
then are not exchangeable. Delayed entry is refused for the same reason.

References
----------
Heimann G, Neuhaus G. Biometrics 1998;54:168-184. Neuhaus G. Ann Stat 1993;21:1760-1779. Heinze G,
Gnant M, Schemper M. Biometrics 2003;59:1151-1157. Phipson B, Smyth GK. Stat Appl Genet Mol Biol
2010;9:39.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb, prod

import numpy as np

from core.cohort import Cohort
from core.progress import Progress, portions, quiet
from core.search import SAME

MOST_DIVISIONS = 2_000_000
"""Distinct divisions up to which all are counted; about half a second."""
CELLS = 2_000_000
"""Patients dealt out between two signs of progress: about a tenth of a second."""
ROUNDING = 1e-11
"""How far two equal statistics may be apart."""


@dataclass(frozen=True, eq=False)
class Block:
    """The patients of one stratum, the latest first.

    Attributes
    ----------
    codes : numpy.ndarray of int, shape (n,)
        Their groups.
    event : numpy.ndarray of bool, shape (n,)
    last : numpy.ndarray of int, shape (n,)
        Each patient is at risk at the event times 0 to ``last - 1``.
    score : numpy.ndarray of float, shape (n,)
        What the patient adds to O - E of her group.
    at_risk, spread : numpy.ndarray, shape (D,)
        Patients at risk at the event times, and what V is for one pair of them.
    """

    codes: np.ndarray
    event: np.ndarray
    last: np.ndarray
    score: np.ndarray
    at_risk: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, time: np.ndarray, event: np.ndarray, codes: np.ndarray) -> Block:
        """Sort patients and count who is at risk when."""
        order = np.argsort(-time, kind="stable")
        time, event, codes = time[order], event[order], codes[order]
        times, deaths = np.unique(time[event], return_counts=True)
        n = np.searchsorted(-time, -times, side="right")
        last = np.searchsorted(times, time, side="right")
        hazard = np.concatenate([[0.0], np.cumsum(deaths / n)])
        spread = deaths * (n - deaths) / (n.astype(float) ** 2 * np.maximum(n - 1, 1))
        return cls(codes, event, last, event - hazard[last], n, spread)


@dataclass(frozen=True)
class Permuted:
    """The log-rank test by permutation.

    Attributes
    ----------
    kind : {"exact", "draws"}
    statistic : float
        The chi-square of the data.
    p_value : float
    n : float
        Divisions of the patients that there are (exact), or draws.
    conf_low, conf_high : float or None
        Limits of the p-value that endless draws would give (95 %); None for the exact one.
    """

    kind: str
    statistic: float
    p_value: float
    n: float
    conf_low: float | None = None
    conf_high: float | None = None


def blocks_of(cohort: Cohort) -> tuple[Block, ...]:
    """The strata of a cohort; patients whose stratum is missing take no part."""
    strata = cohort.strata
    codes = np.zeros(cohort.n, dtype=int) if strata is None else strata
    return tuple(
        Block.of(cohort.time[here], cohort.event[here], cohort.groups.codes[here])
        for here in (codes == s for s in np.unique(codes[codes >= 0]))
    )


def exact(blocks: tuple[Block, ...]) -> Permuted | None:
    """Count all divisions of the patients into two groups.

    Returns
    -------
    Permuted or None
        None where there are more than `MOST_DIVISIONS` distinct ones, or O - E never varies.
    """
    if distinct_divisions(blocks) > MOST_DIVISIONS:
        return None
    score, variance, ways = divisions(blocks)
    statistic = chi_square(score, variance)
    observed = observed_statistic(blocks, 2)
    if not statistic.max(initial=0.0) > 0:
        return None
    share = float(ways[as_large(statistic, observed)].sum() / ways.sum())
    return Permuted("exact", observed, min(share, 1.0), number_of_divisions(blocks))


def drawn(
    blocks: tuple[Block, ...],
    n_groups: int,
    draws: int,
    rng: np.random.Generator,
    *,
    progress: Progress = quiet,
) -> Permuted:
    """Divide the patients at random so many times, into any number of groups.

    Parameters
    ----------
    blocks : tuple of Block
    n_groups : int
    draws : int
    rng : numpy.random.Generator
    progress : callable
    """
    from core.survival.cutoff.permutation import limits_of, p_of

    observed = observed_statistic(blocks, n_groups)
    found = np.empty(draws)
    done, n = 0, sum(len(b.codes) for b in blocks)
    for now in portions(draws, max(1, CELLS // max(n, 1)), progress):
        dealt = [rng.permuted(np.tile(b.codes.astype(np.int8), (now, 1)), axis=1) for b in blocks]
        found[done : done + now] = statistics(blocks, dealt, n_groups)
        done += now
    found.sort()
    least = max(observed - ROUNDING, 0.0)
    return Permuted("draws", observed, p_of(found, least), float(draws), *limits_of(found, least))


def chi_square(score: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """O - E squared over V; 0 where V is 0, since O - E is 0 as well."""
    real = variance > ROUNDING**2
    return np.where(real, score**2 / np.where(real, variance, 1.0), 0.0)


def as_large(statistic: np.ndarray, observed: float) -> np.ndarray:
    """Which of the statistics are as large as the observed one, but for rounding."""
    return np.asarray(statistic >= observed * (1 - SAME) - ROUNDING)


def observed_statistic(blocks: tuple[Block, ...], n_groups: int) -> float:
    """The chi-square of the groups as they are."""
    return float(statistics(blocks, [b.codes[None] for b in blocks], n_groups)[0])


def statistics(blocks: tuple[Block, ...], codes: list[np.ndarray], n_groups: int) -> np.ndarray:
    """Log-rank chi-square of many divisions at once.

    Parameters
    ----------
    blocks : tuple of Block
    codes : list of numpy.ndarray of int, shape (B, n)
        Groups of the patients of each block in each of B divisions.
    n_groups : int

    Returns
    -------
    numpy.ndarray of float, shape (B,)
    """
    inner, draws = n_groups - 1, len(codes[0]) if codes else 0
    score, variance = np.zeros((draws, inner)), np.zeros((draws, inner, inner))
    for block, dealt in zip(blocks, codes, strict=True):
        if len(block.at_risk) == 0:
            continue
        n, spread = block.at_risk.astype(float), block.spread
        risk = []
        for g in range(inner):
            member = dealt == g + 1
            score[:, g] += member @ block.score
            counted = np.cumsum(member, axis=1, dtype=np.int32)
            risk.append(counted[:, block.at_risk - 1].astype(float))
        for g in range(inner):
            for h in range(inner):
                rest = n - risk[g] if g == h else -risk[h]
                variance[:, g, h] += (risk[g] * rest) @ spread
    if inner == 1:
        return chi_square(score[:, 0], variance[:, 0, 0])
    solved = np.linalg.pinv(variance, rcond=1e-10, hermitian=True) @ score[:, :, None]
    return np.asarray(np.maximum((score * solved[:, :, 0]).sum(axis=1), 0.0))


def number_of_divisions(blocks: tuple[Block, ...]) -> float:
    """How many divisions into two groups of these sizes there are."""
    return float(prod(comb(len(b.codes), int((b.codes == 1).sum())) for b in blocks))


def distinct_divisions(blocks: tuple[Block, ...]) -> float:
    """How many of them differ, patients with the same time and outcome being interchangeable.

    Infinite where one stratum alone has more than `MOST_DIVISIONS`.
    """
    found = 1.0
    for block in blocks:
        second = int((block.codes == 1).sum())
        smaller = min(second, len(block.codes) - second)
        ways = np.ones(1)  # to choose 0, 1, 2, ... patients for the smaller group
        for _, _, rows in _classes(block):
            total = np.cumsum(np.pad(ways, (0, len(rows))))
            ways = total - np.pad(total, (len(rows) + 1, 0))[: len(total)]
            ways = ways[: smaller + 1]
            # More patients only add ways, so what is too much here stays too much.
            if (ways[-1] if len(ways) > smaller else ways.max()) > MOST_DIVISIONS:
                return np.inf
        found *= round(float(ways[smaller]))
    return found


def divisions(blocks: tuple[Block, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """O - E and V of every distinct division into two groups, and how often each arises.

    Returns
    -------
    score, variance, ways : numpy.ndarray of float, shape (C,)
    """
    score, variance, ways = np.zeros(1), np.zeros(1), np.ones(1)
    for block in blocks:
        second, left = int((block.codes == 1).sum()), len(block.codes)
        taken = np.zeros(len(score), dtype=np.int64)
        when = len(block.at_risk) - 1
        for last, points, rows in _classes(block):
            while when >= last:  # nobody else is at risk at this event time
                n = block.at_risk[when]
                variance += block.spread[when] * taken * (n - taken)
                when -= 1
            left -= len(rows)
            # Of these patients so many go to the second group; the rest must be able to fill it.
            grown = []
            for more in range(len(rows) + 1):
                can = (taken + more <= second) & (taken + more + left >= second)
                grown.append((np.flatnonzero(can), more, comb(len(rows), more)))
            rising = np.concatenate([np.full(len(i), more) for i, more, _ in grown])
            source = np.concatenate([i for i, _, _ in grown])
            factor = np.concatenate([np.full(len(i), float(w)) for i, _, w in grown])
            score = score[source] + rising * points
            variance, ways = variance[source], ways[source] * factor
            taken = taken[source] + rising
        for at in range(when, -1, -1):
            variance += block.spread[at] * taken * (block.at_risk[at] - taken)
    return score, variance, ways


def _classes(block: Block) -> Iterator[tuple[int, float, np.ndarray]]:
    """Patients with the same ``last`` and outcome: ``last``, score, rows; the latest first."""
    for last in np.unique(block.last)[::-1].tolist():
        for event in (False, True):
            rows = np.flatnonzero((block.last == last) & (block.event == event))
            if len(rows):
                yield last, float(block.score[rows[0]]), rows
