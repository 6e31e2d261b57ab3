"""What one row of a table is, where patients have several: said in words, never counted silently.

Counting-process rows are told by their columns and by intervals that follow one another; stacked
endpoints by a column whose values each patient has once; lesions, visits and samples by a column
of that name that differs within patients. Anything else is "another record of the patient".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import numpy as np
import pandas as pd

from core.dataset import Dataset, Endpoint, Shape
from core.errors import SpecError
from core.filters import Condition
from core.notes import Note, counted
from core.reading.roles import coding, guessing, names
from core.reading.roles.vocabulary import folded
from core.reading.rows import intervals
from core.reading.rows.adam import is_adtte
from core.steps import Recipe

_PARAMETERS = ("paramcd", "param", "parameter", "parametercode", "etype", "evtype", "eventtype")
_ENDPOINTS = folded("endpoint endpoints outcome Endpunkt Zielgröße Zielgroesse 终点 エンドポイント")
_SAMPLES = folded(
    "sample samples specimen biopsy block aliquot slide core Probe Probennummer Biopsie Block "
    "échantillon biopsie muestra biopsia campione amostra 样本 标本 検体"
)
_LESIONS = folded(
    "lesion lesions site organ location target nodule metastasis visit visitnum avisit timepoint "
    "assessment scan cycle tuloc tulnkid trlnkid suv suvmax suvmean suvpeak diameter mtv tlg "
    "Läsion Läsionen Organ Lokalisation Visite Zeitpunkt Zyklus Durchmesser lésion organe visite "
    "diamètre lesión órgano visita diámetro lesione organo diametro 病灶 部位 访视 直径 病変"
)

_MOST_ENDPOINTS = 60
_RARE = 0.1
"""Share of patients with several rows, below which these are slips and not the way of the table."""


def rows_are(dataset: Dataset, id: str | None = None) -> Shape | None:
    r"""Find out what one row is, where it is not one patient.

    Parameters
    ----------
    dataset : Dataset
    id : str, optional
        The column that identifies the patients; guessed when left out. Rows without it are passed
        over.

    Returns
    -------
    Shape or None
        None where every patient has one row, or no column tells the patients apart. `columns` are
        ``(start, stop)`` of intervals, else the column by which the kind was recognised, if any.

    Raises
    ------
    SpecError
        If the table has no such column.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"id,start,stop,death\n1,0,5,0\n1,5,9,1\n2,0,7,0\n", "a.csv")
    >>> rows_are(table)
    Shape(kind='intervals', id='id', patients=2, columns=('start', 'stop'))
    >>> rows_are(read(b"id,time,death\n1,5,0\n2,9,1\n", "a.csv")) is None
    True
    """
    if id is None:
        found = guessing.guess_id(dataset)
        if found is None:
            return None
        id = found.value
    dataset.require(id, "id")
    several = intervals.repeated(dataset, id)
    if not several.any():
        return None
    patients = int(dataset.frame[id].nunique())
    rows = dataset.frame[several]
    rows = rows[~rows.duplicated()]
    if not rows[id].duplicated().any():
        return Shape("duplicates", id, patients)
    has_event = any(names.event_rank(name) for name in dataset.variables if name != id)
    if has_event and (pair := intervals.columns(dataset, id)):
        return Shape("intervals", id, patients, pair)
    if (has_event or is_adtte(dataset)) and (column := _parameter(dataset, id, rows)):
        return Shape("parameters", id, patients, (column,))
    if rows[id].nunique() < _RARE * patients:
        return Shape("samples", id, patients)
    if column := _sign(dataset, id, rows, _SAMPLES):
        return Shape("samples", id, patients, (column,))
    if column := _sign(dataset, id, rows, _LESIONS):
        return Shape("lesions", id, patients, (column,))
    return Shape("samples", id, patients)


def _parameter(dataset: Dataset, id: str, rows: pd.DataFrame) -> str | None:
    """The column that tells stacked endpoints apart: most patients have most, and each once."""
    stacked = is_adtte(dataset)
    if not stacked and rows[id].nunique() < dataset.frame[id].nunique() / 2:
        return None
    named = {"".join(names.words(name)): name for name in dataset.variables if name != id}
    listed = [named[word] for word in _PARAMETERS if word in named]
    listed += [n for n in named.values() if n not in listed and set(names.words(n)) & _ENDPOINTS]
    for column in listed:
        levels = rows[column].nunique()
        if not 2 <= levels <= _MOST_ENDPOINTS or rows[column].isna().any():
            continue
        # An analysis flag may repeat an endpoint of ADaM: they are stacked all the same.
        once = not rows.duplicated([id, column]).any() or stacked
        if once and len(rows) >= rows[id].nunique() * levels / 2:
            return column
    return None


def _sign(dataset: Dataset, id: str, rows: pd.DataFrame, lexicon: Collection[str]) -> str | None:
    """A column with such a name that differs within most patients with several rows."""
    for name in dataset.variables:
        if name != id and names.says(names.words(name), lexicon):
            differs = rows.groupby(id, observed=True)[name].nunique() > 1
            if differs.mean() > 0.5:
                return name
    return None


def explain(shape: Shape, dataset: Dataset) -> Note:
    r"""Say in words what the rows are, and what to do about it.

    Returns
    -------
    Note
        A warning of the section "suspect": `n` rows of patients with several, and their lines. For
        repetitions these are the rows that step ``duplicates(drop)`` leaves out, for intervals
        those that are faulty, if any.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"id,organ,suv\n1,liver,5\n1,bone,9\n2,liver,7\n", "a.csv")
    >>> explain(rows_are(table), table).text  # doctest: +ELLIPSIS
    "Each row is a lesion or a visit ('organ' differs within patients): 2 patients ('id') in ..."
    """
    rows = intervals.repeated(dataset, shape.id)
    many = f"{counted(shape.patients, 'patient')} ('{shape.id}') in "
    many += f"{counted(len(dataset.frame), 'row')}."
    if shape.kind == "duplicates":
        rows = dataset.frame.duplicated().to_numpy() & rows
        text = _repetitions(int(rows.sum()), many)
    elif shape.kind == "intervals":
        faulty = intervals.faulty(dataset, shape.id, shape.columns)
        rows = faulty if faulty.any() else rows
        text = _intervals(shape, many, int(faulty.sum()))
    elif shape.kind == "parameters":
        text = "Each row is one of several endpoints of a patient, told apart by "
        text += f"'{shape.columns[0]}': {many} Choose one endpoint: a row is never a patient."
    else:
        text = f"Each row is {_record(shape)}: {many} Filter to one row per patient, or say "
        text += "whether the first or the last one counts: a row is not taken for a patient."
    return Note("warning", shape.id, text, "suspect", int(rows.sum()), dataset.lines_of(rows))


def _record(shape: Shape) -> str:
    kind = "a lesion or a visit" if shape.kind == "lesions" else "a sample or another record"
    if not shape.columns:
        return f"{kind} of a patient"
    return f"{kind} ('{shape.columns[0]}' differs within patients)"


def _intervals(shape: Shape, many: str, faulty: int) -> str:
    start, stop = shape.columns
    text = f"Each row is an interval of a patient, from '{start}' to '{stop}': {many} A patient "
    text += "is at risk within these intervals only, and is counted once."
    if faulty:
        text += f" In {counted(faulty, 'row')} the interval overlaps the one before or has no "
        text += "proper end: mend this in the file."
    return text


def _repetitions(n: int, many: str) -> str:
    verb = "repeats" if n == 1 else "repeat"
    text = f"{counted(n, 'row')} {verb} another one throughout: {many} Leave repetitions out with "
    return text + "the step duplicates(drop), or they count as patients of their own."


def stacked_endpoints(dataset: Dataset, shape: Shape) -> tuple[Endpoint, ...]:
    r"""List the endpoints that are stacked upon one another in a table other than ADaM's.

    Returns
    -------
    tuple of Endpoint
        One for each value of the column that tells them apart, in order, with the filter that
        picks its rows. Empty when time and event cannot be found; `unit` is empty and `event_is`
        is () where they cannot be told.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"id,endpoint,months,event\n1,OS,9,0\n1,PFS,5,1\n2,OS,8,1\n2,PFS,8,1\n", "a")
    >>> [(e.label, e.where) for e in stacked_endpoints(table, rows_are(table))]
    [('Overall survival', ('endpoint = OS',)), ('Progression-free survival', ('endpoint = PFS',))]
    """
    roles = guessing.guess(dataset)
    if roles.time is None or roles.event is None or shape.kind != "parameters":
        return ()
    variable = dataset.variables[shape.columns[0]]
    found = []
    for value in coding.values_of(dataset, variable.name):
        label = f"{variable.title} {value}" if variable.kind == "number" else value
        found.append(
            Endpoint(
                names.endpoint_of(value) or label,
                roles.time.value,
                roles.unit.value if roles.unit else "",
                roles.event.value,
                roles.event_is.value if roles.event_is else (),
                competing=roles.competing.value if roles.competing else (),
                where=(str(Condition(variable.name, "=", (value,))),),
            )
        )
    return tuple(found)


def drop_duplicates(dataset: Dataset, recipe: Recipe) -> Dataset:
    r"""Carry out the step ``duplicates(drop)``: of rows that are the same throughout one stays.

    Returns
    -------
    Dataset
        Its `lines` are still those of the file. Missing cells are the same as one another.

    Raises
    ------
    SpecError
        If the step says anything other than drop.

    Examples
    --------
    >>> from core.reading import read
    >>> table = drop_duplicates(read(b"id,x\n1,5\n1,5\n2,7\n", "a.csv"), Recipe())
    >>> len(table.frame)
    3
    >>> table = drop_duplicates(table, Recipe.parse(["duplicates(drop)"]))
    >>> len(table.frame), table.row_number(1), table.notes[-1].lines
    (2, 4, (3,))
    """
    said = recipe.of("duplicates")
    if not said:
        return dataset
    if any(step.values != ("drop",) for step in said):
        raise SpecError(
            "clean", f"The cleaning step '{said[-1]}' cannot be read", "Write duplicates(drop)"
        )
    rows = dataset.frame.duplicated().to_numpy()
    n = int(rows.sum())
    if not n:
        return dataset
    verb = "repeats" if n == 1 else "repeat"
    text = f"{counted(n, 'row')} left out that {verb} another one throughout, as you said."
    note = Note("info", "file", text, "excluded", n, dataset.lines_of(rows))
    every = dataset.lines
    if every is None:
        every = np.arange(len(rows)) + dataset.header_rows + 1
    return dataclasses.replace(
        dataset,
        frame=dataset.frame[~rows].reset_index(drop=True),
        lines=every[~rows],
        notes=(*dataset.notes, note),
    )
