"""Every hostile file of the manifest ends in an answer, and so does a sample of damaged ones."""

from __future__ import annotations

import contextlib
import csv
import gzip
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path
from typing import Any

import pytest

from core.dataset import Dataset
from core.errors import DataError
from core.reading import read
from core.reading.process import child
from core.steps import Recipe
from tests.soak.screen import shown
from tests.soak.seeds import MAIN, MORE
from tests.support import ROOT, hostile_files

SECONDS = 10.0
BUSY = 3
"""How much longer a computer that does other work may take than one that does not."""
MOST_GROWTH = 200 << 20
GOOD = b"id,months,dead\n1,3.5,1\n2,4,0\n"

# What the refusal must name, and within how many seconds it must come.
REFUSED: dict[str, tuple[str, float]] = {
    "xlsx_bomb_sheet_whitespace.xlsx": ("limit", 5),
    "xlsx_bomb_lying_size.xlsx": ("limit", 5),
    "xlsx_bomb_17M_rows.xlsx": ("limit", 5),
    "xlsx_billion_laughs.xlsx": ("DTD|document type", SECONDS),
    "xlsx_xxe_file.xlsx": ("DTD|document type", SECONDS),
    "xlsx_sparse_corner.xlsx": ("limit", 5),
    "xlsx_18k_members.xlsx": ("(?i)(parts|members|files)", SECONDS),
    "zip_overlapping_bomb.xlsx": ("(?i)(limit|overlap|more than)", 5),
    "csv_100k_columns.csv": ("100,000 columns, and the limit is 5,000", 2),
    "csv_unbalanced_quote.csv": ("line 2 ", SECONDS),
    "csv_nul_bytes.csv": ("Line 2", SECONDS),
    "csv_ragged.csv": ("Line 3 has 5 cells", SECONDS),
    "empty.csv": ("empty", SECONDS),
    "png_named_csv.csv": ("PNG", SECONDS),
    "html_named_xls.xls": ("HTML|web page", SECONDS),
    "xlsx_password.xlsx": ("password", SECONDS),
    "pickle_named_parquet.parquet": ("(?i)(Python|Parquet)", SECONDS),
    "parquet_bomb.parquet": ("limit", 5),
    "parquet_truncated.parquet": ("(?i)(damaged|complete|cut)", SECONDS),
    "sav_truncated.sav": ("(?i)(damaged|complete|cut)", SECONDS),
    "sav_segv_one_byte.sav": ("(?i)(damaged|complete|cut)", SECONDS),
}


class Hostile:
    """The folder, the manifest, and the readers of a server that reads its files one by one."""

    def __init__(self, folder: Path, readers: child.Readers) -> None:
        self.folder = folder
        self.readers = readers
        manifest = json.loads((folder.parent / "manifest.json").read_text(encoding="utf-8"))
        self.entries: dict[str, dict[str, Any]] = {entry["file"]: entry for entry in manifest}

    def read(self, file: str, *, seconds: float = SECONDS) -> Dataset:
        """Read a file as the server does, and look at the clock and at the server's memory."""
        data = (self.folder / file).read_bytes()
        name = self.entries[file].get("upload_name", file)
        before, began = Memory(), time.monotonic()
        try:
            return self.readers.read([(name, data)], recipe=Recipe())
        finally:
            assert time.monotonic() - began < BUSY * seconds
            assert before.growth() < MOST_GROWTH

    def cells(self, file: str) -> list[list[str]]:
        """Return the rows of a text file as Python's own reader sees them, header first."""
        encoding = "utf-16" if "utf16" in file else "utf-8-sig"
        with open(self.folder / file, encoding=encoding, newline="") as opened:
            return list(csv.reader(opened, delimiter=";" if "semicolon" in file else ","))


