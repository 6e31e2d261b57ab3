"""The data of a question, frozen: which columns, which lesions, and what is said about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.dataset import Dataset, Endpoint, Shape, Variable
from core.errors import StratiscopeError
from core.lesions.attach import BASELINE, FIELDS, Attached
from core.notes import Note, listed
from core.origin import start_of
from core.reading import examples
from core.sharing import anonymous, columns, sheets
from core.sharing.anonymous import Anonymous
from core.sharing.errors import SharingError
from core.spec import AnalysisSpec

OF_LESIONS = frozenset(("alternatives", "bone", "ranks", "modes"))
"""Parts that are made from the lesions themselves."""


@dataclass(frozen=True, eq=False)
class Frozen:
    """What a snapshot is made of.

    Attributes
    ----------
    dataset : Dataset
        Without digest and reference, which come from its bytes.
    spec : AnalysisSpec
        The question with the names of its columns.
    notes : tuple of str
        What was left out and changed, in sentences.
    aged : bool
        Whether ages above 89 were changed, so that results can differ.
    """

    dataset: Dataset
    spec: AnalysisSpec
    notes: tuple[str, ...]
    aged: bool


def frozen(whole: Dataset, spec: AnalysisSpec, also: tuple[str, ...], *, ordered: bool) -> Frozen:
    """Freeze the part of a table that a question needs.

    Parameters
    ----------
    whole : Dataset
        With the columns that come from its lesions.
    spec : AnalysisSpec
        With its roles filled in.
    also : tuple of str
        Further columns that are wanted.
    ordered : bool
        Whether the rows keep their order.

    Raises
    ------
    SharingError
        If a result needs lesion tables that cannot go along.
    """
    table, lesions = _parts(whole, spec, also, ordered)
    shipped = whole.reference in examples.names()
    said = _said(whole, table, lesions)
    made = Dataset(
        name=whole.name if shipped else "saved view",
        frame=table.frame,
        variables=table.variables,
        digest="",
        reference="",
        endpoints=_endpoints(whole, table),
        title=whole.title if shipped else "Saved view",
        source=whole.source if shipped else "",
        about=whole.about if shipped else "",
        synthetic=whole.synthetic,
        notes=(*(Note("info", "file", text, "read") for text in said), *_notes(whole, table)),
        rows_are=_rows_are(whole, table),
        lesions=lesions,
        absent={
            name: reasons[table.rows]
            for name, reasons in whole.absent.items()
            if name in table.variables
        },
    )
    return Frozen(made, table.spec, said, table.aged)


def _parts(
    whole: Dataset, spec: AnalysisSpec, also: tuple[str, ...], ordered: bool
) -> tuple[Anonymous, tuple[Dataset, ...]]:
    """The table, and the lesion tables that go along.

    What was made of the lesions is made again from them when the snapshot is opened, by the
    choices that are in force then; it is kept as it is where it needs dates, which are not there.
    """
    wanted = columns.used(whole, spec, also)
    attached = whole.attached
    if not isinstance(attached, Attached) or not _needs_lesions(whole, spec, wanted):
        ids = anonymous.patients(whole, spec)
        return anonymous.table(whole, spec, wanted, ids, ordered=ordered), ()
    own = [name for name in wanted if not whole.variables[name].derived]
    kept = wanted if _by_date_of_lesions(whole, spec, also) else own
    table = anonymous.table(whole, spec, kept, attached.ids, ordered=ordered)
    if (lesions := sheets.sheets(attached, table.numbers)) is not None:
        return _with_numbers(table, attached.ids), lesions
    if set(spec.parts) & OF_LESIONS:
        raise SharingError(
            "This result is made from the lesions themselves, and their table cannot be frozen "
            "without what identifies persons",
            "Share the settings, or the results only",
        )
    return anonymous.table(whole, spec, wanted, attached.ids, ordered=ordered), ()


def _needs_lesions(whole: Dataset, spec: AnalysisSpec, wanted: Iterable[str]) -> bool:
    """Whether a question has to do with the lesions at all."""
    chosen = any(getattr(spec, field) not in (None, ()) for field in FIELDS)
    made = any(whole.variables[name].derived for name in wanted)
    return chosen or made or bool(set(spec.parts) & OF_LESIONS)


def _by_date_of_lesions(whole: Dataset, spec: AnalysisSpec, also: tuple[str, ...]) -> bool:
    """Whether a date out of the lesions is needed, which a snapshot's lesions do not have."""
    dated = {v.name for v in whole.variables.values() if v.derived and v.kind == "date"}
    if dated & {*columns.named(whole, spec), *also}:
        return True
    # From the baseline visit on, the lesions' own times say the same as their dates.
    start = start_of(whole, spec)
    return start not in (None, BASELINE) and bool(dated & {*columns.used(whole, spec, also)})


def _with_numbers(table: Anonymous, ids: np.ndarray) -> Anonymous:
    """The table with a column of the patients' numbers, by which lesions find their patients."""
    if table.spec.id is not None:
        return table
    name = anonymous.free("patient", table.variables)
    numbers = np.empty(len(ids), dtype=object)
    numbers[:] = [table.numbers.get(patient) for patient in ids[table.rows]]
    frame = table.frame.copy()
    frame.insert(0, name, numbers)
    variables = {name: Variable(name, "Patient", "text"), **table.variables}
    return dataclasses.replace(table, frame=frame, variables=variables)


def _said(whole: Dataset, table: Anonymous, lesions: tuple[Dataset, ...]) -> tuple[str, ...]:
    said = [*table.notes]
    fixed = [name for name in table.variables if name in whole.variables
             and whole.variables[name].derived]  # fmt: skip
    if fixed and lesions:
        said.append(f"Kept as it is, whatever lesions are chosen: {listed(fixed)}.")
    elif fixed:
        said.append("The lesions do not go along: what was made of them is kept as it is.")
    elif whole.lesions and not lesions:
        said.append("The lesions do not go along: the view does not use them.")
    kept = [n for n, v in whole.variables.items() if not v.derived and n not in table.variables]
    if kept:
        said.append(f"Of the table's columns {len(table.variables)} are there, as the view needs.")
    return tuple(said)


def _notes(whole: Dataset, table: Anonymous) -> tuple[Note, ...]:
    """What the import report says of the columns that are as they were, without lines and cells."""
    known = whole.variables
    kept = [n for n, v in table.variables.items() if n in known and known[n].kind == v.kind]
    plain = [n for n in kept if known[n].kind in ("number", "category")]
    return tuple(
        dataclasses.replace(note, lines=(), examples=())
        for note in whole.notes
        if note.about in plain and note.section in ("changed", "excluded", "suspect")
    )


def _endpoints(whole: Dataset, table: Anonymous) -> tuple[Endpoint, ...]:
    """The endpoints whose columns are all there."""
    found = []
    for endpoint in whole.endpoints:
        try:
            spec = AnalysisSpec(where=endpoint.where)
            needed = {endpoint.time, endpoint.event, *columns.named(whole, spec)}
        except StratiscopeError:
            continue
        if endpoint.entry is not None:
            needed.add(endpoint.entry)
        if needed <= set(table.variables):
            found.append(dataclasses.replace(endpoint, start=None))
    return tuple(found)


def _rows_are(whole: Dataset, table: Anonymous) -> Shape | None:
    shape = whole.rows_are
    if shape is None or not {shape.id, *shape.columns} <= set(table.variables):
        return None
    return shape
