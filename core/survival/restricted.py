"""Restricted means of the groups: the mean time without the event up to a horizon.

Methods
-------
The restricted mean is the area under the curve up to the horizon tau; its variance is the sum over
the events of (area to the right)^2 d / (n (n - d)). Groups are compared with the first one by the
difference, with plain limits, and by the ratio, with limits on the log scale.

References
----------
Royston P, Parmar MKB. BMC Med Res Methodol 2013;13:152. Uno H and others. J Clin Oncol
2014;32:2380-2385.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.cohort import Cohort
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.curve import Curve, restricted_mean
from core.survival.tails import chi2_p, normal_quantile


@dataclass(frozen=True)
class Mean:
    """Restricted mean of a group in `show_unit`.

    Its precision is None where the group had no event up to tau: nothing is known about it then.
    """

    group: int
    label: str
    estimate: float
    std_error: float | None
    conf_low: float | None
    conf_high: float | None


@dataclass(frozen=True)
class MeanContrast:
    """Restricted mean of a group against that of the first one.

    Attributes
    ----------
    group : int
    label, reference : str
    measure : {"difference", "ratio"}
        A difference is in `show_unit`.
    estimate, conf_low, conf_high : float
        The limits are None where those of a mean are.
    std_error : float or None
        Of the difference, or of the log ratio.
    statistic, p_value : float or None
        Normal test: z, and its two-sided p.
    """

    group: int
    label: str
    reference: str
    measure: Literal["difference", "ratio"]
    estimate: float
    std_error: float | None
    conf_low: float | None
    conf_high: float | None
    statistic: float | None
    p_value: float | None


def means(
    cohort: Cohort, spec: AnalysisSpec, found: list[Curve], tau: float | None
) -> tuple[Mean, ...]:
    """Restricted mean of each group.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``conf_level``.
    found : list of Curve
        Of the groups.
    tau : float or None
        Horizon in `show_unit`; without one there are no means.
    """
    if tau is None:
        return ()
    z, rows = normal_quantile(conventions(spec).conf_level), []
    for g, curve in enumerate(found):
        area = restricted_mean(curve, float(cohort.measured(np.array(tau))))
        mean, error = (float(cohort.shown(np.array(value))) for value in area)
        known = (error, mean - z * error, mean + z * error) if error > 0 else (None, None, None)
        rows.append(Mean(g, cohort.groups.labels[g], mean, *known))
    return tuple(rows)


def contrasts(rows: tuple[Mean, ...], spec: AnalysisSpec) -> tuple[MeanContrast, ...]:
    """Difference and ratio of each restricted mean to the first one.

    Parameters
    ----------
    rows : tuple of Mean
    spec : AnalysisSpec
        Reads ``conf_level``.
    """
    z = normal_quantile(conventions(spec).conf_level)
    return tuple(contrast for row in rows[1:] for contrast in _pair(rows[0], row, z))


def _pair(first: Mean, other: Mean, z: float) -> tuple[MeanContrast, MeanContrast]:
    names = (other.group, other.label, first.label)
    difference, ratio = other.estimate - first.estimate, other.estimate / first.estimate
    if first.std_error is None or other.std_error is None:
        nothing = (None,) * 5
        return (
            MeanContrast(*names, "difference", difference, *nothing),
            MeanContrast(*names, "ratio", ratio, *nothing),
        )
    error = float(np.hypot(first.std_error, other.std_error))
    relative = float(np.hypot(first.std_error / first.estimate, other.std_error / other.estimate))
    plain, log = difference / error, float(np.log(ratio)) / relative
    low, high = ratio * np.exp(-z * relative), ratio * np.exp(z * relative)
    return (
        MeanContrast(
            *names, "difference", difference, error, difference - z * error,
            difference + z * error, plain, chi2_p(plain**2, 1),
        ),
        MeanContrast(
            *names, "ratio", ratio, relative, float(low), float(high), log, chi2_p(log**2, 1)
        ),
    )  # fmt: skip
