"""Models of the mode of progression that a user writes: conditions with not, and, or, brackets.

The text is cut into words and read by descent; nothing of it is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import SpecError, nearest

CONDITIONS: Mapping[str, str] = {
    "T": "the targets progressed",
    "NT": "a non-target lesion progressed",
    "NL": "a new lesion appeared",
    "allT": "all target lesions progressed",
    "allNT": "all non-target lesions progressed",
}
"""The conditions, with what they say."""
_NEGATED: Mapping[str, str] = {
    "T": "the targets did not progress",
    "NT": "no non-target lesion progressed",
    "NL": "no new lesion appeared",
    "allT": "not all target lesions progressed",
    "allNT": "not all non-target lesions progressed",
}
FIELD = "pd_model"
_SAME = {"\u00ac": "not", "!": "not", "\u2227": "and", "&": "and", "\u2228": "or", "|": "or"}
_TOKEN = re.compile(r"\s*(?:([A-Za-z]+)|([\u00ac!\u2227&\u2228|()])|(\S))")
_LONGEST = 400
_DEEPEST = 40


@dataclass(frozen=True)
class Expression:
    """A condition, or ``not``, ``and``, ``or`` of some.

    Examples
    --------
    >>> str(parse("!T & (NL | NT)"))
    'not T and (NL or NT)'
    """

    word: str
    parts: tuple[Expression, ...] = ()

    def __str__(self) -> str:
        if not self.parts:
            return self.word
        inner = [f"({p})" if _binds(p) < _binds(self) else str(p) for p in self.parts]
        return f"not {inner[0]}" if self.word == "not" else f" {self.word} ".join(inner)

    @property
    def says(self) -> str:
        """The expression in plain words.

        Examples
        --------
        >>> parse("not T and NL").says
        'the targets did not progress and a new lesion appeared'
        """
        if not self.parts:
            return CONDITIONS[self.word]
        if self.word == "not":
            inside = self.parts[0]
            return f"not: ({inside.says})" if inside.parts else _NEGATED[inside.word]
        simple = all(p.word not in ("and", "or") for p in self.parts)
        return f" {self.word} ".join(p.says if simple or not p.parts else f"({p.says})"
                                     for p in self.parts)  # fmt: skip

    def holds(self, conditions: Mapping[str, np.ndarray]) -> np.ndarray:
        """Where the expression holds.

        Parameters
        ----------
        conditions : mapping of str to numpy.ndarray of bool
            One array per name of `CONDITIONS`.

        Examples
        --------
        >>> at = {"T": np.array([True, False]), "NL": np.array([True, True])}
        >>> parse("not T and NL").holds(at)
        array([False,  True])
        """
        if not self.parts:
            return np.asarray(conditions[self.word], dtype=bool)
        found = [part.holds(conditions) for part in self.parts]
        if self.word == "not":
            return ~found[0]
        joined = np.logical_and if self.word == "and" else np.logical_or
        return np.asarray(joined.reduce(found), dtype=bool)


def _binds(expression: Expression) -> int:
    return {"or": 1, "and": 2, "not": 3}.get(expression.word, 4)


def parse(text: str) -> Expression:
    """Read a model.

    Parameters
    ----------
    text : str
        Names of `CONDITIONS` with ``not``, ``and``, ``or`` (also ``! & |``) and brackets; not
        binds before and, and before or.

    Raises
    ------
    SpecError
        If it is no such expression.

    Examples
    --------
    >>> str(parse("allT and allNT"))
    'allT and allNT'
    """
    if len(text) > _LONGEST:
        raise SpecError(FIELD, "The model is too long", f"Use at most {_LONGEST} characters")
    reader = _Reader(_tokens(text))
    found = reader.either()
    if reader.left:
        raise _fault(f"'{reader.left[0]}' does not belong where it stands")
    return found


def _tokens(text: str) -> list[str]:
    tokens = []
    names = {name.casefold(): name for name in CONDITIONS}
    for word, sign, odd in _TOKEN.findall(text.strip()):
        if odd:
            raise _fault(f"'{odd}' is not part of a model")
        if sign:
            tokens.append(_SAME.get(sign, sign))
        elif word.casefold() in ("not", "and", "or"):
            tokens.append(word.casefold())
        elif word.casefold() in names:
            tokens.append(names[word.casefold()])
        else:
            raise SpecError(
                FIELD, f"'{word}' is not a condition of a model", nearest(word, CONDITIONS)
            )
    return tokens


def _fault(problem: str) -> SpecError:
    return SpecError(FIELD, problem, "Write it like 'not T and (NL or NT)'")


@dataclass
class _Reader:
    """The tokens that are not read yet."""

    left: list[str]
    depth: int = 0

    def either(self) -> Expression:
        return self._joined("or", self.both)

    def both(self) -> Expression:
        return self._joined("and", self.single)

    def _joined(self, word: str, part: object) -> Expression:
        assert callable(part)
        parts = [part()]
        while self.left and self.left[0] == word:
            self.left.pop(0)
            parts.append(part())
        return parts[0] if len(parts) == 1 else Expression(word, tuple(parts))

    def single(self) -> Expression:
        if not self.left:
            raise _fault("The model ends too early")
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _fault("The model has too many brackets or nots within each other")
        token = self.left.pop(0)
        if token == "not":
            found = Expression("not", (self.single(),))
        elif token == "(":
            found = self.either()
            if not self.left or self.left.pop(0) != ")":
                raise _fault("A bracket is not closed")
        elif token in CONDITIONS:
            found = Expression(token)
        else:
            raise _fault(f"'{token}' does not belong where it stands")
        self.depth -= 1
        return found
