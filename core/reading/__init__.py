"""Files -> `Dataset`: the one door for every format, and the order in which things are done.

bytes -> table of cells -> numbers, dates and levels -> repeated rows left out -> second table
joined -> endpoints from dates -> what one row is, identifiers, what is known
only later, and what looks wrong.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from core.dataset import Dataset, Shape, digest_of, reference_of
from core.errors import DataError, SpecError, nearest
from core.notes import Note
from core.reading import examples
from core.reading.cells import conversion, recode
from core.reading.checks import identifiers, linter
from core.reading.endpoints import derived
from core.reading.formats import kinds
from core.reading.formats.limits import check_bytes
from core.reading.roles import later
from core.reading.rows import adam, shape, together
from core.reading.table import File, Progress, nobody
from core.steps import Recipe, Step

_OF_THE_FILE = ("header", "totals", "duplicates", "join", "lesions", "endpoint")
"""Steps that do not begin with a column."""


def read(
    data: bytes, name: str, recipe: Recipe | None = None, *, sheet: str | None = None
) -> Dataset:
    r"""Read one table in this process.

    Parameters
    ----------
    data : bytes
        The file. What it is is told from these bytes.
    name : str
        The file's name, for display.
    recipe : Recipe, optional
        What the user decided.
    sheet : str, optional
        Sheet of a workbook or object of an R file; the first one with a table when left out.

    Returns
    -------
    Dataset
        With no endpoints unless the table or the recipe says so: `core.reading.roles` finds the
        rest.

    Raises
    ------
    DataError
        If it is no table, is broken or is too large. The message never holds a cell's content.
    SpecError
        If a cleaning step cannot be carried out.

    Examples
    --------
    >>> dataset = read(b"id,months,dead\n1,3.5,1\n2,4,0\n", "trial.csv")
    >>> dataset.variables["months"].decimals, len(dataset.frame), dataset.row_number(0)
    (1, 2, 2)
    """
    return read_all([(name, data)], recipe or Recipe(), sheet=sheet)


def read_all(
    files: Sequence[File],
    recipe: Recipe,
    *,
    sheet: str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read a table, and further ones that are joined to it by patient.

    Parameters
    ----------
    files : sequence of (str, bytes)
        The table first. One that no step ``join`` speaks of is joined by the identifiers that
        are the same in both; that step is then part of the result's `steps`. One with a row per
        lesion stands beside the first, in `Dataset.lesions`.
    recipe : Recipe
        What the user decided so far.
    sheet : str, optional
        The sheet of the first file.
    progress : callable, optional
        Is told a fraction from 0 to 1 and what is being done.

    Raises
    ------
    DataError
        If a file cannot be used, or two tables cannot be joined without asking.
    SpecError
        If a cleaning step cannot be carried out.
    """
    tell = progress or nobody
    share = 0.8 / len(files)
    tell(0.0, "Reading the table")
    main = _one(files[0], recipe, sheet, _part(tell, 0.0, share))
    others = [
        _other(file, _of_columns(recipe), None, _part(tell, share * i, share))
        for i, file in enumerate(files[1:], start=1)
    ]
    tell(0.8, "Putting the tables together")
    first = main
    main, recipe = together.put(main, others, recipe, lambda t: _sheet(files[0], t, recipe))
    _check_columns((first, *others, main), recipe)
    for step in recipe.of("endpoint"):
        main = derived.add_endpoint(main, step)
    tell(0.9, "Looking at what the rows and columns are")
    return _looked_at(dataclasses.replace(main, steps=tuple(map(str, recipe.steps))), recipe)


def read_file(
    path: str | Path,
    recipe: Recipe | None = None,
    *,
    sheet: str | None = None,
    join: Sequence[str | Path] = (),
) -> Dataset:
    """Read a table from disk in a process of its own, or a shipped cohort by its name.

    Raises
    ------
    DataError
        If there is no such file or cohort, or it cannot be read.
    SpecError
        If a cleaning step cannot be carried out.

    Examples
    --------
    >>> read_file("gbsg2").title
    'German Breast Cancer Study Group 2'
    """
    from core.reading.process import child  # it needs this module

    if str(path) in examples.names():
        if (recipe and recipe.steps) or sheet or join:
            raise SpecError(
                "clean", "A shipped cohort is not cleaned or joined", "Leave the steps out"
            )
        return examples.load(str(path))
    files = [_from_disk(Path(p)) for p in (path, *join)]
    return child.read(files, recipe=recipe or Recipe(), sheet=sheet)


def _from_disk(file: Path) -> File:
    try:
        check_bytes(file.stat().st_size)
        return file.name, file.read_bytes()
    except OSError:
        raise DataError(
            f"The file '{display_name(str(file))}' cannot be opened",
            f"Give a table, or one of the shipped cohorts: {', '.join(examples.names())}",
        ) from None


