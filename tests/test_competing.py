"""Competing risks: R's cmprsk, small sets by hand, laws, lifelines, figure, tables and words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cohort import Cohort
from core.errors import SpecError
from core.survival import cox, km
from core.survival.competing import fine_gray, gray
from core.survival.competing.competing import CompetingResult, as_one, competing
from core.view import export
from core.view.competing import cells, figure, said
from tests.cohorts import LAW, cohort_of, random_columns

REFERENCE = Path(__file__).parent / "reference" / "competing_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]
NAMES = [case["name"] for case in CASES]
EXACT = {"rel": 1e-9, "abs": 1e-12}


def case_cohort(case: dict[str, Any], **fields: Any) -> Cohort:
    """The table of a case with its competing event, by its groups."""
    table = case["table"]
    columns = {**table, "event": table["status"]}
    asked = {"competing": ("2",), "group_by": "group", "cut_rule": "none"}
    return cohort_of(columns, **(asked | {"at": tuple(map(str, case["times"]))} | fields))


def found_in(case: dict[str, Any], **fields: Any) -> CompetingResult:
    cohort = case_cohort(case, **fields)
    return competing(cohort, cohort.spec)


def three_causes(seed: int = 1, n: int = 60, *, ties: bool = True) -> dict[str, Any]:
    """Random columns whose event is 0, 1 (the event), 2 or 3 (competing)."""
    columns: dict[str, Any] = dict(random_columns(seed, n, ties=ties))
    kind = np.random.default_rng([seed, 1]).integers(1, 4, n)
    columns["event"] = columns["event"] * kind
    return columns


def run(columns: dict[str, Any], **fields: Any) -> CompetingResult:
    cohort = cohort_of(columns, **({"competing": ("2", "3")} | fields))
    return competing(cohort, cohort.spec)


# R ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize(
    ("conf_type", "stored"),
    [("log-log", ("log_log_low", "log_log_high")), ("log", ("log_low",)),
     ("plain", ("plain_high",))],
)  # fmt: skip
def test_incidence_is_that_of_cuminc(
    case: dict[str, Any], conf_type: str, stored: tuple[str, ...]
) -> None:
    at = found_in(case, conf_type=conf_type).at
    for expected in case["incidence"]:
        rows = at[(at["group"] == expected["group"]) & (at["cause"] == expected["cause"])]
        known = [v is not None for v in expected["estimate"]]
        named = {"estimate": "estimate", **{n: f"conf_{n.rsplit('_')[-1]}" for n in stored}}
        for theirs, ours in named.items():
            wanted = np.array(expected[theirs], dtype=float)[known]
            assert rows[ours].to_numpy()[known] == pytest.approx(wanted, nan_ok=True, **EXACT)
        variance = np.array(expected["variance"], dtype=float)[known]
        assert rows["std_error"].to_numpy()[known] ** 2 == pytest.approx(variance, **EXACT)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize(("strata", "stored"), [((), "gray"), (("stratum",), "gray_strata")])
def test_gray_is_that_of_cuminc(case: dict[str, Any], strata: tuple[str, ...], stored: str) -> None:
    tests = found_in(case, strata=strata).tests
    for test, expected in zip(tests, case[stored], strict=True):
        assert test.statistic == pytest.approx(expected["statistic"], **EXACT)
        assert test.p_value == pytest.approx(expected["p_value"], **EXACT)
        assert test.df == expected["df"]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("model", ["groups", "terms"])
def test_hazard_ratios_are_those_of_crr_and_coxph(case: dict[str, Any], model: str) -> None:
    result = found_in(case, terms=("group:cat", "x"))
    shown = [one for one in result.models if one.model == model]
    assert [one.cause for one in shown] == [1, 2]
    for one, sub, cause in zip(shown, case[model], case[f"cox_{model}"], strict=True):
        for rows, expected in ((one.subdistribution, sub), (one.cause_specific, cause)):
            coefficients = np.atleast_1d(expected["coef"])
            errors = np.atleast_1d(expected["std_error"])
            assert [row.coef for row in rows] == pytest.approx(coefficients, **EXACT)
            assert [row.std_error for row in rows] == pytest.approx(errors, **EXACT)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_log_likelihood_is_that_of_crr(case: dict[str, Any]) -> None:
    table = {name: np.array(values, dtype=float) for name, values in case["table"].items()}
    columns = [table["group"] == g for g in np.unique(table["group"])[1:]]
    x = np.column_stack([*columns, table["x"]]).astype(float)
    for cause, expected in enumerate(case["terms"], start=1):
        fit = fine_gray.fit(table["time"], as_one(table["status"].astype(int), cause), x)
        assert fit.log_likelihood == pytest.approx(expected["log_likelihood"], **EXACT)
        assert fit.log_likelihood_null == pytest.approx(expected["log_likelihood_null"], **EXACT)


def test_without_shared_times_finegray_has_the_same_coefficients() -> None:
    case = CASES[NAMES.index("apart")]
    table = {name: np.array(values, dtype=float) for name, values in case["table"].items()}
    x = np.column_stack([table["group"], table["x"]])
    fit = fine_gray.fit(table["time"], table["status"].astype(int), x)
    assert fit.beta == pytest.approx(case["finegray"], **EXACT)


# By hand ----------------------------------------------------------------------------------------


def test_six_patients_by_hand() -> None:
    columns = {"time": [1, 2, 3, 4, 5, 6], "event": [1, 2, 0, 1, 2, 0]}
    result = run(columns, competing=("2",), at=("2", "4.5", "6"))
    first = result.curves[result.curves["cause"] == 1]["estimate"].to_numpy()
    second = result.curves[result.curves["cause"] == 2]["estimate"].to_numpy()
    assert first == pytest.approx([1 / 6, 1 / 6, 1 / 6, 7 / 18, 7 / 18, 7 / 18])
    assert second == pytest.approx([0, 1 / 6, 1 / 6, 1 / 6, 7 / 18, 7 / 18])
    at = result.at[result.at["cause"] == 1]
    # 1 - 5/6 * 2/3, as if those with the competing event could still have the event.
    assert at["one_minus_km"].to_numpy() == pytest.approx([1 / 6, 4 / 9, 4 / 9])
    assert at["n_risk"].tolist() == [5, 2, 1]


def test_one_binary_column_solves_the_score_equation_by_hand() -> None:
    # Events at 1 (x=1), 3 (x=0), 4 (x=1); a competing one at 2 (x=0) who stays; nobody censored.
    time, status = np.array([1.0, 2, 3, 4]), np.array([1, 2, 1, 1])
    x = np.array([1.0, 0, 0, 1])
    fit = fine_gray.fit(time, status, x[:, None])
    r = np.exp(fit.beta[0])
    # Risk sets hold (ones, zeros) = (2, 2), (1, 2), (1, 1).
    score = 2 - (2 * r / (2 * r + 2) + r / (r + 2) + r / (r + 1))
    assert score == pytest.approx(0, abs=1e-12)


def test_a_competing_event_keeps_a_falling_weight() -> None:
    # Competing at 1; censored at 2, one of three at risk; then an event against one other. So the
    # risk set of the event is 1 + 1 + 2/3 at a coefficient of 0.
    time, status = np.array([1.0, 2, 3, 4]), np.array([2, 0, 1, 0])
    fit = fine_gray.fit(time, status, np.array([[0.0], [0], [1], [2]]))
    assert fit.log_likelihood_null == pytest.approx(-np.log(2 + 2 / 3), abs=1e-12)


def test_gray_by_hand() -> None:
    # Nobody has another event, and one event in all: the test is the log-rank test of 2 against 2.
    test = gray.compare(np.array([1.0, 2, 2, 2]), np.array([1, 0, 0, 0]), np.array([0, 0, 1, 1]), 2)
    # Observed 1, expected 1/2, variance 1/4.
    assert test.statistic == pytest.approx(1.0)
    assert test.df == 1


# Second road ------------------------------------------------------------------------------------


def test_lifelines_has_the_same_curves_without_ties() -> None:
    from lifelines import AalenJohansenFitter

    columns = three_causes(3, 80, ties=False)
    result = run(columns)
    for cause in (1, 2, 3):
        fitter = AalenJohansenFitter(calculate_variance=False)
        fitter.fit(columns["time"], columns["event"].astype(int), event_of_interest=cause)
        theirs = fitter.cumulative_density_.iloc[1:, 0]
        ours = result.curves[result.curves["cause"] == cause].set_index("time")["estimate"]
        assert ours.reindex(theirs.index).to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-12)


def test_variance_is_that_of_its_definition() -> None:
    columns = three_causes(5, 40)
    result = run(columns)
    one = result.curves[result.curves["cause"] == 1].reset_index(drop=True)
    n = one["n_risk"].to_numpy(float)
    own = one["n_event"].to_numpy(float)
    rest = sum(
        result.curves[result.curves["cause"] == k]["n_event"].to_numpy(float) for k in (2, 3)
    )
    s = np.cumprod(1 - (own + rest) / n)
    before, f = np.append(1, s[:-1]), one["estimate"].to_numpy()
    for t in range(len(one)):
        total = 0.0
        for i in range(t + 1):
            reach = (f[t] - f[i]) / s[i] if s[i] > 0 else 0.0
            for d, moved in ((own[i], 1 - reach), (rest[i], -reach)):
                tied = 1 - (d - 1) / (n[i] - 1) if d > 1 else 1.0
                total += moved**2 * (before[i] / n[i]) ** 2 * tied * d
        assert one["std_error"][t] ** 2 == pytest.approx(total, rel=1e-9, abs=1e-14)


def slow_score(time: np.ndarray, status: np.ndarray, x: np.ndarray, beta: float) -> float:
    """The score of Fine and Gray patient by patient, from the definition of the weights."""

    def uncensored(t: float) -> float:
        past = np.unique(time[(status == 0) & (time < t)])
        return float(
            np.prod([1 - ((time == u) & (status == 0)).sum() / (time >= u).sum() for u in past])
        )

    score = 0.0
    for i in np.flatnonzero(status == 1):
        t = time[i]
        weight = np.array(
            [
                1.0 if time[j] >= t
                else uncensored(t) / uncensored(time[j]) if status[j] == 2 else 0.0
                for j in range(len(time))
            ]
        )  # fmt: skip
        weight = weight * np.exp(beta * x)
        score += x[i] - (weight * x).sum() / weight.sum()
    return score


def test_the_slow_score_is_zero_at_the_estimate() -> None:
    columns = three_causes(7, 50)
    status = as_one(columns["event"].astype(int), 1)
    x = columns["arm"]
    beta = float(fine_gray.fit(columns["time"], status, x[:, None]).beta[0])
    assert slow_score(columns["time"], status, x, beta) == pytest.approx(0, abs=1e-9)


# Without competing events -----------------------------------------------------------------------


def test_without_competing_events_it_is_kaplan_meier_and_cox() -> None:
    columns = three_causes(2)
    columns["event"] = (columns["event"] == 1).astype(float)
    cohort = cohort_of(columns, group_by="arm", ties="breslow")
    result = competing(cohort, cohort.spec)
    curves = km.estimate(cohort, cohort.spec).curves
    assert result.curves["estimate"].to_numpy() == pytest.approx(1 - curves["estimate"], abs=1e-12)
    assert result.at["one_minus_km"].to_numpy() == pytest.approx(
        result.at["estimate"], nan_ok=True, abs=1e-12
    )
    (row,) = result.models[0].subdistribution
    (expected,) = cox.hazard_ratios(cohort, cohort.spec)[0]
    assert row.coef == pytest.approx(expected.coef, rel=1e-9)
    assert any(note.about == "causes" for note in result.notes)


def test_cause_specific_ratios_are_cox_with_the_others_censored() -> None:
    columns = three_causes(4)
    result = run(columns, group_by="arm", strata=("site",))
    for cause in (1, 2, 3):
        alone = cohort_of(
            columns | {"event": (columns["event"] == cause).astype(float)},
            group_by="arm", strata=("site",),
        )  # fmt: skip
        (expected,) = cox.hazard_ratios(alone, alone.spec)[0]
        (found,) = next(one for one in result.models if one.cause == cause).cause_specific
        assert found == expected


# Laws -------------------------------------------------------------------------------------------


@LAW
@given(seed=st.integers(0, 500))
def test_causes_and_survival_add_up(seed: int) -> None:
    result = run(three_causes(seed, 40), group_by="site")
    curves = result.curves
    total = curves.groupby(["group", "time"])["estimate"].sum()
    events = curves.groupby(["group", "time"])["n_event"].sum()
    at_risk = curves.groupby(["group", "time"])["n_risk"].first()
    free = (1 - events / at_risk).groupby(level="group").cumprod()
    assert total.to_numpy() == pytest.approx(1 - free.to_numpy(), abs=1e-12)
    for _, one in curves.groupby(["group", "cause"]):
        assert (np.diff(one["estimate"]) >= 0).all()
        assert one["estimate"].between(0, 1).all()
    known = curves.dropna(subset=["conf_low"])
    assert (known["conf_low"] <= known["estimate"]).all()
    assert (known["conf_high"] >= known["estimate"]).all()
    at = result.at.dropna(subset=["estimate"])
    assert (at["one_minus_km"] >= at["estimate"] - 1e-12).all()


@LAW
@given(seed=st.integers(0, 500))
def test_order_of_rows_and_unit_do_not_matter(seed: int) -> None:
    columns = three_causes(seed, 40)
    order = np.random.default_rng(seed).permutation(40)
    other = {name: values[order] for name, values in columns.items()}
    other["time"] = other["time"] * 7
    one, two = run(columns, group_by="site"), run(other, group_by="site", unit="weeks")
    assert one.curves["estimate"].to_numpy() == pytest.approx(two.curves["estimate"].to_numpy())
    for a, b in zip(one.tests, two.tests, strict=True):
        assert a.statistic == pytest.approx(b.statistic, rel=1e-8)
    for a, b in zip(one.models, two.models, strict=True):
        for row, other in zip(a.subdistribution, b.subdistribution, strict=True):
            assert (row.coef is None) == (other.coef is None)
            assert (row.coef or 0) == pytest.approx(other.coef or 0, rel=1e-6, abs=1e-9)


@LAW
@given(seed=st.integers(0, 500))
def test_names_of_groups_do_not_change_the_test(seed: int) -> None:
    columns = three_causes(seed, 40)
    renamed = {"north": "z", "south": "b", "west": "a"}
    other = columns | {"site": np.array([renamed[s] for s in columns["site"]], dtype=object)}
    for a, b in zip(
        run(columns, group_by="site").tests, run(other, group_by="site").tests, strict=True
    ):
        assert (a.statistic, a.df) == (pytest.approx(b.statistic, rel=1e-8), b.df)


def test_a_group_that_leaves_before_the_first_event_costs_no_degree_of_freedom() -> None:
    columns = three_causes(6, 40, ties=False)
    columns["time"] = columns["time"] + 5
    before = run({k: columns[k] for k in ("time", "event", "site")}, group_by="site")
    added = {
        "time": np.append(columns["time"], [1.0, 2.0]),
        "event": np.append(columns["event"], [0.0, 0.0]),
        "site": np.append(columns["site"], ["gone", "gone"]),
    }
    after = run(added, group_by="site")
    assert after.tests[0].df == before.tests[0].df == 2
    assert after.tests[0].statistic == pytest.approx(before.tests[0].statistic, rel=1e-9)


# Edges ------------------------------------------------------------------------------------------


def test_delayed_entry_keeps_the_curves_and_leaves_out_what_is_not_defined() -> None:
    columns = three_causes(8)
    result = run(columns, entry="entry", group_by="arm")
    assert all(test.statistic is None for test in result.tests)
    assert all(one.subdistribution == () and one.cause_specific for one in result.models)
    assert [n.about for n in result.notes if n.level == "warning"] == ["entry"]
    first = result.curves[(result.curves["group"] == 0) & (result.curves["cause"] == 1)]
    arm = columns["arm"] == 0
    for t, n in zip(first["time"], first["n_risk"], strict=True):
        assert n == (arm & (columns["entry"] < t) & (columns["time"] >= t)).sum()


def test_a_landmark_is_no_late_entry() -> None:
    columns = three_causes(9)
    late = columns["time"] > 3
    kept = {name: values[late] for name, values in columns.items()}
    one = run(columns, landmark=3.0, group_by="arm")
    two = run(kept, group_by="arm")
    assert one.tests[0].statistic == two.tests[0].statistic is not None
    assert one.models[0].subdistribution == two.models[0].subdistribution != ()


def test_nobody_has_a_competing_event() -> None:
    columns = three_causes(10)
    result = run(columns, competing=("2", "9"), group_by="arm")
    assert result.causes[2].events == 0
    assert (result.curves[result.curves["cause"] == 3]["estimate"] == 0).all()
    assert result.tests[2].statistic is None
    assert result.models[2].cause_specific == ()
    assert any(note.text == "Nobody who is in had: event = 9." for note in result.notes)


@pytest.mark.parametrize("events", [[0, 0], [1, 2], [1, 1], [2, 2]])
def test_two_patients(events: list[int]) -> None:
    result = run({"time": [1, 2], "event": events, "arm": [0, 1]}, group_by="arm")
    assert len(result.tests) == 3
    assert result.curves["estimate"].between(0, 1).all()


def test_everybody_has_an_event_and_times_of_zero() -> None:
    columns = {"time": [0, 0, 1, 1], "event": [1, 2, 1, 2]}
    result = run(columns, competing=("2",), at=("0", "1", "5"))
    at = result.at[result.at["cause"] == 1]
    assert at["estimate"].tolist() == [0.25, 0.5, 0.5]


def test_a_separated_group_has_no_subdistribution_ratio() -> None:
    columns = {"time": np.arange(1.0, 13), "event": [1, 0, 1, 2, 1, 0, 2, 0, 0, 2, 0, 0],
               "arm": [0] * 6 + [1] * 6}  # fmt: skip
    result = run(columns, competing=("2",), group_by="arm")
    (row,) = result.models[0].subdistribution
    assert row.hazard_ratio is None
    assert any(note.about == "subdistribution" for note in result.notes)


def test_missing_terms_and_strata_leave_the_same_patients_in_both_models() -> None:
    columns = three_causes(11)
    columns["age"] = columns["age"].copy()
    columns["age"][:9] = np.nan
    result = run(columns, terms=("age", "arm"), strata=("site",))
    (one, *_) = [m for m in result.models if m.model == "terms"]
    assert one.n == 51
    assert [r.n for r in one.cause_specific] == [r.n for r in one.subdistribution]
    assert {"strata", "n"} <= {note.about for note in result.notes}


def test_a_collinear_term_is_left_out() -> None:
    columns = three_causes(12)
    columns["again"] = columns["age"] * 2 + 1
    result = run(columns, terms=("age", "again"))
    rows = result.models[0].subdistribution
    assert rows[0].coef is not None
    assert rows[1].coef is None


def test_a_value_that_is_both_is_refused() -> None:
    with pytest.raises(SpecError, match="both"):
        run(three_causes(1), competing=("1",))


def test_one_value_written_in_two_ways_counts_once() -> None:
    result = run(three_causes(1), competing=("2", "2.0"))
    assert [cause.events > 0 for cause in result.causes] == [True, True, False]


def test_a_hundred_thousand_patients_are_bearable() -> None:
    rng = np.random.default_rng(1)
    n = 100_000
    columns = {"time": rng.exponential(10, n), "event": rng.integers(0, 3, n).astype(float),
               "arm": rng.integers(0, 3, n).astype(float), "x": rng.normal(size=n)}  # fmt: skip
    time, status = columns["time"], columns["event"].astype(int)
    assert gray.compare(time, status, columns["arm"].astype(int), 3).df == 2
    fit = fine_gray.fit(time, status, np.column_stack([columns["x"], columns["arm"]]))
    assert np.abs(fit.beta).max() < 0.05


def test_weights_are_said_not_to_be_used() -> None:
    columns = three_causes(1)
    plain, weighted = run(columns), run(columns, weights="dose")
    assert plain.at.equals(weighted.at)
    assert any(note.about == "weights" for note in weighted.notes)


# Figure, tables and words -------------------------------------------------------------------------


def of_mgus(**fields: Any) -> tuple[Cohort, CompetingResult]:
    cohort = case_cohort(CASES[0], **({"terms": ("group:cat", "x")} | fields))
    return cohort, competing(cohort, cohort.spec)


def test_the_first_sentence_says_what_came_first() -> None:
    cohort, result = of_mgus()
    text = said.finding(cohort, result)
    assert text.startswith(
        "At 240 days, in group: 0, event = 1 had come first in 10%, event = 2 in 70%; "
        "in group: 1, event = 1 had come first in 10%, event = 2 in 75%. "
        "Gray's test: p = 0.274 for event = 1, p < 0.001 for event = 2. 1384 patients: "
        "115 event = 1 first, 860 event = 2 first, 409 neither so far."
    )
    alone, found = of_mgus(group_by=None, cut_rule=None, at=("60",))
    assert said.finding(alone, found).startswith(
        "At 60 days event = 1 had come first in 3%, event = 2 in 32%. 1384 patients"
    )


def test_the_headline_is_where_enough_patients_are_followed() -> None:
    _, result = of_mgus(at=("60", "120", "400", "500"))
    few = result.at.groupby("time")["n_risk"].min()
    assert said.headline_time(result) == 120
    assert few[400.0] < said.FEW
    assert said.finding(*of_mgus(at=("9999",))).startswith("1384 patients: 115 ")


def test_one_minus_kaplan_meier_is_said_to_be_too_high() -> None:
    text = said.overstated(*of_mgus(at=("240",)))
    # methods: 0.230379 against 0.095651 in men, the larger of the two excesses
    assert "would claim 23.0% instead of 9.6% with event = 1 at 240 days (group: 1)" in text
    assert said.overstated(*of_mgus(competing=())) == ""


def test_a_searched_cutoff_takes_the_p_value_away() -> None:
    columns = three_causes(3, 80)
    cohort = cohort_of(columns, competing=("2", "3"), group_by="age", cut_rule="best")
    result = competing(cohort, cohort.spec)
    assert "the cutoff was searched for" in said.finding(cohort, result).lower()
    assert "Gray's test: p" not in said.finding(cohort, result)
    assert all(line.endswith(", search ignored") for line in figure.key(cohort, result))


def test_many_groups_are_said_as_a_range() -> None:
    case = CASES[NAMES.index("tied")]
    cohort = case_cohort(case)
    text = said.finding(cohort, competing(cohort, cohort.spec))
    assert text.startswith("At 10 days event = 1 had come first in 7% to 21%, depending on the ")


def test_the_figure_has_a_curve_a_group_and_cause() -> None:
    cohort, result = of_mgus()
    shape = figure.Shape.of(cohort, result)
    data = figure.data(cohort, result, shape)
    described = figure.description(shape)
    named = {layer["data"]["name"] for layer in described["layer"] if "data" in layer}
    assert named <= set(data)
    curves = data["curves"].to_pandas()
    assert len(curves.groupby(["group", "cause"])) == 4
    ends = curves.groupby(["group", "cause"])["estimate"]
    stored = result.curves.groupby(["group", "cause"])["estimate"].max()
    assert ends.max().to_numpy() == pytest.approx(stored.to_numpy())
    assert (ends.first() == 0).all()
    assert len(curves) <= 4 * (figure.PIXELS + 2)
    assert data["key"]["label"].to_pylist() == [
        "event = 1: Gray p = 0.274", "event = 2: Gray p < 0.001"
    ]  # fmt: skip
    assert data["risk"].to_pandas().query("days == 0")["n_risk"].tolist() == [
        level.n for level in cohort.groups.levels
    ]


def test_the_figure_can_be_saved() -> None:
    cohort, result = of_mgus()
    shape = figure.Shape.of(cohort, result)
    drawn = {**figure.description(shape), "datasets": figure.data(cohort, result, shape)}
    svg = export.svg(drawn, "Title", ["line"])
    assert "Gray p" in (svg if isinstance(svg, str) else svg.decode())


def test_the_tables_stand_side_by_side() -> None:
    cohort, result = of_mgus()
    table = cells.ratios(result, "terms")
    assert table["Event"].tolist() == ["event = 1"] * 2 + ["event = 2"] * 2
    first = CASES[0]["terms"][0]
    low, ratio, high = np.exp(first["coef"][0] + np.array([-1.959964, 0, 1.959964])
                              * first["std_error"][0])  # fmt: skip
    assert table["Subdistribution HR (CI)"][0] == f"{ratio:.2f} ({low:.2f}–{high:.2f})"
    assert table["Variable"].tolist()[:2] == ["group: 1 (vs 0)", "x (per unit)"]
    assert cells.ratios(result, "groups")["Variable"].tolist() == ["1 (vs 0)"] * 2
    counts = cells.counts(cohort, result)
    assert counts["Neither so far"].astype(int).sum() == 409
    at, swatches = cells.incidence(cohort, result)
    assert swatches == [0, 0, 1, 1]
    assert at["At 240 days"][0].startswith("10% (")
    full = cells.ratios_in_full(result)
    assert len(full) == 12
    assert set(full["hazard"]) == {"cause-specific", "subdistribution"}
    assert set(cells.named(cohort, result, result.at)["cause"]) == {"event = 1", "event = 2"}


def test_with_delayed_entry_the_second_column_is_empty() -> None:
    cohort = cohort_of(three_causes(8), competing=("2", "3"), entry="entry", group_by="arm")
    result = competing(cohort, cohort.spec)
    assert set(cells.ratios(result, "groups")["Subdistribution HR (CI)"]) == {"–"}
    assert figure.key(cohort, result) == ["event = 1", "event = 2", "event = 3"]
    assert "Gray" not in said.finding(cohort, result)
