"""Time the search for a cutoff against R's maxstat, survminer and loops, and a lifelines loop.

Run as ``python -m benchmarks.cutoffs`` from the folder of the project, with R and its packages
survival, maxstat, survminer and jsonlite installed. All sides get the same made-up patients in the
same run; before a ratio is printed the answers are compared, and the run fails where they differ.
Processor time, medians, after a warm-up; R is started once and times itself (cutoffs.R).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.made_up import SEED, Patients, Row, patients, shown, timed
from core.search import logrank_scores, search
from core.survival import curve, logrank
from core.survival.cutoff import scan
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.kernels import resampling
from core.survival.cutoff.ordered import Ordered
from core.survival.cutoff.permutation import p_of, permuted_maxima
from core.survival.cutoff.stability import resampled

SEARCH = ("maxstat", "surv_cutpoint")
LOOPS = ("survdiff", "coxph")
AGAIN = ("permutations", "bootstraps")
SIZES = {
    300: (*SEARCH, *LOOPS, *AGAIN),
    3_000: (*SEARCH, *LOOPS, *AGAIN),
    30_000: (*SEARCH, *AGAIN),
    300_000: SEARCH,
    1_000_000: (*SEARCH, "curves"),
}
"""What R is asked at each number of patients: what takes it at most half a minute."""
PERMUTATIONS = 1000
BOOTSTRAPS = 1000
R_BOOTSTRAPS = 20
LIFELINES_CUTOFFS = 50
"""lifelines' loop is made over so many evenly spaced cutoffs and scaled to all of them."""
TARGETS = {
    ("survdiff", 3_000): 5_000,
    ("lifelines", 3_000): 20_000,
    ("coxph", 3_000): 1_000,
    ("permutations", 3_000): 20,
    ("bootstraps", 3_000): 100,
    ("curves", 1_000_000): 100,
}


