"""What leaves as results alone: counts of a few are hidden, curves give no patient back."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import release
from core.analysis import question
from core.cohort import Cohort
from core.dataset import Dataset
from core.exploration import Counts
from core.parts import PARTS
from core.reading import examples
from core.spec import AnalysisSpec
from core.view.reports import released
from tests.cohorts import LAW, dataset_of


def asked(dataset: Dataset, query: str) -> tuple[Cohort, AnalysisSpec]:
    cohort, spec, _, _ = question(dataset, AnalysisSpec.from_query(query))
    return cohort, spec


def released_of(cohort: Cohort, spec: AnalysisSpec) -> release.Release:
    result = PARTS["km"].make(cohort, spec)
    included = cohort.included
    return release.of_curves(result, included.ledger, included.n_rows, cohort.show_unit)


@pytest.mark.parametrize(
    ("n", "events", "want"),
    [
        (10, 5, (None, None)),
        (11, 0, (11, 0)),
        (40, 1, (40, None)),
        (40, 10, (40, None)),
        (40, 11, (40, 11)),
        (40, 29, (40, 29)),
        (40, 30, (40, None)),  # ten without an event
        (40, 40, (40, 40)),
        (0, 0, (0, 0)),
    ],
)
def test_a_cell_of_a_few_is_hidden(n: int, events: int, want: tuple[int | None, ...]) -> None:
    assert release.cell(n, events) == want


def made(n: int, seed: int, groups: int = 2) -> Dataset:
    rng = np.random.default_rng(seed)
    return dataset_of(
        {
            "time": rng.exponential(30, n).round(2) + 0.01,
            "event": rng.integers(0, 2, n).astype(float),
            "arm": [f"arm {i}" for i in rng.integers(0, groups, n)],
        }
    )  # fmt: skip


@LAW
@given(st.integers(12, 400), st.integers(0, 10_000), st.integers(1, 6))
def test_between_two_points_lie_at_least_so_many_events(n: int, seed: int, groups: int) -> None:
    dataset = made(n, seed, groups)
    query = "time=time&unit=months&event=event&event_is=1&group_by=arm"
    cohort, spec = asked(dataset, query)
    found = released_of(cohort, spec)
    for g, group in enumerate(found.groups):
        own = found.steps[found.steps["group"] == g]
        here = cohort.groups.codes == g
        if here.sum() < release.LEAST:
            assert group.hidden
            assert own.empty
            assert found.n is None
            assert found.total is None
            continue
        times, events = cohort.time[here], cohort.event[here]
        ends = own["time"].tolist()
        assert all(end == round(end) for end in ends)
        for low, high in itertools.pairwise(ends):
            # Recounted from the patients: nobody stands alone between two points.
            assert ((times > low) & (times <= high) & events).sum() >= release.LEAST
            assert (times > high).sum() >= release.LEAST
        assert (own["n_risk"] % 5 == 0).all()
        assert own["estimate"].is_monotonic_decreasing
        assert np.allclose(own["estimate"] * 100, (own["estimate"] * 100).round(), atol=1e-9)
    counts = [x for g in found.groups for x in (g.n, g.events) if x is not None]
    assert all(x == 0 or x >= release.LEAST for x in counts)


def test_one_hidden_group_hides_the_total() -> None:
    frame = ({
        "time": np.arange(1.0, 61.0),
        "event": [1.0, 0.0] * 30,
        "arm": ["a"] * 50 + ["b"] * 10,
    })  # fmt: skip
    query = "time=time&unit=months&event=event&event_is=1&group_by=arm"
    found = released_of(*asked(dataset_of(frame), query))
    assert [g.hidden for g in found.groups] == [False, True]
    assert (found.n, found.events, found.total) == (None, None, None)
    # The ratio of the two groups would tell of the small one.
    assert [row.hazard_ratio for row in found.hazard_ratios] == [None]


def test_who_left_by_a_few_hides_the_total() -> None:
    frame = ({
        "time": [*np.arange(1.0, 60.0), np.nan],
        "event": [1.0, 0.0] * 30,
        "arm": ["a", "b"] * 30,
    })  # fmt: skip
    query = "time=time&unit=months&event=event&event_is=1&group_by=arm"
    found = released_of(*asked(dataset_of(frame), query))
    assert found.left == (("missing time", None),)
    assert found.total is None


def test_levels_of_a_few_have_no_estimate() -> None:
    cohort, spec = asked(examples.load("gbsg2"), "terms=tgrade,age&where=pnodes >= 20")
    result = PARTS["cox"].make(cohort, spec)
    _, rows = release.of_model(result)
    for row, own in zip(rows, result.multivariable, strict=True):
        few = own.level is not None and release.cell(own.n, own.events)[1] is None
        assert (row.hazard_ratio is None) == few
    assert any(row.hazard_ratio is None for row in rows)


def test_the_page_shows_no_exact_number_of_a_patient() -> None:
    dataset = examples.load("gbsg2")
    cohort, spec = asked(dataset, "group_by=horTh&terms=horTh,age&show_unit=days")
    text = released.page(cohort, spec, counts=Counts()).decode()
    body = re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    shown = {float(x) for x in re.findall(r"(?<![\d.])\d{2,4}(?:\.\d+)?", body)}
    medians = [s.median for s in PARTS["km"].make(cohort, spec).groups]
    exact = {m for m in medians if m is not None}
    assert exact
    assert not shown & exact
    in_months = {round(m / 30.4375) for m in exact}
    assert {g.median for g in released_of(cohort, spec).groups} - {None} == in_months <= shown
    assert "686" in body
    assert "<script" not in text


def test_a_locked_outcome_is_not_released() -> None:
    cohort, spec = asked(examples.load("gbsg2"), "group_by=horTh&parts=cohort")
    with pytest.raises(Exception, match="locked"):
        released.page(cohort, spec.but(outcome="locked"), counts=Counts())
