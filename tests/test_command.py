"""The headless command: JSON and 0, or one line that says what to do and 2; never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.analysis import analyse_query

ROOT = Path(__file__).resolve().parents[1]
CSV = """time_months,death,arm,Age at surgery,status
3,1,a,50,1
6,0,b,60,2
9,1,a,55,2
12,1,b,65,1
15,0,a,70,2
18,1,b,45,1
"""


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, in the repository's folder."""
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def trial(tmp_path: Path) -> str:
    """Return the path of a small table."""
    path = tmp_path / "trial.csv"
    path.write_text(CSV, encoding="utf-8")
    return str(path)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run the command here, check that it refuses in the agreed form, and return the line."""
    assert main(arguments) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith("error: ")
    assert streams.err.endswith("\n")
    assert streams.err.count("\n") == 1
    return streams.err


# Processes ------------------------------------------------------------------------------------


def test_an_answer_is_json_on_standard_output_and_status_0(trial: str) -> None:
    run = command("analyse", "--data", trial, "group_by=arm&event=death")
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout) == analyse_query(trial, "group_by=arm&event=death")


def test_a_refusal_is_one_line_on_standard_error_and_status_2(trial: str) -> None:
    run = command("analyse", "--data", trial, "group_by=amr&event=death")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("error: ")
    assert "'amr'" in run.stderr
    assert "Did you mean 'arm'?" in run.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_names_in_any_script_can_be_printed_on_any_system(encoding: str, tmp_path: Path) -> None:
    """A redirected output on Windows is cp1252, which has no Chinese; JSON is UTF-8 anyway."""
    path = tmp_path / "表.csv"
    path.write_text("OS_MONTHS,OS_EVENT,分期\n1,1,早\n2,0,晚\n3,1,早\n", encoding="utf-8")
    query = "time=OS_MONTHS&event=OS_EVENT&event_is=1&unit=months&group_by=分期"
    run = command("analyse", "--data", str(path), query, PYTHONIOENCODING=encoding)
    assert run.stderr == ""
    assert json.loads(run.stdout)["groups"]["by"] == "分期"


# In this process ------------------------------------------------------------------------------


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(arguments) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize(
    "before", ["", "?", "http://localhost:8501/?", "https://hospital.org/app/kaplan_meier?"]
)
def test_a_whole_link_is_accepted(
    before: str, trial: str, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "group_by=Age%20at%20surgery&event=death&cut_rule=value&cut_value=58"
    found = answer(capsys, "analyse", "--data", trial, before + query)
    assert found["groups"]["thresholds"] == [58]


def test_without_a_query_everybody_is_one_group(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "analyse", "--data", "gbsg2")
    assert [level["label"] for level in found["groups"]["levels"]] == ["All"]
    assert found["cohort"]["n"] == 686


def test_the_canonical_query_asks_the_same_again(
    trial: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = answer(capsys, "analyse", "--data", trial, "group_by=arm&event=death")
    again = answer(capsys, "analyse", "--data", trial, first["query"])
    assert {**again, "notes": None} == {**first, "notes": None}


def test_what_was_guessed_is_said(trial: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "analyse", "--data", trial, "group_by=arm&event=death")
    about = [note["about"] for note in found["notes"]]
    assert {"time", "unit", "event_is"} <= set(about)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("group_by=Age at surgry&event=death", "Did you mean 'Age at surgery'?"),
        ("terms=amr&event=death", "Did you mean 'arm'?"),
        ("strata=amr&event=death", "Did you mean 'arm'?"),
        ("where=amr%20%3D%20a&event=death", "Did you mean 'arm'?"),
        ("time=tim_months&event=death", "Did you mean 'time_months'?"),
        ("event=deth", "Did you mean 'death'?"),
        ("id=amr&event=death", "Did you mean 'arm'?"),
        ("entry=amr&event=death", "Did you mean 'arm'?"),
        ("groupby=arm", "Did you mean 'group_by'?"),
        ("event=status", "1 and 2"),
        ("tau=soon&event=death", "not a number"),
        ("v=9", "version 9"),
        ("tau=1&tau=2", "2 times"),
        ("unit=hours", "days, weeks, months, years"),
        ("parts=roc&event=death", "cohort, km, cox"),
        ("group_by=arm&cut_rule=median&event=death", "not a number"),
        ("time=arm&event=death", "numbers"),
        ("where=arm%20%3D%20zzz&event=death", "No patient is left"),
        ("suv_min=-3&event=death", "It must be"),
        ("terms=status:spline(9)&event=death", "Use 3 to 7"),
        ("test=wilcoxon&group_by=arm&event=death", "logrank"),
    ],
)
def test_a_bad_query_is_one_line_with_a_hint(
    query: str, words: str, trial: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refusal(capsys, "analyse", "--data", trial, query)


def test_an_ambiguous_event_is_asked_for_and_its_values_named(
    trial: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 and 2 are dead and alive, or the reverse: lifelines would take both for the event."""
    line = refusal(capsys, "analyse", "--data", trial, "event=status")
    assert "event_is=1" in line
    assert "event_is=2" in line