class Memory:
    """The peak of this process's memory from now on, where the system tells it."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self.before = self._peak()

    def growth(self) -> int:
        return self._peak() - self.before

    def _peak(self) -> int:
        try:
            status = Path("/proc/self/status").read_text(encoding="ascii")
        except OSError:
            return 0
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found.group(1)) * 1024 if found else 0


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    folder = hostile_files()
    with child.Readers() as readers:
        readers.warm()
        yield Hostile(folder, readers)


def traces() -> set[str]:
    """Return what hostile files try to leave behind."""
    return {*glob("/tmp/hostile_*"), *glob("/etc/cron.d/hostile*")}


def test_the_watch_over_memory_sees_growth() -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("needs /proc")
    before = Memory()
    block = bytearray(64 << 20)
    block[:: 1 << 12] = b"x" * len(range(0, len(block), 1 << 12))
    del block
    assert 60 << 20 < before.growth() < 80 << 20


def test_every_entry_of_the_manifest_is_tried(hostile: Hostile) -> None:
    assert {*REFUSED, *ACCEPTED} == set(hostile.entries)
    assert len(hostile.entries) == 40
    for file, entry in hostile.entries.items():
        said = entry["expect"].split()[0].strip(";:")
        assert (said == "accept") <= (file in ACCEPTED), file


@pytest.mark.parametrize("file", REFUSED)
def test_it_is_refused_in_one_sentence(file: str, hostile: Hostile) -> None:
    names, seconds = REFUSED[file]
    before = traces()
    with pytest.raises(DataError) as error:
        hostile.read(file, seconds=seconds)
    assert re.search(names, str(error.value))
    assert error.value.hint
    assert not re.search(r"Traceback|Error\b|root:|/usr/", str(error.value))
    assert len(str(error.value)) < 400
    assert traces() == before
    assert len(hostile.readers.read([("good.csv", GOOD)], recipe=Recipe()).frame) == 2


# --- accepted, with exact content --------------------------------------------------------------


def assert_exact(dataset: Dataset, rows: list[list[str]], *, numbers: set[str]) -> None:
    """Every cell as Python's reader sees it; `numbers` are exactly the columns of numbers."""
    header, *body = rows
    assert dataset.frame.shape == (len(body), len(header))
    assert [re.sub(r" \(2\)$", "", name) for name in dataset.variables] == header
    found = {n for n in dataset.variables if dataset.frame[n].dtype == float}
    assert {re.sub(r" \(2\)$", "", name) for name in found} == numbers
    for j in range(len(header)):
        column = dataset.frame.iloc[:, j].tolist()
        for value, cell in zip(column, (row[j] for row in body), strict=True):
            assert_cell(value, cell)


def assert_cell(value: object, cell: str) -> None:
    if isinstance(value, float):
        text = cell.strip().replace(",", ".")
        assert (value == float(text)) if text else math.isnan(value)
    else:
        assert value == (cell.strip() or None)


PLAIN = {"os_months", "os_event", "age", "marker"}


def exact(*more: str, less: tuple[str, ...] = ()) -> Callable[[Hostile, str], None]:
    """Read every cell; the columns of numbers are the usual ones, with more and without less."""

    def check(hostile: Hostile, file: str) -> None:
        numbers = {*PLAIN, *more} - {*less}
        assert_exact(hostile.read(file), hostile.cells(file), numbers=numbers)

    return check


def all_numbers_but(*texts: str) -> Callable[[Hostile, str], None]:
    def check(hostile: Hostile, file: str) -> None:
        rows = hostile.cells(file)
        assert_exact(hostile.read(file), rows, numbers=set(rows[0]) - set(texts))

    return check


def ghost_rows(hostile: Hostile, file: str) -> None:
    frame = hostile.read(file, seconds=3).frame
    assert frame.to_dict("list") == {"t": [1.0], "e": [1.0]}


def traversal(hostile: Hostile, file: str) -> None:
    """Refused, or its sheet is read; nothing is written outside either way."""
    before = traces()
    with contextlib.suppress(DataError):
        assert hostile.read(file).frame.to_dict("list") == {"t": [1.0], "e": [1.0]}
    assert traces() == before


def formulas_run_nothing(hostile: Hostile, file: str) -> None:
    before = traces()
    header = hostile.cells(file)[0]
    # The last of its columns, of a name that stands there twice, holds words.
    dataset = hostile.read(file)
    texts = {n for n in dataset.variables if dataset.frame[n].dtype == object}
    assert_exact(dataset, hostile.cells(file), numbers=set(header) - {*texts})
    assert len(texts) <= 3
    assert dataset.frame.shape == (80, 35)
    assert traces() == before


def spreadsheet_formulas(hostile: Hostile, file: str) -> None:
    dataset = hostile.read(file)
    assert_exact(dataset, hostile.cells(file), numbers=PLAIN)
    assert len(dataset.frame) == 36


