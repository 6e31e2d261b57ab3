"""The way from a file and a query to the published answer, and the names of results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import locking, methods, published
from core.cohort import Cohort, select
from core.dataset import Dataset
from core.errors import DataError, SpecError
from core.lesions.attach import with_columns
from core.notes import Note, warning
from core.parts import PARTS, WHO
from core.progress import Progress, quiet
from core.reading import read_file
from core.reading.dictionary import read_dictionary
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from core.steps import Recipe


def key(part: str, dataset: Dataset, spec: AnalysisSpec) -> str:
    """Name a result by what it is made from: the part, the data and the fields that it reads.

    Two specs with the same key have the same result, so moving a cutoff does not refit a model
    that does not read it.
    """
    return _digest(part, dataset, spec, PARTS[part].fields(spec))


def key_of_included(dataset: Dataset, spec: AnalysisSpec) -> str:
    """Name the patients who are in by what decides who is in."""
    return _digest("included", dataset, spec, WHO)


def _digest(part: str, dataset: Dataset, spec: AnalysisSpec, fields: tuple[str, ...]) -> str:
    read = {name: getattr(spec, name) for name in fields}
    text = json.dumps([part, dataset.fingerprint, read], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def analyse_query(
    data: str | Path,
    query: str,
    *,
    join: Sequence[str | Path] = (),
    lesions: Sequence[str | Path] = (),
    dictionary: str | Path | None = None,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Read a table, ask a query and return the published answer.

    Parameters
    ----------
    data : str or Path
        A file, or the name of a shipped cohort.
    query : str
        The part of a link after ``?``, or a whole link.
    join : sequence of (str or Path)
        Further tables with one row per patient, joined by the patients' identifiers.
    lesions : sequence of (str or Path)
        Tables with one row per lesion, or per lesion and visit.
    dictionary : str or Path, optional
        The dictionary of the study; what the query says wins over it.
    progress : callable
        Is told how far the long parts are.

    Raises
    ------
    StratiscopeError
        If the table, the dictionary or the query cannot be used.

    Examples
    --------
    >>> analyse_query("gbsg2", "group_by=horTh")["cohort"]["events"]
    299
    """
    found = load(data, query, join=join, lesions=lesions, dictionary=dictionary)
    return analyse(*found, progress)


def load(
    data: str | Path,
    query: str,
    *,
    join: Sequence[str | Path] = (),
    lesions: Sequence[str | Path] = (),
    dictionary: str | Path | None = None,
) -> tuple[Dataset, AnalysisSpec]:
    """Read a table and a query, as `analyse_query` does, and compute nothing.

    Raises
    ------
    StratiscopeError
        If the table, the dictionary or the query cannot be used.
    """
    spec = AnalysisSpec.from_query(query)
    study = None if dictionary is None else read_dictionary(dictionary)
    if study is not None:
        spec = study.ask(spec)
    files = (*join, *lesions)
    dataset = read_file(data, Recipe.parse(spec.clean), sheet=spec.sheet, join=files)
    if len(dataset.lesions) < len(lesions):
        raise DataError(
            "A table given as --lesions has no lesions that were recognised",
            "It needs the patient's number and SUVmax, or the lesion, the visit and the size",
        )
    for question in dataset.questions:
        if question.about == "join" and question.needed:
            ways = " or ".join(f"clean={step}" for c in question.choices for step in c.steps)
            raise DataError(f"The tables were not joined. {question.text}", f"Say {ways}")
    return (dataset if study is None else study.apply(dataset)), spec


def analyse(dataset: Dataset, asked: AnalysisSpec, progress: Progress = quiet) -> dict[str, Any]:
    """Answer a spec in the form of the public interface (README, "The headless command").

    Every number is a plain float or int; what cannot be estimated is None, and a note says why.
    """
    cohort, spec, names, guesses = question(dataset, asked)
    dataset = cohort.source
    notes: list[Note] = [*other_data(dataset, asked), *dataset.notes, *guesses]
    notes += [*cohort.included.notes, *cohort.groups.notes]
    canonical = published.canonical(cohort, names)
    answer: dict[str, Any] = {
        "version": 1,
        "query": canonical.to_query(),
        "data": published.data(dataset),
        "import": published.imported(dataset),
        **published.exploration(spec),
    }
    for name in (n for n in PARTS if n in names):
        result = PARTS[name].make(cohort, spec, progress)
        answer |= PARTS[name].publish(cohort, result)
        notes += getattr(result, "notes", ())
    answer["methods"] = list(methods.sentences(cohort, canonical, names))
    answer["notes"] = published.notes(notes)
    return answer


def question(
    dataset: Dataset, asked: AnalysisSpec
) -> tuple[Cohort, AnalysisSpec, tuple[str, ...], tuple[Note, ...]]:
    """Who is in, the spec with its roles filled in, the parts it asks for, and the guesses made.

    Raises
    ------
    StratiscopeError
        If it cannot be asked of this table.
    """
    dataset = with_columns(dataset, asked)
    spec, guesses = fill(dataset, asked)
    names = spec.parts or tuple(n for n in PARTS if PARTS[n].by_default(spec))
    for name in names:
        if name not in PARTS:
            hint = f"The parts are {', '.join(PARTS)}"
            raise SpecError("parts", f"There is no part '{name}'", hint)
    locking.refuse_outcome(dataset, spec)
    return select(dataset, spec), spec, locking.parts_of(spec, names), tuple(guesses)


def other_data(dataset: Dataset, asked: AnalysisSpec) -> tuple[Note, ...]:
    """Warn when a link was made with another table than the one at hand."""
    if asked.data is None or asked.data in (dataset.reference, dataset.name):
        return ()
    text = (
        f"This is not the file that the link was made with ('{dataset.reference}' and not "
        f"'{asked.data}'): the numbers can differ from those of the sender."
    )
    return (warning("data", text),)
