"""The search cross-validated: each patient labelled by a cutoff found without them.

Methods
-------
The patients are divided into ten parts with about as many events each (as many parts as patients
up to 30). For each part the best cutoff is searched among the others, together with its direction,
and the patients of the part are labelled as better or worse by it. All labels together make two
groups; their log-rank test and hazard ratio have not seen the search. The labels of different
parts hang together, though, so that the log-rank p-value is too small (without an effect it is up
to 0.05 in a fifth of the studies, tests/simulation/STABILITY.md) and the limits of the hazard ratio
are too narrow. The p-value that is shown comes from dealing out the marker anew and repeating the
whole procedure, one-sided in the direction that the labels claim. How much the result depends on
the division into parts is seen from `DIVISIONS` further ones.

References
----------
Faraggi D, Simon R. Stat Med 1996;15:2203-2213.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.notes import Note
from core.progress import Progress, part_of, portions, quiet
from core.search import MIN_FRACTION
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.ordered import Ordered
from core.survival.cutoff.permutation import generator
from core.survival.cutoff.scan import marker
from core.survival.tails import chi2_p, normal_quantile

PURPOSE = 3
PARTS = 10
FEW = 30
"""Up to so many patients are left out one at a time."""
DIVISIONS = 20
MOST_PERMUTATIONS = 999
STEPS = 2_000_000


@dataclass(frozen=True, eq=False)
class Validation:
    """Two groups labelled by cross-validation: those who were expected to do worse, and others.

    Attributes
    ----------
    parts : int
    n_worse, n_better, events_worse, events_better : int
    statistic, p_logrank : float or None
        Log-rank chi-square and its p-value, which is too small.
    p_value : float or None
        By permutation of the whole procedure; None without permutations.
    hazard_ratio, conf_low, conf_high : float or None
        Of those expected to do worse; below 1 where the labels point the wrong way.
    ratio_lowest, ratio_highest : float or None
        Its range over further divisions into parts.
    """

    parts: int
    n_worse: int
    n_better: int
    events_worse: int
    events_better: int
    statistic: float | None
    p_logrank: float | None
    p_value: float | None
    hazard_ratio: float | None
    conf_low: float | None
    conf_high: float | None
    ratio_lowest: float | None
    ratio_highest: float | None
    notes: tuple[Note, ...] = ()


def validate(
    cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet
) -> Validation | None:
    """Cross-validate the search for the best cutoff.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``min_fraction min_events permutations seed ties conf_level`` and the profile.
    progress : callable

    Returns
    -------
    Validation or None
        None where no part could be labelled, or all got the same label.
    """
    patients = Ordered.of(
        marker(cohort)[0],
        Endpoint.of(cohort),
        fraction=MIN_FRACTION if spec.min_fraction is None else spec.min_fraction,
        min_events=spec.min_events or 0.0,
    )
    rng = generator(spec, PURPOSE)
    fold, parts = divided(patients.event, rng)
    worse = labels(patients, fold, parts)
    efron = conventions(spec).ties == "efron"
    z, coef, error = compared(patients, worse, efron=efron)
    if z is None:
        return None
    again = [
        compared(patients, labels(patients, *divided(patients.event, rng)), efron=efron)[1]
        for _ in portions(DIVISIONS, 1, part_of(progress, 0.0, 0.1))
    ]
    ratios = [float(np.exp(c)) for c in again if c is not None]
    rest = part_of(progress, 0.1, 1.0)
    draws = min(int(spec.permutations or 0), MOST_PERMUTATIONS)
    p = p_permuted(patients, fold, parts, z, draws, rng, progress=rest) if draws else None
    ratio, low, high = _limits(coef, error, conventions(spec).conf_level)
    one, other = worse == 1, worse == 0
    return Validation(
        parts,
        int(one.sum()),
        int(other.sum()),
        int(patients.event[one].sum()),
        int(patients.event[other].sum()),
        z**2,
        chi2_p(z**2, 1),
        p,
        ratio,
        low,
        high,
        min(ratios, default=None),
        max(ratios, default=None),
    )


def divided(event: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Divide patients into parts with about as many events each.

    Returns
    -------
    fold : numpy.ndarray of int, shape (n,)
    parts : int
    """
    n = len(event)
    parts = n if n <= FEW else PARTS
    mixed = rng.permutation(n)
    mixed = mixed[np.argsort(~event[mixed], kind="stable")]  # those with the event first
    fold = np.empty(n, dtype=np.int64)
    fold[mixed] = np.arange(n) % parts
    return fold, parts


def labels(patients: Ordered, fold: np.ndarray, parts: int) -> np.ndarray:
    """Label each patient: 1 expected to do worse, 0 better, -1 no admissible cutoff."""
    from core.survival.cutoff.kernels import validating

    p = patients
    worse = np.empty(len(p.event))
    validating.assigned(
        fold, parts, p.fraction, p.event, p.start, p.place, p.ends, p.limits.copy(), worse
    )
    return worse


def compared(
    patients: Ordered, worse: np.ndarray, *, efron: bool = True
) -> tuple[float | None, float | None, float | None]:
    """Standardised log-rank score, log hazard ratio and its standard error of the labels."""
    from core.survival.cutoff.kernels import validating

    score, variance, coef, information = validating.standing(
        patients.last, patients.event, worse, efron
    )
    if variance <= 1e-12:
        return None, None, None
    finite = information > 0
    return (
        float(score / variance**0.5),
        float(coef) if finite else None,
        float(information**-0.5) if finite else None,
    )


def p_permuted(
    patients: Ordered,
    fold: np.ndarray,
    parts: int,
    z: float,
    draws: int,
    rng: np.random.Generator,
    *,
    progress: Progress = quiet,
) -> float:
    """P-value of the whole procedure: how often a marker without effect is labelled as well."""
    from core.survival.cutoff.kernels import validating

    p = patients
    found = np.empty(draws)
    done = 0
    for now in portions(draws, max(1, STEPS // (parts * len(p.event))), progress):
        validating.validations(
            fold, parts, p.fraction, p.event, p.start, p.place, p.ends, p.limits.copy(), p.last,
            rng, found[done : done + now],
        )  # fmt: skip
        done += now
    return float((1 + (found >= z - 1e-9).sum()) / (1 + draws))


def _limits(
    coef: float | None, error: float | None, level: float
) -> tuple[float | None, float | None, float | None]:
    if coef is None or error is None:
        return None, None, None
    wide = normal_quantile(level) * error
    return float(np.exp(coef)), float(np.exp(coef - wide)), float(np.exp(coef + wide))
