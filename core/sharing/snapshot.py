"""Snapshots: a question with the part of its data that it needs, frozen and without identifiers.

Whoever opens one gets the same results as who made it. That is tried before it is handed out: the
snapshot is read back, and its patients must have the same times, events and groups.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort, select
from core.dataset import Dataset
from core.errors import DataError, SpecError, StratiscopeError
from core.exploration import Counts
from core.lesions.attach import with_columns
from core.published import CHANCE
from core.reading.roles.filling import fill
from core.sharing import columns, written
from core.sharing.errors import SharingError
from core.sharing.freezing import frozen
from core.sharing.packing import damaged
from core.spec import AnalysisSpec

QUERY = "query.txt"
MOST_QUERY = 64 * 1024
"""Bytes of the question."""
_BY_ORDER = CHANCE - {"response", "table_one"}
"""Parts whose random numbers depend on the order of the rows."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A question and its data.

    Attributes
    ----------
    spec : AnalysisSpec
        Its `data` is the reference of the dataset, and `explored` how much was looked at before.
    dataset : Dataset
        Only the columns that the question uses.
    members : mapping of str to bytes
        The same as bytes: for `core.sharing.store` and `core.sharing.bundle`.
    notes : tuple of str
        What was left out and changed, in sentences, for who makes it; also in the dataset's notes.
    """

    spec: AnalysisSpec
    dataset: Dataset
    members: Mapping[str, bytes]
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Counts:
        """How much was looked at before this view: the exploration ledger that goes with it."""
        return Counts.parse(self.spec.explored)


def build(
    dataset: Dataset,
    spec: AnalysisSpec,
    *,
    also: Iterable[str] = (),
    counts: Counts | None = None,
    keep_order: bool | None = None,
) -> Snapshot:
    """Freeze a question with its data.

    Parameters
    ----------
    dataset : Dataset
        With its lesion tables; with or without the columns made from them.
    spec : AnalysisSpec
    also : iterable of str
        Further columns that the user chose.
    counts : Counts, optional
        How much was looked at before this view; default: what the question says.
    keep_order : bool, optional
        Whether the rows keep their order, so that results with random numbers (permutations,
        bootstrap samples) are the same to the last digit. Default: where the question draws some.

    Returns
    -------
    Snapshot

    Raises
    ------
    StratiscopeError
        If the question cannot be asked of this table.
    SharingError
        If the snapshot would not give the same results.

    Examples
    --------
    >>> from core.reading import read_file
    >>> made = build(read_file("gbsg2"), AnalysisSpec(group_by="horTh"))
    >>> list(made.dataset.variables)
    ['horTh', 'time', 'cens']
    """
    whole = with_columns(_as_loaded(dataset), spec)
    filled = columns.explicit(whole, fill(whole, _explored(spec, counts))[0])
    ordered = _draws(filled) if keep_order is None else keep_order
    made = frozen(whole, filled, tuple(also), ordered=ordered)
    members = written.members(made.dataset)
    read = written.dataset_of(members)
    asked = made.spec.but(data=read.reference)
    snapshot = Snapshot(asked, read, {QUERY: _query(asked), **members}, made.notes)
    if not made.aged:
        _check(whole, filled, snapshot)
    return snapshot


def _as_loaded(dataset: Dataset) -> Dataset:
    """The table without what was made of its lesions for some question, to be made again."""
    if dataset.attached is None:
        return dataset
    own = dataset.own
    return dataclasses.replace(
        own,
        frame=dataset.frame[list(own.variables)],
        attached=None,
        derived="",
        absent={n: reasons for n, reasons in dataset.absent.items() if n in own.variables},
    )


def opened(members: Mapping[str, bytes]) -> Snapshot:
    """Read a snapshot back.

    Parameters
    ----------
    members : mapping of str to bytes
        As in `Snapshot.members`.

    Raises
    ------
    DataError
        If a member is missing, damaged or of a version that is not known.

    Examples
    --------
    >>> from core.reading import read_file
    >>> made = build(read_file("gbsg2"), AnalysisSpec(group_by="horTh"))
    >>> opened(made.members).spec == made.spec
    True
    """
    try:
        query = members[QUERY].decode()
    except (LookupError, UnicodeDecodeError):
        raise damaged() from None
    try:
        spec = AnalysisSpec.from_query(query)
        Counts.parse(spec.explored)
    except SpecError as error:
        raise DataError(
            f"The question of the saved view cannot be read: {error.problem}", error.hint
        ) from None
    return Snapshot(spec, written.dataset_of(members), members)


def _explored(spec: AnalysisSpec, counts: Counts | None) -> AnalysisSpec:
    return columns.without_steps(spec if counts is None else spec.but(explored=counts.texts()))


def _query(spec: AnalysisSpec) -> bytes:
    text = spec.to_query().encode()
    if len(text) > MOST_QUERY:
        raise SharingError("The question is too long to be saved", "Leave out some of its terms")
    return text


def _draws(spec: AnalysisSpec) -> bool:
    """Whether a question draws random numbers for which the order of the rows matters."""
    asked = spec.permutations or spec.bootstraps or spec.missing == "impute"
    return bool(asked or _BY_ORDER & set(spec.parts) or spec.cut_rule == "best-pair")


# Whether it is the same -----------------------------------------------------------------------


def _check(whole: Dataset, spec: AnalysisSpec, snapshot: Snapshot) -> None:
    """Make sure that the snapshot has the same patients, events and groups.

    Raises
    ------
    SharingError
        If it has not.
    """
    try:
        before = select(whole, spec)
    except StratiscopeError:
        return  # there is no result that could differ
    try:
        data = with_columns(snapshot.dataset, snapshot.spec)
        after = select(data, fill(data, snapshot.spec)[0])
    except StratiscopeError as error:
        raise SharingError(f"The view cannot be frozen: {error.problem}", error.hint) from None
    if _picture(before) != _picture(after):
        raise SharingError(
            "The view cannot be frozen so that it gives the same results",
            "Share the link with the settings, and the file apart",
        )


def _picture(cohort: Cohort) -> list[tuple[object, ...]]:
    """The patients of a cohort as times, events and groups, in an order of their own."""
    groups = cohort.groups
    entry = np.zeros(cohort.n) if cohort.entry is None else cohort.entry
    rows = zip(cohort.time.tolist(), cohort.event.tolist(), entry.tolist(),
               groups.codes.tolist(), strict=True)  # fmt: skip
    left = [(e.n,) for e in cohort.included.ledger]
    return [*sorted(rows), *left, (groups.labels, groups.thresholds)]
