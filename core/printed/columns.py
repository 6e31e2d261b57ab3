"""The columns of a pasted table: what each holds, as its header says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.printed.table import Cell

_KINDS: tuple[tuple[str, str], ...] = (
    ("patients and events", r"\b(?:n|no|patients)\b.*/.*\b(?:events?|progress|deaths?)"),
    ("p", r"^(?:(?:log.?rank\s*|wald\s*)?(?:test\s*)?p(?:.?values?)?|log.?rank(?: test)?|sig)$"),
    ("median", r"\bmedians?\b|\bm?(?:pfs|os)\b"),
    ("odds", r"\bodds\b|\bor\b"),
    ("ratio", r"\bhazard\b|\ba?hr\b"),
    ("limits", r"\bci\b|\bconfidence\b|\blimits\b"),
    ("events", r"\bevents?\b|\bprogress|\bdeaths?\b"),
    ("share", r"%|\bpercent"),
    ("n", r"^(?:n|no|numbers?|patients?|cases|total|no of patients|number of patients)$"),
)  # fmt: skip
_NOISE = re.compile(r"[.,:;*†‡§]|95\s?%|\s+(?=\s)")
_PLAIN_LIMITS = re.compile(
    r"^\s*[(\[]?\s*([^\s()\[\]]+)\s*(?:-|–|—|to|,|~)\s*([^\s()\[\]]+)\s*[)\]]?\s*$"
)
RATIO = ("hazard_ratio", "hr_low", "hr_high")
ODDS = ("odds_ratio", "or_low", "or_high")
MEDIAN = ("median", "median_low", "median_high")
FEWEST = 2
"""Columns that must be known before a header is trusted."""


@dataclass(frozen=True)
class Column:
    """One column: a key of the list of kinds, and the model of its ratios; empty where unknown."""

    kind: str
    model: str = ""


@dataclass(frozen=True)
class Token:
    """One field of a line: its shape, and its numbers as texts."""

    shape: str
    texts: tuple[str, ...]


def of_header(rows: Sequence[Sequence[str]]) -> tuple[Column, ...]:
    """What the columns hold; empty where the header does not say it.

    Parameters
    ----------
    rows : sequence of sequence of str
        One or two lines of the header, the second below the first; a text that stands above
        several columns stands over the first of them.

    Examples
    --------
    >>> [c.kind for c in of_header([["Factor", "n", "Events", "HR (95% CI)", "P"]])]
    ['', 'n', 'events', 'ratio', 'p']
    """
    wide = max(map(len, rows), default=0)
    said = [""] * wide
    for number, row in enumerate(rows):
        above = ""
        for i in range(wide):
            here = row[i].strip() if i < len(row) else ""
            above = here or above
            spans = number == 0 and len(rows) > 1
            said[i] = f"{said[i]} {above if spans else here}".strip()
    found = [_column(text) for text in said]
    known = sum(bool(column.kind) for column in found)
    return tuple(_models(found)) if known >= FEWEST else ()


def _column(text: str) -> Column:
    plain = " ".join(_NOISE.sub(" ", text.casefold()).split())
    model = ""
    if re.search(r"multi|\badjusted|\baHR\b", plain):
        model = "multivariable"
    elif re.search(r"\buni|\bunadjusted|\bcrude", plain):
        model = "univariable"
    plain = re.sub(
        r"\b(?:multi|uni)\s?-?\s?varia\w+\b|\b(?:un)?adjusted\b|\banalysis\b|\bcrude\b", " ", plain
    )
    plain = " ".join(plain.split())
    kind = next((kind for kind, words in _KINDS if re.search(words, plain)), "")
    return Column(kind, model)


def _models(found: Sequence[Column]) -> Iterator[Column]:
    """Give ratios a model, and p-values and limits that of the ratio on their left."""
    model, kind = "", ""
    for column in found:
        if column.kind in ("ratio", "odds"):
            second = "multivariable" if model else "univariable"
            model, kind = column.model or second, column.kind
            yield replace(column, model=model)
        elif column.kind == "median":
            kind = "median"
            yield replace(column, model="")
        elif column.kind == "limits":
            yield Column(f"limits of {kind}" if kind else "", model if kind != "median" else "")
        elif column.kind == "p":
            yield replace(column, model=column.model or model)
        else:
            yield replace(column, model="")


def read(field: str, tokens: Sequence[Token], column: Column, base: Cell) -> list[Cell]:
    """The cells of one field of a known column; none where it holds something else.

    Parameters
    ----------
    field : str
    tokens : sequence of Token
        Its numbers by their shape.
    column : Column
    base : Cell
        Of the row.
    """
    own = replace(base, model=column.model)
    if column.kind.startswith("limits of "):
        names = {"ratio": RATIO, "odds": ODDS, "median": MEDIAN}[
            column.kind.removeprefix("limits of ")
        ]
        ends = _PLAIN_LIMITS.match(field)
        return _cells(own, names[1:], ends.groups()) if ends else []
    if not tokens:
        return []
    first, alone = tokens[0], tokens[0].texts[:1]
    if column.kind in ("ratio", "odds"):
        names = ODDS if column.kind == "odds" else RATIO
        if first.shape == "limits":
            return _cells(own, names, first.texts)
        bare = first.shape == "number" and re.fullmatch(r"\s*1(?:[.,]0*)?\s*", alone[0])
        if first.shape == "reference" or bare:
            return [replace(own, quantity="reference", printed="1")]
        return _cells(own, names[:1], alone)
    if column.kind == "median":
        return (
            _cells(own, MEDIAN, first.texts)
            if first.shape == "limits"
            else _cells(own, MEDIAN[:1], alone)
        )
    if column.kind == "p":
        return [replace(own, quantity="p_value", printed=alone[0].strip())]
    return _counts(first, column, own)


def _counts(token: Token, column: Column, own: Cell) -> list[Cell]:
    if token.shape == "share":
        if column.kind == "events":
            return _cells(own, ("events",), token.texts[:1])
        return _cells(own, ("count", "percent"), token.texts)
    if token.shape == "events":
        pair = sorted(token.texts, key=int, reverse=True)
        return _cells(own, ("n", "events"), pair)
    name = {"n": "n", "events": "events", "share": "percent"}.get(column.kind)
    return _cells(own, (name,), token.texts[:1]) if name and token.texts else []


def _cells(base: Cell, names: Sequence[str], texts: Sequence[str]) -> list[Cell]:
    return [replace(base, quantity=n, printed=t.strip()) for n, t in zip(names, texts, strict=True)]
