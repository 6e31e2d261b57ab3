"""The log-rank test and its weighted relatives.

Methods
-------
At each distinct event time the events of a group are compared with their hypergeometric
expectation given everybody at risk; the variance is the hypergeometric one, so ties are exact.
Weights: 1 (log-rank, Mantel 1966), the number at risk (Gehan), its square root (Tarone-Ware),
the left-continuous pooled Kaplan-Meier estimate (Peto-Peto as in R's ``survdiff(rho=1)``), and
S(t-)^p (1 - S(t-))^q (Fleming-Harrington). Strata are summed; each has its own weights. A group
whose expected number of events is 0 takes no part and costs no degree of freedom, as in R.
MaxCombo, the largest of four Fleming-Harrington statistics, is described in
`core.survival.maxcombo`; its `statistic` is the largest |Z| and no chi-square, its `df` 1.

References
----------
Fleming TR, Harrington DP. Counting Processes and Survival Analysis. Wiley, 1991.
"""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np

from core.cohort import Cohort
from core.errors import SpecError
from core.spec import AnalysisSpec, read_number
from core.survival.counts import Counts, count
from core.survival.maxcombo import WEIGHTS, largest
from core.survival.results import Test
from core.survival.tails import chi2_log10_p, chi2_p

MAXCOMBO = "maxcombo"
NAMES = ("logrank", "gehan", "tarone-ware", "peto", MAXCOMBO)


def compare(cohort: Cohort, spec: AnalysisSpec) -> Test:
    """Test whether the groups have the same survival.

    Patients whose stratum is missing take no part when ``strata`` are given.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        ``test`` and, through the cohort, ``strata`` are read.

    Returns
    -------
    Test
        With ``statistic=None`` where fewer than two groups have patients at risk at an event.
    """
    everyone = np.ones(cohort.n, dtype=bool)
    return _compare(cohort, spec.test or "logrank", everyone, len(cohort.groups.levels))


def pairwise(cohort: Cohort, spec: AnalysisSpec) -> list[tuple[int, int, Test]]:
    """Test every pair of groups on the patients of the two groups alone."""
    name = spec.test or "logrank"
    codes = cohort.groups.codes
    return [
        (a, b, _compare(cohort, name, (codes == a) | (codes == b), len(cohort.groups.levels)))
        for a, b in combinations(range(len(cohort.groups.levels)), 2)
    ]


def adjust(p_values: list[float | None], method: str) -> list[float | None]:
    """Adjust p-values for their number, as R's ``p.adjust``; a missing one stays missing.

    Parameters
    ----------
    p_values : list of float or None
    method : {"none", "bonferroni", "holm", "bh"}

    References
    ----------
    Holm S. Scand J Stat 1979;6:65-70. Benjamini Y, Hochberg Y. J R Stat Soc B 1995;57:289-300.

    Examples
    --------
    >>> adjust([0.01, 0.04, 0.03], "holm")
    [0.03, 0.06, 0.06]
    """
    known = np.array([p for p in p_values if p is not None])
    m = len(known)
    order = np.argsort(known, kind="stable")
    ranked = known[order]
    if method == "bonferroni":
        adjusted = ranked * m
    elif method == "holm":
        adjusted = np.maximum.accumulate(ranked * (m - np.arange(m)))
    elif method == "bh":
        adjusted = np.minimum.accumulate((ranked * m / np.arange(1, m + 1))[::-1])[::-1]
    else:
        adjusted = ranked
    back = np.empty(m)
    back[order] = np.minimum(adjusted, 1.0)
    values = iter(back.tolist())
    return [None if p is None else next(values) for p in p_values]


def parse_test(name: str) -> tuple[float, float] | None:
    """Read p and q of ``fh(p;q)``; None for the tests that have a name.

    Raises
    ------
    SpecError
        If there is no such test.
    """
    if name in NAMES:
        return None
    found = re.fullmatch(r"fh\(\s*([^;]+?)\s*;\s*([^;]+?)\s*\)", name)
    if not found:
        raise SpecError(
            "test", f"'{name}' is not a test", f"It can be {', '.join(NAMES)} or fh(p;q)"
        )
    p, q = read_number(found[1], "test"), read_number(found[2], "test")
    if p < 0 or q < 0:
        raise SpecError("test", f"'{name}' has a negative exponent", "Use 0 or more")
    return p, q


def score_and_variance(cohort: Cohort, name: str = "logrank") -> tuple[np.ndarray, np.ndarray]:
    """Weighted observed less expected events of each group, and their covariance.

    Returns
    -------
    score : numpy.ndarray, shape (G,)
    variance : numpy.ndarray, shape (G, G)
    """
    everyone = np.ones(cohort.n, dtype=bool)
    score, _, variance = _totals(cohort, name, everyone, len(cohort.groups.levels))
    return score, variance


def _compare(cohort: Cohort, name: str, keep: np.ndarray, n_groups: int) -> Test:
    if name == MAXCOMBO:
        return _max_combo(cohort, keep)
    return _chi_square(name, *_totals(cohort, name, keep, n_groups))


