"""The curves on the scales that they can be drawn on.

Methods
-------
``failure`` is 1 - S(t), with the limits of S(t) exchanged. ``log-log`` is log(-log S(t)), with the
limits of S(t) transformed: curves of proportional hazards keep one distance on it. ``cumhaz`` is
the Nelson-Aalen estimate, the sum of d / n (R's ``survfit``), with the variance sum of d / n^2
(Aalen 1978) and limits on the log scale.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.survival.tails import normal_quantile

STARTS = {"survival": 1.0, "failure": 0.0, "cumhaz": 0.0}
"""Where a curve starts; the other scales have no value before the first event."""


def on_scale(curves: pd.DataFrame, scale: str, level: float) -> pd.DataFrame:
    """Put the curves on a scale.

    Parameters
    ----------
    curves : pandas.DataFrame
        As `KMResult.curves`, each group in the order of time.
    scale : {"survival", "failure", "log-log", "cumhaz"}
    level : float
        Of the limits of the cumulative hazard.

    Returns
    -------
    pandas.DataFrame
        The same rows with `estimate`, `conf_low` and `conf_high` on the scale; on the log-log
        scale only those in which S(t) lies between 0 and 1 and the time is above 0.
    """
    if scale == "cumhaz":
        return _cumulative(curves, level)
    low, high = curves["conf_low"], curves["conf_high"]
    if scale == "failure":
        return curves.assign(estimate=1 - curves["estimate"], conf_low=1 - high, conf_high=1 - low)
    if scale == "log-log":
        use = (curves["estimate"] > 0) & (curves["estimate"] < 1) & (curves["time"] > 0)
        kept = curves[use]
        columns = (("estimate", "estimate"), ("conf_low", "conf_high"), ("conf_high", "conf_low"))
        with np.errstate(divide="ignore"):
            found = {to: np.log(-np.log(kept[of])) for to, of in columns}
        return kept.assign(**found)
    return curves


def _cumulative(curves: pd.DataFrame, level: float) -> pd.DataFrame:
    events = curves["n_event"].to_numpy(dtype=float)
    at_risk = curves["n_risk"].to_numpy(dtype=float)
    steps = pd.DataFrame({"hazard": events / at_risk, "variance": events / at_risk**2})
    sums = steps.groupby(curves["group"].to_numpy()).cumsum()
    total, error = sums["hazard"].to_numpy(), np.sqrt(sums["variance"].to_numpy())
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(total > 0, np.exp(normal_quantile(level) * error / total), np.nan)
    return curves.assign(estimate=total, conf_low=total / factor, conf_high=total * factor)