def mixed_decimals(hostile: Hostile, file: str) -> None:
    """Kept as text, as no reading of the four cells is sure; the user is asked."""
    dataset = hostile.read(file)
    assert dataset.frame["os_months"].tolist() == ["1,5", "1.5", "1.234,5", "1,234.5"]
    assert any(q.about == "os_months" for q in dataset.questions)


def upload_name(shown: str) -> Callable[[Hostile, str], None]:
    def check(hostile: Hostile, file: str) -> None:
        dataset = hostile.read(file)
        assert dataset.name == shown
        assert_exact(dataset, hostile.cells(file), numbers=PLAIN)

    return check


def slow_patterns(hostile: Hostile, file: str) -> None:
    dataset = hostile.read(file, seconds=2)
    assert_exact(dataset, hostile.cells(file), numbers={"id", "os_months", "os_event"})


def invalid_times(hostile: Hostile, file: str) -> None:
    """What is no time is not made one; what is, is kept to the last digit."""
    dataset = hostile.read(file)
    assert dataset.frame.shape == (39, 3)
    times = dataset.frame["os_months"].tolist()
    plain = {0: -3.0, 1: 0.0, 7: 1e-7, 9: 43831.0} | {i: i + 1.0 for i in range(10, 39)}
    assert {i: float(times[i]) for i in plain} == plain
    assert [times[i] for i in (3, 6)] in ([None, None], ["nan", None]) or all(
        isinstance(times[i], float) and math.isnan(times[i]) for i in (3, 6)
    )
    assert times[8] in ("31/02/2020", None) or math.isnan(times[8])


def ambiguous_events(hostile: Hostile, file: str) -> None:
    """No code of 1 and 2 is taken for the event without asking."""
    from core.reading.roles.coding import coding_of

    dataset = hostile.read(file)
    texts = ("v2",)
    rows = hostile.cells(file)
    assert_exact(dataset, rows, numbers=set(rows[0]) - set(texts))
    assert coding_of(dataset, "os_event") is None


def sav_control(hostile: Hostile, file: str) -> None:
    frame = hostile.read(file).frame
    assert frame.shape == (60, 6)
    assert frame["id"].tolist() == [f"P{i:04d}" for i in range(60)]
    assert frame["os_months"].tolist()[:5] == [35.84, 4.92, 11.07, 10.49, 7.2]
    assert frame["os_event"].sum() == 30
    assert math.isclose(frame["marker"].mean(), 1.937452, abs_tol=5e-7)
    assert frame["arm"].value_counts().to_dict() == {"A": 33, "B": 27}


def identifiers(hostile: Hostile, file: str) -> None:
    """Read like any other table; the eight columns and the high ages are marked."""
    dataset = hostile.read(file)
    rows = hostile.cells(file)
    assert dataset.frame.shape == (60, 11)
    assert list(dataset.variables) == rows[0]
    for name in ("Patient Name", "SSN", "Phone", "email", "ZIP", "DOB", "admission_date"):
        at = rows[0].index(name)
        assert dataset.frame[name].astype(str).tolist() == [row[at] for row in rows[1:]]
    marked = {name for name, v in dataset.variables.items() if v.identifier}
    eight = {"MRN", "Patient Name", "DOB", "SSN", "Phone", "email", "ZIP", "admission_date"}
    assert eight <= marked <= {*eight, "age"}


ACCEPTED: dict[str, Callable[[Hostile, str], None]] = {
    "xlsx_ghost_rows.xlsx": ghost_rows,
    "xlsx_zip_traversal.xlsx": traversal,
    "csv_utf16_bom.csv": exact(),
    "csv_utf8_bom.csv": exact(),
    "csv_semicolon_decimal_comma.csv": exact(),
    "csv_mixed_decimal.csv": mixed_decimals,
    "xss_names_values.csv": all_numbers_but("id", "arm", "grp"),
    "formula_names.csv": formulas_run_nothing,
    "spreadsheet_formula.csv": spreadsheet_formulas,
    "sql_names.csv": all_numbers_but("id", "arm"),
    "path_name.csv": upload_name("hostile_path.csv"),
    "path_name_ctrl.csv": upload_name('a"; filename="evil.exeSet-Cookie: x=1vsc.csv'),
    "redos_strings.csv": slow_patterns,
    "times_invalid.csv": invalid_times,
    "events_ambiguous.csv": ambiguous_events,
    "all_censored.csv": exact(),
    "constant_and_separation.csv": exact("sep"),
    "phi_columns.csv": identifiers,
    "sav_ok.sav": sav_control,
}


