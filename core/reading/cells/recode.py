"""Words for codes: a column of 1 and 2 becomes one of "premenopausal" and "postmenopausal"."""

from __future__ import annotations

import dataclasses

import numpy as np

from core.dataset import Dataset, Variable
from core.errors import SpecError
from core.notes import Note, counted
from core.spec import shortest
from core.steps import Recipe, Step


def apply(dataset: Dataset, recipe: Recipe) -> Dataset:
    r"""Carry out the steps ``recode(COLUMN, CODE=WORD, ...)``.

    Parameters
    ----------
    dataset : Dataset
    recipe : Recipe
        A code that no step names stays as it is; a column that is not there is passed over. The
        words have the order of a step ``order``, else the one in which they are named.

    Raises
    ------
    SpecError
        If what stands behind the column is not ``CODE=WORD``.

    Examples
    --------
    >>> from core.reading import read
    >>> recipe = Recipe.parse(["recode(sex, 1=female, 2=male)"])
    >>> dataset = read(b"id,sex\na1,2\na2,1\na3,\n", "a.csv", recipe)
    >>> dataset.frame["sex"].tolist(), dataset.variables["sex"].levels
    (['male', 'female', None], ('female', 'male'))
    """
    for step in recipe.of("recode"):
        if step.column in dataset.variables:
            dataset = _recoded(dataset, step, recipe.of("order", step.column)[-1:])
    return dataset


def _recoded(dataset: Dataset, step: Step, order: tuple[Step, ...]) -> Dataset:
    words = dict(map(_pair, step.rest))
    column = dataset.frame[step.column]
    if column.dtype == object:
        old = np.array(column.to_numpy(), copy=True)
    else:
        old = np.array([None if np.isnan(x) else shortest(x) for x in column], dtype=object)
    new = np.empty(len(old), dtype=object)
    new[:] = [None if cell is None else words.get(cell, cell) for cell in old]
    others = sorted({cell for cell in old if cell is not None} - set(words))
    said = [word for step in order for word in step.rest]
    known = [*words.values(), *others]
    levels = tuple(dict.fromkeys([*(w for w in said if w in known), *known]))
    variable = dataset.variables[step.column]
    n = int(sum(cell in words for cell in old if cell is not None))
    text = f"'{step.column}': words were put for its codes."
    if others:
        stay = "stays as it is" if len(others) == 1 else "stay as they are"
        text += f" {counted(len(others), 'other value')} {stay}."
    return dataclasses.replace(
        dataset,
        frame=dataset.frame.assign(**{step.column: new}),
        variables={**dataset.variables, step.column: _category(variable, words, levels)},
        notes=(*dataset.notes, Note("info", step.column, text, "changed", n)),
    )


def _category(variable: Variable, words: dict[str, str], levels: tuple[str, ...]) -> Variable:
    codes = tuple(words.items())
    return dataclasses.replace(variable, kind="category", decimals=0, levels=levels, codes=codes)


def _pair(text: str) -> tuple[str, str]:
    code, equals, word = text.partition("=")
    if not equals or not code.strip() or not word.strip():
        raise SpecError(
            "clean",
            f"'{text}' in a step recode is no code with its word",
            "Write it like: recode(sex, 1=female, 2=male)",
        )
    return code.strip(), word.strip()
