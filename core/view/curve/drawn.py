"""The data of the figure of the curves page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.survival.conventions import conventions
from core.survival.curve import at_risk
from core.survival.hazard import HazardResult
from core.survival.km import KMResult
from core.survival.parametric.models import ParametricResult
from core.survival.scales import STARTS, on_scale
from core.view import numbers
from core.view.charts import PIXELS, Data
from core.view.curve.figure import HEIGHT, ROW, STEPWISE, Shape

READINGS = 121
"""Times at which the pointer can read the curves."""
MOST_MARKS = 400
"""Censor marks drawn; more would be a smear and slow the browser down."""
LIMITS = ("estimate", "conf_low", "conf_high")
OPEN = 100
"""An upper limit of a hazard above this says nothing but that it is open."""

Columns = dict[str, np.ndarray]


def data(
    cohort: Cohort,
    result: KMResult,
    shape: Shape,
    *,
    hazard: HazardResult | None = None,
    fitted: ParametricResult | None = None,
    marked: Sequence[int] = (),
) -> Data:
    """The data of the figure.

    Parameters
    ----------
    cohort : Cohort
    result : KMResult
    shape : Shape
    hazard : HazardResult, optional
        For the scale of hazards.
    fitted : ParametricResult, optional
        Where a family is drawn over the curves.
    marked : sequence of int
        Rows of the table whose patients are marked; those who are not in are left out.
    """
    unit = shape.unit
    each = _each(cohort, result, shape, hazard)
    stepwise = shape.scale in STEPWISE
    paths = [thin(c, shape) for c in each] if stepwise else [_banded(c) for c in each]
    marks = [_censored(c, MOST_MARKS // shape.n_groups) for c in each] if stepwise else []
    found = {
        "curves": _stacked(paths, unit),
        "censored": _stacked(marks, unit) if marks else _nothing(unit, "estimate", "group"),
        "half": pa.table({"estimate": [0.5]}),
        "reading": _reading(cohort, each, shape),
        "heading": pa.table({unit: [shape.first], "row": [HEIGHT + 50.0]}),
        **_risk_table(cohort, shape),
    }
    if fitted is not None and shape.family:
        found["family"] = _family(cohort, fitted, shape)
    if shape.landmark is not None:
        found["landmark"] = pa.table({unit: [shape.landmark]})
    if shape.marked:
        found["marked"] = _marked(cohort, each, marked, shape)
    return found


def _marked(cohort: Cohort, each: list[Columns], marked: Sequence[int], shape: Shape) -> pa.Table:
    """Marked patients on their curve at the end of their follow-up, without who they are."""
    at = np.flatnonzero(np.isin(cohort.included.rows, marked))
    times, groups = cohort.shown(cohort.time[at]), cohort.groups.codes[at]
    start = STARTS.get(shape.scale, np.nan)
    heights, said = [], []
    for time, group, event in zip(times, groups, cohort.event[at], strict=True):
        curve = each[group]
        last = int(np.searchsorted(curve["time"], time * (1 + 1e-12), side="right")) - 1
        heights.append(float(curve["estimate"][last]) if last >= 0 else start)
        said.append(f"{'event' if event else 'censored'} at {time:.3g} {shape.unit}")
    columns = {shape.unit: times, "estimate": heights, "group": groups, "said": said}
    return pa.table(columns)


def _each(
    cohort: Cohort, result: KMResult, shape: Shape, hazard: HazardResult | None
) -> list[Columns]:
    """The curve of each group on the scale."""
    if shape.scale == "hazard" and hazard is not None:
        high = hazard.curves["conf_high"].clip(upper=OPEN)  # a browser cannot draw 1e30
        curves = hazard.curves.assign(conf_high=high)
    else:
        curves = on_scale(result.curves, shape.scale, conventions(cohort.spec).conf_level)
    columns = {str(name): curves[name].to_numpy() for name in curves}
    group = columns["group"].astype(np.int64)
    ends = np.cumsum(np.bincount(group, minlength=shape.n_groups))
    return [
        {name: values[start:end] for name, values in columns.items()}
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def thin(curve: Columns, shape: Shape) -> Columns:
    """Points of a curve that can be told apart on the screen, from its start to its end.

    Only steps are kept, then the last one of each pixel column: what is drawn is the same, and a
    registry's curve does not take seconds in the browser.

    Parameters
    ----------
    curve : dict of str to numpy.ndarray
        Columns of one group of `KMResult.curves`, on a scale.
    shape : Shape
    """
    steps = np.flatnonzero(curve["n_event"] > 0)
    times = curve["time"][steps]
    if shape.first:
        place = np.log(times / shape.first) / max(np.log(shape.last / shape.first), 1e-9)
    else:
        place = times / shape.last
    pixel = np.floor(place * PIXELS)
    if len(steps):
        steps = steps[np.append(pixel[1:] != pixel[:-1], True)]
    kept = np.append(steps, len(curve["time"]) - 1) if len(curve["time"]) else steps
    path = {name: curve[name][kept] for name in ("time", *LIMITS, "group")}
    start = STARTS.get(shape.scale)
    if start is not None and len(kept):
        first = {"time": shape.landmark or 0.0, "group": curve["group"][0]}
        path = {name: np.append(first.get(name, start), values) for name, values in path.items()}
    return _banded(path)


def _banded(path: Columns) -> Columns:
    """A band of no width where the limits are undefined."""
    named = {name: path[name] for name in ("time", *LIMITS, "group")}
    for name in ("conf_low", "conf_high"):
        unknown = ~np.isfinite(named[name])
        named[name] = np.where(unknown, named["estimate"], named[name])
    return named


def _censored(curve: Columns, most: int) -> Columns:
    marks = np.flatnonzero(curve["n_censor"] > 0)
    marks = marks[:: max(1, -(-len(marks) // max(most, 1)))]
    return {name: curve[name][marks] for name in ("time", "estimate", "group")}


def _nothing(*names: str) -> pa.Table:
    return pa.table({name: pa.array([], pa.float64()) for name in names})


def _stacked(parts: list[Columns], unit: str) -> pa.Table:
    names = {"time": unit}
    return pa.table(
        {names.get(k, k): np.concatenate([part[k] for part in parts]) for k in parts[0]}
    )


def _risk_table(cohort: Cohort, shape: Shape) -> Data:
    start = shape.landmark or 0.0
    ticks = np.array([t for t in shape.ticks if t >= start] or [shape.last])
    # Just after the landmark: at the landmark itself nobody is under observation yet.
    counted = np.where(ticks == shape.landmark, ticks * (1 + 1e-6), ticks)
    row = HEIGHT + 66.0 + 2 * ROW * np.arange(shape.n_groups)
    under = [_at_risk(cohort, g, counted) for g in range(shape.n_groups)]
    risk = {
        shape.unit: np.tile(ticks, shape.n_groups),
        "n_risk": np.concatenate(under),
        "row": np.repeat(row + ROW, len(ticks)),
    }
    names = {
        shape.unit: np.full(shape.n_groups, shape.first),
        "row": row,
        "label": list(cohort.groups.screen_labels),
        "group": np.arange(shape.n_groups),
    }
    return {"risk": pa.table(risk), "names": pa.table(names)}


def _at_risk(cohort: Cohort, group: int, times: np.ndarray) -> np.ndarray:
    return at_risk(cohort, group, cohort.measured(times))


def _family(cohort: Cohort, fitted: ParametricResult, shape: Shape) -> pa.Table:
    """The chosen family on the scale of the figure."""
    curves = fitted.curves[fitted.curves["family"] == cohort.spec.family]
    return pa.Table.from_pandas(
        family_on_scale(curves, shape.scale).rename(columns={"time": shape.unit}),
        preserve_index=False,
    )


def family_on_scale(curves: pd.DataFrame, scale: str) -> pd.DataFrame:
    """``time estimate group`` of fitted curves on a scale, where they have a value on it."""
    survival = curves["estimate"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = {
            "survival": survival,
            "failure": 1 - survival,
            "cumhaz": -np.log(survival),
            "log-log": np.log(-np.log(survival)),
            "hazard": curves["hazard"].to_numpy(dtype=float),
        }[scale]
    use = np.isfinite(value) & ((scale != "log-log") | (curves["time"].to_numpy() > 0))
    placed: pd.DataFrame = curves.assign(estimate=value)[use]
    return placed[["time", "estimate", "group"]]


def _reading(cohort: Cohort, each: list[Columns], shape: Shape) -> pa.Table:
    """What the pointer reads: the curves with limits and the numbers at risk at a time."""
    grid = np.linspace(shape.first, shape.last, READINGS)
    if shape.first:
        grid = np.geomspace(shape.first, shape.last, READINGS)
    start = STARTS.get(shape.scale, np.nan)
    columns: dict[str, object] = {shape.unit: np.round(grid, 2)}
    for g, (label, curve) in enumerate(zip(cohort.groups.screen_labels, each, strict=True)):
        reached = np.searchsorted(curve["time"], grid, side="right") - 1
        read = [
            (np.where(reached < 0, start, curve[name][reached]) if len(curve["time"])
             else np.full(READINGS, np.nan)).tolist()
            for name in LIMITS
        ]  # fmt: skip
        n_risk = _at_risk(cohort, g, grid).tolist()
        columns[label] = [
            _read(values, n, shape.scale) for *values, n in zip(*read, n_risk, strict=True)
        ]
    return pa.table(columns)


def _read(values: list[float], n: int, scale: str) -> str:
    """One cell of the hover box: ``71% (66–76), 218 at risk``."""
    estimate, low, high = values
    if estimate != estimate or (n == 0 and (estimate > 0 or scale != "survival")):
        return "–"
    if scale in ("survival", "failure"):
        return f"{numbers.percent_with_limits(estimate, low, high)}, {n} at risk"
    decimals = 4 if scale == "hazard" else 2
    limits = ""
    if low == low:
        upper = f"over {OPEN}" if high >= OPEN else numbers.fixed(high, decimals)
        limits = f" ({numbers.fixed(low, decimals)}–{upper})"
    return f"{numbers.fixed(estimate, decimals)}{limits}, {n} at risk"
