"""The methods text: every choice of the question appears in it, and nothing is said twice."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

import core
from core import methods
from core.parts import PARTS
from tests.cohorts import cohort_of, random_columns

COLUMNS: dict[str, Any] = {
    **random_columns(3, 80),
    "best": ["CR", "PR", "SD", "PD"] * 20,
    "late": [float(i % 3) for i in range(80)],
    "share": [1.0 + (i % 4) / 2 for i in range(80)],
}
BASE: dict[str, Any] = {
    "group_by": "arm", "terms": ("age", "dose"), "response": "best", "response_is": ("CR", "PR"),
    "subgroups": ("site",),
}  # fmt: skip
ELSEWHERE = (
    "core.view", "core.lesions", "core.survival.lesions", "core.survival.progression",
    "core.__main__", "core.sharing",
)  # fmt: skip
"""Packages whose parts are not told by `core.methods`."""
CHOICES: list[tuple[str, dict[str, Any]]] = [
    ("km", {"conf_level": 0.9}), ("km", {"conf_type": "arcsin"}), ("km", {"profile": "spss"}),
    ("km", {"median_ci": "spss"}), ("km", {"at": ("30",)}), ("km", {"tau": 20.0}),
    ("km", {"test": "gehan"}), ("km", {"test": "fh(0;1)"}), ("km", {"test": "maxcombo"}),
    ("km", {"strata": ("site",)}), ("km", {"ties": "breslow"}), ("km", {"landmark": 2.0}),
    ("km", {"entry": "entry"}), ("km", {"where": ("age > 40",)}), ("km", {"zero": "half"}),
    ("km", {"zero": "drop"}), ("km", {"negative": "half"}), ("km", {"competing": ("2",)}),
    ("differences", {"at": ("30",)}), ("differences", {"tau": 20.0}),
    ("differences", {"given": 5.0}), ("differences", {"conf_type": "log"}),
    ("comparisons", {"test": "peto"}), ("comparisons", {"permutations": 99.0}),
    ("comparisons", {"seed": 7.0}), ("precision", {"power": 0.9}),
    ("hazard", {"bandwidth": 12.0}), ("competing", {"conf_level": 0.9}),
    ("competing", {"at": ("30",)}), ("competing", {"terms": ("age",)}),
    ("cox", {"terms": ("age:spline(4)",)}), ("cox", {"ties": "breslow"}),
    ("cox", {"strata": ("site",)}), ("cox", {"conf_level": 0.9}), ("cox", {"limits": "profile"}),
    ("cox", {"estimator": "firth"}), ("cox", {"weights": "share"}), ("cox", {"cluster": "site"}),
    ("cox", {"offset": "late"}), ("cox", {"select": "backward:0.15"}),
    ("selection", {"select": "aic"}), ("selection", {"bootstraps": 30.0}),
    ("imputed", {"imputations": 7.0}), ("prediction", {"bootstraps": 30.0}),
    ("prediction", {"tau": 20.0}), ("prediction", {"at": ("30",)}),
    ("penalised", {"l1_ratio": 0.0}), ("subgroups", {"subgroups": ("dose",)}),
    ("response", {"response_is": ("CR",)}), ("response", {"benefit_is": ("CR", "PR", "SD")}),
    ("logistic", {"estimator": "firth"}), ("logistic", {"limits": "profile"}),
    ("logistic", {"terms": ("age",)}), ("table_one", {"characteristics": ("age",)}),
    ("table_one", {"spread": "quartiles"}), ("table_one", {"mean_test": "welch"}),
    ("measurement", {"measurement_error": 0.2}), ("robustness", {"centre": "site"}),
]  # fmt: skip
CUTS: list[tuple[str, dict[str, Any]]] = [
    ("km", {"cut_rule": "median"}), ("km", {"cut_rule": "value", "cut_value": ("61",)}),
    ("km", {"cut_side": "gt"}), ("km", {"cut_rule": "tertiles"}),
    ("km", {"cut_rule": "tertiles", "adjust_pairwise": "bh"}),
    ("km", {"cut_rule": "tertiles", "adjust_pairwise": "none"}),
    ("cutoff", {"min_fraction": 0.2}), ("cutoff", {"min_events": 3.0}),
    ("cutoff", {"correction": ("hl",)}), ("cutoff", {"permutations": 9.0}),
    ("cutoff", {"bootstraps": 9.0}),
    ("km", {"cut_rule": "median", "second_by": "dose", "second_cut": 2.0, "combine": "four"}),
    ("km", {"cut_rule": "median", "second_by": "dose", "second_cut": 2.0, "combine": "both"}),
    ("km", {"cut_rule": "median", "second_by": "dose", "second_cut": 2.0, "combine": "either"}),
]  # fmt: skip


def said(part: str, **fields: Any) -> tuple[str, ...]:
    cohort = cohort_of(COLUMNS, **(BASE | fields))
    return methods.sentences(cohort, cohort.spec, (part,))


@pytest.mark.parametrize(("part", "choice"), CHOICES, ids=str)
def test_a_choice_changes_the_text(part: str, choice: dict[str, Any]) -> None:
    assert said(part, **choice) != said(part)


def test_the_text_of_a_cut_tells_every_choice_apart() -> None:
    texts = [said(part, group_by="age", **({"cut_rule": "best"} | c)) for part, c in CUTS]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("part", sorted(set(PARTS) - {"scan", "continuous", "preview"}))
def test_every_part_is_told(part: str) -> None:
    """Beyond the patients, who belong to every text."""
    assert len(said(part)) > len(said("preview"))


def test_sentences_are_whole_and_none_is_said_twice() -> None:
    cohort = cohort_of(COLUMNS, **BASE)
    found = methods.sentences(cohort, cohort.spec, PARTS)
    assert len(set(found)) == len(found)
    assert all(text.endswith(".") and "{" not in text and "None" not in text for text in found)


def test_no_sentence_of_a_method_is_left_unsaid() -> None:
    """Each METHODS of a statistic is in the text of some question."""
    texts = " ".join(
        sentence
        for part, fields in [
            *((part, {}) for part in PARTS), ("cox", {"limits": "profile"}),
            ("cox", {"estimator": "firth"}), ("cox", {"cluster": "site"}),
            ("cox", {"terms": ("site:since(late)",)}), ("differences", {"given": 5.0}),
            ("prediction", {"bootstraps": 9.0}), ("km", {"origin": "late"}),
        ]
        for sentence in said_of_the_question(part, fields)
    )  # fmt: skip
    unsaid = []
    for module in pkgutil.walk_packages(core.__path__, "core."):
        if module.name.startswith(ELSEWHERE):
            continue
        text = getattr(importlib.import_module(module.name), "METHODS", None)
        if isinstance(text, str) and text not in texts:
            unsaid.append(module.name)
    assert unsaid == ["core.known"]  # told of a stratifier that is known later, with a landmark


def said_of_the_question(part: str, fields: dict[str, Any]) -> tuple[str, ...]:
    """The text for a question asked of a cohort that was made without it: dates are not needed."""
    cohort = cohort_of(COLUMNS, **BASE)
    return methods.sentences(cohort, cohort.spec.but(**fields), (part,))


def test_versions_and_earlier_looks_are_said() -> None:
    said = said_of_the_question("km", {"explored": ("analyses:25", "cutoffs:20")})
    assert "Looked at before this result: 20 cutoffs (25 analyses)." in " ".join(said)
    assert any("Stratiscope" in text and "lifelines" in text for text in said)
    assert not any("Looked at" in text for text in said_of_the_question("km", {}))
