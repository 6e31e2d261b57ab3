"""What a rule finds in printed numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.printed.table import Cell

Severity = Literal["impossible", "contradiction", "not stated"]
SEVERITIES: tuple[Severity, ...] = ("impossible", "contradiction", "not stated")


@dataclass(frozen=True)
class Finding:
    """One contradiction.

    Attributes
    ----------
    rule : str
        Name of the rule, see `core.printed.rules`.
    severity : {"impossible", "contradiction", "not stated"}
        No data give it; two things that are printed exclude each other; or a reader cannot tell.
    places : tuple of str
        Where it is printed.
    about : str
        The row or rows.
    printed : str
        What is printed.
    proof : str
        The arithmetic, one or two sentences.
    """

    rule: str
    severity: Severity
    places: tuple[str, ...]
    about: str
    printed: str
    proof: str


def finding(rule: str, severity: Severity, cells: tuple[Cell, ...], proof: str) -> Finding:
    """Make a finding out of the cells that it is about."""
    unique = tuple(dict.fromkeys(cells))
    about = "; ".join(dict.fromkeys(c.title for c in unique if c.title))
    printed = "; ".join(
        dict.fromkeys(f"{NAMES.get(c.quantity, c.quantity)} {c.printed}" for c in unique)
    )
    places = tuple(dict.fromkeys(c.place for c in unique if c.place))
    return Finding(rule, severity, places, about, printed, proof)


NAMES = {
    "n": "n", "events": "events", "median": "median", "median_low": "median, lower limit",
    "median_high": "median, upper limit", "mean": "mean time", "std_error": "SE",
    "hazard_ratio": "HR", "hr_low": "HR, lower limit", "hr_high": "HR, upper limit",
    "odds_ratio": "OR", "or_low": "OR, lower limit", "or_high": "OR, upper limit",
    "p_value": "P", "p_interaction": "P of interaction", "percent": "%",
    "percent_low": "%, lower limit", "percent_high": "%, upper limit", "count": "count",
    "mean_value": "mean", "sd": "SD", "range_low": "from", "range_high": "to",
    "candidates": "candidates", "levels": "number of levels", "cutoff": "cutoff",
    "cut_rule": "rule of the cut", "definition": "defined as", "criterion": "criterion",
    "family": "family", "test": "test", "caption": "caption:", "content": "content:",
    "claim": "said to be", "limits": "limits",
}  # fmt: skip
"""Words for quantities."""
