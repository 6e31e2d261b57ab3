"""Names and values of a user's file stay inside their quotes, in Python and in R."""

from __future__ import annotations

import ast
import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis import analyse
from core.cohort import Cohort, select
from core.dataset import Dataset, Variable
from core.errors import SpecError
from core.reading import read
from core.spec import AnalysisSpec, quote_name
from core.terms import term_name
from core.view.code import python_script, r_script, reads_file, table_csv
from core.view.code.names import comment, distinct, plain, python_text, r_text
from tests.cohorts import LAW, dataset_of, question, random_columns
from tests.support import need
from tests.test_code_numbers import QUESTIONS, Case, compare, run_python, run_r, write
from tests.test_code_numbers import case as case_of

HOSTILE = (
    'a"; import os; os.system("touch pwned"); "',
    "'; system('touch pwned'); '",
    '"""',
    "'''\nimport os\nopen('pwned', 'w')\n'''",
    "`system('touch pwned')`",
    "x\\",
    "\\\"); file.create('pwned'); (\"",
    "# results\n#",
    "r\"(raw)\" )--\"",
    "line\r\nbreak\x0b\x0c\x1c\x85\u2028\u2029end",
    "{__import__('os')}",
    "%s %d \\u0041 \\x41 \\N{DASH}",
    "Größe µg · 大 😀",
    "\u202eright to left\u2066",
    "coding: utf-7",
    " spaces ",
    "a,b;c\td",
    "=1+1",
    "NA",
    "T",
    "if (TRUE) quit()",
)  # fmt: skip
PARTS = ("cohort", "km", "cox", "subgroups", "scan\n# break")


def hostile_table() -> Dataset:
    """A table of which every name, level and label is hostile."""
    columns: dict[str, Any] = dict(random_columns(3, 90))
    names = list(HOSTILE)
    made = {names[0]: columns["time"], names[1]: columns["event"], names[2]: columns["age"]}
    made[names[3]] = [HOSTILE[i % 3] for i in range(90)]
    made[names[4]] = [None if i == 5 else HOSTILE[3 + i % 18] for i in range(90)]
    made[names[5]] = columns["dose"]
    made[names[6]] = [HOSTILE[7 + i % 2] for i in range(90)]
    for i, name in enumerate(names[7:], 7):
        made[name] = [HOSTILE[(i + k) % 2] for k in range(90)]
    return dataset_of(made)


def ask(**fields: Any) -> AnalysisSpec:
    roles = {"time": HOSTILE[0], "event": HOSTILE[1], "subgroups": (HOSTILE[6], HOSTILE[7])}
    terms = (term_name(HOSTILE[2]), term_name(HOSTILE[3]), term_name(HOSTILE[12]))
    where = f"{quote_name(HOSTILE[4])} not in {quote_name(HOSTILE[16])},{quote_name(HOSTILE[7])}"
    return question(group_by=HOSTILE[3], terms=terms, where=(where,), **(roles | fields))


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return select(hostile_table(), ask())


