"""The page of progression: models side by side, its figures, tables and sentences."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from core.cohort import Cohort, select
from core.dataset import Dataset
from core.errors import SpecError
from core.known import KnownLater
from core.lesions.attach import Attached, with_columns
from core.lesions.recist.compare import disagreements, of_table
from core.reading import read_all
from core.spec import AnalysisSpec
from core.steps import Recipe
from core.survival.logrank import adjust
from core.survival.progression.modes import ModesResult, modes
from core.view.progression import heat, said, spider, swimmer, waterfall
from core.view.progression.people import COLOURS, People, people, seen
from tests.cohorts import LAW

ASKED = AnalysisSpec(
    time="months", unit="months", event="progressed", event_is=("1",), show_unit="months"
)
SECOND = ASKED.but(origin="second line")
KINDS = ("target", "nontarget", "new", "both", "all", "none")
"""What progresses at the second visit of a patient."""


def tables(kinds: list[str], seed: int = 1, *, word: str = "X") -> tuple[bytes, bytes]:
    """Patients with survival from a start, and their lesions at two or three visits."""
    rng = np.random.default_rng(seed)
    patients = ["id,months,progressed,second line"]
    lesions = ["patient,visit,week,lesion,type,location,size mm,state,response"]
    for i, kind in enumerate(kinds):
        who, second = f"{word}{i + 1:03d}", 4 + i % 3
        after = float(np.round(rng.exponential(8) + 0.5, 1))
        patients.append(f"{who},{second + after:.1f},{int(rng.random() < 0.8)},{second}")
        grown = 30 if kind in ("target", "both", "all") else 21
        other = "progression" if kind in ("nontarget", "both", "all") else "present"
        for visit, week, size, state in ((0, 0, 20, "present"), (1, 8, grown, other)):
            lesions.append(f"{who},{visit},{week},{word}T,target,liver,{size},,")
            last = "PD" if visit else ""
            lesions.append(f"{who},{visit},{week},{word}N,non-target,bone,,{state},{last}")
        if kind in ("new", "all"):
            lesions.append(f"{who},1,8,{word}X,new,brain,,present,")
    return "\n".join(patients).encode(), "\n".join(lesions).encode()


def dataset_of(*made: bytes, spec: AnalysisSpec = ASKED) -> Dataset:
    names = ("patients.csv", "visits.csv")
    return with_columns(read_all(list(zip(names, made, strict=True)), Recipe()), spec)


def known_by(dataset: Dataset, when: str) -> Dataset:
    """As if the table said that the modes became known at this column."""
    variables = {
        name: dataclasses.replace(v, known=when) if name.startswith("pd_mod") else v
        for name, v in dataset.variables.items()
    }
    return dataclasses.replace(dataset, variables=variables)


def lesions_of(dataset: Dataset) -> Attached:
    assert isinstance(dataset.attached, Attached)
    return dataset.attached


def everybody(dataset: Dataset, **fields: Any) -> People:
    found = people(dataset, lesions_of(dataset), **fields)
    assert found is not None
    return found


def cohort_of(kinds: list[str], seed: int = 1, **fields: Any) -> Cohort:
    spec = SECOND.but(**fields)
    data = known_by(dataset_of(*tables(kinds, seed), spec=spec), "second line")
    return select(data, spec)


def answer(kinds: list[str], seed: int = 1, **fields: Any) -> ModesResult:
    found = cohort_of(kinds, seed, **fields)
    return modes(found, found.spec)


MANY = [KINDS[i % 6] for i in range(48)]


def plain_logrank(time: np.ndarray, event: np.ndarray, group: np.ndarray) -> float:
    """The log-rank p-value, straight from the definition."""
    difference = variance = 0.0
    for t in np.unique(time[event]):
        risk, here = time >= t, (time == t) & event
        n, n1, d = risk.sum(), (risk & group).sum(), here.sum()
        difference += (here & group).sum() - d * n1 / n
        if n > 1:
            variance += d * n1 / n * (1 - n1 / n) * (n - d) / (n - 1)
    return float(chi2.sf(difference**2 / variance, 1))


# The models side by side --------------------------------------------------------------------------


def test_models_by_a_second_road() -> None:
    cohort = cohort_of(MANY, pd_model=("NL",))
    found = modes(cohort, cohort.spec)
    kinds = np.array(MANY)[cohort.included.rows]
    in_scope = kinds != "none"
    time, event, kinds = cohort.time[in_scope], cohort.event[in_scope], kinds[in_scope]
    second = {
        "Model A": np.isin(kinds, ("target", "both", "all")),
        "Model B": np.isin(kinds, ("target", "both", "all", "nontarget")),
        "Model C": np.isin(kinds, ("both", "all")),
        "NL": ~np.isin(kinds, ("new", "all")),
    }
    assert [m.label for m in found.models] == list(second)
    assert found.n == 40
    assert found.n_without == 8
    expected = {name: plain_logrank(time, event, group) for name, group in second.items()}
    for model in found.models:
        group = second[model.label]
        assert [g.n for g in model.groups] == [(~group).sum(), group.sum()]
        assert [g.events for g in model.groups] == [event[~group].sum(), event[group].sum()]
        assert model.test.p_value == pytest.approx(expected[model.label], rel=1e-10)
    assert [m.p_adjusted for m in found.models] == adjust(list(expected.values()), "holm")


def test_hazard_ratio_and_median_by_another_library() -> None:
    from lifelines import CoxPHFitter, KaplanMeierFitter

    cohort = cohort_of(MANY, ties="efron")
    found = modes(cohort, cohort.spec).models[2]
    kinds = np.array(MANY)[cohort.included.rows]
    keep = kinds != "none"
    frame = pd.DataFrame({
        "time": cohort.time[keep], "event": cohort.event[keep].astype(float),
        "hom": np.isin(kinds[keep], ("both", "all")).astype(float),
    })  # fmt: skip
    fitted = CoxPHFitter().fit(frame, "time", "event")
    assert found.hazard_ratio is not None
    assert found.hazard_ratio.level == "Hom-PD"
    assert found.hazard_ratio.reference == "Heter-PD"
    assert found.hazard_ratio.coef == pytest.approx(fitted.params_["hom"], abs=1e-6)
    assert found.hazard_ratio.std_error == pytest.approx(fitted.standard_errors_["hom"], abs=1e-6)
    assert found.groups[0].label == "Heter-PD"
    for g, group in enumerate(found.groups):
        part = frame[frame["hom"] == g]
        curve = KaplanMeierFitter().fit(part["time"], part["event"])
        assert group.median == pytest.approx(curve.median_survival_time_, abs=1e-9)


def test_one_group_only_is_no_comparison() -> None:
    found = answer(["target", "target", "all"])
    a = found.models[0]
    assert [g.n for g in a.groups] == [0, 3]
    assert a.hazard_ratio is None
    assert a.p_adjusted is None
    assert a.groups[0].median is None
    assert a.test.statistic is None
    assert any("Model A" in note.text and note.level == "warning" for note in found.notes)


def test_the_same_model_is_tried_once() -> None:
    again = answer(MANY, pd_model=("! T & (NL | NT)", "T", "T"))
    assert [m.label for m in again.models] == ["Model A", "Model B", "Model C", "T"]


def test_a_model_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(SpecError, match="not a condition"):
        answer(MANY, pd_model=("Tx",))


def test_both_readings_are_counted() -> None:
    found = answer(MANY)
    assert found.lesion_pd == "lesion"
    assert found.n_changed == 0


def test_from_an_earlier_start_the_modes_are_refused() -> None:
    data = known_by(dataset_of(*tables(MANY)), "second line")
    cohort = select(data, ASKED)
    with pytest.raises(KnownLater) as caught:
        modes(cohort, ASKED)
    assert caught.value.when == "second line"


def test_who_progressed_after_the_start_takes_no_part() -> None:
    """At a landmark of 5 months those with progression at 6 have no mode yet."""
    spec = ASKED.but(landmark=5.0)
    data = known_by(dataset_of(*tables(MANY), spec=spec), "second line")
    cohort = select(data, spec)
    found = modes(cohort, spec)
    second = data.frame["second line"].to_numpy()[cohort.included.rows]
    kinds = np.array(MANY)[cohort.included.rows]
    assert found.n == int(((second <= 5) & (kinds != "none")).sum()) < cohort.n
    assert found.n_without == cohort.n - found.n


def test_known_at_the_start_needs_no_origin() -> None:
    data = known_by(dataset_of(*tables(MANY)), "")
    assert modes(select(data, ASKED), ASKED).n == 40


def test_without_lesions_by_visit_there_are_no_modes() -> None:
    bare = read_all([("patients.csv", tables(MANY)[0])], Recipe())
    with pytest.raises(SpecError, match="no table of lesions by visit"):
        modes(select(bare, ASKED), ASKED)


def test_nobody_progressed() -> None:
    with pytest.raises(SpecError, match="No patient"):
        answer(["none", "none"])


@LAW
@given(st.permutations(range(12)))
def test_order_of_patients_does_not_matter(order: list[int]) -> None:
    cohort = cohort_of([KINDS[i % 6] for i in range(12)])
    inside = np.array([i for i in order if i < cohort.n])
    old = cohort.included
    moved = dataclasses.replace(
        old, rows=old.rows[inside], time=old.time[inside], event=old.event[inside]
    )
    groups = dataclasses.replace(cohort.groups, codes=cohort.groups.codes[inside])
    turned = dataclasses.replace(cohort, included=moved, groups=groups)
    first, again = modes(cohort, cohort.spec), modes(turned, cohort.spec)
    for a, b in zip(first.models, again.models, strict=True):
        assert a.groups == b.groups
        assert a.test.p_value == pytest.approx(b.test.p_value, rel=1e-12)


# Sentences and tables -----------------------------------------------------------------------------


def test_finding_counts_patients_visits_and_modes() -> None:
    found = everybody(dataset_of(*tables(MANY)))
    text = said.finding(found)
    assert "48 patients with 48 visits after the baseline" in text
    assert "in 0 of 48 (0%)" in text
    assert "40 progressed" in text
    heter = sum(k in ("target", "nontarget", "new") for k in MANY)
    assert f"{heter} heterogeneously (Heter-PD), {40 - heter} homogeneously" in text


def test_best_responses_add_up() -> None:
    table = said.best_responses(everybody(dataset_of(*tables(MANY))))
    rows = table.set_index("Best response")["As first seen"]
    assert rows["PD"] == "40 (83%)"
    assert rows["SD"] == "8 (17%)"
    assert rows["Objective response"] == "0 (0%)"


def test_truth_table_is_that_of_the_models() -> None:
    table = said.truth_table()
    assert len(table) == 7
    said_of = {tuple(r[:3]): tuple(r[3:]) for r in table.to_numpy().tolist()}
    assert said_of["yes", "yes", "no"] == ("group 2", "group 2", "Hom-PD")
    assert said_of["no", "yes", "no"] == ("group 1", "group 2", "Heter-PD")
    assert said_of["no", "no", "yes"] == ("group 1", "group 1", "Heter-PD")
    assert said_of["yes", "no", "no"] == ("group 2", "group 2", "Heter-PD")


def test_sizes_and_readings() -> None:
    found = everybody(dataset_of(*tables(MANY)))
    table = said.sizes(found, found.found.modes, ("NL",)).set_index("Model")
    assert table.loc["Model A", "Group 1"] == "16 (40%)"
    assert table.loc["NL", "Group 1"] == "16 (40%)"
    assert "0 patients change" in said.readings(found, found.found.modes)


def test_separation_speaks_of_the_corrected_p() -> None:
    result = answer(MANY)
    text = said.separation(result)
    assert "after allowing for 3 models" in text
    assert "40 patients" in text
    table = said.comparison(result, "months")
    assert table["Model"].tolist() == ["Model A", "Model B", "Model C"]
    assert len(said.comparison_numbers(result)) == 3


def test_disagreements_are_by_line() -> None:
    data = dataset_of(*tables(["none", "target"]))
    recist = lesions_of(data).recist
    assert recist is not None
    found = disagreements(everybody(data).found.assessments, of_table(recist))
    table = said.disagreements(found)
    assert table["From the lesions"].tolist() == ["SD"]
    assert table["Line"].tolist() == ["5"]
    assert "at 1 of 2 visits (50%)" in said.agreement(found)


# Figures ------------------------------------------------------------------------------------------


def columns(data: dict[str, Any], name: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = data[name].to_pydict()
    return found


def test_waterfall_is_in_order_and_cut_off() -> None:
    visits = (
        b"patient,visit,week,lesion,type,location,size mm\n"
        + b"".join(
            f"X{i},0,0,T,target,liver,20\nX{i},1,8,T,target,liver,{size}\n".encode()
            for i, size in enumerate((10, 60, 21, 14), 1)
        )
    )  # fmt: skip
    patients = b"id,months,progressed\nX1,5,1\nX2,6,0\nX3,7,1\nX4,9,1\n"
    found = everybody(dataset_of(patients, visits))
    bars = columns(waterfall.data(found, marked=(0,)), "bars")
    assert bars["change"] == [200.0, 5.0, -30.0, -50.0]
    assert bars["shown"][0] == 100.0
    assert bars["response"] == ["PD", "SD", "PR", "PR"]
    assert bars["name"] == ["patient 3", "patient 4", "patient 5", "patient 2"]
    assert bars["dim"] == [True, True, True, False]
    assert "in 2 of 4 patients (50%)" in waterfall.finding(found)


def test_spider_starts_at_zero_and_marks_the_first_progression() -> None:
    found = everybody(dataset_of(*tables(["target", "none"])))
    points = columns(spider.data(found, "weeks"), "points")
    assert points["time"] == [0.0, 8.0, 0.0, 8.0]
    assert points["change"] == pytest.approx([0.0, 50.0, 0.0, 5.0])
    assert points["progression"] == [False, True, False, False]


def test_swimmer_follows_the_cohort() -> None:
    data = dataset_of(*tables(["new", "none", "target"]))
    found, cohort = everybody(data), select(data, ASKED)
    lanes = swimmer.lanes(found, "months", cohort)
    assert lanes["followed"].is_monotonic_decreasing
    assert sorted(lanes["followed"]) == pytest.approx(sorted(cohort.time))
    happened = columns(swimmer.data(found, "months", cohort), "events")
    assert happened["what"].count("new lesion") == 1
    assert happened["what"].count("progression") == 2
    assert happened["what"].count("event") == cohort.n_events
    alone = columns(swimmer.data(found, "months"), "events")
    assert alone["what"].count("ongoing") == 1


def test_heat_map_shows_which_lesions_progressed() -> None:
    data = dataset_of(*tables(["all", "target", "none"]))
    found = everybody(data)
    cells = heat.cells(found, lesions_of(data))
    part = heat.at_progression(found, cells)
    assert part["label"].unique().tolist() == ["patient 3, Heter-PD", "patient 2, Hom-PD"]
    hom = part[part["label"] == "patient 2, Hom-PD"]
    assert hom["status"].tolist() == ["progressed", "progressed", "new lesion"]
    assert hom["lesion"].tolist() == ["T1 liver", "N1 bone", "new 1 brain"]
    heter = part[part["label"] == "patient 3, Heter-PD"]
    assert heter["status"].tolist() == ["progressed", "present"]
    one = heat.by_visit(cells, (1,))
    assert one["x"].tolist() == [0, 1, 0, 1]
    assert one["first"].tolist() == [False, True] * 2
    assert one["change"].dropna().tolist() == [50.0]
    drawn = columns(heat.data(one), "cells")
    assert drawn["text"] == ["", "+50", "", ""]


def test_at_most_a_dozen_patients_lesion_by_lesion() -> None:
    data = dataset_of(*tables(MANY))
    cells = heat.cells(everybody(data), lesions_of(data))
    assert heat.by_visit(cells, range(40))["row"].nunique() == heat.MOST_PATIENTS


def test_a_thousand_patients_still_fit() -> None:
    small, large = (heat.description(n, by_visit=False) for n in (10, 1000))
    assert small["height"] < large["height"] == heat.HIGHEST + 10


def test_no_identifier_reaches_a_figure_or_a_table() -> None:
    data = dataset_of(*tables(MANY, word="SECRET"))
    found, attached = everybody(data), lesions_of(data)
    cells = heat.cells(found, attached)
    figures = (
        waterfall.data(found), spider.data(found, "months"), swimmer.data(found, "months"),
        heat.data(heat.at_progression(found, cells)), heat.data(heat.by_visit(cells, (0, 1))),
    )  # fmt: skip
    for made in figures:
        for table in made.values():
            assert "SECRET" not in str(table.to_pydict())
    recist = attached.recist
    assert recist is not None
    compared = disagreements(found.found.assessments, of_table(recist))
    for table in (said.best_responses(found), said.sizes(found, found.found.modes),
                  said.disagreements(compared)):  # fmt: skip
        assert "SECRET" not in table.to_csv()


def test_descriptions_are_valid_and_hold_no_data() -> None:
    made = (
        waterfall.description(), spider.description("months"), spider.description(spider.VISITS),
        swimmer.description("months", 40), heat.description(4, by_visit=True),
        heat.description(40, by_visit=False),
    )  # fmt: skip
    for described in made:
        assert "datasets" not in described
        assert "mark" in str(described["params"])


def test_filters_choose_the_patients() -> None:
    data = dataset_of(*tables(MANY))
    assert everybody(data, where=("second line = 4",)).n == 16


def test_a_patient_without_any_change_can_be_seen_and_clicked() -> None:
    heights = waterfall._height(np.array([250.0, 40.0, 0.0, -0.1, -60.0]))
    assert heights.tolist() == [100.0, 40.0, waterfall.LEAST, -waterfall.LEAST, -60.0]


def test_the_legend_has_the_responses_that_are_there_in_their_colours() -> None:
    found = everybody(dataset_of(*tables(["none", "target"])))
    assert seen(found) == ("SD", "PD")
    for described in (waterfall.description(seen(found)), spider.description("days", seen(found))):
        colour = next(
            layer["encoding"]["color"] for layer in described["layer"]
            if "color" in layer.get("encoding", {})
        )  # fmt: skip
        assert colour["legend"]["values"] == ["SD", "PD"]
        assert colour["scale"]["domain"] == list(COLOURS)  # no colour moves


def test_spider_says_when_the_sums_were_smallest() -> None:
    patients = b"id,months,progressed\nX1,5,1\nX2,6,0\nX3,7,1\n"
    visits = b"patient,visit,week,lesion,type,location,size mm\n" + b"".join(
        f"X{i},{v},{8 * v},T,target,liver,{size}\n".encode()
        for i, sizes in ((1, (20, 10, 15)), (2, (30, 28, 20)), (3, (20, 25, 30)))
        for v, size in enumerate(sizes)
    )
    text = spider.finding(everybody(dataset_of(patients, visits)), "weeks")
    assert "smaller in 2 of 3 patients" in text
    assert "after 12" in text  # the median of weeks 8 and 16
    assert "weeks" in text


def test_lanes_are_thinned_and_the_marked_ones_stay() -> None:
    many = pd.DataFrame({"row": np.arange(1000), "end": np.arange(1000.0)[::-1]})
    assert len(swimmer.thinned(many.head(swimmer.MOST))) == swimmer.MOST
    kept = swimmer.thinned(many, (501, 3))["row"].tolist()
    assert {0, 3, 501, 999} <= set(kept)
    assert kept == sorted(kept)
    assert swimmer.MOST <= len(kept) <= swimmer.MOST + 2
    assert swimmer.said_of(swimmer.MOST) == ""
    assert "150 of 1,000" in swimmer.said_of(1000)


def test_lanes_are_coloured_by_what_is_known_at_the_start() -> None:
    patients, visits = tables(["none", "target", "all"])
    lines = patients.decode().splitlines()
    treated = (f"{line},{x}" for line, x in zip(lines, ("arm", "B", "A", ""), strict=True))
    data = dataset_of("\n".join(treated).encode(), visits)
    offered = swimmer.colourings(data)
    assert "arm" in offered
    assert not any(data.variables[name].derived for name in offered)
    found = everybody(data)
    levels, mine = swimmer.groups(found, data, "arm")
    assert levels == ("A", "B", swimmer.UNSAID)
    assert mine == {0: "B", 1: "A", 2: swimmer.UNSAID}
    lanes = columns(swimmer.data(found, "weeks", group=mine), "lanes")
    assert [mine[row] for row in lanes["row"]] == lanes["group"]
    assert "group" in str(swimmer.description("weeks", 3, levels=levels))


def test_cells_name_their_lesion_until_there_are_too_many() -> None:
    data = dataset_of(*tables(["all"]))
    found = everybody(data)
    cells = heat.cells(found, lesions_of(data))
    few = columns(heat.data(heat.at_progression(found, cells)), "cells")
    assert few["text"] == ["T1 liver", "N1 bone", "new 1 brain"]
    assert few["ink"] == ["white"] * 3
    crowd = pd.concat([cells.assign(place=cells["place"] + 3 * i) for i in range(3)])
    many = heat.at_progression(found, crowd)
    assert set(many["text"]) == {"T", "N", "new"}


def test_where_some_are_marked_only_they_are_in_full_colour() -> None:
    found = everybody(dataset_of(*tables(["none", "target"])))
    points = columns(spider.data(found, "weeks", marked=(1,)), "points")
    assert points["marked"] == [False, False, True, True] == [not dim for dim in points["dim"]]
