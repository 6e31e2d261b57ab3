"""Lines of a script that form the groups: the levels of a category, or a marker and its cutoffs."""

from __future__ import annotations

from collections.abc import Iterator

from core.groups import PROBABILITIES, categories
from core.search import MIN_FRACTION
from core.spec import read_number, shortest
from core.view.code.language import Language
from core.view.code.names import comment
from core.view.code.table import Table

THIRDS = {1 / 3: "1 / 3", 2 / 3: "2 / 3"}
"""Shares as they are written."""


def groups(table: Table, lang: Language) -> Iterator[str]:
    """Lines that form the groups: `group` counts from 0, `LABELS` are their names."""
    cohort = table.cohort
    found = cohort.groups
    yield from comment("The groups; the first one is the reference")
    yield lang.assign("LABELS", lang.texts(found.labels))
    if found.by is None:
        yield lang.assign("group", "one_group(d)")
        return
    column = lang.column("d", table.use(found.by))
    if found.rule == "none":
        yield lang.call("code_of", [column, levels_of(table, lang, found.by)], "code")
    else:
        at_least = lang.boolean(found.side == "ge")
        yield from _cutoffs(table, lang, column)
        yield lang.call("cut_at", [column, "cutoffs", at_least], "code")
        yield from _second(table, lang, at_least)
    yield lang.assign("group", "renumber(code)")


def levels_of(table: Table, lang: Language, name: str) -> str:
    """The levels of a category in their order, as the table has them."""
    cohort = table.cohort
    _, labels = categories(cohort.column(name), cohort.dataset.variables[name])
    if table.is_number(name):
        return lang.numbers([float(label) for label in labels])
    return lang.texts([table.cell(name, label) for label in labels])


def _cutoffs(table: Table, lang: Language, column: str) -> Iterator[str]:
    found, spec = table.cohort.groups, table.cohort.spec
    at_least = lang.boolean(found.side == "ge")
    if found.pair is not None:
        yield from comment("The best pair of cutoffs was searched for by Stratiscope")
        yield lang.assign("cutoffs", lang.numbers(found.thresholds))
    elif found.search is not None:
        yield from comment("The cutoff with the largest standardised log-rank statistic")
        share = MIN_FRACTION if spec.min_fraction is None else spec.min_fraction
        limits = [lang.number(share), lang.number(spec.min_events or 0)]
        yield lang.call("search", [column, "time", "event", *limits], "searched")
        yield lang.assign("cutoffs", lang.vector([f"best_of(searched, {at_least})"]))
    elif found.rule == "value":
        yield lang.assign("cutoffs", lang.numbers(found.thresholds))
    else:
        yield from _quantiles(table, lang, column)


def _quantiles(table: Table, lang: Language, column: str) -> Iterator[str]:
    found, spec = table.cohort.groups, table.cohort.spec
    shares = PROBABILITIES.get(found.rule) or tuple(
        read_number(v, "cut_value") for v in spec.cut_value
    )
    kind = "6" if spec.profile == "spss" else "7"
    written = [share_text(share) for share in sorted(shares)]
    calls = [f"quantile_of({column}, {share}, {kind})" for share in written]
    yield from comment(f"Cut at the {found.rule}; quantiles are of type {kind}")
    yield lang.call("distinct_values", calls, "cutoffs")


def share_text(share: float) -> str:
    """A share as a script has it: a third has no last digit."""
    return THIRDS.get(share) or shortest(share)


def _second(table: Table, lang: Language, at_least: str) -> Iterator[str]:
    second = table.cohort.groups.second
    if second is None:
        return
    column = lang.column("d", table.use(second.by))
    yield from comment(f"The second marker; high in {second.combine}")
    at = f"quantile_of({column}, 0.5, 7)"
    if table.cohort.spec.second_cut is not None:
        at = lang.number(second.threshold)
    yield lang.call("cut_at", [column, lang.vector([at]), at_least], "other")
    joined = {"four": "2 * code + other", "either": f"{lang.maximum}(code, other)"}
    yield lang.assign("code", joined.get(second.combine, "code * other"))