def display_name(name: str) -> str:
    """Cut a file name down to what may be shown: no folders, no controls, 120 characters.

    Examples
    --------
    >>> display_name("../../tmp/patients.csv")
    'patients.csv'
    """
    last = re.split(r"[/\\]", name.strip().rstrip("/\\"))[-1]
    plain = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    return plain.strip()[:120] or "table"


def _part(tell: Progress, start: float, share: float) -> Progress:
    """Progress of one file as a part of the whole; it stands still where a road is tried twice."""
    most = 0.0

    def told(fraction: float, what: str) -> None:
        nonlocal most
        most = max(most, fraction)
        tell(start + share * most, what)

    return told


def _of_columns(recipe: Recipe) -> Recipe:
    """The steps that also hold for a second table."""
    return Recipe(tuple(s for s in recipe.steps if s.verb not in ("header", "totals")))


def _one(file: File, recipe: Recipe, sheet: str | None, tell: Progress) -> Dataset:
    """One table with its cells made numbers, dates and levels, and nothing more."""
    name, data = file
    shown = display_name(name)
    reading, recognising = "Reading the table", "Recognising numbers, dates and groups"
    table = kinds.read(data, name, recipe, sheet, tell=lambda x: tell(0.4 * x, reading))
    made = conversion.convert(table, recipe, tell=lambda x: tell(0.4 + 0.6 * x, recognising))
    digest = digest_of(data)
    dataset = Dataset(
        name=shown,
        frame=made.frame,
        variables=made.variables,
        digest=digest,
        reference=reference_of(digest),
        title=shown,
        notes=(*table.notes, *made.notes),
        questions=(*table.questions, *made.questions),
        header_rows=table.header_rows,
        lines=table.lines,
        sheets=table.sheets,
        sheet=table.sheet,
    )
    return shape.drop_duplicates(recode.apply(dataset, recipe), recipe)


def _other(file: File, recipe: Recipe, sheet: str | None, tell: Progress) -> Dataset:
    """A further table. In one of lesions the words among the sizes stay: they say what happened."""
    from core.lesions.tables import is_lesions  # it needs the package of readers

    found = _one(file, recipe, sheet, tell)
    if not is_lesions(found):
        return found
    touched = {note.about for note in found.notes if note.section != "read"}
    touched |= {question.about for question in found.questions}
    steps = [
        Step("text", (v.name,))
        for v in found.variables.values()
        if v.name in touched and v.kind in ("number", "text")
    ]
    if not steps:
        return found
    whole = _one(file, Recipe((*recipe.steps, *steps)), sheet, tell)
    return whole if is_lesions(whole) else found


def _sheet(file: File, table: str, recipe: Recipe) -> Dataset:
    """Another sheet of the first file, which a step ``join(sheet NAME, ...)`` asks for."""
    if not table.startswith("sheet "):
        raise DataError(
            f"The second table '{table}' that is joined to this one is missing",
            "Load it together with the first one",
        )
    named = table.removeprefix("sheet ")
    return _other(file, _of_columns(recipe), named, nobody)


def _check_columns(tables: Sequence[Dataset], recipe: Recipe) -> None:
    """Refuse steps about columns that are not there: they were meant for another table."""
    known = [name for table in tables for name in table.variables]
    for step in recipe.steps:
        if step.verb not in _OF_THE_FILE and step.column not in known:
            raise SpecError(
                "clean",
                f"The cleaning step '{step}' is about a column that is not there",
                nearest(step.column, known),
            )


def _about_rows(dataset: Dataset, rows: Shape) -> Note:
    """What the rows are; a warning only where somebody has to decide."""
    note = shape.explain(rows, dataset)
    known = rows.kind == "parameters" and dataset.endpoints
    if (rows.kind == "intervals" and note.n == 0) or known:
        return Note("info", note.about, note.text, "read")
    return note


def _looked_at(dataset: Dataset, recipe: Recipe) -> Dataset:
    """What the rows and the columns are, and what looks wrong."""
    notes: list[Note] = []
    dataset = identifiers.flag(dataset, recipe)
    dataset = dataclasses.replace(dataset, rows_are=shape.rows_are(dataset))
    if adam.is_adtte(dataset):
        found, more = adam.endpoints(dataset)
        dataset = dataclasses.replace(dataset, endpoints=(*dataset.endpoints, *found))
        notes += more
    elif dataset.rows_are is not None and dataset.rows_are.kind == "parameters":
        found = shape.stacked_endpoints(dataset, dataset.rows_are)
        dataset = dataclasses.replace(dataset, endpoints=(*dataset.endpoints, *found))
    dataset = later.flag(dataset, recipe)
    if dataset.rows_are is not None:
        notes.append(_about_rows(dataset, dataset.rows_are))
    dataset = dataclasses.replace(dataset, notes=(*dataset.notes, *notes))
    suspect, questions = linter.lint(dataset)
    return dataclasses.replace(
        dataset,
        notes=(*dataset.notes, *suspect),
        questions=(*dataset.questions, *questions),
    )