@pytest.mark.parametrize("name", ["nowhere.csv", "gbsg", "", "."])
def test_a_missing_file_is_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "gbsg2" in refusal(capsys, "analyse", "--data", name)


@pytest.mark.parametrize(
    "arguments",
    [(), ("analyse",), ("analyse", "--data"), ("predict", "--data", "gbsg2"),
     ("analyse", "--data", "gbsg2", "a=b", "c=d"), ("analyse", "--dat4", "gbsg2")],
)  # fmt: skip
def test_a_command_that_cannot_be_read_is_one_line(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "The command cannot be read" in refusal(capsys, *arguments)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04", b"time,death\n"])
def test_a_file_that_is_no_table_is_one_line(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    refusal(capsys, "analyse", "--data", str(path))


def test_a_line_break_in_a_name_does_not_break_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lines.csv"
    path.write_text('time_months,death,"a\nb"\n1,1,x\n2,0,y\n', encoding="utf-8")
    refusal(capsys, "analyse", "--data", str(path), "group_by=a%0Ac&event=death")


def test_a_report_is_written(tmp_path: Path) -> None:
    for ending in ("html", "docx", "pptx", "xlsx"):
        out = tmp_path / f"report.{ending}"
        assert main(["report", "--data", "gbsg2", "group_by=horTh", "--out", str(out)]) == 0
        assert out.stat().st_size > 5_000
    assert "299" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("out", "said"), [("report.pdf", "no reports '.pdf'"), ("no/such/r.html", "cannot be written")]
)
def test_a_report_that_cannot_be_written(
    out: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["report", "--data", "gbsg2", "group_by=horTh", "--out", str(tmp_path / out)]
    assert main(asked) == 2
    assert said in capsys.readouterr().err


def test_a_script_comes_with_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "own.csv"
    assert main(["script", "--data", "gbsg2", "group_by=horTh", "--table", str(table)]) == 0
    printed = capsys.readouterr().out
    compile(printed, "script.py", "exec")
    assert "own.csv" in printed
    assert len(table.read_text(encoding="utf-8").splitlines()) == 687
    assert main(["script", "--data", "gbsg2", "group_by=horTh", "--language", "r"]) == 0
    assert "library(survival)" in capsys.readouterr().out


def test_open_starts_the_dashboard_on_the_view(tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    rows = "\n".join(f"{i},{i % 2},{'ab'[i % 3 > 1]}" for i in range(1, 60))
    table.write_text(f"months,event,arm\n{rows}\n")
    query = "time=months&unit=months&event=event&event_is=1&group_by=arm"
    command = [sys.executable, "-m", "core", "open", "--data", str(table), query]
    env = os.environ | {"BROWSER": "true", "STRATISCOPE_STORE": f"sqlite:///{tmp_path}/v.db"}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as started:
        assert started.stderr is not None
        address = next(line for line in started.stderr if line.startswith("http://127.0.0.1"))
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            address.strip(), timeout=20
        ) as page:
            assert page.status == 200
        started.terminate()
    assert "data=sha256:" in address
    assert "group_by=arm" in address


def test_a_script_reads_a_plain_table_itself(
    trial: str, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "time=time_months&unit=months&event=death&event_is=1&group_by=arm"
    assert main(["script", "--data", trial, query]) == 0
    streams = capsys.readouterr()
    assert streams.err == ""
    assert "trial.csv" in streams.out
    ran = subprocess.run(
        [sys.executable, "-", trial], input=streams.out, capture_output=True, text=True,
        check=True, timeout=120,
    )  # fmt: skip
    answer = analyse_query(trial, query)
    line = next(row for row in ran.stdout.splitlines() if ".median,a," in row)
    assert float(line.rsplit(",", 1)[1]) == answer["km"]["groups"][0]["median"]
