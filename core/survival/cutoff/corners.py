"""The pairs of cutoffs of two markers, and whom each of them sets apart: a corner of the plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import SpecError
from core.search import MIN_FRACTION
from core.spec import AnalysisSpec

MOST = 40
"""Cutoffs of each marker."""
PLACES = 200_000_000
"""Patients times cells up to which the map has `MOST` cutoffs; above it the map is coarser."""


@dataclass(frozen=True, eq=False)
class Corners:
    """The cutoffs of two markers, and sums over the patients that each pair of them sets apart.

    Attributes
    ----------
    x, y : numpy.ndarray of float, shape (n,)
    cuts : tuple of numpy.ndarray
    above : tuple of numpy.ndarray of int
        How many cutoffs a patient is above, or with ``either`` below: there the others are those
        who are low in both, so it is the same map, seen from the other corner.
    ge, either : bool
    """

    x: np.ndarray
    y: np.ndarray
    cuts: tuple[np.ndarray, np.ndarray]
    above: tuple[np.ndarray, np.ndarray]
    ge: bool
    either: bool

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, spec: AnalysisSpec) -> Corners:
        """The map of two markers."""
        ge, either = (spec.cut_side or "ge") == "ge", spec.combine == "either"
        fraction = MIN_FRACTION if spec.min_fraction is None else spec.min_fraction
        most = int(min(MOST, max(8, (PLACES / len(x)) ** 0.5)))
        first, second = (candidates(v, fraction, most, ge=ge) for v in (x, y))
        side = "right" if ge else "left"
        above = [
            np.searchsorted(c, v, side=side).astype(np.int64)  # type: ignore[call-overload]
            for v, c in ((x, first), (y, second))
        ]
        if either:
            above = [len(first) - above[0], len(second) - above[1]]
        return cls(x, y, (first, second), (above[0], above[1]), ge, either)

    def corners(self, values: np.ndarray) -> np.ndarray:
        """Sum over the corner that each pair of cutoffs cuts off, shape (a, b)."""
        from core.survival.cutoff.kernels import pairs

        sums = np.empty((len(self.cuts[0]) + 1, len(self.cuts[1]) + 1))
        pairs.corner_sums(self.above[0], self.above[1], values.astype(float), sums)
        inner = sums[1:, 1:]
        return np.ascontiguousarray(inner[::-1, ::-1] if self.either else inner)

    def bordered(self, cells: np.ndarray) -> np.ndarray:
        """Cells in the places of the sums that the kernel makes, 0 where there is no cutoff."""
        full = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1))
        full[1:, 1:] = cells[::-1, ::-1] if self.either else cells
        return full

    def high(self, i: int, j: int) -> np.ndarray:
        """Who is in the high group of a cell, by the comparison itself."""
        compare = np.greater_equal if self.ge else np.greater
        first, second = compare(self.x, self.cuts[0][i]), compare(self.y, self.cuts[1][j])
        return np.asarray(first | second if self.either else first & second)


def candidates(values: np.ndarray, fraction: float, most: int, *, ge: bool) -> np.ndarray:
    """Cutoffs of a marker within the searched range, at most `most`, evenly over the patients.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n,)
    fraction : float
        Each side has at least floor(n fraction) patients, and one.
    most : int
    ge : bool
        Whether cutoffs are written with >=, as the smallest value above, or with >.

    Raises
    ------
    SpecError
        If the marker has no cutoff.

    Examples
    --------
    >>> candidates(np.arange(9.0), 0.25, 3, ge=True).tolist()
    [2.0, 4.0, 7.0]
    """
    ordered = np.sort(values)
    n = len(ordered)
    size = np.flatnonzero(ordered[1:] > ordered[:-1]) + 1
    least = max(1, int(np.floor(n * fraction)))
    size = size[(size >= least) & (size <= n - least)]
    if len(size) == 0:
        raise SpecError(
            "second_by",
            "A marker has no cutoff with enough patients on both sides",
            "Lower min_fraction, or choose another marker",
        )
    if len(size) > most:
        wanted = np.linspace(size[0], size[-1], most)
        nearest = np.abs(size[None, :] - wanted[:, None]).argmin(axis=1)
        size = size[np.unique(nearest)]
    return np.asarray(ordered[size] if ge else ordered[size - 1])
