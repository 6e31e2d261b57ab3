"""Influence in a figure and sentences: which patients move the hazard ratios."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.survival.influence import Change, InfluenceResult, LeftOut
from core.view import numbers
from core.view.charts import Data
from core.view.model.scatter import ScatterShape, data

LARGE = 1.0
"""Change in standard errors from which on a finding may hang on one patient."""
NAMED = 5
"""Patients whose lines stand in the figure."""
MEANING = (
    "Each line is a patient, by the line of the file: how far her presence moves the log hazard "
    "ratio, in standard errors (dfbetas). The table fits the model again without each of the ten "
    "patients who displace it most. A patient who matters is no reason to leave her out; look "
    "whether her values are right, and say it when the finding hangs on her."
)
SHAPE = ScatterShape("Line of the file", "Change in standard errors", columns=True)


def label(change: Change, titles: dict[str, str]) -> str:
    """Name of a coefficient."""
    title = titles.get(change.term, change.term)
    return title if change.level is None else f"{title}: {change.level}"


def finding(result: InfluenceResult) -> str:
    """The patient who moves a hazard ratio most, and whether a finding hangs on one."""
    largest = _largest(result)
    if largest is None:
        return "No patient's influence can be computed."
    left, k = largest
    change, ratio = result.changes[k], left.hazard_ratio[k]
    named = label(change, result.titles)
    with_her, without = _apart(change.hazard_ratio, ratio)
    where = f"on line {left.row} of the file"
    if ratio is None or left.coef[k] is None:
        return (
            f"Without the patient {where} the hazard ratio of {named} ({with_her}) has no finite "
            "estimate: it hangs on this patient."
        )
    moved = abs((left.coef[k] or 0.0) - change.coef) / change.std_error
    verdict = (
        "a finding may hang on this patient"
        if moved > LARGE
        else "no finding hangs on a single patient"
    )
    return (
        f"The patient who matters most is {where}: without her the hazard ratio of {named} would "
        f"be {without} instead of {with_her}, a change of {numbers.fixed(moved, 1)} standard "
        f"errors; {verdict}."
    )


def _apart(one: float, other: float | None) -> tuple[str, str]:
    """Print two hazard ratios with the decimals that tell them apart, at most five."""
    if other is None:
        return numbers.ratio(one, None, None), numbers.NOT_ESTIMABLE
    printed = (numbers.ratio(one, None, None), numbers.ratio(other, None, None))
    for decimals in range(3, 6):
        if printed[0] != printed[1]:
            break
        printed = (numbers.fixed(one, decimals), numbers.fixed(other, decimals))
    return printed


def _largest(result: InfluenceResult) -> tuple[LeftOut, int] | None:
    """The refit that moves a coefficient furthest in standard errors."""
    best: tuple[float, LeftOut, int] | None = None
    for left in result.most:
        for k, (change, coef) in enumerate(zip(result.changes, left.coef, strict=True)):
            known = coef is not None and change.std_error > 0
            moved = abs((coef or 0.0) - change.coef) / change.std_error if known else np.inf
            if best is None or moved > best[0]:
                best = (moved, left, k)
    return None if best is None else best[1:]


def figure(result: InfluenceResult, k: int) -> Data:
    """How every patient moves coefficient `k`."""
    moved = result.changes[k].dfbetas
    named = np.zeros(len(moved), dtype=bool)
    named[np.argsort(-np.abs(moved), kind="stable")[:NAMED]] = True
    row = result.row.astype(float)
    lines = [str(line) for line in result.row.tolist()]
    ends = [float(row.min()), float(row.max())]
    return data(row, moved, lines, reference={"none": (ends, [0.0, 0.0])}, named=named)


def table(result: InfluenceResult) -> pd.DataFrame:
    """The hazard ratios without each of the most influential patients."""
    names = [label(change, result.titles) for change in result.changes]
    rows = [
        {
            "Without": "nobody",
            "Event": "",
            "Displacement": "",
            **{
                name: numbers.ratio(change.hazard_ratio, None, None)
                for name, change in zip(names, result.changes, strict=True)
            },
        }
    ]
    for left in result.most:
        moved = left.displacement
        rows.append(
            {
                "Without": f"line {left.row}",
                "Event": "yes" if left.event else "no",
                "Displacement": "–" if moved is None else numbers.fixed(moved, 3),
                **{
                    name: numbers.ratio(ratio, None, None)
                    for name, ratio in zip(names, left.hazard_ratio, strict=True)
                },
            }
        )
    return pd.DataFrame(rows)


def everybody(result: InfluenceResult) -> pd.DataFrame:
    """Dfbeta and dfbetas of every patient, by her line of the file."""
    columns: dict[str, np.ndarray] = {"line": result.row, "displacement": result.displacement}
    for change in result.changes:
        name = change.term if change.level is None else f"{change.term}={change.level}"
        columns[f"dfbeta {name}"] = change.dfbeta
        columns[f"dfbetas {name}"] = change.dfbetas
    return pd.DataFrame(columns)
