"""Tables printed from the program's own results: clean ones, for the tests of printed numbers."""

from __future__ import annotations

from typing import Any

from core.analysis import analyse
from core.dataset import Dataset
from core.printed.number import half_up
from core.printed.table import Cell
from core.spec import AnalysisSpec

RATIO = (("hazard_ratio", "hazard_ratio"), ("hr_low", "conf_low"), ("hr_high", "conf_high"))
MEDIAN = (("median", "median"), ("median_low", "conf_low"), ("median_high", "conf_high"))


def text(value: float | None, decimals: int) -> str:
    return "NR" if value is None else half_up(value, decimals)


def p_text(value: float | None) -> str:
    if value is None:
        return "NR"
    return "<0.001" if value < 0.001 else half_up(value, 3)


def curves(dataset: Dataset, spec: AnalysisSpec, factor: str, decimals: int) -> list[Cell]:
    """Groups with sizes and medians, and the log-rank test."""
    km = analyse(dataset, spec.but(group_by=factor, parts=("km",)))["km"]
    cells = []
    for group in km["groups"]:
        base = (factor, group["label"], "")
        cells.append(Cell("Table 2", *base, "n", str(group["n"])))
        cells.append(Cell("Table 2", *base, "events", str(group["events"])))
        cells += [Cell("Table 2", *base, q, text(group[name], decimals)) for q, name in MEDIAN]
    p = km["test"]["p_value"]
    return [*cells, Cell("Table 2", factor, "", "", "p_value", p_text(p))]


def models(
    dataset: Dataset, spec: AnalysisSpec, terms: tuple[str, ...], decimals: int
) -> list[Cell]:
    """Hazard ratios of one term at a time and of all together."""
    cox = analyse(dataset, spec.but(terms=terms, parts=("cox",)))["cox"]
    cells = []
    for model in ("univariable", "multivariable"):
        for row in cox[model]:
            level, against = row["level"], row["reference"]
            group = "" if level is None else f"{level} vs {against}"
            factor = row["term"].partition(":")[0]
            cells += [
                Cell("Table 3", factor, group, model, quantity, text(row[name], decimals))
                for quantity, name in RATIO
            ]
            p = p_text(row["p_value"])
            cells.append(Cell("Table 3", factor, group, model, "p_value", p))
    return cells


def overall(dataset: Dataset, spec: AnalysisSpec) -> list[Cell]:
    found: dict[str, Any] = analyse(dataset, spec.but(parts=("cohort",)))["cohort"]
    return [
        Cell("Results", "Overall", "", "", "n", str(found["n"])),
        Cell("Results", "Overall", "", "", "events", str(found["events"])),
    ]


def characteristics(
    dataset: Dataset, spec: AnalysisSpec, columns: tuple[str, ...], decimals: int
) -> list[Cell]:
    """Table 1: means with SD and counts with percentages, by group, and their tests."""
    asked = spec.but(characteristics=columns, parts=("table_one",))
    table = analyse(dataset, asked)["table_one"]
    groups = list(table["groups"])
    cells = []
    for arm, n in zip(groups, table["n"], strict=False):
        cells.append(Cell("Table 1", "Patients", arm, "", "n", str(n)))
    for row in table["characteristics"]:
        name = row["column"]
        for arm, cell in zip(groups, row["cells"], strict=False):
            cells.append(Cell("Table 1", name, arm, "", "mean_value", text(cell["mean"], decimals)))
            cells.append(Cell("Table 1", name, arm, "", "sd", text(cell["sd"], decimals)))
            cells.append(Cell("Table 1", name, arm, "", "n", str(cell["n"])))
        for level in row["levels"]:
            for i, arm in enumerate(groups):
                label = f"{level['level']} | {arm}"
                of = sum(other["counts"][i] for other in row["levels"])
                count = level["counts"][i]
                share = text(100 * count / of, 1)
                cells.append(Cell("Table 1", name, label, "", "count", str(count)))
                cells.append(Cell("Table 1", name, label, "", "percent", share))
        if row["cells"]:
            whole = row["cells"][-1]
            if len(row["cells"]) > len(groups):
                mean = text(whole["mean"], decimals)
                cells.append(Cell("Table 1", name, "", "", "mean_value", mean))
        comparison = row["comparison"]
        if comparison["p_value"] is not None:
            cells.append(Cell("Table 1", name, "", "", "p_value", p_text(comparison["p_value"])))
            cells.append(Cell("Table 1", name, "", "", "test", comparison["test"]))
    return cells
