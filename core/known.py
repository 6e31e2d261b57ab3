"""The guard against groups that are known only later, and their values at a landmark.

Methods
-------
Who responds at month 4 has lived to month 4. Groups by response that are compared from month 0 on
give the responders those four months for nothing (immortal time, guarantee time), and any marker
that takes time to appear seems to prolong life. The comparison is refused until the question says
otherwise: at a landmark, or counted from a later origin, every patient belongs to the group that
she was in *then*; who changes afterwards stays where she was. A variable whose time of becoming
known is not in the table cannot be checked and is let through with a warning.

References
----------
Anderson JR, Cain KC, Gelber RD. Analysis of survival by tumor response. J Clin Oncol
1983;1:710-719. Giobbie-Hurder A, Gelber RD, Regan MM. Challenges of guarantee-time bias. J Clin
Oncol 2013;31:2963-2969.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import filters
from core.dataset import KNOWN_LATER, Dataset, Variable
from core.errors import SpecError, StratiscopeError
from core.groups import categories
from core.notes import Note, counted, info, warning
from core.origin import from_start, landmark_of, moments
from core.spec import AnalysisSpec, quote_name, shortest
from core.terms import parse, term_name

METHODS = (
    "Variables known only during follow-up were classified by their status at the landmark; "
    "patients whose follow-up had ended by then were left out (Anderson 1983)."
)
NOT_YET = "not yet"
"""Level of a category that a patient does not have yet."""


class KnownLater(SpecError):
    """A comparison from time 0 by something that is known only later.

    Attributes
    ----------
    column : str
    title : str
        How the column is called on the screen.
    when : str
        The column that says when it became known; empty where there is none.
    """

    def __init__(self, field: str, variable: Variable) -> None:
        self.column, self.title = variable.name, variable.title
        self.when = "" if variable.known == KNOWN_LATER else variable.known
        verb = {"where": "choosing patients by it", "terms": "a model with it as it is"}
        super().__init__(
            field,
            f"'{self.title}' is known only later: who lives long enough to get a value has by that "
            f"already lived, so {verb.get(field, 'comparing its groups')} from the start makes "
            "the long-lived look better (immortal time)",
            " or ".join(way.words for way in self.ways),
        )

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways on, the simplest first."""
        when = self.when or "TIMECOLUMN"
        known = "" if self.when else f" after clean=known({quote_name(self.column)}, {when})"
        term = since_term(self.column, when)
        return (
            Way("landmark", "start the comparison at a landmark, for example landmark=6"),
            Way("since", f"use it as a time-dependent term of the Cox model, {term}{known}"),
            Way("origin", f"count time from when it became known, origin={quote_name(when)}"),
        )


_NO = frozenset(
    ("no", "none", "never", "not", "n", "non", "nein", "nee", "nao", "false", "absent", "negative",
     "keine", "kein", "0", "no response", "non-responder", "nonresponder", "non responder")
)  # fmt: skip
"""Words that also hold before anything is known; of another one, SD say, that is not so."""


@dataclass(frozen=True)
class Way:
    """One way on from a refused comparison: ``landmark``, ``since`` or ``origin``."""

    name: str
    words: str


def later(dataset: Dataset) -> tuple[str, ...]:
    """Names of the columns that are known only later.

    Examples
    --------
    >>> later(Dataset("a", pd.DataFrame(), {"x": Variable("x", known="later")}, "", ""))
    ('x',)
    """
    return tuple(v.name for v in dataset.variables.values() if v.known)


def lifted(spec: AnalysisSpec) -> bool:
    """Whether a question starts late enough, on the user's word, for what is known later."""
    return spec.landmark is not None or spec.origin is not None


