"""Missing covariates: counts by hand, Rubin's rules and mice of R, laws of what is imputed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import lifelines
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.cohort import Cohort, select
from core.errors import SpecError
from core.reading import read_file
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from core.survival.chained import (
    Column,
    columns_of,
    cumulative_hazard,
    draw_levels,
    draw_numbers,
    imputed_columns,
)
from core.survival.cox import model
from core.survival.design import blocks
from core.survival.imputation import complete_blocks, imputed
from core.survival.missing import missing
from core.survival.pooling import PooledRow, pool
from core.survival.results import Row
from core.view.model import missing as view
from tests.cohorts import LAW, cohort_of, random_columns
from tests.reference.export_data import export

REFERENCE = Path(__file__).parent / "reference" / "selection_reference.json"
STORED = json.loads(REFERENCE.read_text(encoding="utf-8"))


def gappy(seed: int = 3, n: int = 90) -> dict[str, Any]:
    """A table in which age, site and arm have gaps."""
    rng = np.random.default_rng(seed)
    table: dict[str, Any] = dict(random_columns(seed, n))
    for name, share in (("age", 0.2), ("site", 0.15), ("arm", 0.1)):
        gone = rng.random(n) < share
        table[name] = [None if g else v for v, g in zip(table[name], gone, strict=True)]
    return table


def asked(table: dict[str, Any], *terms: str, **fields: Any) -> Cohort:
    return cohort_of(table, terms=terms, **({"missing": "impute", "imputations": 3.0} | fields))


# Who is left out ------------------------------------------------------------------------------

SMALL: dict[str, Any] = {
    "time": [1.0, 2, 3, 4, 5, 6, 7, 8],
    "event": [1.0, 0, 1, 1, 0, 1, 1, 0],
    "x": [1.0, None, 3, None, 2, 5, 1, 2],
    "y": [None, None, 1.0, 2, 3, 4, 5, 5],
    "g": ["a", "b", "a", "a", "b", None, "b", "a"],
}


def test_the_counts_by_hand() -> None:
    cohort = cohort_of(SMALL, terms=("x", "y", "g"))
    found = missing(cohort, cohort.spec)
    assert (found.n, found.events, found.n_complete, found.events_complete) == (8, 5, 4, 2)
    assert [(t.term, t.n, t.events, t.only) for t in found.terms] == [
        ("x", 2, 1, 1), ("y", 2, 1, 1), ("g", 1, 1, 1),
    ]  # fmt: skip
    assert [(p.terms, p.n, p.events) for p in found.patterns] == [
        (("x",), 1, 1), (("x", "y"), 1, 0), (("y",), 1, 1), (("g",), 1, 1),
    ]  # fmt: skip
    assert found.differences == ()
    assert any("4 patients of 8 (50%)" in note.text for note in found.notes)
    assert (found.n_complete, found.events_complete) == (
        model(cohort, cohort.spec).n, model(cohort, cohort.spec).events,
    )  # fmt: skip


def test_those_left_out_are_compared_as_a_column_would_be() -> None:
    table = gappy()
    cohort = cohort_of(table, terms=("age", "site", "dose", "age*dose"))
    found = missing(cohort, cohort.spec)
    out = [a is None or s is None for a, s in zip(table["age"], table["site"], strict=True)]
    flagged = table | {"out": np.array(out, dtype=float)}
    other = cohort_of(flagged, terms=("out",))
    row = model(other, other.spec).multivariable[0]
    assert found.left_out is not None
    for name in ("coef", "std_error", "conf_low", "p_value"):
        assert getattr(found.left_out, name) == pytest.approx(getattr(row, name), rel=1e-9)
    dose = np.asarray(table["dose"])
    a, b = dose[~np.array(out)], dose[np.array(out)]
    last = found.differences[-1]
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    assert (last.mean_in, last.mean_out, last.n_out) == pytest.approx((a.mean(), b.mean(), len(b)))
    assert last.standardised == pytest.approx((b.mean() - a.mean()) / spread)
    assert [t.term for t in found.terms] == ["age", "site", "dose"]


def test_complete_tables_and_no_terms() -> None:
    cohort = cohort_of(random_columns(1), terms=("age", "arm"))
    found = missing(cohort, cohort.spec)
    assert (found.n_complete, found.left_out, found.patterns) == (60, None, ())
    assert view.finding(found).startswith("No value is missing")
    bare = cohort_of(random_columns(1))
    assert missing(bare, bare.spec).terms == ()


def test_a_missing_stratum_is_told() -> None:
    table = gappy() | {"centre": ["A", "B", None] * 30}
    cohort = cohort_of(table, terms=("dose",), strata=("centre",))
    found = missing(cohort, cohort.spec)
    assert (found.n_complete, found.other) == (60, 30)
    assert len(view.terms(found)) == 1


# Rubin's rules --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", STORED["pooling"])
def test_pooling_is_that_of_mice_and_mitools(case: dict[str, Any]) -> None:
    found = pool(np.array(case["estimate"]), np.array(case["error"]), case["dfcom"])
    assert found.coef == pytest.approx(case["pooled"], rel=1e-12)
    assert found.std_error == pytest.approx(case["std_error"], rel=1e-12)
    assert found.std_error == pytest.approx(case["mitools_error"], rel=1e-12)
    assert found.df == pytest.approx(case["df"], rel=1e-12)
    assert found.missing_information == pytest.approx(case["fmi"], rel=1e-12)


def test_the_pooled_rows_are_those_of_the_models() -> None:
    """A second road: each imputed table fitted by itself and pooled by hand."""
    cohort = asked(gappy(), "age", "site", "dose", conf_level=0.9)
    found = imputed(cohort, cohort.spec)
    work = imputed_columns(
        cohort,
        columns_of(cohort, [b.term for b in blocks(cohort, cohort.spec)]),
        np.random.default_rng([1, 32]),
    )
    coefs = []
    while len(coefs) < 3:
        lent = next(work)
        if lent is None:
            continue
        frame = cohort.dataset.frame.copy()
        for name, whose in lent.items():
            frame[name] = frame[name].to_numpy()[whose]
        table = {name: frame[name].tolist() for name in frame}
        filled = cohort_of(table, terms=("age", "site", "dose"))
        coefs.append([(r.coef, r.std_error) for r in model(filled, filled.spec).multivariable])
    values = np.array(coefs)
    for k, row in enumerate(found.pooled):
        by_hand = pool(values[:, k, 0], values[:, k, 1], cohort.n_events - 4)
        assert row.coef == pytest.approx(by_hand.coef, rel=1e-8)
        assert row.std_error == pytest.approx(by_hand.std_error, rel=1e-8)
        assert row.df == pytest.approx(by_hand.df, rel=1e-8)
        assert row.conf_low is not None
        assert row.conf_high is not None
        assert row.hazard_ratio == pytest.approx(np.sqrt(row.conf_low * row.conf_high))
    assert (found.n, found.events, found.imputations) == (90, cohort.n_events, 3)


# Imputation -----------------------------------------------------------------------------------


def with_gaps(folder: Path) -> Path:
    """GBSG2 with the values deleted that the R script deletes."""
    import pandas as pd

    table = pd.read_csv(folder / "gbsg2.csv")
    i = np.arange(1, len(table) + 1)
    table.loc[(i * 37) % 100 < 20 + 15 * table["cens"], "tsize"] = np.nan
    table.loc[(i * 53) % 100 < np.where(table["pnodes"] > 5, 45, 20), "tgrade"] = None
    table.loc[(i * 71) % 100 < 15, "menostat"] = None
    path = folder / "gaps.csv"
    table.to_csv(path, index=False)
    return path


def between(row: PooledRow, m: int) -> float:
    """Variance between the tables, out of the published numbers of a row."""
    assert row.missing_information is not None
    assert row.std_error is not None
    assert row.df is not None
    ratio = (row.missing_information - 2 / (row.df + 3)) / (1 - row.missing_information)
    return float(ratio / (1 + ratio) * row.std_error**2 / (1 + 1 / m))


def test_imputation_agrees_with_mice(tmp_path: Path) -> None:
    """Within Monte Carlo error: 200 tables of R's mice against 8 of ours."""
    export(tmp_path)
    dataset, stored = read_file(with_gaps(tmp_path)), STORED["imputation"]
    spec = AnalysisSpec(
        time="time", unit="days", event="cens", event_is=("1",), missing="impute",
        imputations=8.0,
        terms=("age", "menostat", "tsize", "tgrade", "pnodes", "progrec", "horTh"),
    )  # fmt: skip
    cohort = select(dataset, fill(dataset, spec)[0])
    found = imputed(cohort, cohort.spec)
    assert (found.n_complete, found.events_complete) == (
        stored["n_complete"], stored["events_complete"],
    )  # fmt: skip
    assert len(found.pooled) == len(stored["rows"])
    for row, alone, wanted in zip(found.pooled, found.complete, stored["rows"], strict=True):
        assert alone.coef == pytest.approx(wanted["complete_coef"], rel=1e-7)
        assert alone.std_error == pytest.approx(wanted["complete_error"], rel=1e-7)
        assert row.coef is not None
        noise = np.sqrt(wanted["between"] * (1 / 8 + 1 / stored["m"]))
        # Two programs that draw by other rules differ by a little more than noise.
        assert abs(row.coef - wanted["coef"]) < 3 * noise + 0.05 * wanted["std_error"]
        assert row.std_error == pytest.approx(wanted["std_error"], rel=0.15)
        # The variance between 8 tables is about a chi-square of 7 df times that between many.
        low, high = stats.chi2.ppf([0.0005, 0.9995], 7) / 7
        assert low / 1.5 < between(row, 8) / wanted["between"] < high * 1.5


