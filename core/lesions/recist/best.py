"""The best overall response, with and without confirmation.

Methods
-------
Only assessments up to the first progression count. The best response is the best of CR, PR, SD,
non-CR/non-PD, PD and not evaluable, in this order; SD and non-CR/non-PD need a least time since
the start (default 6 weeks), an earlier one counts as not evaluable. The start is the baseline
visit, or a given day.

Confirmed: a CR needs a second one at least 4 weeks later with nothing but CR between, a PR a later
CR or PR with nothing but CR and PR between and no PR after a CR; one not evaluable assessment may
lie between. A response that is not confirmed counts as SD, if it is late enough for that.

Clinical benefit: a CR or PR, or any assessment without progression at least 24 weeks after the
start. Who was last assessed before that has had none.

References
----------
Eisenhauer EA et al. Eur J Cancer 2009;45:228-247, section 4.4 and table 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from core.lesions.recist.response import CR, NE, NON, PD, PR, SD
from core.lesions.recist.rules import WEEK, Rules
from core.notes import Note, counted, info, warning

METHODS = (
    "The best overall response was the best assessment up to the first progression; a confirmed "
    "response was seen again at least four weeks later."
)
RANKS = (CR, PR, SD, NON, PD, NE)
GOOD = (CR, PR)

Record = tuple[float, str]
"""Day and response of one assessment."""


def best(
    frame: pd.DataFrame, *, rules: Rules | None = None, start: Mapping[str, float] | None = None
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Find the best overall response of each patient.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``patient day overall_response``, in the order of the visits; days may be NaN. As
        `Assessments.frame`; empty responses do not count.
    rules : Rules, optional
    start : mapping of str to float, optional
        Day of each patient from which times count; default 0, the baseline visit.

    Returns
    -------
    (pandas.DataFrame, tuple of Note)
        One row per patient, sorted: ``best_response best_day`` (None, NaN without an
        assessment), ``best_response_confirmed confirmed_day`` (None also where the days are not
        known), ``objective_response objective_response_confirmed clinical_benefit`` (``yes``,
        ``no``, None), ``response_day`` (of the first CR or PR; NaN without one).

    Examples
    --------
    >>> seen = pd.DataFrame({"patient": ["a"] * 3, "day": [56.0, 112.0, 168.0],
    ...                      "overall_response": ["PR", "PR", "PD"]})
    >>> best(seen)[0][["best_response", "best_response_confirmed", "clinical_benefit"]].values
    array([['PR', 'PR', 'yes']], dtype=object)
    """
    rules = rules or Rules()
    rows = []
    for patient, days, responses in _histories(frame):
        zero = (start or {}).get(patient, 0.0)
        records = _until_progression(days - zero, responses)
        rows.append({"patient": patient, **_summary(records, rules, zero)})
    made = pd.DataFrame(rows)
    return made, _notes(frame, made, rules, start or {})


def _histories(frame: pd.DataFrame) -> list[tuple[str, np.ndarray, np.ndarray]]:
    ordered = frame.sort_values("patient", kind="stable")
    patients = ordered["patient"].to_numpy()
    cuts = np.flatnonzero(patients[1:] != patients[:-1]) + 1
    days = np.split(ordered["day"].to_numpy(dtype=float), cuts)
    responses = np.split(ordered["overall_response"].to_numpy(), cuts)
    first = patients[np.concatenate([[0], cuts]).astype(int)] if len(patients) else patients
    return list(zip(first.tolist(), days, responses, strict=True)) if len(patients) else []


def _until_progression(days: np.ndarray, responses: np.ndarray) -> list[Record]:
    records = []
    for day, response in zip(days.tolist(), responses.tolist(), strict=True):
        if not response:
            continue
        records.append((day, response))
        if response == PD:
            break
    return records


