"""Cox models with weights, offset, clusters, curves and interactions: R's numbers, and by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from core.cohort import Cohort
from core.errors import SpecError
from core.spec import AnalysisSpec
from core.survival import firth, newton, results
from core.survival.cox import CoxResult, hazard_ratios, model
from core.survival.profile import profile
from core.survival.risk import moments, risk_sets
from core.survival.robust import score_residuals
from core.survival.term_tests import TermTest
from core.view.model import tests as view
from tests.cohorts import cohort_of, dataset_of, question, random_columns
from tests.test_firth import OVARIAN, SEPARATED

STORED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "reference" / "cox_reference.json").read_text(encoding="utf-8")
)
ROLES = {
    "lung": {"time": "time", "event": "status"},
    "few": {"time": "time", "event": "status"},
    "gbsg": {"time": "time", "event": "cens"},
    "entry": {"time": "exit", "event": "event", "entry": "entry"},
    "heart": {"time": "stop", "event": "event", "entry": "start", "id": "id", "one_row": "all"},
}


def gbsg2() -> dict[str, Any]:
    from lifelines.datasets import load_gbsg2

    frame = load_gbsg2()
    return {name: frame[name].tolist() for name in frame}


def ask(table: str, query: str) -> Cohort:
    from core.cohort import select

    columns = gbsg2() if table == "gbsg" else STORED["tables"][table]
    asked = AnalysisSpec.from_query(query).to_dict()
    spec = question(**ROLES.get(table, {}))
    spec = spec.but(**{f: getattr(AnalysisSpec.from_query(query), f) for f in asked if f != "v"})
    return select(dataset_of(columns, levels={"tgrade": ("I", "II", "III")}), spec)


def fitted(table: str, query: str) -> CoxResult:
    cohort = ask(table, query)
    return model(cohort, cohort.spec)


def cox(columns: dict[str, Any], *terms: str, **fields: Any) -> CoxResult:
    cohort = cohort_of(columns, terms=terms, **fields)
    return model(cohort, cohort.spec)


def same(found: results.Test | None, expected: dict[str, float], rel: float = 1e-8) -> None:
    assert found is not None
    assert found.df == expected["df"]
    assert found.statistic == pytest.approx(expected["statistic"], rel=rel)
    assert found.p_value == pytest.approx(expected["p_value"], rel=1e-6, abs=1e-300)


def said(result: CoxResult, *words: str) -> bool:
    return any(all(word in note.text for word in words) for note in result.notes)


def named(result: CoxResult, term: str, part: str = "all") -> TermTest:
    return next(t for t in result.terms if (t.term, t.part) == (term, part))


# R --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", STORED["cases"], ids=[c["name"] for c in STORED["cases"]])
def test_the_model_is_that_of_r(case: dict[str, Any]) -> None:
    """Coefficients, (robust) standard errors, the tests of the model, and cox.zph."""
    found = fitted(case["table"], case["query"])
    rows = found.multivariable
    assert [row.coef for row in rows] == pytest.approx(case["coef"], rel=1e-7, abs=1e-10)
    assert [row.std_error for row in rows] == pytest.approx(case["se"], rel=1e-7)
    assert found.n == case["n"]
    assert found.robust is case["robust"]
    assert found.log_likelihood == pytest.approx(case["log_likelihood"][1], rel=1e-11)
    same(found.lr_test, case["lr"])
    same(found.score_test, case["score"])
    same(found.wald_test, case["wald"], rel=1e-7)
    if case["robust"]:
        same(found.robust_score_test, case["robust_score"])
    zph = {t.term: t.statistic for t in found.proportional_hazards}
    if len(zph) == len(case["zph"]):
        assert list(zph.values()) == pytest.approx(case["zph"], rel=1e-7)


DROPPED = [case for case in STORED["cases"] if "drop" in case]


@pytest.mark.parametrize("case", DROPPED, ids=[c["name"] for c in DROPPED])
def test_leaving_a_term_out_is_the_test_of_drop1(case: dict[str, Any]) -> None:
    found = fitted(case["table"], case["query"])
    # drop1 leaves out what takes part in an interaction, and has interactions last, as here.
    lr = [t.lr for t in found.terms if t.part == "all"]
    assert len(lr) == len(case["drop"]["df"])
    for test, statistic, df in zip(lr, case["drop"]["statistic"], case["drop"]["df"], strict=True):
        assert test is not None
        assert (test.statistic, test.df) == (pytest.approx(statistic, rel=1e-7), df)


@pytest.mark.parametrize("case", STORED["tests"], ids=lambda c: f"{c['name']}, {c['term']}")
def test_a_term_is_tested_as_nested_models_of_r_are(case: dict[str, Any]) -> None:
    test = named(fitted(case["table"], case["query"]), case["term"], case["part"])
    same(test.lr, case["lr"])
    same(test.wald, case["wald"], rel=1e-7)
    same(test.score, case["score"], rel=1e-6)


@pytest.mark.parametrize("case", STORED["profiles"], ids=lambda c: c["name"])
def test_profile_limits_are_where_an_offset_says(case: dict[str, Any]) -> None:
    """R's coxph with the held coefficient as an offset, and uniroot."""
    found = fitted(case["table"], case["query"])
    rows = found.multivariable
    assert [row.conf_low for row in rows] == pytest.approx(case["low"], rel=1e-8)
    assert [row.conf_high for row in rows] == pytest.approx(case["high"], rel=1e-8)
    assert [row.p_value for row in rows] == pytest.approx(case["p_value"], rel=1e-7)
    assert said(found, "profile likelihood")


