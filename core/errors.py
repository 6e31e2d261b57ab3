"""The two errors a user can meet. Each says what is wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class StratiscopeError(ValueError):
    """A problem that the user can mend, with a hint at how.

    Parameters
    ----------
    problem : str
        What is wrong, as a clause without a final stop.
    hint : str
        What to do about it, as a clause without a final stop.
    """

    def __init__(self, problem: str, hint: str) -> None:
        self.problem = problem.rstrip(".")
        self.hint = hint.rstrip(".")
        end = "" if self.hint.endswith("?") else "."
        super().__init__(f"{self.problem}. {self.hint}{end}")


class SpecError(StratiscopeError):
    """A question that cannot be asked: `field` names the part of the query that is at fault."""

    def __init__(self, field: str, problem: str, hint: str) -> None:
        self.field = field
        super().__init__(problem, hint)


class DataError(StratiscopeError):
    """A table that cannot be used: `column` and `row` say where (row 1 is the header line)."""

    def __init__(
        self, problem: str, hint: str, *, column: str | None = None, row: int | None = None
    ) -> None:
        self.column = column
        self.row = row
        super().__init__(problem, hint)


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the known name closest to one that is not known.

    Parameters
    ----------
    name : str
        What was asked for.
    known : iterable of str
        What there is.

    Returns
    -------
    str
        A hint: the nearest name, or the first few names there are.

    Examples
    --------
    >>> nearest("tiem", ["time", "event"])
    "Did you mean 'time'?"
    """
    names = list(known)
    folded = {n.casefold(): n for n in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    if close:
        return f"Did you mean '{folded[close[0]]}'?"
    shown = ", ".join(f"'{n}'" for n in names[:8]) + (", ..." if len(names) > 8 else "")
    return f"There are: {shown}" if names else "There are none"
