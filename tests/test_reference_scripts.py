"""The stored reference values of R are what their scripts compute here and now."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.reference.export_data import export
from tests.support import need
from tests.test_reference import REFERENCE, differences

PACKAGES = {
    "comparisons": ("survival", "mvtnorm", "coin"),
    "competing": ("survival", "cmprsk"),
    "cox": ("survival", "glmnet"),
    "curves": ("survival",),
    "diagnostics": ("survival", "splines"),
    "hazard": ("survival",),
    "response": ("brglm2",),
    "selection": ("survival", "MASS", "mice", "mitools"),
    "subgroups": ("survival",),
    "table_one": ("MASS",),
    "timing": ("survival",),
}
"""Script, and the packages of R that it needs beside jsonlite."""
WITHOUT_TABLES = ("competing",)
"""Scripts that bring their own tables."""
# Maximisation without derivatives, and mice's random numbers, end at other last digits elsewhere.
RELATIVE = 1e-5


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference_tables")
    export(folder)
    return folder


@pytest.mark.parametrize("name", list(PACKAGES))
def test_r_computes_the_stored_numbers_again(name: str, exported: Path, tmp_path: Path) -> None:
    program = need("Rscript")
    wanted = ", ".join(f"'{package}'" for package in ("jsonlite", *PACKAGES[name]))
    check = f"quit(status = !all(sapply(c({wanted}), requireNamespace)))"
    known = subprocess.run([program, "-e", check], capture_output=True, check=False, timeout=60)
    if known.returncode != 0:
        need(f"Rscript with the packages {wanted}")
    output = tmp_path / "again.json"
    folder = [] if name in WITHOUT_TABLES else [str(exported)]
    run = subprocess.run(
        [program, str(REFERENCE / f"{name}_reference.R"), *folder, str(output)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    again = json.loads(output.read_text(encoding="utf-8"))
    stored = json.loads((REFERENCE / f"{name}_reference.json").read_text(encoding="utf-8"))
    for part in ("made_with", "session", "versions"):
        again.pop(part, None)
        stored.pop(part, None)
    wrong = list(differences(stored, again, relative=RELATIVE))
    assert not wrong, "\n".join(wrong[:20])