# By hand, and second roads --------------------------------------------------------------------


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("late", [False, True])
def test_score_residuals_add_up_to_the_gradient(ties: str, late: bool) -> None:
    columns = random_columns(5)
    rng = np.random.default_rng(2)
    strata = np.unique(columns["site"].astype(str), return_inverse=True)[1]
    sets = risk_sets(
        columns["time"], columns["event"] > 0, entry=np.floor(columns["entry"]) if late else None,
        strata=strata, ties=ties, weights=rng.uniform(0.2, 3, 60), offset=rng.normal(size=60),
    )  # fmt: skip
    x = np.column_stack([columns["age"], columns["arm"]])[sets.order]
    beta = np.array([0.02, -0.4])
    residuals = score_residuals(sets, x, beta)
    assert residuals.sum(axis=0) == pytest.approx(moments(sets, x, beta).gradient, rel=1e-9)


def test_counts_as_weights_are_patients_written_down_so_often() -> None:
    """Breslow's likelihood of repeated rows; Efron's shares ties and is another one."""
    columns = random_columns(1, 40) | {"times": 1.0 + np.arange(40) % 3}
    often = columns["times"].astype(int)
    repeated = {k: np.repeat(v, often) for k, v in columns.items()}
    one = cox(columns, "age", "arm", weights="times", ties="breslow")
    other = cox(repeated, "age", "arm", ties="breslow")
    for row, expected in zip(one.multivariable, other.multivariable, strict=True):
        assert row.coef == pytest.approx(expected.coef, rel=1e-9)
        assert row.std_error == pytest.approx(expected.std_error, rel=1e-9)
    assert not one.robust
    assert (one.multivariable[0].n, one.n) == (40, 40)


def test_a_weight_of_one_and_an_offset_of_a_constant_change_nothing() -> None:
    columns = random_columns(1) | {"one": np.ones(60), "far": np.full(60, 700.0)}
    plain, weighted = cox(columns, "age", "arm"), cox(columns, "age", "arm", weights="one")
    moved = cox(columns, "age", "arm", offset="far")
    for other in (weighted, moved):
        for a, b in zip(plain.multivariable, other.multivariable, strict=True):
            assert b.coef == pytest.approx(a.coef, rel=1e-9)
            assert b.std_error == pytest.approx(a.std_error, rel=1e-9)
        assert other.concordance == plain.concordance


def test_a_common_factor_of_the_weights_leaves_robust_standard_errors() -> None:
    columns = random_columns(1)
    weights = np.random.default_rng(1).uniform(0.5, 2, 60)
    one = cox(columns | {"w": weights}, "age", "arm", weights="w")
    other = cox(columns | {"w": weights * 1e-3}, "age", "arm", weights="w")
    for a, b in zip(one.multivariable, other.multivariable, strict=True):
        assert (b.coef, b.std_error) == pytest.approx((a.coef, a.std_error), rel=1e-8)


