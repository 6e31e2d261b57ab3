"""Time our statistics against lifelines': curves with their test, and a univariable table.

Run as ``python -m benchmarks.curves`` from the folder of the project. Both sides run in one
process, in turns, on the same numbers; what is compared is the ratio, which hardly depends on the
computer. Before anything is timed, the answers are compared: a fast wrong answer is worth nothing.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from core.cohort import select
from core.dataset import Dataset, Variable
from core.spec import AnalysisSpec
from core.survival import cox, curve, km, logrank

ROUNDS = 15
FEWER = 3
"""Rounds of what takes seconds."""
TERMS = 20


def table(n: int, *, terms: int = 0) -> Dataset:
    """A table of made-up patients in days; a fixed seed, so that every run times the same."""
    random = np.random.default_rng(20261122)
    x = random.normal(size=(n, max(terms, 1)))
    time_, censored = random.exponential(900 * np.exp(-0.4 * x[:, 0])), random.uniform(90, 2600, n)
    frame = pd.DataFrame({f"x{i}": x[:, i] for i in range(x.shape[1])})
    frame["time"] = np.ceil(np.minimum(time_, censored))
    frame["event"] = (time_ <= censored).astype(float)
    variables = {str(name): Variable(str(name), decimals=2) for name in frame.columns}
    return Dataset("made-up", frame, variables, f"{n}-{terms}", "made-up")


def question(**fields: object) -> AnalysisSpec:
    """The question that both sides answer."""
    plain = AnalysisSpec(
        time="time", unit="days", event="event", event_is=("1",), show_unit="days",
    )  # fmt: skip
    return plain.but(**fields)


def best_of(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Milliseconds of processor time of the fastest of a few runs: the one least disturbed."""
    took = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        took.append(time.process_time() - start)
    return 1000 * min(took)


def compare_curves(n: int) -> tuple[float, float, float]:
    """Time curves with limits and the log-rank test of two groups; ours, lifelines', all of ours.

    The third number is everything that a move of the slider computes: also medians, restricted
    means, the hazard ratio and S(t) at the chosen times.
    """
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import logrank_test

    data = table(n)
    spec = question(group_by="x0", cut_rule="median")
    cohort = select(data, spec)
    high = cohort.groups.codes == 1
    t, e = cohort.time, cohort.event

    def ours() -> tuple[list[curve.Curve], float]:
        found = curve.curves(cohort, spec, event=e, codes=cohort.groups.codes, n_groups=2)
        return found, float(logrank.compare(cohort, spec).p_value or 0)

    def theirs() -> tuple[list[pd.DataFrame], float]:
        fitted = [KaplanMeierFitter().fit(t[g], e[g]) for g in (~high, high)]
        test = logrank_test(t[high], t[~high], e[high], e[~high])
        # lifelines computes the limits with the fit.
        return [fit.survival_function_ for fit in fitted], float(test.p_value)

    (mine, p), (others, their_p) = ours(), theirs()
    assert np.isclose(p, their_p)
    for one, other in zip(mine, others, strict=True):
        assert np.allclose(one.estimate, other.iloc[1:, 0].to_numpy())  # theirs begins at 0
    return best_of(ours), best_of(theirs), best_of(lambda: km.estimate(cohort, spec))


def compare_univariable(n: int) -> tuple[float, float]:
    """Time a table of univariable models, one for each of 20 terms; ours and lifelines'."""
    from lifelines import CoxPHFitter

    data = table(n, terms=TERMS)
    names = tuple(f"x{i}" for i in range(TERMS))
    spec = question(terms=names)
    cohort = select(data, spec)

    def ours() -> list[float]:
        return [row.coef or 0.0 for row in cox.model(cohort, spec).univariable]

    def theirs() -> list[float]:
        columns = [data.frame[[name, "time", "event"]] for name in names]
        return [float(CoxPHFitter().fit(c, "time", "event").params_.iloc[0]) for c in columns]

    assert np.allclose(ours(), theirs(), atol=1e-4)
    return best_of(ours, FEWER), best_of(theirs, FEWER)


def line(name: str, ours: float, theirs: float) -> str:
    return f"{name:<58}{ours:>9.2f}{theirs:>11.2f}{theirs / ours:>8.1f}"


def main() -> int:
    """Measure and print a small table."""
    warnings.simplefilter("ignore")  # lifelines' advice on its own deprecations
    print("Processor time, milliseconds, the fastest of some runs")
    print(f"{'':<58}{'ours':>9}{'lifelines':>11}{'ratio':>8}")
    for n in (686, 3000):
        ours, theirs, everything = compare_curves(n)
        print(line(f"two curves, limits, log-rank test, n = {n:,}", ours, theirs))
        print(
            f"{f'  with medians, means, hazard ratio: one move, n = {n:,}':<58}{everything:>9.2f}"
        )
    for n in (686, 3000):
        ours, theirs = compare_univariable(n)
        # Ours fits the model of all terms and tests its assumptions in the same call.
        print(line(f"univariable table of {TERMS} terms, n = {n:,}", ours, theirs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
