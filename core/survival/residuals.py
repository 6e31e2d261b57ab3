"""Residuals of the Cox model: does an effect change with time, has a number the right form.

Methods
-------
Scaled Schoenfeld residuals are in `core.survival.schoenfeld`. Martingale residuals are events less
events expected; those of a model without terms show the form of a number, smoothed by lowess
without robustness steps, which would take the few large residuals for outliers. Deviance residuals
are their symmetric form. Cox-Snell residuals are the events expected; where the model fits, their
Nelson-Aalen estimate follows the diagonal.

References
----------
Therneau TM, Grambsch PM, Fleming TR.
Biometrika 1990;77:147-160. Cox DR, Snell EJ. J R Stat Soc B 1968;30:248-275. Cleveland WS. J Am
Stat Assoc 1979;74:829-836.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.notes import Note, info
from core.spec import AnalysisSpec
from core.survival import newton
from core.survival.counts import count
from core.survival.design import Block
from core.survival.firth import FirthFit
from core.survival.fitted import Model
from core.survival.individual import AtFit, final_model
from core.survival.proportional import TRANSFORMS, proportional_hazards
from core.survival.schoenfeld import Schoenfeld, schoenfeld

MOST_PLACES = 160
"""Points of a smooth curve at most."""
MORE_THAN_FEW = 5
"""A number with fewer distinct values has no form to show."""
SPAN = 2 / 3
"""Share of the patients that lowess looks at around each point."""
METHODS = (
    "Proportional hazards were examined by scaled Schoenfeld residuals with a natural spline, the "
    "form of numeric covariates by martingale residuals with lowess, and the overall fit by "
    "Cox-Snell residuals."
)


@dataclass(frozen=True)
class ScaleTest:
    """Test of proportional hazards of a term, or of all (``GLOBAL``), on one scale of time."""

    transform: str
    term: str
    statistic: float | None
    df: int
    p_value: float | None


@dataclass(frozen=True, eq=False)
class Form:
    """The form of a number.

    Attributes
    ----------
    term, title : str
    value : numpy.ndarray, shape (n,)
        Of each row of the model.
    at, smooth_null, smooth : numpy.ndarray
        Lowess over `at` of the residuals without any term, and of those of the model.
    """

    term: str
    title: str
    value: np.ndarray
    at: np.ndarray
    smooth_null: np.ndarray
    smooth: np.ndarray


@dataclass(frozen=True, eq=False)
class CoxSnell:
    """Cumulative hazard of the Cox-Snell residuals: the diagonal where the model fits."""

    residual: np.ndarray
    n_risk: np.ndarray
    estimate: np.ndarray


@dataclass(frozen=True, eq=False)
class ResidualsResult:
    """Residuals of the multivariable model.

    Attributes
    ----------
    n, events : int
        Rows and events of the model.
    titles : dict of str to str
        How each term is called on the screen.
    tests : tuple of ScaleTest
    schoenfeld : tuple of Schoenfeld
    row : numpy.ndarray of int, shape (n,)
        Line of the file of each row of the model, like everything below.
    event : numpy.ndarray of bool, shape (n,)
    predictor : numpy.ndarray, shape (n,)
        Linear predictor around its mean.
    martingale, martingale_null, deviance : numpy.ndarray, shape (n,)
        The second one of a model without terms.
    cox_snell : CoxSnell or None
    forms : tuple of Form
    """

    n: int
    events: int
    titles: dict[str, str]
    tests: tuple[ScaleTest, ...]
    schoenfeld: tuple[Schoenfeld, ...]
    row: np.ndarray
    event: np.ndarray
    predictor: np.ndarray
    martingale: np.ndarray
    martingale_null: np.ndarray
    deviance: np.ndarray
    cox_snell: CoxSnell | None
    forms: tuple[Form, ...]
    notes: tuple[Note, ...] = ()


def residuals(cohort: Cohort, spec: AnalysisSpec) -> ResidualsResult:
    """Residuals of the multivariable model, their smooths and the tests that go with them.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms strata ties estimator select weights offset cluster conf_level``.

    Returns
    -------
    ResidualsResult
        Empty where there is no model; a note says why.
    """
    cohort, found, notes = final_model(cohort, spec)
    if found is None:
        none = np.empty(0)
        return ResidualsResult(
            0, 0, {}, (), (), none.astype(np.int64), none.astype(bool), none, none, none, none,
            None, (), notes,
        )  # fmt: skip
    notes = (*notes, *_notes(cohort, found))
    use = ~found.fit.aliased
    at = AtFit.of(found.sets, found.matrix[:, use], found.fit.beta[use])
    bare = AtFit.of(found.sets, np.zeros((len(found.rows), 1)), np.zeros(1))
    event = cohort.event[found.rows]
    full, null = (_placed(found, each.martingale()) for each in (at, bare))
    return ResidualsResult(
        len(found.rows),
        int(event.sum()),
        {block.term.text: block.title for block in found.blocks},
        _tests(cohort, found),
        tuple(schoenfeld(cohort, spec, found, at)),
        np.array([cohort.dataset.row_number(int(i)) for i in cohort.included.rows[found.rows]]),
        event,
        _placed(found, at.x @ at.beta),
        full,
        null,
        deviance(full, event),
        cox_snell(at),
        tuple(_forms(cohort, found, null, full)),
        notes,
    )


def deviance(martingale: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Deviance residuals from martingale residuals.

    Examples
    --------
    >>> deviance(np.array([0.0, -0.5]), np.array([True, False])).tolist()
    [0.0, -1.0]
    """
    expected = event - martingale
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = martingale + np.where(event, np.log(expected), 0.0)
    return np.asarray(np.sign(martingale) * np.sqrt(np.maximum(-2 * inner, 0.0)))


