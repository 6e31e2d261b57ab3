"""ARFF files -> `Table`: the format of Weka, in which several survival cohorts are published.

Dense rows only. A sparse row leaves out what is 0 or the first word of a category, and what was
left out by mistake cannot be told from that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from core.errors import DataError
from core.notes import MOST_LINES, Note, counted
from core.reading.cells.numerals import is_number
from core.reading.formats import typed
from core.reading.formats.encodings import to_utf8
from core.reading.formats.limits import check_columns, check_size
from core.reading.formats.typed import Column
from core.reading.packed import SEPARATOR, Cells
from core.reading.table import Table

_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|[^\s{{]+)\s*(\S.*)", re.IGNORECASE)
_CELL = re.compile(rf"[ \t]*({_QUOTED}|[^,\t'\"]*|[^,\t]*)[ \t]*(,|\t|$)")
_ESCAPE = re.compile(r"\\(.)")
_SPECIAL = {"n": "\n", "t": "\t", "r": "\r"}
_MISSING = "?"
_NUMERIC, _NOMINAL = "numeric", "nominal"
_KINDS = {"numeric": _NUMERIC, "real": _NUMERIC, "integer": _NUMERIC, "string": "text"}
_HINT = "Correct the line, or save the table as CSV"


@dataclass(frozen=True)
class _Attribute:
    name: str
    kind: str
    levels: tuple[str, ...] = ()


def read(data: bytes) -> Table:
    r"""Read a dense ARFF file.

    Parameters
    ----------
    data : bytes
        In any encoding that text may have. ``?`` is missing.

    Returns
    -------
    Table
        Numbers for numeric attributes, text for the others, with the words of a nominal
        attribute in `levels` as the file lists them.

    Raises
    ------
    DataError
        If it has no attributes or rows, or sparse rows, or a row of another length.

    Examples
    --------
    >>> table = read(b"@relation t\n@attribute g {low,high}\n@data\nhigh\n?\n")
    >>> table.header, list(table.columns[0]), table.levels
    (('g',), ['high', ''], {'g': ('low', 'high')})
    """
    body, notes = to_utf8(data)
    lines = re.split(r"\r\n|\r|\n", body.decode("utf-8"))
    attributes, start = _header(lines)
    check_columns(len(attributes))
    check_size("\n".join(lines[start - 1 :]).encode(), len(attributes))
    rows, at = _rows(lines, start, len(attributes))
    cells = zip(*rows, strict=True) if rows else [()] * len(attributes)
    columns = [_column(a, list(c), at) for a, c in zip(attributes, cells, strict=True)]
    table = typed.assemble(columns, len(rows), notes=notes)
    return replace(table, header_rows=start, lines=np.array(at))


def _header(lines: list[str]) -> tuple[list[_Attribute], int]:
    """Read the attributes, and find the number of the line ``@data``."""
    attributes: list[_Attribute] = []
    for number, line in enumerate(lines, start=1):
        said = line.strip()
        if said.lower().split("%")[0].strip() == "@data":
            if attributes:
                return attributes, number
            break
        if said.lower().startswith("@attribute"):
            attributes.append(_attribute(said, number))
    raise DataError(
        "The ARFF file has no lines '@attribute' or no line '@data' below them",
        "Export it again, or as CSV",
    )


def _attribute(line: str, number: int) -> _Attribute:
    found = _ATTRIBUTE.fullmatch(line)
    if found is None or SEPARATOR in line:
        raise DataError(f"Line {number} of the ARFF file is no valid '@attribute'", _HINT)
    name, kind = _plain(found[1]), found[2].strip()
    if kind.startswith("{"):
        inner = kind[1:].rsplit("}", 1)
        words = _split(inner[0]) if len(inner) == 2 else None
        if words is None:
            raise DataError(f"Line {number} of the ARFF file has no valid list of words", _HINT)
        return _Attribute(name, _NOMINAL, tuple(dict.fromkeys(w for w in words if w)))
    word = kind.split()[0].lower()
    if word == "date":
        return _Attribute(name, "text")
    if word not in _KINDS:
        raise DataError(
            f"Line {number} of the ARFF file has a kind of attribute that cannot be read",
            "Numeric, nominal, string and date attributes can: leave the others out",
        )
    return _Attribute(name, _KINDS[word])


def _rows(lines: list[str], start: int, width: int) -> tuple[list[list[str]], list[int]]:
    rows, at = [], []
    for number, line in enumerate(lines[start:], start=start + 1):
        said = line.strip()
        if not said or said.startswith("%"):
            continue
        if said.startswith("{"):
            raise DataError(
                f"The ARFF file has sparse rows, the first one in line {number}",
                "Save it with dense rows (Weka: the filter SparseToNonSparse), or as CSV",
                row=number,
            )
        row = _split(said)
        if row is None:
            raise DataError(f"A quote in line {number} does not end", _HINT, row=number)
        if len(row) != width:
            problem = (
                f"Line {number} has {counted(len(row), 'cell')}, and there are {width} attributes"
            )
            raise DataError(problem, _HINT, row=number)
        rows.append(row)
        at.append(number)
    return rows, at


def _split(line: str) -> list[str] | None:
    r"""Split a line into cells; None where a quote does not end.

    Examples
    --------
    >>> _split(r"1, 'it\'s, so' ,?,''")
    ['1', "it's, so", '', '']
    """
    if not any(c in line for c in "'\"\\"):
        separated = line.replace("\t", ",") if "," not in line else line
        cells = [cell.strip() for cell in separated.split(",")]
        return ["" if cell == _MISSING else cell for cell in cells]
    cells, at = [], 0
    while True:
        found = _CELL.match(line, at)
        if found is None or (found[1][:1] in "'\"" and found[1] and not _is_quoted(found[1])):
            return None
        cells.append("" if found[1].strip() == _MISSING else _plain(found[1].strip()))
        at = found.end()
        if not found[2]:
            return cells


def _is_quoted(cell: str) -> bool:
    return re.fullmatch(_QUOTED, cell) is not None


def _plain(word: str) -> str:
    """Take the quotes off a word, and the escapes within."""
    if not _is_quoted(word):
        return word
    return _ESCAPE.sub(lambda found: _SPECIAL.get(found[1], found[1]), word[1:-1])


def _column(attribute: _Attribute, cells: list[str], at: list[int]) -> Column:
    if attribute.kind == _NUMERIC:
        if all(not cell or is_number(cell) for cell in cells):
            values = np.array([float(cell) if cell else np.nan for cell in cells])
            return Column(attribute.name, values)
        odd = [n for n, c in zip(at, cells, strict=True) if c and not is_number(c)]
        said = f"{counted(len(odd), 'cell')} without a number, though the file calls the column "
        said += "numeric."
        return Column(attribute.name, _text(attribute, cells), notes=(_warned(said, odd),))
    known = set(attribute.levels)
    odd = [n for n, c in zip(at, cells, strict=True) if c and c not in known] if known else []
    said = f"{counted(len(odd), 'cell')} with a word that the file does not list for the column."
    notes = (_warned(said, odd),) if odd else ()
    return Column(attribute.name, _text(attribute, cells), levels=attribute.levels, notes=notes)


def _text(attribute: _Attribute, cells: list[str]) -> Cells:
    return typed.text(cells, attribute.name)


def _warned(said: str, odd: list[int]) -> Note:
    return Note("warning", "", said, "suspect", len(odd), tuple(odd[:MOST_LINES]))
