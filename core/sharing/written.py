"""A dataset as members of a snapshot and back: Parquet for the cells, JSON for what they mean.

Nothing is pickled. What is read is checked against the types that it must have, since a file may
come from anybody.
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast, get_type_hints

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.dataset import Dataset, Endpoint, Shape, Variable, digest_of, reference_of
from core.errors import DataError
from core.notes import Note
from core.reading.formats.limits import check_bytes, check_shape
from core.sharing.packing import damaged

VERSION = 1
DICTIONARY = "dictionary.json"
PATIENTS = "patients.parquet"
LESIONS = "lesions-{}.parquet"
T = TypeVar("T")
_WORDS = ("name", "title", "source", "about")
_KINDS = ("number", "category", "date", "text")


# Cells ----------------------------------------------------------------------------------------


def cells(frame: pd.DataFrame) -> bytes:
    """Write a table as Parquet, packed by zstd.

    Parameters
    ----------
    frame : pandas.DataFrame
        float64 with NaN for missing, and text with None for missing.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [61.5, float("nan")], "grade": ["II", None]})
    >>> frame_of(cells(frame)).equals(frame)
    True
    """
    arrays = [_array(frame.iloc[:, i].to_numpy()) for i in range(frame.shape[1])]
    table = pa.Table.from_arrays(arrays, names=[str(name) for name in frame.columns])
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _array(values: np.ndarray) -> pa.Array:
    if values.dtype == object:
        return pa.array(values, type=pa.string(), from_pandas=False)
    return pa.array(values.astype(np.float64), from_pandas=False)  # NaN stays NaN


def frame_of(data: bytes) -> pd.DataFrame:
    """Read what `cells` wrote.

    Raises
    ------
    DataError
        If it is something else, damaged, or larger than the limits of tables.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        footer = file.metadata
        check_shape(footer.num_rows, footer.num_columns)
        groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
        check_bytes(sum(group.total_byte_size for group in groups))
        words = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
        # A word that a million rows share is unpacked once.
        file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=words)
        table = file.read(use_threads=False)
        table.validate(full=True)
        columns = [_values(column) for column in table.columns]
    except DataError:
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError):
        raise damaged() from None
    frame = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(table.num_rows))
    frame.columns = pd.Index(table.column_names, dtype=object)
    return frame


