"""One small valid table in every format, made here; each cell of its text columns has a mark."""

from __future__ import annotations

import gzip
import io
import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from tests.support import ROOT

MARK = "CANARY"
"""Stands in cells only: a message that holds it quotes a cell."""

MAIN = ("csv", "xlsx", "sav", "dta", "parquet", "xpt")
MORE = ("zsav", "sas7bdat", "xls", "ods", "rds", "arff", "gz")
ARCHIVES = ("xlsx", "ods")
"""Zip archives, of which the members are damaged too."""
GZIPPED = ("gz", "rds")
"""Of these it is mostly what was packed that is damaged."""
TEXT = ("csv", "arff", "gz", *ARCHIVES)
"""What stands in these is text, in which words and lines can be changed."""


def table() -> pd.DataFrame:
    """Return 24 patients with an id, a name, numbers with gaps, a date as text and levels."""
    rng = np.random.default_rng(11)
    n = 24
    marker = np.round(rng.gamma(2, 3, n), 3)
    marker[::7] = np.nan
    return pd.DataFrame(
        {
            "id": [f"{MARK}{i:03d}" for i in range(n)],
            "name": [f"{MARK} Ärztin {i}" for i in range(n)],
            "months": np.round(rng.exponential(20, n), 2),
            "dead": rng.integers(0, 2, n).astype(float),
            "marker": marker,
            "start": [f"2019-{1 + i % 12:02d}-{1 + i:02d}" for i in range(n)],
            "arm": rng.choice(["standard", "new"], n),
        }
    )


def seeds_of(kind: str) -> list[bytes]:
    """Return the table as files of this format, in each of its variants."""
    return [write(table()) for write in _WRITERS[kind]]


def quotes_a_cell(message: str) -> bool:
    """Whether a message holds a cell of the table, or a good part of one."""
    return _CELL_LIKE.search(message) is not None


# Parts of the mark and of the name, dates, numbers with decimals.
_CELL_LIKE = re.compile(r"CANA|ANAR|NARY|rztin|\b2019-\d\d-\d\d|\d\.\d")


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def _german_csv(frame: pd.DataFrame) -> bytes:
    text = frame.to_csv(index=False, sep=";", decimal=",", lineterminator="\r\n")
    return text.encode("cp1252")


def _gz(frame: pd.DataFrame) -> bytes:
    return gzip.compress(_csv(frame), mtime=0)


def _workbook(engine: str) -> Callable[[pd.DataFrame], bytes]:
    def write(frame: pd.DataFrame) -> bytes:
        sink = io.BytesIO()
        frame.to_excel(sink, index=False, engine=engine)  # type: ignore[call-overload]
        return _undated_archive(sink.getvalue())

    return write


# The moment of writing is in most files: without it the same file is made on every day.
_MOMENT = re.compile(
    rb"\d\d [A-Z][a-z]{2} \d\d{1,3} ?\d\d:\d\d(:\d\d)?|\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d|"
    rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d"
)


def _undated(data: bytes) -> bytes:
    return _MOMENT.sub(lambda found: re.sub(rb"\d", b"1", found.group()), data)


def _undated_archive(data: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(sink, "w") as new:
        for member in old.infolist():
            plain = zipfile.ZipInfo(member.filename)
            plain.compress_type = member.compress_type
            new.writestr(plain, _undated(old.read(member)))
    return sink.getvalue()


def _xls(frame: pd.DataFrame) -> bytes:
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Patients")
    for j, name in enumerate(frame.columns):
        sheet.write(0, j, name)
        for i, value in enumerate(frame[name]):
            if value == value:
                sheet.write(i + 1, j, value)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _parquet(packed: str | None) -> Callable[[pd.DataFrame], bytes]:
    def write(frame: pd.DataFrame) -> bytes:
        sink = io.BytesIO()
        frame.to_parquet(sink, index=False, compression=packed)  # type: ignore[call-overload]
        return sink.getvalue()

    return write


def _arff(frame: pd.DataFrame) -> bytes:
    kinds = ["numeric" if frame[c].dtype == float else "string" for c in frame.columns]
    kinds[-1] = "{standard,new}"
    lines = ["@relation trial", *(f"@attribute {c} {k}" for c, k in zip(frame, kinds, strict=True))]
    cells = frame.astype(object).where(frame.notna(), "?").to_numpy().tolist()
    rows = [",".join(f"'{v}'" if " " in str(v) else str(v) for v in row) for row in cells]
    return "\n".join([*lines, "@data", *rows, ""]).encode()


def _through_file(write: Callable[[pd.DataFrame, str], object]) -> Callable[[pd.DataFrame], bytes]:
    def written(frame: pd.DataFrame) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table"
            write(frame, str(path))
            return _undated(path.read_bytes())

    return written


def _statistics(kind: str, variant: int = 0) -> Callable[[pd.DataFrame], bytes]:
    """A file of SPSS (0: plain, 1: rows packed), Stata or SAS (the version of the format)."""

    def write(frame: pd.DataFrame, path: str) -> object:
        import pyreadstat

        labels = {"dead": {0.0: "alive", 1.0: "dead"}}
        if kind == "dta":
            return pyreadstat.write_dta(frame, path, variable_value_labels=labels, version=variant)
        if kind == "xpt":
            return pyreadstat.write_xport(frame, path, file_format_version=variant)
        packed = {"compress": kind == "zsav", "row_compress": bool(variant)}
        return pyreadstat.write_sav(frame, path, variable_value_labels=labels, **packed)

    return _through_file(write)


def _rds(frame: pd.DataFrame) -> bytes:
    import rdata

    packed = _through_file(lambda table, path: rdata.write_rds(path, table))(frame)
    return gzip.compress(gzip.decompress(packed), mtime=0)


def _sas7bdat(frame: pd.DataFrame) -> bytes:
    """A stored file of made-up patients: there is no free writer of this format."""
    return (ROOT / "tests" / "reference" / "files" / "synthetic.sas7bdat").read_bytes()


_WRITERS: dict[str, tuple[Callable[[pd.DataFrame], bytes], ...]] = {
    "csv": (_csv, _german_csv),
    "gz": (_gz,),
    "xlsx": (_workbook("openpyxl"),),
    "ods": (_workbook("odf"),),
    "xls": (_xls,),
    "sav": (_statistics("sav"), _statistics("sav", 1)),
    "zsav": (_statistics("zsav"),),
    "dta": (_statistics("dta", 15), _statistics("dta", 8)),
    "xpt": (_statistics("xpt", 5), _statistics("xpt", 8)),
    "sas7bdat": (_sas7bdat,),
    "parquet": (_parquet("snappy"), _parquet(None)),
    "rds": (_rds,),
    "arff": (_arff,),
}
