"""Sections on who the patients are, how long they were followed, and what they responded."""

from __future__ import annotations

import pandas as pd

from core.survival.competing.competing import CompetingResult
from core.survival.subgroups import SubgroupsResult
from core.view import numbers, response, subgroups, table_one, tables, words
from core.view.competing import cells
from core.view.competing import figure as competing_figure
from core.view.competing import said as competing_said
from core.view.curve import observation
from core.view.reports.asked import Asked, picture, quiet, said, table
from core.view.reports.document import Block, Heading


def flow(asked: Asked) -> list[Block]:
    """Who is in and who left, and why; and the median follow-up."""
    cohort = asked.cohort
    model = asked.result("cox") if "cox" in asked.parts else None
    rows = tables.ledger(cohort, model)
    frame = pd.DataFrame(
        {"Rows": [reason for reason, _ in rows], "n": [_signed(n) for _, n in rows]}
    )
    numbers_of = pd.DataFrame(rows, columns=["reason", "n"])
    whole = f"{words.counted(cohort)}, {numbers.count(cohort.n_events)} events."
    sentence = f"{words.counted(cohort)}." if asked.locked else whole
    if "cohort" in asked.parts and not asked.locked:
        found = asked.result("cohort")
        half = numbers.time_with_limits(
            found.median, found.conf_low, found.conf_high, cohort.show_unit
        )
        sentence += f" {observation.REVERSE}: {half} {cohort.show_unit}."
    title = "Who is in, and who was left out"
    return [*said(sentence), *table(frame, title, behind=[("The flow in numbers", numbers_of)])]


def _signed(n: int) -> str:
    return numbers.count(n) if n >= 0 else f"−{numbers.count(-n)}"


def characteristics(asked: Asked) -> list[Block]:
    """Table 1."""
    cohort, result = asked.cohort, asked.result("table_one")
    compared = len(result.groups) > 1
    return [
        *(said(table_one.finding(cohort, result)) if compared else ()),
        *table(
            table_one.table(cohort, result),
            table_one.title(cohort),
            *([table_one.RANDOMISED] if compared else []),
            table_one.variant(cohort),
            behind=[("Characteristics", table_one.in_full(result))],
        ),
    ]


def followed(asked: Asked) -> list[Block]:
    """Follow-up by reverse Kaplan-Meier, as observed, and at the chosen times."""
    cohort, result = asked.cohort, asked.result("observation")
    full = [("Follow-up", observation.for_csv(cohort, result))]
    blocks = [
        *said(observation.finding(cohort, result)),
        *table(
            observation.reverse_table(cohort, result),
            "Follow-up by reverse Kaplan-Meier",
            behind=full,
        ),
        *table(
            observation.observed_table(cohort, result),
            "Observed follow-up times: median (quartiles; range)",
        ),
    ]
    if result.overall.at:
        frame = observation.followed_table(cohort, result)
        blocks += table(frame, "Still followed at the chosen times")
    return [*blocks, *quiet(observation.MEANING)]


def responded(asked: Asked) -> list[Block]:
    """Response rates of all patients and of each group."""
    cohort, result = asked.cohort, asked.result("response")
    finding = response.finding(cohort, result)
    n = response.n_lines(result)
    chart = {**response.description(n), "datasets": response.data(cohort, result)}
    rates = [("Rates", response.rates_in_full(result))]
    blocks = [
        *said(finding),
        *picture(
            chart, response.title(cohort), finding,
            shows="Response rates with exact limits, a line for all patients and each group.",
            behind=rates,
        ),
        *table(
            response.rates(cohort, result), "Response rates", response.VARIANT, behind=rates
        ),
        *table(response.levels(cohort, result), "Patients of each level of the response"),
    ]  # fmt: skip
    if len(cohort.groups.levels) > 1:
        full = [("Comparisons", response.versus_in_full(result))]
        blocks += [
            *table(response.tests(result), "Tests of the response in all groups"),
            *table(response.versus(result), "Response of the groups", behind=full),
        ]
    return blocks


def logistic(asked: Asked) -> list[Block]:
    """The logistic model of the response."""
    result = asked.result("logistic")
    if not result.titles:
        return []
    variant = response.MODEL_VARIANT["firth" if asked.spec.estimator == "firth" else result.limits]
    full = [("Odds ratios", response.logistic_in_full(result))]
    return [
        *said(response.model(result)),
        *table(response.logistic(result), "Logistic regression", variant, behind=full),
        *table(response.term_tests(result), "Likelihood-ratio tests of the terms"),
    ]


def forest(asked: Asked) -> list[Block]:
    """The subgroup forest with its table and what may be read out of it."""
    cohort = asked.cohort
    result: SubgroupsResult = asked.result("subgroups")
    if not result.interactions:
        return said("No variable was named for subgroups.")
    shape = subgroups.ForestShape.of(result, labelled=True)
    chart = {**subgroups.description(shape), "datasets": subgroups.data(cohort, result)}
    finding, title = subgroups.finding(cohort, result), subgroups.title(cohort)
    full = [("Subgroups", subgroups.in_full(result))]
    shows = "Forest plot: a hazard ratio with its limits for all patients and each subgroup."
    return [
        *said(finding),
        *picture(chart, title, finding, shows=shows, behind=full),
        *table(
            subgroups.table(cohort, result),
            "Hazard ratios in subgroups",
            subgroups.caution(result),
            subgroups.VARIANT,
            behind=full,
        ),
    ]


def competing(asked: Asked) -> list[Block]:
    """Cumulative incidence of each cause, and both kinds of hazard ratios."""
    cohort, result = asked.cohort, asked.result("competing")
    shape = competing_figure.Shape.of(cohort, result)
    datasets = competing_figure.data(cohort, result, shape)
    chart = {**competing_figure.description(shape), "datasets": datasets}
    finding = competing_said.finding(cohort, result)
    incidence, swatches = cells.incidence(cohort, result)
    counts = cells.counts(cohort, result)
    curves = [("Cumulative incidence, step by step", cells.named(cohort, result, result.curves))]
    return [
        *said(finding),
        *picture(
            chart,
            f"Cumulative incidence. {words.question(cohort)}",
            finding,
            shows="Curves of cumulative incidence with the numbers at risk.",
            behind=curves,
        ),
        *said(competing_said.overstated(cohort, result)),
        *quiet(words.origin(cohort.groups, asked.spec)),
        *table(
            incidence,
            "Cumulative incidence at the chosen times",
            competing_said.VARIANT,
            swatches=swatches,
            behind=[("Cumulative incidence", cells.named(cohort, result, result.at))],
        ),
        *table(counts, "What came first", swatches=range(len(counts))),
        *_ratios(result),
    ]


def _ratios(result: CompetingResult) -> list[Block]:
    blocks: list[Block] = []
    captions = {"groups": "Hazard ratios of the groups", "terms": "Hazard ratios of the terms"}
    for model, caption in captions.items():
        frame = cells.ratios(result, model)
        full = [("Hazard ratios", cells.ratios_in_full(result))] if not blocks else []
        blocks += table(frame, f"{caption}, with competing events", behind=full)
    return [*blocks, *quiet(competing_said.READ)] if blocks else []


def headed(title: str, blocks: list[Block]) -> list[Block]:
    """A section under its heading; nothing where it has no content."""
    return [Heading(title), *blocks] if blocks else []
