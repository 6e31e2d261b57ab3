"""Swimmer: what happened to each patient over time, one lane each, the longest at the top."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.dataset import Dataset
from core.groups import categories
from core.units import DAYS
from core.view import theme
from core.view.charts import AUTOSIZE, Data, Figure, finish
from core.view.progression.people import (
    COLOURS,
    LEGEND,
    UNKNOWN,
    People,
    clicked,
    dimmed,
    opacity,
    responses,
)

STEP, ROOMY = 9, 14
"""Height of a lane, and of one where there is room."""
LEAST, LARGEST = 160, 900
"""Heights of the figure."""
EVENTS = ("first response", "new lesion", "progression", "event", "ongoing")
SHAPES = ("triangle-up", "square", "diamond", "cross", "triangle-right")
MOST_LEVELS = 8
"""Levels of a column that have a colour each."""
MOST = 150
"""More lanes than can be told apart are thinned evenly over their order."""
INK = "#101820"
UNSAID = "not known"
READ = (
    "Thick: from the baseline visit to the last one. Thin: the follow-up of the endpoint, taken to "
    "begin at the baseline visit. 'Ongoing': no progression at the last visit, or no event at the "
    "end of the follow-up."
)


def colourings(dataset: Dataset) -> dict[str, str]:
    """Name and title of the columns that may colour the lanes: the treatment, a site, a group.

    Only categories that are known at the start, with at most `MOST_LEVELS` levels.
    """
    return {
        name: variable.title
        for name, variable in dataset.variables.items()
        if variable.kind == "category" and not (variable.known or variable.identifier)
        and 1 < dataset.frame[name].nunique() <= MOST_LEVELS
    }  # fmt: skip


def groups(people: People, dataset: Dataset, name: str) -> tuple[tuple[str, ...], dict[int, str]]:
    """The levels of a column, and that of each patient by her row."""
    variable = dataset.variables[name]
    codes, labels = categories(dataset.frame[name], variable)
    mine = {row: labels[codes[row]] if codes[row] >= 0 else UNSAID for row in people.table["row"]}
    there = set(mine.values())
    return tuple(x for x in (*labels, UNSAID) if x in there), mine


def description(
    unit: str, n: int, there: Sequence[str] = tuple(COLOURS), levels: Sequence[str] = ()
) -> Figure:
    """Build the figure without data for so many patients.

    Parameters
    ----------
    unit : str
        Unit of time.
    n : int
        Patients.
    there : sequence of str
        The best responses in the legend.
    levels : sequence of str
        The lanes are coloured by these levels of a column in place of the best response.
    """
    x = alt.X(
        "time:Q", title=f"{unit.capitalize()} from baseline", scale=alt.Scale(domainMin=0),
        axis=alt.Axis(grid=False, format="~g", tickCount=10, tickMinStep=1),
    )  # fmt: skip
    colour = _levels(levels) if levels else responses(there)
    order = alt.Y("order:O", title="Patients", axis=alt.Axis(labels=False, ticks=False, grid=False))
    lanes = alt.Chart(alt.NamedData("lanes"))
    tips = [
        alt.Tooltip("name:N", title="Who"),
        alt.Tooltip("response:N", title="Best response"),
        alt.Tooltip("mode:N", title="Progression"),
        alt.Tooltip("seen:Q", title=f"Last visit, {unit}", format=".1f"),
    ]
    thin = lanes.mark_rule(strokeWidth=1.4).encode(
        alt.X("zero:Q"), order, colour, opacity=opacity(), x2="followed:Q"
    )
    bar = lanes.mark_bar(cursor="pointer", height={"band": 0.72}).encode(
        alt.X("zero:Q"), order, colour, opacity=opacity(), x2="seen:Q", tooltip=tips
    )
    shapes = alt.Scale(domain=list(EVENTS), range=list(SHAPES))
    event = alt.Chart(alt.NamedData("events")).mark_point(
        filled=True,
        size=70 if ROOMY * n <= LARGEST // 2 else 46,
        stroke="white",
        strokeWidth=0.7,
        color=INK,
        opacity=1,
    )
    # Below, since two legends beside each other are wider than a narrow page.
    legend = alt.Legend(
        orient="bottom",
        title=None,
        columns=3,
        symbolSize=90,
        symbolStrokeWidth=1,  # the white rim that can be seen on dark paper
    )
    dots = event.encode(
        x, order, opacity=opacity(), shape=alt.Shape("what:N", scale=shapes, legend=legend),
        tooltip=[alt.Tooltip("name:N", title="Who"), alt.Tooltip("what:N", title="What"),
                 alt.Tooltip("time:Q", title=unit.capitalize(), format=".1f")],
    )  # fmt: skip
    return finish(
        alt.layer(thin, bar.add_params(clicked()), dots).properties(
            height=_high(n), width="container", autosize=AUTOSIZE
        )
    )


def _levels(levels: Sequence[str]) -> alt.Color:
    palette = [theme.colour(7 if x == UNSAID else i) for i, x in enumerate(levels)]
    legend = alt.Legend(orient="top", title=None, columns=LEGEND - 1)
    scale = alt.Scale(domain=list(levels), range=palette)
    return alt.Color("group:N", scale=scale, legend=legend)


def _high(n: int) -> int:
    """Height for so many lanes: they get thinner where there are many."""
    return min(max(STEP * n, min(ROOMY * n, LARGEST // 2), LEAST), LARGEST)


def lanes(people: People, unit: str, cohort: Cohort | None = None) -> pd.DataFrame:
    """One row per patient whose visits have days, the longest first.

    Returns
    -------
    pandas.DataFrame
        Columns of `People.table`, with ``seen`` (last visit), ``followed`` (end of follow-up, NaN:
        not in the cohort), ``died`` (the event of the endpoint; False: not known), in `unit`.
    """
    last = people.visits().groupby("row")["day"].max()
    table = people.table.assign(seen=people.table["row"].map(last) / DAYS[unit])
    table["followed"], table["died"] = np.nan, False
    if cohort is not None:
        days = pd.Series(cohort.time * DAYS[cohort.unit], cohort.included.rows)
        event = pd.Series(cohort.event, cohort.included.rows)
        table["followed"] = table["row"].map(days) / DAYS[unit]
        table["died"] = table["row"].map(event).fillna(False).astype(bool)
    table["end"] = table[["seen", "followed"]].max(axis=1)
    known = table[table["seen"].notna()]
    return known.sort_values(["end", "row"], ascending=[False, True], ignore_index=True)


def thinned(table: pd.DataFrame, marked: Collection[int] = ()) -> pd.DataFrame:
    """The lanes that are drawn: at most `MOST`, evenly over their order, and the marked ones."""
    if len(table) <= MOST:
        return table
    some = np.linspace(0, len(table) - 1, MOST).astype(int)
    kept = table["row"].isin(list(marked)).to_numpy()
    kept[some] = True
    return table[kept].reset_index(drop=True)


def said_of(n: int) -> str:
    """What is said of so many patients; empty where all are drawn."""
    if n <= MOST:
        return ""
    return f" Drawn are {MOST} of {n:,} patients, evenly from the longest to the shortest time."


def events(people: People, table: pd.DataFrame, unit: str) -> pd.DataFrame:
    """What happened when: ``row what time``."""
    visits = people.visits()
    kinds = {
        "first response": visits["overall_response"].isin(("CR", "PR")),
        "new lesion": visits["new_lesions"] > 0,
        "progression": visits["overall_response"] == "PD",
    }
    parts = []
    for what, there in kinds.items():
        first = visits[there].groupby("row")["day"].min().dropna()
        parts.append(pd.DataFrame({"row": first.index, "what": what, "time": first / DAYS[unit]}))
    followed = table["followed"].notna()
    open_end = np.where(followed, ~table["died"], ~table["progressed"])
    for what, mask in (("event", table["died"].to_numpy()), ("ongoing", open_end)):
        some = table[np.asarray(mask, dtype=bool)]
        time = some["followed"].fillna(some["seen"])
        parts.append(pd.DataFrame({"row": some["row"], "what": what, "time": time}))
    made = pd.concat(parts, ignore_index=True)
    return made[made["row"].isin(table["row"])].reset_index(drop=True)


def data(
    people: People,
    unit: str,
    cohort: Cohort | None = None,
    marked: Collection[int] = (),
    group: Mapping[int, str] | None = None,
) -> Data:
    """The data of the figure; without a cohort the lanes end at the last visit.

    Parameters
    ----------
    people : People
    unit : str
    cohort : Cohort, optional
    marked : collection of int
        Rows of the marked patients.
    group : mapping of int to str, optional
        What colours the lane of each row, from `groups`.
    """
    table = thinned(lanes(people, unit, cohort), marked)
    rows = table["row"].to_numpy()
    drawn = {
        "order": list(range(len(table))), "row": rows, "name": table["name"].tolist(),
        "zero": np.zeros(len(table)), "seen": table["seen"].to_numpy(dtype=float),
        "followed": table["followed"].fillna(table["seen"]).to_numpy(dtype=float),
        "response": table["best_response"].fillna(UNKNOWN).tolist(),
        "mode": table["pd_mode"].fillna("none seen").tolist(), "dim": dimmed(rows, marked),
    }  # fmt: skip
    if group is not None:
        drawn["group"] = [group[row] for row in rows.tolist()]
    found = events(people, table, unit)
    order = pd.Series(np.arange(len(table)), rows)
    names = pd.Series(table["name"].to_numpy(), rows)
    at = found["row"].to_numpy()
    shown = {
        "order": order.reindex(at).tolist(), "row": at, "name": names.reindex(at).tolist(),
        "what": found["what"].tolist(), "time": found["time"].to_numpy(dtype=float),
        "dim": dimmed(at, marked),
    }  # fmt: skip
    return {"lanes": pa.table(drawn), "events": pa.table(shown)}
