"""Heat map of single lesions: by visit for a few patients, at the progression for all of them.

Lesions are numbered by the order in which the table has them and called by their kind and site:
what a lesion is called in the table may hold the number of the patient.
"""

from __future__ import annotations

from collections.abc import Collection

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.lesions.attach import Attached
from core.lesions.recist.cells import MICRO
from core.lesions.recist.measure import FAR
from core.lesions.recist.models import HETER, HOM
from core.lesions.recist.progression import ends
from core.lesions.recist.vocabulary import ABSENT, EQUIVOCAL, NEW, NOT_EVALUABLE, TARGET
from core.view import theme
from core.view.charts import AUTOSIZE, Data, Figure, finish
from core.view.progression.people import People, clicked, dimmed, opacity

MOST_PATIENTS = 12
"""Patients whose lesions are drawn visit by visit at once."""
COLOURS: dict[str, str] = {
    "progressed": theme.colour(1), "larger, not enough": "#F2C39B", "no change": "#C9CED6",
    "smaller": "#8FBCDD", "gone": theme.colour(0), "present": "#E3E6EA",
    "new lesion": theme.colour(3), "not evaluated": "transparent",
}  # fmt: skip
"""What became of a lesion at a visit."""
DARK = ("progressed", "gone", "new lesion")
"""On these the writing is white."""
WRITTEN = 6
"""Lesions of a patient whose names fit into their cells; where there are more, their kind does."""
STEP, HIGHEST = 17, 1400
"""Height of a lane, and of the figure: many lanes get thinner and lose their labels."""
SHORT = {TARGET: "T", NEW: "new "}
INK, PALE = "#1b2733", "#7F7F7F"
"""Writing on light cells, and on those that let the paper through."""
READ = (
    "Targets (T) are compared with their own smallest earlier size (nadir): 'progressed' is 20% "
    "and 5 mm above it. Non-targets (N) progress where the reader says so. The numbers are the "
    "change from nadir in percent; a framed column is the first progression."
)
AT_PROGRESSION = (
    "Each row is a patient at her first progression, each cell a lesion: a target (T), a "
    "non-target (N) or a new one. Where all targets "
    "and non-targets have the colour of 'progressed', she is Hom-PD, with or without a new lesion; "
    "a mixed row is Heter-PD."
)


