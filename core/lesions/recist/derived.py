"""One row per patient from lesions by visit, under the names of the headless command.

Methods
-------
What the patient columns are, and when each of them became known, so that the guard against groups
that are known only later can act: nothing here but the baseline sum and the numbers of lesions is
known when the follow-up begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.dataset import KNOWN_LATER, Variable
from core.lesions.recist import best, models, progression
from core.lesions.recist.response import Assessments, assess
from core.lesions.recist.rules import WEEK, Rules
from core.lesions.recist.table import Lesions
from core.lesions.recist.vocabulary import NON_TARGET, RESPONSES, TARGET
from core.notes import Note

PROGRESSED, ASSESSED = "progression", "assessment"
"""Events that make a column known; their times are columns themselves."""


@dataclass(frozen=True, eq=False)
class Derived:
    """Columns for the table of patients.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by patient (text), sorted. Numbers are floats with NaN for missing, the rest is
        text with None.
    variables : mapping of str to Variable
        One per column, in order; `meaning` is its definition.
    assessments : Assessments
    modes : core.lesions.recist.models.Modes
    notes : tuple of Note
    left : mapping of str to str
        Why a patient has no mode of progression, or no response.
    """

    frame: pd.DataFrame
    variables: Mapping[str, Variable]
    assessments: Assessments
    modes: models.Modes
    notes: tuple[Note, ...]
    left: Mapping[str, str]


def patients(
    lesions: Lesions, rules: Rules | None = None, *, start: Mapping[str, float] | None = None
) -> Derived:
    """Derive the columns of every patient.

    Parameters
    ----------
    lesions : Lesions
    rules : Rules, optional
    start : mapping of str to float, optional
        Day of each patient, counted from her baseline visit, from which the least times of stable
        disease and of clinical benefit count; default 0. Never the origin of the times here.

    Examples
    --------
    >>> from core.lesions.recist.reading import read
    >>> sheet = pd.DataFrame({"patient": ["a"], "lesion": ["T1"], "baseline": [20.0],
    ...                       "week 8": [12.0], "week 16": [20.0]})
    >>> found = patients(read([sheet])).frame
    >>> found[["best_response", "pd_mode", "time_to_progression"]].values.tolist()
    [['PR', 'Hom-PD', 112.0]]
    """
    rules = rules or Rules()
    found = assess(lesions)
    ends = progression.ends(found)
    mode = models.modes(found, lesion_pd=rules.lesion_pd)
    responses, said = best.best(found.frame, rules=rules, start=start)
    responses = responses.set_index("patient").reindex(ends.index)
    frame = pd.concat(
        [
            _at_the_end(ends), mode.frame[[*models.MODELS, "pd_mode"]],
            _best(responses), _measures(found, ends), _times(found, ends),
        ],
        axis=1,
    )  # fmt: skip
    timed = bool(ends["day"].notna().any())
    dated = bool(ends["date"].notna().any())
    variables = _variables(rules, frame, timed=timed, dated=dated)
    notes = (*lesions.notes, *found.notes, *mode.notes, *said)
    return Derived(frame[list(variables)], variables, found, mode, notes, _left(ends))


def _at_the_end(ends: pd.DataFrame) -> pd.DataFrame:
    columns = ["target_response", "non_target_response", "overall_response"]
    made = pd.DataFrame({c: _where(ends[c], ends[c] != "") for c in columns}, index=ends.index)
    new = pd.Series(np.where(ends["new_lesions"] > 0, "yes", "no"), index=ends.index)
    made.insert(2, "new_lesions", _where(new, ends["visit"] > 0))
    return made


def _where(values: pd.Series, there: pd.Series) -> np.ndarray:
    """Texts where they hold, None elsewhere."""
    kept = values.to_numpy(dtype=object).copy()
    kept[~there.to_numpy(dtype=bool) | values.isna().to_numpy()] = None
    return kept


def _best(responses: pd.DataFrame) -> pd.DataFrame:
    columns = [
        "best_response", "best_response_confirmed", "objective_response",
        "objective_response_confirmed", "clinical_benefit",
    ]  # fmt: skip
    return responses[columns].astype(object)


def _measures(found: Assessments, ends: pd.DataFrame) -> pd.DataFrame:
    """Numbers from the sizes: at the baseline, at the best, at the end."""
    made = pd.DataFrame(index=ends.index)
    frame, at = found.frame, ends.index
    first = frame[frame["visit"] == 0].set_index("patient")
    made["baseline_sum"] = first["sum_of_diameters"].reindex(at)
    until = frame[frame["visit"] <= frame["patient"].map(ends["visit"])]
    made["best_change"] = until.groupby("patient")["change_baseline"].min().reindex(at)
    grid = found.lesions[found.lesions["visit"] == 0]
    for name, kind in (("n_target", TARGET), ("n_non_target", NON_TARGET)):
        count = grid[grid["kind"] == kind].groupby("patient").size()
        made[name] = count.reindex(at).fillna(0).astype(float)
    lesions = progression.lesions_at(found, ends["visit"])
    grown = lesions.groupby("patient")["progressed"].sum().reindex(at).fillna(0).astype(float)
    made["n_progressed"] = grown.where(ends["progressed"])
    return made


def _times(found: Assessments, ends: pd.DataFrame) -> pd.DataFrame:
    made = pd.DataFrame(index=ends.index)
    first = found.frame[found.frame["visit"] == 0].set_index("patient")["date"]
    made["baseline_date"] = _where(first.reindex(ends.index), ends["visit"] >= 0)
    progressed = ends["progressed"]
    made["time_to_progression"] = ends["day"].where(progressed)
    made["progression_date"] = _where(ends["date"], progressed)
    assessed = ends["visit"] > 0
    made["time_to_assessment"] = ends["day"].where(assessed)
    made["assessment_date"] = _where(ends["date"], assessed)
    made["pfs_time"], made["pfs_event"] = ends["pfs_time"], ends["pfs_event"]
    return made


def _variables(
    rules: Rules, frame: pd.DataFrame, *, timed: bool, dated: bool
) -> dict[str, Variable]:
    """The dictionary; a time that the table does not have makes no column."""
    known = {"": ""}
    for event, day, date in (
        (PROGRESSED, "time_to_progression", "progression_date"),
        (ASSESSED, "time_to_assessment", "assessment_date"),
    ):
        known[event] = date if dated else (day if timed else KNOWN_LATER)
    made: dict[str, Variable] = {}
    for name, label, levels, event, meaning in (*_categories(rules), *_models(rules)):
        # A level that RECIST has stays in its place; one that nobody has is not shown.
        there = set(frame[name].dropna())
        order = tuple(level for level in levels if level in there)
        made[name] = Variable(name, label, "category", levels=order, known=known[event],
                              meaning=meaning)  # fmt: skip
    for name, label, unit, event, meaning in _NUMBERS:
        if timed or not (name.startswith(("time_", "pfs_"))):
            made[name] = Variable(name, label, "number", unit, known=known[event], meaning=meaning)
    for name, label, event, meaning in _DATES if dated else ():
        made[name] = Variable(name, label, "date", known=known[event], meaning=meaning)
    return made


_Row = tuple[str, str, tuple[str, ...], str, str]
_YES = ("no", "yes")
_END = "at the first progression, or at the last visit where there is none"


def _categories(rules: Rules) -> tuple[_Row, ...]:
    stable, confirm = f"{rules.stable_days / WEEK:g}", f"{rules.confirm_days / WEEK:g}"
    benefit = f"{rules.benefit_days / WEEK:g}"
    from_best = f"Best response by RECIST 1.1 up to the first progression; stable disease from " \
        f"{stable} weeks on"  # fmt: skip
    return (
        ("target_response", "Response of the targets", RESPONSES, ASSESSED,
         f"Response of the target lesions by RECIST 1.1 {_END}."),
        ("non_target_response", "Response of the non-targets", RESPONSES, ASSESSED,
         f"Response of the non-target lesions by RECIST 1.1 {_END}."),
        ("new_lesions", "New lesions", _YES, ASSESSED, f"Whether a new lesion was seen {_END}."),
        ("overall_response", "Overall response", RESPONSES, ASSESSED,
         f"Overall response by RECIST 1.1 {_END}."),
        ("best_response", "Best response", RESPONSES, ASSESSED, f"{from_best}."),
        ("best_response_confirmed", "Best response, confirmed", RESPONSES, ASSESSED,
         f"{from_best}; CR and PR were seen again at least {confirm} weeks later."),
        ("objective_response", "Objective response", _YES, ASSESSED,
         "CR or PR as the best response."),
        ("objective_response_confirmed", "Objective response, confirmed", _YES, ASSESSED,
         f"CR or PR that was seen again at least {confirm} weeks later."),
        ("clinical_benefit", "Clinical benefit", _YES, ASSESSED,
         f"CR, PR, or an assessment without progression {benefit} weeks after the start or later; "
         "who was last assessed before that has had none."),
    )  # fmt: skip


def _models(rules: Rules) -> tuple[_Row, ...]:
    both = (models.GROUP_1, models.GROUP_2)
    by_lesion = (
        "every target lesion at least 20 % and 5 mm above its own nadir and every non-target "
        "lesion called progressive"
    )
    by_category = "progression of the targets by their sum and of the non-targets as a whole"
    every = by_lesion if rules.lesion_pd == "lesion" else by_category
    at = "At the first progression"
    return (
        ("pd_model_a", "Progression, model A", both, PROGRESSED,
         f"{at}: group 1 where only non-targets or new lesions progressed, group 2 where the "
         "targets did."),
        ("pd_model_b", "Progression, model B", both, PROGRESSED,
         f"{at}: group 1 where there were only new lesions, group 2 where targets or non-targets "
         "progressed."),
        ("pd_model_c", "Progression, model C", both, PROGRESSED,
         f"{at}: group 2 where all lesions progressed ({every}), group 1 where not."),
        ("pd_mode", "Mode of progression", (models.HETER, models.HOM), PROGRESSED,
         f"{at}: Hom-PD where all lesions progressed ({every}), Heter-PD where not."),
    )  # fmt: skip


_NUMBERS: tuple[tuple[str, str, str, str, str], ...] = (
    ("baseline_sum", "Sum of diameters at the baseline", "mm", "",
     "Sum of the longest diameters of the targets (lymph nodes: short axes) at the baseline."),
    ("n_target", "Target lesions", "", "", "Target lesions of the patient."),
    ("n_non_target", "Non-target lesions", "", "", "Non-target lesions of the patient."),
    ("best_change", "Best change of the sum of diameters", "%", ASSESSED,
     "Lowest change of the sum of diameters from the baseline, up to the first progression."),
    ("n_progressed", "Lesions that progressed", "", PROGRESSED,
     "Target and non-target lesions that progressed, at the first progression."),
    ("time_to_progression", "Time to progression", "days", PROGRESSED,
     "Days from the baseline visit to the first progression; missing without one."),
    ("time_to_assessment", "Time to the last assessment", "days", ASSESSED,
     "Days from the baseline visit to the first progression or the last visit."),
    ("pfs_time", "PFS from the lesions", "days", ASSESSED,
     "Days from the baseline visit to the first progression, or to the last evaluable visit."),
    ("pfs_event", "Progression", "", ASSESSED, "1: progression, 0: none; deaths are not in it."),
)  # fmt: skip
_DATES: tuple[tuple[str, str, str, str], ...] = (
    ("baseline_date", "Date of the baseline", "",
     "Date of the first scan of the baseline visit, from which the times count."),
    ("progression_date", "Date of progression", PROGRESSED,
     "Date of the first scan of the visit of the first progression; missing without one."),
    ("assessment_date", "Date of the last assessment", ASSESSED,
     "Date of the first progression or of the last visit."),
)  # fmt: skip


def _left(ends: pd.DataFrame) -> dict[str, str]:
    alone, free = "only a baseline visit, so no response", "no progression, so no mode of it"
    return {
        str(patient): alone if visit == 0 else free
        for patient, visit, progressed in zip(
            ends.index, ends["visit"], ends["progressed"], strict=True
        )
        if not progressed
    }