def _values(column: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_float64(column.type) and not column.null_count:
        return np.array(column.to_numpy())
    if not (pa.types.is_dictionary(column.type) or pa.types.is_string(column.type)):
        raise ValueError("a column is neither numbers nor text")
    made = np.empty(len(column), dtype=object)
    made[:] = column.to_pylist()
    if not all(cell is None or isinstance(cell, str) for cell in made):
        raise ValueError("a cell is no text")
    return made


# What they mean -------------------------------------------------------------------------------


def members(dataset: Dataset) -> dict[str, bytes]:
    """Write a dataset with its lesion tables.

    Parameters
    ----------
    dataset : Dataset
        As `core.sharing.snapshot` makes it: no steps, no questions, no lines of a file.
    """
    absent = {name: reasons for name, reasons in dataset.absent.items() if name in dataset.frame}
    said: dict[str, Any] = {
        "stratiscope_snapshot": VERSION,
        **{name: getattr(dataset, name) for name in _WORDS},
        "synthetic": dataset.synthetic,
        "variables": [_plain(v) for v in dataset.variables.values()],
        "endpoints": [_plain(e) for e in dataset.endpoints],
        "rows_are": None if dataset.rows_are is None else _plain(dataset.rows_are),
        "notes": [[note.level, note.about, note.text, note.section, note.n]
                  for note in dataset.notes],
        "absent": list(absent),
        "lesions": [{"name": t.name, "variables": [_plain(v) for v in t.variables.values()]}
                    for t in dataset.lesions],
    }  # fmt: skip
    extra = {f"why no {name}": reasons for name, reasons in absent.items()}
    frame = pd.concat([dataset.frame, pd.DataFrame(extra, index=dataset.frame.index)], axis=1)
    made = {
        DICTIONARY: (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode(),
        PATIENTS: cells(frame),
    }
    for number, table in enumerate(dataset.lesions, start=1):
        made[LESIONS.format(number)] = cells(table.frame)
    return made


def _plain(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that say something."""
    default = {f.name: f.default for f in dataclasses.fields(value)}
    said = dataclasses.asdict(value)
    return {name: item for name, item in said.items() if item != default[name]}


def dataset_of(given: Mapping[str, bytes]) -> Dataset:
    """Read what `members` wrote.

    Raises
    ------
    DataError
        If a member is missing, or is not as it must be.
    """
    try:
        said = json.loads(given[DICTIONARY])
        if said["stratiscope_snapshot"] != VERSION:
            raise DataError(
                "The view was saved by another version of this program, in a form that this one "
                "does not know",
                "Update Stratiscope and open it again",
            )
        return _dataset(said, given)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise damaged() from None


def _dataset(said: Mapping[str, Any], given: Mapping[str, bytes]) -> Dataset:
    frame = frame_of(given[PATIENTS])
    variables = _variables(said["variables"])
    width = len(variables)
    absent = {_text(name): frame.iloc[:, width + i].to_numpy()
              for i, name in enumerate(said["absent"])}  # fmt: skip
    frame = frame.iloc[:, :width]
    _check_frame(frame, variables)
    digest = digest_of(given[PATIENTS])
    return Dataset(
        frame=frame,
        variables=variables,
        digest=digest,
        reference=reference_of(digest),
        endpoints=tuple(_made(Endpoint, entry) for entry in said["endpoints"]),
        synthetic=said["synthetic"] is True,
        notes=tuple(_note(entry) for entry in said["notes"]),
        rows_are=None if said["rows_are"] is None else _made(Shape, said["rows_are"]),
        lesions=tuple(
            _lesions(entry, given[LESIONS.format(number)])
            for number, entry in enumerate(said["lesions"], start=1)
        ),
        absent=absent,
        name=_text(said["name"]),
        title=_text(said["title"]),
        source=_text(said["source"]),
        about=_text(said["about"]),
    )


def _lesions(said: Mapping[str, Any], data: bytes) -> Dataset:
    frame, variables = frame_of(data), _variables(said["variables"])
    _check_frame(frame, variables)
    digest = digest_of(data)
    name = _text(said["name"])
    return Dataset(name, frame, variables, digest, reference_of(digest), title=name)


def _check_frame(frame: pd.DataFrame, variables: Mapping[str, Variable]) -> None:
    if list(frame.columns) != list(variables):
        raise ValueError("the columns are not those of the dictionary")
    for name, variable in variables.items():
        if variable.kind not in _KINDS or (variable.kind == "number") == (
            frame[name].dtype == object
        ):
            raise ValueError("a column is not of its kind")


def _variables(entries: Any) -> dict[str, Variable]:
    made = {variable.name: variable for variable in (_made(Variable, entry) for entry in entries)}
    if len(made) != len(entries):
        raise ValueError("a column is there twice")
    return made


def _note(entry: Any) -> Note:
    level, about, text, section, n = entry
    if level not in ("info", "warning") or not isinstance(n, int):
        raise ValueError("a note is not as it must be")
    return Note(level, _text(about), _text(text), _text(section), n)  # type: ignore[arg-type]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is none")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("a list is none")
    return tuple(map(_text, value))


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((_text(code), _text(word)) for code, word in value)


def _number(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("a number is none")
    return value


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("a truth is none")
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "decimals": _number, "patients": _number, "derived": _truth, "codes": _pairs,
    "levels": _texts, "event_is": _texts, "competing": _texts, "where": _texts, "columns": _texts,
}  # fmt: skip
"""Fields that hold no text."""


def _made(what: type[T], entry: Any) -> T:
    """Make a dataclass from what `_plain` wrote of it."""
    known = set(get_type_hints(what))
    if not isinstance(entry, dict) or not set(entry) <= known:
        raise ValueError("an entry has a field that is not known")
    make = cast(Callable[..., T], what)
    return make(**{name: _reader(name)(item) for name, item in entry.items()})


def _reader(name: str) -> Callable[[Any], Any]:
    return _READERS.get(name, _text)
