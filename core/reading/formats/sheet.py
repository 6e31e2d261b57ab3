"""What the XML of a sheet says and python-calamine does not pass on.

How far its cells reach, which calamine makes room for before it can be asked; cells with errors;
formulas without a result; hidden rows and columns; merged cells of an OpenDocument sheet. The text
is looked through in pieces, as bytes: making a tree of it would take minutes and gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.errors import DataError
from core.reading.formats.limits import MAX_CELLS, MAX_COLUMNS, MAX_ROWS

Place = tuple[int, int]
"""Row and column, from 0."""
Range = tuple[int, int, int, int]
"""First row, first column, last row, last column of merged cells."""

_MOST_CARRIED = 1 << 23
_MOST_ROWS = 1 << 20
"""Of an Excel sheet, the empty ones included."""

_REFERENCE = re.compile(rb"\br\s*=\s*[\"']\s*([A-Za-z]{0,7})([0-9]{1,8})")
_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s/>])")
_CELL_TAGS = (b"<c ", b"<c>", b"<c/", b":c ", b":c>", b":c/")
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is)[\s>]")
_ERROR = re.compile(
    rb"<(?:\w+:)?c\b([^<>]*\st\s*=\s*[\"']e[\"'][^<>]*)>\s*"
    rb"(?:<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</(?:\w+:)?f\s*>)\s*)?<(?:\w+:)?v>([^<]{1,20})<"
)
_FORMULA = re.compile(
    rb"<(?:\w+:)?c\b([^<>]*)>\s*<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</(?:\w+:)?f\s*>)\s*"
    rb"(?:<(?:\w+:)?v\s*(?:/>|>([^<]*)</(?:\w+:)?v\s*>))?"
)
_HAS_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_WORDS = re.compile(rb"\st\s*=\s*[\"']str[\"']")
_HIDDEN = re.compile(rb"<(?:\w+:)?(row|col)\b([^<>]*\shidden\s*=\s*[\"'](?:1|true)[\"'][^<>]*)>")
_BOUNDS = re.compile(rb"\b(min|max)\s*=\s*[\"']([0-9]{1,8})")


@dataclass
class Facts:
    """What was seen of one sheet.

    Attributes
    ----------
    rows, columns : int
        Up to and with the last cell that holds anything.
    errors : dict of (row, column) to str
        Cells whose formula failed, such as ``#DIV/0!``.
    uncomputed : list of (row, column)
        Formulas without a result.
    zero : list of (row, column)
        Formulas whose result is 0.
    formulas : int
    hidden_rows : list of int
    hidden_columns : list of (int, int)
        First and last one of each run.
    merged : list of (first row, first column, last row, last column)
        For OpenDocument only; calamine knows those of the other formats.
    """

    rows: int = 0
    columns: int = 0
    errors: dict[Place, str] = field(default_factory=dict)
    uncomputed: list[Place] = field(default_factory=list)
    zero: list[Place] = field(default_factory=list)
    formulas: int = 0
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[Place] = field(default_factory=list)
    merged: list[Range] = field(default_factory=list)

    @property
    def too_large(self) -> bool:
        """Whether the sheet is over a limit."""
        return (
            self.rows > MAX_ROWS
            or self.columns > MAX_COLUMNS
            or self.rows * self.columns > MAX_CELLS
        )


def whole_rows(pieces: Iterable[bytes], name: bytes = b"row") -> Iterator[bytes]:
    """Cut the text of a sheet anew: between two of its rows, or else between two tags.

    Examples
    --------
    >>> list(whole_rows([b"<row>1</row><ro", b"w>2</row><row>3"]))
    [b'<row>1</row>', b'<row>2</row>', b'<row>3']
    """
    carried = b""
    for piece in pieces:
        text = carried + piece
        cut = _cut(text, name)
        if len(text) - cut > _MOST_CARRIED:
            cut = len(text)
        carried = text[cut:]
        yield text[:cut]
    yield carried


def _cut(text: bytes, name: bytes) -> int:
    """Where the last row begins, or the last tag."""
    at = max(text.rfind(b"<" + name), text.rfind(b"<", 0, text.rfind(b":" + name) + 1))
    return at if at > 0 else max(text.rfind(b"<"), 0)


def excel(pieces: Iterable[bytes]) -> Facts:
    r"""Look through the XML of an Excel sheet.

    Parameters
    ----------
    pieces : iterable of bytes
        The text of the part in order.

    Raises
    ------
    DataError
        If it has more rows than Excel allows, empty ones included.

    Examples
    --------
    >>> facts = excel([b'<row r="2"><c r="B2" t="e"><v>#N/A</v></c><c r="C2"><f>1+1</f></c></row>'])
    >>> facts.rows, facts.columns, facts.errors, facts.uncomputed
    (2, 3, {(1, 1): '#N/A'}, [(1, 2)])
    """
    facts = Facts()
    count = unnumbered = 0
    for text in whole_rows(pieces):
        rows = len(_ROW.findall(text))
        count += rows
        if count > _MOST_ROWS:
            raise _too_many_rows()
        places = _REFERENCE.findall(text)
        letters = [letters for letters, _ in places if letters]
        facts.rows = max(facts.rows, max((int(digits) for _, digits in places), default=0))
        facts.columns = max(facts.columns, max(map(column_number, set(letters)), default=0))
        # Rows and cells need not say where they are: then they follow one another.
        unnumbered += max(0, rows - (len(places) - len(letters)))
        if sum(map(text.count, _CELL_TAGS)) > len(letters):
            widest = max(len(_CELL.findall(row)) for row in _ROW.split(text))
            facts.columns = max(facts.columns, widest)
        _look(text, facts)
    facts.rows += unnumbered
    return facts


def _too_many_rows() -> DataError:
    return DataError(
        f"The sheet has more than {_MOST_ROWS:,} rows, which is the limit",
        "Keep the rows and columns that the analysis needs",
    )


def filled(pieces: Iterable[bytes], facts: Facts) -> None:
    """Set how far the cells of an Excel sheet reach, without those that have a format only.

    This is slower than what `excel` does, so it is for sheets that seem to be too large.
    """
    rows = columns = 0
    for text in whole_rows(pieces):
        for cell in _CELL.split(text)[1:]:
            if _VALUE.search(cell):
                place = _REFERENCE.search(cell)
                if place is None or not place[1]:
                    return
                rows = max(rows, int(place[2]))
                columns = max(columns, column_number(place[1]))
    facts.rows, facts.columns = rows, columns


def column_number(letters: bytes) -> int:
    """Number of a column from its letters, from 1.

    Examples
    --------
    >>> column_number(b"A"), column_number(b"XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _look(text: bytes, facts: Facts) -> None:
    """Note the errors, the formulas and what is hidden in a part of an Excel sheet."""
    if b'"e"' in text or b"'e'" in text:
        for attributes, word in _ERROR.findall(text):
            if place := _place(attributes):
                facts.errors[place] = word.decode("utf-8", "replace")
    if _HAS_FORMULA.search(text):
        for attributes, value in _FORMULA.findall(text):
            _on_formula(attributes, value.strip(), facts)
    if b"hidden" in text:
        for tag, attributes in _HIDDEN.findall(text):
            _on_hidden(tag, attributes, facts)


def _on_hidden(tag: bytes, attributes: bytes, facts: Facts) -> None:
    if tag == b"row" and (found := _REFERENCE.search(attributes)):
        facts.hidden_rows.append(int(found[2]) - 1)
    elif tag == b"col":
        bounds = {key: int(digits) - 1 for key, digits in _BOUNDS.findall(attributes)}
        if len(bounds) == 2:
            facts.hidden_columns.append((bounds[b"min"], bounds[b"max"]))


def _on_formula(attributes: bytes, value: bytes, facts: Facts) -> None:
    facts.formulas += 1
    place = _place(attributes)
    if place is None:
        return
    # A formula may well result in an empty text, which is of type "str".
    if not value and not _WORDS.search(attributes):
        facts.uncomputed.append(place)
    elif value == b"0":
        facts.zero.append(place)


def _place(attributes: bytes) -> Place | None:
    found = _REFERENCE.search(attributes)
    return (int(found[2]) - 1, column_number(found[1]) - 1) if found and found[1] else None


# OpenDocument ---------------------------------------------------------------------------------

_TAG = re.compile(
    rb"<(/?)(?:\w+:)?(table|table-row|table-column|table-cell|covered-table-cell)(?=[\s/>])([^<>]*)>"
)
_REPEATED = re.compile(rb":number-(?:rows|columns)-repeated\s*=\s*[\"']([0-9]{1,9})")
_SPANNED = re.compile(rb":number-(rows|columns)-spanned\s*=\s*[\"']([0-9]{1,8})")
_TYPE = re.compile(rb":value-type\s*=\s*[\"']([a-z]+)")
_VISIBILITY = re.compile(rb":visibility\s*=\s*[\"'](?:collapse|filter)")


def open_document(pieces: Iterable[bytes]) -> list[Facts]:
    r"""Look through the content of an OpenDocument spreadsheet: all of its sheets in order.

    Examples
    --------
    >>> row = b'<t:table-row t:number-rows-repeated="9"><t:table-cell o:value-type="float"/>'
    >>> [found] = open_document([b"<t:table>" + row + b"</t:table-row></t:table>"])
    >>> found.rows, found.columns
    (9, 1)
    """
    sheets: list[Facts] = []
    row, column, repeats = 0, 0, 1
    for text in whole_rows(pieces, b"table-row"):
        for close, tag, attributes in _TAG.findall(text):
            if tag == b"table":
                row = 0
                if not close:
                    sheets.append(Facts())
            elif not sheets or (close and tag != b"table-row"):
                continue
            elif tag == b"table-row":
                if close or attributes.endswith(b"/"):
                    row += _times(attributes) if not close else repeats
                else:
                    column, repeats = 0, _times(attributes)
                    if b"visibility" in attributes and _VISIBILITY.search(attributes):
                        sheets[-1].hidden_rows += range(row, row + min(repeats, MAX_ROWS))
            elif tag != b"table-column":
                _on_cell(attributes, (row, column), repeats, sheets[-1])
                column += _times(attributes)
    return sheets


def _times(attributes: bytes) -> int:
    """How often a row or a cell stands there."""
    found = _REPEATED.search(attributes) if b"repeated" in attributes else None
    return int(found[1]) if found else 1


def _on_cell(attributes: bytes, place: Place, repeats: int, facts: Facts) -> None:
    row, column = place
    kind = _TYPE.search(attributes)
    if kind is not None or not attributes.endswith(b"/"):
        facts.rows = max(facts.rows, row + repeats)
        facts.columns = max(facts.columns, column + _times(attributes))
    if b"spanned" in attributes:
        sizes = {key: int(digits) for key, digits in _SPANNED.findall(attributes)}
        down, across = sizes.get(b"rows", 1), sizes.get(b"columns", 1)
        if down > 1 or across > 1:
            facts.merged.append((row, column, row + down - 1, column + across - 1))
    if b":formula" in attributes:
        facts.formulas += 1
        if kind is None:
            facts.uncomputed.append(place)
    if b'calcext:value-type="error"' in attributes:
        facts.errors[place] = "#VALUE!"
