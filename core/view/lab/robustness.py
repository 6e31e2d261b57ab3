"""Patients and centres left out, in figures, tables and sentences."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.survival.cutoff.centres import Centres
from core.survival.cutoff.effect import ALPHA, Effect
from core.survival.cutoff.removal import Left
from core.survival.cutoff.robustness import Fragile, Removal, RobustnessResult
from core.view import numbers, theme
from core.view.charts import AUTOSIZE, PLAIN, Data, Figure, finish
from core.view.lab.intervals import Interval

HEIGHT = 200
MOST = 400
"""Dots that are drawn."""
NOBODY = "Nobody left out"


@dataclass(frozen=True)
class DotsShape:
    """What the layout depends on: the number of patients and the ends of the HR's axis."""

    n: int
    low: float
    high: float

    @classmethod
    def of(cls, found: RobustnessResult) -> DotsShape | None:
        """The shape; None where no hazard ratio is finite."""
        known = found.left_out.hazard_ratio[np.isfinite(found.left_out.hazard_ratio)]
        if len(known) == 0:
            return None
        pad = max(1.02, float(known.max() / known.min()) ** 0.1)
        return cls(len(known), float(known.min()) / pad, float(known.max()) * pad)


def dots_description(shape: DotsShape) -> Figure:
    """Build the figure of the hazard ratio without each patient, without data."""
    x = alt.X(
        "rank:Q",
        title="Patients, by the hazard ratio without them",
        scale=alt.Scale(domain=[0, shape.n + 1], nice=False),
        axis=alt.Axis(grid=False, tickCount=5, format="d"),
    )
    y = alt.Y(
        "ratio:Q",
        title="Hazard ratio",
        scale=alt.Scale(type="log", domain=[shape.low, shape.high], nice=False),
        axis=alt.Axis(tickCount=4, labelExpr=PLAIN, gridOpacity=0.5),
    )
    colour = alt.Color(
        "crosses:N",
        scale=alt.Scale(domain=[False, True], range=[theme.colour(0), theme.colour(1)]),
        legend=alt.Legend(
            title=None,
            orient="bottom",
            labelExpr="datum.value ? 'without this patient p crosses 0.05' : 'p stays on its side'",
            labelLimit=260,
        ),
    )
    shapes = alt.Shape(
        "crosses:N",
        legend=None,
        scale=alt.Scale(domain=[False, True], range=["circle", "triangle"]),
    )
    line = alt.Chart(alt.NamedData("whole")).mark_rule(strokeDash=[4, 2]).encode(alt.Y("ratio:Q"))
    dots = alt.Chart(alt.NamedData("dots")).mark_point(filled=True, size=26, opacity=0.85)
    tip = [
        alt.Tooltip("ratio:Q", title="Hazard ratio without", format=".3f"),
        alt.Tooltip("p:N", title="Log-rank p without"),
    ]
    return finish(
        alt.layer(dots.encode(x, y, colour, shapes, tooltip=tip), line).properties(
            height=HEIGHT, width="container", autosize=AUTOSIZE
        )
    )


def dots_data(found: RobustnessResult) -> Data:
    """The data of that figure: of many patients a few hundred, with both ends."""
    left, whole = found.left_out, found.whole
    known = np.flatnonzero(np.isfinite(left.hazard_ratio))
    order = known[np.argsort(left.hazard_ratio[known], kind="stable")]
    kept = np.arange(len(order))
    if len(order) > MOST:
        kept = np.unique(np.linspace(0, len(order) - 1, MOST).round().astype(int))
    rows = order[kept]
    dots = {
        "rank": kept + 1,
        "ratio": np.round(left.hazard_ratio[rows], 4),
        "p": [numbers.p_cell(p if p == p else None) for p in left.p_value[rows].tolist()],
        "crosses": pa.array(_crosses(left, rows, whole.p_value), pa.bool_()),
    }
    ratio = [] if whole.hazard_ratio is None else [whole.hazard_ratio]
    return {
        "dots": pa.table(dots),
        "whole": pa.table({"ratio": pa.array(ratio, pa.float64())}),
    }


def _crosses(left: Left, rows: np.ndarray, p_value: float | None) -> list[bool]:
    p = left.p_value[rows]
    if p_value is None:
        return [False] * len(rows)
    return [q == q and (q < ALPHA) != (p_value < ALPHA) for q in p.tolist()]


def finding(found: RobustnessResult) -> str:
    """Whether a single patient carries the result, and how many it takes."""
    p = found.whole.p_value
    if p is None:
        return "The groups cannot be compared: at no event are both of them at risk."
    now = f"p {numbers.p_value(p)}{', the search ignored' if found.searched else ''}"
    if found.n_crossing:
        verb = "it" if found.n_crossing == 1 else "each of them alone"
        said = (
            f"{_patients(found.n_crossing)}: leaving {verb} out takes p across 0.05 (now {now}). "
            "The result hangs on single patients."
        )
    else:
        said = f"No single patient takes p across 0.05 (now {now})."
    return f"{said} {_how_many(found.fragility, p)}".strip()


