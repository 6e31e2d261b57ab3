"""Cleaning steps: what was changed in a table on the user's word, one short text each.

A step reads like a call, ``merge(ER, Positve, Positive)``, and stands in the field ``clean`` of a
link and in a dictionary. It is parsed into a verb and arguments and never evaluated; names with a
comma, a bracket or a quote are double-quoted. The same steps on the same file give the same table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import SpecError, nearest
from core.spec import split_list

VERBS: dict[str, str] = {
    "header": "header(FIRST, LAST): the column names stand on these lines of the file",
    "totals": "totals(drop) or totals(keep): what becomes of rows of sums below the table",
    "date": "date(COLUMN, dmy) or mdy, ymd, serial, serial1904: how its dates are written",
    "century": "century(COLUMN, 1950): two-digit years fall in the 100 years from this one on",
    "number": "number(COLUMN, comma) or point: which sign is the decimal one; other cells missing",
    "text": "text(COLUMN): kept as text, cell by cell",
    "category": "category(COLUMN): its numbers are names of groups",
    "limit": "limit(COLUMN, value) or missing, text: how >100 and <0.1 are read",
    "missing": "missing(COLUMN, WORD, ...): these cells mean not known",
    "level": "level(COLUMN, WORD, ...): these cells are levels, although they look missing",
    "merge": "merge(COLUMN, FROM, ..., TO): spellings of one level",
    "recode": "recode(COLUMN, CODE=WORD, ...): words for the codes of a category, in this order",
    "order": "order(COLUMN, FIRST, SECOND, ...): the order of the levels",
    "duplicates": "duplicates(drop): rows that repeat another one throughout are left out",
    "endpoint": "endpoint(NAME, start=COLUMN, event=COLUMN, ..., last=COLUMN, unit=months), or with"
    " status=COLUMN, is=VALUE for an event on the last date",
    "join": "join(TABLE, ID, OTHER_ID) or with exact, number: a second table; * is any",
    "lesions": "lesions(TABLE): a table with one row per lesion",
    "identifier": "identifier(COLUMN, yes) or no: whether it identifies a person",
    "known": "known(COLUMN, later) or baseline, or the column of the dates or times at which it"
    " became known",
}
"""Every verb, with what may stand in its brackets."""

_CALL = re.compile(r"\s*([a-z]+)\((.*)\)\s*", re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One cleaning step.

    Attributes
    ----------
    verb : str
        A key of `VERBS`.
    values : tuple of str
        What stands in the brackets; for most verbs the column comes first.

    Examples
    --------
    >>> Step.parse("merge(ER, Positve, Positive)")
    Step(verb='merge', values=('ER', 'Positve', 'Positive'))
    >>> str(Step("missing", ("Age, years", "999")))
    'missing("Age, years", 999)'
    """

    verb: str
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Step:
        """Read one step.

        Raises
        ------
        SpecError
            If it is not written like a step or its verb is not known.
        """
        found = _CALL.fullmatch(text)
        if found is None:
            raise SpecError(
                "clean",
                f"The cleaning step '{text}' cannot be read",
                "Write it like: merge(ER, Positve, Positive)",
            )
        verb, inside = found.groups()
        if verb not in VERBS:
            raise SpecError("clean", f"'{verb}' is no cleaning step", nearest(verb, VERBS))
        return cls(verb, tuple(split_list(inside)))

    def __str__(self) -> str:
        return f"{self.verb}({', '.join(map(_quoted, self.values))})"

    @property
    def column(self) -> str:
        """The column that the step is about; empty when there is none."""
        return self.values[0] if self.values else ""

    @property
    def rest(self) -> tuple[str, ...]:
        """What stands behind the column."""
        return self.values[1:]


def _quoted(value: str) -> str:
    if value and value == value.strip() and not set(value) & set(',"()'):
        return value
    return '"' + value.replace('"', '""') + '"'


@dataclass(frozen=True)
class Recipe:
    """All cleaning steps of a table, in their order.

    Examples
    --------
    >>> recipe = Recipe.parse(["date(Start, dmy)", "missing(age, 999)"])
    >>> [step.rest for step in recipe.of("missing", "age")]
    [('999',)]
    """

    steps: tuple[Step, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Recipe:
        """Read the texts of the field ``clean``.

        Raises
        ------
        SpecError
            If one of them cannot be read.
        """
        return cls(tuple(map(Step.parse, texts)))

    def of(self, verb: str, column: str | None = None) -> tuple[Step, ...]:
        """The steps of a verb, and of a column when one is named."""
        return tuple(s for s in self.steps if s.verb == verb and column in (None, s.column))

    def words(self, verb: str, column: str) -> set[str]:
        """Everything that stands behind the column in such steps."""
        return {word for step in self.of(verb, column) for word in step.rest}

    def said(self, verb: str, column: str) -> str | None:
        """What stands behind the column in the last such step, or None without one."""
        found = self.of(verb, column)
        return (found[-1].rest or ("",))[0] if found else None
