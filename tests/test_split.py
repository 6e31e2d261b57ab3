"""Covariates that change once: against R's ``tmerge``, by hand, and by a second road."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines.datasets import load_stanford_heart_transplants

from core.cohort import Cohort, select
from core.errors import DataError, SpecError
from core.survival import cox
from core.survival.cox import CoxResult
from core.survival.split import Since, since_terms, split, values_since
from tests.cohorts import LAW, cohort_of, dataset_of, question
from tests.reference.export_data import export

REFERENCE = Path(__file__).parent / "reference"
R: dict[str, Any] = json.loads((REFERENCE / "timing_reference.json").read_text(encoding="utf-8"))


def intervals() -> pd.DataFrame:
    return load_stanford_heart_transplants()


def one_row_each() -> dict[str, np.ndarray]:
    """The heart patients with one row each: follow-up, and how long they waited for a heart."""
    rows = intervals()
    last = rows.sort_values("stop").groupby("id").last()
    moved = rows[rows["transplant"] == 1].groupby("id")["start"].first()
    kept = {n: last[n].to_numpy(dtype=float) for n in ("event", "age", "year", "surgery")}
    had = rows.groupby("id")["transplant"].max().to_numpy(dtype=float)
    wait = moved.reindex(last.index).to_numpy(dtype=float)
    return {"time": last["stop"].to_numpy(dtype=float), **kept, "transplant": had, "wait": wait}


def since_of(cohort: Cohort) -> tuple[Cohort, Since]:
    cut = split(cohort, cohort.spec)
    return cut, values_since(cut, since_terms(cut, cut.spec)[0])


def numbers(result: CoxResult) -> tuple[list[float | None], list[float | None]]:
    rows = result.multivariable
    return [row.coef for row in rows], [row.std_error for row in rows]


# --- R ------------------------------------------------------------------------------------------

HEART = ("age", "year", "surgery")


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_one_row_per_patient_gives_what_the_intervals_give(ties: str) -> None:
    """R's heart data: with the wait for a heart in a column, and as start-stop rows."""
    terms = (*HEART, "transplant:since(wait)")
    one = cohort_of(one_row_each(), terms=terms, ties=ties)
    rows = {name: intervals()[name].to_numpy() for name in intervals()}
    rows["time"] = rows["stop"]
    asked = question(entry="start", id="id", terms=(*HEART, "transplant"), ties=ties)
    many = select(dataset_of(rows), asked)
    assert (many.n, many.included.n_patients) == (172, 103)
    for cohort, expected in ((one, R["since"][ties]), (many, R["stopped"][ties])):
        result = cox.model(cohort, cohort.spec)
        coef, error = numbers(result)
        np.testing.assert_allclose(np.array(coef, float), expected["coef"], rtol=1e-8)
        np.testing.assert_allclose(np.array(error, float), expected["se"], rtol=1e-8)
        assert result.events == expected["events"]
        np.testing.assert_allclose(result.log_likelihood, expected["loglik"][1], rtol=1e-11)