def _summary(records: Sequence[Record], rules: Rules, zero: float) -> dict[str, object]:
    plain = _best([_counted_as(r, rules) for r in records])
    timed = not any(np.isnan(day) for day, _ in records)
    confirmed = _best([_confirmed_as(records, i, rules) for i in range(len(records))])
    sure = confirmed[1] if timed else None
    good = [day for day, response in records if response in GOOD]
    return {
        "best_response": plain[1],
        "best_day": plain[0] + zero,
        "best_response_confirmed": sure,
        "confirmed_day": confirmed[0] + zero if timed else np.nan,
        "objective_response": _word(plain[1], plain[1] in GOOD),
        "objective_response_confirmed": _word(
            confirmed[1] if timed else None, confirmed[1] in GOOD
        ),
        "clinical_benefit": _word(plain[1] if timed or good else None, _benefits(records, rules)),
        "response_day": good[0] + zero if good else np.nan,
    }


def _word(known: str | None, holds: bool) -> str | None:
    return None if known is None else ("yes" if holds else "no")


def _best(records: Sequence[Record]) -> tuple[float, str | None]:
    """The first of the best records."""
    if not records:
        return np.nan, None
    return min(records, key=lambda r: RANKS.index(r[1]))


def _counted_as(record: Record, rules: Rules) -> Record:
    day, response = record
    early = day < rules.stable_days  # False where the day is not known.
    return (day, NE) if response in (SD, NON) and early else record


def _confirmed_as(records: Sequence[Record], i: int, rules: Rules) -> Record:
    day, response = records[i]
    if response in GOOD and not _is_confirmed(records, i, rules):
        return _counted_as((day, SD), rules)
    return _counted_as(records[i], rules)


def _is_confirmed(records: Sequence[Record], i: int, rules: Rules) -> bool:
    """Whether a later assessment confirms a response, with nothing between that speaks against."""
    day, response = records[i]
    unknown = stable = 0
    cleared = False
    for later, seen in records[i + 1 :]:
        right = seen == CR or (seen == PR and response == PR and not cleared)
        if right:
            if later - day >= rules.confirm_days:
                return True
            cleared = cleared or seen == CR
            continue
        unknown += seen == NE
        stable += seen == SD
        allowed = seen == NE or (seen == SD and response == PR and rules.stable_between)
        if not allowed or unknown > rules.most_unknown or stable > 1:
            return False
    return False


def _benefits(records: Sequence[Record], rules: Rules) -> bool:
    lasting = (CR, PR, SD, NON)
    return any(
        response in GOOD or (response in lasting and day >= rules.benefit_days)
        for day, response in records
    )


def _notes(
    frame: pd.DataFrame, made: pd.DataFrame, rules: Rules, start: Mapping[str, float]
) -> tuple[Note, ...]:
    notes: list[Note] = []
    if made.empty:
        return ()
    seen = frame[frame["overall_response"] != ""]
    if seen["day"].isna().any():
        text = (
            "Without days no response can be confirmed, stable disease needs no least time, and "
            "clinical benefit is known of responders only."
        )
        notes.append(warning("best_response", text))
    zero = seen["patient"].map(lambda p: start.get(p, 0.0)).astype(float)
    since = seen["day"] - zero
    lasting = seen["overall_response"].isin((CR, PR, SD, NON))
    last = since[lasting].groupby(seen.loc[lasting, "patient"]).max()
    benefit = made.set_index("patient")["clinical_benefit"]
    near = last.between(rules.benefit_days - WEEK, rules.benefit_days, inclusive="left")
    few = int((near & (benefit.reindex(last.index) == "no")).sum())
    if few:
        weeks = rules.benefit_days / WEEK
        text = (
            f"{counted(few, 'patient')} without progression at less than a week before {weeks:g} "
            "weeks and not assessed without progression after it: counted as no clinical benefit."
        )
        notes.append(warning("clinical_benefit", text))
    early = seen["overall_response"].isin((SD, NON)) & (since < rules.stable_days)
    unknown = made.set_index("patient")["best_response"] == NE
    only = int(seen.loc[early, "patient"].drop_duplicates().map(unknown).sum())
    if only:
        text = (
            f"{counted(only, 'patient')} had stable disease only before "
            f"{rules.stable_days / WEEK:g} weeks: the best response counts as not evaluable."
        )
        notes.append(info("best_response", text))
    return tuple(notes)
