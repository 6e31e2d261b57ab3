"""The rules that printed numbers must keep, and what breaks them.

Each rule is a function of all cells of a study that yields what it finds. Every printed number
stands for all values that round to it; a rule speaks only when none of them keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.printed.findings import SEVERITIES, Finding
from core.printed.gathered import Gathered
from core.printed.rules import (
    claims,
    compared,
    counts,
    definitions,
    medians,
    places,
    proportions,
    ratios,
    score,
)
from core.printed.table import Cell

Rule = Callable[[Gathered], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    ratios.information, ratios.centre, ratios.p_value, ratios.side, score.logrank,
    medians.order, medians.symmetry, medians.cut,
    counts.sums, counts.parts, counts.percentages, counts.odds, proportions.denominator,
    compared.means, compared.pooled, compared.counts,
    places.differing, places.mislabelled,
    definitions.terms, definitions.cutoffs, definitions.endpoints, definitions.criteria,
    definitions.captions, definitions.coding, definitions.reference,
    claims.directions, claims.kinds, claims.verdicts, claims.left_out, claims.families,
    claims.candidates, claims.subgroups,
)  # fmt: skip


def check(cells: tuple[Cell, ...]) -> tuple[Finding, ...]:
    """Find the contradictions among printed cells, the gravest first.

    Parameters
    ----------
    cells : tuple of Cell
        All tables and statements of one study.

    Returns
    -------
    tuple of Finding
        Each once.

    Examples
    --------
    >>> rows = (("hazard_ratio", "0.69"), ("hr_low", "0.13"), ("hr_high", "0.94"))
    >>> cells = tuple(Cell("Table 2", "HI", "", "multivariable", q, p) for q, p in rows)
    >>> print(check(cells)[0].proof.partition(" (")[0])
    The limits 0.13 and 0.94 have the geometric mean 0.35
    """
    study = Gathered(cells)
    found = dict.fromkeys(item for rule in RULES for item in rule(study))
    return tuple(sorted(found, key=lambda item: SEVERITIES.index(item.severity)))
