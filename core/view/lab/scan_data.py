"""The data of the scan's figure: what moves, and the texts that the pointer reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from core.citations import parse
from core.cohort import Cohort
from core.groups import quantile
from core.locking import chosen_blind
from core.search import Search
from core.survival.cutoff.preview import PreviewResult
from core.survival.cutoff.scan import ScanResult
from core.survival.cutoff.stability import Bootstrap
from core.survival.km import KMResult
from core.view import numbers
from core.view.charts import PIXELS, Data
from core.view.curve.drawn import thin
from core.view.curve.figure import Shape
from core.view.distribution import edges
from core.view.lab.layout import TOP
from core.view.lab.pointer import Stop
from core.view.lab.scan import ScanShape

NEAR = 0.13
"""Share of the axis that the name of a mark needs."""
Correct = Callable[[float], float | None]
"""The p-value corrected for the search of a standardised statistic."""


@dataclass(frozen=True)
class Mark:
    """A cutoff that is marked: its value, what it is (``now best median published``), its name."""

    at: float
    kind: str
    label: str


def sign(side: str) -> str:
    """How a high group is written on the screen."""
    return "≥" if side == "ge" else ">"


def stops(cohort: Cohort, found: ScanResult, thin: PreviewResult, correct: Correct) -> list[Stop]:
    """The cutoffs that are previewed, with the texts and curves that the pointer shows."""
    permille = np.round(1000 * thin.survival)
    made: list[Stop] = []
    for row, i in enumerate(thin.positions.tolist()):
        low, high = (
            [None if v != v else int(v) for v in permille[row, group].tolist()]
            for group in range(2)
        )
        lines = {f"text{k}": text for k, text in enumerate(texts(cohort, found, i, correct))}
        made.append({"at": float(found.cutoff[i]), **lines, "low": low, "high": high})
    return made


def texts(cohort: Cohort, found: ScanResult, i: int, correct: Correct) -> tuple[str, ...]:
    """Five lines about one cutoff."""
    unit = cohort.show_unit
    title = cohort.groups.title
    ratio = numbers.ratio(*(_known(a[i]) for a in
                            (found.hazard_ratio, found.conf_low, found.conf_high)))  # fmt: skip
    medians = (numbers.time(_known(a[i]), unit) for a in (found.median_high, found.median_low))
    return (
        f"{title} {sign(found.side)} {found.cutoff[i]:.6g}",
        f"{found.n_high[i]} high, {found.n_low[i]} low · medians {' and '.join(medians)} {unit}",
        f"Hazard ratio {ratio}",
        f"p {numbers.p_value(_known(found.p_value[i]))} if it had been fixed beforehand",
        f"p {numbers.p_value(correct(float(found.maxstat[i])))} after the search",
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def still(found: ScanResult, search: Search, correct: Correct, rug: pa.Table) -> Data:
    """The data that stay while the cutoff moves.

    Parameters
    ----------
    found : ScanResult
    search : Search
        Of the same cutoffs.
    correct : callable
        P-value after the search of a standardised statistic.
    rug : pyarrow.Table
        ``at share``: where the best cutoffs of bootstrap samples were.
    """
    return {
        "scan": _scan(found, search, correct),
        "one": pa.table({"at": [1.0]}),
        "half": pa.table({"survival": [0.5]}),
        "levels": pa.table({"at": [-float(np.log10(0.05))], "label": ["0.05"]}),
        "names": _names(found, correct),
        "rug": rug,
    }  # fmt: skip


def moving(
    cohort: Cohort,
    now: KMResult,
    found: ScanResult,
    shape: ScanShape,
    thin: PreviewResult,
    correct: Correct,
) -> Data:
    """The data that follow the cutoff in force: its marks, its curves, what is said of it."""
    marks = marked(cohort, found, shape)
    thresholds = cohort.groups.thresholds
    asked = np.full(len(thin.positions), thresholds[0] if thresholds else np.nan)
    said = texts_now(cohort, now, found, correct)
    return {
        "bars": _bars(cohort, shape),
        "marks": pa.table({"at": [m.at for m in marks], "kind": [m.kind for m in marks],
                           "label": [m.label for m in marks], "row": _rows(shape, marks)}),
        "stops": pa.table({"at": found.cutoff[thin.positions], "asked": asked}),
        "now": _now(now, shape.last),
        "reading": pa.table({f"text{k}": [text] for k, text in enumerate(said)}),
    }  # fmt: skip


def texts_now(
    cohort: Cohort, now: KMResult, found: ScanResult, correct: Correct
) -> tuple[str, ...]:
    """Five lines about the groups in force, from the result that the curves page shows."""
    labels, unit = cohort.groups.screen_labels, cohort.show_unit
    test = f"p {numbers.p_value(now.test.p_value)}"
    if len(now.groups) < 2:
        return ("All patients are on one side of the cutoff", "", "", "", "")
    if len(now.groups) > 2:
        medians = ", ".join(numbers.time(g.median, unit) for g in now.groups)
        return (f"{len(now.groups)} groups of {cohort.groups.title}", f"medians {medians} {unit}",
                f"{test}, all groups together", "", "")  # fmt: skip
    low, high = now.groups
    row = now.hazard_ratio[0]
    same = np.flatnonzero(found.n_low == low.n)
    second = cohort.groups.second is not None
    searched = not second and len(same) == 1
    if chosen_blind(cohort.groups, cohort.spec):
        last = (f"{test}: this cutoff was fixed with the outcome hidden", "")
    elif searched:
        p = numbers.p_value(correct(float(found.maxstat[same[0]])))
        last = (f"{test} if it had been fixed beforehand", f"p {p} after the search")
    else:
        why = (
            "Two markers: their search is in the map"
            if second
            else ("Not among the cutoffs that are searched")
        )
        last = (f"{test} if it had been fixed beforehand", why)
    return (
        labels[1].replace(">=", "≥"),
        f"{high.n} high, {low.n} low · medians {numbers.time(high.median, unit)} and "
        f"{numbers.time(low.median, unit)} {unit}",
        f"Hazard ratio {numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high)}",
        *last,
    )


def _scan(found: ScanResult, search: Search, correct: Correct) -> pa.Table:
    """The lines of the panels: of many cutoffs those that can be told apart on the screen.

    All values between two neighbours part the patients alike: with >= a step begins at the value
    below the cutoff, with > it ends at the value above it. So one end needs a point more.
    """
    k = len(found.cutoff)
    kept = np.arange(k)
    if k > PIXELS:
        kept = np.unique(np.append(np.linspace(0, k - 1, PIXELS).astype(int), found.best))
    p = [correct(float(m)) for m in found.maxstat[kept]]
    searched = [None if q is None else -float(np.log10(max(q, 1e-300))) for q in p]
    columns = {
        "at": found.cutoff, "ratio": found.hazard_ratio, "conf_low": found.conf_low,
        "conf_high": found.conf_high, "alone": -found.log10_p,
    }  # fmt: skip
    lines = {name: values[kept] for name, values in columns.items()}
    lines["searched"] = np.array([np.nan if q is None else q for q in searched])
    end, at = (0, search.low[0]) if found.side == "ge" else (len(kept), search.high[-1])
    for name, values in lines.items():
        repeated = values[0] if end == 0 else values[-1]
        lines[name] = np.insert(values, end, at if name == "at" else repeated)
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in lines.items()})


def _names(found: ScanResult, correct: Correct) -> pa.Table:
    """What the two lines of the lowest panel are, written beside the best cutoff."""
    best = found.best
    after = correct(float(found.maxstat[best]))
    named = [(-float(found.log10_p[best]), "taken alone")]
    if after is not None:
        named.append((-float(np.log10(max(after, 1e-300))), "after the search"))
    return pa.table({"at": [float(found.cutoff[best])] * len(named), "p": [p for p, _ in named],
                     "label": [label for _, label in named]})  # fmt: skip


def _rows(shape: ScanShape, marks: list[Mark]) -> list[float]:
    """Heights of the names, so that near ones do not cover each other; the first one is lowest."""
    place = np.sqrt if shape.marker.root else np.asarray
    low, high = (float(place(v)) for v in (shape.marker.low, shape.marker.high))
    taken: list[tuple[float, int]] = []
    for mark in marks:
        at = (float(place(mark.at)) - low) / max(high - low, 1e-300)
        near = {row for other, row in taken if abs(other - at) < NEAR}
        row = next((r for r in range(3) if r not in near), 2)
        taken.append((at, row))
    return [TOP - 4 - 13.0 * row for _, row in taken]


def _bars(cohort: Cohort, shape: ScanShape) -> pa.Table:
    groups = cohort.groups
    x = cohort.column(groups.by or "").to_numpy(dtype=float)
    limits = edges(shape.marker)
    counts = np.stack(
        [np.histogram(x[groups.codes == g], limits)[0] for g in range(len(groups.levels))]
    )
    top = counts.cumsum(axis=0)
    g, b = np.nonzero(counts)
    return pa.table({"start": limits[b], "end": limits[b + 1], "low": (top - counts)[g, b],
                     "n": top[g, b], "group": g})  # fmt: skip


def _now(now: KMResult, last: float) -> pa.Table:
    """The curves in force, thinned to what can be told apart on the screen."""
    columns = {str(name): now.curves[name].to_numpy() for name in now.curves}
    shape, parts = Shape("", 0.0, last, len(now.groups), ""), []
    for g in range(len(now.groups)):
        here = columns["group"] == g
        parts.append(thin({name: values[here] for name, values in columns.items()}, shape))
    names = {"time": "time", "estimate": "survival", "group": "group"}
    return pa.table(
        {new: np.concatenate([part[old] for part in parts]) for old, new in names.items()}
    )


def marked(cohort: Cohort, found: ScanResult, shape: ScanShape) -> list[Mark]:
    """The cutoffs that are marked: those in force, the best, the median, published ones.

    One outside of the marker's range has no place on the axis and is left out.
    """
    groups = cohort.groups
    x = cohort.column(groups.by or "").to_numpy(dtype=float)
    best, median = float(found.cutoff[found.best]), quantile(x, 0.5)
    marks = [Mark(float(t), "now", f"{t:.6g}") for t in groups.thresholds]
    if best not in groups.thresholds:
        marks.append(Mark(best, "best", "best"))
    if median not in groups.thresholds:
        marks.append(Mark(median, "median", "median"))
    marks += [
        Mark(c.value, "published", f"{c.value:.6g} {c.source}".strip())
        for c in parse(cohort.spec.published_cut)
    ]
    return [mark for mark in marks if shape.marker.low <= mark.at <= shape.marker.high]


def rug(bootstrap: Bootstrap | None) -> pa.Table:
    """Where the best cutoffs of bootstrap samples were: ``at share``, 1 for the most frequent."""
    if bootstrap is None:
        return pa.table({n: pa.array([], pa.float64()) for n in ("at", "share")})
    share = bootstrap.counts / bootstrap.counts.max()
    return pa.table({"at": bootstrap.cutoffs, "share": share})


def table(found: ScanResult, correct: Correct) -> pd.DataFrame:
    """Every cutoff with its numbers, in full precision, and its p after the search."""
    columns = {
        f.name: getattr(found, f.name)
        for f in dataclasses.fields(found)
        if isinstance(getattr(found, f.name), np.ndarray)
    }
    after = [correct(float(m)) for m in found.maxstat]
    return pd.DataFrame(
        {"variable": found.variable, "side": found.side, **columns, "p_after_search": after}
    )