def test_the_offset_is_the_coefficient_that_it_holds() -> None:
    columns = random_columns(2)
    both = cox(columns, "age", "arm")
    age, arm = (row.coef or 0.0 for row in both.multivariable)
    held = cox(columns | {"given": arm * columns["arm"]}, "age", offset="given")
    assert held.multivariable[0].coef == pytest.approx(age, rel=1e-8)
    assert held.log_likelihood == pytest.approx(both.log_likelihood, rel=1e-12)
    assert held.concordance == both.concordance


def test_clusters_of_one_are_the_robust_variance_and_their_order_does_not_matter() -> None:
    columns = random_columns(3)
    names = np.array([f"p{i}" for i in range(60)], dtype=object)
    centre = np.arange(60) % 22
    single = cox(columns | {"who": names}, "age", "arm", cluster="who")
    weights = cox(columns | {"w": np.full(60, 1.5)}, "age", "arm", weights="w")
    assert [r.std_error for r in single.multivariable] == pytest.approx(
        [r.std_error for r in weights.multivariable], rel=1e-9
    )
    mixed = np.random.default_rng(0).permutation(60)
    grouped = cox(columns | {"c": centre * 1.0}, "age", "arm", cluster="c")
    shuffled = {k: v[mixed] for k, v in (columns | {"c": 100.0 - centre}).items()}
    other = cox(shuffled, "age", "arm", cluster="c")
    assert [r.std_error for r in grouped.multivariable] == pytest.approx(
        [r.std_error for r in other.multivariable], rel=1e-9
    )
    assert grouped.robust
    assert said(grouped, "robust", "grouped by 'c'")


def test_profile_limits_are_those_of_a_naive_search() -> None:
    columns = random_columns(4, 30)
    x = np.column_stack([columns["age"] - 60, columns["arm"]])
    sets = risk_sets(columns["time"], columns["event"] > 0)
    found = newton.fit(sets, x)
    limits = profile(sets, x, found, level=0.9)
    z = x[sets.order]
    half = stats.chi2.isf(0.1, 1) / 2

    def fallen(b: float) -> float:
        best = optimize.minimize_scalar(
            lambda other: -moments(sets, z, np.array([b, other])).log_likelihood,
            bracket=(-1, 1), tol=1e-12,
        )  # fmt: skip
        return float(found.log_likelihood + best.fun - half)

    error = float(np.sqrt(found.covariance[0, 0]))
    top = float(found.beta[0])
    assert limits.low[0] == pytest.approx(
        optimize.brentq(fallen, top - 5 * error, top, xtol=1e-12), abs=1e-8
    )
    assert limits.high[0] == pytest.approx(
        optimize.brentq(fallen, top, top + 5 * error, xtol=1e-12), abs=1e-8
    )


def test_profile_limits_of_a_symmetric_likelihood_are_waldlike_with_many_patients() -> None:
    columns = random_columns(4, 4000, ties=False)
    wald = cox(columns, "age").multivariable[0]
    limits = cox(columns, "age", limits="profile").multivariable[0]
    assert limits.conf_low == pytest.approx(wald.conf_low, rel=1e-3)
    assert limits.conf_low != pytest.approx(wald.conf_low, rel=1e-9)


def test_groups_of_the_curves_have_no_weights() -> None:
    columns = random_columns(1) | {"w": np.linspace(0.5, 3, 60)}
    cohort = cohort_of(columns, group_by="arm", weights="w", cluster="site", limits="profile")
    plain = cohort_of(columns, group_by="arm")
    assert hazard_ratios(cohort, cohort.spec)[0] == hazard_ratios(plain, plain.spec)[0]


# Tests of terms -------------------------------------------------------------------------------


def test_wald_of_a_single_coefficient_is_the_square_of_its_z() -> None:
    found = cox(random_columns(1), "age", "site")
    row, test = found.multivariable[0], named(found, "age")
    assert test.wald is not None
    assert test.wald.statistic == pytest.approx((row.coef / row.std_error) ** 2, rel=1e-9)  # type: ignore[operator]
    assert test.wald.p_value == pytest.approx(row.p_value, rel=1e-9)


def test_the_score_of_the_only_term_is_the_log_rank_test() -> None:
    from core.survival import km

    columns = random_columns(1, ties=False)
    found = cox(columns, "arm")
    cohort = cohort_of(columns, group_by="arm", cut_rule="none")
    test = named(found, "arm").score
    assert test == found.score_test
    assert test is not None
    assert test.statistic == pytest.approx(
        km.estimate(cohort, cohort.spec).test.statistic, rel=1e-9
    )