def _how_many(fragile: Fragile | None, p: float) -> str:
    if fragile is None:
        return ""
    where = "rises above 0.05" if p < ALPHA else "falls below 0.05"
    if fragile.n_removed is None:
        n = len(fragile.lines)
        return f"Even without {_patients(n)}, chosen for that, p stays on its side."
    events = f"{fragile.events_removed} of them with the event"
    return (
        f"With {_patients(fragile.n_removed)} removed, chosen for that ({events}), p {where}; "
        "fewer may be enough."
    )


def spread(found: RobustnessResult) -> str:
    """Between what the hazard ratio moves, and who moves it most."""
    low, high, most = found.lowest, found.highest, found.furthest
    if low is None or high is None or most is None:
        return "The hazard ratio has no finite estimate: one group has no events to compare."
    event = "with" if most.event else "without"
    return (
        f"With one patient left out the hazard ratio lies between {_three(low.hazard_ratio)} and "
        f"{_three(high.hazard_ratio)} (all patients: {_three(found.whole.hazard_ratio)}). The one "
        f"who moves it most stands in line {most.line} of the file ({most.group}, {event} the "
        "event): worth a look whether the data of this patient are right."
    )


def patients_table(found: RobustnessResult) -> pd.DataFrame:
    """Nobody left out, and the two patients at the ends."""
    whole = found.whole
    made = [(NOBODY, "", "", whole.hazard_ratio, whole.p_value)]
    named = (("Lowest hazard ratio", found.lowest), ("Highest hazard ratio", found.highest))
    made += [_row(name, removal) for name, removal in named if removal is not None]
    return pd.DataFrame(
        [[n, line, who, _three(ratio), numbers.p_cell(p)] for n, line, who, ratio, p in made],
        columns=["", "Line of the file", "Patient", "Hazard ratio", "Log-rank p"],
    )


def _row(name: str, removal: Removal) -> tuple[str, str, str, float | None, float | None]:
    who = f"{removal.group}, {'event' if removal.event else 'no event'}"
    return name, str(removal.line), who, removal.hazard_ratio, removal.p_value


def centre_rows(found: RobustnessResult) -> list[Interval]:
    """All patients, and without each centre; empty without centres."""
    if found.centres is None:
        return []
    named = [(NOBODY, found.whole)]
    named += [(f"Without {w.centre}", w.effect) for w in found.centres.without]
    return [Interval(name, e.hazard_ratio, e.conf_low, e.conf_high) for name, e in named]


def centres_table(found: RobustnessResult) -> pd.DataFrame:
    """The comparison without each centre, and the best cutoff without it."""
    centres = found.centres
    if centres is None:
        return pd.DataFrame()
    made = [_cells(NOBODY, found.whole)]
    made += [_cells(w.centre, w.effect) for w in centres.without]
    columns = ["Centre left out", "Patients", "Events", "Hazard ratio", "Log-rank p"]
    table = pd.DataFrame(made, columns=columns)
    if centres.best is not None:
        best = [centres.best, *(w.best for w in centres.without)]
        table["Best cutoff"] = ["–" if b is None else f"{b:.4g}" for b in best]
    return table


def _cells(name: str, found: Effect) -> list[str]:
    return [
        name,
        numbers.count(found.n),
        numbers.count(found.events),
        numbers.ratio(found.hazard_ratio, found.conf_low, found.conf_high),
        numbers.p_cell(found.p_value),
    ]


def centres_finding(found: RobustnessResult) -> str:
    """Between what the hazard ratio moves without a centre, and whether the best cutoff stays."""
    centres = found.centres
    if centres is None:
        return ""
    known = [w for w in centres.without if w.effect.hazard_ratio is not None]
    if not known:
        return "Without any of the centres the hazard ratio has no finite estimate."
    low, high = (pick(known, key=lambda w: w.effect.hazard_ratio or 0.0) for pick in (min, max))
    said = (
        f"Without one of the {len(centres.without)} centres the hazard ratio lies between "
        f"{numbers.ratio(low.effect.hazard_ratio, None, None)} (without {low.centre}) and "
        f"{numbers.ratio(high.effect.hazard_ratio, None, None)} (without {high.centre})."
    )
    return f"{said} {_best(centres)}".strip()


def _best(centres: Centres) -> str:
    if centres.best is None:
        return ""
    same = sum(w.best == centres.best for w in centres.without)
    of = len(centres.without)
    if same == of:
        return f"The best cutoff is {centres.best:.4g} without each of them too."
    found = [w.best for w in centres.without if w.best is not None]
    where = f", between {min(found):.4g} and {max(found):.4g}" if found else ""
    return f"The best cutoff ({centres.best:.4g}) is found again without {same} of {of}{where}."


def _patients(n: int) -> str:
    return "1 patient" if n == 1 else f"{numbers.count(n)} patients"


def _three(ratio: float | None) -> str:
    """A hazard ratio with three decimals: one patient in hundreds moves the third."""
    if ratio is None:
        return numbers.NOT_ESTIMABLE
    return numbers.fixed(ratio, 3) if 0.005 <= ratio < 100 else numbers.ratio(ratio, None, None)