@pytest.fixture(scope="module")
def folder(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("names")
    write(root / "hostile", cohort, PARTS)
    return root / "hostile"


@pytest.mark.parametrize(("language", "locale"), [("py", "C"), ("R", "C"), ("R", "C.UTF-8")])
def test_the_screen_may_have_any_encoding(
    cohort: Cohort, folder: Path, locale: str, language: str, tmp_path: Path
) -> None:
    program = [sys.executable] if language == "py" else [need("Rscript"), "--vanilla"]
    environment = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0"}
    file = folder / f"script.{language}"
    command = [*program, str(file), str(folder / "table.csv")]
    done = subprocess.run(command, capture_output=True, env=environment, cwd=tmp_path, check=True)
    (tmp_path / "out").write_bytes(done.stdout)
    compare(rows_of(tmp_path / "out"), case(cohort))


def case(cohort: Cohort) -> Case:
    parts = tuple(part for part in PARTS if part.isalpha())
    return Case(cohort, parts, analyse(cohort.dataset, cohort.spec.but(parts=parts)))


def test_python_runs_nothing_of_a_name(cohort: Cohort, folder: Path) -> None:
    run_python([folder])
    compare(rows_of(folder / "py.out"), case(cohort))
    assert {p.name for p in folder.iterdir()} >= {"script.py", "table.csv"}
    assert not list(folder.rglob("*pwned*"))


def test_r_runs_nothing_of_a_name(cohort: Cohort, folder: Path) -> None:
    run_r([folder])
    compare(rows_of(folder / "r.out"), case(cohort))
    assert not list(folder.rglob("*pwned*"))


def rows_of(file: Path) -> list[tuple[str, str, float | None]]:
    """What was printed; labels hold line breaks here, so that the lines are not taken apart."""
    _, mark, rest = file.read_bytes().decode("utf-8").partition("\n# results\n")
    assert mark
    rows = csv.DictReader(io.StringIO(rest, newline=""))
    return [
        (r["quantity"], r["group_or_term"], None if r["value"] == "NA" else float(r["value"]))
        for r in rows
    ]


def test_the_first_lines_hold_no_word_of_the_user(cohort: Cohort) -> None:
    for script in (python_script(cohort, PARTS), r_script(cohort, PARTS)):
        for line in script.splitlines()[:2]:
            assert line.startswith("# ")
            assert "coding" not in line


def test_a_python_script_has_the_functions_of_ours_and_calls_no_others(cohort: Cohort) -> None:
    tree = ast.parse(python_script(cohort, PARTS))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"os", "open", "exec", "eval", "__import__", "compile"}
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert imported == {"csv", "io", "sys", "numpy", "pandas"}


def test_an_r_script_is_plain_ascii(cohort: Cohort) -> None:
    assert r_script(cohort, PARTS).isascii()


def test_no_comment_breaks(cohort: Cohort) -> None:
    title = Variable(HOSTILE[3], label="a\n\u2028import os\r# \x85", kind="category")
    variables = {**cohort.dataset.variables, HOSTILE[3]: title}
    dataset = Dataset("evil\nimport os", cohort.dataset.frame, variables, "0", "0")
    made = select(dataset, ask())
    for line in python_script(made, PARTS).splitlines():
        assert not line.startswith("import os")
    assert "import os" in python_script(made, PARTS).partition("from __future__")[0]


@LAW
@given(st.text())
def test_a_python_literal_says_the_text(text: str) -> None:
    literal = python_text(text)
    assert ast.literal_eval(literal) == text
    assert len(literal.splitlines()) == 1


def test_a_python_literal_of_half_a_character() -> None:
    assert ast.literal_eval(python_text("a\ud800")) == "a\ud800"
    python_text("a\ud800").encode("utf-8")


@LAW
@given(st.text())
def test_an_r_literal_is_one_line_of_ascii_that_ends_where_it_should(text: str) -> None:
    literal = r_text(text)
    assert literal.isascii()
    assert literal.isprintable()
    assert _end_of_r_literal(literal) == len(literal) - 1


def _end_of_r_literal(literal: str) -> int:
    assert literal[0] == '"'
    i = 1
    while literal[i] != '"':
        i += 2 if literal[i] == "\\" else 1
    return i


def test_r_reads_its_literals_as_the_text(tmp_path: Path) -> None:
    program = need("Rscript")
    texts = [*HOSTILE, *(chr(c) + "x" for c in (1, 7, 8, 9, 11, 27, 127, 160, 0x3042, 0x1F600))]
    lines = [
        f"writeLines(enc2utf8({r_text(t)}), con, sep = '\\001', useBytes = TRUE)" for t in texts
    ]
    file, out = tmp_path / "a.R", tmp_path / "out"
    opened = f"con <- file({r_text(str(out))}, 'wb')"
    file.write_text("\n".join([opened, *lines, "close(con)"]), encoding="ascii")
    subprocess.run([program, "--vanilla", str(file)], check=True, env={**os.environ, "LC_ALL": "C"})
    found = out.read_bytes().decode("utf-8")
    assert found == "".join(t + "\x01" for t in texts)


