"""What is said of response and progression, and its tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.lesions.recist.compare import Comparison
from core.lesions.recist.grammar import CONDITIONS, parse
from core.lesions.recist.models import HETER, HOM, MODELS, Modes
from core.lesions.recist.rules import WEEK, Rules
from core.lesions.recist.vocabulary import RESPONSES
from core.notes import counted
from core.survival.progression.modes import NAMES, ModelComparison, ModesResult
from core.survival.results import Row
from core.view import numbers
from core.view.progression.people import People

MOST_ROWS = 200
"""Disagreements shown on the screen; the download has all."""


def finding(people: People) -> str:
    """Patients, visits, responses and progression in a few sentences."""
    table = people.table
    visits = people.visits()
    later = int((visits["visit"] > 0).sum())
    progressed = int(table["progressed"].sum())
    heter, hom = (int((table["pd_mode"] == mode).sum()) for mode in (HETER, HOM))
    text = (
        f"{counted(people.n, 'patient')} with {counted(later, 'visit')} after the baseline. "
        f"{_share(table['objective_response'], 'Objective response (CR or PR)')} "
        f"{_share(table['clinical_benefit'], 'Clinical benefit')} "
        f"{progressed} progressed"
    )
    if not progressed:
        return f"{text}."
    return f"{text}: {heter} heterogeneously (Heter-PD), {hom} homogeneously (Hom-PD)."


def _share(column: pd.Series, what: str) -> str:
    known = int(column.notna().sum())
    if not known:
        return f"{what}: not known."
    yes = int((column == "yes").sum())
    return f"{what} in {yes} of {known} ({numbers.percent(yes / known)}%)."


def best_responses(people: People) -> pd.DataFrame:
    """Best responses, with and without confirmation."""
    columns = ("best_response", "best_response_confirmed")
    rows = []
    for level in (*RESPONSES, None):
        counts = []
        for name in columns:
            column = people.table[name]
            counts.append(int((column.isna() if level is None else column == level).sum()))
        if any(counts):
            called = "Not assessed, or not known" if level is None else level
            rows.append({"Best response": called, **_cells(counts, people.n)})
    for what, name in (("Objective response", "objective_response"),
                       ("Clinical benefit", "clinical_benefit")):  # fmt: skip
        confirmed = f"{name}_confirmed"
        both = [int((people.table[c] == "yes").sum()) for c in (name, confirmed)
                if c in people.table]  # fmt: skip
        rows.append({"Best response": what, **_cells(both, people.n)})
    return pd.DataFrame(rows)


def _cells(counts: list[int], n: int) -> dict[str, str]:
    texts = [f"{c} ({numbers.percent(c / n if n else None)}%)" for c in counts]
    texts += ["–"] * (2 - len(texts))
    return {"As first seen": texts[0], "Confirmed": texts[1]}


def rules(used: Rules) -> str:
    """The variant of RECIST in one line."""
    return (
        "RECIST 1.1, from the single lesions. Only visits up to the first progression count. A "
        f"response is confirmed when it is seen again at least {used.confirm_days / WEEK:g} weeks "
        f"later; stable disease counts from week {used.stable_days / WEEK:g} on; clinical benefit "
        f"is CR, PR, or no progression at week {used.benefit_days / WEEK:g} or later."
    )


def truth_table() -> pd.DataFrame:
    """The models in words, in a table for every combination of what progressed."""
    rows = []
    for target in (True, False):
        for other in (True, False):
            for new in (True, False):
                if target or other or new:
                    rows.append(_truth(target=target, other=other, new=new))
    return pd.DataFrame(rows)


def _truth(*, target: bool, other: bool, new: bool) -> dict[str, str]:
    said = {"T": target, "NT": other, "NL": new, "allT": target, "allNT": other}
    holds = {name: np.array([value]) for name, value in said.items()}
    row = {
        "Targets progressed": _yes(target), "Non-targets progressed": _yes(other),
        "New lesion": _yes(new),
    }  # fmt: skip
    for name, rule in MODELS.items():
        first, second = (HETER, HOM) if name == "pd_model_c" else ("group 1", "group 2")
        row[NAMES[name]] = first if parse(rule).holds(holds)[0] else second
    return row


def _yes(value: bool) -> str:
    return "yes" if value else "no"


TRUTH = (
    "For a patient with targets and non-targets, read by category. Without lesions of a kind, that "
    "kind does not stand in the way of Hom-PD. Read lesion by lesion, a 'yes' for Hom-PD asks that "
    "every single lesion of the kind progressed: one that did not makes Heter-PD."
)
CONDITIONS_SAID = "The conditions: " + "; ".join(f"{k} = {v}" for k, v in CONDITIONS.items()) + "."


def readings(people: People, found: Modes) -> str:
    """How many patients change with the reading of model C."""
    mine = found.frame.reindex(list(people.place))
    progressed = mine[mine["progressed"].fillna(False).astype(bool)]
    changed = int((progressed["pd_mode_lesion"] != progressed["pd_mode_category"]).sum())
    counts = {
        reading: int((progressed[f"pd_mode_{reading}"] == HOM).sum())
        for reading in ("lesion", "category")
    }
    return (
        f"'All lesions progressed' (model C) lesion by lesion: {counts['lesion']} of "
        f"{len(progressed)} are Hom-PD; by category: {counts['category']}. "
        f"{counted(changed, 'patient')} {'changes' if changed == 1 else 'change'} between the two."
    )


def sizes(people: People, found: Modes, extra: tuple[str, ...] = ()) -> pd.DataFrame:
    """Group sizes of every model among all who progressed."""
    rows = []
    for label, rule in (*((NAMES[m], r) for m, r in MODELS.items()), *((e, e) for e in extra)):
        group = found.group(rule).reindex(list(people.place))
        counts = [int((group == g).sum()) for g in ("group 1", "group 2")]
        total = sum(counts)
        shares = [f"{c} ({numbers.percent(c / total if total else None)}%)" for c in counts]
        rows.append(
            {"Model": label, "Group 1": shares[0], "Group 2": shares[1],
             "Group 1 is": parse(rule).says}
        )  # fmt: skip
    return pd.DataFrame(rows)


def separation(result: ModesResult) -> str:
    """What the models separate, in a sentence."""
    tested = [m for m in result.models if m.p_adjusted is not None]
    if not tested:
        return "No model divides these patients into two groups that can be compared."
    best = min(tested, key=lambda m: m.test.p_value if m.test.p_value is not None else 2.0)
    p = numbers.p_value(best.p_adjusted)
    clear = best.p_adjusted is not None and best.p_adjusted < 0.05
    said = "separates survival most" if clear else "comes closest, but separates nothing for sure"
    return (
        f"{counted(result.n, 'patient')}, {counted(result.events, 'event')} after the progression. "
        f"{best.label} {said}: p {p} after allowing for {len(result.models)} models."
    )


def comparison(result: ModesResult, unit: str) -> pd.DataFrame:
    """All models side by side."""
    return pd.DataFrame([_row(model, unit) for model in result.models])


def _row(model: ModelComparison, unit: str) -> dict[str, str]:
    row = {"Model": model.label}
    for number, group in enumerate(model.groups, 1):
        median = numbers.time_with_limits(group.median, group.conf_low, group.conf_high, unit)
        row[f"Group {number}: n, events"] = f"{group.n}, {group.events}"
        row[f"Median {number}, {unit}"] = median if group.n else "–"
    row["HR, 2 against 1"] = _ratio(model.hazard_ratio)
    row["p"] = numbers.p_cell(model.test.p_value)
    row["p, adjusted"] = numbers.p_cell(model.p_adjusted)
    return row


def _ratio(row: Row | None) -> str:
    if row is None:
        return numbers.NOT_ESTIMABLE
    return numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high)


def comparison_numbers(result: ModesResult) -> pd.DataFrame:
    """All models in full precision, one row each, for CSV."""
    rows = []
    for model in result.models:
        row: dict[str, object] = {"model": model.label, "group_1_is": model.rule}
        for i, group in enumerate(model.groups, 1):
            row |= {f"label_{i}": group.label, f"n_{i}": group.n, f"events_{i}": group.events,
                    f"median_{i}": group.median, f"conf_low_{i}": group.conf_low,
                    f"conf_high_{i}": group.conf_high}  # fmt: skip
        ratio = model.hazard_ratio
        row |= {
            "hazard_ratio": None if ratio is None else ratio.hazard_ratio,
            "conf_low": None if ratio is None else ratio.conf_low,
            "conf_high": None if ratio is None else ratio.conf_high,
            "p_value": model.test.p_value, "p_adjusted": model.p_adjusted,
        }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


def agreement(found: Comparison) -> str:
    """How often an investigator's response agrees."""
    same = found.n - len(found.disagreements)
    return (
        f"The investigator's response is that of RECIST 1.1 at {same:,} of "
        f"{counted(found.n, 'visit')} ({numbers.percent(same / found.n)}%)."
    )


def disagreements(found: Comparison) -> pd.DataFrame:
    """Where it does not, by line of the file and visit."""
    return pd.DataFrame(
        [
            {"Line": str(one.line), "Visit": one.visit, "From the lesions": one.ours,
             "Investigator": one.theirs, "Because": one.why}
            for one in found.disagreements
        ],
        columns=["Line", "Visit", "From the lesions", "Investigator", "Because"],
    )  # fmt: skip
