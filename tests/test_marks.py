"""Patients who were picked elsewhere: on their curve, in this session only."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.cohort import select
from core.reading import examples
from core.survival import km
from core.view.curve import drawn
from core.view.curve.figure import Shape, description
from tests.test_pages import CURVES, assert_sound, bodies, opened, text_of

ASKED = examples.question("gbsg2")
COHORT = select(examples.load("gbsg2"), ASKED)
ROWS = (0, 7, 400)


@pytest.mark.parametrize("scale", ["survival", "failure", "cumhaz"])
def test_marks_lie_on_the_curves(scale: str) -> None:
    cohort = dataclasses.replace(COHORT, spec=ASKED.but(scale=scale))
    result = km.estimate(cohort, cohort.spec)
    shape = dataclasses.replace(Shape.of(cohort, "Survival"), marked=True)
    assert "marked" in str(description(shape))
    marks = drawn.data(cohort, result, shape, marked=ROWS)["marked"].to_pylist()
    assert len(marks) == len(ROWS)
    curves = result.curves
    for mark, row in zip(marks, ROWS, strict=True):
        time, group = float(cohort.time[row]), int(cohort.groups.codes[row])
        mine = curves[(curves["group"] == group) & (curves["time"] <= cohort.shown(time) + 1e-9)]
        survival = float(mine["estimate"].iloc[-1])
        wanted = {"survival": survival, "failure": 1 - survival, "cumhaz": -np.log(survival)}
        assert mark["estimate"] == pytest.approx(
            wanted[scale], abs=0.02 if scale == "cumhaz" else 0
        )
        assert mark[shape.unit] == pytest.approx(cohort.shown(time))
        assert mark["said"].startswith("event" if cohort.event[row] else "censored")


def test_who_is_not_in_is_not_marked() -> None:
    cohort = select(examples.load("gbsg2"), ASKED.but(where=("age>50",)))
    outside = sorted({*range(686)} - {*cohort.included.rows.tolist()})[:3]
    shape = dataclasses.replace(Shape.of(cohort, "Survival"), marked=True)
    result = km.estimate(cohort, cohort.spec)
    assert not drawn.data(cohort, result, shape, marked=outside)["marked"].num_rows


def test_the_page_says_what_the_marks_are_and_takes_them_away() -> None:
    at = opened(CURVES, ASKED.to_query(), run=False)
    at.session_state["marked"] = ROWS
    at.run()
    assert_sound(at)
    assert "3 patients marked on the Progression page" in "\n".join(map(text_of, bodies(at)))
    assert "marked" not in str(dict(at.query_params))
    at.button(key="mark_nobody").click().run()
    assert_sound(at)
    assert "marked on the Progression page" not in "\n".join(map(text_of, bodies(at)))
