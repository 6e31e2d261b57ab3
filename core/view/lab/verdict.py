"""What the search does to p, as large numbers and as sentences."""

from __future__ import annotations

from html import escape

from core.cohort import Cohort
from core.notes import counted
from core.survival.cutoff.best import CutoffResult
from core.survival.cutoff.scan import ScanResult
from core.view import numbers
from core.view.html import paragraph

LEVEL = 0.05
FEWEST = 10
"""Permutations as extreme as the data that a ratio of p-values needs."""
READ = (
    "Move the pointer over the panels: the curves beside them are those of the cutoff under it. "
    "Click to take it. The thin line is the log-rank p of each cutoff taken alone, the thick one "
    "the p that is left when each had been found by searching; ticks under the bars are the best "
    "cutoffs of bootstrap samples."
)
FEW_EVENTS = 10
METHODS = {
    "permutation": "permutation",
    "hl": "Hothorn-Lausen",
    "lau94": "Lausen 1994",
    "lau92": "Lausen 1992",
}
"""Corrections as prose has them."""


def headline(cohort: Cohort, searched: CutoffResult) -> str:
    """The verdict on the best cutoff as HTML: both p-values, how far apart, and a sentence."""
    found = searched.shown
    pairs = [("p of the best cutoff alone", numbers.p_cell(searched.p_naive), "alone")]
    if found is not None:
        pairs.append(("p after the search", numbers.p_cell(found[1]), "after"))
    blocks = [
        f'<div class="{kind}"><span>{escape(name)}</span><b>{escape(value)}</b></div>'
        for name, value, kind in pairs
    ]
    factor = inflation(searched)
    if factor:
        blocks.insert(1, f'<div class="times"><span>too small by</span><b>{factor}</b></div>')
    return (
        f'<div class="verdict">{"".join(blocks)}</div>'
        + paragraph(sentence(cohort, searched), "finding")
        + paragraph(others(searched), "quiet")
    )


def inflation(searched: CutoffResult) -> str:
    """How many times too small the p of the best cutoff alone is; empty where it is not told."""
    found = searched.shown
    if found is None or not searched.p_naive or found[1] < 0.001 or found[1] <= searched.p_naive:
        return ""
    draws = 0 if searched.maxima is None else len(searched.maxima)
    if found[0] == "permutation" and found[1] * (draws + 1) < FEWEST:
        return ""  # so few permutations tell hardly more than that p is small
    factor = found[1] / searched.p_naive
    return f"{numbers.fixed(factor, 0 if factor >= 10 else 1)}×"


def sentence(cohort: Cohort, searched: CutoffResult) -> str:
    """What remains of the best cutoff, for somebody who reads one sentence."""
    found = searched.shown
    best = f"{cohort.groups.title} {'≥' if searched.side == 'ge' else '>'} {searched.best:.6g}"
    if searched.candidates == 1:
        return f"{best} is the only cutoff that leaves enough patients on both sides."
    of = f"{best} parts the curves most, out of {numbers.count(searched.candidates)} cutoffs."
    if cohort.n_events < FEW_EVENTS:
        of += f" With {counted(cohort.n_events, 'event')} hardly anything can be told."
    if found is None or searched.p_naive is None:
        return of
    if searched.p_naive >= LEVEL:
        return f"{of} Even taken alone its p is not below 0.05."
    if found[1] >= LEVEL:
        return (
            f"{of} Taken alone it would pass for a finding. Searching so many finds as much by "
            f"chance in {percent(found[1])} of markers that have no effect."
        )
    return (
        f"{of} A difference remains after allowing for the search; how large it is and where the "
        "cutoff lies is less certain than it looks (see below)."
    )


def percent(p: float) -> str:
    """A share in words: whole percents from 1 on."""
    return f"{numbers.fixed(100 * p, 0 if p >= 0.0995 else 1)}\u00a0%"


def others(searched: CutoffResult) -> str:
    """The corrections that are known, each with its method."""
    known = [
        f"{name} {numbers.p_cell(p)}"
        for key, name in METHODS.items()
        if (p := searched.p_corrected.get(key)) is not None
    ]
    if not known:
        return ""
    return (
        f"p after the search, by method: {', '.join(known)}. The best cutoff is the one with the "
        "largest standardised log-rank statistic M, not always the one with the smallest p."
    )


def spoken(cohort: Cohort, found: ScanResult, searched: CutoffResult) -> str:
    """The figure in words, for those who do not see it."""
    return (
        f"Hazard ratio and log-rank p at {len(found.cutoff)} cutoffs of {cohort.groups.title}. "
        f"{sentence(cohort, searched)}"
    )
