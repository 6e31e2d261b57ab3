"""Sections on where the stratifier is cut, and on what searching for a cutoff does to p."""

from __future__ import annotations

import pandas as pd

from core.survival.conventions import conventions
from core.survival.cutoff.best import CutoffResult
from core.survival.cutoff.stability import Bootstrap
from core.view import charts, words
from core.view.distribution import DistributionShape
from core.view.lab import (
    continuous,
    grid,
    intervals,
    measurement,
    pair,
    robustness,
    scan,
    scan_data,
    stability,
    verdict,
)
from core.view.lab import continuous_words as uncut
from core.view.numbers import count, p_cell
from core.view.reports.asked import Asked, picture, quiet, said, table
from core.view.reports.document import Block


def cutoff(asked: Asked) -> list[Block]:
    """The best cutoff and what is left of its p-value."""
    found: CutoffResult = asked.result("cutoff")
    corrected = [
        {"p-value": f"After the search, {verdict.METHODS[name]}", "p": p_cell(p)}
        for name, p in found.p_corrected.items()
        if p is not None
    ]
    alone = {"p-value": "Log-rank, the search ignored", "p": p_cell(found.p_naive)}
    numbers_of = {
        "variable": found.variable, "best": found.best, "candidates": found.candidates,
        "statistic": found.statistic, "p_naive": found.p_naive, **found.p_corrected,
    }  # fmt: skip
    full = [
        (
            "The search",
            pd.DataFrame({"quantity": list(numbers_of), "value": [*numbers_of.values()]}),
        )
    ]
    return [
        *said(verdict.sentence(asked.cohort, found)),
        *quiet(words.origin(asked.cohort.groups, asked.spec)),
        *table(
            pd.DataFrame([alone, *corrected]),
            f"p-values of the best of {count(found.candidates)} cutoffs",
            "The best cutoff is the one with the largest standardised log-rank statistic M, not "
            "always the one with the smallest p.",
            behind=full,
        ),
    ]


def scanned(asked: Asked) -> list[Block]:
    """Hazard ratio and p at every cutoff."""
    cohort = asked.cohort
    found, thin = asked.result("scan"), asked.result("preview")
    searched: CutoffResult = asked.result("cutoff")
    shape = scan.ScanShape.of(cohort, found, words.endpoint_label(cohort))
    stops = scan_data.stops(cohort, found, thin, searched.corrected)
    rug = scan_data.rug(searched.bootstrap)
    datasets = {
        **scan_data.still(found, searched.search, searched.corrected, rug),
        **scan_data.moving(cohort, asked.result("km"), found, shape, thin, searched.corrected),
    }
    sentence = verdict.spoken(cohort, found, searched)
    return picture(
        {**scan.description(shape, stops), "datasets": datasets},
        f"Every cutoff of {cohort.groups.title}",
        sentence,
        marks="Hazard ratio with limits and log-rank p at every cutoff. The thin line is the p of "
        "each cutoff taken alone, the thick one the p that is left when each had been found by "
        "searching.",
        behind=[("Every cutoff", scan_data.table(found, searched.corrected))],
    )


def stable(asked: Asked) -> list[Block]:
    """Where bootstrap samples had their best cutoff, and three hazard ratios."""
    result = asked.result("stability")
    blocks: list[Block] = []
    if result.bootstrap is not None:
        blocks += _samples(asked, result.bootstrap)
    return [
        *blocks,
        *said(stability.checked(result.validation)),
        *table(stability.ratios(result), "Hazard ratios after a search", stability.RATIOS),
    ]


def _samples(asked: Asked, found: Bootstrap) -> list[Block]:
    searched: CutoffResult = asked.result("cutoff")
    shape = DistributionShape.of_number(asked.cohort)
    chart = {**stability.description(shape), "datasets": stability.data(found, searched.best)}
    sentence = stability.finding(asked.cohort, found)
    full = pd.DataFrame({"cutoff": found.cutoffs, "samples": found.counts})
    shows = "How often each cutoff was the best one of a bootstrap sample."
    title = "Best cutoffs of bootstrap samples"
    behind = [("Best cutoffs of the samples", full)]
    return [*said(sentence), *picture(chart, title, sentence, shows=shows, behind=behind)]


