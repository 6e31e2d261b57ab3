"""From when on patients are followed and compared, in words; and what is known only later."""

from __future__ import annotations

import pandas as pd

from core.cohort import Cohort
from core.dataset import KNOWN_LATER, Dataset
from core.known import KnownLater, later
from core.notes import counted
from core.origin import start_of
from core.reading.roles.names import time_rank, unit_of
from core.spec import AnalysisSpec
from core.units import DAYS
from core.view import numbers

LANDMARK_HELP = (
    "Compare only who is still followed at this time, by what was known of them then. Use it for "
    "groups that form during treatment, such as responders. Empty: none."
)
ORIGIN_HELP = (
    "Count the time of every patient from another moment: the scan, the start of a line, the "
    "progression. Who was seen only later than that joins when she was."
)
ENTRY_HELP = (
    "When each patient came under observation, where that is after time 0, for example on "
    "referral: before it nobody could have been seen to die."
)
KNOWN_HELP = (
    "A response or a mode of progression is known only later. Groups by it are not compared from "
    "time 0: who lives long enough to respond has by that already lived."
)
MEANS = (
    "At a landmark every patient stays in the group she was in then, whatever happens afterwards. "
    "Under delayed entry a patient counts among those at risk from her entry on. Both are part of "
    "the question, so curves, tests and models follow."
)
AT_START = "at the start"


def finding(cohort: Cohort) -> str:
    """From when on the patients are followed and compared."""
    dataset, spec = cohort.dataset, cohort.spec
    start = spec.origin or start_of(dataset, spec)
    counted_from = f"'{dataset.variables[start].title}'" if start else "the start of the table"
    patients = numbers.count(cohort.included.n_patients)
    if spec.landmark is not None:
        left = sum(e.n for e in cohort.included.ledger if "by the landmark" in e.reason)
        return (
            f"Time is counted from {counted_from}, and the {patients} patients still followed at "
            f"{spec.landmark:g} {cohort.show_unit} are compared from then on; "
            f"{numbers.count(left)} had left or had the event before."
        )
    text = f"Time is counted from {counted_from} for all {patients} patients."
    late = 0 if cohort.entry is None else int((cohort.entry > 0).sum())
    if late:
        noun = "patient" if cohort.included.n_patients == cohort.n else "interval"
        verb = "counts" if late == 1 else "count"
        text += f" {counted(late, noun)} {verb} from later on (delayed entry)."
    return text


def known_later(dataset: Dataset) -> pd.DataFrame:
    """The variables that are known only later, for the screen: a row each."""
    rows = []
    for name in later(dataset):
        variable = dataset.variables[name]
        when = variable.known
        said = "later, it is not said when"
        if when != KNOWN_LATER:
            said = f"at {dataset.variables[when].title}" if when in dataset.variables else when
        rows.append({"Variable": variable.title, "Known": said})
    return pd.DataFrame(rows, columns=["Variable", "Known"])


def moments(dataset: Dataset, spec: AnalysisSpec) -> tuple[str, ...]:
    """Columns that can be another origin of time, or say when something became known.

    Dates where the date of time 0 is known, and numbers whose name or unit is one of time.
    """
    start = start_of(dataset, spec)
    dated = start is not None
    found = []
    for v in dataset.variables.values():
        if v.name in (start, spec.time, spec.event, spec.id):
            continue
        timed = v.unit in DAYS or unit_of(v.name) is not None or time_rank(v.name) is not None
        if (v.kind == "date" and dated) or (v.kind == "number" and timed):
            found.append(v.name)
    said = [name for name in later_times(dataset) if name not in found]
    return (*found, *said)


def later_times(dataset: Dataset) -> tuple[str, ...]:
    """Columns that say when a variable became known."""
    times = (dataset.variables[name].known for name in later(dataset))
    return tuple(dict.fromkeys(t for t in times if t in dataset.variables))


def entries(dataset: Dataset, spec: AnalysisSpec) -> tuple[str, ...]:
    """Columns that can be the entry into observation."""
    return tuple(name for name in moments(dataset, spec) if name != spec.origin)


def stopped(error: KnownLater) -> str:
    """Why a comparison is stopped, in two sentences for a clinician."""
    return (
        f"'{error.title}' is not known when time starts. Who lives long enough to get a value has "
        "by that already lived, so comparing by it from the start makes them look better than they "
        "are (immortal time). Three ways on:"
    )