def check(
    dataset: Dataset, spec: AnalysisSpec, columns: Sequence[str], field: str
) -> tuple[Note, ...]:
    """Refuse to compare patients from time 0 by columns that are known only later.

    Parameters
    ----------
    dataset : Dataset
    spec : AnalysisSpec
        Reads ``landmark origin``.
    columns : sequence of str
    field : str
        The field of the spec that names the columns.

    Returns
    -------
    tuple of Note
        What the user must make sure of, where a landmark or an origin lets the columns through.

    Raises
    ------
    KnownLater
        If one is known only after time 0 and there is neither a landmark nor another origin.
    """
    notes: list[Note] = []
    for column in dict.fromkeys(columns):
        variable = dataset.variables.get(column)
        if variable is None or not variable.known:
            continue
        if not lifted(spec):
            if _known_at_zero(dataset, spec, variable):
                continue
            raise KnownLater(field, variable)
        if variable.known == KNOWN_LATER:
            moment = "the landmark" if spec.landmark is not None else "the new time 0"
            text = (
                f"'{variable.title}' is known only later, and the table does not say when. Make "
                f"sure that every value was known by {moment}; otherwise who lived long enough to "
                "get it looks better than she is."
            )
            notes.append(warning(field, text))
    return tuple(notes)


def _known_at_zero(dataset: Dataset, spec: AnalysisSpec, variable: Variable) -> bool:
    """Whether the table shows that every value was known when the follow-up began."""
    if variable.known == KNOWN_LATER:
        return False
    try:
        when = from_start(dataset, spec, variable.known, "group_by")
    except StratiscopeError:
        return False  # it cannot be shown
    dated = ~np.isnan(when)
    values = dataset.frame[variable.name]
    # A value without a time may have come at any time, unless it says "no" of all of them.
    told = values[~dated].isna().all() or not_yet(values, dated) is not None
    return bool(dated.any() and (when[dated] <= 0).all() and told)


def check_question(dataset: Dataset, spec: AnalysisSpec) -> tuple[Note, ...]:
    """Check the groups and the filters of a question, see `check`."""
    groups = [c for c in (spec.group_by, spec.second_by) if c is not None]
    filtered = [filters.parse(text, dataset.variables).column for text in spec.where]
    notes = check(dataset, spec, groups, "group_by") + check(dataset, spec, filtered, "where")
    return tuple(dict.fromkeys(notes))


def check_terms(dataset: Dataset, spec: AnalysisSpec) -> tuple[Note, ...]:
    """Check the terms of a model, see `check`; a term of the form ``since`` is always right."""
    terms = [parse(text, dataset.variables) for text in spec.terms]
    columns = [t.column for t in terms if t.form != "since"] + [t.partner for t in terms]
    return check(dataset, spec, [c for c in columns if c], "terms")


def not_yet(values: pd.Series, dated: np.ndarray) -> str | float | None:
    """Return the value of who has no time of becoming known, where all those share one.

    It must be a number or a word for no, and nobody who has such a time may have it; None
    otherwise.
    """
    never = values[~dated].dropna().unique()
    if len(never) != 1 or bool((values[dated] == never[0]).any()):
        return None
    if values.dtype != object:
        return float(never[0])
    return str(never[0]) if str(never[0]).strip().casefold() in _NO else None


def written(value: str | float) -> str:
    """Write such a value for a sentence."""
    return value if isinstance(value, str) else shortest(float(value))


