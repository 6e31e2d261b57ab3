"""No false alarm: tables printed from computed results keep every rule of printed numbers."""

from __future__ import annotations

import numpy as np
import pytest

from core.printed.rules import check
from core.printed.table import Cell
from core.reading import examples
from tests.cohorts import dataset_of, question, random_columns
from tests.printed_tables import characteristics, curves, models, overall

BARE = {"cut_rule": None, "cut_value": (), "cut_side": None, "group_by": None, "terms": ()}
SHIPPED = {
    "gbsg2": (("horTh", "menostat", "tgrade", "progrec"), ("horTh", "tgrade", "age")),
    "veteran": (("Treatment", "Celltype", "Karnofsky_score"), ("Treatment", "Celltype")),
    "whas500": (("gender", "cvd", "age"), ("gender", "cvd", "age", "bmi")),
    "rossi": (("fin", "wexp", "prio"), ("fin", "wexp", "age")),
}


@pytest.mark.parametrize("profile", ["r", "spss"])
@pytest.mark.parametrize("name", SHIPPED)
def test_tables_of_the_shipped_cohorts_are_clean(name: str, profile: str) -> None:
    factors, terms = SHIPPED[name]
    dataset = examples.load(name)
    spec = examples.question(name).but(**BARE, profile=profile)
    for decimals in (1, 2, 3):
        cells = overall(dataset, spec)
        for factor in factors:
            cells += curves(dataset, spec, factor, decimals)
        cells += models(dataset, spec, terms, decimals)
        asked = spec.but(group_by=factors[0], mean_test="t" if decimals == 2 else None)
        cells += characteristics(dataset, asked, tuple(t for t in terms[1:]), decimals)
        assert check(tuple(cells)) == ()


@pytest.mark.parametrize("seed", range(40))
def test_tables_of_simulated_studies_are_clean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = random_columns(seed, n=int(rng.integers(20, 120)), ties=seed % 3 == 0)
    columns["arm"] = np.array(["a", "b"], dtype=object)[columns["arm"].astype(int)]
    dataset = dataset_of(columns)
    spec = question(
        profile=("r", "spss")[seed % 2], mean_test=("t", "mann-whitney")[seed % 2], unit="months"
    )
    decimals = 1 + seed % 3
    cells = overall(dataset, spec)
    for factor in ("arm", "site", "dose"):
        cells += curves(dataset, spec, factor, decimals)
    cells += models(dataset, spec, ("arm", "site", "dose:cut(median)", "age"), decimals)
    cells += characteristics(dataset, spec.but(group_by="arm"), ("age", "site", "dose"), decimals)
    assert check(tuple(cells)) == ()


@pytest.mark.parametrize("seed", range(6))
def test_one_wrong_digit_in_a_clean_table_is_found(seed: int) -> None:
    dataset = dataset_of(random_columns(seed, n=90, ties=False))
    cells = models(dataset, question(unit="months"), ("age", "dose"), 3)
    place = next(
        i for i, c in enumerate(cells) if c.quantity == "hazard_ratio" and c.factor == "dose"
    )
    cell = cells[place]
    wrong = f"{float(cell.printed) + 0.2:.3f}"
    cells[place] = Cell(cell.place, cell.factor, cell.group, cell.model, cell.quantity, wrong)
    assert "centre of the limits" in {f.rule for f in check(tuple(cells))}
