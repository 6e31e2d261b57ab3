"""Freeze links with their answers: ``python -m tests.frozen.make``, once a release.

The links are those of the shipped cohorts' opening questions and of the model studies, and what the
fields of the query make of these. A line of the file is a link and the numbers that it gave; it is
never changed afterwards. A file of a saved view goes with them.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from core import studies
from core.analysis import analyse
from core.errors import StratiscopeError
from core.reading import examples
from core.sharing import bundle, snapshot
from core.spec import AnalysisSpec

HERE = Path(__file__).parent
LINKS = HERE / "links_v1.jsonl"
BUNDLE = HERE / "view_v1.stratiscope"
CHANGES = (
    "conf_type=log", "conf_type=plain&conf_level=0.9", "test=gehan", "test=fh(1;0)",
    "test=peto&tau=12", "at=6,12&show_unit=months", "ties=breslow", "profile=spss",
    "estimator=firth", "landmark=3&show_unit=months", "cut_rule=median", "cut_rule=tertiles",
    "cut_rule=quantile&cut_value=0.25,0.75", "cut_side=gt&cut_rule=median", "adjust_pairwise=bh",
    "median_ci=spss", "cut_rule=best&correction=lau92,lau94",
)  # fmt: skip
DIGITS = 12
PARTS = ("km", "cox")


def numbers(answer: Any, path: str = "") -> dict[str, float | None]:
    """Every number of an answer by its path, to so many digits."""
    if isinstance(answer, bool | str):
        return {}
    if answer is None or isinstance(answer, int | float):
        return {path: None if answer is None else float(f"{answer:.{DIGITS}g}")}
    items = answer.items() if isinstance(answer, dict) else enumerate(answer)
    found: dict[str, float | None] = {}
    for key, value in items:
        found |= numbers(value, f"{path}.{key}" if path else str(key))
    return found


def links() -> list[tuple[str, str]]:
    """Cohort and query of every link."""
    found: dict[tuple[str, str], None] = {}
    for name in examples.names():
        own = examples.question(name)
        asked = [own, *(view.spec for view in (studies.views(name) if name in studies.names()
                                               else ()))]  # fmt: skip
        for spec in asked:
            # Random draws are long, and their numbers may depend on the generator's version.
            plain = spec.but(permutations=None, bootstraps=None, section=None)
            found[name, plain.but(parts=PARTS).to_query()] = None
        for change in CHANGES:
            more = AnalysisSpec.from_dict(own.to_dict() | AnalysisSpec.from_query(change).to_dict())
            found[name, more.but(parts=PARTS).to_query()] = None
    return list(found)


def answer_of(name: str, query: str) -> dict[str, float | None]:
    """What a link gives: the main numbers of its curves and of its Cox model."""
    answer = analyse(examples.load(name), AnalysisSpec.from_query(query))
    km, cox = answer["km"], answer["cox"]
    groups = [
        {key: group[key] for key in ("n", "events", "median", "conf_low", "conf_high", "rmst")}
        for group in km["groups"]
    ]
    rows = [{key: row[key] for key in ("coef", "std_error", "p_value")}
            for row in (*km["hazard_ratio"], *cox["multivariable"])]  # fmt: skip
    return numbers({"groups": groups, "test": km["test"], "rows": rows})


def main() -> None:
    """Write both files."""
    lines = []
    for name, query in links():
        try:
            answer = answer_of(name, query)
        except StratiscopeError:
            continue  # a change that a cohort does not allow
        assert all(x is None or math.isfinite(x) for x in answer.values())
        lines.append(json.dumps({"data": name, "query": query, "answer": answer}))
    LINKS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    spec = examples.question("fulvestrant")
    made = snapshot.build(examples.load("fulvestrant"), spec)
    BUNDLE.write_bytes(bundle.write(made.members, title="Fulvestrant (synthetic)"))
    print(f"{len(lines)} links")


if __name__ == "__main__":
    main()
