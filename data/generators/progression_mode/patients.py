"""The table of patients: what the fitted state does not fix is drawn so that Table 1 comes out.

Given are each patient's labels, the months of both lines and the event of the second. Drawn are age
and disease-free interval (with the printed means and standard deviations of both arms), the drugs
of the first line, the dates, and the follow-up. Dates agree with the months to the day: a month has
30.4375 days. The investigator's mode of progression is no column: it comes from the lesions.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.generators.progression_mode.anneal import State
from data.generators.progression_mode.cost import (
    CHEMO,
    HER2,
    HETER,
    HORMONE,
    RETAINED,
    SHORT,
    STAGE_4,
    VISCERAL,
    YOUNG,
)

DAYS = 30.4375
AGE_LIMIT = 45
AGE_SUMS, AGE_SDS = (1585, 1895), (10.683, 10.062)
FREE_SUMS, FREE_SDS = (9436, 12491), (366.8, 378.9)
"""Sums and standard deviations in Hom-PD and Heter-PD, of years and of tenths of a month: whole
numbers whose means round to the printed ones, in the arms and together."""
TAXANE, INHIBITOR = (10, 17), (8, 9)
"""First lines with a taxane among the chemotherapies, and with an aromatase inhibitor among the
endocrine therapies, in Hom-PD and Heter-PD."""
FOLLOWED = 10.36
"""Median of the follow-up, which the two middle patients have."""
OPENED = np.datetime64("2008-01-07")
YEARS = 5
DAYS_TO_START = (2, 15)
DAYS_TO_SECOND = (3, 22)
"""From metastasis to the first line, and from progression to the second (from, to below)."""


def patients(state: State, rng: np.random.Generator) -> pd.DataFrame:
    """Dress a state as a table of patients.

    Parameters
    ----------
    state : tuple of numpy.ndarray
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        In the order of the state; without the column `id`.
    """
    time, event, x, first = state
    ages = _by_arm(x, [_ages(x[:, x[HETER] == arm], arm, rng) for arm in (0, 1)])
    metastasis = OPENED + rng.integers(0, int(365.25 * YEARS), len(time))
    started = metastasis + rng.integers(*DAYS_TO_START, len(time))
    second = metastasis + _days(first) + rng.integers(*DAYS_TO_SECOND, len(time))
    ended = second + _days(time)
    followed = _followed(time, rng)
    return pd.DataFrame(
        {
            "age": ages.astype(int),
            "age_group": np.where(x[YOUNG] == 1, "< 45", ">= 45"),
            "initial_stage": np.where(x[STAGE_4] == 1, "IV", "I-III"),
            "initial_stage_code": np.where(x[STAGE_4] == 1, 4, 1),
            "hormone_receptor": np.where(x[HORMONE] == 1, "positive", "negative"),
            "her2": np.where(x[HER2] == 1, "positive", "negative"),
            "metastatic_sites": np.where(x[VISCERAL] == 1, "visceral", "bone or soft tissue"),
            "disease_free_months": _disease_free(x, rng),
            "first_line": np.where(x[CHEMO] == 1, "chemotherapy", "endocrine"),
            "first_line_regimen": _regimens(x, rng),
            "partial_retention": np.where(x[RETAINED] == 1, "yes", "no"),
            "metastasis_date": metastasis,
            "first_line_start": started,
            "first_line_months": [f"{value:.2f}" for value in first],
            "first_line_length": np.where(first < SHORT, "< 6 months", ">= 6 months"),
            "first_line_progressed": 1,
            "second_line_start": second,
            "second_line_months": [f"{value:.2f}" for value in time],
            "second_line_progressed": event,
            "second_progression_date": [
                str(d) if e else "" for d, e in zip(ended, event, strict=True)
            ],
            "last_visit_date": second + np.maximum(_days(followed), _days(time)),
            "follow_up_months": [f"{value:.2f}" for value in followed],
        }
    )


def _days(months: np.ndarray) -> np.ndarray:
    return np.round(months * DAYS).astype(int)


def _by_arm(x: np.ndarray, parts: list[np.ndarray]) -> np.ndarray:
    made = np.empty(x.shape[1])
    for arm, values in enumerate(parts):
        made[x[HETER] == arm] = values
    return made


def with_moments(
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    total: int,
    sd: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Move whole numbers within their limits until they have a sum and nearly a deviation.

    Raises
    ------
    ValueError
        If they do not get there.
    """
    made = np.clip(np.round(values), low, high)
    while (gap := total - int(made.sum())) != 0:
        free = np.flatnonzero(made < high if gap > 0 else made > low)
        made[rng.choice(free)] += np.sign(gap)
    for _ in range(200_000):
        off = abs(made.std(ddof=1) - sd)
        if off < 1e-3 * sd / 10:
            break
        i, j = rng.choice(len(made), 2, replace=False)
        by = int(rng.integers(1, 4))
        moved = made.copy()
        moved[i] += by
        moved[j] -= by
        if moved[i] <= high[i] and moved[j] >= low[j] and abs(moved.std(ddof=1) - sd) <= off:
            made = moved
    if abs(made.std(ddof=1) - sd) > 5e-4 * sd:
        raise ValueError("The printed mean and standard deviation were not reached")
    return made


def _ages(x: np.ndarray, arm: int, rng: np.random.Generator) -> np.ndarray:
    young = x[YOUNG] == 1
    low, high = np.where(young, 27, AGE_LIMIT), np.where(young, AGE_LIMIT - 1, 76)
    drawn = np.where(young, rng.normal(38, 4, len(young)), rng.normal(55, 7, len(young)))
    return with_moments(drawn, low, high, AGE_SUMS[arm], AGE_SDS[arm], rng)


def _disease_free(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Months from surgery to the metastasis; empty where the disease was metastatic at once."""
    made = np.full(x.shape[1], "", dtype=object)
    for arm in (0, 1):
        who = np.flatnonzero((x[HETER] == arm) & (x[STAGE_4] == 0))
        limits = np.full(len(who), 30), np.full(len(who), 2000)
        drawn = rng.gamma(1.7, 10 * 48 / 1.7, len(who))
        tenths = with_moments(drawn, *limits, FREE_SUMS[arm], FREE_SDS[arm], rng)
        made[who] = [f"{value / 10:.1f}" for value in tenths]
    return made


def _regimens(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    made = np.where(x[CHEMO] == 1, "without taxane", "other endocrine").astype(object)
    for arm in (0, 1):
        for chemo, words, n in (
            (1, "with taxane", TAXANE[arm]), (0, "aromatase inhibitor", INHIBITOR[arm]),
        ):  # fmt: skip
            who = np.flatnonzero((x[HETER] == arm) & (x[CHEMO] == chemo))
            made[rng.permutation(who)[:n]] = words
    return made


def _followed(time: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Months from the second line to the last visit, with the printed median."""
    half = len(time) // 2
    beyond = np.flatnonzero(time > FOLLOWED)
    rest = rng.permutation(np.flatnonzero(time <= FOLLOWED))
    later, middle, sooner = np.split(rest, [half - 1 - len(beyond), half + 1 - len(beyond)])
    made = time.copy()
    made[beyond] += 0.1 + rng.gamma(1.0, 3.0, len(beyond))
    made[later] = FOLLOWED + 0.1 + rng.gamma(1.0, 4.0, len(later))
    made[sooner] += rng.uniform(0.02, 0.9, len(sooner)) * (FOLLOWED - time[sooner])
    made[middle] = FOLLOWED
    made = np.maximum(np.round(made, 2), time)
    if np.median(made) != FOLLOWED:
        raise ValueError("The printed median of the follow-up was not reached")
    return made
