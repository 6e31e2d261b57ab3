"""The response at each visit by RECIST 1.1.

Methods
-------
Targets: complete response where all are gone (lymph nodes: short axis below 10 mm); progression
where the sum of diameters is at least 20 % and at least 5 mm above the nadir; partial response
where it is at least 30 % below the baseline; stable disease otherwise. With an unmeasured target
the response is not evaluable, unless the others alone prove progression. Progression goes before
partial response, and complete response before both: nodes that grow below 10 mm stay normal.

Non-targets: progression where one has unequivocally progressed; else not evaluable where one was
not evaluated; else complete response where all are gone; else neither (non-CR/non-PD).

Overall: any progression and any new lesion is progression; CR with CR (or without non-targets) is
CR; CR with anything else is PR; PR and SD stay; without targets the non-targets decide. A new
lesion that is called equivocal does not count.

References
----------
Eisenhauer EA et al. Eur J Cancer 2009;45:228-247, tables 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.lesions.recist import measure
from core.lesions.recist.cells import MICRO, lines_note
from core.lesions.recist.measure import FAR, VISIT
from core.lesions.recist.table import Lesions
from core.lesions.recist.vocabulary import EQUIVOCAL, NEW
from core.notes import Note, counted

METHODS = (
    "Response was assessed by RECIST 1.1 (Eisenhauer 2009) from the measurements of the single "
    "lesions, with growth counted from the smallest earlier sum of diameters."
)
CR, PR, SD, PD, NE = "CR", "PR", "SD", "PD", "NE"
NON = "non-CR/non-PD"
NONE = ""
"""Where there is no response: at the baseline, or no lesion of that kind."""


@dataclass(frozen=True, eq=False)
class Assessments:
    """The responses.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per patient and visit: ``patient visit visit_name day date line``,
        ``sum_of_diameters``, ``baseline_sum``, ``nadir`` (mm, NaN: unknown), ``change_baseline``,
        ``change_nadir`` (percent), ``growth`` (mm above the nadir), ``n_target``,
        ``n_not_measured``, ``target_response``, ``non_target_response``, ``new_lesions`` (number
        of them), ``overall_response``. A response is empty at the baseline, and where the patient
        has no lesion of that kind.
    lesions : pandas.DataFrame
        From `measure.grid`: each lesion at each visit, with ``progressed``.
    notes : tuple of Note
    """

    frame: pd.DataFrame
    lesions: pd.DataFrame
    notes: tuple[Note, ...] = ()


def assess(lesions: Lesions) -> Assessments:
    """Assess every visit of every patient.

    Examples
    --------
    >>> from core.lesions.recist.table import canonical, recognise
    >>> table = pd.DataFrame({"patient": list("aaa"), "visit": [1.0, 2.0, 3.0],
    ...                       "lesion": ["T1"] * 3, "size (mm)": [20.0, 14.0, 19.0]})
    >>> found = assess(canonical(table, recognise(table))).frame
    >>> found["overall_response"].tolist(), found["nadir"].tolist()[1:]
    (['', 'PR', 'PD'], [20.0, 14.0])
    """
    grid = measure.grid(lesions)
    table = measure.visits(lesions)
    table = table.merge(measure.sums(grid), on=VISIT, how="left")
    table = table.merge(measure.non_targets(grid), on=VISIT, how="left")
    table = table.merge(measure.new_lesions(lesions), on=VISIT, how="left")
    table["new_lesions"] = table.pop("new").fillna(0).astype(int)
    later = table["visit"].to_numpy() > 0
    target = np.where(later, target_response(table), NONE)
    non_target = np.where(later, non_target_response(table), NONE)
    table["target_response"], table["non_target_response"] = target, non_target
    new = table["new_lesions"].to_numpy() > 0
    table["overall_response"] = np.where(later, overall_response(target, non_target, new), NONE)
    return Assessments(_in_millimetres(table), grid, (*_notes(table), *_equivocal(lesions)))


def target_response(table: pd.DataFrame) -> np.ndarray:
    """Response of the targets; empty without any."""
    has = table["n_target"].notna().to_numpy()
    total, base = _whole(table["total"], -1), _whole(table["baseline"], -1)
    measured, nadir = _whole(table["measured"], 0), _whole(table["nadir"], FAR)
    complete = total >= 0
    gone = complete & _true(table["all_gone"])
    compared = complete & (base >= 0)
    return np.select(
        [
            ~has,
            gone,
            measure.has_grown(measured, nadir),
            compared & measure.has_shrunk(total, base),
            compared,
        ],
        [NONE, CR, PD, PR, SD],
        NE,
    ).astype(object)


def _whole(column: pd.Series, missing: int) -> np.ndarray:
    # A merge has made floats of them; whole numbers below 2**53 (9,000 m) come back exactly.
    values = column.to_numpy(dtype=float)
    far = np.isnan(values) | (values > 2.0**53)
    whole = np.where(far, 0, values).astype(np.int64)
    return np.where(np.isnan(values), missing, np.where(far, FAR, whole))


def _true(column: pd.Series) -> np.ndarray:
    """Where a column that a merge left without some values is true."""
    values = column.to_numpy(dtype=object)
    return np.array([value is True or value == 1 for value in values], dtype=bool)


def non_target_response(table: pd.DataFrame) -> np.ndarray:
    """Response of the non-targets; empty without any."""
    known = table["any_pd"].notna().to_numpy()
    any_pd, gone, unknown = (_true(table[c]) for c in ("any_pd", "nt_gone", "any_unknown"))
    choices: list[np.ndarray] = [~known, any_pd, unknown, gone]
    return np.select(choices, [NONE, PD, NE, CR], NON).astype(object)


def overall_response(target: np.ndarray, non_target: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Combine the responses of targets and non-targets with new lesions.

    Parameters
    ----------
    target, non_target : numpy.ndarray of str
        Empty where the patient has no lesion of that kind.
    new : numpy.ndarray of bool

    Examples
    --------
    >>> no_new = np.zeros(3, dtype=bool)
    >>> overall_response(np.array(["CR", "CR", ""]), np.array(["CR", "NE", "CR"]), no_new)
    array(['CR', 'PR', 'CR'], dtype=object)
    """
    cleared = np.isin(non_target, (CR, NONE))
    no_target = target == NONE
    progressed = new | (target == PD) | (non_target == PD)
    return np.select(
        [
            progressed,
            no_target & (non_target != NONE),
            no_target,
            (target == CR) & cleared,
            np.isin(target, (CR, PR)),
            target == SD,
        ],
        [PD, non_target, NE, CR, PR, SD],
        NE,
    ).astype(object)


