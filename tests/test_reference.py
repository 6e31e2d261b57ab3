"""Every reference case: the public entry against R's numbers.

``reference/survival_reference.json`` was written by ``reference/survival_reference.R`` from the
tables of ``reference/export_data.py``; ``reference/shared_tables.json`` by
``reference/shared_tables.R`` from real tables that a clone does not bring. A case says what it
expects of the answer, in the shape and the names of the answer; what it does not name is free.
"""

from __future__ import annotations

import importlib.util
import json
import math
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.analysis import analyse_query
from tests.support import need, tables

REFERENCE = Path(__file__).parent / "reference"
RELATIVE = 1e-8
ABSOLUTE = 1e-10
# For cases in which R itself stops before its last digits.
RELATIVE_ITERATIVE = 1e-6


def _cases(name: str) -> list[dict[str, Any]]:
    stored = json.loads((REFERENCE / name).read_text(encoding="utf-8"))
    cases: list[dict[str, Any]] = stored["cases"]
    return cases


CASES = _cases("survival_reference.json")
SHARED_CASES = _cases("shared_tables.json")


def _names(cases: list[dict[str, Any]]) -> list[str]:
    return [case["name"] for case in cases]


def differences(
    expected: object, found: object, *, relative: float = RELATIVE, where: str = ""
) -> Iterator[str]:
    """Yield one line for each place at which an answer is not what a case expects.

    Dictionaries are compared by the keys of ``expected``, lists element by element and in
    order, numbers within `relative` or `ABSOLUTE`, everything else by equality. ``None`` only
    equals ``None``.
    """
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            yield f"{where}: expected an object, found {found!r}"
            return
        for key, value in expected.items():
            if key not in found:
                yield f"{where}.{key}: missing"
            else:
                yield from differences(value, found[key], relative=relative, where=f"{where}.{key}")
    elif isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            size = len(found) if isinstance(found, list) else repr(found)
            yield f"{where}: expected {len(expected)} elements, found {size}"
            return
        for i, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, relative=relative, where=f"{where}[{i}]")
    elif not _equal(expected, found, relative):
        yield f"{where}: expected {expected!r}, found {found!r}"


def _equal(expected: object, found: object, relative: float) -> bool:
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return (
            isinstance(found, int | float)
            and not isinstance(found, bool)
            and math.isclose(expected, found, rel_tol=relative, abs_tol=ABSOLUTE)
        )
    return expected == found


def _check(case: dict[str, Any], folder: Path) -> None:
    relative = RELATIVE_ITERATIVE if case.get("iterative") else RELATIVE
    found = analyse_query(folder / case["table"], case["query"])
    wrong = list(differences(case["expect"], found, relative=relative))
    assert not wrong, "\n".join([case["query"], *wrong[:20]])


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the tables of ``reference/export_data.py``, written once."""
    spec = importlib.util.spec_from_file_location("export_data", REFERENCE / "export_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("reference_tables")
    module.export(folder)
    return folder


@pytest.mark.parametrize("case", CASES, ids=_names(CASES))
def test_analyse_agrees_with_r(case: dict[str, Any], exported: Path) -> None:
    """The answer to a case is R's, on packaged and synthetic tables."""
    _check(case, exported)


@pytest.mark.parametrize("case", SHARED_CASES, ids=_names(SHARED_CASES))
def test_analyse_agrees_with_r_on_public_tables(case: dict[str, Any]) -> None:
    """The answer to a case is R's, on public tables."""
    _check(case, tables())


def test_r_agrees_with_the_stored_numbers(exported: Path, tmp_path: Path) -> None:
    """The stored numbers are what the script computes here and now."""
    program = need("Rscript")
    packages = "quit(status = !all(sapply(c('survival', 'jsonlite'), requireNamespace)))"
    known = subprocess.run([program, "-e", packages], capture_output=True, check=False, timeout=60)
    if known.returncode != 0:
        need("Rscript with the packages survival and jsonlite")
    output = tmp_path / "again.json"
    script = REFERENCE / "survival_reference.R"
    run = subprocess.run(
        [program, str(script), str(exported), str(output)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    again = json.loads(output.read_text(encoding="utf-8"))["cases"]
    wrong = list(differences(CASES, again)) + list(differences(again, CASES))
    assert not wrong, "\n".join(wrong[:20])


def test_comparison_finds_what_is_wrong() -> None:
    """The comparison itself reports a number, a length, a missing key and a made-up number."""
    expected = {"a": [1.0, None], "b": {"c": "x"}}
    assert not list(differences(expected, {"a": [1.0 + 1e-12, None], "b": {"c": "x", "d": 1}}))
    for found in (
        {"a": [1.1, None], "b": {"c": "x"}},
        {"a": [1.0], "b": {"c": "x"}},
        {"a": [1.0, None], "b": {}},
        {"a": [1.0, 0.0], "b": {"c": "x"}},
    ):
        assert len(list(differences(expected, found))) == 1
