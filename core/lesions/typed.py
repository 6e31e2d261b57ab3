"""What people leave out when they type a lesion table by hand: the patient on every line."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.notes import MOST_LINES, Note, counted


def filled_down(
    frame: pd.DataFrame, patient: str, named: tuple[str, ...], lines: np.ndarray
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Give the rows without a patient the one above, where they plainly go on with her lesions.

    They do where no lesion is named twice from one written patient to the next. Where one is, the
    patient may have been forgotten, and the rows are left without one.

    Parameters
    ----------
    frame : pandas.DataFrame
        Never changed.
    patient : str
        The column of the patients.
    named : tuple of str
        The columns that together name a row of a patient: the lesion, and the visit if there is
        one. Empty: nothing is filled.
    lines : numpy.ndarray of int, shape (rows,)
        Line of the file of each row.

    Returns
    -------
    (pandas.DataFrame, tuple of Note)

    Examples
    --------
    >>> sheet = pd.DataFrame({"id": ["a", None, "b"], "lesion": ["1", "2", "1"]})
    >>> filled_down(sheet, "id", ("lesion",), np.arange(2, 5))[0]["id"].tolist()
    ['a', 'a', 'b']
    """
    blank = frame[patient].isna().to_numpy()
    if not named or not blank.any() or blank[0]:
        return frame, ()
    block = np.cumsum(~blank)
    keys = frame[list(named)].assign(block=block)
    # A block that says a lesion twice, or a row without its name, is not filled.
    doubtful = keys.duplicated(keep=False).to_numpy() | keys.isna().any(axis=1).to_numpy()
    wrong = np.isin(block, block[doubtful & np.isin(block, block[blank])])
    told = blank & ~wrong
    if not told.any():
        return frame, ()
    whole = frame[patient].ffill()
    text = (
        f"{counted(int(told.sum()), 'row')} without a patient took the one of the row above: they "
        "go on with her lesions."
    )
    first = tuple(int(x) for x in lines[told][:MOST_LINES])
    note = Note("warning", patient, text, "changed", int(told.sum()), first)
    return frame.assign(**{patient: frame[patient].where(~told, whole)}), (note,)