def _in_millimetres(table: pd.DataFrame) -> pd.DataFrame:
    total, base, nadir = (
        np.where((x < 0) | (x >= FAR), np.nan, x) / MICRO
        for x in (
            _whole(table["total"], -1),
            _whole(table["baseline"], -1),
            _whole(table["nadir"], FAR),
        )
    )
    made = table[[*VISIT, "visit_name", "day", "date", "line"]].copy()
    made["sum_of_diameters"], made["baseline_sum"], made["nadir"] = total, base, nadir
    later = np.where(table["visit"] > 0, 1.0, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        made["change_baseline"] = np.where(base > 0, 100 * (total - base) / base, np.nan) * later
        made["change_nadir"] = np.where(nadir > 0, 100 * (total - nadir) / nadir, np.nan) * later
    made["growth"] = total - nadir
    made["n_target"] = table["n_target"].fillna(0).astype(int)
    made["n_not_measured"] = table["n_missing"].fillna(0).astype(int)
    columns = ["target_response", "non_target_response", "new_lesions", "overall_response"]
    made[columns] = table[columns]
    return made


def _notes(table: pd.DataFrame) -> list[Note]:
    notes = []
    later = table[table["visit"] > 0]
    unmeasured = later[(later["n_missing"].fillna(0) > 0) & (later["target_response"] == NE)]
    if len(unmeasured):
        text = (
            f"At {counted(len(unmeasured), 'visit')} not all target lesions were measured: their "
            "response is not evaluable there."
        )
        notes.append(lines_note("target_response", text, unmeasured["line"].to_numpy()))
    unseen = later[later["non_target_response"] == NE]
    if len(unseen):
        text = (
            f"At {counted(len(unseen), 'visit')} not all non-target lesions were evaluated: no "
            "complete response can be seen there."
        )
        notes.append(lines_note("non_target_response", text, unseen["line"].to_numpy()))
    single = table.groupby("patient")["visit"].max() == 0
    if single.any():
        text = f"{counted(int(single.sum()), 'patient')} have a baseline only, and no response."
        notes.append(Note("info", "overall_response", text))
    back = later[(later["nadir"] == 0) & (later["total"] > 0) & (later["target_response"] != PD)]
    if len(back):
        text = (
            f"At {counted(len(back), 'visit')} a target lesion has come back after all were gone, "
            "by less than 5 mm: this is no progression by the sum of diameters. Call it one in the "
            "table (as a new lesion) if the reader saw one."
        )
        notes.append(lines_note("target_response", text, back["line"].to_numpy()))
    return notes


def _equivocal(lesions: Lesions) -> list[Note]:
    rows = lesions.rows
    doubt = rows[(rows["kind"] == NEW) & (rows["state"] == EQUIVOCAL)]
    if doubt.empty:
        return []
    text = (
        f"{counted(len(doubt), 'new lesion')} called equivocal did not count. If it turns out to "
        "be one, RECIST dates the progression back to that visit: change the word there."
    )
    return [lines_note("new_lesions", text, doubt["line"].to_numpy())]
