"""SPSS's median, with limits from the density."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from core.view.code.pieces.curves import CLOSE


def spss_quantile(km: pd.DataFrame, level: float, conf_level: float) -> list[float]:
    """First time at or below a level, with symmetric limits from the density there (SPSS)."""
    t, s, variance = (km[name].to_numpy() for name in ("t", "s", "variance"))
    z = 1.96 if conf_level == 0.95 else stats.norm.ppf(1 - (1 - conf_level) / 2)
    nothing = float("nan")
    if s[-1] > level + CLOSE:
        return [nothing] * 3
    m = int(np.argmax(s <= level + CLOSE))
    after = np.flatnonzero(s <= level - 0.05 + CLOSE)
    before = np.flatnonzero((np.diff(np.append(1.0, s)) < 0) & (s >= level + 0.05 - CLOSE))
    start, height = (t[before[-1]], s[before[-1]]) if len(before) else (0.0, 1.0)
    if len(after) == 0 or t[after[0]] <= start or s[m] == 0:
        return [float(t[m]), nothing, nothing]
    density = (height - s[after[0]]) / (t[after[0]] - start)
    error = z * s[m] * np.sqrt(variance[m]) / density
    return [float(t[m]), max(float(t[m] - error), 0.0), float(t[m] + error)]