def test_values_that_others_tell_are_found() -> None:
    """A column that nearly equals another one is imputed close to it."""
    rng = np.random.default_rng(2)
    table: dict[str, Any] = dict(random_columns(2, 200))
    twin = table["age"] + rng.normal(0, 0.01, 200)
    gone = rng.random(200) < 0.3
    table["twin"] = [None if g else v for v, g in zip(twin, gone, strict=True)]
    kind = np.where(table["age"] > 65, "old", np.where(table["age"] > 55, "mid", "young"))
    table["kind"] = [None if g else str(v) for v, g in zip(kind, gone[::-1], strict=True)]
    cohort = asked(table, "age", "twin", "kind")
    terms = [b.term for b in blocks(cohort, cohort.spec)]
    work = imputed_columns(cohort, columns_of(cohort, terms), np.random.default_rng(1))
    lent = next(filter(None, work))
    near = twin[lent["twin"]][gone]
    assert np.abs(near - twin[gone]).mean() < 1.0
    same = kind[lent["kind"]][gone[::-1]] == kind[gone[::-1]]
    assert same.mean() > 0.8
    assert (lent["age"] == np.arange(200)).all()


def test_numbers_are_drawn_from_the_five_closest() -> None:
    """With a model that fits exactly the donors are the neighbours, each as often."""
    y = np.arange(50.0)
    rng = np.random.default_rng(1)
    drawn = draw_numbers(y[:, None], y, np.full((4000, 1), 20.1), rng)
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [18, 19, 20, 21, 22]
    assert counts / 4000 == pytest.approx(0.2, abs=0.03)
    ends = draw_numbers(y[:, None], y, np.array([[-9.0], [99.0]] * 500), rng)
    assert set(ends) == {0, 1, 2, 3, 4, 45, 46, 47, 48, 49}
    few = draw_numbers(y[:4, None], y[:4], np.full((500, 1), 1.0), rng)
    assert set(few) == {0, 1, 2, 3}