@pytest.mark.parametrize("file", ACCEPTED)
def test_it_is_read_exactly(file: str, hostile: Hostile) -> None:
    ACCEPTED[file](hostile, file)


def test_two_at_once_do_not_disturb_each_other(hostile: Hostile) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def length(file: str) -> int | None:
        try:
            return len(hostile.readers.read([(file, contents[file])], recipe=Recipe()).frame)
        except DataError:
            return None

    files = ["csv_utf8_bom.csv", "csv_ragged.csv", "sql_names.csv", "empty.csv"] * 2
    contents = {file: (hostile.folder / file).read_bytes() for file in files}
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(length, files)) == [40, None, 40, None] * 2


# --- what the ten thousand found -----------------------------------------------------------------

LONG = 99_000
"""Characters, just fewer than a cell may have: what takes the square of it takes minutes."""


@pytest.mark.parametrize(
    "table",
    [
        # A line of ASCII, of which a pattern for lines with other letters tried every part.
        f"id,name\n1,{'x' * LONG}\n2,Müller\n3,Größe\n".encode("cp1252"),
        f"id,months\n1,{'1' * LONG}!\n2,4\n".encode(),
        f"id,status\n1,dead\n2,alive\n3,{'1' * LONG}\n".encode(),
        f"id,{'a ' * (LONG // 2)}\n1,3.5\n2,4\n".encode(),
    ],
    ids=["line", "number", "status", "header"],
)
def test_a_long_cell_takes_no_time(table: bytes) -> None:
    began = time.monotonic()
    dataset = read(table, "a.csv")
    shown(dataset)
    assert time.monotonic() - began < 4
    cells = [*dataset.variables, *dataset.frame.iloc[:, 1]]
    assert max(len(str(cell)) for cell in cells) >= LONG - 1


def test_a_column_without_a_name_is_damage() -> None:
    data = (ROOT / "tests" / "reference" / "files" / "synthetic_plain.sav").read_bytes()
    name = next(n.upper().encode().ljust(8) for n in read(data, "a.sav").variables)
    assert data.count(name) == 1
    with pytest.raises(DataError, match="cannot be read as an SPSS file"):
        read(data.replace(name, bytes(8)), "a.sav")


def test_a_number_of_rows_that_is_none_says_nothing() -> None:
    data = (ROOT / "tests" / "reference" / "files" / "synthetic_8.xpt").read_bytes()
    at = data.index(b"HEADER RECORD*******OBSV8") + 48
    rows = len(read(data, "a.xpt").frame)
    for said, fits in ((b"0%14d" % rows, True), (b"%15d" % rows, True), (b"%15d" % 99, False)):
        changed = data[:at] + said + data[at + 15 :]
        if fits:
            assert len(read(changed, "a.xpt").frame) == rows
        else:
            with pytest.raises(DataError, match="not complete"):
                read(changed, "a.xpt")


def test_an_encoding_that_is_none_is_no_fault() -> None:
    packed = (ROOT / "tests" / "reference" / "files" / "synthetic.rds").read_bytes()
    data = gzip.decompress(packed)
    assert data.count(b"UTF-8") == 1
    changed = read(gzip.compress(data.replace(b"UTF-8", b"UT\0-8")), "a.rds")
    assert list(changed.variables) == list(read(packed, "a.rds").variables)


# --- a sample of the ten thousand --------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="forks its processes")
def test_a_sample_of_damaged_files_ends_in_answers() -> None:
    command = [sys.executable, "-m", "tests.soak.mutations", "-n", "150", "--json"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    tallies = {t["kind"]: t for t in json.loads(found.stdout.splitlines()[-1])}
    assert set(tallies) == {*MAIN, *MORE}
    remarks = [t["remarks"] for t in tallies.values() if t["failed"] + t["quoted"] + t["late"]]
    assert remarks == []
    assert found.returncode == 0
    assert sum(t["mutants"] for t in tallies.values()) >= 200
    # Damage that nothing minds, or that is always fatal, would try nothing.
    assert all(t["accepted"] < t["mutants"] for t in tallies.values())
    assert sum(t["accepted"] for t in tallies.values()) > len(tallies)
