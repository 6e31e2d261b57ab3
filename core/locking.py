"""The locked outcome: a cutoff is chosen on the marker alone, and nothing shows the outcome.

A cutoff that is fixed without looking at the outcome is a cutoff known beforehand: its log-rank
test needs no correction for a search. So it is recorded which cutoff was in force when the outcome
was unlocked.
"""

from __future__ import annotations

from core.dataset import Dataset
from core.errors import SpecError
from core.exploration import Counts
from core.filters import Condition, parse
from core.groups import Groups
from core.spec import AnalysisSpec, shortest

BLIND = ("cohort", "table_one")
"""Parts that may be answered while the outcome is locked."""
SEARCHES = ("best", "best-pair")
"""Rules that look for a cutoff by its outcome."""


def cut_text(groups: Groups, spec: AnalysisSpec) -> str | None:
    """The cutoff in force as a condition, ``SUVmax >= 6.1``; None where nothing is cut.

    A searched cutoff has none: it cannot be one that was chosen with the outcome hidden.
    """
    if groups.by is None or not groups.thresholds or spec.cut_rule in SEARCHES:
        return None
    operator = ">=" if groups.side == "ge" else ">"
    text = str(Condition(groups.by, operator, tuple(map(shortest, groups.thresholds))))
    if groups.second is None:
        return text
    second = Condition(groups.second.by, operator, (shortest(groups.second.threshold),))
    return f"{text} ({groups.second.combine}) {second}"


def refuse_outcome(dataset: Dataset, spec: AnalysisSpec) -> None:
    """Keep a locked outcome from coming in by a filter or a stratifier that reads it.

    Raises
    ------
    SpecError
        If the outcome is locked and a filter, the stratifier or the landmark reads a column of an
        endpoint.
    """
    if spec.outcome != "locked":
        return
    hidden = outcome_columns(dataset, spec) | ({spec.response} if spec.response else set())
    asked = {
        "where": any(parse(text, dataset.variables).column in hidden for text in spec.where),
        "group_by": spec.group_by in hidden,
        "second_by": spec.second_by in hidden,
        "landmark": spec.landmark is not None,
    }
    for name, reads in asked.items():
        if reads:
            problem = f"The outcome is locked, and '{name}' reads it"
            raise SpecError(name, problem, f"Leave out '{name}', or leave out outcome=locked")


def outcome_columns(dataset: Dataset, spec: AnalysisSpec) -> frozenset[str]:
    """Columns of the endpoint that is asked for and of all known ones."""
    names = [getattr(spec, role) for role in ("time", "start", "end", "event")]
    names += [name for e in dataset.endpoints for name in (e.time, e.event)]
    return frozenset(name for name in names if name)


def without_search(spec: AnalysisSpec) -> AnalysisSpec:
    """The spec with the median in place of a search, where the outcome is locked."""
    if spec.outcome != "locked" or spec.cut_rule not in SEARCHES:
        return spec
    return spec.but(cut_rule="median", cut_value=())


def parts_of(spec: AnalysisSpec, names: tuple[str, ...]) -> tuple[str, ...]:
    """The parts that may be answered: all, or with a locked outcome only who is in.

    Raises
    ------
    SpecError
        If the outcome is locked and a result that uses it, or a search, is asked for.
    """
    if spec.outcome != "locked":
        return names
    if spec.cut_rule in SEARCHES or set(spec.parts) - set(BLIND):
        raise SpecError("outcome", "The outcome is locked", "Leave out outcome to analyse it")
    return tuple(name for name in names if name in BLIND)


def was_locked(groups: Groups, spec: AnalysisSpec) -> bool:
    """Whether the cut in force is the one at which the outcome was unlocked."""
    return spec.unlocked is not None and spec.unlocked == cut_text(groups, spec)


def chosen_blind(groups: Groups, spec: AnalysisSpec) -> bool:
    """Whether, moreover, nothing of the outcome had been looked at before."""
    return was_locked(groups, spec) and not Counts.parse(spec.explored).earlier
