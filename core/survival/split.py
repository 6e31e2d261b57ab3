"""Covariates that change once: each patient's follow-up cut at the time of the change.

Methods
-------
The term ``COLUMN:since(TIMECOLUMN)`` has the value that a patient has before anything is known
until TIMECOLUMN, and the value of COLUMN from then on. Follow-up (entry, time] becomes
(entry, c] and (c, time], the event belonging to the last interval; the value of an interval is
that at its beginning, so that a change at the time of an event is too late for it. An empty
TIMECOLUMN means: never. The value before the change is the one that those without a change share,
if it is a number or a word for no; otherwise a level of its own, ``not yet``, and 0 for a number.

References
----------
Crowley J, Hu M. Covariance analysis of heart transplant survival data. J Am Stat Assoc
1977;72:27-36. Andersen PK, Gill RD. Ann Stat 1982;10:1100-1120. Therneau TM, Crowson C, Atkinson
E. Using time dependent covariates. Vignette of the R package survival.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import known
from core.cohort import Cohort
from core.dataset import Variable
from core.errors import SpecError
from core.groups import categories
from core.notes import Note, counted, info, warning
from core.origin import moments
from core.spec import AnalysisSpec
from core.terms import Term, parse

METHODS = (
    "Covariates that became known during follow-up entered the Cox model as time-dependent: each "
    "patient counted with the value before the change until its date, and with the new value from "
    "then on."
)
_BEFORE_ZERO = -1.0
"""Beginning of the first intervals where somebody's follow-up ends at 0."""


@dataclass(frozen=True, eq=False)
class Since:
    """The values of one term ``since`` for the intervals of a split cohort.

    Attributes
    ----------
    title : str
        How the term is called on the screen.
    codes : numpy.ndarray of int, shape (n,), or None
        For a category the index into `labels`, -1 where missing; None for a number.
    labels : tuple of str
        Levels of a category, the reference (the state before the change) first.
    reference : str or None
    x : numpy.ndarray of float, shape (n,), or None
        For a number its values, NaN where missing; None for a category.
    notes : tuple of Note
    """

    title: str
    codes: np.ndarray | None
    labels: tuple[str, ...]
    reference: str | None
    x: np.ndarray | None
    notes: tuple[Note, ...] = ()


def since_terms(cohort: Cohort, spec: AnalysisSpec) -> tuple[Term, ...]:
    """The terms of the form ``since`` among the terms of a spec."""
    parsed = (parse(text, cohort.dataset.variables) for text in spec.terms)
    return tuple(term for term in parsed if term.form == "since")


def split(cohort: Cohort, spec: AnalysisSpec) -> Cohort:
    """Cut the follow-up of every patient where a term ``since`` changes.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms`` and, for dates, ``start unit origin``.

    Returns
    -------
    Cohort
        The same one without such a term or when nobody changes while followed; otherwise one of
        intervals: rows of the table are repeated, and ``included.n_patients`` stays.

    Raises
    ------
    SpecError, DataError
        If a column is not there or holds no moments.

    Examples
    --------
    A patient followed for 10 days who responds on day 4 has (0, 4] and (4, 10].
    """
    terms = since_terms(cohort, spec)
    if not terms:
        return cohort
    included = cohort.included
    begin = np.zeros(cohort.n) if included.entry is None else np.asarray(included.entry)
    at = np.arange(cohort.n)
    end = np.asarray(included.time, dtype=float)
    last = np.ones(cohort.n, dtype=bool)
    for column in dict.fromkeys(term.argument for term in terms):
        change = _changes(cohort, column)[at]
        cut = np.flatnonzero((begin < change) & (change < end))
        at, last = np.append(at, at[cut]), np.append(last, last[cut])
        begin, end = np.append(begin, change[cut]), np.append(end, end[cut])
        end[cut], last[cut] = change[cut], False
    order = np.lexsort((begin, at))
    at, begin, end, last = at[order], begin[order], end[order], last[order]
    if (end <= 0).any():  # at risk at t means begin < t: all are at risk at time 0, as unsplit
        begin = np.where(begin <= 0, _BEFORE_ZERO, begin)
    cut_included = dataclasses.replace(
        included,
        rows=included.rows[at],
        time=end,
        event=included.event[at] & last,
        entry=begin,
    )
    groups = dataclasses.replace(cohort.groups, codes=cohort.groups.codes[at])
    return dataclasses.replace(cohort, included=cut_included, groups=groups)


