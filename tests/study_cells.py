"""The printed cells of a model study: their questions, and their numbers here and in R."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from core.reading import examples
from tests.support import need

REFERENCE = Path(__file__).with_name("reference")
HEADER = [
    "place", "factor", "group", "model", "quantity", "printed", "kind", "part", "query", "path",
    "reason",
]  # fmt: skip
KEY = ("place", "factor", "group", "model", "quantity")


def folder(name: str) -> Path:
    return examples.FOLDER / name


def rows(name: str) -> list[dict[str, str]]:
    with (folder(name) / "printed.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        found = list(reader)
    assert reader.fieldnames == HEADER
    return found


def query_of(name: str, row: dict[str, str]) -> str:
    """The study's own question with what a cell asks for in place of the same fields."""
    own = [field for field in row["query"].split("&") if field]
    names = {field.partition("=")[0] for field in own}
    base = str(examples.dictionary(name)["base"]).split("&")
    kept = [field for field in base if field.partition("=")[0] not in names]
    return "&".join([*kept, *own, f"parts={row['part']}"])


def pick(answer: Any, path: str) -> Any:
    """What stands at a path of an answer; written apart from the product's own reading of it."""
    for name, inside in re.findall(r"([A-Za-z_]\w*)|\[([^\]]*)\]", path):
        key, equals, value = inside.partition("=")
        if name:
            answer = answer[name]
        elif equals:
            answer = next(entry for entry in answer if str(entry[key]) == value)
        else:
            answer = answer[int(inside)]
    return answer


def rounds_to(value: float | None, text: str) -> bool:
    if text == "NR" or value is None:
        return text == "NR" and value is None
    unit = Decimal(1).scaleb(-len(text.partition(".")[2]))
    # Ten decimals: what a sum leaves in the last bits decides nothing.
    return Decimal(f"{value:.10f}").quantize(unit, ROUND_HALF_UP) == Decimal(text)


def stored(name: str) -> dict[str, Any]:
    """What R counted of the committed tables."""
    text = (REFERENCE / f"{name}_reference.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def again_in_r(name: str, output: Path) -> dict[str, Any]:
    """Let R count once more; skips the test where R is missing."""
    program = need("Rscript")
    check = "quit(status = !all(sapply(c('jsonlite', 'survival'), requireNamespace)))"
    if subprocess.run([program, "-e", check], capture_output=True, check=False).returncode:
        need("Rscript with the packages jsonlite, survival")
    script = REFERENCE / f"{name}_reference.R"
    run = subprocess.run(
        [program, str(script), str(folder(name)), str(output)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return found


def assert_made(name: str, tables: dict[str, list[list[object]]]) -> None:
    """The committed tables are those that the generator makes."""
    for file, made in tables.items():
        with (folder(name) / file).open(encoding="utf-8", newline="") as stream:
            assert list(csv.reader(stream)) == [[str(cell) for cell in row] for row in made]
