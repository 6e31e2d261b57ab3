"""SUVmax of every lesion, a column of dots per patient, from the shortest to the longest time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.lesions.pet.eligible import Choice
from core.lesions.pet.lesions import Lesions
from core.view import numbers, theme
from core.view.charts import AUTOSIZE, PLAIN, Data, Figure, finish

HEIGHT = 320
MOST_PATIENTS = 300
"""More patients than pixels allow are thinned evenly over the order."""
MOST_SITES = 7
"""Sites with a colour of their own: the ones with the most lesions."""
OTHERS, UNSAID = "other sites", "site not said"
OUTCOMES = ("event", "censored")
INK = theme.colour(7)
DIM = 0.15
"""Opacity of the lesions of others where some patients are marked."""
FEW = 80
"""Up to so many patients there is room for larger diamonds."""
LONG = 14
"""Letters of a long name of a site: then the legend has fewer columns."""


@dataclass(frozen=True)
class StripShape:
    """What the layout depends on.

    Attributes
    ----------
    sites : tuple of str
        Names in the legend, in the order of their colours.
    unit : str
        Unit of time.
    wide : int
        Patients along the axis.
    """

    sites: tuple[str, ...]
    unit: str
    wide: int

    @classmethod
    def of(
        cls, cohort: Cohort, lesions: Lesions, ids: np.ndarray, marked: Collection[int] = ()
    ) -> StripShape:
        """The shape for a cohort; the marked rows are drawn in any case."""
        n = len(_patients(cohort, lesions, ids, marked)[0])
        return cls(legend(lesions), cohort.show_unit, n)


def legend(lesions: Lesions) -> tuple[str, ...]:
    """Sites that have a colour: those with the most lesions, and what stands for the others."""
    counts = np.bincount(lesions.site[lesions.site >= 0], minlength=len(lesions.sites))
    order = sorted(range(len(lesions.sites)), key=lambda i: (-counts[i], i))
    named = [lesions.sites[i] for i in order[:MOST_SITES]]
    if len(order) > MOST_SITES:
        named.append(OTHERS)
    return (*named, *((UNSAID,) if (lesions.site < 0).any() else ()))


def description(shape: StripShape) -> Figure:
    """Build the figure without data."""
    extent = alt.Scale(domain=[-0.5, max(shape.wide, 1) - 0.5], nice=False)
    x = alt.X(
        "place:Q",
        title=f"Patients, from the shortest to the longest follow-up ({shape.unit})",
        scale=extent,
        axis=alt.Axis(labels=False, ticks=False, grid=False, titlePadding=38),
    )
    y = alt.Y(
        "suv_max:Q",
        title="SUVmax of each lesion",
        scale=alt.Scale(domainMin=0, nice=True),
        axis=alt.Axis(tickCount=6, gridOpacity=0.4, labelExpr=PLAIN),
    )
    spans = alt.Chart(alt.NamedData("spans")).mark_rule(color=INK, opacity=0.35)
    threshold = alt.Chart(alt.NamedData("threshold")).mark_rule(strokeDash=[6, 3])
    marks = [
        spans.encode(x, alt.Y("low:Q"), alt.Y2("high:Q")),
        threshold.encode(alt.Y("suv_max:Q")),
        *_dots(shape, x, y),
        *_outcomes(x, 64 if shape.wide <= FEW else 34),
    ]
    return finish(
        alt.layer(*marks).properties(
            height=HEIGHT,
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 12, "bottom": 5},
        )
    )


def _dots(shape: StripShape, x: Any, y: Any) -> list[Any]:
    """Lesions: those that count are filled, those left out are rings."""
    palette = [INK if s in (OTHERS, UNSAID) else theme.colour(i) for i, s in enumerate(shape.sites)]
    colour = alt.Color(
        "site:N",
        scale=alt.Scale(domain=list(shape.sites), range=palette),
        legend=alt.Legend(
            title=None,
            orient="top",
            symbolOpacity=1,
            columns=4 if max(map(len, shape.sites), default=0) <= LONG else 2,
        ),
    )
    tip = [
        alt.Tooltip("patient:N", title="Patient, line of the file"),
        alt.Tooltip("site:N", title="Site"),
        alt.Tooltip("suv_max:Q", title="SUVmax", format=".3~g"),
        alt.Tooltip("counts:N", title="Counts"),
        alt.Tooltip("time:N", title="Follow-up"),
    ]
    lesions = alt.Chart(alt.NamedData("lesions"))
    filled = lesions.transform_filter("datum.counts === 'yes'").mark_circle(size=46)
    ring = lesions.transform_filter("datum.counts !== 'yes'").mark_point(
        size=34, strokeWidth=1.2, filled=False
    )
    opacity = alt.condition("datum.dim", alt.value(DIM), alt.value(0.85))
    return [mark.encode(x, y, colour, opacity=opacity, tooltip=tip) for mark in (ring, filled)]


def _outcomes(x: Any, size: int) -> list[Any]:
    """Below the axis: a filled diamond for an event, an open one for censoring; a few times."""
    patients = alt.Chart(alt.NamedData("patients"))
    tip = [
        alt.Tooltip("patient:N", title="Patient, line of the file"),
        alt.Tooltip("time:N", title="Follow-up"),
    ]
    at = alt.Y(value=HEIGHT + 9)
    below = alt.Y(value=HEIGHT + 25)
    event = patients.transform_filter(f"datum.outcome === '{OUTCOMES[0]}'")
    censored = patients.transform_filter(f"datum.outcome === '{OUTCOMES[1]}'")
    look: dict[str, Any] = {"shape": "diamond", "size": size, "clip": False, "color": INK}
    return [
        event.mark_point(filled=True, opacity=1, **look).encode(x, at, tooltip=tip),
        censored.mark_point(filled=False, strokeWidth=1.1, **look).encode(x, at, tooltip=tip),
        alt.Chart(alt.NamedData("times"))
        .mark_text(fontSize=11, clip=False)
        .encode(x, below, alt.Text("label:N")),
    ]


def data(
    cohort: Cohort,
    lesions: Lesions,
    choice: Choice,
    eligible: np.ndarray,
    ids: np.ndarray,
    marked: Collection[int] = (),
) -> Data:
    """The data of the figure.

    Parameters
    ----------
    cohort : Cohort
    lesions : Lesions
    choice : Choice
        Its threshold is drawn.
    eligible : numpy.ndarray of bool, shape (lesions,)
        Which lesions count by it.
    ids : numpy.ndarray of str, shape (rows,)
        The patient of each row of the patients' table.
    marked : collection of int
        Rows of the table whose patients are marked; where some are drawn, the others step back.
    """
    position, at = _patients(cohort, lesions, ids, marked)
    place = np.full(len(lesions.ids), -1)
    place[at] = np.arange(len(at))
    shown = np.flatnonzero((place[lesions.patient] >= 0) & np.isfinite(lesions.suv_max))
    where = place[lesions.patient[shown]]
    names = _site_names(lesions)
    times = cohort.shown(cohort.time[position])
    told = [
        f"{numbers.time(t, cohort.show_unit)} {cohort.show_unit}, {OUTCOMES[not event]}"
        for t, event in zip(times, cohort.event[position], strict=True)
    ]
    lines = [str(cohort.dataset.row_number(int(cohort.included.rows[p]))) for p in position]
    counts = eligible[shown]
    here = np.isin(cohort.included.rows[position], list(marked))
    dim = ~here[where] if here.any() else np.zeros(len(where), dtype=bool)
    return {
        "lesions": pa.table(
            {
                "place": where,
                "dim": dim,
                "suv_max": lesions.suv_max[shown],
                "site": pa.array([names[s] for s in lesions.site[shown]], pa.string()),
                "counts": pa.array(["yes" if c else "left out" for c in counts], pa.string()),
                "patient": pa.array([lines[w] for w in where], pa.string()),
                "time": pa.array([told[w] for w in where], pa.string()),
            }
        ),
        "spans": _spans(where, lesions.suv_max[shown]),
        "patients": pa.table(
            {
                "place": np.arange(len(at)),
                "outcome": pa.array([OUTCOMES[not e] for e in cohort.event[position]], pa.string()),
                "patient": pa.array(lines, pa.string()),
                "time": pa.array(told, pa.string()),
            }
        ),
        "times": _times(times, cohort.show_unit),
        "threshold": pa.table({"suv_max": [float(choice.suv_min)]}),
    }


def _patients(
    cohort: Cohort, lesions: Lesions, ids: np.ndarray, marked: Collection[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Patients of the cohort who have lesions, by follow-up: places in it, and in `lesions.ids`."""
    at = pd.Index(lesions.ids).get_indexer(pd.Index(ids[cohort.included.rows]))
    # Where a patient has several rows the last one, of the longest time, stands for her.
    order = np.lexsort((np.arange(len(at)), cohort.event, cohort.time))
    order = order[at[order] >= 0]
    last = np.unique(at[order][::-1], return_index=True)[1]
    position = order[np.sort(len(order) - 1 - last)]
    if len(position) > MOST_PATIENTS:
        kept = np.isin(cohort.included.rows[position], list(marked))
        kept[np.linspace(0, len(position) - 1, MOST_PATIENTS).astype(int)] = True
        position = position[kept]
    return position, at[position]


