"""Counting-process rows (start, stop]: told by names, believed when they follow one another."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from core.dataset import Dataset
from core.reading.roles import names
from core.reading.roles.vocabulary import UNIT_WORDS, folded

_STARTS = folded("start tstart begin begins from Beginn von début inicio inizio 开始 開始")
_STOPS = folded("stop tstop end ends until to Ende bis fin fine 结束 終了")
_NUMBERED = {("time", "1"): ("time", "2"), ("t", "0"): ("t",), ("time", "0"): ("time",)}
"""Pairs that are told apart by a number; ``_t0`` and ``_t`` are those of Stata."""

_FAULTS = 0.05
"""Share of intervals that may overlap by a slip of the pen; with more they are no intervals."""


def repeated(dataset: Dataset, id: str) -> np.ndarray:
    r"""Mark the rows of patients with several.

    Returns
    -------
    numpy.ndarray of bool, shape (rows,)
        False where the identifier is missing.

    Examples
    --------
    >>> from core.reading import read
    >>> repeated(read(b"id,x\n1,5\n1,6\n2,7\n", "a.csv"), "id")
    array([ True,  True, False])
    """
    ids = dataset.frame[id]
    return np.asarray(ids.duplicated(keep=False) & ids.notna())


def columns(dataset: Dataset, id: str) -> tuple[str, str] | None:
    r"""Find start and stop by their names, if the intervals of a patient follow one another.

    Returns
    -------
    (str, str) or None
        None also when more than a few rows of patients with several are faulty: patients that
        were entered twice have the same interval twice.

    Examples
    --------
    >>> from core.reading import read
    >>> columns(read(b"id,time1,time2\n1,0,5\n1,5,9\n", "a.csv"), "id")
    ('time1', 'time2')
    >>> columns(read(b"id,time1,time2\n1,0,5\n1,0,5\n", "a.csv"), "id") is None
    True
    """
    rows = repeated(dataset, id)
    for pair in _named_pairs(dataset):
        if rows.any() and faulty(dataset, id, pair)[rows].mean() <= _FAULTS:
            return pair
    return None


def _named_pairs(dataset: Dataset) -> Iterator[tuple[str, str]]:
    said = {v.name: names.words(v.name) for v in dataset.variables.values() if v.kind == "number"}
    plain = {words: name for name, words in said.items()}
    stops = {_without(words, _STOPS): n for n, words in said.items() if names.says(words, _STOPS)}
    for start, words in said.items():
        stop = None
        if words in _NUMBERED:
            stop = plain.get(_NUMBERED[words])
        elif names.says(words, _STARTS):
            stop = stops.get(_without(words, _STARTS))
        if stop is not None:
            yield start, stop


def _without(words: tuple[str, ...], ends: Collection[str]) -> tuple[str, ...]:
    """What a name says besides start (or stop), time and unit."""
    return tuple(
        w for w in words if w not in ends and w not in UNIT_WORDS and w not in ("t", "time")
    )


def faulty(dataset: Dataset, id: str, pair: tuple[str, ...]) -> np.ndarray:
    r"""Mark intervals without an end, that end before they begin, or overlap the one before.

    Parameters
    ----------
    dataset : Dataset
    id : str
    pair : (str, str)
        Start and stop, two columns of numbers.

    Returns
    -------
    numpy.ndarray of bool, shape (rows,)

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"id,start,stop\n1,0,5\n1,4,9\n2,7,3\n", "a.csv")
    >>> faulty(table, "id", ("start", "stop"))
    array([False,  True,  True])
    """
    frame = dataset.frame
    start, stop = (frame[c].to_numpy(dtype=float) for c in pair)
    codes = pd.factorize(frame[id])[0]
    order = np.lexsort((stop, start, codes))
    same = (np.diff(codes[order]) == 0) & (codes[order][1:] >= 0)
    marks = ~(start <= stop)
    marks[order[1:][same & (start[order][1:] < stop[order][:-1])]] = True
    return np.asarray(marks)