def test_the_uncertainty_of_the_linear_model_enters() -> None:
    """Which donors are close varies by as much as the prediction of the model is uncertain."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(500, 1))
    y = x[:, 0] + rng.normal(size=500)
    z = np.column_stack([np.ones(500), x])
    beta = np.linalg.lstsq(z, y, rcond=None)[0]
    left = ((y - z @ beta) ** 2).sum() / 498
    at = np.array([1.0, 0.7])
    wanted = np.sqrt(left * at @ np.linalg.inv(z.T @ z) @ at) / beta[1]
    order, new = np.argsort(y), np.full((200, 1), 0.7)
    places = []
    for seed in range(400):
        drawn = draw_numbers(x, y, new, np.random.default_rng(seed))
        places.append(x[order[np.searchsorted(y[order], drawn)], 0].mean())
    assert np.mean(places) == pytest.approx(0.7, abs=0.02)
    assert np.std(places) == pytest.approx(wanted, rel=0.15)


def test_levels_are_drawn_with_their_probabilities() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(4000, 1))
    p = 1 / (1 + np.exp(-x[:, 0]))
    codes = (rng.random(4000) < p).astype(np.int64)
    new = np.repeat([[-1.0], [0.0], [2.0]], 4000, axis=0)
    drawn = draw_levels(x, codes, new, rng).reshape(3, -1).mean(axis=1)
    assert drawn == pytest.approx(1 / (1 + np.exp([1.0, 0.0, -2.0])), abs=0.05)
    separated = draw_levels(x, (x[:, 0] > 0).astype(np.int64), new, rng)
    assert separated.reshape(3, -1).mean(axis=1)[[0, 2]] == pytest.approx([0, 1], abs=0.01)
    assert set(draw_levels(x, np.zeros(4000, dtype=np.int64), new, rng)) == {0}
    none = draw_levels(np.zeros((4000, 0)), codes, np.zeros((9000, 0)), rng)
    assert none.mean() == pytest.approx(codes.mean(), abs=0.05)


@pytest.mark.parametrize("late", [False, True])
def test_the_cumulative_hazard_is_nelson_aalens(late: bool) -> None:
    table = random_columns(6, 50)
    cohort = cohort_of(table, entry="entry") if late else cohort_of(table)
    fitter = lifelines.NelsonAalenFitter(nelson_aalen_smoothing=False)
    fitter.fit(cohort.time, cohort.event, entry=cohort.entry)
    wanted = fitter.cumulative_hazard_at_times(cohort.time).to_numpy()
    if late:
        wanted = wanted - fitter.cumulative_hazard_at_times(cohort.entry).to_numpy()
    assert cumulative_hazard(cohort) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@settings(LAW, max_examples=4)
@given(st.integers(0, 10**6))
def test_nothing_known_is_changed_and_every_value_is_somebodys(seed: int) -> None:
    cohort = asked(gappy(seed), "age:spline(3)", "site", "arm", "age*arm", "dose:log2")
    made = blocks(cohort, cohort.spec)
    mains = [b.term for b in made if not b.term.partner]
    columns = columns_of(cohort, mains)
    lent = next(filter(None, imputed_columns(cohort, columns, np.random.default_rng(seed))))
    completed = complete_blocks(made, lent)
    for before, after in zip(made, completed, strict=True):
        assert not np.isnan(after.matrix).any()
        known = ~np.isnan(before.matrix).any(axis=1)
        assert np.array_equal(after.matrix[known], before.matrix[known])
        if before.term.partner:
            continue
        rows = {tuple(row) for row in before.matrix[known]}
        assert {tuple(row) for row in after.matrix} <= rows
        if after.member is not None:
            assert np.array_equal(after.member, after.matrix == 1)


def test_the_seed_decides() -> None:
    cohort = asked(gappy(), "age", "dose")
    first = imputed(cohort, cohort.spec)
    assert imputed(cohort, cohort.spec.but(seed=1.0)).pooled == first.pooled
    assert imputed(cohort, cohort.spec.but(seed=2.0)).pooled != first.pooled


def test_nothing_is_imputed_where_nothing_is_asked_or_missing() -> None:
    cohort = asked(gappy(), "age", "site", missing=None)
    found = imputed(cohort, cohort.spec)
    assert (found.pooled, found.imputations, found.n) == ((), 0, found.n_complete)
    assert found.complete == model(cohort, cohort.spec).multivariable
    whole = asked(dict(random_columns(1)), "age", "site")
    assert "nothing to impute" in imputed(whole, whole.spec).notes[-1].text


@pytest.mark.parametrize(
    ("fields", "match"),
    [({"estimator": "firth"}, "Firth"), ({"terms": ()}, "no terms")],
)
def test_what_cannot_be_imputed_is_refused(fields: dict[str, Any], match: str) -> None:
    cohort = cohort_of(gappy(), **({"missing": "impute", "terms": ("age",)} | fields))
    with pytest.raises(SpecError, match=match):
        imputed(cohort, cohort.spec)


def test_too_few_known_values_are_refused() -> None:
    table: dict[str, Any] = dict(random_columns(1, 30))
    table["rare"] = [1.0, 2, 5, 3] + [None] * 26
    cohort = asked(table, "rare", "age", "site")
    with pytest.raises(SpecError, match="known for 4 patients: too few"):
        imputed(cohort, cohort.spec)


def test_intervals_are_refused() -> None:
    table = {
        "start": [0.0, 5, 0, 0], "stop": [5.0, 9, 4, 3], "event": [0.0, 1, 1, 0],
        "x": [1.0, None, 3, 1], "id": ["a", "a", "b", "c"],
    }  # fmt: skip
    cohort = cohort_of(table, time="stop", entry="start", id="id", terms=("x",), missing="impute")
    with pytest.raises(SpecError, match="change over time"):
        imputed(cohort, cohort.spec)


def test_a_separated_term_is_not_pooled() -> None:
    table = gappy()
    table["all"] = [1.0 if e else 0.0 for e in table["event"]]
    table["all"][5] = None
    cohort = asked(table, "age", "all")
    found = imputed(cohort, cohort.spec)
    assert found.pooled[0].coef is not None
    assert (found.pooled[1].coef, found.pooled[1].missing_information) == (None, None)
    assert any("not pooled" in note.text for note in found.notes)


def test_strata_late_entry_and_interactions_are_kept() -> None:
    table = gappy() | {"centre": ["A", "B", "B"] * 30}
    cohort = asked(
        table, "age", "dose", "age*dose", strata=("centre",), entry="entry", imputations=3.0
    )
    found = imputed(cohort, cohort.spec)
    assert found.n == cohort.n
    assert len(found.pooled) == 3
    assert all(row.coef is not None for row in found.pooled)
    assert any("knows of no interaction" in note.text for note in found.notes)


class Left(Exception):
    """The page was left."""


def test_the_work_tells_how_far_it_is_and_can_be_left() -> None:
    cohort = asked(gappy(), "age", "dose", imputations=5.0)
    told: list[float] = []
    imputed(cohort, cohort.spec, progress=told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)

    def leave(fraction: float) -> None:
        if fraction > 0.2:
            raise Left

    with pytest.raises(Left):
        imputed(cohort, cohort.spec, progress=leave)


# The screen -----------------------------------------------------------------------------------


def test_the_section_says_who_is_left_out() -> None:
    cohort = asked(gappy(), "age", "site", "dose")
    found, result = missing(cohort, cohort.spec), imputed(cohort, cohort.spec)
    said = view.finding(found)
    assert f"{found.n_complete} of 90 patients" in said
    assert f"({found.events_complete} of {found.events} events)" in said
    assert ("did differently" in said) is (found.left_out is not None)
    assert len(view.terms(found)) == 2
    assert len(view.patterns(found)) == len(found.patterns)
    assert len(view.differences(found)) == len(found.differences) == 3
    assert f"all {result.n} patients" in view.pooled_finding(result)
    table = view.pooled(result)
    assert table["Variable"].tolist() == ["age (per unit)", "site: south (vs north)",
                                          "site: west (vs north)", "dose (per unit)"]  # fmt: skip
    assert f"age {result.imputed['age']}" in view.how(result)
    assert "nothing" not in view.pooled_finding(result).lower()


def test_a_verdict_on_those_left_out() -> None:
    cohort = cohort_of(gappy(), terms=("age",))
    found = missing(cohort, cohort.spec)
    row = Row("left out", None, None, 90, 60, 0.7, 0.2, 2.0, 1.4, 3.0, 0.001)
    assert "they did differently" in view.finding(dataclasses.replace(found, left_out=row))
    row = dataclasses.replace(row, p_value=0.4)
    assert "no sign" in view.finding(dataclasses.replace(found, left_out=row))


def test_a_column_lends_only_what_is_missing() -> None:
    column = Column("x", np.array([1.0, np.nan, 3.0, 1.0]), 0)
    assert column.lender(np.array([1.0, 3.0, 3.0, 1.0])).tolist() == [0, 2, 2, 3]