def at_start(dataset: Dataset, spec: AnalysisSpec) -> Dataset:
    """Give variables that are known later the values that they had when the comparison starts.

    Parameters
    ----------
    dataset : Dataset
    spec : AnalysisSpec
        With its roles filled in; reads ``landmark origin`` and what the moments need.

    Returns
    -------
    Dataset
        The same one where nothing changes. Who has no value yet gets the one of those who never
        had a change where that says no, else the level ``not yet``, else (a number) none.
    """
    # The endpoint itself, and the dates that moments are told by, are no covariates.
    own = (spec.time, spec.event, spec.start, spec.end, spec.entry, spec.origin)
    columns = [
        v
        for v in dataset.variables.values()
        if v.known not in ("", KNOWN_LATER) and v.kind != "date" and v.name not in own
    ]
    if not columns or not lifted(spec):
        return dataset
    frame, variables = dataset.frame.copy(deep=False), dict(dataset.variables)
    for variable in columns:
        values = frame[variable.name]
        when, is_known = _known_by(dataset, spec, variable)
        before = not_yet(values, ~np.isnan(when))
        # From here on it is as good as known at the start, and nothing is done to it again.
        then = dataclasses.replace(variable, known="")
        if before is None and values.dtype == object:
            before = NOT_YET
            _, labels = categories(values, variable) if values.notna().any() else (None, ())
            levels = (NOT_YET, *(label for label in labels if label != NOT_YET))
            then = dataclasses.replace(then, levels=levels)
        variables[variable.name] = then
        frame[variable.name] = values.where(is_known, np.nan if before is None else before)
    return dataclasses.replace(dataset, frame=frame, variables=variables)


def _known_by(
    dataset: Dataset, spec: AnalysisSpec, variable: Variable
) -> tuple[np.ndarray, np.ndarray]:
    """When a variable became known, and whether it was by the start of the comparison."""
    when = moments(dataset, spec, variable.known, "landmark" if spec.landmark else "origin")
    start = landmark_of(spec)
    with np.errstate(invalid="ignore"):
        return when, np.asarray(when <= start + np.sqrt(np.finfo(float).eps) * max(1.0, start))


def start_notes(dataset: Dataset, spec: AnalysisSpec, rows: np.ndarray) -> tuple[Note, ...]:
    """Say how many patients who are in got their value of a group or filter only afterwards."""
    notes = []
    used = [c for c in (spec.group_by, spec.second_by) if c is not None]
    used += [filters.parse(text, dataset.variables).column for text in spec.where]
    for column in dict.fromkeys(used):
        variable = dataset.require(column, "group_by")
        if variable.known in ("", KNOWN_LATER) or not lifted(spec):
            continue
        when, is_known = _known_by(dataset, spec, variable)
        after = int((~np.isnan(when) & ~is_known)[rows].sum())
        moment = "at the landmark" if spec.landmark is not None else "at the new time 0"
        text = f"'{variable.title}' counts as it was {moment}"
        if after:
            has = "has" if after == 1 else "have"
            text += f"; {counted(after, 'patient')} whose value came later {has} not got it yet"
        notes.append(info("group_by", f"{text}."))
    return tuple(notes)


def without(dataset: Dataset, spec: AnalysisSpec, column: str) -> AnalysisSpec:
    """Return the question without a column: not in its groups, filters or terms."""
    changes: dict[str, tuple[str, ...] | None] = {}
    if spec.group_by == column:
        changes |= {"group_by": None, "cut_rule": None, "cut_value": ()}
    if column in (spec.group_by, spec.second_by):
        changes |= {"second_by": None, "second_cut": None, "combine": None}
    columns = dataset.variables
    where = tuple(t for t in spec.where if filters.parse(t, columns).column != column)
    terms = [parse(text, columns) for text in spec.terms]
    kept = tuple(t.text for t in terms if column not in (t.column, t.partner))
    return spec.but(**changes, where=where, terms=kept)


def as_since(dataset: Dataset, spec: AnalysisSpec, column: str, when: str) -> AnalysisSpec:
    """Return the question with a column as a time-dependent term instead.

    Examples
    --------
    >>> table = Dataset("a", pd.DataFrame(), {"r": Variable("r"), "t": Variable("t")}, "", "")
    >>> as_since(table, AnalysisSpec(group_by="r"), "r", "t").terms
    ('r:since(t)',)
    """
    left = without(dataset, spec, column)
    return left.but(terms=(*left.terms, since_term(column, when)))


def since_term(column: str, when: str) -> str:
    """Write the term of a column that changes at the time in another one."""
    return f"{term_name(column)}:since({quote_name(when)})"
