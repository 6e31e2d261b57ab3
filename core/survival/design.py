"""From terms to columns of a model matrix.

Methods
-------
A restricted cubic spline has its knots at Harrell's quantiles. A polynomial is raw: x, x^2, x^3 as
they are, so that its coefficients are those of the columns a reader could make (R's ``poly(x, 2,
raw=TRUE)``; its likelihood and the tests of the term are those of orthogonal polynomials too). The
columns of an interaction are the products of the columns of its main effects in their forms, the
first term's running fastest, as R orders them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.dataset import Variable
from core.errors import SpecError
from core.groups import PROBABILITIES, categories, form_groups, quantile
from core.known import check_terms
from core.notes import Note
from core.spec import AnalysisSpec, quote_name, read_number
from core.survival.split import values_since
from core.terms import Term, parse

DEGREES = (2, 3)
"""Degrees a polynomial can have: a spline is the better curve beyond them."""
KNOTS = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975),
}
"""Quantiles of the knots of a restricted cubic spline (Harrell, Regression Modeling Strategies)."""


@dataclass(frozen=True, eq=False)
class Block:
    """The columns of one term for all patients who are in.

    Attributes
    ----------
    term : Term
    title : str
        How the term is called on the screen.
    matrix : numpy.ndarray, shape (n, k)
        NaN in the rows of patients who do not have the term.
    levels : tuple of str or None, length k
        For a category the level of each column, for a spline or a polynomial the name of each
        column; None for a plain number.
    reference : str or None
        For a category the level that the others are compared with.
    member : numpy.ndarray of bool, shape (n, k), or None
        For a category which patients have the level.
    known : numpy.ndarray of bool, shape (n,), or None
        For a category which patients have any: with one level there is no column to tell.
    notes : tuple of Note
        What was assumed to make the columns.
    """

    term: Term
    title: str
    matrix: np.ndarray
    levels: tuple[str | None, ...]
    reference: str | None = None
    member: np.ndarray | None = None
    known: np.ndarray | None = None
    notes: tuple[Note, ...] = ()

    @property
    def present(self) -> np.ndarray:
        """Patients who have the term, shape (n,)."""
        complete = np.asarray(~np.isnan(self.matrix).any(axis=1))
        return complete if self.known is None else complete & self.known


def blocks(cohort: Cohort, spec: AnalysisSpec) -> list[Block]:
    """Make the columns of all terms; an interaction brings its main effects along.

    Interactions come after the main effects, as R orders them.

    Raises
    ------
    KnownLater
        If a term is known only later than time 0, see `core.known`.
    SpecError
        If a term cannot be read or cannot be made from its column.
    """
    check_terms(cohort.source, spec)
    texts = spec.terms or (() if spec.group_by is None else (quote_name(spec.group_by),))
    terms = [parse(text, cohort.dataset.variables) for text in texts]
    mains = [term for term in terms if not term.partner]
    for term in terms:
        for column in (term.column, term.partner) if term.partner else ():
            if not any(main.column == column for main in mains):
                mains.append(parse(column, [column]))
    made = [_block(cohort, spec, term) for term in dict.fromkeys(mains)]
    products = dict.fromkeys(term for term in terms if term.partner)
    return made + [_product(term, made) for term in products]


def group_block(cohort: Cohort) -> Block:
    """The displayed groups as a category; the first group is the reference."""
    groups = cohort.groups
    term = Term(groups.by or "", text=groups.by or "")
    return _dummies(term, groups.title, groups.codes, list(groups.labels), groups.labels[0])


def _block(cohort: Cohort, spec: AnalysisSpec, term: Term) -> Block:
    variable = cohort.dataset.require(term.column, "terms")
    values = cohort.column(term.column)
    if not values.notna().any():
        raise SpecError("terms", f"'{term.column}' has no values", "Leave the term out")
    if term.form == "since":
        return _since(cohort, term)
    numeric = pd.api.types.is_numeric_dtype(values)
    if term.form == "cut":
        return _cut(cohort, spec, term, values, variable)
    if term.form in ("cat", "trend") or (not numeric and term.form == ""):
        codes, labels = categories(values, variable)
        if term.form == "trend":
            scores = np.where(codes < 0, np.nan, codes + 1.0)
            return Block(term, f"{variable.title} (trend)", scores[:, None], (None,))
        reference = term.argument or labels[0]
        if reference not in labels:
            raise SpecError(
                "terms",
                f"'{reference}' is not a level of '{term.column}'",
                f"Its levels are {', '.join(labels[:8])}",
            )
        return _dummies(term, variable.title, codes, labels, reference)
    if not numeric:
        raise SpecError(
            "terms",
            f"'{term.text}' needs numbers, and '{term.column}' holds text",
            f"Use '{term.column}' as a category",
        )
    return _number(term, variable, values.to_numpy(dtype=float))


def _since(cohort: Cohort, term: Term) -> Block:
    """A covariate that changes during follow-up, for the intervals of a split cohort."""
    found = values_since(cohort, term)
    if found.codes is None:
        assert found.x is not None  # one of the two is there
        return Block(term, found.title, found.x[:, None], (None,), notes=found.notes)
    made = _dummies(term, found.title, found.codes, list(found.labels), found.reference or "")
    return dataclasses.replace(made, notes=found.notes)


def _number(term: Term, variable: Variable, x: np.ndarray) -> Block:
    unit = f" {variable.unit}" if variable.unit else ""
    if term.form == "per":
        step = read_number(term.argument or "1", "terms")
        if step == 0:
            raise SpecError("terms", f"'{term.text}' divides by 0", "Give a step above 0")
        title = f"{variable.title} (per {term.argument}{unit})"
        return Block(term, title, (x / step)[:, None], (None,))
    if term.form == "log2":
        if (x <= 0).any():
            raise SpecError(
                "terms",
                f"'{term.column}' has {int((x <= 0).sum())} values that are 0 or negative, "
                "which have no logarithm",
                "Use it as it is, per a step, cut, or as a spline",
            )
        return Block(term, f"{variable.title} (per doubling)", np.log2(x)[:, None], (None,))
    if term.form == "spline":
        knots = read_number(term.argument or "4", "terms")
        if not knots.is_integer():
            raise SpecError("terms", f"A spline cannot have {knots:g} knots", "Use 3 to 7")
        basis = spline(x, int(knots))
        names = ("linear", *(f"nonlinear {i}" for i in range(1, basis.shape[1])))
        return Block(term, f"{variable.title} (spline)", basis, names)
    if term.form == "poly":
        degree = read_number(term.argument or "2", "terms")
        if degree not in DEGREES:
            raise SpecError(
                "terms",
                f"A polynomial cannot have degree {degree:g}",
                "Use 2 or 3, or a spline for a freer curve",
            )
        powers = range(1, int(degree) + 1)
        names = ("linear", *(f"power {k}" for k in powers[1:]))
        curve = np.column_stack([x**k for k in powers])
        return Block(term, f"{variable.title} (polynomial)", curve, names)
    title = f"{variable.title} (per {unit.strip() or 'unit'})"
    return Block(term, title, x[:, None], (None,))


def spline(x: np.ndarray, n_knots: int) -> np.ndarray:
    """Restricted cubic spline basis with knots at Harrell's quantiles.

    Parameters
    ----------
    x : numpy.ndarray, shape (n,)
        NaN where missing.
    n_knots : int
        3 to 7.

    Returns
    -------
    numpy.ndarray, shape (n, n_knots - 1)
        The first column is `x` itself; all are linear beyond the outer knots.

    References
    ----------
    Harrell FE. Regression Modeling Strategies, 2nd ed., section 2.4.5.

    Examples
    --------
    >>> spline(np.arange(10.0), 3).shape
    (10, 2)
    """
    if n_knots not in KNOTS:
        raise SpecError("terms", f"A spline cannot have {n_knots} knots", "Use 3 to 7")
    known = x[~np.isnan(x)]
    knots = np.array([quantile(known, p) for p in KNOTS[n_knots]])
    if len(np.unique(knots)) < n_knots:
        raise SpecError(
            "terms",
            f"The quantiles of the {n_knots} knots coincide: too many equal values",
            "Use fewer knots, or another form",
        )
    return basis(x, knots)


def basis(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Restricted cubic spline basis at given knots.

    Parameters
    ----------
    x : numpy.ndarray, shape (n,)
        NaN where missing.
    knots : numpy.ndarray, shape (k,)
        Ascending and distinct; empty for a straight line.

    Returns
    -------
    numpy.ndarray, shape (n, k - 1), or (n, 1) without knots
        The first column is `x` itself; all are linear beyond the outer knots.

    Examples
    --------
    >>> basis(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]))[:, 1].tolist()
    [0.0, 0.25, 1.5]
    """
    if len(knots) == 0:
        return x[:, None]
    cubes = np.maximum(x[:, None] - knots, 0.0) ** 3
    last, before, inner = knots[-1], knots[-2], knots[:-2]
    bent = (
        cubes[:, :-2]
        - cubes[:, -2:-1] * ((last - inner) / (last - before))
        + cubes[:, -1:] * ((before - inner) / (last - before))
    )
    return np.column_stack([x, bent / (last - knots[0]) ** 2])


