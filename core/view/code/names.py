"""Names and values of a user's file as text of a program: nothing gets out of its quotes.

A literal is always one line and, in R, plain ASCII, so that neither the encoding of the file nor
that of the computer on which it runs changes what it says. What does not print (line breaks,
controls, marks that turn the direction of writing) is escaped in literals and blank in comments.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", ".")
"""Cells that the scripts take for missing, also in the user's own file."""
WIDTH = 98
"""Characters of a line of comment."""


def python_text(text: str) -> str:
    r"""Write a text as a literal of Python.

    Examples
    --------
    >>> print(python_text('grade'), python_text('a "b"'), python_text("a\nb"))
    "grade" 'a "b"' "a\nb"
    """
    literal = ascii(text) if _has_surrogates(text) else repr(text)
    inside = literal[1:-1]
    return literal if '"' in inside or "\\'" in inside else f'"{inside}"'


def r_text(text: str) -> str:
    r"""Write a text as a literal of R.

    Examples
    --------
    >>> print(r_text('grade'), r_text('a "b"'), r_text("a\nb"), r_text("\u00b5m"))
    "grade" "a \"b\"" "a\u000ab" "\u00b5m"
    """
    return '"' + "".join(map(_r_character, text)) + '"'


def _r_character(char: str) -> str:
    code = ord(char)
    if char in '"\\':
        return "\\" + char
    if 32 <= code < 127:
        return char
    if code == 0 or 0xD800 <= code < 0xE000:  # no text of R holds these
        return " "
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def one_line(text: str) -> str:
    r"""Make a text fit for a comment: one line of what prints.

    Examples
    --------
    >>> one_line("a\nimport os")
    'a import os'
    """
    return "".join(c if c.isprintable() else " " for c in text)


def comment(text: str, *, ascii_only: bool = False) -> list[str]:
    """Write a text as lines of comment, which are the same in Python and in R.

    Examples
    --------
    >>> comment("Who is in")
    ['# Who is in']
    """
    line = one_line(text)
    if ascii_only:
        line = line.encode("ascii", "backslashreplace").decode()
    wrapped = textwrap.wrap(line, WIDTH, break_on_hyphens=False)
    return [f"# {part}" for part in wrapped]


def plain(text: str) -> str:
    r"""Make a text fit for a cell of a CSV file that every program reads alike.

    Examples
    --------
    >>> plain("a\r\nb"), plain("")
    ('a  b', 'empty (a level)')
    """
    if text in MISSING:
        return f"{text or 'empty'} (a level)"
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    return kept.lstrip("\ufeff")


def distinct(texts: Iterable[str]) -> dict[str, str]:
    r"""Make texts fit for cells so that different ones stay different.

    Examples
    --------
    >>> distinct(["a b", "a\tb"])
    {'a b': 'a b', 'a\tb': 'a b (2)'}
    """
    found: dict[str, str] = {}
    used: set[str] = set()
    for text in sorted(set(texts), key=lambda t: (plain(t) != t, t)):
        candidate, number = plain(text), 2
        while candidate in used:
            candidate, number = f"{plain(text)} ({number})", number + 1
        found[text] = candidate
        used.add(candidate)
    return found