def _changes(cohort: Cohort, column: str) -> np.ndarray:
    """When each patient of a cohort changes, in `unit`; infinite where never.

    A moment that differs from a time of the cohort only by rounding noise is that time: otherwise
    a change on the day of an event would come before it.
    """
    if not column:
        raise SpecError(
            "terms",
            "A term 'since' does not say when its value became known",
            "Write it like: response:since(response_date)",
        )
    found = moments(cohort.source, cohort.spec, column, "terms")[cohort.included.rows]
    change = np.where(np.isnan(found), np.inf, found)
    times = np.unique(np.concatenate([cohort.time, _entries(cohort), [0.0]]))
    place = np.clip(np.searchsorted(times, change), 1, max(len(times) - 1, 1))
    lower, upper = times[place - 1], times[np.minimum(place, len(times) - 1)]
    near = np.where(np.abs(change - lower) <= np.abs(upper - change), lower, upper)
    return np.where(np.abs(change - near) <= _noise(times), near, change)


def _entries(cohort: Cohort) -> np.ndarray:
    return np.empty(0) if cohort.entry is None else cohort.entry


def _noise(times: np.ndarray) -> float:
    """Difference up to which two times are one; the same before and after a split."""
    return float(np.sqrt(np.finfo(float).eps) * max(1.0, np.abs(times).max(initial=0.0)))


def values_since(cohort: Cohort, term: Term) -> Since:
    """Values of a term ``since`` for the intervals of a cohort that `split` made.

    Parameters
    ----------
    cohort : Cohort
        Of intervals; an interval has the value of its beginning.
    term : Term
        Of the form ``since``.

    Raises
    ------
    SpecError, DataError
        If a column is not there, or holds no moments.
    """
    source = cohort.source
    variable = source.require(term.column, "terms")
    when = source.require(term.argument, "terms") if term.argument else None
    change = _changes(cohort, term.argument)
    begun = np.maximum(_entries(cohort) if cohort.entry is not None else 0.0, 0.0)
    noise = _noise(np.append(cohort.time, begun))
    is_known = np.asarray(begun + noise >= change)
    values = source.frame[term.column].iloc[cohort.included.rows]
    dated = np.isfinite(change)
    numeric = pd.api.types.is_numeric_dtype(values)
    shared = known.not_yet(values, dated)
    before = (0.0 if numeric else known.NOT_YET) if shared is None else shared
    title = f"{variable.title} (since {when.title if when else ''})"
    notes = _notes(values, dated, before, variable, cohort)
    if numeric:
        x = np.where(is_known, values.to_numpy(dtype=float), before)
        return Since(title, None, (), None, x, notes)
    seen = values.where(is_known)
    codes, labels = (
        categories(seen, variable) if seen.notna().any() else (np.full(len(seen), -1), [])
    )
    return _category(title, codes, labels, str(before), is_known, notes)


def _category(
    title: str,
    codes: np.ndarray,
    labels: Sequence[str],
    before: str,
    is_known: np.ndarray,
    notes: tuple[Note, ...],
) -> Since:
    """Put the state before the change in front of the levels that were seen after it."""
    names = (before, *(label for label in labels if label != before))
    place = np.array([names.index(label) for label in labels], dtype=np.int64)
    after = np.full(len(codes), -1, dtype=np.int64)
    after[codes >= 0] = place[codes[codes >= 0]]
    return Since(title, np.where(is_known, after, 0), names, before, None, notes)


def _notes(
    values: pd.Series,
    dated: np.ndarray,
    before: str | float,
    variable: Variable,
    cohort: Cohort,
) -> tuple[Note, ...]:
    """Say what counts before the change, and whose change has no date."""
    first = ~pd.Series(cohort.included.rows).duplicated().to_numpy()
    has = values.notna().to_numpy()
    other = has & (values != before).to_numpy()
    changed = int((first & dated).sum())
    text = (
        f"{variable.title}: {counted(changed, 'patient')} had a change during follow-up or before; "
        f"before it the value is '{known.written(before)}'."
    )
    notes = [info("terms", text)]
    contradict = int((first & other & ~dated).sum())
    if contradict:
        notes.append(
            warning(
                "terms",
                f"{variable.title}: {counted(contradict, 'patient')} "
                f"{'has' if contradict == 1 else 'have'} another value than "
                f"'{known.written(before)}' and no time of it: counted as never changed. "
                "Is a date missing?",
            )
        )
    unknown = int((first & dated & ~has).sum())
    if unknown:
        notes.append(
            warning(
                "terms",
                f"{variable.title}: {counted(unknown, 'patient')} "
                f"{'has' if unknown == 1 else 'have'} a time of the change and no value: left out "
                "from then on.",
            )
        )
    return tuple(notes)
