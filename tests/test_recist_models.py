"""Models A, B and C: complete truth tables, both readings, user-defined models, and laws."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SpecError
from core.lesions.recist.grammar import CONDITIONS, parse
from core.lesions.recist.models import GROUP_1, GROUP_2, HETER, HOM, MODELS, Modes, modes
from core.lesions.recist.response import assess
from tests.test_recist import patients, read, table


def modes_of(*frames: pd.DataFrame, lesion_pd: str = "lesion") -> Modes:
    return modes(assess(read(*frames)), lesion_pd=lesion_pd)


@pytest.mark.parametrize(
    ("target", "other", "new"), list(itertools.product((0, 1), (0, 1), (0, 1)))
)
def test_truth_table_with_both_kinds(target: int, other: int, new: int) -> None:
    """One target, one non-target: all eight rows, the last column is in no group."""
    frame = table(
        [[20.0, 40.0 if target else 20.0]],
        [["present", "PD" if other else "present"]],
        (None, "present") if new else (),
    )
    found = modes_of(frame).frame.iloc[0]
    if not (target or other or new):
        assert found[["pd_model_a", "pd_model_b", "pd_model_c", "pd_mode"]].tolist() == [None] * 4
        return
    assert found["pd_model_a"] == (GROUP_1 if not target and (new or other) else GROUP_2)
    assert found["pd_model_b"] == (GROUP_1 if not target and not other and new else GROUP_2)
    assert found["pd_mode"] == (HOM if target and other else HETER)
    assert found["pd_model_c"] == (GROUP_2 if target and other else GROUP_1)


@pytest.mark.parametrize(
    ("target", "new", "a", "b", "mode"),
    [
        (1, 0, GROUP_2, GROUP_2, HOM),
        (1, 1, GROUP_2, GROUP_2, HOM),
        (0, 1, GROUP_1, GROUP_1, HETER),
    ],
)
def test_truth_table_without_non_targets(target: int, new: int, a: str, b: str, mode: str) -> None:
    frame = table([[20.0, 40.0 if target else 20.0]], new=(None, "present") if new else ())
    found = modes_of(frame).frame.iloc[0]
    assert found[["pd_model_a", "pd_model_b", "pd_mode"]].tolist() == [a, b, mode]


@pytest.mark.parametrize(
    ("other", "new", "a", "b", "mode"),
    [
        (1, 0, GROUP_1, GROUP_2, HOM),
        (1, 1, GROUP_1, GROUP_2, HOM),
        (0, 1, GROUP_1, GROUP_1, HETER),
    ],
)
def test_truth_table_without_targets(other: int, new: int, a: str, b: str, mode: str) -> None:
    cells = ["present", "PD" if other else "present"]
    frame = table(others=[cells], new=(None, "present") if new else ())
    found = modes_of(frame).frame.iloc[0]
    assert found[["pd_model_a", "pd_model_b", "pd_mode"]].tolist() == [a, b, mode]


def test_with_new_lesions_only_all_holds_and_any_does_not() -> None:
    frame = table([[20.0, 20.0]], new=(None, "present"))
    only_new = frame[frame["kind"] == "NEW"].copy()
    first = only_new.assign(visit=0.0, day=0.0, state="absent")
    found = modes_of(pd.concat([first, only_new], ignore_index=True)).frame.iloc[0]
    assert found[["pd_model_a", "pd_model_b", "pd_mode"]].tolist() == [GROUP_1, GROUP_1, HOM]


@pytest.mark.parametrize(
    ("targets", "others", "by_lesion", "by_category"),
    [
        ([[20.0, 40.0], [20.0, 40.0]], [], HOM, HOM),
        ([[20.0, 40.0], [20.0, 20.0]], [], HETER, HOM),  # one grows, the sum does
        ([[20.0, 50.0], [20.0, 0.0]], [], HETER, HOM),  # one has gone
        ([[20.0, 40.0], [20.0, 24.9]], [], HETER, HOM),  # 24.5 %, 4.9 mm
        ([[20.0, 40.0], [20.0, 25.0]], [], HOM, HOM),
        ([[20.0, 90.0], [20.0, "NE"]], [], HETER, HOM),  # not shown to progress
        ([[20.0, 40.0]], [["present", "PD"], ["present", "present"]], HETER, HOM),
        ([[20.0, 40.0]], [["present", "PD"], ["present", "PD"]], HOM, HOM),
        ([[20.0, 40.0]], [["present", "PD"], ["present", "NE"]], HETER, HOM),
        ([[20.0, 40.0]], [["present", "present"]], HETER, HETER),
    ],
)
def test_both_readings_of_model_c(
    targets: list[list[float | str]], others: list[list[str]], by_lesion: str, by_category: str
) -> None:
    frame = table(targets, others)
    found = modes_of(frame)
    assert found.frame["pd_mode_lesion"].tolist() == [by_lesion]
    assert found.frame["pd_mode_category"].tolist() == [by_category]
    assert found.frame["pd_mode"].tolist() == [by_lesion]
    assert modes_of(frame, lesion_pd="category").frame["pd_mode"].tolist() == [by_category]
    assert len(found.changed) == (by_lesion != by_category)


def test_lesions_that_each_grow_while_their_sum_shrinks_are_not_all_progressing() -> None:
    """Nadirs at different times: the targets have a partial response, so A 1 stays in Heter-PD."""
    frame = table(
        [[60.0, 10.0, 60.0, 16.0], [60.0, 60.0, 10.0, 16.0]], new=(None, None, None, "present")
    )
    assert assess(read(frame)).lesions.query("visit == 3")["progressed"].all()
    found = modes_of(frame)
    assert found.frame["pd_model_a"].tolist() == [GROUP_1]
    assert found.frame["pd_mode_lesion"].tolist() == [HETER]


def test_the_first_progression_counts() -> None:
    frame = table(
        [[20.0, 20.0, 40.0]], [["present", "present", "PD"]], (None, "present", "present")
    )
    found = modes_of(frame).frame.iloc[0]
    assert found[["pd_model_b", "pd_mode"]].tolist() == [GROUP_1, HETER]


def test_out_of_scope_patients_are_counted_and_said() -> None:
    found = modes_of(table([[20.0, 40.0]], patient="a"), table([[20.0, 20.0]], patient="b"))
    assert (found.n_progressed, found.n_out_of_scope) == (1, 1)
    assert any("1 patient without progression" in n.text for n in found.notes)


@settings(max_examples=25, deadline=None)
@given(patients("a"))
def test_models_lie_within_each_other(frame: pd.DataFrame) -> None:
    for reading in ("lesion", "category"):
        found = modes_of(frame, lesion_pd=reading).frame.iloc[0]
        has_target = bool((frame["kind"] == "T").any())
        if found["pd_model_b"] == GROUP_1:
            assert found["pd_model_a"] == GROUP_1
        if found["pd_model_a"] == GROUP_1 and has_target:
            assert found["pd_mode"] == HETER
        if found["pd_mode"] == HOM and has_target:
            assert found["pd_model_a"] == GROUP_2
        if found["pd_mode_lesion"] == HOM:
            assert found["pd_mode_category"] == HOM


# The grammar ------------------------------------------------------------------------------------

ALL = dict(
    zip(
        CONDITIONS,
        np.array(list(itertools.product((False, True), repeat=len(CONDITIONS)))).T,
        strict=True,
    )
)


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("T", "T"),
        ("not T and (NL or NT)", "not T and (NL or NT)"),
        ("not (T or NT) and NL", "not (T or NT) and NL"),
        ("T or NT and NL", "T or (NT and NL)"),
        ("not not T", "T"),
        ("NOT t AND nl", "not T and NL"),
        ("!T&(NL|NT)", "not T and (NL or NT)"),
        ("\u00acT \u2227 (NL \u2228 NT)", "not T and (NL or NT)"),
        ("not (allT and allNT)", "not (allT and allNT)"),
        ("allT or allNT or NL", "allT or allNT or NL"),
    ],
)
def test_models_mean_what_python_means(text: str, python: str) -> None:
    """All 32 combinations against the language's own operators."""
    expected = [
        # The reference texts are the literals above.
        eval(python, {"__builtins__": {}}, dict(zip(ALL, row, strict=True)))
        for row in zip(*(a.tolist() for a in ALL.values()), strict=True)
    ]
    expression = parse(text)
    assert expression.holds(ALL).tolist() == expected
    assert parse(str(expression)).holds(ALL).tolist() == expected


expressions = st.recursive(
    st.sampled_from(list(CONDITIONS)),
    lambda inner: st.one_of(
        inner.map(lambda x: f"not ({x})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda t: f"({t[0]}) {t[1]} ({t[2]})"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(expressions)
def test_a_model_survives_being_written(text: str) -> None:
    found = parse(text)
    assert parse(str(found)).holds(ALL).tolist() == found.holds(ALL).tolist()


@pytest.mark.parametrize(
    "text",
    [
        "", "T and", "and T", "T NT", "(T", "T)", "T + NT", "__import__('os')", "T.real", "X",
        "not", "()", "1", "T == NT", "lambda: T", "(" * 60 + "T" + ")" * 60, "not " * 90 + "T",
        "T or " * 200 + "T",
    ],
)  # fmt: skip
def test_what_is_no_model_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert caught.value.hint


def test_the_three_models_are_such_models() -> None:
    found = modes_of(
        table([[20.0, 40.0]], patient="a"),
        table([[20.0, 20.0]], new=(None, "present"), patient="b"),
    )
    for name, model in MODELS.items():
        pd.testing.assert_series_equal(found.group(model), found.frame[name], check_names=False)
    assert found.group("NL").tolist() == [GROUP_2, GROUP_1]
