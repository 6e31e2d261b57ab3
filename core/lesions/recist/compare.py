"""Where an investigator's own overall response differs from the one by RECIST 1.1."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import pandas as pd

from core.lesions.recist.response import Assessments
from core.lesions.recist.table import Lesions
from core.notes import Note, counted, info, warning


@dataclass(frozen=True)
class Disagreement:
    """One visit.

    Attributes
    ----------
    line : int
        First line of the visit in the file of the investigator's responses.
    visit : str
        What the visit is called.
    ours, theirs : str
        The response from the lesions, and the investigator's.
    why : str
        What ours rests on.
    """

    line: int
    visit: str
    ours: str
    theirs: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """All visits that have both responses.

    Attributes
    ----------
    n : int
        How many there are.
    n_not_found : int
        Visits of the investigator's that are not in the table of lesions, or are its baseline.
    disagreements : tuple of Disagreement
        In the order of the file.
    """

    n: int
    n_not_found: int
    disagreements: tuple[Disagreement, ...]
    notes: tuple[Note, ...] = ()


def of_table(lesions: Lesions) -> pd.DataFrame:
    """The investigator's responses that stand in the table of lesions itself.

    Returns
    -------
    pandas.DataFrame
        ``patient visit_name response line date``; a visit whose lines disagree has its first one.
    """
    rows = lesions.rows[lesions.rows["response"] != ""].sort_values("line")
    said = rows.drop_duplicates(["patient", "visit"])
    return said[["patient", "visit_name", "response", "line", "date"]].reset_index(drop=True)


def disagreements(assessments: Assessments, responses: pd.DataFrame) -> Comparison:
    """Compare visit by visit.

    Parameters
    ----------
    assessments : Assessments
    responses : pandas.DataFrame
        From `of_table`, or `core.lesions.recist.sdtm.responses`.
    """
    both = responses.merge(assessments.frame, on=["patient", "visit_name"], suffixes=("", "_ours"))
    # One name for several visits: then the date tells them apart.
    again = both.duplicated(["line", "patient", "visit_name"], keep=False)
    both = both[~again | (both["date"] == both["date_ours"])]
    both = both[both["overall_response"] != ""].sort_values("line")
    differ = both[both["overall_response"] != both["response"]]
    found = tuple(
        Disagreement(
            int(row["line"]), str(row["visit_name"]), str(row["overall_response"]),
            str(row["response"]), _why(row),
        )
        for row in differ.to_dict("records")
    )  # fmt: skip
    lost = len(responses) - len(both)
    return Comparison(len(both), lost, found, _notes(len(both), lost, len(found)))


def _why(row: Mapping[Hashable, object]) -> str:
    """What a response rests on, for the reader of the list."""
    parts = []
    change, nadir = _number(row["change_baseline"]), _number(row["change_nadir"])
    if row["target_response"]:
        sizes = "" if change is None else f", {change:+.1f} % from baseline"
        sizes += "" if nadir is None else f", {nadir:+.1f} % from nadir"
        parts.append(f"targets {row['target_response']}{sizes}")
    if row["non_target_response"]:
        parts.append(f"non-targets {row['non_target_response']}")
    if row["new_lesions"]:
        parts.append("new lesion")
    return "; ".join(parts)


def _number(value: object) -> float | None:
    return value if isinstance(value, float) and value == value else None


def _notes(n: int, lost: int, differ: int) -> tuple[Note, ...]:
    notes = []
    if n:
        text = (
            f"The response from the lesions differs from the investigator's at {differ:,} of "
            f"{counted(n, 'visit')}."
        )
        notes.append((warning if differ else info)("overall_response", text))
    if lost:
        text = (
            f"{counted(lost, 'response')} of the investigator belong to no visit after the "
            "baseline in the table of lesions."
        )
        notes.append(info("overall_response", text))
    return tuple(notes)
