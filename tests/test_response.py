"""Response: R's tables and logistic models, numbers of the literature, closed forms and laws."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core import contingency, logistic
from core.cohort import Cohort
from core.errors import SpecError
from core.response import response
from core.response_model import LogisticResult, model
from core.survival.tails import chi2_p
from core.view import response as view
from tests.cohorts import LAW, cohort_of
from tests.reference.export_data import TABLES

REFERENCE = Path(__file__).parent / "reference" / "response_reference.json"
STORED: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
RNG = np.random.default_rng(1)

# Clinical benefit by SUVmax in 27 patients: 10 of 13 against 5 of 14.
GROUPS = np.array(["low"] * 14 + ["up"] * 13, dtype=object)
BENEFIT = np.array(["yes"] * 5 + ["no"] * 9 + ["yes"] * 10 + ["no"] * 3, dtype=object)


def asked(columns: dict[str, Any], **fields: Any) -> Cohort:
    n = len(next(iter(columns.values())))
    follow_up = {"time": np.arange(1.0, n + 1), "event": np.ones(n)}
    return cohort_of(follow_up | columns, **fields)


def benefit(**fields: Any) -> Cohort:
    roles = {"group_by": "suv", "response": "cb", "response_is": ("yes",)}
    return asked({"suv": GROUPS, "cb": BENEFIT}, **(roles | fields))


# Tables of counts ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", STORED["tables"], ids=lambda c: str(c["rows"]))
def test_tables_are_those_of_r(case: dict[str, Any]) -> None:
    table = np.array(case["rows"])
    test = contingency.pearson(table)
    assert test.statistic == pytest.approx(case["chisq"], rel=1e-12)
    assert test.p_value == pytest.approx(case["p_pearson"], rel=1e-10)
    assert contingency.least_expected(table) == pytest.approx(case["least"], rel=1e-12)
    found = contingency.fisher(table, rng=RNG)
    assert found.draws == 0
    assert found.p_value == pytest.approx(case["p_fisher"], rel=1e-9)
    if "exact" not in case:
        return
    (a, b), (c, d) = case["rows"]
    exact = contingency.conditional_odds_ratio(a, a + b, c, c + d, 0.95)
    for value, name in zip(
        (exact.estimate, exact.conf_low, exact.conf_high), ("estimate", "low", "high"), strict=True
    ):
        expected = case["exact"][name]
        assert value == (None if expected is None else pytest.approx(expected, rel=1e-9))
    if exact.estimate:
        assert exact.estimate == pytest.approx(case["fisher"], rel=2e-3)
    assert contingency.wilson(a, a + b, 0.95) == pytest.approx(case["wilson"], rel=1e-9, abs=1e-12)
    exact_limits = contingency.clopper_pearson(a, a + b, 0.95)
    assert exact_limits == pytest.approx(case["exact_limits"], rel=1e-9, abs=1e-12)


def every_table(rows: np.ndarray, columns: np.ndarray) -> Any:
    """All tables with these margins, the slow way."""
    inner = [range(min(r, c) + 1) for r in rows[:-1] for c in columns[:-1]]
    for cells in itertools.product(*inner):
        table = np.zeros((len(rows), len(columns)), dtype=int)
        table[:-1, :-1] = np.reshape(cells, (len(rows) - 1, len(columns) - 1))
        table[:-1, -1] = rows[:-1] - table[:-1, :-1].sum(axis=1)
        table[-1] = columns - table[:-1].sum(axis=0)
        if (table >= 0).all():
            yield table


@LAW
@given(st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_fishers_test_by_listing_every_table(cells: list[int]) -> None:
    table = np.reshape(cells, (2, 3))
    found = contingency.fisher(table, rng=RNG).p_value
    seen = contingency.without_empty(table)
    if min(seen.shape) < 2:
        assert found is None
        return
    weights = {}
    for other in every_table(seen.sum(axis=1), seen.sum(axis=0)):
        weights[other.tobytes()] = 1 / float(np.prod([factorial(v) for v in other.ravel()]))
    limit = weights[np.ascontiguousarray(seen).tobytes()] * (1 + 1e-7)
    slow = sum(w for w in weights.values() if w <= limit) / sum(weights.values())
    assert found == pytest.approx(slow, rel=1e-9)
    turned = contingency.fisher(table.T[::-1], rng=RNG).p_value
    assert found == pytest.approx(turned, rel=1e-9)


def factorial(n: int) -> float:
    return float(np.prod(np.arange(1.0, n + 1)))


def test_a_large_table_is_drawn_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.array([[5, 1, 7, 3], [2, 8, 1, 4], [3, 3, 3, 9]])
    exact = contingency.fisher(table, rng=RNG).p_value
    monkeypatch.setattr(contingency, "MOST_WORK", 100)
    found = contingency.fisher(table, rng=np.random.default_rng(3))
    assert found.draws == contingency.DRAWS
    assert exact is not None
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact / found.draws))


def test_a_drawn_p_value_is_never_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contingency, "MOST_WORK", 10)
    found = contingency.fisher(np.diag([30, 30, 30]), rng=np.random.default_rng(3))
    assert found.p_value == 1 / (1 + contingency.DRAWS)


def test_newcombes_printed_example() -> None:
    # Newcombe 1998, table II: 56/70 - 48/80 by method 10 is 0.0524 to 0.3339.
    found = contingency.difference(56, 70, 48, 80, 0.95)
    assert found.estimate == pytest.approx(0.2)
    assert found.conf_low == pytest.approx(0.0524, abs=5e-5)
    assert found.conf_high == pytest.approx(0.3339, abs=5e-5)
    # And the one at the edge: 10/10 - 0/10 is 0.6075 to 1.
    edge = contingency.difference(10, 10, 0, 10, 0.95)
    assert edge.conf_low == pytest.approx(0.6075, abs=5e-5)
    assert edge.conf_high == pytest.approx(1.0)


def test_a_relative_risk_by_hand() -> None:
    found = contingency.relative_risk(10, 13, 5, 14, 0.95)
    wide = stats.norm.ppf(0.975) * np.sqrt(1 / 10 - 1 / 13 + 1 / 5 - 1 / 14)
    assert found.estimate == pytest.approx((10 / 13) / (5 / 14))
    assert found.conf_high == pytest.approx((10 / 13) / (5 / 14) * np.exp(wide))
    assert contingency.relative_risk(1, 5, 0, 5, 0.95).estimate is None
    assert contingency.relative_risk(0, 5, 1, 5, 0.95).conf_low is None


# A published 2 x 2 table ---------------------------------------------------------------------


def test_a_published_comparison() -> None:
    cohort = benefit()
    (outcome,) = response(cohort, cohort.spec).outcomes
    whole, low, up = outcome.rates
    assert [(r.group, r.n, r.events) for r in (whole, low, up)] == [
        (None, 27, 15), ("low", 14, 5), ("up", 13, 10),
    ]  # fmt: skip
    assert whole.exact_low == pytest.approx(0.35326, abs=1e-5)
    assert whole.exact_high == pytest.approx(0.74520, abs=1e-5)
    assert whole.wilson_low == pytest.approx(0.37313, abs=1e-5)
    assert whole.wilson_high == pytest.approx(0.72414, abs=1e-5)
    (versus,) = outcome.versus
    assert (versus.group, versus.reference) == ("up", "low")
    assert versus.odds_ratio.estimate == pytest.approx(6.0)
    assert versus.odds_ratio.conf_low == pytest.approx(1.10592, abs=1e-5)
    assert versus.odds_ratio.conf_high == pytest.approx(32.55203, abs=1e-5)
    assert outcome.pearson.statistic == pytest.approx(4.635989, abs=1e-6)
    assert outcome.pearson.p_value == pytest.approx(0.031308, abs=1e-6)
    assert outcome.fisher.p_value == versus.p_fisher == pytest.approx(0.054238, abs=1e-6)


def test_its_logistic_model_in_closed_form() -> None:
    cohort = benefit()
    found = model(cohort, cohort.spec)
    (row,) = found.multivariable
    assert found.univariable == found.multivariable
    assert (row.level, row.reference, row.n, row.events) == ("up", "low", 13, 10)
    assert row.odds_ratio == pytest.approx(6.0, rel=1e-12)
    error = np.sqrt(1 / 10 + 1 / 3 + 1 / 5 + 1 / 9)
    assert row.std_error == pytest.approx(error, rel=1e-10)
    assert row.p_value == pytest.approx(0.037834, abs=1e-6)
    assert found.lr_test is not None
    assert found.lr_test.p_value == pytest.approx(0.028436, abs=1e-6)
    assert found.intercept == pytest.approx(np.log(5 / 9), rel=1e-10)
    assert found.auc == pytest.approx((10 * 9 + 0.5 * (10 * 3 + 5 * 9)) / (15 * 12))
    profile = model(cohort, cohort.spec.but(limits="profile"))
    (row,) = profile.multivariable
    # R's confint interpolates to 1.2006 and 37.7292; these are the roots themselves.
    assert row.conf_low == pytest.approx(1.2006, rel=1e-3)
    assert row.conf_high == pytest.approx(37.7292, rel=1e-3)
    assert row.p_value == pytest.approx(found.lr_test.p_value, rel=1e-12)
    firth = model(cohort, cohort.spec.but(estimator="firth"))
    # With one binary column Firth's method adds a half to each cell.
    assert firth.multivariable[0].coef == pytest.approx(np.log(10.5 * 9.5 / (3.5 * 5.5)), rel=1e-10)
    assert firth.limits == "profile"


# Logistic models -----------------------------------------------------------------------------


def columns_of_case(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    if case["data"] is not None:
        return {name: np.array(v, dtype=float) for name, v in case["data"].items()}
    frame = pd.read_csv(TABLES[case["table"]](folder / "table.csv"))
    if "tgrade" in frame:
        frame["third"] = (frame["tgrade"] == "III").astype(float)
    return {name: frame[name].to_numpy(dtype=float) for name in (case["y"], *case["terms"])}


@pytest.mark.parametrize(
    "case", STORED["cases"], ids=lambda c: f"{c['table']} {c['y']} {c['firth']}"
)
def test_logistic_models_are_those_of_r(case: dict[str, Any], tmp_path: Path) -> None:
    columns = columns_of_case(case, tmp_path)
    fields = {"response": case["y"], "response_is": ("1",), "terms": tuple(case["terms"])}
    fields |= {"estimator": "firth"} if case["firth"] else {"limits": "profile"}
    cohort = asked(columns, **fields)
    found = model(cohort, cohort.spec)
    # Where R's search for a maximum stops by itself.
    relative = 1e-6 if case["firth"] else 1e-8
    assert found.intercept == pytest.approx(case["coef"][0], rel=relative)
    assert found.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-10)
    assert found.lr_test is not None
    assert found.lr_test.statistic == pytest.approx(case["global"], rel=relative)
    for k, (row, test) in enumerate(zip(found.multivariable, found.terms, strict=True)):
        assert row.coef == pytest.approx(case["coef"][k + 1], rel=relative)
        assert row.std_error == pytest.approx(case["se"][k + 1], rel=1e-7)
        assert test.statistic == pytest.approx(case["lr"][k], rel=relative)
        assert row.p_value == pytest.approx(chi2_p(case["lr"][k], 1), rel=10 * relative)
        assert row.conf_low is not None
        assert row.conf_high is not None
        assert np.log(row.conf_low) == pytest.approx(case["low"][k], rel=1e-6, abs=1e-8)
        assert np.log(row.conf_high) == pytest.approx(case["high"][k], rel=1e-6, abs=1e-8)


def test_the_endometrial_cancer_study_of_heinze_and_schemper() -> None:
    """Stat Med 2002;21:2409-2419: NV separates the grades; printed estimates and limits."""
    case = next(c for c in STORED["cases"] if c["table"] == "endometrial")
    columns = {name: np.array(v, dtype=float) for name, v in case["data"].items()}
    fields = {"response": "HG", "response_is": ("1",), "terms": ("NV", "PI", "EH")}
    cohort = asked(columns, **fields)
    plain = model(cohort, cohort.spec)
    assert plain.separated
    assert [row.odds_ratio is None for row in plain.multivariable] == [True, False, False]
    assert any("perfectly separated" in note.text for note in plain.notes)
    found = model(cohort, cohort.spec.but(estimator="firth"))
    assert not found.separated
    printed = {"NV": (2.93, 0.61, 7.85), "PI": (-0.03, -0.12, 0.04), "EH": (-2.60, -4.37, -1.23)}
    for row in found.multivariable:
        assert row.conf_low is not None
        assert row.conf_high is not None
        values = (row.coef, np.log(row.conf_low), np.log(row.conf_high))
        assert values == pytest.approx(printed[row.term], abs=0.0051)


@pytest.mark.parametrize("firth", [False, True])
def test_aliased_and_constant_columns_are_named(firth: bool) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=40)
    y = rng.random(40) < 0.5
    found = logistic.fit(y, np.column_stack([x, 2 * x + 1, np.ones(40)]), firth=firth)
    assert found.aliased.tolist() == [False, True, True]
    alone = logistic.fit(y, x[:, None], firth=firth)
    assert found.beta[0] == pytest.approx(alone.beta[0], rel=1e-9)
    assert found.change([1]) == (0.0, 0)
    assert np.isnan(found.limits(1, 0.95)).all()


@LAW
@given(
    seed=st.integers(0, 10_000),
    factor=st.sampled_from([1e-3, 1.0, 250.0]),
    shift=st.sampled_from([-5.0, 0.0, 100.0]),
    firth=st.booleans(),
)
def test_order_units_and_offsets_do_not_matter(
    seed: int, factor: float, shift: float, firth: bool
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(50, 2))
    y = rng.random(50) < 1 / (1 + np.exp(-x[:, 0]))
    order = rng.permutation(50)
    here = logistic.fit(y, x, firth=firth)
    there = logistic.fit(y[order], x[order] * factor + shift, firth=firth)
    assert there.beta * factor == pytest.approx(here.beta, rel=1e-6, abs=1e-9)
    assert there.change([0, 1])[0] == pytest.approx(here.change([0, 1])[0], rel=1e-7, abs=1e-9)
    other = logistic.fit(~y, x, firth=firth)
    assert -other.beta == pytest.approx(here.beta, rel=1e-6, abs=1e-9)


def test_the_other_response_turns_the_ratios_around() -> None:
    cohort = benefit(response_is=("no",))
    (row,) = model(cohort, cohort.spec).multivariable
    assert row.odds_ratio == pytest.approx(1 / 6)


# Who is counted, and what is refused ---------------------------------------------------------


def recist(**fields: Any) -> Cohort:
    best = np.array(["CR", "PR", "PR", "SD", "SD", "PD", "PD", None, "SD", "PR"], dtype=object)
    arm = np.array(["a", "b"] * 5, dtype=object)
    roles = {"group_by": "arm", "response": "best", "response_is": ("CR", "PR")}
    return asked({"best": best, "arm": arm, "x": np.arange(10.0) % 4}, **(roles | fields))


def test_missing_values_are_counted_and_shown() -> None:
    cohort = recist(benefit_is=("CR", "PR", "SD"))
    found = response(cohort, cohort.spec)
    assert (found.n, found.missing) == (9, 1)
    assert found.levels == ("CR", "PD", "PR", "SD")
    assert found.counts == ((1, 1, 1, 2), (0, 1, 2, 1))
    objective, clinical = found.outcomes
    assert [(r.n, r.events, r.missing) for r in objective.rates] == [
        (9, 4, 1), (5, 2, 0), (4, 2, 1),
    ]  # fmt: skip
    assert [r.events for r in clinical.rates] == [7, 4, 3]
    assert any("1 of 10 patients have no value" in note.text for note in found.notes)
    assert any("survival endpoint" in note.text for note in found.notes)
    assert model(cohort, cohort.spec.but(terms=("x",))).n == 9


def test_a_level_that_nobody_has_is_said() -> None:
    cohort = recist(response_is=("CR", "PR", "iCR"))
    found = response(cohort, cohort.spec)
    assert found.outcomes[0].rates[0].events == 4
    assert any("Nobody has this value of best: iCR" in note.text for note in found.notes)


def test_ones_of_a_number_are_the_response() -> None:
    cohort = asked({"orr": np.array([1.0, 0, 1, 0])}, response="orr")
    found = response(cohort, cohort.spec)
    assert found.outcomes[0].values == ("1",)
    assert any("Taken as response: 1" in note.text for note in found.notes)
    again = asked({"orr": np.array([1.0, 0, 1, 0])}, response="orr", response_is=("0.0",))
    assert response(again, again.spec).outcomes[0].values == ("0",)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"response": None}, "response", "No response column"),
        ({"response": "nothing"}, "response", "no column"),
        ({"response": "event"}, "response", "survival outcome"),
        ({"response_is": ()}, "response_is", "not said which values"),
        ({"response_is": ("maybe",)}, "response_is", "not a value"),
        ({"benefit_is": ("maybe",)}, "benefit_is", "not a value"),
        ({"response": "time"}, "response", "survival outcome"),
    ],
)
def test_what_cannot_be_a_response_is_refused(
    fields: dict[str, Any], field: str, words: str
) -> None:
    cohort = recist(**fields)
    with pytest.raises(SpecError, match=words) as raised:
        response(cohort, cohort.spec)
    assert raised.value.field == field


def test_the_work_tells_how_far_it_is() -> None:
    cohort, told = benefit(terms=("suv", "time")), []
    model(cohort, cohort.spec, progress=told.append)
    assert told == [0.0, 0.25, 0.5, 1.0]


def test_the_response_is_no_term() -> None:
    cohort = recist(terms=("best",))
    with pytest.raises(SpecError, match="is the response"):
        model(cohort, cohort.spec)
    with pytest.raises(SpecError, match="this model has no time"):
        model(cohort, cohort.spec.but(terms=("x:since(time)",)))


@pytest.mark.parametrize("values", [("CR", "PR", "SD", "PD"), ("iCR", "CR")])
@pytest.mark.parametrize("estimator", ["cox", "firth"])
def test_everybody_or_hardly_anybody_responds(values: tuple[str, ...], estimator: str) -> None:
    cohort = recist(response_is=values, estimator=estimator, terms=("x",))
    found = response(cohort, cohort.spec)
    (outcome,) = found.outcomes
    fitted: LogisticResult = model(cohort, cohort.spec)
    if len(values) == 4:
        assert outcome.pearson.p_value is None
        assert outcome.fisher.p_value is None
        assert outcome.rates[0].exact_high == outcome.rates[0].wilson_high == 1.0
        assert fitted.lr_test is None
        assert any("Nothing can be estimated" in note.text for note in fitted.notes)
    else:
        assert outcome.versus[0].odds_ratio.estimate is None
        assert any("a cell of the table is 0" in note.text for note in found.notes)
        assert fitted.lr_test is not None


# On the screen -------------------------------------------------------------------------------


def test_the_finding_names_rates_limits_and_the_exact_test() -> None:
    cohort = benefit()
    said = view.finding(cohort, response(cohort, cohort.spec))
    assert said == (
        "Response: 15 of 27 (55.6%), 95% limits 35.3 to 74.5%; suv: low: 5 of 14 (35.7%), "
        "suv: up: 10 of 13 (76.9%); Fisher's exact p = 0.054."
    )


def test_tables_of_the_response() -> None:
    cohort = recist(benefit_is=("CR", "PR", "SD"))
    found = response(cohort, cohort.spec)
    rates = view.rates(cohort, found)
    assert rates["Patients"].tolist() == ["4/9", "2/5", "2/4", "7/9", "4/5", "3/4"]
    assert rates["Missing"].tolist() == ["1", "0", "1"] * 2
    levels = view.levels(cohort, found)
    assert levels.iloc[-1].tolist() == ["missing", "0", "1"]
    assert levels.iloc[2].tolist() == ["PR", "1 (20.0)", "2 (50.0)"]
    assert len(view.tests(found)) == len(view.versus(found)) == 2
    sent = view.data(cohort, found)["rates"]
    assert len(sent) == view.n_lines(found) == 6
    assert '"rates"' in json.dumps(view.description(6))
    assert len(view.rates_in_full(found)) == 6
    assert view.versus_in_full(found)["odds_ratio"].notna().all()


def test_an_infinite_odds_ratio_has_its_lower_limit() -> None:
    columns = {"g": np.array(["a"] * 4 + ["b"] * 4, dtype=object)}
    columns["y"] = np.array(["no", "no", "no", "no", "yes", "yes", "yes", "no"], dtype=object)
    cohort = asked(columns, group_by="g", response="y", response_is=("yes",))
    line = view.versus(response(cohort, cohort.spec)).iloc[0]
    assert line["Odds ratio (Wald)"] == "not estimable"
    assert line["Odds ratio (exact)"].startswith("infinite (from ")


def test_the_logistic_table_has_both_models() -> None:
    cohort = benefit(terms=("suv",))
    found = model(cohort, cohort.spec)
    (line,) = view.logistic(found).to_dict("records")
    assert line["Variable"] == "suv: up (vs low)"
    assert line["Univariable OR (CI)"] == line["Multivariable OR (CI)"] == "6.00 (1.11–32.55)"
    assert "27 patients, 15 responders, 1 parameter. " in view.model(found)
    assert len(view.logistic_in_full(found)) == 2
    assert view.term_tests(found)["df"].tolist() == [1]
