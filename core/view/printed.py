"""Printed beside computed, and the contradictions among printed numbers: sentences and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from core.notes import counted, listed
from core.printed.compare import Comparison
from core.printed.findings import SEVERITIES, Finding

VERDICTS = {"matched": "yes", "missed": "no", "not computable": "not computed"}
KINDS = {"estimate": "estimates", "count": "counts", "other": "other numbers"}
MEANING = {
    "impossible": "No data can give these numbers.",
    "contradiction": "Two printed things exclude each other.",
    "not stated": "A reader cannot tell.",
}


def finding(result: Comparison) -> str:
    """How many cells are reproduced, in a sentence."""
    parts = [f"{t.matched} of {t.n} {KINDS.get(t.kind, t.kind)}" for t in result.tallies]
    total = sum(t.n for t in result.tallies)
    return (
        f"{result.matched} of {total} printed numbers are reproduced to the last printed digit: "
        f"{', '.join(parts)}."
    )


def strangers(names: Sequence[str]) -> str:
    """Rows of a pasted table that no column was found for, as the beginning of a sentence.

    Examples
    --------
    >>> strangers(["Menopause"])
    "The row 'Menopause' is called like no column"
    """
    many = len(names) > 1
    return f"The row{'s' * many} {listed(names)} {'are' if many else 'is'} called like no column"


def table(result: Comparison, *, missed_only: bool = False, place: str = "") -> pd.DataFrame:
    """Printed, computed, verdict and reason of each cell."""
    return pd.DataFrame(
        [
            {
                "Printed in": row.cell.place,
                "Number": f"{row.cell.title}: {row.cell.quantity.replace('_', ' ')}"
                + (f" ({row.cell.model})" if row.cell.model else ""),
                "Printed": row.cell.printed,
                "Computed": row.shown,
                "Matched": VERDICTS[row.verdict],
                "Why not": row.reason,
            }
            for row in result.rows
            if (not missed_only or row.verdict != "matched") and place in ("", row.cell.place)
        ]
    )


def contradictions(found: Sequence[Finding]) -> str:
    """How many there are, in a sentence."""
    if not found:
        return "The printed numbers do not contradict each other by any of the rules."
    counts = Counter(one.severity for one in found)
    parts = [f"{counts[s]} {s}" for s in SEVERITIES if counts[s]]
    return f"{counted(len(found), 'finding')} among the printed numbers: {', '.join(parts)}."


def proofs(found: Sequence[Finding], severity: str) -> pd.DataFrame:
    """The findings of one severity with the arithmetic."""
    return pd.DataFrame(
        [
            {
                "About": one.about or "; ".join(one.places),
                "Printed": one.printed,
                "Arithmetic": one.proof,
                "Where": "; ".join(one.places),
            }
            for one in found
            if one.severity == severity
        ]
    )
