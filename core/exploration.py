"""The exploration ledger: how many analyses were looked at, here and by whose link was opened.

Methods
-------
An analysis is one distinct view of a result that uses the outcome: an endpoint of some patients
(filters, which row of a patient, landmark) with a stratifier and its cutoffs and a test, or with
the terms of a Cox model. Opening the same view again, in another unit or on another page, is the
same analysis. Two cutoffs that divide the patients alike are one cutoff. A scan or a search shows
every candidate cutoff, so each of them counts as a cutoff and as an analysis; a search for a pair,
or the map of two markers, has one p-value for all of it and counts as one analysis. A Cox model
counts as one analysis, whatever the number of its terms.

When nothing has an effect each p-value is below 0.05 with a probability of 0.05, so of m of them
0.05 m are expected to be. The mean of a sum does not ask whether its parts are independent, so this
holds for neighbouring cutoffs too; only do their small p-values come in runs, or not at all. It is
"about" so many because views without a comparison count as well.

Views are kept as hashes. A link holds only how many there were: whoever opens it inherits as many
of them as the session has not itself seen.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from core.errors import SpecError, nearest

Looks = Mapping[str, np.ndarray]
"""Hashes of what a view shows, by kind; arrays of uint64."""
LEVEL = 0.05
EXPECTED_FROM = 10
"""Fewer analyses than this make less than half a small p-value by chance: nothing is said."""
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)
_MOST = 999_999_999
_NOTHING = np.array([], dtype=np.uint64)
_NAMES = {
    "cutoffs": ("cutoff", "cutoffs"),
    "stratifiers": ("stratifier", "stratifiers"),
    "endpoints": ("endpoint", "endpoints"),
    "filters": ("choice of patients", "choices of patients"),
    "terms": ("model term", "model terms"),
}


@dataclass(frozen=True)
class Counts:
    """How much was looked at: distinct ones of each kind.

    Attributes
    ----------
    analyses, endpoints, stratifiers, cutoffs : int
    filters : int
        Choices of patients by filters; all patients is none.
    terms : int
        Terms of Cox models.
    unlocked : int
        How often the outcome was unlocked.
    earlier : int
        Analyses that there were when the cutoff that ``unlocked`` names was unlocked.
    """

    analyses: int = 0
    endpoints: int = 0
    stratifiers: int = 0
    cutoffs: int = 0
    filters: int = 0
    terms: int = 0
    unlocked: int = 0
    earlier: int = 0

    @classmethod
    def parse(cls, explored: Iterable[str]) -> Self:
        """Read the field ``explored`` of a spec.

        Raises
        ------
        SpecError
            If a kind is unknown or named twice, or its count is not a whole number.

        Examples
        --------
        >>> Counts.parse(("analyses:3", "cutoffs:2")).cutoffs
        2
        """
        counts: dict[str, int] = {}
        for text in explored:
            kind, _, number = text.partition(":")
            if kind not in KINDS:
                problem = f"'{kind}' is not a thing that is counted"
                raise SpecError("explored", problem, nearest(kind, KINDS))
            if kind in counts or not _COUNT.fullmatch(number):
                problem = f"How many {kind} were looked at cannot be read"
                raise SpecError("explored", problem, f"Write it once and like {kind}:3")
            counts[kind] = int(number)
        return cls(**counts)

    def texts(self) -> tuple[str, ...]:
        """Write the field ``explored``; what is zero is left out.

        Examples
        --------
        >>> Counts(analyses=3, cutoffs=2).texts()
        ('analyses:3', 'cutoffs:2')
        """
        found = dataclasses.asdict(self)
        return tuple(f"{kind}:{min(n, _MOST)}" for kind, n in found.items() if n)


KINDS = tuple(f.name for f in dataclasses.fields(Counts))
SEEN = tuple(kind for kind in KINDS if kind != "earlier")
"""Kinds that add up; ``earlier`` belongs to one cutoff and goes where that goes."""


@dataclass(frozen=True, eq=False)
class Ledger:
    """What was looked at of one table: here, and before by those whose link was opened.

    Attributes
    ----------
    seen : mapping of str to numpy.ndarray of uint64
        Hashes of what was seen here, by kind.
    inherited : Counts
        What others had seen beyond that, as far as it is settled.
    said : Counts
        What the link said with which the present question came. As long as the question is the
        same, all that is seen of it is taken to be part of what the link counted: a page that is
        loaded again adds nothing.
    question : str
    """

    seen: Looks = field(default_factory=dict)
    inherited: Counts = Counts()
    said: Counts = Counts()
    question: str = ""

    def asked(self, question: str, said: Counts) -> Ledger:
        """The ledger when a question comes with what its link says of earlier looks.

        The address that this session wrote says no more than the ledger, and changes nothing.
        """
        if question == self.question:
            return dataclasses.replace(self, said=_most(self.said, said))
        return dataclasses.replace(self, inherited=self._inherited(), said=said, question=question)

    def seeing(self, looks: Looks) -> Ledger:
        """The ledger with a view added."""
        seen = {**self.seen}
        for kind, new in looks.items():
            seen[kind] = _union(seen.get(kind, _NOTHING), new)
        return dataclasses.replace(self, seen=seen)

    @property
    def counts(self) -> Counts:
        """How much was looked at; ``earlier`` is not kept here."""
        more = self._inherited()
        return Counts(**{kind: self._own(kind) + getattr(more, kind) for kind in SEEN})

    def _own(self, kind: str) -> int:
        return len(self.seen.get(kind, ()))

    def _inherited(self) -> Counts:
        more = {kind: max(0, getattr(self.said, kind) - self._own(kind)) for kind in SEEN}
        return _most(self.inherited, Counts(**more))


def _most(a: Counts, b: Counts) -> Counts:
    return Counts(**{kind: max(getattr(a, kind), getattr(b, kind)) for kind in SEEN})


def _union(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Both together, ascending; the old array itself where nothing is new."""
    if len(old) == 0:
        return np.unique(new)
    place = np.minimum(np.searchsorted(old, new), len(old) - 1)
    fresh = new[old[place] != new]
    return np.union1d(old, fresh) if len(fresh) else old


def sentence(counts: Counts, start: str = "Looked at so far") -> str:
    """How much was looked at, and what chance alone makes of it; empty where nothing was.

    Examples
    --------
    >>> sentence(Counts(analyses=3, endpoints=1, stratifiers=1, cutoffs=3))
    'Looked at so far: 3 cutoffs, 1 stratifier, 1 endpoint (3 analyses).'
    """
    if not counts.analyses:
        return _unlockings(counts)
    parts = [
        _number(getattr(counts, kind), *names)
        for kind, names in _NAMES.items()
        if getattr(counts, kind)
    ]
    analyses = _number(counts.analyses, "analysis", "analyses")
    looked = f"{', '.join(parts)} ({analyses})" if parts else analyses
    text = f"{start}: {looked}."
    return " ".join(filter(None, [text, _by_chance(counts.analyses), _unlockings(counts)]))


def _by_chance(analyses: int) -> str:
    if analyses < EXPECTED_FROM:
        return ""
    expected = int(LEVEL * analyses + 0.5)
    many = "one p" if expected == 1 else f"{expected:,} p-values"
    return f"With this many looks, expect about {many} below 0.05 by chance alone."


def _unlockings(counts: Counts) -> str:
    if not counts.unlocked:
        return ""
    times = "once" if counts.unlocked == 1 else f"{counts.unlocked:,} times"
    return f"The outcome was hidden and then unlocked {times}."


def _number(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"
