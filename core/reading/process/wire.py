"""`Dataset` <-> bytes, exactly and without pickles: what a child process answers with.

The bytes are a mark, the length of a JSON text, that text (everything but the cells), the lesion
tables in the same form, and an Arrow stream (the cells). Columns stand in the stream by their
number, since Arrow need not be told their names. A text column is a dictionary of its different
texts, so that a level which stands in a million rows is sent, and kept in memory, once.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import json
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import pyarrow as pa

from core.dataset import Dataset

MARK = b"stratiscope dataset 1\n"
_APART = ("frame", "lines", "lesions", "attached", "absent")

Decoder = Callable[[Any], Any]


def dumps(dataset: Dataset) -> bytes:
    r"""Write a dataset as bytes.

    Parameters
    ----------
    dataset : Dataset
        Its frame has float64 columns, with NaN for missing, and object columns of str, with None
        for missing, under the index 0, 1, 2, ...

    Raises
    ------
    TypeError, ValueError
        If the frame is not like that: a fault of the program, not of the file.

    Examples
    --------
    >>> from core.reading import read
    >>> dataset = read(b"id,grade\nA1,high\nA2,\n", "trial.csv")
    >>> again = loads(dumps(dataset))
    >>> again.frame["grade"].tolist(), again.variables == dataset.variables
    (['high', None], True)
    """
    rest = {
        f.name: _plain(getattr(dataset, f.name))
        for f in dataclasses.fields(dataset)
        if f.name not in _APART
    }
    lesions = [dumps(table) for table in dataset.lesions]
    head = {
        "columns": list(dataset.frame.columns),
        "rows": len(dataset.frame),
        "lesions": [len(table) for table in lesions],
        "rest": rest,
    }
    text = json.dumps(head, default=_number).encode("ascii")
    sink = pa.BufferOutputStream()
    sink.write(MARK + len(text).to_bytes(8, "big") + text)
    for other in lesions:
        sink.write(other)
    table = _table(dataset)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue()).tobytes()


def loads(data: bytes | bytearray) -> Dataset:
    """Read back what `dumps` wrote.

    Raises
    ------
    ValueError
        If the bytes were not written by `dumps`, or are damaged.

    Examples
    --------
    >>> loads(b"garbage")
    Traceback (most recent call last):
    ...
    ValueError: these are not the bytes of a dataset
    """
    start = len(MARK) + 8
    if bytes(data[: len(MARK)]) != MARK:
        raise ValueError("these are not the bytes of a dataset")
    end = start + int.from_bytes(data[len(MARK) : start], "big")
    # One thread: starting more costs more than they gain here.
    options = pa.ipc.IpcReadOptions(use_threads=False)
    try:
        head = json.loads(bytes(data[start:end]))
        lesions = []
        for size in head["lesions"]:
            lesions.append(loads(bytes(data[end : end + size])))
            end += size
        cells = pa.py_buffer(memoryview(data)[end:])
        with pa.ipc.open_stream(cells, options=options) as stream:
            table = stream.read_all()
        table.validate(full=True)
        return dataclasses.replace(_dataset(head, table), lesions=tuple(lesions))
    except (LookupError, TypeError, ValueError, OSError, pa.ArrowException) as error:
        raise ValueError(f"the bytes of a dataset are damaged: {type(error).__name__}") from None


def _dataset(head: Mapping[str, Any], table: pa.Table) -> Dataset:
    hints = get_type_hints(Dataset)
    rest = {name: _decoder(hints[name])(value) for name, value in head["rest"].items()}
    names, rows = head["columns"], head["rows"]
    if table.num_columns not in (len(names), len(names) + 1):
        raise ValueError("columns are missing")
    arrays = [_values(column) for column in table.columns]
    lines = arrays.pop() if len(arrays) > len(names) else None
    if any(len(a) != rows for a in arrays):
        raise ValueError("rows are missing")
    if any(a.dtype not in (np.float64, object) for a in arrays):
        raise ValueError("a column is neither numbers nor text")
    # By position, so that nothing depends on what the columns are called.
    frame = pd.DataFrame(dict(enumerate(arrays)), index=pd.RangeIndex(rows))
    frame.columns = pd.Index(names, dtype=object)
    return Dataset(frame=frame, lines=lines, **rest)


# The cells ------------------------------------------------------------------------------------


def _table(dataset: Dataset) -> pa.Table:
    frame = dataset.frame
    if not frame.index.equals(pd.RangeIndex(len(frame))):
        raise ValueError("the rows of a dataset are numbered from 0")
    arrays = [_array(frame.iloc[:, i]) for i in range(frame.shape[1])]
    if dataset.lines is not None:
        arrays.append(pa.array(dataset.lines))
    return pa.table(dict(zip(map(str, range(len(arrays))), arrays, strict=True)))


def _array(column: pd.Series) -> pa.Array:
    values = column.to_numpy()
    if values.dtype == np.float64:
        return pa.array(values, from_pandas=False)  # NaN stays NaN
    if values.dtype != object:
        raise TypeError(f"a column of {values.dtype} has no place in a dataset")
    # from_pandas=False refuses what is neither text nor None.
    return pa.array(values, type=pa.large_string(), from_pandas=False).dictionary_encode()


def _values(column: pa.ChunkedArray) -> np.ndarray:
    array = column.combine_chunks()
    if not pa.types.is_dictionary(array.type):
        if array.null_count:
            raise ValueError("a number is null")
        return np.array(array.to_numpy())  # a copy: the buffer can then be freed
    texts = array.dictionary.to_numpy(zero_copy_only=False)
    known = np.full(len(texts) + 1, None, dtype=object)
    known[:-1] = texts
    at: np.ndarray = array.indices.fill_null(len(texts)).to_numpy()
    taken: np.ndarray = known[at]
    return taken


# Everything else: frozen dataclasses of texts, numbers, tuples and mappings, by annotation --------


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _number(value: object) -> bool | int | float:
    """A number of numpy as one of Python; `json` asks for what it does not know."""
    if not isinstance(value, np.bool_ | np.integer | np.floating):
        raise TypeError(f"{type(value).__name__} cannot be sent")
    plain: bool | int | float = value.item()
    return plain


def _decoder(hint: Any) -> Decoder:
    """What turns JSON back into what an annotation says, or raises where it is something else."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        known = _decoder(next(h for h in inside if h is not NoneType))
        return lambda value: None if value is None else known(value)
    if origin is Literal:
        return lambda value: _checked(value, value in inside)
    if origin is tuple:
        return _tuple_decoder(inside)
    if dataclasses.is_dataclass(hint):
        return _dataclass_decoder(hint)
    if origin is collections.abc.Mapping:
        item = _decoder(inside[1])
        return lambda value: {k: item(v) for k, v in _checked_as(dict, value).items()}
    return lambda value: _checked_as(hint, value)


def _tuple_decoder(inside: tuple[Any, ...]) -> Decoder:
    first = _decoder(inside[0])
    if inside[-1] is Ellipsis:
        return lambda value: tuple(map(first, _checked_as(list, value)))
    each = [_decoder(h) for h in inside]
    return lambda value: tuple(f(v) for f, v in zip(each, _checked_as(list, value), strict=True))


def _dataclass_decoder(made: Any) -> Decoder:
    fields = {name: _decoder(hint) for name, hint in get_type_hints(made).items()}

    def decode(value: Any) -> Any:
        _checked(value, type(value) is dict and set(value) == set(fields))
        return made(**{name: fields[name](item) for name, item in value.items()})

    return decode


def _checked_as(kind: type, value: Any) -> Any:
    return _checked(value, type(value) is kind)


def _checked(value: Any, fits: bool) -> Any:
    if not fits:
        raise ValueError("a field has another type than it is declared with")
    return value