@pytest.mark.parametrize(
    "terms", [("site", "age"), ("site", "age", "site*arm"), ("age:spline", "arm")]
)
def test_the_reference_and_the_coding_of_a_term_do_not_change_its_tests(
    terms: tuple[str, ...],
) -> None:
    columns = random_columns(2, 90)
    moved = {**columns, "age": columns["age"] * 12 - 400, "arm": 1 - columns["arm"]}
    again = tuple("site:cat(west)" if t == "site" else t for t in terms)
    found, other = cox(columns, *terms), cox(moved, *again)
    assert len(found.terms) == len(other.terms)
    for a, b in zip(found.terms, other.terms, strict=True):
        assert (a.part, a.df) == (b.part, b.df)
        for one, two in ((a.wald, b.wald), (a.score, b.score), (a.lr, b.lr)):
            assert one is not None
            assert two is not None
            assert one.statistic == pytest.approx(two.statistic, rel=1e-6)


def test_separation_leaves_the_likelihood_ratio_and_says_so() -> None:
    found = cox(SEPARATED, "x")
    assert found.separated
    assert found.wald_test is None
    test = named(found, "x")
    assert test.wald is None
    assert test.lr is not None
    assert test.lr.statistic == pytest.approx(found.lr_test.statistic, rel=1e-6)  # type: ignore[union-attr]
    assert not cox(random_columns(1), "age").separated


def test_firth_has_penalised_likelihood_ratios_of_terms_and_nothing_else() -> None:
    found = cox(OVARIAN, "age", "rx", estimator="firth")
    for row, test in zip(found.multivariable, found.terms, strict=True):
        assert (test.wald, test.score) == (None, None)
        assert test.lr is not None
        assert test.lr.p_value == pytest.approx(row.p_value, rel=1e-6)
    assert (found.wald_test, found.score_test) == (None, None)
    assert not found.separated
    assert cox(SEPARATED, "x", estimator="firth").separated


def test_all_terms_dropped_from_firth_are_its_whole_test() -> None:
    columns = random_columns(2)
    sets = risk_sets(columns["time"], columns["event"] > 0)
    x = np.column_stack([columns["age"], columns["arm"]])
    found = firth.fit(sets, x, level=0.95)
    whole = 2 * (found.log_likelihood - found.log_likelihood_null)
    assert firth.drop(sets, x, found, np.array([0, 1])) == pytest.approx(whole, rel=1e-8)


def test_a_level_without_columns_and_an_alias_have_no_test() -> None:
    columns = random_columns(0) | {"same": np.full(60, 3.0)}
    columns["again"] = columns["age"] * 2
    assert [t.term for t in cox(columns, "age", "same", "again").terms] == ["age"]
    assert cox(random_columns(0) | {"event": np.zeros(60)}, "age").terms == ()


def test_robust_tests_of_terms_are_walds_alone() -> None:
    columns = random_columns(0) | {"c": np.arange(60) % 25 * 1.0}
    test = named(cox(columns, "site", "age", cluster="c"), "site")
    assert test.wald is not None
    assert (test.score, test.lr, test.df) == (None, None, 2)


# Who is left out, and what is refused ---------------------------------------------------------


@pytest.mark.parametrize("field", ["weights", "offset", "cluster"])
def test_patients_without_a_weight_an_offset_or_a_cluster_leave(field: str) -> None:
    columns = random_columns(0)
    values = np.where(np.arange(60) < 7, np.nan, 1.0 + np.arange(60) % 30)
    if field == "weights":
        values[:3] = [0.0, -1.0, np.nan]
    found = cox(columns | {"w": values}, "age", "arm", **{field: "w"})
    rest = {k: v[7:] for k, v in (columns | {"w": values}).items()}
    expected = cox(rest, "age", "arm", **{field: "w"})
    assert found.n == 53
    assert [r.coef for r in found.multivariable] == [r.coef for r in expected.multivariable]
    assert said(found, "7 rows without", "left out")
    assert not said(expected, "left out")


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"weights": "site"}, "weights"), ({"offset": "site"}, "offset"),
     ({"weights": "wieght"}, "weights"), ({"cluster": "nowhere"}, "cluster"),
     ({"weights": "dose", "estimator": "firth"}, "weights"),
     ({"cluster": "site", "estimator": "firth"}, "cluster"),
     ({"limits": "wald", "estimator": "firth"}, "limits"),
     ({"limits": "profile", "cluster": "site"}, "limits"),
     ({"limits": "profile", "weights": "dose"}, "limits")],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(fields: dict[str, str], field: str) -> None:
    with pytest.raises(SpecError) as caught:
        cox(random_columns(0), "age", **fields)
    assert caught.value.field == field


