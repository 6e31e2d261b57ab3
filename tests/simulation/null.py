"""How often each p-value of a searched cutoff is below 0.05 when the marker has no effect.

Run as ``python -m tests.simulation.null`` (some two minutes); it writes NULL.md beside this file.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from core.search import logrank_scores, search
from core.survival.cutoff import hothorn_lausen
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.permutation import p_of, permuted_maxima
from tests.simulation.samples import Study, study

SIZES = (27, 70, 300)
VALUES = (None, 8)
STUDIES = 10_000
PERMUTATIONS = 999
SEED = 20261125
RESULTS = Path(__file__).with_name("NULL.md")
Results = dict[tuple[int, int | None], np.ndarray]
"""P-values by size and number of different values of the marker (None: all differ)."""


@dataclass(frozen=True)
class Promise:
    """What the theory of a p-value promises.

    Attributes
    ----------
    words : str
    least, most : float
        The share of p-values up to 0.05 that it allows, with what simulation leaves uncertain.
    from_n : int
        The smallest number of patients that it speaks of.
    continuous : bool
        Whether it speaks of markers with all values different only.
    """

    words: str
    least: float = 0.0
    most: float = 0.055
    from_n: int = 0
    continuous: bool = False


METHODS = {
    "log-rank p at the best cutoff": None,
    "smallest log-rank p of all cutoffs": None,
    "2 (1 - Phi(M))": None,
    "Lausen 1992": Promise(
        "0.05 in large samples with all values different; below elsewhere", 0.03, 0.055, 300, True
    ),
    "Lausen 1994": Promise("at most 0.05 in larger samples", from_n=70),
    "Hothorn-Lausen": Promise("at most 0.05, nearly so with many ties"),
    "permutation": Promise("0.05 at every size", 0.03, 0.055),
}
"""The p-values in the order of the rows; None where the search is ignored."""


def p_values(sample: Study, rng: np.random.Generator) -> list[float]:
    """Every p-value of one study, in the order of `METHODS`; NaN where it is not computed."""
    x, when, event = sample.x, sample.time, sample.event
    found = search(x, when, event)
    if found is None:
        return [np.nan] * len(METHODS)
    endpoint = Endpoint.sorted(when, event)
    tests = [endpoint.compare(x >= cutoff).p_value for cutoff in found.high]
    compared = np.array([np.nan if p is None else p for p in tests])
    scores = logrank_scores(when, event)
    maxima = permuted_maxima(found, scores, event, PERMUTATIONS, rng)
    few = len(x) <= 30  # the larger sizes would take hours
    hl = hothorn_lausen.p_value(scores[np.argsort(x, kind="stable")], found.size) if few else None
    return [
        float(compared[found.best]),
        float(np.nanmin(compared)),
        2 * float(stats.norm.sf(found.statistic)),
        found.p_lau92(),
        found.p_lau94(),
        np.nan if hl is None else hl,
        p_of(maxima, found.statistic),
    ]


def simulate(n: int, values: int | None, studies: int, seed: int = SEED) -> np.ndarray:
    """P-values of many studies without an effect, shape (studies, methods)."""
    rng = np.random.default_rng([seed, n, values or 0])

    def one() -> Study:
        return study(n, "none", rng, values=values)

    return np.array([p_values(one(), rng) for _ in range(studies)])


def share(p: np.ndarray) -> tuple[float, float]:
    """Share of p-values up to 0.05, and its standard error; NaN where there are none."""
    known = p[~np.isnan(p)]
    if len(known) == 0:
        return np.nan, np.nan
    below = float((known <= 0.05).mean())
    return below, float(np.sqrt(below * (1 - below) / len(known)))


def kind(n: int, values: int | None) -> str:
    """Words for a kind of study."""
    return f"n = {n}, {'continuous' if values is None else f'{values} values'}"


def kept(promise: Promise, results: Results, row: int) -> str:
    """Whether a promise was kept wherever it was given: yes, or where it was not."""
    broken = []
    for (n, values), p in results.items():
        below = share(p[:, row])[0]
        given = n >= promise.from_n and not (promise.continuous and values is not None)
        if given and not np.isnan(below) and not promise.least <= below <= promise.most:
            broken.append(f"{kind(n, values)}: {below:.3f}")
    return "yes" if not broken else f"no ({'; '.join(broken)})"


def table(results: Results) -> str:
    """The results as a table: a row per method, a column per kind of study."""
    head = [kind(*key) for key in results]
    lines = ["| p-value | its theory promises | kept | " + " | ".join(head) + " |"]
    lines.append("|---|---|---|" + "---|" * len(head))
    for row, (method, promise) in enumerate(METHODS.items()):
        cells = [method, "nothing: it ignores the search", "-"]
        if promise is not None:
            cells[1:] = [promise.words, kept(promise, results, row)]
        for p in results.values():
            below, error = share(p[:, row])
            cells.append("-" if np.isnan(below) else f"{below:.3f} ({error:.3f})")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def between(results: Results, row: int, *, continuous: bool) -> str:
    """Smallest and largest share of a row, in per cent."""
    found = [share(p[:, row])[0] for (_, v), p in results.items() if (v is None) == continuous]
    return f"{100 * min(found):.0f} to {100 * max(found):.0f} %"


def report(results: Results) -> str:
    """NULL.md."""
    searched = [between(results, 0, continuous=continuous) for continuous in (True, False)]
    return f"""# How often p is at most 0.05 when the marker has no effect

Written by `python -m tests.simulation.null`; do not edit. {STUDIES:,} simulated studies of each
kind: exponential times, about 60 % with the event (16 of 27), no effect of the marker, cutoffs
that leave 10 % on either side, {PERMUTATIONS} permutations, seed {SEED}. In brackets the Monte
Carlo standard error. A promise of 0.05 counts as kept from 0.03 to 0.055, one of "at most" up to
0.055.

{table(results)}

A p-value that does what it says is at most 0.05 in 5 % of such studies. The log-rank p at the best
cutoff is so in {searched[0]} of them, and in {searched[1]} where the marker has
only {VALUES[1]} values: this is what the cutoff page warns of. The permutation p-value keeps its
level at every size. The others are limits: they err on the safe side, and miss more of the effects
that there are.
"""


def main() -> int:
    """Simulate everything and write the results."""
    began = time.monotonic()
    results: Results = {}
    for n in SIZES:
        for values in VALUES:
            results[n, values] = simulate(n, values, STUDIES)
            print(
                f"n = {n}, {values or 'continuous'}: {time.monotonic() - began:.0f} s", flush=True
            )
    RESULTS.write_text(report(results), encoding="utf-8")
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
