"""The columns of the terms of a model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd


class Term(NamedTuple):
    """A term: its columns, what each column is called, and who has a value."""

    name: str
    x: np.ndarray
    levels: list[str]
    category: bool
    known: np.ndarray


def number(name: str, x: np.ndarray | pd.Series) -> Term:
    """A number as it is."""
    values = np.asarray(x, dtype=float)[:, None]
    return Term(name, values, [""], False, ~np.isnan(values[:, 0]))


def category(name: str, code: np.ndarray, labels: list[str], reference: str) -> Term:
    """A column of 0 and 1 for each level but the reference."""
    others = [i for i, label in enumerate(labels) if label != reference]
    x = np.where(np.isnan(code)[:, None], np.nan, np.equal.outer(code, others))
    return Term(name, x, [labels[i] for i in others], True, ~np.isnan(code))


def columns(name: str, x: np.ndarray, levels: list[str]) -> Term:
    """Several columns that belong together, as those of a spline."""
    return Term(name, x, levels, False, ~np.isnan(x).any(axis=1))


def product(name: str, a: Term, b: Term) -> Term:
    """The interaction of two terms: the products of their columns."""
    pairs = [(i, j) for j in range(b.x.shape[1]) for i in range(a.x.shape[1])]
    x = np.column_stack([a.x[:, i] * b.x[:, j] for i, j in pairs])
    levels = [" x ".join(v for v in (a.levels[i], b.levels[j]) if v) for i, j in pairs]
    return Term(name, x, levels, False, a.known & b.known)


def with_all(chosen: list[Term], candidates: list[Term]) -> list[Term]:
    """Chosen terms on the patients who have all candidates."""
    known = np.logical_and.reduce([term.known for term in candidates])
    return [term._replace(known=known) for term in chosen]


def spline(x: np.ndarray | pd.Series, knots: list[float]) -> np.ndarray:
    """Restricted cubic spline (Harrell), linear beyond the outer knots."""
    values = np.asarray(x, dtype=float)
    k = np.array(knots)
    cubes = np.maximum(values[:, None] - k, 0) ** 3
    a, b = (k[-1] - k[:-2]) / (k[-1] - k[-2]), (k[-2] - k[:-2]) / (k[-1] - k[-2])
    bent = cubes[:, :-2] - cubes[:, -2:-1] * a + cubes[:, -1:] * b
    return np.column_stack([values, bent / (k[-1] - k[0]) ** 2])


def powers(x: np.ndarray | pd.Series, degree: int) -> np.ndarray:
    """x, x^2, ..."""
    values = np.asarray(x, dtype=float)
    return np.column_stack([values**k for k in range(1, degree + 1)])