def rscript(made: dict[int, Patients], folder: Path) -> dict[str, Any]:
    """Write the patients down and let R do all its tasks."""
    program = shutil.which("Rscript")
    if program is None:
        raise SystemExit("error: there is no Rscript (Debian: r-cran-maxstat r-cran-survminer)")
    for n, p in made.items():
        np.concatenate([p.x, p.time, p.event.astype(float)]).tofile(folder / f"{n}.bin")
        if "bootstraps" in SIZES[n]:
            (draws_of(n) + 1).astype(np.int32).tofile(folder / f"{n}.draws")
    tasks = {
        "seed": SEED,
        "permutations": PERMUTATIONS,
        "bootstraps": R_BOOTSTRAPS,
        "sizes": [{"n": n, "tasks": SIZES[n]} for n in made],
    }
    (folder / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    script = Path(__file__).with_name("cutoffs.R")
    subprocess.run([program, str(script), str(folder)], check=True)
    answers: dict[str, Any] = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    return answers


def draws_of(n: int) -> np.ndarray:
    """Rows of the bootstrap samples that both sides search, shape (samples, n)."""
    return np.random.default_rng([SEED, n, 1]).integers(0, n, (R_BOOTSTRAPS, n))


def agree(what: str, n: int, ours: Any, theirs: Any, *, relative: float) -> None:
    """End the run where two answers differ."""
    if not np.allclose(ours, theirs, rtol=relative, atol=relative):
        apart = float(np.nanmax(np.abs(np.asarray(ours) - np.asarray(theirs))))
        raise SystemExit(f"error: {what}, n = {n:,}: the answers are up to {apart:.3g} apart")


def searches(n: int, p: Patients, r: dict[str, Any]) -> list[Row]:
    """The statistic M."""
    rows = []
    ours = timed(lambda: search(p.x, p.time, p.event))
    found = search(p.x, p.time, p.event)
    assert found is not None
    for peer in SEARCH:
        told = r[peer]["value"]
        agree(f"M, {peer}", n, found.statistic, told["statistic"], relative=1e-9)
        agree(f"cutoff, {peer}", n, found.low[found.best], told["cutoff"], relative=1e-12)
        rows.append(Row("M and best cutoff", n, ours, f"R {peer}", r[peer]["seconds"]))
    return rows


def lifelines_loop(p: Patients) -> tuple[np.ndarray, np.ndarray, float]:
    """Chi-squares of lifelines at some cutoffs, which ones, and its seconds scaled to all."""
    from lifelines.statistics import logrank_test

    some = np.unique(np.linspace(0, len(p.size) - 1, LIFELINES_CUTOFFS).astype(int))

    def run() -> np.ndarray:
        found = []
        for cut in p.found.low[some]:
            high = p.x > cut
            test = logrank_test(p.time[high], p.time[~high], p.event[high], p.event[~high])
            found.append(test.test_statistic)
        return np.array(found)

    chi_square = run()
    began = time.process_time()
    run()
    return chi_square, some, (time.process_time() - began) * len(p.size) / len(some)


def logranks(n: int, p: Patients, r: dict[str, Any]) -> list[Row]:
    """The exact log-rank test at every cutoff."""
    kept = timed(p.logranks)
    cold = timed(lambda: p.sorted_anew().logranks())
    what = f"log-rank at all {len(p.size):,} cutoffs"
    if "survdiff" not in r:
        return [Row(f"{what}, cold", n, cold), Row(f"{what}, kept", n, kept)]
    score, variance = p.sorted_anew().logranks()
    agree("log-rank, survdiff", n, score**2 / variance, r["survdiff"]["value"], relative=1e-9)
    chi_square, some, scaled = lifelines_loop(p)
    agree("log-rank, lifelines", n, (score**2 / variance)[some], chi_square, relative=1e-8)
    rows = []
    for name, peer, seconds in (
        ("survdiff", "R loop of survdiff", r["survdiff"]["seconds"]),
        ("lifelines", f"lifelines ({len(some)} cutoffs, scaled)", scaled),
    ):
        # The target is asked of the slower one of ours.
        rows.append(Row(f"{what}, cold", n, cold, peer, seconds, TARGETS.get((name, n))))
        rows.append(Row(f"{what}, kept", n, kept, peer, seconds))
    return rows


def hazards(n: int, p: Patients, r: dict[str, Any]) -> list[Row]:
    """The Cox model's hazard ratio at every cutoff."""
    if "coxph" not in r:
        return []
    cold = timed(lambda: p.sorted_anew().hazards())
    agree("hazard ratio", n, p.sorted_anew().hazards()[0], r["coxph"]["value"], relative=1e-6)
    what = f"HR at all {len(p.size):,} cutoffs, cold"
    target = TARGETS.get(("coxph", n))
    return [Row(what, n, cold, "R loop of coxph", r["coxph"]["seconds"], target)]


def scans(n: int, p: Patients, r: dict[str, Any]) -> list[Row]:
    """All that the scan's figure shows, from the cohort."""
    what = "whole scan: M, log-rank, HR, limits, medians"
    ours = timed(lambda: scan.scan(p.cohort, p.cohort.spec))
    if "survdiff" not in r:
        return [Row(what, n, ours)]
    theirs = sum(r[task]["seconds"] for task in ("maxstat", *LOOPS))
    return [Row(what, n, ours, "R maxstat and both loops", theirs)]


def permutations(n: int, p: Patients, r: dict[str, Any]) -> list[Row]:
    """M of a thousand permutations."""
    if "permutations" not in r:
        return []

    def run() -> np.ndarray:
        scores = logrank_scores(p.time, p.event)
        return permuted_maxima(p.found, scores, p.event, PERMUTATIONS, np.random.default_rng(SEED))

    mine, told = p_of(run(), p.found.statistic), r["permutations"]["value"]
    # Two Monte Carlo errors; four standard errors of their difference.
    allowed = 4 * (2 * mine * (1 - mine) / PERMUTATIONS) ** 0.5 + 1 / PERMUTATIONS
    if abs(mine - told) > allowed:
        raise SystemExit(f"error: permutations, n = {n:,}: p = {mine:.4f}, R says {told:.4f}")
    what, target = f"{PERMUTATIONS:,} permutations", TARGETS.get(("permutations", n))
    return [Row(what, n, timed(run), "R maxstat, condMC", r["permutations"]["seconds"], target)]


def bootstraps(n: int, p: Patients, r: dict[str, Any]) -> list[Row]:
    """The best cutoffs of a thousand bootstrap samples."""
    if "bootstraps" not in r:
        return []

    def run(*, ratios: bool = False) -> object:
        by_both = Ordered.of(p.x, Endpoint.sorted(p.time, p.event), fraction=0.1, min_events=0)
        random = np.random.default_rng(SEED)
        return resampled(by_both, BOOTSTRAPS, random, True, ratios=ratios)

    mine = [searched_sample(p, rows) for rows in draws_of(n)]
    agree("bootstraps", n, mine, r["bootstraps"]["value"], relative=1e-9)
    theirs = r["bootstraps"]["seconds"] * BOOTSTRAPS / R_BOOTSTRAPS
    what, peer = f"{BOOTSTRAPS:,} bootstraps", f"R loop ({R_BOOTSTRAPS}, scaled)"
    rows = [Row(what, n, timed(run), peer, theirs, TARGETS.get(("bootstraps", n)))]
    if n <= 3_000:
        rows.append(Row(f"{what}, with two HRs each", n, timed(lambda: run(ratios=True))))
    return rows


def searched_sample(p: Patients, rows: np.ndarray) -> tuple[float, float]:
    """The best cutoff of one bootstrap sample, and its M."""
    o = Ordered.of(p.x, p.endpoint, fraction=0.1, min_events=0)
    weight = np.bincount(rows, minlength=len(p.x)).astype(float)[o.order]
    room = [np.empty(len(p.x)) for _ in range(3)]
    low, _, z = resampling.best(weight, o.event, o.start, o.place, o.ends, o.limits, *room)
    drawn = np.isin(np.argsort(p.x, kind="stable"), rows)
    return float(o.values[: low + 1][drawn[: low + 1]].max()), abs(z)


def curves(n: int, p: Patients, r: dict[str, Any]) -> list[Row]:
    """Both curves with limits and the log-rank test at the median, the endpoint kept."""
    if "curves" not in r:
        return []
    c = p.cohort

    def run() -> tuple[list[curve.Curve], float]:
        codes = c.groups.codes
        found = curve.curves(c, c.spec, event=c.event, codes=codes, n_groups=2)
        return found, float(logrank.compare(c, c.spec).statistic or 0)

    found, chi_square = run()
    agree("curves", n, min(f.estimate.min() for f in found), r["curves"]["value"]["survival"],
          relative=1e-9)  # fmt: skip
    agree("log-rank", n, chi_square, r["curves"]["value"]["chisq"], relative=1e-9)
    what, peer = "two curves and log-rank, kept", "R survfit and survdiff"
    return [Row(what, n, timed(run), peer, r["curves"]["seconds"], TARGETS.get(("curves", n)))]


def main() -> int:
    """Measure, compare the answers, and print a table."""
    warnings.simplefilter("ignore")  # lifelines' advice on its own deprecations
    made = {n: patients(n) for n in SIZES}
    with tempfile.TemporaryDirectory() as folder:
        answers = rscript(made, Path(folder))
    named = ", ".join(f"{name} {number}" for name, number in answers["versions"].items())
    print(f"Synthetic patients, times in whole months, seed {SEED}; processor time, medians")
    print(f"{named}; lifelines {version('lifelines')}, numba {version('numba')}")
    print(f"{'':<46}{'n':>10}{'ours, ms':>11}{'theirs, ms':>13}{'ratio':>10}{'target':>10}")
    for part in (searches, logranks, hazards, scans, permutations, bootstraps, curves):
        for n, p in made.items():
            for row in part(n, p, answers[str(n)]):
                print(shown(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