@LAW
@given(st.text())
def test_a_comment_is_lines_of_comment(text: str) -> None:
    for line in comment(text):
        assert line.startswith("# ")
        assert len(line.splitlines()) == 1
        assert line.isprintable()


@LAW
@given(st.lists(st.text(), unique=True))
def test_different_texts_stay_different_in_a_table(texts: list[str]) -> None:
    found = distinct(texts)
    assert len(set(found.values())) == len(texts)
    assert all("\n" not in v and "\r" not in v and v for v in found.values())


def test_a_missing_word_that_is_a_level_is_told_apart() -> None:
    assert plain("NA") == "NA (a level)"


def test_a_locked_outcome_gives_no_script(cohort: Cohort) -> None:
    locked = select(hostile_table(), ask(outcome="locked"))
    for write_script in (python_script, r_script):
        with pytest.raises(SpecError):
            write_script(locked, PARTS)


def test_what_a_script_has_not_is_said_at_its_top(cohort: Cohort) -> None:
    for script in (python_script(cohort, ("km", "hazard")), r_script(cohort, ("km", "hazard"))):
        top = " ".join(line.removeprefix("# ") for line in _comments(script))
        assert "Not in this script: the part 'hazard'" in top


def _comments(script: str) -> Iterator[str]:
    for line in script.splitlines():
        if not line.startswith("#"):
            return
        yield line


def test_the_user_s_own_file_can_be_read(tmp_path: Path) -> None:
    columns = random_columns(6, 50)
    rows = ["pid,time,event,dose,site"]
    for i in range(50):
        time, event, dose, site = (columns[n][i] for n in ("time", "event", "dose", "site"))
        rows.append(f"P{i},{time},{event},{'NA' if i == 3 else dose},{site if i else ''}")
    data = "\n".join(rows).encode()
    spec = question(group_by="dose", terms=("dose:cut", "site"), id="pid", one_row="first")
    made = select(read(data, "mine.csv"), spec)
    assert reads_file(made, data)
    assert not reads_file(made, data.replace(b",", b";"))
    assert not reads_file(made, data.replace(b"north", b"North"))
    assert not reads_file(made, data.replace(b"dose", b"Dose"))
    assert not reads_file(made, data + b"\nP99,1,1,1,north")
    assert not reads_file(made, b"\xff\xfe\x00")
    (tmp_path / "mine.csv").write_bytes(data)
    (tmp_path / "table.csv").write_bytes(table_csv(made))
    (tmp_path / "a.py").write_text(python_script(made, ("km", "cox"), "mine.csv"))
    outputs = [
        subprocess.check_output([sys.executable, "a.py", *more], cwd=tmp_path)
        for more in ((), ("table.csv",))
    ]
    assert outputs[0] == outputs[1]
    assert b"multivariable.coef,site south" in outputs[0]


def test_identifiers_do_not_leave() -> None:
    columns: dict[str, Any] = dict(random_columns(4, 40))
    columns["mrn"] = [f"SECRET{i // 2}" for i in range(40)]
    spec = question(group_by="arm", id="mrn", one_row="first", cluster="mrn", terms=("age",))
    made = select(dataset_of(columns), spec)
    for text in (table_csv(made).decode(), python_script(made, ("cox",)), r_script(made, ("cox",))):
        assert "SECRET" not in text
    assert "mrn" in table_csv(made).decode()


def test_no_date_leaves() -> None:
    made = case_of(QUESTIONS["dates"]).cohort
    assert b"20" in made.dataset.frame["first"].str.cat().encode()
    assert "-01-" not in table_csv(made).decode()
