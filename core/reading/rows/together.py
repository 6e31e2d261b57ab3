"""Further tables put together with that of the patients: joined to it, or lesions beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import suppress

from core.dataset import Dataset
from core.errors import DataError, SpecError
from core.notes import Note, Question, counted, warning
from core.reading.rows import joining, partners
from core.steps import Recipe, Step

Sheets = Callable[[str], Dataset]
"""Another sheet of the first file, by what a step calls it."""
MOST_SHEETS = 12
"""Sheets of a workbook that are looked at for lesions."""


def put(
    main: Dataset, others: Sequence[Dataset], recipe: Recipe, sheet: Sheets
) -> tuple[Dataset, Recipe]:
    """Put the other files, then the sheets that steps name, together with the first table.

    Parameters
    ----------
    main : Dataset
    others : sequence of Dataset
    recipe : Recipe
    sheet : callable

    Returns
    -------
    main : Dataset
    recipe : Recipe
        With the steps that it took.

    Raises
    ------
    DataError
        If two tables have no patients in common, or a table that a step names is missing.
    """
    from core.lesions.tables import is_lesions  # it needs the package of readers

    wanted = {step.column: step for step in recipe.of("join")}
    for other in others:
        step = wanted.pop(other.reference, None)
        if step is None and is_lesions(other):
            main, recipe = _beside(main, other, recipe)
        else:
            main, recipe = _joined(main, other, recipe, step, wanted)
    if (unused := wanted.pop("*", None)) is not None:  # a dictionary's, without a second table
        recipe = Recipe(tuple(s for s in recipe.steps if s != unused))
    for table, step in wanted.items():
        other = sheet(table)
        if is_lesions(other):  # the step is enough to find the sheet again
            main, _ = _beside(main, other, recipe)
        else:
            main, recipe = _sheet_joined(main, other, recipe, step)
    main, recipe = _lesion_sheets(main, recipe, sheet)
    main = _own_lesions(main)
    _check_lesions(main, recipe)
    return main, recipe


def _lesion_sheets(main: Dataset, recipe: Recipe, sheet: Sheets) -> tuple[Dataset, Recipe]:
    """Put the lesion sheets of the same workbook beside the patients: nobody has to ask for them.

    Only where it is plain which: no lesions are there already, and of each kind there is one.
    """
    from core.lesions.tables import is_lesions, kind_of

    asked = {step.column for step in recipe.of("join")}
    others = [f"sheet {name}" for name in main.sheets if name != main.sheet]
    if main.lesions or not 0 < len(others) <= MOST_SHEETS or asked & {*others} or is_lesions(main):
        return main, recipe
    found: dict[str, list[tuple[str, Dataset]]] = {}
    for name in others:
        with suppress(DataError, SpecError):  # what is no table is no lesion table
            other = sheet(name)
            if is_lesions(other):
                found.setdefault(kind_of(other), []).append((name, other))
    for kind, sheets in found.items():
        if len(sheets) > 1:
            text = f"There are {len(sheets)} sheets of {kind}: none was used. Say which one counts."
            main = dataclasses.replace(main, notes=(*main.notes, warning("sheet", text)))
            continue
        name, other = sheets[0]
        recipe = Recipe((*recipe.steps, Step("join", (name,))))
        main, _ = _beside(main, other, recipe)
    return main, recipe


def _own_lesions(main: Dataset) -> Dataset:
    """Take the lesions that stand beside each other in the row of their patient, as SUVmax 1, 2, 3.

    Nothing is lost by it: the columns stay, and those made from them are added.
    """
    from core.lesions.pet.reading import beside_each_other  # it needs the package of readers

    if main.lesions or main.rows_are is not None or not beside_each_other(main.frame):
        return main
    text = (
        "Columns such as SUVmax 1, SUVmax 2 were taken for the lesions of a patient beside each "
        "other: they become columns of the patients' table."
    )
    own = dataclasses.replace(main, notes=())
    notes = (*main.notes, Note("info", "lesions", text, "read"))
    return dataclasses.replace(main, lesions=(own,), notes=notes)


def _joined(
    main: Dataset, other: Dataset, recipe: Recipe, step: Step | None, wanted: dict[str, Step]
) -> tuple[Dataset, Recipe]:
    """Join another file, as a step says or by the patients' numbers that are the same in both."""
    if step is None and (general := wanted.pop("*", None)) is not None:
        step = Step("join", (other.reference, *general.rest))
        recipe = Recipe(tuple(step if s == general else s for s in recipe.steps))
    elif step is None:
        found = partners.propose(main, other)
        if found.step is None:
            return _not_joined(main, other, found.questions), recipe
        step = found.step
        recipe = Recipe((*recipe.steps, step))
    return joining.join(main, other, step), recipe


def _sheet_joined(
    main: Dataset, other: Dataset, recipe: Recipe, step: Step
) -> tuple[Dataset, Recipe]:
    """Join a sheet; ``join(sheet NAME)`` alone: by the numbers that are the same in both."""
    if not step.rest:
        found = partners.propose(main, other)
        recipe = Recipe(tuple(found.step or s if s == step else s for s in recipe.steps))
        if found.step is None:
            recipe = Recipe(tuple(s for s in recipe.steps if s != step))
            return _not_joined(main, other, found.questions), recipe
        step = found.step
    return joining.join(main, other, step), recipe


def _beside(main: Dataset, other: Dataset, recipe: Recipe) -> tuple[Dataset, Recipe]:
    """Keep a table of lesions beside that of the patients, whose rows it does not change."""
    shown = other.sheet if other.digest == main.digest else other.name
    text = (
        f"'{shown}' has one row per lesion ({counted(len(other.frame), 'row')}): it stands "
        "beside the patients' table, and becomes columns of it."
    )
    note = Note("info", "lesions", text, "read", len(other.frame))
    step = Step("lesions", (other.reference,))
    if step not in recipe.steps:
        recipe = Recipe((*recipe.steps, step))
    # Which sheets a workbook has was said of the patients' one.
    own = [n for n in other.notes if n.about != "sheet" or other.digest != main.digest]
    notes = (*main.notes, *own, note)
    return dataclasses.replace(main, lesions=(*main.lesions, other), notes=notes), recipe


def _check_lesions(main: Dataset, recipe: Recipe) -> None:
    """Refuse to go on without a table of lesions that a link was made with."""
    there = {table.reference for table in main.lesions}
    if any(step.column not in there for step in recipe.of("lesions")):
        raise DataError(
            "The table of lesions that belongs to this one is missing",
            "Load it together with the first one",
        )


def _not_joined(main: Dataset, other: Dataset, questions: tuple[Question, ...]) -> Dataset:
    """Keep the first table as it is and ask; without anything to ask it is an error."""
    if not questions:
        raise DataError(
            f"The tables '{main.name}' and '{other.name}' have no patient numbers in common",
            "Both need a column with the same patient numbers",
        )
    text = f"'{other.name}' is not joined yet: say which rows belong to the same patient."
    note = Note("warning", "join", text, "suspect")
    needed = tuple(dataclasses.replace(q, needed=True) for q in questions)
    return dataclasses.replace(
        main, notes=(*main.notes, note), questions=(*needed, *main.questions)
    )
