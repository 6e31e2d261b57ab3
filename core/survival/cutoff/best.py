"""The best cutoff: how extreme its statistic is, and what remains of it after the search.

Methods
-------
See `core.search` for the statistic M and the approximations of Lausen and Schumacher (1992) and of
Lausen, Sauerbrei and Schumacher (1994), `core.survival.cutoff.hothorn_lausen` for the limit of
Hothorn and Lausen, which small samples have, and `core.survival.cutoff.permutation` for the
conditional Monte Carlo p-value, the only one of them that keeps its level at every size.
`p_naive` is the p-value of the log-rank test of the two groups as if the cutoff had been known
beforehand; it is shown to be compared with the corrected ones, never on its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort, select
from core.errors import SpecError
from core.notes import Note, info
from core.progress import Progress, part_of, quiet
from core.search import Search, lau92, lau94, logrank_scores, search_notes
from core.spec import AnalysisSpec, shortest
from core.survival import logrank
from core.survival.cutoff import hothorn_lausen
from core.survival.cutoff.permutation import generator, limits_of, p_of, permuted_maxima
from core.survival.cutoff.scan import marker
from core.survival.cutoff.stability import Bootstrap, bootstrap

CORRECTIONS = ("lau92", "lau94", "hl", "permutation")
TRUSTED = ("permutation", "lau94", "hl", "lau92")
"""The same, by how much they are to be trusted. Hothorn-Lausen is a limit that is often 1."""
PERMUTATIONS = 1
"""Purpose of the random numbers."""


@dataclass(frozen=True, eq=False)
class CutoffResult:
    """The search for a cutoff.

    Attributes
    ----------
    variable : str
    side : str
        ``ge`` or ``gt``: how `best` and `cutoffs` are written.
    candidates : int
        Cutoffs that were tried.
    best : float
        The chosen one.
    statistic : float
        Maximally selected log-rank statistic M.
    p_naive : float or None
        Log-rank test of the two groups, the search left out of account.
    p_corrected : dict of str to (float or None)
        A value per correction; None for those that were not asked for or cannot be computed.
    bootstrap : Bootstrap or None
        None where no bootstrap samples were asked for.
    search : Search
        All cutoffs that were tried.
    maxima : numpy.ndarray or None
        M of each permutation in ascending order.
    """

    variable: str
    side: str
    candidates: int
    best: float
    statistic: float
    p_naive: float | None
    p_corrected: dict[str, float | None]
    bootstrap: Bootstrap | None
    search: Search
    maxima: np.ndarray | None
    notes: tuple[Note, ...]

    @property
    def shown(self) -> tuple[str, float] | None:
        """The correction that is to be trusted most of those that are known, and its p-value."""
        for name in TRUSTED:
            p = self.p_corrected[name]
            if p is not None:
                return name, p
        return None

    def corrected(self, statistic: float) -> float:
        """P-value after the search of any statistic, had it been the largest.

        By the method of `shown`; the limit of Hothorn and Lausen, which is for the largest one
        only, gives way to Lausen 1994.
        """
        if self.maxima is not None:
            return p_of(self.maxima, statistic)
        if self.shown is not None and self.shown[0] == "lau92":
            return lau92(statistic, self.search.min_fraction)
        return lau94(statistic, self.search.size, self.search.n)


def searched(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> CutoffResult:
    """Report the search for the best cutoff of the stratifier.

    Parameters
    ----------
    cohort : Cohort
        Its groups may be formed by any rule: only the stratifier is read.
    spec : AnalysisSpec
        Reads ``cut_side min_fraction min_events correction permutations bootstraps seed strata``,
        and for the hazard ratios of the bootstrap ``ties conf_level`` and the profile.

    Raises
    ------
    SpecError
        If there is no numeric stratifier, no best cutoff of it, or no such correction.
    """
    asked = spec.correction or CORRECTIONS
    for name in asked:
        if name not in CORRECTIONS:
            raise SpecError(
                "correction",
                f"'{name}' is not a value of 'correction'",
                f"It can be {', '.join(CORRECTIONS)}",
            )
    x, found = marker(cohort)
    side = spec.cut_side or "ge"
    maxima = _maxima(cohort, spec, found, part_of(progress, 0.0, 0.5))
    corrected = _corrected(cohort, found, x, maxima, asked)
    divided = select(
        cohort.dataset,
        spec.but(cut_rule="best", cut_value=(), second_by=None, strata=()),
        cohort.included,
    )
    title = cohort.dataset.variables[cohort.groups.by or ""].title
    return CutoffResult(
        cohort.groups.by or "",
        side,
        len(found.size),
        float(found.cutoffs(side)[found.best]),
        found.statistic,
        logrank.compare(divided, spec.but(test="logrank")).p_value,
        corrected,
        bootstrap(cohort, spec, progress=part_of(progress, 0.5, 1.0)),
        found,
        maxima,
        (*search_notes(found, title, spec), *_notes(corrected, found, maxima, spec)),
    )


def _maxima(
    cohort: Cohort, spec: AnalysisSpec, found: Search, progress: Progress
) -> np.ndarray | None:
    draws = int(spec.permutations or 0)
    if draws == 0 or "permutation" not in (spec.correction or CORRECTIONS):
        return None
    scores = logrank_scores(cohort.time, cohort.event)
    return permuted_maxima(
        found, scores, cohort.event, draws, generator(spec, PERMUTATIONS), progress=progress
    )


def _corrected(
    cohort: Cohort,
    found: Search,
    x: np.ndarray,
    maxima: np.ndarray | None,
    asked: tuple[str, ...],
) -> dict[str, float | None]:
    scores = logrank_scores(cohort.time, cohort.event)[np.argsort(x, kind="stable")]
    known = {
        "lau92": found.p_lau92(),
        "lau94": found.p_lau94(),
        "hl": hothorn_lausen.p_value(scores, found.size) if "hl" in asked else None,
        "permutation": None if maxima is None else p_of(maxima, found.statistic),
    }
    return {name: known[name] if name in asked else None for name in CORRECTIONS}


def _notes(
    corrected: dict[str, float | None], found: Search, maxima: np.ndarray | None, spec: AnalysisSpec
) -> list[Note]:
    texts = []
    if "hl" in (spec.correction or CORRECTIONS):
        texts += _limit_texts(corrected["hl"], found)
    if maxima is not None:
        low, high = (shortest(round(p, 4)) for p in limits_of(maxima, found.statistic))
        texts.append(
            f"The permutation p comes from {len(maxima):,} permutations; what endless ones would "
            f"give lies between {low} and {high} (95% limits)."
        )
    if "permutation" in spec.correction and not spec.permutations:
        texts.append("No permutations were asked for (permutations=9999): their p-value is null.")
    return [info("correction", text) for text in texts]


def _limit_texts(p: float | None, found: Search) -> list[str]:
    """What has to be known about the limit of Hothorn and Lausen."""
    if p is None:
        return [
            "The limit of Hothorn and Lausen is for small samples: it is left out for more than "
            f"{hothorn_lausen.MOST} patients."
        ]
    if p == 1:
        return ["The limit of Hothorn and Lausen is 1: with so many cutoffs it tells nothing."]
    if p == 0:
        return [
            "The limit of Hothorn and Lausen is 0, because no order of these patients gives a "
            "larger statistic and only larger ones are counted. The true p is small, not 0."
        ]
    if (np.diff(found.size) > 1).any():
        return [
            "Several patients have the same value: the limit of Hothorn and Lausen can then be a "
            "little too small."
        ]
    return []
