"""What a penalised Cox model is made from, and its result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.notes import Note
from core.survival.risk import RiskSets, moments, risk_sets

FOLDS = 10
SMALL_STEP = 1e-10
MOST_STEPS = 50
MOST_HALVINGS = 20


@dataclass(frozen=True)
class PenalisedRow:
    """One column of the model at the two chosen penalties.

    Attributes
    ----------
    term : str
    level, reference : str or None
    std_dev : float
        Standard deviation of the column (denominator n): per SD = per unit to this power.
    coef_min, coef_1se : float
        Per unit, at ``lambda_min`` and ``lambda_1se``; 0 where the lasso has dropped the column.
    hazard_ratio_min, hazard_ratio_1se : float
        Per unit of the column.
    hazard_ratio_sd_min, hazard_ratio_sd_1se : float
        Per standard deviation.
    """

    term: str
    level: str | None
    reference: str | None
    std_dev: float
    coef_min: float
    coef_1se: float
    hazard_ratio_min: float
    hazard_ratio_1se: float
    hazard_ratio_sd_min: float
    hazard_ratio_sd_1se: float


@dataclass(frozen=True, eq=False)
class PenalisedResult:
    """A path of penalised models.

    Attributes
    ----------
    l1_ratio : float
    n, events, folds : int
    penalty : numpy.ndarray, shape (m,)
        Lambda, descending.
    path : numpy.ndarray, shape (p, m)
        Coefficients per standard deviation.
    deviance, deviance_error : numpy.ndarray, shape (m,)
        Cross-validated partial-likelihood deviance per event, and its standard error.
    lambda_min, lambda_1se : float
    kept_min, kept_1se : int
        Columns with a coefficient other than 0.
    rows : tuple of PenalisedRow
        In the order of the rows of `path`.
    titles : dict of str to str
        How each term is called on the screen.
    """

    l1_ratio: float
    n: int
    events: int
    folds: int
    penalty: np.ndarray
    path: np.ndarray
    deviance: np.ndarray
    deviance_error: np.ndarray
    lambda_min: float
    lambda_1se: float
    kept_min: int
    kept_1se: int
    rows: tuple[PenalisedRow, ...]
    titles: dict[str, str]
    notes: tuple[Note, ...]


def folds(event: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Divide patients at random into at most 10 parts with nearly equal numbers of events.

    Returns
    -------
    numpy.ndarray of int, shape (n,)
        From 0.

    Examples
    --------
    >>> event = np.arange(40) % 2 == 0
    >>> np.bincount(folds(event, np.random.default_rng(1))[event]).tolist()
    [2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    """
    parts = min(FOLDS, int(event.sum()))
    part = np.empty(len(event), dtype=np.int64)
    for who in (np.flatnonzero(event), np.flatnonzero(~event)):
        part[rng.permutation(who)] = np.arange(len(who)) % parts
    return part


def ridge(
    time: np.ndarray, event: np.ndarray, z: np.ndarray, penalty: np.ndarray
) -> Iterator[np.ndarray]:
    """Coefficients for each penalty by Newton's method, from the solution of the one before.

    Parameters
    ----------
    time, event : numpy.ndarray, shape (n,)
    z : numpy.ndarray, shape (n, p)
    penalty : numpy.ndarray, shape (m,)
        Lambda of l(beta)/n - lambda/2 sum beta^2, descending.
    """
    sets, rows = breslow(time, event, z)
    n, p = rows.shape
    beta = np.zeros(p)
    now = moments(sets, rows, beta)
    for strength in penalty * n:
        for _ in range(MOST_STEPS):
            information = now.information + strength * np.eye(p)
            step = np.linalg.solve(information, now.gradient - strength * beta)
            if np.max(np.abs(step)) < SMALL_STEP * (1 + np.max(np.abs(beta))):
                break
            value = now.log_likelihood - strength / 2 * float(beta @ beta)
            least = value - 1e-12 * abs(value)
            for _ in range(MOST_HALVINGS):
                after = moments(sets, rows, beta + step)
                if (
                    after.log_likelihood - strength / 2 * float((beta + step) @ (beta + step))
                    >= least
                ):
                    break
                step = step / 2
            beta, now = beta + step, after
        yield beta


def deviance(sets: RiskSets, rows: np.ndarray, beta: np.ndarray) -> float:
    """Twice the log likelihood that the saturated model has more (Breslow's, ties and all)."""
    d = sets.deaths
    saturated = -float((d * np.log(d)).sum())
    return 2 * (saturated - moments(sets, rows, beta).log_likelihood)


def breslow(time: np.ndarray, event: np.ndarray, z: np.ndarray) -> tuple[RiskSets, np.ndarray]:
    """Risk sets with Breslow's approximation, and the rows in their order."""
    sets = risk_sets(time, event, ties="breslow")
    return sets, z[sets.order]