def test_a_category_and_a_number_that_change_at_different_times(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Two terms with times of their own, and a stratum, against R's tmerge."""
    table = export(tmp_path_factory.mktemp("tables"))["four_groups"]
    four = pd.read_csv(table)
    four = four[four["grade"].notna()]
    i = four["patient"].str[1:].astype(int)
    four["event"] = (four["event"] == 1).astype(float)
    four["seen"] = (four["time"] * ((7 * i) % 10) / 8).round(2).where(i % 3 != 0)
    four["measured"] = (four["time"] * ((3 * i) % 11) / 9).round(2).where(i % 4 != 0)
    four["level"] = (5 * i) % 13
    names = ("time", "event", "grade", "seen", "measured", "level", "male", "age")
    columns = {name: four[name].to_numpy() for name in names}
    columns["grade"] = columns["grade"].astype(object)
    terms = ("age", "grade:since(seen)", "level:since(measured)")
    cohort = cohort_of(columns, terms=terms, strata=("male",))
    result = cox.model(cohort, cohort.spec)
    coef, error = numbers(result)
    np.testing.assert_allclose(np.array(coef, float), R["changing"]["coef"], rtol=1e-8)
    np.testing.assert_allclose(np.array(error, float), R["changing"]["se"], rtol=1e-8)
    assert [row.reference for row in result.multivariable[1:4]] == ["not yet"] * 3
    assert split(cohort, cohort.spec).n == R["changing"]["rows"]


# --- By hand ------------------------------------------------------------------------------------


def hand(**changes: Any) -> Cohort:
    columns = {
        "time": [10.0, 5.0, 8.0, 4.0, 6.0],
        "event": [1, 0, 1, 1, 0],
        "resp": ["yes", "no", "yes", "yes", "no"],
        "t": [4.0, None, 9.0, 0.0, None],
    }
    return cohort_of({**columns, **changes}, terms=("resp:since(t)",))


def test_follow_up_is_cut_at_the_change_and_the_event_belongs_to_the_end() -> None:
    cohort = hand()
    cut, since = since_of(cohort)
    assert cut.included.rows.tolist() == [0, 0, 1, 2, 3, 4]
    assert cut.entry is not None
    assert cut.entry.tolist() == [0, 4, 0, 0, 0, 0]
    assert cut.time.tolist() == [4, 10, 5, 8, 4, 6]
    assert cut.event.tolist() == [False, True, False, True, True, False]
    assert cut.included.n_patients == cohort.included.n_patients == 5
    assert len(cut.groups.codes) == 6
    # A change after the end never came; one at time 0 was there from the start.
    assert since.labels == ("no", "yes")
    assert since.codes is not None
    assert since.codes.tolist() == [0, 1, 0, 0, 1, 0]
    assert since.reference == "no"


def test_a_change_on_the_day_of_the_event_is_too_late_for_it() -> None:
    cut, since = since_of(hand(t=[10.0, None, 9.0, 4.0, None]))
    assert cut.n == 5
    assert since.codes is not None
    assert since.codes.tolist() == [0] * 5


def test_rounding_noise_does_not_put_a_change_before_the_event_of_its_day() -> None:
    # 0.3 is less than 0.1 + 0.2 by its last bit: as days they are the same.
    columns = {"time": [0.1 + 0.2, 0.1 + 0.2, 1.0], "event": [1, 1, 1],
               "resp": ["yes", "no", "no"], "t": [0.3, None, None]}  # fmt: skip
    cut, since = since_of(cohort_of(columns, terms=("resp:since(t)",)))
    assert cut.n == 3
    assert since.codes is not None
    assert since.codes.tolist() == [0, 0, 0]


def test_without_such_a_term_the_cohort_stays_as_it_is() -> None:
    cohort = cohort_of({"time": [1, 2], "event": [1, 0], "x": [1, 2]}, terms=("x",))
    assert split(cohort, cohort.spec) is cohort


def test_who_dies_at_time_0_is_at_risk_there() -> None:
    columns = {"time": [0.0, 5, 7, 9], "event": [1, 1, 0, 1], "x": [0, 1, 0, 0],
               "t": [None, 3.0, None, None], "age": [50, 61, 47, 55]}  # fmt: skip
    plain = cohort_of(columns, terms=("age",), zero="keep")
    cut = cohort_of(columns, terms=("age", "x:since(t)"), zero="keep")
    first = cox.model(plain, plain.spec).univariable[0]
    second = cox.model(cut, cut.spec).univariable[0]
    assert first.coef == pytest.approx(second.coef, rel=1e-9)


def test_late_entry_stays_and_a_change_before_it_is_known_at_it() -> None:
    columns = {"time": [10.0, 9, 8], "event": [1, 1, 0], "x": [2.0, 3.0, 0.0],
               "t": [1.0, 6.0, None], "late": [2.0, 3.0, 1.0]}  # fmt: skip
    cut, since = since_of(cohort_of(columns, entry="late", terms=("x:since(t)",)))
    assert cut.entry is not None
    assert cut.entry.tolist() == [2, 3, 6, 1]
    assert since.x is not None
    assert since.x.tolist() == [2, 0, 3, 0]


def test_the_state_before_the_change() -> None:
    """The value of those without a change where they share one that nobody else has."""
    coded = cohort_of({"time": [9, 8, 7], "event": [1, 1, 0], "x": [2, 1, 1],
                       "t": [3, None, None]}, terms=("x:since(t)",))  # fmt: skip
    assert since_of(coded)[1].x is not None
    np.testing.assert_array_equal(since_of(coded)[1].x, [1, 2, 1, 1])
    several = hand(resp=["PR", "SD", "CR", "CR", "PD"])
    since = since_of(several)[1]
    assert since.labels == ("not yet", "CR", "PR")
    assert "2 patients have another value" in since.notes[1].text
    stable = hand(resp=["PR", "SD", "CR", "CR", "SD"])
    assert since_of(stable)[1].labels == ("not yet", "CR", "PR")  # nobody is SD from day 0 on
    everybody = hand(t=[4.0, 3.0, 2.0, 1.0, 5.0])
    assert since_of(everybody)[1].labels == ("not yet", "no", "yes")


def test_a_change_without_a_value_leaves_the_patient_out_from_then_on() -> None:
    since = since_of(hand(resp=[None, "no", "yes", "yes", "no"]))[1]
    assert since.codes is not None
    assert since.codes.tolist() == [0, -1, 0, 0, 1, 0]
    assert any("left out from then on" in note.text for note in since.notes)


def test_dates_count_from_the_start() -> None:
    columns = {
        "begin": ["2020-01-01"] * 3,
        "end": ["2020-01-11", "2020-01-06", "2020-01-09"],
        "event": [1, 0, 1],
        "resp": ["yes", "no", "no"],
        "t": ["2020-01-05", None, None],
    }
    dataset = dataset_of(columns)
    variables = dict(dataset.variables)
    for name in ("begin", "end", "t"):
        variables[name] = dataclasses.replace(variables[name], kind="date")
    dataset = dataclasses.replace(dataset, variables=variables)
    asked = question(time=None, start="begin", end="end", terms=("resp:since(t)",))
    cut = split(select(dataset, asked), asked)
    assert cut.time.tolist() == [4, 10, 5, 8]
    asked = question(time="event", terms=("resp:since(t)",))
    with pytest.raises(SpecError, match="on which date"):
        since_of(select(dataset, asked))


@pytest.mark.parametrize(
    ("term", "kind"),
    [("resp:since", SpecError), ("resp:since(u)", SpecError), ("resp:since(resp)", DataError)],
)
def test_a_term_without_a_time_is_refused(term: str, kind: type[Exception]) -> None:
    cohort = hand()
    with pytest.raises(kind):
        split(cohort, cohort.spec.but(terms=(term,)))


# --- Laws ---------------------------------------------------------------------------------------


@LAW
@given(st.integers(0, 10_000))
def test_the_rows_of_a_patient_add_up_to_her_follow_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 30))
    time = rng.integers(1, 12, n).astype(float)
    t = np.where(rng.random(n) < 0.3, np.nan, rng.integers(0, 14, n))
    u = np.where(rng.random(n) < 0.3, np.nan, rng.integers(0, 14, n))
    columns = {"time": time, "event": rng.integers(0, 2, n), "x": rng.normal(size=n), "t": t,
               "u": u, "y": rng.normal(size=n)}  # fmt: skip
    cohort = cohort_of(columns, terms=("x:since(t)", "y:since(u)"))
    cut = split(cohort, cohort.spec)
    assert cut.entry is not None
    assert (cut.entry < cut.time).all()
    length = np.bincount(cut.included.rows, weights=cut.time - cut.entry, minlength=n)
    np.testing.assert_allclose(length, time)
    np.testing.assert_array_equal(
        np.bincount(cut.included.rows, weights=cut.event, minlength=n), columns["event"]
    )
    assert cut.n_events == cohort.n_events
    again = split(cut, cut.spec)
    assert again.time.tolist() == cut.time.tolist()


