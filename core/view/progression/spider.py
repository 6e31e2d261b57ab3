"""Spider: the sum of diameters of each patient over time, as change from the baseline."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.units import DAYS
from core.view import numbers
from core.view.charts import AUTOSIZE, Data, Figure, finish
from core.view.progression.people import (
    COLOURS,
    UNKNOWN,
    People,
    clicked,
    dimmed,
    opacity,
    responses,
)

HEIGHT = 270
MOST = 150.0
MANY = 150
"""Patients from which on the lines are pale."""
VISITS = "visits"
"""The unit of the time axis where the table has no days."""


def description(unit: str, there: Sequence[str] = tuple(COLOURS), *, many: bool = False) -> Figure:
    """Build the figure without data; times are in this unit, or are numbers of visits.

    Many lines are thin and pale: where they lie over each other they are dark.
    """
    plain, large, small = (0.3, 30, 10) if many else (0.85, 90, 28)
    title = "Visit (0 is the baseline)" if unit == VISITS else f"{unit.capitalize()} from baseline"
    x = alt.X("time:Q", title=title, scale=alt.Scale(domainMin=0),
              axis=alt.Axis(grid=False, format="~g", tickMinStep=1, tickCount=8))  # fmt: skip
    y = alt.Y(
        "shown:Q",
        title="Change of the sum, %",
        scale=alt.Scale(domain=[-100, MOST], nice=False),
        axis=alt.Axis(values=[-100, -30, 0, 20, 100], grid=False),
    )
    points = alt.Chart(alt.NamedData("points"))
    line = points.mark_line(strokeWidth=1 if many else 1.6).encode(
        x, y, responses(there), opacity=opacity(plain), detail="row:N"
    )
    tips = [
        alt.Tooltip("name:N", title="Who"),
        alt.Tooltip("change:Q", title="Change from baseline, %", format="+.1f"),
        alt.Tooltip("here:N", title="Response at this visit"),
    ]
    dot = points.mark_point(filled=True, cursor="pointer").encode(
        x, y, responses(there), opacity=opacity(plain), tooltip=tips,
        size=alt.condition("datum.progression", alt.value(large), alt.value(small)),
        shape=alt.Shape("mark:N", legend=None,
                        scale=alt.Scale(domain=["", "progression"], range=["circle", "diamond"])),
    )  # fmt: skip
    rule = alt.Chart(alt.NamedData("lines")).mark_rule(strokeDash=[4, 3], opacity=0.7)
    lines = rule.encode(alt.Y("at:Q"), alt.X(value=0), alt.X2(value="width"))
    return finish(
        alt.layer(lines, line, dot.add_params(clicked())).properties(
            height=HEIGHT, width="container", autosize=AUTOSIZE
        )
    )


def unit_of(people: People, shown: str) -> str:
    """The unit of the time axis: the one shown, or visits where no day is known."""
    return shown if people.visits()["day"].notna().any() else VISITS


def points(people: People, unit: str) -> pd.DataFrame:
    """The points: ``row name time change here progression``; a visit without a sum has none."""
    visits = people.visits()
    start = visits["visit"] == 0
    visits["change"] = np.where(
        start & (visits["sum_of_diameters"] > 0), 0.0, visits["change_baseline"]
    )
    per = 1.0 if unit == VISITS else DAYS[unit]
    visits["time"] = (visits["visit"] if unit == VISITS else visits["day"]) / per
    visits["here"] = np.where(start, "baseline", visits["overall_response"])
    pd_here = visits["overall_response"] == "PD"
    visits["progression"] = pd_here & ~pd_here.groupby(visits["row"]).cumsum().gt(1)
    known = visits["change"].notna() & visits["time"].notna()
    columns = ["row", "name", "time", "change", "here", "progression"]
    return visits.loc[known, columns].sort_values(["row", "time"], ignore_index=True)


def data(people: People, unit: str, marked: Collection[int] = ()) -> Data:
    """The data of the figure."""
    found = points(people, unit)
    best = people.table.set_index("row")["best_response"].fillna(UNKNOWN)
    rows = found["row"].to_numpy()
    table = {
        "row": rows, "name": found["name"].tolist(), "time": found["time"].to_numpy(dtype=float),
        "change": found["change"].to_numpy(dtype=float),
        "shown": found["change"].to_numpy(dtype=float).clip(max=MOST),
        "here": found["here"].tolist(), "progression": found["progression"].to_numpy(dtype=bool),
        "mark": np.where(found["progression"], "progression", "").tolist(),
        "response": best.reindex(rows).tolist(), "dim": dimmed(rows, marked),
        "marked": np.isin(rows, list(marked)),
    }  # fmt: skip
    return {"points": pa.table(table), "lines": pa.table({"at": [-30.0, 20.0]})}


def finding(people: People, unit: str) -> str:
    """What the figure shows, in a sentence: how many shrank at all, and when they were smallest."""
    found = points(people, unit)
    if found.empty:
        return "No patient has a sum of diameters to follow."
    least = found.loc[found.groupby("row")["change"].idxmin()]
    shrank = least[least["change"] < 0]
    n = numbers.count(len(least))
    text = f"The sum of diameters became smaller in {len(shrank)} of {n} patients"
    if shrank.empty:
        return f"{text}."
    middle = float(shrank["time"].median())
    if unit == VISITS:
        return f"{text}, the smallest at visit {middle:g} (median)."
    return f"{text}, the smallest after {numbers.time(middle, unit)} {unit} (median)."


READ = (
    "Each line is a patient, coloured by her best response; a diamond is her first progression. "
    "RECIST counts growth from the smallest earlier sum (nadir), so a line can progress below 0; a "
    "patient can also progress by a new or a non-target lesion, without growth here. Changes above "
    f"{MOST:.0f}% are drawn at {MOST:.0f}%."
)
