"""Swimmer: what happened to each patient over time, one lane each, the longest at the top."""

from __future__ import annotations

from collections.abc import Collection

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.units import DAYS
from core.view.charts import AUTOSIZE, Data, Figure, finish
from core.view.progression.people import UNKNOWN, People, clicked, dimmed, opacity, responses

STEP = 9
LEAST, LARGEST = 160, 900
"""Heights of the figure."""
EVENTS = ("first response", "new lesion", "progression", "event", "ongoing")
SHAPES = ("triangle-up", "square", "diamond", "cross", "triangle-right")
READ = (
    "Thick: from the baseline visit to the last one, coloured by best response. Thin: the "
    "follow-up of the endpoint, taken to begin at the baseline visit. 'Ongoing': no progression "
    "at the last visit, or no event at the end of the follow-up."
)


def description(unit: str, n: int) -> Figure:
    """Build the figure without data for so many patients."""
    x = alt.X(
        "time:Q", title=f"{unit.capitalize()} from baseline", axis=alt.Axis(grid=False),
        scale=alt.Scale(domainMin=0),
    )  # fmt: skip
    order = alt.Y("order:O", title="Patients", axis=alt.Axis(labels=False, ticks=False, grid=False))
    lanes = alt.Chart(alt.NamedData("lanes"))
    tips = [
        alt.Tooltip("name:N", title="Who"),
        alt.Tooltip("response:N", title="Best response"),
        alt.Tooltip("mode:N", title="Progression"),
        alt.Tooltip("seen:Q", title=f"Last visit, {unit}", format=".1f"),
    ]
    thin = lanes.mark_rule(strokeWidth=1.4).encode(
        alt.X("zero:Q"), order, responses(), opacity(), x2="followed:Q"
    )
    bar = lanes.mark_bar(cursor="pointer", height={"band": 0.72}).encode(
        alt.X("zero:Q"), order, responses(), opacity(), x2="seen:Q", tooltip=tips
    )
    shapes = alt.Scale(domain=list(EVENTS), range=list(SHAPES))
    event = alt.Chart(alt.NamedData("events")).mark_point(
        filled=True, size=46, stroke="white", strokeWidth=0.6, color="#101820"
    )
    dots = event.encode(
        x, order, opacity(),
        shape=alt.Shape("what:N", scale=shapes, legend=alt.Legend(orient="top", title=None)),
        tooltip=[alt.Tooltip("name:N", title="Who"), alt.Tooltip("what:N", title="What"),
                 alt.Tooltip("time:Q", title=unit.capitalize(), format=".1f")],
    )  # fmt: skip
    return finish(
        alt.layer(thin, bar.add_params(clicked()), dots).properties(
            height=min(max(STEP * n, LEAST), LARGEST), width="container", autosize=AUTOSIZE
        )
    )


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
    people: People, unit: str, cohort: Cohort | None = None, marked: Collection[int] = ()
) -> Data:
    """The data of the figure; without a cohort the lanes end at the last visit."""
    table = lanes(people, unit, cohort)
    rows = table["row"].to_numpy()
    drawn = {
        "order": list(range(len(table))), "row": rows, "name": table["name"].tolist(),
        "zero": np.zeros(len(table)), "seen": table["seen"].to_numpy(dtype=float),
        "followed": table["followed"].fillna(table["seen"]).to_numpy(dtype=float),
        "response": table["best_response"].fillna(UNKNOWN).tolist(),
        "mode": table["pd_mode"].fillna("none seen").tolist(), "dim": dimmed(rows, marked),
    }  # fmt: skip
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
