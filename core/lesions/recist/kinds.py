"""Targets, non-targets and new lesions, their sites, repeated rows, and the limits of RECIST."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.lesions.recist import vocabulary
from core.lesions.recist.cells import MICRO, UNKNOWN, lines_note
from core.lesions.recist.roles import Roles
from core.lesions.recist.vocabulary import (
    ABSENT,
    EQUIVOCAL,
    NEW,
    NON_TARGET,
    NOT_EVALUABLE,
    TARGET,
    kind_of,
    kind_of_name,
    plain,
    yes_no,
)
from core.notes import Note, counted, info, warning

MOST_TARGETS = 5
MOST_IN_ORGAN = 2
_LESION = ["patient", "kind", "lesion"]


def written(frame: pd.DataFrame, roles: Roles) -> np.ndarray:
    """Kind of lesion that each row states; empty where it states none, ``?`` where unreadable."""
    if not (roles.kind or roles.lesion):
        return np.full(len(frame), TARGET, dtype=object)
    if not roles.kind:
        codes, uniques = pd.factorize(frame[roles.lesion])
        kinds = [kind_of_name(v) or kind_of(v) or "" for v in uniques]
    else:
        codes, uniques = pd.factorize(frame[roles.kind])
        kinds = [kind_of(v) or _of_yes(v) for v in uniques]
    stated: np.ndarray = np.array([*kinds, ""], dtype=object)[codes]
    return stated


def _of_yes(cell: object) -> str:
    answer = yes_no(cell)
    return "?" if answer is None else (TARGET if answer else NON_TARGET)


def nodes(frame: pd.DataFrame, roles: Roles) -> np.ndarray:
    """Whether each row is of a lymph node: its own column says it, else the site or the name."""
    is_node = np.zeros(len(frame), dtype=bool)
    for column in filter(None, (roles.site, roles.lesion)):
        codes, uniques = pd.factorize(frame[column])
        is_node |= np.array([*map(vocabulary.is_node, uniques), False])[codes]
    if not roles.node:
        return is_node
    codes, uniques = pd.factorize(frame[roles.node])
    said = [vocabulary.is_node(v) or yes_no(v) for v in uniques]
    yes = np.array([*[s is True for s in said], False])[codes]
    no = np.array([*[s is False for s in said], False])[codes]
    stated: np.ndarray = yes | (is_node & ~no)
    return stated


def settled(rows: pd.DataFrame, *, has_column: bool) -> tuple[pd.DataFrame, list[Note]]:
    """Give every lesion one kind and one site, take out repeated rows, and check the limits.

    Parameters
    ----------
    rows : pandas.DataFrame
        With a visit for each row.
    has_column : bool
        Whether the table has a column of kinds.
    """
    rows, notes = _kinds(rows, has_column)
    lesion = rows.groupby(_LESION)
    rows["node"] = lesion["node"].transform("any")
    # The last by the alphabet, so that the order of rows does not matter; as numbers, for speed.
    codes, sites = pd.factorize(rows["site"].to_numpy(dtype=object), sort=True)
    last = pd.Series(codes, index=rows.index).groupby([rows[c] for c in _LESION]).transform("max")
    rows["site"] = sites[last.to_numpy()] if len(rows) else rows["site"]
    rows, said = _repeated(rows)
    notes += said
    rows, said = _new_at_baseline(rows)
    return rows, [*notes, *said, *_limits(rows), *_late(rows)]


def _kinds(rows: pd.DataFrame, has_column: bool) -> tuple[pd.DataFrame, list[Note]]:
    notes: list[Note] = []
    wrong = rows["kind"] == "?"
    if wrong.any():
        text = (
            f"{counted(int(wrong.sum()), 'row')} say neither target, non-target nor new and were "
            "left out."
        )
        notes.append(lines_note("kind", text, rows.loc[wrong, "line"].to_numpy(), "excluded"))
        rows = rows[~wrong].copy()
    blank = rows["kind"] == ""
    if not blank.any():
        return rows, notes
    # A sheet often names the kind on the first line of a lesion only.
    stated = rows["kind"].where(~blank)
    one = stated.groupby([rows["patient"], rows["lesion"]]).transform("nunique") == 1
    first = stated.groupby([rows["patient"], rows["lesion"]]).transform("first")
    rows["kind"] = rows["kind"].where(~(blank & one), first)
    blank = rows["kind"] == ""
    if blank.any():
        rows["kind"] = np.where(blank, _guessed(rows), rows["kind"])
        start = "Some rows do" if has_column else "The table does"
        text = (
            f"{start} not say which lesions are targets: those measured at the baseline were "
            "taken as targets, others of the baseline as non-targets, later ones as new."
        )
        notes.append(warning("kind", text))
    return rows, notes


def _guessed(rows: pd.DataFrame) -> np.ndarray:
    by = [rows["patient"], rows["lesion"]]
    first = rows["visit"].groupby(by).transform("min")
    at_start = ((rows["visit"] == 0) & (rows["micro"] > 0)).groupby(by).transform("any")
    guess: np.ndarray = np.where(first > 0, NEW, np.where(at_start, TARGET, NON_TARGET))
    return guess


def _repeated(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    """One row per patient, visit and lesion; two that disagree count as not evaluated."""
    key = ["patient", "visit", "kind", "lesion"]
    again = rows.duplicated(key, keep=False)
    if not again.any():
        return rows, []
    notes = []
    same = rows.duplicated([*key, "micro", "state"], keep=False)
    groups = rows[again].groupby(key)
    clash = pd.Series(False, index=rows.index)
    clash[again] = (groups["micro"].transform("nunique") > 1) | (
        groups["state"].transform("nunique") > 1
    )
    if clash.any():
        text = (
            f"{counted(int(clash.sum()), 'row')} give one lesion different values at one visit: "
            "it counts as not evaluated there."
        )
        notes.append(lines_note("lesion", text, rows.loc[clash, "line"].to_numpy()))
        rows.loc[clash, "micro"], rows.loc[clash, "state"] = UNKNOWN, NOT_EVALUABLE
    repeated = same & ~clash
    if repeated.any():
        text = f"{counted(int(repeated.sum()), 'row')} repeat another one and count once."
        notes.append(info("lesion", text))
    kept = rows.sort_values("line").drop_duplicates(key)
    return kept, notes


def _new_at_baseline(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    seen = ~rows["state"].isin((ABSENT, EQUIVOCAL, NOT_EVALUABLE))
    out = (rows["kind"] == NEW) & (rows["visit"] == 0)
    if not out.any():
        return rows, []
    wrong = out & seen
    notes = []
    if wrong.any():
        text = (
            f"{counted(int(wrong.sum()), 'new lesion')} at the baseline visit cannot be new and "
            "did not count there."
        )
        notes.append(lines_note("kind", text, rows.loc[wrong, "line"].to_numpy()))
    changed = rows.copy()
    changed.loc[wrong, "state"] = ABSENT
    return changed, notes


def _limits(rows: pd.DataFrame) -> list[Note]:
    """The limits that RECIST sets to targets; the lesions are used as they were given."""
    start = rows[(rows["visit"] == 0) & (rows["kind"] == TARGET)]
    many = start[start.groupby("patient")["lesion"].transform("nunique") > MOST_TARGETS]
    organ = np.where(start["node"], "lymph node", start["site"].map(plain))
    named = start.assign(organ=organ)[organ != ""]
    crowd = named[
        named.groupby(["patient", "organ"])["lesion"].transform("nunique") > MOST_IN_ORGAN
    ]
    least = np.where(start["node"], 15 * MICRO, 10 * MICRO)
    small = start[(start["micro"] >= 0) & (start["micro"] < least)]
    said = (
        (many, f"more than {MOST_TARGETS} target lesions"),
        (crowd, f"more than {MOST_IN_ORGAN} target lesions in one organ"),
        (small, "a target lesion below 10 mm (a lymph node below 15 mm) at the baseline"),
    )
    notes = []
    for found, words in said:
        if len(found):
            people = counted(int(found["patient"].nunique()), "patient")
            has = "has" if found["patient"].nunique() == 1 else "have"
            text = f"{people} {has} {words}, against RECIST 1.1. They were used as given."
            notes.append(lines_note("kind", text, found["line"].to_numpy()))
    return notes


def _late(rows: pd.DataFrame) -> list[Note]:
    old = rows[rows["kind"].isin((TARGET, NON_TARGET))]
    first = old.groupby(_LESION).agg(visit=("visit", "min"), line=("line", "min"))
    late = first[first["visit"] > 0]
    if late.empty:
        return []
    text = (
        f"{counted(len(late), 'target or non-target lesion')} first appear after the baseline. A "
        "target without a baseline size makes the response not evaluable unless it progresses; "
        "call a lesion that was not there before new."
    )
    return [lines_note("kind", text, late["line"].to_numpy())]