def thinned(cohort: Cohort, lesions: Lesions, ids: np.ndarray) -> str:
    """What is said where not every patient is drawn; empty where all are."""
    n = len(set(ids[cohort.included.rows].tolist()) & set(lesions.ids.tolist()))
    if n <= MOST_PATIENTS:
        return ""
    return f" Drawn are {MOST_PATIENTS} of {n:,} patients, evenly over their order."


def _site_names(lesions: Lesions) -> list[str]:
    """The name of each site in the legend; the last one is that of -1."""
    named = set(legend(lesions))
    return [*(s if s in named else OTHERS for s in lesions.sites), UNSAID]


def _spans(where: np.ndarray, values: np.ndarray) -> pa.Table:
    """From the coolest to the hottest lesion of each patient."""
    place = np.unique(where)
    low, high = np.full(len(place), np.inf), np.full(len(place), -np.inf)
    index = np.searchsorted(place, where)
    np.minimum.at(low, index, values)
    np.maximum.at(high, index, values)
    return pa.table({"place": place, "low": low, "high": high})


def _times(times: np.ndarray, unit: str) -> pa.Table:
    """The follow-up of a few patients along the axis."""
    some = np.unique(np.linspace(0, len(times) - 1, min(len(times), 7)).astype(int))
    labels = [numbers.time(float(times[i]), unit) for i in some] if len(times) else []
    return pa.table(
        {"place": some[: len(labels)].astype(float), "label": pa.array(labels, pa.string())}
    )


def finding(cohort: Cohort, lesions: Lesions, ids: np.ndarray) -> str:
    """What the figure shows, in a sentence."""
    own = set(ids[cohort.included.rows].tolist())
    inside = np.array([name in own for name in lesions.ids], dtype=bool)
    counts = lesions.n_lesions[inside]
    if not len(counts):
        return "No patient of the question has a lesion in the lesion table."
    middle = numbers.fixed(float(np.median(counts)), int(not float(np.median(counts)).is_integer()))
    return (
        f"{len(counts):,} patients with {int(counts.min())} to {int(counts.max())} lesions each "
        f"(median {middle}), ordered by follow-up.{thinned(cohort, lesions, ids)}"
    )


def reading(choice: Choice) -> str:
    """How to read the figure."""
    return (
        "Each column of dots is a patient, each dot a lesion: filled if it counts, a ring if it is "
        f"left out. The broken line is the threshold, {choice.threshold}. The diamond below is "
        "filled where the patient had the event and open where she was censored."
    )
