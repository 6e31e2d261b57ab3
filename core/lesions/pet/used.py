"""Which rows of a sheet of PET lesions are used: each lesion once, and no sums of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from core.lesions.pet import checks, vocabulary
from core.notes import Note, counted, were


def named(patients: np.ndarray, at: np.ndarray, notes: list[Note]) -> np.ndarray:
    """Rows with a patient; the others are named by their lines."""
    nameless = _none(patients)
    if n := int(nameless.sum()):
        text = f"{counted(n, 'row')} without a patient {were(n)} left out. "
        text += "Write the patient on every line."
        lines = checks.lines_at(at, nameless)
        notes.append(Note("warning", "lesions", text, "excluded", n, lines))
    return ~nameless


def _none(texts: Iterable[str | None]) -> np.ndarray:
    return np.array([text is None for text in texts], dtype=bool)


def repeated(
    patients: np.ndarray,
    labels: np.ndarray,
    places: np.ndarray,
    values: Mapping[str, np.ndarray],
    keep: np.ndarray,
    at: np.ndarray,
    notes: list[Note],
) -> np.ndarray:
    """Rows that say again what another one says of the same named lesion: used once."""
    frame = pd.DataFrame({"patient": patients, "label": labels, "place": places, **values})
    again: np.ndarray = frame.duplicated().to_numpy() & keep & ~_none(labels)
    if n := int(again.sum()):
        verb = "repeats" if n == 1 else "repeat"
        text = f"{counted(n, 'row')} that {verb} another one of the same lesion throughout "
        text += f"{were(n)} left out: a lesion counts once."
        lines = checks.lines_at(at, again)
        notes.append(Note("warning", "lesions", text, "excluded", n, lines))
    return again


def totals(
    patients: np.ndarray,
    labels: np.ndarray,
    places: np.ndarray,
    keep: np.ndarray,
    at: np.ndarray,
    notes: list[Note],
) -> np.ndarray:
    """Rows that sum up the others of their patient; one that stands alone is kept."""
    named = [
        any(text is not None and vocabulary.is_total(text) for text in both)
        for both in zip(labels, places, strict=True)
    ]
    sums = np.array(named, dtype=bool) & keep
    single = set(patients[keep & ~sums])
    out: np.ndarray = sums & np.array([patient in single for patient in patients], dtype=bool)
    if n := int(out.sum()):
        text = f"{counted(n, 'row')} called a total or a mean {were(n)} left out: it sums up other "
        text += "rows of the patient. Give it another name if it is a lesion."
        lines = checks.lines_at(at, out)
        notes.append(Note("warning", "lesions", text, "excluded", n, lines))
    return out
