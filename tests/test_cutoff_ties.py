"""Efron's sums over many ties in four steps: exact rules, and the long way of adding them up."""

from __future__ import annotations

import numpy as np
import pytest

from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.kernels import ties, two


@pytest.mark.parametrize("d", [5, 6, 7, 15, 150, 5000])
def test_a_rule_is_exact_up_to_the_seventh_degree(d: int) -> None:
    inner, outer, one, other = ties.rules(np.array([float(d)]))[0]
    points = np.array([-outer, -inner, inner, outer])
    weights = np.array([other, one, one, other])
    middle = np.arange(d) / d - (d - 1) / (2 * d)
    for power in range(8):
        assert weights @ points**power == pytest.approx((middle**power).sum(), abs=1e-13 * d)
    assert weights @ points**8 != pytest.approx((middle**8).sum(), rel=1e-6)


def test_four_events_or_fewer_have_no_rule() -> None:
    assert not ties.rules(np.array([1.0, 2.0, 3.0, 4.0])).any()


@pytest.mark.parametrize("d", [5, 8, 40, 1000])
@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_the_sums_are_those_of_the_long_way(d: int, share: float) -> None:
    """At the largest share of events that a rule is used for, and beyond it."""
    rule = ties.rules(np.array([float(d)]))
    for few in (ties.FEW, 2 * ties.FEW):
        whole = d / few
        one, tied = share * whole, 0.3 * d
        quick = ties.tied_sums(float(d), one, whole, tied, float(d), rule, 0)
        k = np.arange(d) / d
        p = (one - k * tied) / (whole - k * d)
        long = (p.sum(), (p * (1 - p)).sum(), (p * (1 - p) * (1 - 2 * p)).sum())
        assert quick == pytest.approx(long, rel=2e-13, abs=1e-13 * d)


@pytest.mark.parametrize("efron", [True, False])
@pytest.mark.parametrize("start", [-3.0, 0.0, 0.4, 6.0])
def test_hazard_ratios_are_those_of_newtons_method(efron: bool, start: float) -> None:
    rng = np.random.default_rng(5)
    time = np.ceil(rng.exponential(40, 2000))
    endpoint = Endpoint.sorted(time, rng.random(2000) < 0.7)
    rule = ties.rules(endpoint.dead)
    assert (rule[:, 2] > 0).sum() > 40
    for group in (rng.random(2000) < 0.3, time * rng.random(2000) < 12, np.arange(2000) < 30):
        at, dead = np.empty(len(endpoint.at)), np.empty(len(endpoint.at))
        two.counted(endpoint.last, endpoint.event, group.astype(float), at, dead)
        sample = (endpoint.at, endpoint.dead, at, dead, efron)
        beta, information = ties.near_hazard(*sample, rule, start)
        wanted, known = two.hazard(*sample, 0.0)
        assert beta == pytest.approx(wanted, abs=1e-12)
        assert information == pytest.approx(known, rel=1e-10)


def test_no_estimate_stays_none() -> None:
    endpoint = Endpoint.sorted(np.arange(1.0, 9), np.arange(8) < 4)
    at, dead = np.empty(len(endpoint.at)), np.empty(len(endpoint.at))
    two.counted(endpoint.last, endpoint.event, (np.arange(8) < 4).astype(float), at, dead)
    rule = ties.rules(endpoint.dead)
    found = ties.near_hazard(endpoint.at, endpoint.dead, at, dead, True, rule, 0.0)
    assert np.isnan(found[0])
    assert found[1] == 0