def _cut(
    cohort: Cohort, spec: AnalysisSpec, term: Term, values: pd.Series, variable: Variable
) -> Block:
    """A number cut into groups, by default as it is cut for the curves."""
    if not term.argument and term.column == cohort.groups.by:
        groups = cohort.groups
        return _dummies(term, groups.title, groups.codes, list(groups.labels), groups.labels[0])
    if not pd.api.types.is_numeric_dtype(values):
        raise SpecError(
            "terms", f"'{term.column}' is not a number and cannot be cut", "Use it as a category"
        )
    argument = term.argument or "median"
    if argument == "best":
        raise SpecError(
            "terms",
            f"'{term.text}' asks for the best cutoff, which is searched for in groups only",
            f"Use group_by={term.column}, cut_rule=best and the term '{term.column}:cut'",
        )
    rule = argument if argument in PROBABILITIES else "value"
    asked = spec.but(
        cut_rule=rule, cut_value=tuple(a.strip() for a in argument.split(";") if a.strip())
    )
    known = values.notna().to_numpy()
    groups = form_groups(
        values[known], variable, time=cohort.time[known], event=cohort.event[known], spec=asked
    )
    codes = np.full(len(values), -1)
    codes[known] = groups.codes
    return _dummies(term, variable.title, codes, list(groups.labels), groups.labels[0])


def _dummies(term: Term, title: str, codes: np.ndarray, labels: list[str], reference: str) -> Block:
    others = [i for i, label in enumerate(labels) if label != reference]
    member = codes[:, None] == np.array(others, dtype=np.int64)[None, :]
    matrix = np.where(codes[:, None] < 0, np.nan, member.astype(float))
    matrix = matrix.reshape(len(codes), len(others))
    shown = tuple(labels[i] for i in others)
    return Block(term, title, matrix, shown, reference, member, codes >= 0)


def _product(term: Term, made: list[Block]) -> Block:
    a, b = (
        next(block for block in made if block.term.column == column)
        for column in (term.column, term.partner)
    )
    pairs = [(i, j) for j in range(b.matrix.shape[1]) for i in range(a.matrix.shape[1])]
    matrix = np.empty((len(a.matrix), len(pairs)))
    for k, (i, j) in enumerate(pairs):
        matrix[:, k] = a.matrix[:, i] * b.matrix[:, j]
    levels = tuple(" x ".join(p for p in (a.levels[i], b.levels[j]) if p) or None for i, j in pairs)
    return Block(term, f"{a.title} x {b.title}", matrix, levels)
