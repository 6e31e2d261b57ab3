"""Made-up patients for `benchmarks.cutoffs`, the clock, and a line of its table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.cohort import Cohort, select
from core.dataset import Dataset, Variable
from core.search import Search
from core.spec import AnalysisSpec
from core.survival.cutoff import scan
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.kernels import scan as kernels

SEED = 20261125


@dataclass(frozen=True, eq=False)
class Patients:
    """Made-up patients, and what is kept of them between two questions."""

    x: np.ndarray
    time: np.ndarray
    event: np.ndarray
    cohort: Cohort
    found: Search
    endpoint: Endpoint
    order: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """Sizes of the low groups of all cutoffs."""
        return self.found.size.astype(np.int64)

    def logranks(self) -> tuple[np.ndarray, np.ndarray]:
        """Log-rank score and variance at every cutoff, both orders kept."""
        e = self.endpoint
        last, event = e.last[self.order], e.event[self.order]
        return kernels.logranks(last, event, self.size, e.at, e.dead)

    def hazards(self) -> tuple[np.ndarray, np.ndarray]:
        """Log hazard ratio and information at every cutoff, both orders kept."""
        e = self.endpoint
        last, event = e.last[self.order], e.event[self.order]
        return kernels.hazards(last, event, self.size, e.at, e.dead, True)

    def sorted_anew(self) -> Patients:
        """The same, nothing kept."""
        endpoint = Endpoint.sorted(self.time, self.event)
        return replace(self, endpoint=endpoint, order=np.argsort(self.x, kind="stable"))


def patients(n: int) -> Patients:
    """Make up patients: whole months, a marker of which no two values agree, a weak effect.

    The effect gets weaker with n, so that the corrected p is neither 0 nor 1.
    """
    random = np.random.default_rng([SEED, n])
    z = random.normal(size=n)
    failure = random.exponential(40 * np.exp(-2.5 / np.sqrt(n) * z))
    censored = random.uniform(6, 120, n)
    frame = pd.DataFrame({"x": np.exp(1 + 0.5 * z)})
    frame["time"] = np.ceil(np.minimum(failure, censored))
    frame["event"] = (failure <= censored).astype(float)
    variables = {str(name): Variable(str(name)) for name in frame.columns}
    spec = AnalysisSpec(
        time="time", unit="months", event="event", event_is=("1",), show_unit="months",
        group_by="x", cut_rule="median", cut_side="gt",
    )  # fmt: skip
    cohort = select(Dataset("synthetic", frame, variables, str(n), "synthetic"), spec)
    x, found = scan.marker(cohort)
    endpoint, order = Endpoint.of(cohort), np.argsort(x, kind="stable")
    return Patients(x, cohort.time, cohort.event, cohort, found, endpoint, order)


def timed(run: Callable[[], object]) -> float:
    """Processor seconds of one run, as cutoffs.R times: the median of five batches.

    What takes longer than 2 s runs once, after the warm-up.
    """

    def used(times: int) -> float:
        began = time.process_time()
        for _ in range(times):
            run()
        return time.process_time() - began

    used(1)  # the warm-up, which compiles
    once = used(1)
    if once > 2:
        return once
    times = max(1, int(np.ceil(0.1 / max(once, 1e-6))))
    return statistics.median(used(times) / times for _ in range(5))


@dataclass(frozen=True)
class Row:
    """One line of the table: seconds, and how many times faster we have to be.

    Attributes
    ----------
    what : str
    n : int
    ours : float
    peer : str
    theirs : float or None
        None where nobody else does it in bearable time.
    target : float or None
    """

    what: str
    n: int
    ours: float
    peer: str = ""
    theirs: float | None = None
    target: float | None = None


def shown(row: Row) -> str:
    """One line of the printed table."""
    line = f"{row.what:<46}{row.n:>10,}{1000 * row.ours:>11.3f}"
    if row.theirs is None:
        return line
    ratio = row.theirs / row.ours
    line += f"{1000 * row.theirs:>13,.1f}{ratio:>10,.{0 if ratio >= 10 else 1}f}"
    if row.target is None:
        return f"{line}{'':>19}  {row.peer}"
    reached = "reached" if ratio >= row.target else "MISSED"
    return f"{line}{row.target:>10,.0f}{reached:>9}  {row.peer}"
