"""Parquet and Feather (Arrow IPC) files -> `Table`, through pyarrow.

Both say in a footer how large they are, so that a bomb is refused before it is unpacked.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from core.errors import DataError
from core.notes import Note, counted
from core.reading.formats import typed
from core.reading.formats.limits import check_bytes, check_shape
from core.reading.formats.typed import Column, changed_note, read_note
from core.reading.packed import Cells
from core.reading.table import Table

_PARQUET, _FEATHER, _OLD_FEATHER = b"PAR1", b"ARROW1", b"FEA1"
_COUNTER = "__index_level_"
_PLAIN_DIGITS = 15
_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


def read(data: bytes) -> Table:
    """Read a Parquet or a Feather file.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    Table
        Nested columns and the counter that pandas writes beside a table are left out, which is
        told. A date with a time zone is the time of day of that zone.

    Raises
    ------
    DataError
        If it is no such file, damaged, cut short, encrypted or larger than the limits.

    Examples
    --------
    >>> read(b"PAR1")
    Traceback (most recent call last):
    core.errors.DataError: The Parquet file cannot be read. It is damaged or incomplete: copy or \
export it again.
    """
    kind = "Parquet" if data.startswith(_PARQUET) else "Feather"
    if not data.startswith((_PARQUET, _FEATHER, _OLD_FEATHER)):
        raise DataError("The file is no Parquet or Feather file", "Export it again, or as CSV")
    try:
        # Nothing that the library may warn of changes what is read.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table, schema = _parquet(data) if kind == "Parquet" else _feather(data)
            table.validate(full=True)
            columns, notes = _columns(table, schema)
    except (DataError, MemoryError):
        raise
    except Exception:
        hint = "It is damaged or incomplete: copy or export it again"
        raise DataError(f"The {kind} file cannot be read", hint) from None
    return typed.assemble(columns, table.num_rows, notes=notes)


def _parquet(data: bytes) -> tuple[Any, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(data))
    footer = file.metadata
    check_shape(footer.num_rows, footer.num_columns)
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
    check_bytes(sum(group.total_byte_size for group in groups))
    schema = file.schema_arrow
    words = [field.name for field in schema if _is_text(field.type)]
    # A word that a million rows share stays one word until it is known how much that makes.
    file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=words)
    # The schema as it was written still tells a category from text.
    return file.read(use_threads=False), schema


def _feather(data: bytes) -> tuple[Any, Any]:
    import pyarrow as pa
    from pyarrow import feather, ipc

    if data.startswith(_OLD_FEATHER):
        old = feather.read_table(pa.BufferReader(data), use_threads=False)
        return old, old.schema
    reader = ipc.open_file(pa.BufferReader(data))
    batches, rows, size = [], 0, 0
    check_shape(0, len(reader.schema))
    for i in range(reader.num_record_batches):
        # A batch says its size only when it is unpacked: no more than one is unpacked too many.
        batches.append(reader.get_batch(i))
        rows += batches[-1].num_rows
        size += batches[-1].nbytes
        check_shape(rows, len(reader.schema))
        check_bytes(size)
    return pa.Table.from_batches(batches, schema=reader.schema), reader.schema


def _columns(table: Any, schema: Any) -> tuple[list[Column], list[Note]]:
    """Columns that can be read, and notes on the others."""
    columns, notes, odd, single = [], list[Note](), list[str](), 0
    for i, field in enumerate(table.schema):
        column = _column(field.name, table.column(i))
        if column is None:
            odd.append(field.name)
        elif _is_counter(column, table.schema.metadata or {}):
            said = "The counter of rows that pandas wrote was left out."
            notes.append(Note("info", "file", said, "excluded", 1))
        else:
            if _is_category(schema, i):
                column = replace(column, levels=_levels(table.column(i)))
            columns.append(column)
            single += str(field.type) in ("float", "halffloat")
    return columns, [*notes, *typed.on_objects(odd), *typed.on_single(single)]


def _is_category(schema: Any, i: int) -> bool:
    """Whether the words of a column were put in order: plain dictionaries are as rows came."""
    import pyarrow as pa

    field = schema.field(i)
    if not pa.types.is_dictionary(field.type) or not _is_text(field.type.value_type):
        return False
    metadata = schema.metadata or {}
    said = json.loads(metadata.get(b"pandas", b"{}")).get("columns", [])
    by_pandas = {entry["field_name"] for entry in said if entry["pandas_type"] == "categorical"}
    return field.type.ordered or field.name in by_pandas or b"r" in metadata


def _levels(cells: Any) -> tuple[str, ...]:
    """List the words of a category in their order; none where the parts of the file differ."""
    listed = {tuple(map(str, chunk.dictionary.to_pylist())) for chunk in cells.chunks}
    return listed.pop() if len(listed) == 1 else ()


def _is_counter(column: Column, metadata: dict[bytes, bytes]) -> bool:
    """Whether a column is the row numbers that pandas writes for an index without a name."""
    if not column.name.startswith(_COUNTER) or isinstance(column.values, Cells):
        return False
    indexes = json.loads(metadata.get(b"pandas", b"{}")).get("index_columns", [])
    counted = np.diff(column.values)
    return column.name in indexes and bool((counted == 1).all())


# -- one column ---------------------------------------------------------------------------------


def _column(name: str, cells: Any) -> Column | None:
    """Turn an Arrow column into the cells of a table; None where there is no way to."""
    import pyarrow as pa

    if isinstance(cells.type, pa.BaseExtensionType):
        cells = pa.chunked_array([c.storage for c in cells.chunks], cells.type.storage_type)
    if pa.types.is_dictionary(cells.type):
        if _is_text(cells.type.value_type):
            return _words(name, cells)
        cells = cells.cast(cells.type.value_type)
    missing = np.asarray(cells.is_null().to_numpy())
    for is_kind, convert in _conversions():
        if is_kind(cells.type):
            values, unit, notes = convert(cells, missing)
            return Column(name, values, unit=unit, notes=tuple(notes))
    return _words(name, cells) if _is_text(cells.type) else None


def _words(name: str, cells: Any) -> Column | None:
    """Text, or bytes that are text in UTF-8, as older programs write it; None for others."""
    found: list[str | None] = []
    for chunk in cells.chunks:
        is_dictionary = hasattr(chunk, "dictionary")
        words = (chunk.dictionary if is_dictionary else chunk).to_pylist()
        try:
            plain = [w.decode() if isinstance(w, bytes) else w for w in words]
        except UnicodeDecodeError:
            return None
        if is_dictionary:
            found += [None if i is None else plain[i] for i in chunk.indices.to_pylist()]
        else:
            found += plain
    return Column(name, typed.text(found, name))


Converted = tuple[Cells | np.ndarray, str, list[Note]]
Conversion = Callable[[Any, np.ndarray], Converted]


def _conversions() -> list[tuple[Callable[[Any], bool], Conversion]]:
    from pyarrow import types

    return [
        (types.is_null, lambda cells, missing: (np.full(len(cells), np.nan), "", [])),
        (types.is_boolean, _truths),
        (types.is_integer, _integers),
        (types.is_floating, _floats),
        (types.is_decimal, _decimals),
        (types.is_date, _moments),
        (types.is_timestamp, _moments),
        (types.is_time, _clock),
        (types.is_duration, _durations),
    ]


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_string, types.is_large_string, types.is_string_view, types.is_binary)
    more = (types.is_large_binary, types.is_binary_view, types.is_fixed_size_binary)
    return any(test(kind) for test in (*tests, *more))


def _truths(cells: Any, missing: np.ndarray) -> Converted:
    return typed.truths(_filled(cells, False), missing), "", []


def _integers(cells: Any, missing: np.ndarray) -> Converted:
    values, notes = typed.integers(_filled(cells, 0), missing)
    return values, "", notes


def _filled(cells: Any, value: object) -> np.ndarray:
    filled = cells.fill_null(value) if cells.null_count else cells
    return np.asarray(filled.to_numpy(zero_copy_only=False) if len(cells) else np.zeros(0))


def _floats(cells: Any, missing: np.ndarray) -> Converted:
    values = _filled(cells, float("nan"))
    return values if values.dtype == np.float64 else typed.single(values), "", []


def _decimals(cells: Any, missing: np.ndarray) -> Converted:
    exact = cells.to_pylist()
    values = np.array([np.nan if x is None else float(x) for x in exact], dtype=np.float64)
    if cells.type.precision <= _PLAIN_DIGITS:
        return values, "", []
    from decimal import Decimal

    pairs = zip(exact, values.tolist(), strict=True)
    lost = sum(x is not None and Decimal(repr(value)) != x for x, value in pairs)
    said = f"Rounded: {counted(lost, 'cell')} with more digits than a double-precision number."
    return values, "", [changed_note(said, n=lost)] if lost else []


def _moments(cells: Any, missing: np.ndarray) -> Converted:
    import pyarrow as pa
    from pyarrow import types

    zone, unit = None, "ms"
    if types.is_timestamp(cells.type):
        zone, unit = cells.type.tz, cells.type.unit
    ticks = _filled(cells.cast(pa.timestamp(unit, tz=zone)).cast(pa.int64()), 0)
    far = np.abs(ticks) > typed.FAR * _PER_SECOND[unit]
    # A nanosecond says nothing about a patient; microseconds in 64 bits reach to the year 9999.
    when = np.where(far, 0, ticks).astype(f"datetime64[{unit}]").astype("datetime64[us]")
    notes = []
    if zone:
        local = pd.DatetimeIndex(when).tz_localize("UTC").tz_convert(_zone(zone))
        when = local.tz_localize(None).to_numpy().astype("datetime64[us]")
        notes.append(read_note(f"Its times are those of the time zone {zone}."))
    when[missing | far] = np.datetime64("NaT")
    values, more = typed.dates(when, present=~missing)
    return values, "", [*notes, *more]


def _zone(name: str) -> Any:
    # "+02:00" is a zone in Arrow and none in the database of time zones.
    return name if name[:1] in "+-" else ZoneInfo(name)


def _clock(cells: Any, missing: np.ndarray) -> Converted:
    import pyarrow as pa

    whole = cells.cast(pa.time64("ns") if cells.type.bit_width == 64 else pa.time32("ms"))
    ticks = _filled(whole.cast(pa.int64() if whole.type.bit_width == 64 else pa.int32()), 0)
    seconds = ticks / (1e9 if whole.type.bit_width == 64 else 1e3)
    return typed.clock(np.where(missing, np.nan, seconds)), "", []


def _durations(cells: Any, missing: np.ndarray) -> Converted:
    import pyarrow as pa

    days = _filled(cells.cast(pa.int64()), 0) / (_PER_SECOND[cells.type.unit] * 86_400)
    said = "Its durations were read as days."
    return np.where(missing, np.nan, days), "days", [changed_note(said, n=int((~missing).sum()))]