def _totals(
    cohort: Cohort, name: str, keep: np.ndarray, n_groups: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, expected events and covariance, summed over the strata."""
    exponents = parse_test(name)
    score = np.zeros(n_groups)
    expected = np.zeros(n_groups)
    variance = np.zeros((n_groups, n_groups))
    for rows in _strata(cohort, keep):
        table = _table(cohort, rows, n_groups)
        part = _sums(table, _weights(table, name, exponents))
        score, expected, variance = score + part[0], expected + part[1], variance + part[2]
    return score, expected, variance


def _strata(cohort: Cohort, keep: np.ndarray) -> list[np.ndarray]:
    """The patients of each stratum, as masks; all of them where nothing stratifies."""
    strata = cohort.strata
    if strata is None:
        return [keep]
    return [keep & (strata == stratum) for stratum in np.unique(strata[keep & (strata >= 0)])]


def _max_combo(cohort: Cohort, keep: np.ndarray) -> Test:
    """The largest statistic of two groups; of more, that of the pair with the smallest p."""
    codes = cohort.groups.codes
    pairs = combinations(np.unique(codes[keep]).tolist(), 2)
    tried = [
        largest(*_joint(cohort, keep & ((codes == a) | (codes == b)), (a, b))) for a, b in pairs
    ]
    known = [found for found in tried if found is not None]
    if not known:
        return Test(MAXCOMBO, None, 0, None, None)
    first = min(known, key=lambda found: found.log10_p)
    log10_p = min(first.log10_p + float(np.log10(len(known))), 0.0)
    return Test(MAXCOMBO, first.statistic, 1, min(first.p_value * len(known), 1.0), log10_p)


def _joint(
    cohort: Cohort, keep: np.ndarray, pair: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the second of two groups under each weight of MaxCombo, and their covariance."""
    score, covariance = np.zeros(len(WEIGHTS)), np.zeros((len(WEIGHTS), len(WEIGHTS)))
    for rows in _strata(cohort, keep):
        table = _table(cohort, rows, len(cohort.groups.levels))
        when = table.events.sum(axis=0) > 0
        weights = np.stack([_weights(table, "fh", exponents)[when] for exponents in WEIGHTS])
        at_risk = table.at_risk[:, when].astype(float)
        events = table.events[:, when].astype(float)
        n, d = at_risk.sum(axis=0), events.sum(axis=0)
        first, second = at_risk[list(pair)]
        score += weights @ (events[pair[1]] - second * d / n)
        spread = first * second * d * (n - d) / (n**2 * np.maximum(n - 1, 1))
        covariance += (weights * spread) @ weights.T
    return score, covariance


def _table(cohort: Cohort, rows: np.ndarray, n_groups: int) -> Counts:
    codes, event, entry = cohort.groups.codes, cohort.event, cohort.entry
    if rows.all():  # nothing is copied: this is the way of every move of the slider
        return count(cohort.included.distinct, event, codes, n_groups, entry=entry)
    distinct = np.unique(cohort.time[rows], return_inverse=True)
    some = None if entry is None else entry[rows]
    return count(distinct, event[rows], codes[rows], n_groups, entry=some)


def _weights(table: Counts, name: str, exponents: tuple[float, float] | None) -> np.ndarray:
    """Weight of each distinct time; only those with events matter."""
    at_risk, events = table.at_risk.sum(axis=0), table.events.sum(axis=0)
    if name == "logrank":
        return np.ones(len(table.times))
    if name == "gehan":
        return np.asarray(at_risk, dtype=float)
    if name == "tarone-ware":
        return np.asarray(np.sqrt(at_risk))
    surviving = np.divide(at_risk - events, at_risk, out=np.ones(len(at_risk)), where=at_risk > 0)
    before = np.concatenate([[1.0], np.cumprod(surviving)[:-1]])
    p, q = exponents or (1.0, 0.0)
    return np.asarray(before**p * (1 - before) ** q)


def _sums(table: Counts, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weighted observed minus expected, expected, and its covariance over one stratum."""
    events = table.events.sum(axis=0)
    when = events > 0
    d = events[when].astype(float)
    at_risk = table.at_risk[:, when].astype(float)
    n = at_risk.sum(axis=0)
    w = weight[when]
    observed = table.events[:, when].astype(float)
    expected = at_risk * (d / n)
    score = ((observed - expected) * w).sum(axis=1)
    spread = np.where(n > 1, w**2 * d * (n - d) / (np.maximum(n - 1, 1) * n**2), 0.0)
    variance = np.diag((at_risk * (spread * n)).sum(axis=1)) - (at_risk * spread) @ at_risk.T
    return score, expected.sum(axis=1), variance


def _chi_square(name: str, score: np.ndarray, expected: np.ndarray, variance: np.ndarray) -> Test:
    part = np.flatnonzero(expected > 0)
    if len(part) < 2:
        return Test(name, None, max(len(part) - 1, 0), None, None)
    inner = part[1:]
    v = variance[np.ix_(inner, inner)]
    if np.linalg.matrix_rank(v) < len(inner):
        return Test(name, None, len(inner), None, None)
    statistic = max(float(score[inner] @ np.linalg.solve(v, score[inner])), 0.0)
    df = len(inner)
    return Test(name, statistic, df, chi2_p(statistic, df), chi2_log10_p(statistic, df))