@LAW
@given(st.integers(0, 10_000))
def test_neither_the_order_of_rows_nor_the_unit_matters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 40
    time = rng.integers(2, 30, n).astype(float)
    columns = {
        "time": time,
        "event": rng.integers(0, 2, n),
        "x": np.ones(n),
        "t": np.where(rng.random(n) < 0.4, np.nan, np.round(time * rng.random(n))),
    }
    columns["event"][:3] = 1
    cohort = cohort_of(columns, terms=("x:since(t)",))
    order = rng.permutation(n)
    other = {name: values[order] for name, values in columns.items()}
    other["time"], other["t"] = other["time"] / 7, other["t"] / 7
    weeks = cohort_of(other, terms=("x:since(t)",), unit="weeks", show_unit="weeks")
    one, two = (cox.model(c, c.spec).multivariable[0].coef for c in (cohort, weeks))
    assert one == pytest.approx(two, rel=1e-7, abs=1e-9)


def test_a_hundred_thousand_patients_are_split_in_a_moment() -> None:
    import time as clock

    rng = np.random.default_rng(1)
    n = 100_000
    time = rng.integers(1, 4000, n).astype(float)
    columns = {"time": time, "event": rng.integers(0, 2, n), "x": np.ones(n), "t": time / 2}
    cohort = cohort_of(columns, terms=("x:since(t)",))
    began = clock.perf_counter()
    since_of(cohort)
    assert clock.perf_counter() - began < 3