def cells(people: People, attached: Attached) -> pd.DataFrame:
    """Every lesion of every patient at every visit.

    Returns
    -------
    pandas.DataFrame
        ``row name lesion`` (``T1 liver``), ``place`` (its order within the patient), ``kind visit
        status`` (a key of `COLOURS`, or ``baseline``), ``change`` (percent from nadir, NaN: none),
        ``first`` (this visit is the first progression).
    """
    old = people.lesions()
    size = old["size"].to_numpy(dtype=float)
    nadir = old["nadir"].to_numpy(dtype=float)
    compared = (size >= 0) & (nadir < FAR) & (nadir > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        old["change"] = np.where(compared, 100 * (size - nadir) / nadir, np.nan)
    target = (old["kind"] == TARGET).to_numpy()
    old["status"] = np.select(
        [
            (old["visit"] == 0).to_numpy(),
            old["progressed"].to_numpy(dtype=bool),
            ~old["known"].to_numpy(dtype=bool),
            old["gone"].to_numpy(dtype=bool),
            ~target,
            (size - nadir) / MICRO > 0,
            (size - nadir) / MICRO < 0,
        ],
        ["baseline", "progressed", "not evaluated", "gone", "present", "larger, not enough",
         "smaller"],
        "no change",
    )  # fmt: skip
    both = pd.concat([old, _new(people, attached)], ignore_index=True)
    both["lesion"], both["place"] = _called(both)
    progression = ends(people.found.assessments)
    at = pd.Series(
        {row: progression["visit"].get(who) for who, row in _rows(people).items()}, dtype=float
    )
    seen = pd.Series(
        {row: progression["progressed"].get(who) for who, row in _rows(people).items()}, dtype=bool
    )
    both["first"] = (both["visit"] == both["row"].map(at)) & both["row"].map(seen)
    columns = ["row", "name", "lesion", "place", "kind", "visit", "status", "change", "first"]
    return both[columns].sort_values(["row", "place", "visit"], ignore_index=True)


def _rows(people: People) -> dict[str, int]:
    rows = people.table["row"].tolist()
    return {who: rows[i] for who, i in people.place.items()}


def _new(people: People, attached: Attached) -> pd.DataFrame:
    """New lesions at the visits at which they were seen without doubt."""
    columns = ["row", "name", "kind", "lesion", "visit", "site", "line", "status"]
    if attached.recist is None:
        return pd.DataFrame(columns=columns)
    rows = attached.recist.rows
    at = rows["patient"].map(people.place)
    doubt = rows["state"].isin((ABSENT, EQUIVOCAL, NOT_EVALUABLE)) | (rows["micro"] == 0)
    there = (rows["kind"] == NEW) & at.notna() & ~doubt & (rows["visit"] > 0)
    mine = people.table.iloc[at[there].astype(int).to_numpy()]
    made = rows[there].assign(
        row=mine["row"].to_numpy(), name=mine["name"].to_numpy(), status="new lesion"
    )
    return made[columns]


def _called(cells: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Name and place of each lesion within its patient: targets, non-targets, new ones."""
    order = {TARGET: 0, NEW: 2}
    keyed = cells.assign(rank=cells["kind"].map(order).fillna(1).astype(int))
    first = keyed.groupby(["row", "rank", "kind", "lesion"], sort=False).agg(
        line=("line", "min"), site=("site", "first")
    )
    first = first.reset_index().sort_values(["row", "rank", "line", "lesion"], kind="stable")
    number = first.groupby(["row", "kind"]).cumcount() + 1
    short = first["kind"].map(SHORT).fillna("N")
    site = first["site"].fillna("")
    first["called"] = (short + number.astype(str) + " " + site).str.strip()
    first["place"] = first.groupby("row").cumcount()
    at = pd.MultiIndex.from_frame(cells[["row", "kind", "lesion"]])
    found = first.set_index(["row", "kind", "lesion"])
    return found["called"].reindex(at).to_numpy(), found["place"].reindex(at).to_numpy()


def description(lanes: int, *, by_visit: bool) -> Figure:
    """Build the figure without data.

    Parameters
    ----------
    lanes : int
        Rows of the figure: lesions, or patients.
    by_visit : bool
        Lesions by visit; else patients by lesion, at their progression.
    """
    chart = alt.Chart(alt.NamedData("cells"))
    title = "Visit (0 is the baseline)" if by_visit else "Lesions of the patient"
    across = alt.Axis(orient="top", labelAngle=0, labels=by_visit, ticks=False)
    x = alt.X("x:O", title=title, axis=across)
    sort = alt.EncodingSortField("lane", op="min")
    many = STEP * lanes > HIGHEST
    names = alt.Axis(
        labelLimit=230, ticks=False, labels=not many, labelOverlap=False, labelFlush=False
    )
    y = alt.Y("label:N", title="Patients" if many else None, sort=sort, axis=names)
    scale = alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    legend = alt.Legend(
        orient="bottom",
        title=None,
        columns=3,
        symbolSize=150,
        symbolStrokeWidth=1,
        labelLimit=0,
        symbolType="square",
    )
    colour = alt.Color("status:N", scale=scale, legend=legend)
    tips = [
        alt.Tooltip("name:N", title="Who"),
        alt.Tooltip("lesion:N", title="Lesion"),
        alt.Tooltip("visit:Q", title="Visit"),
        alt.Tooltip("status:N", title="State"),
        alt.Tooltip("change:Q", title="From nadir, %", format="+.0f"),
    ]
    cell = chart.mark_rect(cursor="pointer", strokeWidth=0 if many else 1.4).encode(
        x, y, colour, opacity=opacity(), tooltip=tips,
        stroke=alt.condition("datum.framed", alt.value("#101820"), alt.value("#9AA3AD")),
    )  # fmt: skip
    layers = [cell.add_params(clicked())]
    if not many:
        ink = alt.Color("ink:N", scale=None)
        text = chart.mark_text(fontSize=10, limit=150).encode(x, y, alt.Text("text:N"), ink)
        layers.append(text.encode(opacity=opacity()))
    return finish(
        alt.layer(*layers).properties(
            height=min(STEP * max(lanes, 2), HIGHEST) + 10, width="container", autosize=AUTOSIZE
        )
    )


def by_visit(found: pd.DataFrame, rows: Collection[int]) -> pd.DataFrame:
    """The cells of some patients, at most `MOST_PATIENTS`, one lane per lesion."""
    chosen = list(dict.fromkeys(rows))[:MOST_PATIENTS]
    part = found[found["row"].isin(chosen)].copy()
    several = part["row"].nunique() > 1
    part["label"] = (part["name"] + ", " if several else "") + part["lesion"]
    part["lane"] = part.groupby(["row", "place"]).ngroup()
    part["x"] = part["visit"]
    part["text"] = [
        "" if np.isnan(c) or s in ("gone", "not evaluated", "baseline") else f"{c:+.0f}"
        for c, s in zip(part["change"], part["status"], strict=True)
    ]
    return part


def at_progression(people: People, found: pd.DataFrame) -> pd.DataFrame:
    """The lesions at the first progression, one lane per patient: Heter-PD, then Hom-PD."""
    part = found[found["first"]].copy()
    mode = people.table.set_index("row")["pd_mode"]
    part["mode"] = part["row"].map(mode)
    part["rank"] = part["mode"].map({HETER: 0, HOM: 1})
    part["label"] = part["name"] + ", " + part["mode"].astype(str)
    part = part.sort_values(["rank", "row", "place"], ignore_index=True)
    part["lane"] = pd.factorize(part["row"])[0]
    part["x"] = part.groupby("row").cumcount() + 1
    crowded = len(part) > 0 and part["x"].max() > WRITTEN
    part["text"] = part["kind"].map(SHORT).fillna("N").str.strip() if crowded else part["lesion"]
    part["first"] = False  # all of them are; a frame would say nothing
    return part


def data(part: pd.DataFrame, marked: Collection[int] = ()) -> Data:
    """The data of the figure from `by_visit` or `at_progression`."""
    change = part["change"].to_numpy(dtype=float)
    status = part["status"].replace("baseline", "present")
    ink = np.select([status.isin(DARK), status == "not evaluated"], ["white", PALE], INK)
    table = {
        "row": part["row"].to_numpy(dtype=int), "name": part["name"].tolist(),
        "lesion": part["lesion"].tolist(), "visit": part["visit"].to_numpy(dtype=int),
        "label": part["label"].tolist(), "lane": part["lane"].to_numpy(dtype=int),
        "x": part["x"].to_numpy(dtype=int), "status": status.tolist(),
        "text": part["text"].tolist(), "ink": ink.tolist(),
        "change": pa.array(change, from_pandas=True),
        "framed": part["first"].to_numpy(dtype=bool),
        "dim": dimmed(part["row"].to_numpy(dtype=int), marked),
    }  # fmt: skip
    return {"cells": pa.table(table)}