def measured(asked: Asked) -> list[Block]:
    """Who is near the cutoff, and what measuring again would change."""
    found = asked.result("measurement")
    shape = DistributionShape.of_number(asked.cohort)
    near = {
        **measurement.description(shape),
        "datasets": measurement.data(asked.cohort, found, shape),
    }
    rows = measurement.rows(found)
    spread = _intervals(rows)
    sentence = measurement.finding(found)
    level = conventions(asked.spec).conf_level
    return [
        *said(sentence),
        *picture(near, f"Patients near the cutoff of {shape.title}", sentence),
        *picture(spread, "Hazard ratio as measured and over the draws"),
        *table(
            measurement.table(found, level),
            "As measured and measured again",
            measurement.meaning(found),
        ),
    ]


def _intervals(rows: list[intervals.Interval]) -> charts.Figure:
    shape = intervals.IntervalsShape.of(rows)
    return {**intervals.description(shape), "datasets": intervals.data(rows)}


def without_cutoff(asked: Asked) -> list[Block]:
    """The marker uncut, and what its cutoff keeps of it."""
    cohort, result = asked.cohort, asked.result("continuous")
    sentence = f"{uncut.finding(cohort, result)} {uncut.bend(result)}".rstrip()
    shape = continuous.CurveShape.of(cohort, result)
    chart = {**continuous.description(shape), "datasets": continuous.data(cohort, result, shape)}
    return [
        *said(sentence),
        *picture(
            chart,
            f"{words.question(cohort)}, uncut",
            sentence,
            shows="The hazard over the values of the marker.",
            behind=[("Curve", uncut.points(result))],
        ),
        *quiet(uncut.reading(cohort, result)),
        *(said(uncut.lost(cohort, result)) if cohort.groups.thresholds else ()),
        *table(
            uncut.ways(cohort, result),
            "What each way to use the marker explains",
            uncut.LEGEND,
            behind=[("Ways to use the marker", uncut.ways_numbers(result))],
        ),
    ]


def pairs(asked: Asked) -> list[Block]:
    """Tertiles, quartiles and the best two cutoffs."""
    cohort, result = asked.cohort, asked.result("pair")
    sentence = pair.finding(cohort, result)
    blocks = said(sentence)
    for division in result.divisions:
        found = "; ".join(f"{name} {value}" for name, value in pair.key_numbers(division))
        groups = pair.groups(cohort, division)
        title = f"{cohort.groups.title}: {pair.NAMES[division.rule].lower()}"
        blocks += table(groups, title, found, swatches=range(len(groups)))
    if result.search is not None:
        shape = pair.PairShape.of(cohort, result, result.search)
        chart = {**pair.description(shape), "datasets": pair.data(result, result.search)}
        title = f"Every pair of cutoffs, {words.question(cohort)}"
        blocks += picture(chart, title, sentence, behind=[("Divisions", pair.table(result))])
    return [*blocks, *quiet(pair.LEGEND)]


def mapped(asked: Asked) -> list[Block]:
    """The map of the cutoffs of two markers."""
    cohort, result = asked.cohort, asked.result("grid")
    sentence = grid.finding(cohort, result)
    shape = grid.GridShape.of(cohort, result, "hazard_ratio")
    chart = {
        **grid.description(shape),
        "datasets": grid.data(cohort, result, "hazard_ratio"),
    }
    pairs_of = grid.key_numbers(result)
    frame = pd.DataFrame(pairs_of, columns=["Quantity", "Value"])
    return [
        *said(sentence),
        *picture(
            chart,
            f"Two cutoffs, {words.endpoint_label(cohort)}",
            sentence,
            marks="Each cell is one pair of cutoffs: the patients who are high against all others.",
            behind=[("Every cell", grid.table(result))],
        ),
        *said(grid.now(cohort, result)),
        *table(frame, "The best pair of cutoffs of two markers"),
    ]


def left_out(asked: Asked) -> list[Block]:
    """The comparison without single patients, and without single centres."""
    found = asked.result("robustness")
    sentence = robustness.finding(found)
    shape = robustness.DotsShape.of(found)
    blocks = said(sentence)
    if shape is not None:
        chart = {
            **robustness.dots_description(shape),
            "datasets": robustness.dots_data(found),
        }
        title = "Hazard ratio with each patient left out in turn"
        blocks += picture(chart, title, sentence)
    blocks += said(robustness.spread(found))
    blocks += table(robustness.patients_table(found), "One patient left out")
    if found.centres is not None:
        rows = robustness.centre_rows(found)
        title = "Hazard ratio without each centre"
        blocks += picture(_intervals(rows), title, robustness.centres_finding(found))
        blocks += table(robustness.centres_table(found), title)
    return blocks
