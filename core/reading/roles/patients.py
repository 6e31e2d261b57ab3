"""Rows and patients in a question: intervals, stacked endpoints, and several rows of a patient.

Several rows of one patient are never counted as patients unless the question says so: either it
names the identifier and which row counts, or its filters leave one row of each.
"""

from __future__ import annotations

from dataclasses import replace

from core import filters
from core.dataset import Dataset, Endpoint, Shape
from core.errors import SpecError
from core.notes import Note, counted, info, warning
from core.reading.roles.guessing import guess_id
from core.spec import AnalysisSpec

_WORDS = {
    "intervals": "an interval",
    "lesions": "a lesion or a visit",
    "samples": "a sample or another record",
    "duplicates": "a repetition of another row or a patient's only one",
    "parameters": "one of several endpoints",
}
_MOST_ENDPOINTS = 6


def known_endpoint(dataset: Dataset, spec: AnalysisSpec) -> Endpoint | None:
    r"""The endpoint of the dictionary or of the file that a spec asks for.

    One that is stacked upon others is meant only if the spec filters by it, or if it is the only
    one.

    Raises
    ------
    SpecError
        If several stacked endpoints could be meant.

    Examples
    --------
    >>> from core.reading import read_file
    >>> known_endpoint(read_file("gbsg2"), AnalysisSpec()).event
    'cens'
    """
    if spec.start is not None:
        return None
    fit = [
        e
        for e in (dataset if spec.time is not None else dataset.own).endpoints
        if spec.time in (None, e.time) and spec.event in (None, e.event)
    ]
    for endpoint in fit:
        if not endpoint.where or holds(spec, endpoint):
            return endpoint
    if len(fit) < 2:
        return fit[0] if fit else None
    rows = dataset.rows_are
    if rows is None or not _leaves_one_row(dataset, spec, rows):
        raise _which_endpoint(dataset, fit)
    return _in_common(fit)


def _in_common(stacked: list[Endpoint]) -> Endpoint | None:
    """What stacked endpoints share, for filters that pick one of them by another column."""
    first = stacked[0]
    if any(
        (e.time, e.event, e.event_is) != (first.time, first.event, first.event_is) for e in stacked
    ):
        return None
    unit = first.unit if {e.unit for e in stacked} == {first.unit} else ""
    return replace(first, unit=unit, where=())


def holds(spec: AnalysisSpec, endpoint: Endpoint) -> bool:
    """Whether a spec filters by what picks an endpoint out of stacked ones.

    Examples
    --------
    >>> pfs = Endpoint("PFS", "AVAL", "days", "CNSR", ("0",), where=("PARAMCD = PFS",))
    >>> holds(AnalysisSpec(where=("PARAMCD=PFS",)), pfs), holds(AnalysisSpec(), pfs)
    (True, False)
    """
    return set(map(_plain, endpoint.where)) <= set(map(_plain, spec.where))


def _plain(text: str) -> tuple[str, ...]:
    """A filter without its blanks and quotes: ``PARAMCD = PFS`` is ``PARAMCD=PFS``."""
    column, equals, value = text.partition("=")
    return (column.strip().strip('"'), equals, value.strip().strip('"'))


def _which_endpoint(dataset: Dataset, stacked: list[Endpoint]) -> SpecError:
    rows = dataset.rows_are
    column = f" in '{rows.columns[0]}'" if rows is not None and rows.columns else ""
    shown = [f"where={w} ({e.label})" for e in stacked[:_MOST_ENDPOINTS] for w in e.where]
    more = ", ..." if len(stacked) > _MOST_ENDPOINTS else ""
    return SpecError(
        "where",
        f"The table holds {len(stacked)} endpoints one below the other{column}, and which one is "
        "meant is not said",
        "Choose one with " + (" or ".join(shown) + more if shown else "where=COLUMN = VALUE"),
    )


