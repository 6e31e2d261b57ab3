"""Workbooks of Excel and OpenDocument -> `Table`, through python-calamine.

The cells become text as a person would write them: 12 and not 12.0, dates as ``2024-03-31``,
errors as ``#N/A``. What a formula resulted in is read, the formula never. Which rows are the header
and which are no patients is the matter of `core.reading.formats.layout`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from xml.etree import ElementTree

from python_calamine import (
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from core.errors import DataError, SpecError, StratiscopeError, nearest
from core.notes import Note, listed
from core.reading.formats import archive, grid, layout
from core.reading.formats import sheet as sheets
from core.reading.formats.archive import Member
from core.reading.formats.limits import check_shape
from core.reading.formats.sheet import Facts
from core.reading.table import Table
from core.steps import Recipe

_OLE = b"\xd0\xcf\x11\xe0"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_RECALCULATED = re.compile(rb"\bfullCalcOnLoad\s*=\s*[\"'](?:1|true)")

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class _Book:
    """A workbook that is open.

    `parts` are the XML parts of the sheets by the names of the sheets, for Excel's XML formats;
    `facts` those of the sheets of an OpenDocument file in order.
    """

    data: bytes
    calamine: CalamineWorkbook
    members: dict[str, Member]
    names: tuple[str, ...]
    hidden: frozenset[str]
    parts: dict[str, str]
    facts: tuple[Facts, ...] = ()
    recalculated: bool = False


def read(data: bytes, recipe: Recipe, sheet: str | None = None) -> Table:
    """Read one sheet of a workbook: XLSX, XLSM, XLSB, XLS or ODS.

    Parameters
    ----------
    data : bytes
    recipe : Recipe
        Its steps ``header`` and ``totals`` are followed.
    sheet : str, optional
        Name of a sheet; left out: the first one that holds a table, hidden ones last.

    Returns
    -------
    Table
        All cells are text; empty ones, also those of formulas without a result, are missing.

    Raises
    ------
    DataError
        If the workbook is damaged, needs a password or is too large, if no sheet holds a table, or
        if the formulas of a column were never computed.
    SpecError
        If there is no such sheet.

    Examples
    --------
    >>> import openpyxl
    >>> book, file = openpyxl.Workbook(), io.BytesIO()
    >>> for row in (["id", "months"], ["P1", 12.0], ["P2", 7.5]):
    ...     book.active.append(row)
    >>> book.save(file)
    >>> table = read(file.getvalue(), Recipe())
    >>> table.header, list(table.columns[1]), table.sheet
    (('id', 'months'), ['12', '7.5'], 'Sheet')
    """
    book = _opened(data)
    found = _with_content(book, sheet)
    name = _chosen(book, found, sheet)
    opened, facts = found[name]
    cells = grid.filled_down(_safely(lambda: grid.made(opened, facts)), recipe)
    table = layout.table(cells.rows, cells.lines, recipe, merged=cells.merged)
    notes = (*_on_sheets(book, tuple(found), name), *cells.notes, *table.notes)
    return replace(table, sheets=tuple(found), sheet=name, notes=notes)


def _opened(data: bytes) -> _Book:
    members: dict[str, Member] = {}
    if data.startswith(_OLE):
        if _LOCKED in data:
            raise archive.locked()
    else:
        members = archive.opened(data)
    facts: tuple[Facts, ...] = ()
    if content := members.get("content.xml"):
        facts = tuple(sheets.open_document(archive.pieces(data, content)))
        for one in facts:  # calamine reads all sheets at once
            check_shape(one.rows, one.columns)
    parts = _parts(data, members)
    workbook = members.get("xl/workbook.xml")
    calamine = _safely(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    about = [m for m in calamine.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
    return _Book(
        data=data,
        calamine=calamine,
        members=members,
        names=tuple(m.name for m in about),
        hidden=frozenset(m.name for m in about if m.visible != SheetVisibleEnum.Visible),
        parts=parts,
        facts=facts,
        recalculated=bool(workbook and _RECALCULATED.search(archive.whole(data, workbook))),
    )


def _safely(action: Callable[[], _Made]) -> _Made:
    """Do something with calamine, whose failures, panics among them, mean a damaged file."""
    try:
        return action()
    except PasswordError:
        raise archive.locked() from None
    except (StratiscopeError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:
        raise archive.damaged() from None


def _parts(data: bytes, members: dict[str, Member]) -> dict[str, str]:
    """Which part of the archive each sheet of an XLSX file is."""
    links = members.get("xl/_rels/workbook.xml.rels")
    workbook = members.get("xl/workbook.xml")
    if links is None or workbook is None:
        return {}
    targets = {
        link.get("Id", ""): link.get("Target", "")
        for link in _tree(archive.whole(data, links)).iter()
    }
    parts = {}
    for element in _tree(archive.whole(data, workbook)).iter():
        if element.tag.rpartition("}")[2] == "sheet":
            ids = [v for k, v in element.items() if k.rpartition("}")[2] == "id" and "}" in k]
            target = targets.get(ids[0] if ids else "", "").replace("\\", "/").lower()
            path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            parts[element.get("name", "")] = path
    return parts


def _tree(text: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(text)  # document types are refused before
    except (ElementTree.ParseError, ValueError, LookupError):
        raise archive.damaged() from None


def _facts(book: _Book, name: str) -> Facts:
    """What the XML of a sheet says; nothing for XLS and XLSB."""
    if book.facts:
        at = book.names.index(name)
        return book.facts[at] if at < len(book.facts) else Facts()
    if not book.parts:
        return Facts()
    member = book.members.get(book.parts.get(name, ""))
    if member is None:
        raise archive.damaged()
    facts = sheets.excel(archive.pieces(book.data, member))
    if facts.too_large:
        sheets.filled(archive.pieces(book.data, member), facts)
    if book.recalculated and facts.formulas == len(facts.zero):
        # Some programs write a 0 for every result and leave the computing to Excel.
        facts.uncomputed += facts.zero
    return facts


# Which sheet ----------------------------------------------------------------------------------


def _with_content(book: _Book, sheet: str | None) -> dict[str, tuple[CalamineSheet, Facts]]:
    """The sheets that hold anything."""
    if sheet is not None and sheet not in book.names:
        raise SpecError("sheet", f"The workbook has no sheet '{sheet}'", nearest(sheet, book.names))
    found = {}
    for name in book.names:
        facts = _facts(book, name)
        if facts.too_large and sheet not in (None, name):
            continue
        check_shape(facts.rows, facts.columns)
        opened = _safely(partial(book.calamine.get_sheet_by_name, name))
        if opened.end is not None:
            found[name] = (opened, facts)
    return found


def _chosen(
    book: _Book, found: Mapping[str, tuple[CalamineSheet, Facts]], sheet: str | None
) -> str:
    if sheet is not None:
        if sheet not in found:
            raise DataError(f"The sheet '{sheet}' is empty", nearest(sheet, found))
        return sheet
    tables = [name for name, (s, _) in found.items() if s.height >= 2 and s.width >= 2]
    if not tables:
        raise DataError(
            "The workbook has no sheet with a table of at least two rows and two columns",
            "Choose a file with column names in one row and the patients below",
        )
    return min(tables, key=lambda name: name in book.hidden)


def _on_sheets(book: _Book, found: tuple[str, ...], name: str) -> list[Note]:
    notes = []
    if len(found) > 1:
        said = f"The workbook has {len(found)} sheets with content: {listed(found)}. "
        said += f"The table is the sheet '{name}'."
        notes.append(Note("info", "sheet", said, "read", len(found)))
    hidden = [n for n in found if n in book.hidden]
    if hidden:
        said = f"The workbook hides these sheets: {listed(hidden)}."
        notes.append(Note("info", "sheet", said, "read", len(hidden)))
    return notes
