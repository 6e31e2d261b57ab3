"""Which columns of a table a question needs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core import filters, terms
from core.cohort import select
from core.dataset import Dataset
from core.errors import StratiscopeError
from core.spec import AnalysisSpec, unquote_name
from core.table_one import chosen

ONE = (
    "time", "event", "start", "end", "entry", "origin", "id", "group_by", "second_by", "centre",
    "weights", "cluster", "offset", "response",
)  # fmt: skip
"""Fields of a question that name one column."""
SEVERAL = ("strata", "subgroups", "characteristics")
"""Fields that name columns."""


def named(dataset: Dataset, spec: AnalysisSpec) -> tuple[str, ...]:
    """Columns that a question names, in the order of the table.

    Parameters
    ----------
    dataset : Dataset
        With the columns that come from its lesions, where the question names such.
    spec : AnalysisSpec

    Raises
    ------
    SpecError
        If it names a column that is not there.

    Examples
    --------
    >>> from core.reading import read_file
    >>> spec = AnalysisSpec(group_by="horTh", terms=("age*tsize",), where=("menostat = Post",))
    >>> named(read_file("gbsg2"), spec)
    ('horTh', 'age', 'menostat', 'tsize')
    """
    columns = dataset.variables
    fields = {field: getattr(spec, field) for field in ONE}
    found = {name: field for field, name in fields.items() if name is not None}
    found |= {name: field for field in SEVERAL for name in getattr(spec, field)}
    for text in spec.where:
        found[filters.parse(text, columns).column] = "where"
    for text in spec.terms:
        term = terms.parse(text, columns)
        since = term.argument if term.form == "since" else ""
        found |= {name: "terms" for name in (term.column, term.partner, since) if name}
    for name, field in found.items():
        dataset.require(name, field)
    return tuple(name for name in columns if name in found)


def used(dataset: Dataset, spec: AnalysisSpec, also: Iterable[str] = ()) -> tuple[str, ...]:
    """Columns that a question reads, in the order of the table.

    Beside those that it names, these are the columns that say when another one became known.

    Parameters
    ----------
    also : iterable of str
        Further columns that were chosen.
    """
    found = {*named(dataset, spec), *also}
    found |= {dataset.require(name, "columns").known for name in found}
    return tuple(name for name in dataset.variables if name in found)


def explicit(dataset: Dataset, spec: AnalysisSpec) -> AnalysisSpec:
    """The question with the columns of Table 1 named, where it asks for that and names none.

    Those are all columns of the table, and fewer will be there.
    """
    if "table_one" not in spec.parts or spec.characteristics:
        return spec
    try:
        return spec.but(characteristics=chosen(select(dataset, spec), spec, []))
    except StratiscopeError:
        return spec  # it has no Table 1


def without_steps(spec: AnalysisSpec) -> AnalysisSpec:
    """The question to a table that was cleaned already and has one sheet."""
    return spec.but(clean=(), sheet=None)


def plain(name: str) -> str:
    """A column's name without what would need quotes in a question.

    Examples
    --------
    >>> plain('Op "date", 1')
    'Op date 1'
    """
    return " ".join(re.sub(r'[",*:<>=!()]', " ", unquote_name(name)).split())
