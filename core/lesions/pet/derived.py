"""The derived columns of a lesion table, ready to stand beside those of the patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.dataset import Variable
from core.inclusion import LedgerEntry
from core.lesions.pet import aggregate
from core.lesions.pet.aggregate import COLUMNS
from core.lesions.pet.definitions import meaning
from core.lesions.pet.eligible import Choice
from core.lesions.pet.lesions import Lesions
from core.notes import Note, counted, info

_LABELS = {"n_lesions": "Number of lesions", "n_sites": "Number of sites"}
_UNITS = {"MTV": "mL", "TLG": "g"}
_SOURCES = {"SUVmax": "suv_max", "SUVmean": "suv_mean", "MTV": "mtv", "TLG": "tlg"}
_FEWEST = {"TLG": 1, "HI": 2, "COV": 3}
"""Decimals of what is computed and not measured."""
_NEEDS = {
    "SUVmean": ({"suv_mean"},),
    "HI": ({"suv_mean"},),
    "MTV": ({"mtv"},),
    "TLG": ({"tlg"}, {"suv_mean", "mtv"}),
    "n_sites": ({"site"},),
}
"""Columns of the sheet that a derived one needs: one of the sets."""
_CALLED = {"suv_mean": "SUVmean", "mtv": "MTV", "tlg": "TLG", "site": "the site"}


@dataclass(frozen=True, eq=False)
class Derived:
    """Columns with one value per patient.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by the patient's id as text (index name ``patient``): the patients who have an
        eligible lesion. float64 with NaN for missing.
    variables : mapping of str to Variable
        One entry per column, with unit, decimals and definition.
    left : mapping of str to str
        Why each of the other patients of the lesion table is not in `frame`.
    ledger : tuple of LedgerEntry
        How many those are; the lines are those of the lesion table.
    notes : tuple of Note
        The report on the sheet, the lesions left out, and what is missing and why.
    eligible : numpy.ndarray of bool, shape (lesions,)
        Which lesions count.
    """

    frame: pd.DataFrame
    variables: dict[str, Variable]
    left: dict[str, str]
    ledger: tuple[LedgerEntry, ...]
    notes: tuple[Note, ...]
    eligible: np.ndarray


def patients(lesions: Lesions, spec: Any) -> Derived:
    """Derive one value per patient and measure.

    Parameters
    ----------
    lesions : Lesions
    spec : AnalysisSpec or Choice
        Its lesion fields are read; see `Choice.of`.

    Returns
    -------
    Derived
        Without a column that the sheet says nothing of, as MTV where it has no volumes.

    Examples
    --------
    >>> from core.lesions.pet.table import canonical, recognise
    >>> sheet = pd.DataFrame({"id": ["A", "A", "B", "C"], "SUVmax": [6.0, 2, 3, 1]})
    >>> made = patients(canonical(sheet, recognise(sheet)), Choice())
    >>> made.frame["SUVmax"].to_dict(), made.left
    ({'A': 6.0, 'B': 3.0}, {'C': 'No lesion with SUVmax >= 2.5'})
    """
    choice = spec if isinstance(spec, Choice) else Choice.of(spec)
    found = aggregate.patients(lesions, choice)
    inside = found.n_lesions > 0
    names = [name for name in COLUMNS if _possible(name, lesions)]
    index = pd.Index(found.ids[inside], name="patient", dtype=object)
    columns = {name: found.column(name)[inside].astype(float) for name in names}
    return Derived(
        pd.DataFrame(columns, index=index),
        {name: _variable(name, lesions, choice) for name in names},
        dict(zip(found.ids[~inside].tolist(), found.left[~inside].tolist(), strict=True)),
        found.ledger,
        (*lesions.notes, *found.notes, *_about_columns(lesions)),
        found.eligible,
    )


def _possible(name: str, lesions: Lesions) -> bool:
    return name not in _NEEDS or any(needed <= lesions.has for needed in _NEEDS[name])


def _variable(name: str, lesions: Lesions, choice: Choice) -> Variable:
    decimals = _FEWEST.get(name, 0)
    if name in _SOURCES and np.isfinite(getattr(lesions, _SOURCES[name])).any():
        decimals = max(decimals, lesions.decimals[_SOURCES[name]])
    return Variable(
        name,
        label=_LABELS.get(name, name),
        kind="number",
        unit=_UNITS.get(name, ""),
        decimals=decimals,
        meaning=meaning(name, choice),
    )


def _about_columns(lesions: Lesions) -> list[Note]:
    """Say which columns cannot be derived, what they would need, and what TLG was made of."""
    notes = []
    made = int((np.isnan(lesions.tlg_given) & np.isfinite(lesions.tlg)).sum())
    if made:
        text = f"TLG of {counted(made, 'lesion')} was not given: it is SUVmean times MTV."
        notes.append(info("TLG", text))
    for name in COLUMNS:
        if _possible(name, lesions):
            continue
        needed = " or ".join(
            " and ".join(sorted(_CALLED[column] for column in one)) for one in _NEEDS[name]
        )
        title = _LABELS.get(name, name)
        notes.append(info(name, f"{title} is not derived: the lesion table lacks {needed}."))
    return notes