def fill(dataset: Dataset, spec: AnalysisSpec, notes: list[Note], *, look: bool) -> AnalysisSpec:
    r"""Make the identifier of a spec explicit where patients have several rows.

    Parameters
    ----------
    dataset : Dataset
    spec : AnalysisSpec
    notes : list of Note
        Notes on what was filled in are added.
    look : bool
        Whether to look for an identifier that repeats in a table of which nothing is known.

    Returns
    -------
    AnalysisSpec
        With `id`, and for intervals with `entry` and `time`.

    Raises
    ------
    SpecError
        If patients have several rows, and the spec does not say which of them count.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"patient,months,death\nA,3,1\nA,3,1\nB,5,0\n", "a.csv")
    >>> fill(table, AnalysisSpec(one_row="first"), [], look=True).id
    'patient'
    """
    rows = dataset.rows_are
    if rows is None and look and spec.id is None:
        rows = _repeated(dataset)
    if rows is None:
        return spec
    if rows.kind == "intervals" and _asks_for_intervals(spec, rows):
        return _fill_intervals(dataset, spec, rows, notes)
    if spec.id is not None:
        if spec.id != rows.id:
            notes.append(_other_id(spec.id, rows))
        return spec
    if spec.one_row == "all":
        return spec
    if spec.one_row is None and not _leaves_one_row(dataset, spec, rows):
        raise _several_rows(dataset, rows)
    return spec.but(id=rows.id)


def _repeated(dataset: Dataset) -> Shape | None:
    """Several rows of a patient in a table that nobody has looked at yet."""
    found = guess_id(dataset)
    if found is None:
        return None
    ids = dataset.frame[found.value].dropna()
    n = int(ids.nunique())
    return Shape("samples", found.value, n) if n < len(ids) else None


def _asks_for_intervals(spec: AnalysisSpec, rows: Shape) -> bool:
    start, stop = rows.columns
    return (
        spec.one_row is None
        and spec.start is None
        and spec.time in (None, stop)
        and spec.entry in (None, start)
        and spec.id in (None, rows.id)
    )


def _fill_intervals(
    dataset: Dataset, spec: AnalysisSpec, rows: Shape, notes: list[Note]
) -> AnalysisSpec:
    start, stop = rows.columns
    if (spec.time, spec.entry, spec.id) == (stop, start, rows.id):
        return spec
    text = f"Each row is an interval of a patient ('{rows.id}'), from '{start}' to '{stop}':"
    text += f" {counted(rows.patients, 'patient')} in {len(dataset.frame):,} rows. They are used "
    text += "as such."
    notes.append(info("id", text))
    return spec.but(time=stop, entry=start, id=rows.id)


def _other_id(said: str, rows: Shape) -> Note:
    text = f"Patients are told apart by '{said}', as was said; '{rows.id}' would make"
    return warning("id", f"{text} {counted(rows.patients, 'patient')}, with several rows each.")


def _leaves_one_row(dataset: Dataset, spec: AnalysisSpec, rows: Shape) -> bool:
    """Whether the filters of a spec leave at most one row of each patient."""
    if not spec.where:
        return False
    ids = dataset.frame[rows.id][filters.kept(dataset, spec.where)].dropna()
    return not bool(ids.duplicated().any())


def _several_rows(dataset: Dataset, rows: Shape) -> SpecError:
    if rows.kind == "parameters":
        stacked = [e for e in dataset.endpoints if e.where]
        if stacked:
            return _which_endpoint(dataset, stacked)
    hint = (
        f"Filter to one row per patient, or keep one with id={rows.id} and one_row=first or "
        "one_row=last; one_row=all counts every row as a patient"
    )
    if rows.kind == "duplicates":
        hint = "Leave the repetitions out with clean=duplicates(drop). " + hint
    return SpecError(
        "where" if rows.kind == "parameters" else "id",
        f"Patients have several rows: {counted(rows.patients, 'patient')} ('{rows.id}') in "
        f"{len(dataset.frame):,} rows, and each row is {_WORDS[rows.kind]}",
        hint,
    )
