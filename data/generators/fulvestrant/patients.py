"""The table of patients: what the fitted state does not fix is drawn so that Table 1 comes out.

Given are each patient's time to progression, event, liver metastasis, line, chemotherapy and number
of sites. Drawn are age, stage, disease-free interval, lung and visceral metastases, response,
clinical benefit, overall survival and death. Deaths follow progressions; nobody dies without one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.generators.fulvestrant.targets import BENEFIT, CHEMO, LINE, LIVER, SITES, WEEK_24

AGES = (37, 59, 78)
"""Lowest, median, highest."""
FOLLOW_UP = (0.73, 15.6, 59.3)
N_DEATHS = 5
N_RESPONSES = 2
N_LUNG = 12
N_VISCERAL = 15
PROGRESSED_AT_ONCE = 3.4
"""Months up to which a progression is the best response; the first scan is at 12 weeks."""


def patients(
    time: np.ndarray, event: np.ndarray, x: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Dress a state as a table of patients.

    Parameters
    ----------
    time, event : numpy.ndarray, shape (27,)
    x : numpy.ndarray of int, shape (10, 27)
        Levels of the factors, in the order of `targets.FACTORS`.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        In the order of the state; without the column `id`.
    """
    n = len(time)
    benefit = next(time >= start for start in WEEK_24 if (time >= start).sum() == BENEFIT)
    stage = np.full(n, "metastatic", dtype=object)
    stage[rng.permutation(n)[:2]] = "de novo"
    interval = np.full(n, "> 24 months", dtype=object)
    interval[rng.permutation(np.flatnonzero(stage == "metastatic"))[:4]] = "<= 24 months"
    interval[stage == "de novo"] = ""
    liver = x[LIVER] == 1
    lung = _lung(liver, x[SITES] + 1, rng)
    later = np.flatnonzero(x[LINE] == 1)
    line = np.ones(n, dtype=int)
    line[later] = 2
    line[rng.permutation(later)[:4]] = 3
    followed, died = _overall(time, event, rng)
    return pd.DataFrame(
        {
            "age": _ages(n, rng),
            "stage": stage,
            "disease_free_interval": interval,
            "n_sites": x[SITES] + 1,
            "visceral": _yes(liver | lung),
            "liver": _yes(liver),
            "lung": _yes(lung),
            "endocrine_line": line,
            "prior_chemotherapy": _yes(x[CHEMO] == 1),
            "best_response": _responses(time, event, benefit),
            "clinical_benefit": _yes(benefit),
            "pfs_months": time,
            "progressed": event,
            "os_months": followed,
            "died": died,
        }
    )


def _yes(which: np.ndarray) -> np.ndarray:
    return np.where(which, "yes", "no")


def _ages(n: int, rng: np.random.Generator) -> np.ndarray:
    """Ages with the printed range and median, which one patient has."""
    low, middle, high = AGES
    half = n // 2
    below = np.clip(np.round(middle - rng.gamma(2.0, 4.5, half)), low + 1, middle - 1)
    above = np.clip(np.round(middle + rng.gamma(2.0, 4.5, half)), middle + 1, high - 1)
    below[0], above[0] = low, high
    return np.asarray(rng.permutation([*below, middle, *above]), dtype=int)


def _lung(liver: np.ndarray, sites: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lung metastases of 12, so that 15 have one in the liver or the lung."""
    both = N_LUNG + int(liver.sum()) - N_VISCERAL
    lung = np.zeros(len(liver), dtype=bool)
    lung[rng.permutation(np.flatnonzero(liver & (sites > 1)))[:both]] = True
    lung[rng.permutation(np.flatnonzero(~liver))[: N_LUNG - both]] = True
    return lung


def _responses(time: np.ndarray, event: np.ndarray, benefit: np.ndarray) -> np.ndarray:
    """Partial responses of the two who were longest without progression, and so on down."""
    best = np.full(len(time), "SD", dtype=object)
    best[(event == 1) & (time < PROGRESSED_AT_ONCE)] = "PD"
    best[np.argsort(time)[-N_RESPONSES:]] = "PR"
    if (best[benefit] == "PD").any() or (best[~benefit] == "PR").any():
        raise ValueError("Response and clinical benefit contradict each other")
    return best


def _overall(
    time: np.ndarray, event: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Time under observation and death: five deaths, all after progression.

    Half of the patients are followed for longer than the printed median; whoever has not
    progressed is followed a little longer than her last scan.
    """
    first, middle, last = FOLLOW_UP
    n = len(time)
    followed = time + np.round(rng.uniform(0.0, 0.4, n), 2)
    after = np.flatnonzero((event == 1) & (time < middle - 3))
    long = int((time > middle - 0.5).sum())
    if long > n // 2:
        raise ValueError("Too many patients are without progression for longer than the median")
    # Those who lived on longest after an early progression, one of them to the last day.
    order = rng.permutation(after)
    beyond, rest = order[: n // 2 - long], order[n // 2 - long :]
    followed[beyond] = np.round(rng.uniform(middle + 0.6, 40.0, len(beyond)), 2)
    followed[rest] = np.round(
        time[rest] + rng.uniform(0.15, 0.85, len(rest)) * (middle - 0.2 - time[rest]), 2
    )
    died = np.zeros(n, dtype=int)
    died[after[np.argsort(followed[after])[:N_DEATHS]]] = 1
    alive = np.flatnonzero((died == 0) & (event == 1))
    followed[alive[-1]] = last
    ranked = np.argsort(followed)
    followed[ranked[n // 2]] = middle
    followed[ranked[0]] = first
    if (followed < time).any() or len(np.unique(followed)) < n:
        raise ValueError("Overall survival is shorter than progression-free survival")
    return followed, died
