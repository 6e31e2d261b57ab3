"""The patients whose lesions are drawn: numbered by their line in the table, never by their id."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from core import filters
from core.dataset import Dataset
from core.lesions.attach import Attached
from core.lesions.recist.derived import Derived
from core.lesions.recist.response import CR, NE, NON, PD, PR, SD
from core.view import theme

COLOURS: dict[str, str] = {
    CR: theme.colour(2), PR: theme.colour(0), SD: theme.colour(5), NON: theme.colour(4),
    PD: theme.colour(1), NE: theme.colour(7),
}  # fmt: skip
"""Colour of each response, the same in every figure."""
UNKNOWN = NE
DIM = 0.25
"""Opacity of the others where some patients are marked."""
LEGEND = 4
"""Entries of a legend that fit beside each other on a narrow page."""
MARK = "mark"
"""The selection that marks patients."""


@dataclass(frozen=True, eq=False)
class People:
    """The patients of the table who have lesions by visit.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per patient in the order of the table: ``row`` (position in the table), ``name``
        (``patient 12`` is in line 12 of the file), ``best_response best_response_confirmed
        objective_response objective_response_confirmed clinical_benefit`` (None: not known),
        ``best_change`` (percent, NaN: not known), ``progressed`` (bool), ``pd_mode`` (None without
        progression).
    found : Derived
    place : mapping of str to int
        Position in `table` of each id. For looking up only, never shown.
    """

    table: pd.DataFrame
    found: Derived
    place: dict[str, int]

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.table)

    def visits(self) -> pd.DataFrame:
        """The assessed visits, with ``row name`` in the place of the id."""
        return self._named(self.found.assessments.frame)

    def lesions(self) -> pd.DataFrame:
        """Each lesion at each visit, with ``row name`` in the place of the id."""
        return self._named(self.found.assessments.lesions)

    def _named(self, frame: pd.DataFrame) -> pd.DataFrame:
        at = frame["patient"].map(self.place)
        kept = frame[at.notna()].drop(columns="patient")
        mine = self.table.iloc[at.dropna().astype(int).to_numpy()]
        return kept.assign(row=mine["row"].to_numpy(), name=mine["name"].to_numpy())


def people(dataset: Dataset, attached: Attached, where: Sequence[str] = ()) -> People | None:
    """The patients of the table who have lesions by visit and pass the filters.

    Returns
    -------
    People or None
        None without a table of lesions by visit. Where a patient has several rows, her first one
        stands for her.
    """
    found = attached.recist_patients
    if found is None:
        return None
    inside = filters.kept(dataset, where) & np.isin(attached.ids, found.frame.index)
    rows = np.flatnonzero(inside)
    ids = pd.Series(attached.ids[rows])
    first = ~ids.duplicated().to_numpy()
    rows, ids = rows[first], ids[first]
    mine = found.frame.reindex(ids)
    columns = [
        "best_response", "best_response_confirmed", "objective_response",
        "objective_response_confirmed", "clinical_benefit", "best_change", "pd_mode",
    ]  # fmt: skip
    table = mine[columns].reset_index(drop=True)
    table.insert(0, "row", rows)
    table.insert(1, "name", [f"patient {dataset.row_number(int(i))}" for i in rows])
    table["progressed"] = mine["pd_mode"].notna().to_numpy()
    return People(table, found, {name: i for i, name in enumerate(ids)})


def dimmed(rows: np.ndarray, marked: Collection[int]) -> np.ndarray:
    """Whether each row steps back because others are marked."""
    kept = [row for row in marked if row in set(rows.tolist())]
    if not kept:
        return np.zeros(len(rows), dtype=bool)
    return ~np.isin(rows, kept)


def seen(people: People) -> tuple[str, ...]:
    """The best responses that patients have, in the order of `COLOURS`: those of the legend."""
    there = set(people.table["best_response"].fillna(UNKNOWN))
    return tuple(level for level in COLOURS if level in there)


def responses(there: Sequence[str] = tuple(COLOURS)) -> alt.Color:
    """Colour by response, with a legend of those that are there.

    The colour of a response does not depend on which others there are. A long legend has two lines,
    since a figure may be as narrow as a telephone.
    """
    scale = alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    columns = len(there) if len(there) <= LEGEND else LEGEND - 1
    legend = alt.Legend(orient="top", title=None, values=list(there), columns=columns)
    return alt.Color("response:N", scale=scale, legend=legend)


def opacity(plain: float = 1.0) -> Any:
    """Plain for all; the others step back where some are marked, and the marked come forward."""
    dim = {"test": "datum.dim", "value": DIM * plain}
    return alt.OpacityValue(plain, condition=[dim, {"test": "datum.marked", "value": 1}])


def clicked() -> alt.Parameter:
    """The selection that marks patients: a click, more of them with the shift key."""
    return alt.selection_point(name=MARK, fields=["row"], on="click", empty=False)
