"""What looks wrong in a sheet of PET lesions: named by its lines, never changed here.

Methods
-------
SUVmean cannot exceed SUVmax, so a heterogeneity index cannot lie below 1; values that differ by
no more than their rounding are let pass. TLG is compared with SUVmean times MTV and may differ by
5 % and by what rounding of the three can do. A lesion that is named twice in a patient, and a row
that sums up others, would count twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.lesions.pet.lesions import Lesions
from core.lesions.pet.vocabulary import is_total
from core.notes import MOST_LINES, Note, counted

_MOST_DECIMALS = 6
_SLACK = 0.05
_HIGHEST_SUV = 100.0
_LARGEST_VOLUME = 5_000.0
"""mL: a lesion of five litres is a volume in another unit, or of the whole body."""
_THOUSAND = (500.0, 2000.0)


def check(lesions: Lesions) -> tuple[Note, ...]:
    """List what looks wrong.

    Returns
    -------
    tuple of Note
        Warnings of the section "suspect", and one note that says how many lesions of how many
        patients there are.
    """
    found = [_count(lesions)]
    found += _mean_above_max(lesions)
    found += _extreme(lesions)
    found += _volumes(lesions)
    found += _tlg(lesions)
    found += _named_twice(lesions)
    found += _alike(lesions)
    found += _totals(lesions)
    return tuple(found)


def lines_at(at: np.ndarray, rows: np.ndarray) -> tuple[int, ...]:
    """The first lines that a mask picks, in their order, at most `MOST_LINES`."""
    return tuple(int(line) for line in np.sort(at[rows])[:MOST_LINES])


def decimals_of(x: np.ndarray) -> int:
    """Decimals that the finite values are written with, at most 6.

    Examples
    --------
    >>> decimals_of(np.array([2.5, 3.25, np.nan])), decimals_of(np.array([4.0]))
    (2, 0)
    """
    finite = x[np.isfinite(x)]
    for decimals in range(_MOST_DECIMALS):
        if np.allclose(np.round(finite, decimals), finite, rtol=1e-12, atol=1e-9):
            return decimals
    return _MOST_DECIMALS


def _count(lesions: Lesions) -> Note:
    n, patients = lesions.n, len(lesions.ids)
    text = f"{counted(n, 'lesion')} of {counted(patients, 'patient')}: a patient counts once, "
    return Note("info", "lesions", text + "however many lesions there are.", "read", n)


def _note(lesions: Lesions, about: str, text: str, rows: np.ndarray) -> Note:
    lines = lines_at(lesions.line, rows)
    return Note("warning", about, text, "suspect", int(rows.sum()), lines)


def half_unit(lesions: Lesions, measure: str) -> float:
    """What rounding to the decimals of a measure can change at most.

    SUV is written with one decimal at least: whole numbers in a small table happen to be so.
    """
    fewest = 1 if measure.startswith("suv") else 0
    return 0.501 * 10.0 ** -max(lesions.decimals[measure], fewest)


def _mean_above_max(lesions: Lesions) -> Iterator[Note]:
    slack = half_unit(lesions, "suv_mean") + half_unit(lesions, "suv_max")
    rows = lesions.suv_mean > lesions.suv_max + slack
    if rows.any():
        text = f"SUVmean is above SUVmax in {counted(int(rows.sum()), 'lesion')}, which cannot be: "
        text += "HI is below 1 there. The values are used as they are."
        yield _note(lesions, "SUVmean", text, rows)


def _extreme(lesions: Lesions) -> Iterator[Note]:
    rows = lesions.suv_max > _HIGHEST_SUV
    if rows.any():
        text = f"SUVmax is above {_HIGHEST_SUV:g} in {counted(int(rows.sum()), 'lesion')}: is a "
        yield _note(lesions, "SUVmax", text + "decimal point missing?", rows)
    rows = lesions.suv_mean == 0
    if rows.any():
        text = f"SUVmean is 0 in {counted(int(rows.sum()), 'lesion')}: HI is missing there."
        yield _note(lesions, "SUVmean", text, rows)


def _volumes(lesions: Lesions) -> Iterator[Note]:
    rows = lesions.mtv > _LARGEST_VOLUME
    if rows.any():
        text = f"MTV is above {_LARGEST_VOLUME:,.0f} mL in {counted(int(rows.sum()), 'lesion')}: "
        yield _note(lesions, "MTV", text + "is it in mm3? Then say so.", rows)


def _tlg(lesions: Lesions) -> Iterator[Note]:
    """Compare a given TLG with SUVmean times MTV, lesion by lesion."""
    product = lesions.suv_mean * lesions.mtv
    given = lesions.tlg_given
    both = np.isfinite(product) & np.isfinite(given)
    positive = both & (product > 0)
    if not both.any():
        return
    ratio = float(np.median(given[positive] / product[positive])) if positive.any() else 1.0
    for factor, which in ((ratio, "TLG"), (1 / ratio if ratio else 0.0, "MTV")):
        if _THOUSAND[0] < factor < _THOUSAND[1]:
            text = f"{which} is about a thousand times what the other columns say: is it in mm3 "
            yield _note(lesions, which, text + "and not in mL? Then say so.", both)
            return
    rounding = half_unit(lesions, "suv_mean") * lesions.mtv
    rounding = rounding + half_unit(lesions, "mtv") * lesions.suv_mean + half_unit(lesions, "tlg")
    rows = both & (np.abs(given - product) > _SLACK * product + rounding)
    if rows.any():
        n = counted(int(rows.sum()), "lesion")
        text = (
            f"TLG differs from SUVmean times MTV by more than 5 % in {n} of {int(both.sum()):,}. "
        )
        yield _note(lesions, "TLG", text + "The TLG of the table is used.", rows)


def _named_twice(lesions: Lesions) -> Iterator[Note]:
    """Find lesions that have the same name in a patient, in the same place and with other values.

    Names that are used again in another place are numbers within places, and no fault.
    """
    named = np.array([label is not None for label in lesions.label], dtype=bool)
    folded = [str(label).casefold() for label in lesions.label]
    frame = pd.DataFrame({"patient": lesions.patient, "label": folded, "site": lesions.site})
    rows = frame.duplicated(keep=False).to_numpy() & named
    if not rows.any():
        return
    again = int((frame.duplicated().to_numpy() & named).sum())
    text = f"{counted(again, 'lesion')} named like another one of the same patient, with other "
    text += "values: each counts. "
    if 2 * rows.sum() > lesions.n:
        text += "Are these several scans? Then filter to one of them."
    else:
        text += "Give them names of their own, or leave one out."
    yield _note(lesions, "lesions", text, rows)


def _alike(lesions: Lesions) -> Iterator[Note]:
    """Find rows without a lesion's name that have all values of another one."""
    named = np.array([label is not None for label in lesions.label], dtype=bool)
    columns = ("patient", "site", "suv_max", "suv_mean", "mtv", "tlg_given")
    frame = pd.DataFrame({name: getattr(lesions, name) for name in columns})
    rows = frame.duplicated(keep=False).to_numpy() & ~named
    if rows.any():
        text = f"{counted(int(rows.sum()), 'row')} with the same values as another one of the "
        text += "patient, and no name that tells the lesions apart: each counts."
        yield _note(lesions, "lesions", text, rows)


def _totals(lesions: Lesions) -> Iterator[Note]:
    totals = {label for label in set(lesions.label) if label is not None and is_total(label)}
    of_site = np.array([is_total(site) for site in lesions.sites] + [False], dtype=bool)
    rows = np.array([label in totals for label in lesions.label], dtype=bool)
    rows = rows | of_site[lesions.site]
    if rows.any():
        text = f"{counted(int(rows.sum()), 'row')} called a total or a mean: it sums up other "
        text += "rows and counts as a lesion. Leave such rows out."
        yield _note(lesions, "lesions", text, rows)
