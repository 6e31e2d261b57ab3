"""Tests of a Cox model and of its terms, in words and tables."""

from __future__ import annotations

import dataclasses

import pandas as pd

from core.survival.cox import CoxResult
from core.survival.results import Test
from core.survival.term_tests import TermTest
from core.view import numbers
from core.view.words import row_label

SMALL = 0.05
NONE = "–"
PARTS = {
    "all": "{title}",
    "interactions": "{title}, with its interactions",
    "nonlinear": "{title}: bend away from a straight line",
}
READING = (
    "Each term is tested with all its columns together: the levels of a category, the pieces of a "
    "curve. The likelihood-ratio test compares the model with the same model without the term and "
    "is the one to trust with few events; the Wald test uses the estimates and their standard "
    "errors; the score test starts from the model without the term. With many events they agree. "
    "A term that takes part in an interaction is tested together with it, because its own row "
    "depends on how the other term is coded."
)
OF_FIRTH = (
    "With Firth's method the likelihood ratio is the penalised one. Wald and score tests are left "
    "out: they fail in just the data that the method is for."
)
OF_ROBUST = (
    "Standard errors are robust, so each term has Wald's test only; the score and likelihood-ratio "
    "tests of the whole model assume independent cases."
)


def finding(result: CoxResult) -> str:
    """Which terms contribute, by the test that exists for all of them."""
    if not result.terms:
        return "There is nothing to test: no events, or no term that varies."
    strong = [_name(t, result) for t in result.terms if t.part != "nonlinear" and _p(t) < SMALL]
    tested = [t for t in result.terms if t.part != "nonlinear"]
    said = f"{len(strong)} of {len(tested)} terms add to the model beyond the others (p < 0.05)" + (
        f": {'; '.join(strong)}." if strong else "."
    )
    bent = [t for t in result.terms if t.part == "nonlinear"]
    if not bent:
        return said
    curved = [result.titles.get(t.term, t.term) for t in bent if _p(t) < SMALL]
    if curved:
        return f"{said} Not a straight line: {', '.join(curved)}."
    return f"{said} No sign that a curve is better than a straight line."


def variant(result: CoxResult) -> str:
    """The variant of the tests, for the quiet line."""
    if result.robust:
        return f"{READING} {OF_ROBUST}"
    return f"{READING} {OF_FIRTH}" if result.wald_test is None and _is_firth(result) else READING


def whole(result: CoxResult) -> pd.DataFrame:
    """Tests of all terms together."""
    named = [
        ("Likelihood ratio", result.lr_test),
        ("Wald, robust" if result.robust else "Wald", result.wald_test),
        ("Score (log-rank)", result.score_test),
        ("Score, robust", result.robust_score_test),
    ]
    return pd.DataFrame(
        [
            {
                "All terms together": name,
                "Chi-square": numbers.fixed(test.statistic or 0.0, 2),
                "df": test.df,
                "p": numbers.p_cell(test.p_value),
            }
            for name, test in named
            if test is not None
        ]
    )


def table(result: CoxResult) -> pd.DataFrame:
    """A row per test of a term; columns of tests that no term has are left out."""
    columns = {"wald": "Wald", "score": "Score", "lr": "Likelihood ratio"}
    used = [n for n in columns if any(getattr(t, n) is not None for t in result.terms)]
    rows = []
    for test in result.terms:
        row: dict[str, object] = {"Term": _name(test, result), "df": test.df}
        for name in used:
            found: Test | None = getattr(test, name)
            row[columns[name]] = NONE if found is None else numbers.fixed(found.statistic or 0.0, 2)
            row[f"p, {columns[name]}"] = NONE if found is None else numbers.p_cell(found.p_value)
        rows.append(row)
    return pd.DataFrame(rows)


ALONE = (
    "Each term alone, by Wald's test. Of several candidates some have a small p by chance; Holm's "
    "correction keeps the chance of any false finding among all of them at the level of one."
)


def alone(result: CoxResult) -> pd.DataFrame:
    """The univariable p-values, as they are and corrected for their number."""
    rows = zip(result.univariable, result.univariable_adjusted, strict=True)
    return pd.DataFrame(
        [
            {
                "Term alone": row_label(row, result.titles),
                "p": numbers.p_cell(row.p_value),
                f"p, Holm over {len(result.univariable)}": numbers.p_cell(adjusted),
            }
            for row, adjusted in rows
        ]
    )


def values(result: CoxResult) -> pd.DataFrame:
    """The tests of terms with full precision, for CSV: a row per test."""
    return pd.DataFrame(
        [
            {"term": t.term, "part": t.part, **dataclasses.asdict(test)}
            for t in result.terms
            for test in (t.wald, t.score, t.lr)
            if test is not None
        ]
    )


def _is_firth(result: CoxResult) -> bool:
    return all(t.wald is None and t.lr is not None for t in result.terms)


def _name(test: TermTest, result: CoxResult) -> str:
    return PARTS[test.part].format(title=result.titles.get(test.term, test.term))


def _p(test: TermTest) -> float:
    best = test.lr or test.wald
    return 1.0 if best is None or best.p_value is None else best.p_value
