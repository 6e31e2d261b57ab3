"""More than one cutoff: tertiles, quartiles and the best pair, side by side.

Methods
-------
Each division is compared by the log-rank test of all its groups (hypergeometric covariance), by
the test for trend over their order (the same sums weighted by the number of the group, one degree
of freedom), and by Cox hazard ratios against the lowest group (Efron's or Breslow's ties, Wald
limits). Strata take no part. Those of the best pair have not seen that it was searched for. Its
corrected p-value is by conditional Monte Carlo: the outcomes are dealt out anew, the largest T over
the pairs with enough patients and events is taken, and p = (1 + number of T* >= T) / (1 + B). See
`core.pair_search` for T, and `core.survival.cutoff.permutation` for the p-value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort, select
from core.errors import SpecError
from core.notes import Note, info, warning
from core.pair_search import PairSearch
from core.progress import Progress, portions, quiet
from core.search import logrank_scores
from core.spec import AnalysisSpec
from core.survival import logrank
from core.survival.cox import hazard_ratios
from core.survival.curve import curves, median
from core.survival.cutoff.permutation import generator, p_of
from core.survival.cutoff.scan import marker
from core.survival.results import Row
from core.survival.tails import chi2_p

PURPOSE = 4
RULES = ("tertiles", "quartiles", "best-pair")
STEPS = 100_000_000
"""Patients and pairs between two signs of progress: about a tenth of a second."""


@dataclass(frozen=True, eq=False)
class Division:
    """One way to divide the marker into several groups.

    Attributes
    ----------
    rule : str
        As ``cut_rule`` names it.
    thresholds : tuple of float
    labels : tuple of str
    n, events : tuple of int
    median : tuple of (float or None)
        Median survival of each group in `show_unit`; None where it is not reached.
    statistic : float or None
        Log-rank chi-square of all groups.
    df : int
    p_value : float or None
        As if the cutoffs had been fixed beforehand.
    log10_p : float or None
    p_trend : float or None
    p_corrected : float or None
        After the search; None for cutoffs that were not searched for, and without permutations.
    hazard_ratio : tuple of Row
        Against the lowest group.
    """

    rule: str
    thresholds: tuple[float, ...]
    labels: tuple[str, ...]
    n: tuple[int, ...]
    events: tuple[int, ...]
    median: tuple[float | None, ...]
    statistic: float | None
    df: int
    p_value: float | None
    log10_p: float | None
    p_trend: float | None
    p_corrected: float | None
    hazard_ratio: tuple[Row, ...]


@dataclass(frozen=True, eq=False)
class PairResult:
    """Several cutoffs.

    Attributes
    ----------
    variable : str
    side : str
        ``ge`` or ``gt``: how cutoffs are written.
    thresholds : tuple of float
        The best pair; empty where there is none.
    statistic : float or None
        T of the best pair.
    p_naive : float or None
        Log-rank test of its three groups, the search left out of account.
    p_corrected : float or None
        After the search; None without permutations.
    candidates, pairs : int
        Cutoffs and pairs that were tried.
    divisions : tuple of Division
        Tertiles, quartiles and the best pair, as far as they can be made.
    search : PairSearch or None
        Every pair that was tried.
    """

    variable: str
    side: str
    thresholds: tuple[float, ...]
    statistic: float | None
    p_naive: float | None
    p_corrected: float | None
    candidates: int
    pairs: int
    divisions: tuple[Division, ...]
    search: PairSearch | None
    notes: tuple[Note, ...]

    def division(self, rule: str) -> Division | None:
        """The division of a rule, where it can be made."""
        return next((d for d in self.divisions if d.rule == rule), None)


def pair(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> PairResult:
    """Divide the stratifier into three or four groups in several ways.

    Parameters
    ----------
    cohort : Cohort
        Only its stratifier is read, not how it is cut.
    spec : AnalysisSpec
        Reads ``cut_side min_fraction min_events permutations seed ties conf_level`` and the
        profile.
    progress : callable

    Raises
    ------
    SpecError
        If there is no numeric stratifier.
    """
    marker(cohort)
    notes: list[Note] = []
    divisions: list[Division] = []
    searched: PairSearch | None = None
    for rule in RULES:
        asked = spec.but(
            cut_rule=rule, cut_value=(), second_by=None, strata=(), test=None, estimator=None
        )
        try:
            divided = select(cohort.dataset, asked, cohort.included)
        except SpecError as error:
            notes.append(info("pair", f"{error.problem}."))
            continue
        searched = divided.groups.pair
        p = None if searched is None else _corrected(divided, searched, spec, progress)
        divisions.append(_division(divided, asked, p))
        if searched is not None:
            notes += [n for n in divided.groups.notes if n.level == "info"]
    notes += _notes(spec, searched)
    last = None if searched is None else divisions[-1]
    return PairResult(
        cohort.groups.by or "",
        spec.cut_side or "ge",
        () if last is None else last.thresholds,
        None if searched is None else searched.statistic,
        None if last is None else last.p_value,
        None if last is None else last.p_corrected,
        0 if searched is None else len(searched.size),
        0 if searched is None else searched.pairs,
        tuple(divisions),
        searched,
        tuple(notes),
    )


def _notes(spec: AnalysisSpec, searched: PairSearch | None) -> list[Note]:
    notes = []
    if searched is not None and spec.permutations:
        text = (
            "The p of the best pair taken alone is too small: it leaves out of account that "
            f"{searched.pairs:,} pairs were tried."
        )
        notes.append(warning("pair", text))
    elif searched is not None:
        text = "No permutations were asked for (permutations=9999): the pair has no corrected p."
        notes.append(warning("pair", text))
    if spec.strata:
        notes.append(info("pair", "Tertiles, quartiles and the pair take no account of strata."))
    return notes


def _division(divided: Cohort, spec: AnalysisSpec, p_corrected: float | None) -> Division:
    groups = divided.groups
    test = logrank.compare(divided, spec)
    rows = hazard_ratios(divided, spec)[0] if len(groups.levels) > 1 else ()
    return Division(
        groups.rule,
        groups.thresholds,
        groups.labels,
        tuple(level.n for level in groups.levels),
        tuple(level.events for level in groups.levels),
        _medians(divided, spec),
        test.statistic,
        test.df,
        test.p_value,
        test.log10_p,
        trend(divided),
        p_corrected,
        tuple(rows),
    )


def _medians(divided: Cohort, spec: AnalysisSpec) -> tuple[float | None, ...]:
    groups = divided.groups
    found = curves(
        divided, spec, event=divided.event, codes=groups.codes, n_groups=len(groups.levels)
    )
    middles = [median(curve, spec)[0] for curve in found]
    return tuple(None if m is None else float(divided.shown(np.array(m))) for m in middles)


def trend(cohort: Cohort) -> float | None:
    """P-value of the log-rank test for trend over the order of the groups.

    The numbers 1, 2, 3, ... of the groups weight observed less expected events.

    References
    ----------
    Collett D. Modelling Survival Data in Medical Research, 3rd ed., section 2.8.
    """
    score, variance = logrank.score_and_variance(cohort)
    weight = np.arange(1.0, len(score) + 1)
    total = float(weight @ variance @ weight)
    return chi2_p(float(weight @ score) ** 2 / total, 1) if total > 1e-12 else None


def _corrected(
    cohort: Cohort, found: PairSearch, spec: AnalysisSpec, progress: Progress
) -> float | None:
    from core.survival.cutoff.kernels import pairs

    draws = int(spec.permutations or 0)
    if draws == 0:
        return None
    scores = logrank_scores(cohort.time, cohort.event)
    scores = scores - scores.mean()
    factor = (len(scores) - 1) / float((scores**2).sum())
    maxima, rng, done = np.empty(draws), generator(spec, PURPOSE), 0
    for now in portions(draws, max(1, STEPS // (5 * len(scores) + found.pairs)), progress):
        pairs.pair_maxima(
            scores, cohort.event.astype(float), found.size.astype(np.int64), found.least,
            float(spec.min_events or 0), factor, rng, maxima[done : done + now],
        )  # fmt: skip
        done += now
    return p_of(np.sort(maxima), found.statistic)
