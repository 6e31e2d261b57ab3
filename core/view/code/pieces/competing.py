"""Cumulative incidence with competing events (Aalen-Johansen)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.view.code.pieces.base import at_risk
from core.view.code.pieces.curves import limits


def incidence(q: pd.DataFrame, cause: int, level: float, kind: str) -> pd.DataFrame:
    """Cumulative incidence of a cause with Aalen's variance, as R's cmprsk::cuminc."""
    t, place = np.unique(q["time"], return_inverse=True)
    n, status = at_risk(q, t), q["status"].to_numpy()
    own = np.bincount(place, weights=status == cause)
    other = np.bincount(place, weights=status > 0) - own
    s = np.cumprod((n - own - other) / n)
    before = np.append(1.0, s[:-1])
    f = np.cumsum(before * own / n)
    # An event at u moves F(t) by 1 (or 0, if competing) less (F(t) - F(u)) / S(u).
    inverse = np.divide(1.0, s, out=np.zeros(len(s)), where=s > 0)
    moved = f[:, None] - f[None, :]
    variance = np.zeros(len(t))
    for d, one in ((own, 1.0), (other, 0.0)):
        ties = np.where(d > 1, 1 - (d - 1) / np.maximum(n - 1, 1), 1.0)
        square = (one - moved * inverse) ** 2 * (before / n) ** 2 * ties * d
        variance += np.tril(square).sum(axis=1)
    error = np.sqrt(np.maximum(variance, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.divide(error, f, out=np.zeros(len(f)), where=f > 0)
        low, high = limits(f, relative, level, kind)
    columns = {"t": t, "s": s, "estimate": f, "std_error": error, "conf_low": low}
    columns |= {"conf_high": high, "one_minus_km": 1 - np.cumprod((n - own) / n)}
    return pd.DataFrame(columns)


def incidence_table(
    p: pd.DataFrame,
    labels: list[str],
    scale: float,
    times: list[float],
    n_causes: int,
    level: float,
    kind: str,
) -> pd.DataFrame:
    """Cumulative incidence of every cause in every group at times in the reported unit."""
    rows = []
    for g, label in enumerate(labels):
        q = p[p["group"] == g]
        for cause in range(1, n_causes + 1):
            found = incidence(q, cause, level, kind)
            for t in times:
                at = t / scale
                noise = 1e-9 * max(at, 1.0)
                seen = found[found["t"] <= at + noise].drop(columns=["t", "s"])
                first = [0.0, 0.0, np.nan, np.nan, 0.0]
                values = dict(zip(seen.columns, seen.iloc[-1] if len(seen) else first, strict=True))
                if at - noise > found["t"].iloc[-1] and found["s"].iloc[-1] > 0:
                    values = dict.fromkeys(values, np.nan)
                rows.append({"label": f"{label} cause {cause} at {t:.15g}", **values})
    return pd.DataFrame(rows)
