"""Terms of a model: the grammar ``column[:form[(argument)]]`` and ``column*column``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import SpecError, nearest
from core.spec import quote_name, unquote_name

FORMS = ("per", "log2", "cat", "cut", "spline", "poly", "trend", "since")
_FORM = re.compile(rf":(?P<form>{'|'.join(FORMS)})(?:\((?P<argument>.*)\))?", re.DOTALL)
_SPECIAL = re.compile(r'[,"*]|:(?:' + "|".join(FORMS) + r")\b")


@dataclass(frozen=True)
class Term:
    """One term of a model.

    Attributes
    ----------
    column : str
    form : str
        ``""`` (as it is), or one of `FORMS`.
    argument : str
        What stands in the brackets; empty when there are none.
    partner : str
        For an interaction ``a*b`` the second column, else empty.
    text : str
        The term as the spec names it.
    """

    column: str
    form: str = ""
    argument: str = ""
    partner: str = ""
    text: str = ""


def parse(text: str, columns: Iterable[str]) -> Term:
    """Read one term.

    A text that is exactly a column's name is that column, whatever characters it has.

    Raises
    ------
    SpecError
        If the column is not there or the form is not known.

    Examples
    --------
    >>> parse("age:per(10)", ["age"])
    Term(column='age', form='per', argument='10', partner='', text='age:per(10)')
    """
    known = list(columns)
    for name in (text, unquote_name(text)):
        if name in known:
            return Term(name, text=text)
    # The last colon first: a column may itself be called "x:per(2)".
    for colon in reversed([*re.finditer(":", text)]):
        found = _FORM.fullmatch(text, colon.start())
        column = unquote_name(text[: colon.start()].strip())
        if found and column in known:
            argument = unquote_name(found["argument"] or "")
            return Term(column, found["form"], argument, text=text)
    for star in re.finditer(r"\*", text):
        first, second = _sides(text, star)
        if first in known and second in known:
            return Term(first, partner=second, text=text)
    raise _unreadable(text, known)


def _sides(text: str, sign: re.Match[str]) -> tuple[str, str]:
    before, after = text[: sign.start()], text[sign.end() :]
    return unquote_name(before.strip()), unquote_name(after.strip())


def _unreadable(text: str, known: list[str]) -> SpecError:
    """Say what is wrong with a term: its form, one side of an interaction, or its column."""
    column = unquote_name(text.rpartition(":")[0].strip())
    if column in known and "*" not in text:
        return SpecError(
            "terms",
            f"'{text}' asks for a form of '{column}' that is not known",
            f"The forms are {', '.join(FORMS)}",
        )
    sides = [_sides(text, star) for star in re.finditer(r"\*", text)]
    missing = [b if a in known else a for a, b in sides if a in known or b in known]
    name = missing[0] if missing else unquote_name(_FORM.split(text)[0].strip())
    return SpecError("terms", f"'{text}' names a column that is not there", nearest(name, known))


def term_name(column: str) -> str:
    """Write a column as the plain name of a term, quoted where the grammar needs it."""
    if _SPECIAL.search(column) or column != column.strip():
        return '"' + column.replace('"', '""') + '"'
    return quote_name(column)
