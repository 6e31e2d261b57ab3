"""The simulation under the null: a small sample of it, and that its results are the script's."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import stats

from tests.simulation import null
from tests.simulation.null import METHODS, PERMUTATIONS, SIZES, STUDIES, VALUES
from tests.simulation.samples import study

SAMPLE = 400
ROWS = list(METHODS)
NAIVE, PERMUTATION = 0, ROWS.index("permutation")


@pytest.fixture(scope="module")
def sampled() -> np.ndarray:
    """P-values of studies that the script has not seen."""
    return null.simulate(70, None, SAMPLE, seed=7)


@pytest.fixture(scope="module")
def written() -> list[list[str]]:
    """Cells of the table in NULL.md."""
    lines = null.RESULTS.read_text(encoding="utf-8").splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]


def test_the_permutation_p_keeps_its_level(sampled: np.ndarray) -> None:
    """The number of p up to 0.05 lies where a test at that level has it 999 times in 1,000."""
    low, high = stats.binom.interval(0.999, SAMPLE, 0.05)
    assert low <= int((sampled[:, PERMUTATION] <= 0.05).sum()) <= high
    assert sampled[:, PERMUTATION].min() >= 1 / (PERMUTATIONS + 1)


def test_the_permutation_p_is_uniform_without_an_effect(sampled: np.ndarray) -> None:
    assert stats.kstest(sampled[:, PERMUTATION], "uniform").pvalue > 0.001


def test_the_p_that_ignores_the_search_does_not(sampled: np.ndarray) -> None:
    """Far above 0.05: this is what the page warns of."""
    for row in range(3):
        assert (sampled[:, row] <= 0.05).mean() > 0.2
    assert (sampled[:, 1] <= sampled[:, NAIVE]).all()  # the smallest of all is none above it


def test_the_limits_of_lausen_err_on_the_safe_side(sampled: np.ndarray) -> None:
    """At most as often as a test at the level of 0.05 has it 999 times in 1,000."""
    most = stats.binom.ppf(0.999, SAMPLE, 0.05)
    for name in ("Lausen 1992", "Lausen 1994"):
        assert 0 < int((sampled[:, ROWS.index(name)] <= 0.05).sum()) <= most


def test_the_studies_are_those_that_the_text_describes() -> None:
    rng = np.random.default_rng(1)
    whole = study(100_000, "none", rng)
    assert whole.event.mean() == pytest.approx(0.6, abs=0.005)
    assert 27 * whole.event.mean() == pytest.approx(16, abs=0.4)
    assert abs(np.corrcoef(whole.x, whole.time)[0, 1]) < 0.015
    assert len(np.unique(study(2_000, "none", rng, values=8).x)) == 8


def test_the_results_have_the_rows_and_columns_of_the_script(written: list[list[str]]) -> None:
    kinds = [null.kind(n, values) for n in SIZES for values in VALUES]
    assert written[0] == ["p-value", "its theory promises", "kept", *kinds]
    assert [cells[0] for cells in written[1:]] == ROWS
    text = null.RESULTS.read_text(encoding="utf-8")
    assert f"{STUDIES:,} simulated" in text
    assert f"{PERMUTATIONS} permutations" in text
    assert f"seed {null.SEED}" in text


def test_the_results_are_precise_and_keep_every_promise(written: list[list[str]]) -> None:
    for cells in written[1:]:
        numbers = [re.fullmatch(r"(0\.\d{3}) \((0\.\d{3})\)", cell) for cell in cells[3:]]
        shares = {m.group(1): float(m.group(2)) for m in numbers if m}
        # Only the costly limit is left out, in the larger studies.
        assert len([m for m in numbers if m]) == (2 if cells[0] == "Hothorn-Lausen" else 6)
        assert max(shares.values()) <= 0.005
        promise = METHODS[cells[0]]
        assert cells[2] == ("-" if promise is None else "yes")
        if promise is not None:
            assert max(map(float, shares)) <= promise.most
            assert max(shares.values()) <= 0.004


def test_a_first_study_is_repeated_exactly() -> None:
    """The same seed, the same studies: the script can be run again."""
    assert np.array_equal(null.simulate(27, 8, 3), null.simulate(27, 8, 3))
    assert not np.array_equal(null.simulate(27, 8, 3), null.simulate(27, 8, 3, seed=1))


def test_a_broken_promise_is_told() -> None:
    p = np.full((100, len(METHODS)), 0.5)
    p[:20] = 0.01
    results = {(27, None): p, (70, 8): p}
    row = ROWS.index("Lausen 1994")
    promise = METHODS["Lausen 1994"]
    assert promise is not None
    assert null.kept(promise, results, row) == "no (n = 70, 8 values: 0.200)"
    assert "| 0.200 (0.040) |" in null.table(results)
    p[:] = np.nan
    assert null.kept(promise, results, row) == "yes"
    assert "| - |" in null.table(results)
