"""The search behind the synthetic cohort: its lists are complete, its costs those of its states."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from data.generators.fulvestrant import state, targets
from data.generators.fulvestrant.annealing import Schedule, anneal, best_state
from data.generators.fulvestrant.cost import N_FACTORS, cell, ranks
from data.generators.fulvestrant.labelings import DEAREST_OF, Labelings, labelings
from data.generators.fulvestrant.search import exchanged
from tests.study_cells import rows, stored

TIME, EVENT, X = state.read()
TABLES = targets.tables()


@pytest.fixture(scope="module")
def lists() -> list[Labelings]:
    """Every factor's labelings in the pattern of the committed state."""
    return [labelings(EVENT, f, TABLES) for f in range(N_FACTORS)]


def test_the_state_counts_as_r_does() -> None:
    cells = [c for c in stored("fulvestrant")["cells"] if c["kind"] == "estimate"]
    of_state = [c for c in cells if c["factor"] in (*targets.FACTORS, "Overall")]
    assert int(np.isfinite(TABLES[0]).sum()) == len(of_state) == 127
    now = (TIME, EVENT, X)
    assert int(state.missed(now).sum()) == sum(not c["matched"] for c in of_state)
    values = state.values(now)
    printed = [row for row in rows("fulvestrant") if row["kind"] == "estimate"]
    for row, found in zip(printed, cells, strict=True):
        if found in of_state:
            wanted = np.nan if found["value"] is None else found["value"]
            value = values[targets.place_of(row)]
            assert value == pytest.approx(wanted, rel=1e-6, abs=1e-9, nan_ok=True)


def test_no_labeling_of_the_liver_is_left_out(lists: list[Labelings]) -> None:
    died, alive = np.flatnonzero(EVENT == 1), np.flatnonzero(EVENT == 0)
    n, d = targets.COUNTS[targets.LIVER]
    wanted = set()
    for with_event in combinations(died, d):
        for without in combinations(alive, n - d):
            x = np.zeros(targets.N, dtype=np.int64)
            x[[*with_event, *without]] = 1
            cost = ranks(EVENT, x, 2, TABLES[0][targets.LIVER], TABLES[1][targets.LIVER])
            if cost <= DEAREST_OF[targets.LIVER]:
                wanted.add(x.astype(np.int8).tobytes())
    assert len(wanted) > 1
    assert {row.tobytes() for row in lists[targets.LIVER].labels} == wanted


def test_the_labels_of_the_state_are_listed(lists: list[Labelings]) -> None:
    for f, some in enumerate(lists):
        assert (some.labels == X[f]).all(axis=1).any(), targets.FACTORS[f]
        assert len(np.unique(some.labels, axis=0)) == len(some)


def test_the_cost_is_that_of_the_state(lists: list[Labelings]) -> None:
    start = next(s for s in targets.WEEK_24 if (s <= TIME).sum() == targets.BENEFIT)
    schedule = Schedule(rounds=2, moves=500, hot=0.1)
    cost, time = anneal(EVENT, TIME, start, lists, TABLES, together=True, schedule=schedule)
    assert (np.diff(time) > 0.009).all()
    found = best_state(EVENT, time, lists, TABLES)
    assert found is not None
    values = state.values(found)
    cells = [cell(v, t, u) for v, t, u in zip(values.flat, *(t.flat for t in TABLES), strict=True)]
    # Labels that were not watched can only be cheaper.
    assert sum(cells) <= cost + 1e-6
    assert sum(c > 0 for c in cells) == state.missed(found).sum() <= cost


def test_labels_that_cannot_be_together_are_not(lists: list[Labelings]) -> None:
    found = best_state(EVENT, TIME, lists, TABLES)
    assert found is not None
    for x in (X, found[2]):
        hi, suvmax, suvmean = x[targets.HI], x[targets.SUVMAX], x[targets.SUVMEAN]
        assert not ((hi == 1) & (suvmax == 0) & (suvmean == 1)).any()
        assert suvmax[-targets.BENEFIT :].sum() == targets.BENEFIT_HIGH


def test_a_pattern_is_exchanged_for_another_of_as_many_events() -> None:
    rng = np.random.default_rng(1)
    others = [exchanged(EVENT, rng) for _ in range(50)]
    assert {int(other.sum()) for other in others} == {targets.EVENTS}
    assert len({other.tobytes() for other in others}) > 5