def cox_snell(at: AtFit) -> CoxSnell:
    """Nelson-Aalen estimate of the Cox-Snell residuals.

    With delayed entry a patient is at risk from the hazard at her entry on.
    """
    entry, exit_ = at.expected()
    distinct = np.unique(exit_, return_inverse=True)
    nobody = np.zeros(len(exit_), dtype=np.int64)
    late = None if at.sets.enter_order is None else entry
    table = count(distinct, at.sets.event, nobody, 1, entry=late)
    here = np.flatnonzero(table.events[0])
    n = table.at_risk[0, here]
    # Nobody is at risk where an event is expected to take no time: one who enters at its time.
    share = np.divide(table.events[0, here], n, out=np.zeros(len(here)), where=n > 0)
    return CoxSnell(table.times[here], n, np.cumsum(share))


def _tests(cohort: Cohort, found: Model) -> tuple[ScaleTest, ...]:
    """Every term and all of them on the four scales of time; of the model without penalty."""
    ordinary = found.fit
    if isinstance(ordinary, FirthFit):
        ordinary = newton.fit(found.sets, found.matrix)
    terms = [(block.term.text, len(block.levels)) for block in found.blocks]
    made = []
    for transform in TRANSFORMS:
        tests, _ = proportional_hazards(
            cohort, found.sets, found.matrix, ordinary, found.rows, terms, transform=transform
        )
        made += [ScaleTest(transform, t.term, t.statistic, t.df, t.p_value) for t in tests]
    return tuple(made)


def _placed(found: Model, values: np.ndarray) -> np.ndarray:
    """From the order of the risk sets to that of the rows of the model."""
    placed = np.empty_like(values)
    placed[found.sets.order] = values
    return placed


def _forms(cohort: Cohort, found: Model, null: np.ndarray, full: np.ndarray) -> list[Form]:
    made = []
    for block in found.blocks:
        x = _number(cohort, found, block)
        if x is not None and len(np.unique(x)) >= MORE_THAN_FEW:
            at, lines = lowess(x, (null, full))
            made.append(Form(block.term.text, cohort.dataset.variables[block.term.column].title,
                             x, at, *lines))  # fmt: skip
    return made


def _number(cohort: Cohort, found: Model, block: Block) -> np.ndarray | None:
    """The number behind a term, None where it stands for no number."""
    term = block.term
    if term.partner or block.member is not None or term.form == "since":
        return None
    values = cohort.column(term.column)
    if not pd.api.types.is_numeric_dtype(values):
        return None
    return np.asarray(values.to_numpy(dtype=float)[found.rows])


def lowess(x: np.ndarray, each: tuple[np.ndarray, ...]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Lowess without robustness steps, as R's with ``iter=0`` and ``delta=0``.

    Parameters
    ----------
    x : numpy.ndarray, shape (n,)
    each : tuple of numpy.ndarray, shape (n,)

    Returns
    -------
    at : numpy.ndarray
        Distinct values of x, at most `MOST_PLACES` of them.
    lines : list of numpy.ndarray
        The smooth of each of `each` there.
    """
    at = np.unique(x)
    if len(at) > MOST_PLACES:
        at = at[np.unique(np.linspace(0, len(at) - 1, MOST_PLACES).astype(int))]
    near, spread = max(int(SPAN * len(x) + 1e-7), 2), float(np.ptp(x))
    lines = np.empty((len(each), len(at)))
    for k, place in enumerate(at):
        away = np.abs(x - place)
        reach = float(np.partition(away, near - 1)[near - 1])
        part = away / max(reach, 1e-300)
        below = 1 - part * part * part  # a power would take ten times as long
        weight = np.where(away <= 0.999 * reach, below * below * below, 0.0)
        weight[away <= 0.001 * reach] = 1.0
        weight = weight / weight.sum()
        # Sums and not products of vectors, which wait for other threads when these are busy.
        middle = float((weight * x).sum())
        off = x - middle
        bend = float((weight * off * off).sum())
        slope = off * (place - middle) / bend if np.sqrt(bend) > 0.001 * spread else 0.0
        weight = weight * (1 + slope)
        lines[:, k] = [(weight * y).sum() for y in each]
    return at, list(lines)


def _notes(cohort: Cohort, found: Model) -> list[Note]:
    said = []
    if isinstance(found.fit, FirthFit):
        said.append(
            info(
                "estimator",
                "The tests of proportional hazards are those of the ordinary Cox model; residuals "
                "are taken at the coefficients of Firth's method.",
            )
        )
    if cohort.included.n_patients != cohort.n:
        said.append(
            info("n", "Residuals belong to intervals: a patient with several has one for each.")
        )
    return said