def test_few_clusters_are_warned_about_and_one_has_no_variance() -> None:
    columns = random_columns(0)
    assert said(cox(columns, "age", cluster="site"), "Only 3 clusters")
    found = cox(columns | {"c": np.ones(60)}, "age", cluster="c")
    row = found.multivariable[0]
    assert row.coef is not None
    assert (row.std_error, row.conf_low, row.p_value) == (None, None, None)
    assert found.wald_test is None


def test_events_of_one_patient_are_told_to_be_clustered() -> None:
    frame = pd.DataFrame({"id": np.repeat(np.arange(20.0), 2)})
    frame["start"] = np.where(np.arange(40) % 2, 5.0, 0.0)
    frame["time"] = np.where(np.arange(40) % 2, 9.0 + np.arange(40) % 7, 5.0)
    frame["event"] = 1.0
    frame["x"] = np.arange(40) % 3 * 1.0
    columns = {name: frame[name].to_numpy() for name in frame}
    rows: dict[str, Any] = {"entry": "start", "id": "id"}
    assert said(cox(columns, "x", **rows), "more than one event", "cluster=id")
    assert not said(cox(columns, "x", cluster="id", **rows), "more than one event")


@pytest.mark.parametrize("term", ["age:poly(1)", "age:poly(4)", "age:poly(x)", "site:poly"])
def test_a_polynomial_has_degree_2_or_3(term: str) -> None:
    with pytest.raises(SpecError) as caught:
        cox(random_columns(0), term)
    assert caught.value.field == "terms"


# On the screen --------------------------------------------------------------------------------


def test_the_table_of_tests_names_every_test_and_leaves_out_what_no_term_has() -> None:
    found = cox(random_columns(1, 90), "age:spline", "site", "arm", "site*arm")
    table = view.table(found)
    assert table["Term"].tolist() == [
        "age (spline)", "age (spline): bend away from a straight line",
        "site, with its interactions", "arm (per unit), with its interactions",
        "site x arm (per unit)",
    ]  # fmt: skip
    assert table["df"].tolist() == [3, 2, 4, 3, 2]
    assert len(view.values(found)) == 3 * len(table)
    assert view.whole(found)["All terms together"].tolist() == [
        "Likelihood ratio", "Wald", "Score (log-rank)",
    ]  # fmt: skip
    firth_found = cox(OVARIAN, "age", "rx", estimator="firth")
    assert list(view.table(firth_found)) == [
        "Term", "df", "Likelihood ratio", "p, Likelihood ratio",
    ]  # fmt: skip
    assert view.OF_FIRTH in view.variant(firth_found)
    clustered = cox(random_columns(1), "age", cluster="arm")
    assert view.OF_ROBUST in view.variant(clustered)
    assert "Wald, robust" in view.whole(clustered)["All terms together"].tolist()


def test_the_finding_counts_the_terms_that_add_something() -> None:
    columns = random_columns(1, 300, ties=False)
    columns["noise"] = np.random.default_rng(3).normal(size=300)
    found = cox(columns, "age", "noise")
    assert view.finding(found).startswith("1 of 2 terms add to the model")
    assert "age" in view.finding(found)
    assert "straight line" not in view.finding(found)
    assert "straight line" in view.finding(cox(columns, "age:poly"))
    none = cox(columns | {"event": np.zeros(300)}, "age")
    assert view.finding(none).startswith("There is nothing to test")


def test_new_results_are_published_in_full() -> None:
    from core.published import cox as published

    columns = random_columns(1) | {"c": np.arange(60) % 25 * 1.0}
    entry = published(cox(columns, "age", "site", cluster="c"))
    assert json.loads(json.dumps(entry, allow_nan=False))
    assert entry["robust"] is True
    assert [t["term"] for t in entry["terms"]] == ["age", "site"]
    assert (entry["terms"][1]["wald"]["df"], entry["terms"][1]["lr"]) == (2, None)
    separated = published(cox(SEPARATED, "x"))
    assert (separated["separated"], separated["wald_test"]) == (True, None)
