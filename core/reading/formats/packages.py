"""Files of SPSS, Stata and SAS -> `Table`, through pyreadstat.

Value labels become words where every value that occurs has one. Dates become ISO text. What the
package itself counts as missing is missing. The bytes are read from memory: no copy on the disk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.notes import Note, counted
from core.reading.formats import labels, readstat, typed, whole
from core.reading.formats.limits import MAX_CELLS, MAX_ROWS, check_shape
from core.reading.formats.typed import Column, changed_note, read_note
from core.reading.packed import Cells
from core.reading.table import Table

_ENDLESS = 1e300

# What a column shows, from the name of its format; SPSS and SAS write a width behind the name.
_SPSS_FORMATS = {
    "day": re.compile(r"(?:[AES]?DATE|JDATE|QYR|WKYR)[0-9.]*"),
    "month": re.compile(r"MOYR[0-9.]*"),
    "moment": re.compile(r"(?:DATETIME|YMDHMS)[0-9.]*"),
    "clock": re.compile(r"[DM]?TIME[0-9.]*"),
}
_SAS_FORMATS = {
    "day": re.compile(
        r"(?:DATE|(?:DDMMYY|MMDDYY|YYMMDD)[BCDNPS]?|WEEKDAT[EX]|WORDDAT[EX]|JULIAN|NLDATE|"
        r"(?:E8601|B8601|IS8601)DA|MONYY|YYMON|(?:MMYY|YYMM)[CDNPS]?|YYQ[CDNPS]?)[0-9.]*"
    ),
    "moment": re.compile(
        r"(?:DATETIME|DATEAMPM|MDYAMPM|NLDATM|DTDATE|(?:E8601|B8601|IS8601)D[TN])[0-9.]*"
    ),
    "clock": re.compile(r"(?:TIME|HHMM|TOD|TIMEAMPM|(?:E8601|B8601|IS8601)TM)[0-9.]*"),
}
_STATA_FORMATS = {
    "day": re.compile(r"%-?t?d.*"),
    "moment": re.compile(r"%-?t[cC].*"),
    "months": re.compile(r"%-?tm.*"),
    "periods": re.compile(r"%-?t[wqh].*"),
}


def read(data: bytes, kind: str, *, sheet: str | None = None) -> Table:
    """Read a file of a statistics package.

    Parameters
    ----------
    data : bytes
    kind : {"sav", "zsav", "por", "dta", "sas7bdat", "xpt"}
        What the file is, as its name ends.
    sheet : str or None
        Table of a SAS transport file that holds several; None: the first one.

    Returns
    -------
    Table
        Value labels in `codes`, labels of the columns in `labels`. Missing values of the user
        (SPSS) and special ones (Stata, SAS) are missing, and counted in a note.

    Raises
    ------
    DataError
        If it is damaged, cut short, or larger than the limits.

    Examples
    --------
    >>> read(b"$FL2 and no more", "sav")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    core.errors.DataError: The file cannot be read as an SPSS file. It may be damaged ...
    """
    sheets: tuple[str, ...] = ()
    name = ""
    if kind == "xpt":
        data, sheets, name = whole.member(data, sheet)
    head, _, _ = readstat.decoded(data, kind, limit=0)
    rows = _announced(data, kind, head)
    check_shape(rows or 0, len(head.column_names))
    limit = min(MAX_ROWS, MAX_CELLS // max(1, len(head.column_names))) + 1
    meta, values, encoding = readstat.decoded(data, kind, limit=limit)
    if len(values) != len(meta.column_names):
        raise readstat.unreadable(kind)
    read_rows = len(values[meta.column_names[0]]) if values else 0
    if kind != "xpt" and rows is not None and rows != read_rows:
        raise whole.cut_short()
    _check_end(data, kind, meta, read_rows)
    columns = [_column(key, values[key], meta, kind) for key in meta.column_names]
    single = sum(kind == "float" for kind in meta.readstat_variable_types.values())
    notes = [*_on_encoding(encoding), *_on_rows(kind, rows, read_rows), *typed.on_single(single)]
    return typed.assemble(columns, read_rows, notes=notes, sheets=sheets, sheet=name)


def _announced(data: bytes, kind: str, head: Any) -> int | None:
    """How many rows there are from what the file says, at most; None where it does not say."""
    if kind == "xpt":
        return whole.transport_rows(data, list(head.variable_storage_width.values()))
    rows: int | None = head.number_rows
    return rows


def _check_end(data: bytes, kind: str, meta: Any, rows: int) -> None:
    if kind == "dta":
        whole.check_stata(data)
    elif kind == "xpt":
        whole.check_transport(data, list(meta.variable_storage_width.values()), rows=rows)


def _on_rows(kind: str, announced: int | None, rows: int) -> list[Note]:
    if announced is not None and kind != "xpt":
        return []
    said = f"The file does not say how many rows it has. {rows:,} were read: compare the number."
    return [Note("info", "file", said, "read", rows)]


def _on_encoding(encoding: str | None) -> list[Note]:
    if encoding is None:
        return []
    name = "Windows-1252" if encoding == "WINDOWS-1252" else encoding
    said = f"The text of the file was read as {name}, which it does not state. "
    return [Note("info", "encoding", said + "If letters look wrong, save it as Unicode.", "read")]


def _column(key: str, cells: list[Any], meta: Any, kind: str) -> Column:
    words = dict(meta.variable_value_labels.get(key, {}))
    ranges = meta.missing_ranges.get(key, [])
    label = (meta.column_names_to_labels.get(key) or "").strip()
    notes: list[Note] = []
    if meta.readstat_variable_types.get(key) == "string":
        text = ["" if cell is None else cell.rstrip(" ") for cell in cells]
        text = _without_missing_text(text, ranges, notes)
        spoken = {code: word for code, word in words.items() if isinstance(code, str)}
        values, codes, more = labels.labelled_text(text, spoken, name=key)
        return _labelled(key, values, label, codes, [*notes, *more])
    coded = {float(code): word for code, word in words.items() if not isinstance(code, str)}
    numbers = _without_missing(_numbers(cells, notes), ranges, coded, notes)
    if meta.readstat_variable_types.get(key) == "float":
        numbers = typed.single(numbers)
    form = meta.original_variable_types.get(key) or ""
    if shown := _shown(form, kind):
        column = _dated(numbers, shown, form, kind)
        return Column(key, column.values, label=label, notes=(*notes, *column.notes))
    if kind == "dta" and key in meta.variable_to_label and not words:
        notes.append(read_note("Its value labels are named in the file but not stored in it."))
    values, codes, more = labels.labelled(numbers, coded, name=key)
    return _labelled(key, values, label, codes, [*notes, *more])


def _labelled(
    key: str, values: Cells | np.ndarray, label: str, codes: labels.Codes, notes: list[Note]
) -> Column:
    words = tuple(word for _, word in codes)
    return Column(key, values, label=label, codes=codes, levels=words, notes=tuple(notes))


def _numbers(cells: list[Any], notes: list[Note]) -> np.ndarray:
    """Numbers with NaN for missing; letters are the special missing values of Stata and SAS."""
    special = {cell for cell in cells if isinstance(cell, str)}
    if special:
        n = sum(isinstance(cell, str) for cell in cells)
        codes = ", ".join(f".{letter}" for letter in sorted(special)[:5])
        said = f"{counted(n, 'cell')} with a special missing value ({codes})."
        notes.append(changed_note(said, n=n))
        cells = [None if isinstance(cell, str) else cell for cell in cells]
    return np.array(cells, dtype=np.float64)


def _without_missing(
    numbers: np.ndarray,
    ranges: Sequence[Mapping[str, Any]],
    coded: dict[float, str],
    notes: list[Note],
) -> np.ndarray:
    """Take out what the file declares missing, also from the labels."""
    gone = np.zeros(len(numbers), dtype=bool)
    shown = []
    for span in ranges:
        hit = (numbers >= span["lo"]) & (numbers <= span["hi"])
        gone |= hit
        words = [coded.pop(c) for c in list(coded) if span["lo"] <= c <= span["hi"]]
        if hit.any():
            shown.append(_span(span["lo"], span["hi"], words))
    if gone.any():
        notes.append(_declared(int(gone.sum()), shown))
    return np.where(gone, np.nan, numbers)


def _without_missing_text(
    cells: list[str], ranges: Sequence[Mapping[str, Any]], notes: list[Note]
) -> list[str]:
    codes = {str(span["lo"]).rstrip(" ") for span in ranges} - {""}
    if n := sum(cell in codes for cell in cells):
        notes.append(_declared(n, sorted(codes & set(cells))))
    return ["" if cell in codes else cell for cell in cells]


def _span(low: float, high: float, words: Sequence[str]) -> str:
    """What is missing as the file declares it; of a range, never the values of the cells."""
    if low < -_ENDLESS or high > _ENDLESS:  # LOWEST, HIGHEST
        least = f"up to {labels.written(high)}"
        return least if low < -_ENDLESS else f"from {labels.written(low)} on"
    if low != high:
        return f"{labels.written(low)} to {labels.written(high)}"
    return labels.written(low) + (f" = {words[0]}" if words else "")


def _declared(n: int, shown: Sequence[str]) -> Note:
    listed = ", ".join(shown[:5]) + (", ..." if shown[5:] else "")
    said = f"{counted(n, 'cell')} with what the file declares missing ({listed})."
    return changed_note(said, n=n)


def _shown(form: str, kind: str) -> str:
    """What a column shows by its format: a day, a moment, a time of day ...; empty: a number."""
    formats = {"dta": _STATA_FORMATS, "sas7bdat": _SAS_FORMATS, "xpt": _SAS_FORMATS}
    table = formats.get(kind, _SPSS_FORMATS)
    return next((shown for shown, form_is in table.items() if form_is.fullmatch(form)), "")


def _dated(numbers: np.ndarray, shown: str, form: str, kind: str) -> Column:
    if shown == "clock":
        return Column("", typed.clock(numbers % 86_400 if form.startswith("TOD") else numbers))
    if shown == "periods":
        said = "It counts weeks, quarters or half-years from 1960 and was kept as a number."
        return Column("", numbers, notes=(read_note(said),))
    present = ~np.isnan(numbers)
    if shown == "months":
        # A date further away is none; it is told as such below.
        months = np.where(np.abs(numbers) < 1e6, numbers, 1e6).astype(np.int64)
        when = (np.datetime64("1960-01", "M") + months).astype("datetime64[us]")
        when[~present] = np.datetime64("NaT")
    else:
        when = typed.moments(numbers * _scale(shown, kind), _epoch(kind))
    cells, notes = typed.dates(when, present=present, days=shown != "moment")
    if shown in ("month", "months"):
        cells = Cells.of([cell[:7] for cell in cells])
    return Column("", cells, notes=tuple(notes))


def _epoch(kind: str) -> str:
    """From when on dates are counted: SPSS goes by the Gregorian calendar's beginning."""
    return "1960-01-01" if kind in ("dta", "sas7bdat", "xpt") else "1582-10-14"


def _scale(shown: str, kind: str) -> float:
    """Seconds of one unit that a date is counted in."""
    if kind in ("sav", "zsav", "por"):
        return 1.0
    if shown == "day":
        return 86_400.0
    return 0.001 if kind == "dta" else 1.0
