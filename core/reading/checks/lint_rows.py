"""Rules about whole rows and whole columns: patients entered twice, columns that say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.notes import Choice, Note, Question, listed
from core.reading.checks.lint_dates import BIRTH, DIAGNOSIS
from core.reading.checks.lint_facts import Facts, rows_of, spaced
from core.reading.roles import guessing

_SEX = re.compile(r"\b(?:sex|gender|geschlecht|sexe|sexo|sesso|genero)\b|性别|性別")
_LEAST_COLUMNS = 5
_CHANCE = 1e-6
"""Pairs of rows that may agree throughout by chance, if columns were independent."""

_REPEATED = 0.1
"""Share of rows with the identifier of another one, up to which a row is a patient."""


def same_patient(facts: Facts) -> Iterator[Note]:
    """Find patients who seem to stand in the table twice under different numbers."""
    rows_are = facts.dataset.rows_are
    if facts.sampled or (rows_are is not None and rows_are.kind != "duplicates"):
        return
    frame = facts.dataset.frame
    guessed = guessing.guess_id(facts.dataset)
    # Where patients have many rows these are visits or lesions, and few of them differ.
    if guessed is None or frame[guessed.value].duplicated().mean() > _REPEATED:
        return
    ids = [guessed.value]
    same = _same_birth(facts)
    if same is not None:
        columns, rows = same
        # The same number twice is the business of the shape of the table.
        rows &= ~frame.duplicated([*columns, *ids], keep=False).to_numpy()
        if rows.any():
            text = f"{rows_of(int(rows.sum()))} with different '{ids[0]}' agree in "
            text += f"{listed(columns)}: "
            yield facts.note(ids[0], text + "are they the same patients?", rows)
    if (rows := _same_values(frame, ids)).any():
        text = f"{rows_of(int(rows.sum()))} with different '{ids[0]}' agree in all other columns: "
        yield facts.note(ids[0], text + "are they the same patients?", rows)


def _same_birth(facts: Facts) -> tuple[list[str], np.ndarray] | None:
    """Rows with the birth date, sex and date of diagnosis of another one."""
    found = [
        next((v.name for v in facts.of_kind(*kinds) if re.search(pattern, spaced(v.name))), "")
        for pattern, kinds in (
            (BIRTH, ("date",)),
            (_SEX, ("category", "number")),
            (DIAGNOSIS, ("date",)),
        )
    ]
    if not all(found):
        return None
    known = facts.dataset.frame[found].notna().all(axis=1).to_numpy()
    return found, known & facts.dataset.frame.duplicated(found, keep=False).to_numpy()


def _same_values(frame: pd.DataFrame, ids: list[str]) -> np.ndarray:
    """Rows that agree in all but the identifier, where chance would not do that."""
    others = [c for c in frame.columns if c not in ids]
    none = np.zeros(len(frame), dtype=bool)
    if len(others) < _LEAST_COLUMNS:
        return none
    rows = frame.duplicated(others, keep=False).to_numpy()
    if not rows.any():
        return none
    full = frame[others].notna().mean(axis=1).to_numpy() >= 0.8
    rows &= full & ~frame.duplicated([*others, *ids], keep=False).to_numpy()
    return rows if rows.any() and _by_chance(frame[others]) < _CHANCE else none


def _by_chance(frame: pd.DataFrame) -> float:
    """How many pairs of rows would agree throughout if the columns were independent."""
    pairs = len(frame) ** 2 / 2
    for column in frame.columns:
        shares = frame[column].value_counts(normalize=True, dropna=False).to_numpy()
        pairs *= float(np.sum(shares**2))
    return pairs


def repeated_rows(facts: Facts) -> Iterator[Question]:
    """Ask about rows that repeat another one throughout, its identifier included."""
    said = any(step.startswith("duplicates(") for step in facts.dataset.steps)
    guessed = guessing.guess_id(facts.dataset)
    if facts.sampled or said or guessed is None or len(facts.dataset.variables) < 2:
        return
    frame = facts.dataset.frame
    n = int((frame.duplicated() & frame[guessed.value].notna()).sum())
    if n:
        verb, them = ("repeats", "it") if n == 1 else ("repeat", "them")
        yield Question(
            "file",
            f"{rows_of(n)} {verb} another row throughout, '{guessed.value}' included. "
            f"What becomes of {them}?",
            (
                Choice("they stay"),
                Choice("each is counted once", ("duplicates(drop)",)),
            ),
        )


def says_nothing(facts: Facts) -> Iterator[Note]:
    """Find columns with one value in every row, and categories that are nearly all different."""
    if facts.n < 5:
        return
    constant, unique = [], []
    frame = facts.dataset.frame
    for variable in facts.of_kind("number", "category"):
        values = frame[variable.name]
        if not variable.identifier and (values.iloc[0] == values).all():
            constant.append(variable.name)
        elif variable.kind == "category" and facts.n >= 20:
            different = values.nunique()
            if different > 0.5 * values.notna().sum() and different > 10:
                unique.append(variable.name)
    if constant:
        yield _listed(constant, "the same value in every row, so no groups can be formed")
    if unique:
        yield _listed(unique, "a different value in most rows: no category, perhaps a number")


def _listed(columns: list[str], says: str) -> Note:
    verb = "has" if len(columns) == 1 else "have"
    return Note("info", "columns", f"{listed(columns)} {verb} {says}.", "suspect", len(columns))
