"""Kaplan-Meier curves: limits, medians, restricted means, survival at times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from core.view.code.pieces.base import at_risk

CLOSE = np.sqrt(np.finfo(float).eps)


def limits(s: np.ndarray, error: np.ndarray, level: float, kind: str) -> list[np.ndarray]:
    """Confidence limits of a curve; `error` is that of log S(t). NaN where there are none."""
    z = stats.norm.ppf(1 - (1 - level) / 2) * error
    inner = np.where((s > 0) & (s < 1), s, np.nan)
    if kind == "plain":
        return [np.maximum(s - z * s, 0), np.minimum(s + z * s, 1)]
    if kind == "arcsin":
        angle, wide = np.arcsin(np.sqrt(inner)), 0.5 * z * np.sqrt(inner / (1 - inner))
        low, high = np.maximum(angle - wide, 0), np.minimum(angle + wide, np.pi / 2)
        return [np.sin(low) ** 2, np.sin(high) ** 2]
    if kind == "log":
        log = np.log(np.where(s > 0, s, np.nan))
        return [np.exp(log - z), np.minimum(np.exp(log + z), 1)]
    return [np.exp(-np.exp(np.log(-np.log(inner)) + sign * z / np.log(inner))) for sign in (-1, 1)]


def kaplan_meier(p: pd.DataFrame, level: float = 0.95, kind: str = "log-log") -> pd.DataFrame:
    """Kaplan-Meier's estimate with Greenwood's variance (of log S) at each distinct time."""
    t, place = np.unique(p["time"], return_inverse=True)
    n, d = at_risk(p, t), np.bincount(place, weights=p["event"])
    s = np.cumprod((n - d) / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(np.where(d > 0, d / (n * (n - d)), 0.0))
        low, high = limits(s, np.sqrt(variance), level, kind)
    return pd.DataFrame({"t": t, "n": n, "d": d, "s": s, "variance": variance, "low": low,
                         "high": high})  # fmt: skip


def crossing(t: np.ndarray, curve: np.ndarray, level: float) -> float:
    """When a curve falls to a level; the middle where it lies there for a while (R's rule)."""
    fallen, first = np.unique(np.append(0, 1 - curve), return_index=True)
    end, known = fallen[first.argmax()], ~np.isnan(fallen)
    fallen, when = fallen[known], np.append(0, t)[first[known]]
    if fallen[-1] < 1 - level:
        return float("nan")
    reached = when[np.searchsorted(fallen, 1 - level - CLOSE)]
    if abs(1 - level - end) < CLOSE:
        return float((reached + t[-1]) / 2)
    beyond = np.searchsorted(fallen, 1 - level + CLOSE)
    return float((reached + when[beyond]) / 2) if beyond < len(when) else float("nan")


def when_reached(km: pd.DataFrame, level: float, conf_level: float) -> list[float]:
    """Time at which survival falls to a level, with limits from those of the curve."""
    del conf_level  # it is in the limits of the curve
    t = km["t"].to_numpy()
    return [crossing(t, km[name].to_numpy(), level) for name in ("s", "low", "high")]


def restricted_mean(km: pd.DataFrame, tau: float) -> tuple[float, float]:
    """Area under the curve up to tau, and its standard error."""
    use = km[km["t"] <= tau]
    areas = np.diff(np.concatenate([[0.0], use["t"], [tau]])) * np.append(1.0, use["s"])
    right, n, d = areas[1:][::-1].cumsum()[::-1], use["n"].to_numpy(), use["d"].to_numpy()
    weight = np.divide(d, n * (n - d), out=np.zeros(len(n)), where=n > d)
    return float(areas.sum()), float(np.sqrt((right**2 * weight).sum()))


def follow_up_table(p: pd.DataFrame, scale: float, level: float, kind: str) -> pd.DataFrame:
    """Median follow-up by reverse Kaplan-Meier: events and censoring exchanged."""
    found = when_reached(kaplan_meier(p.assign(event=~p["event"]), level, kind), 0.5, level)
    names = ("label", "median", "conf_low", "conf_high")
    return pd.DataFrame([dict(zip(names, ("all", *np.array(found) * scale), strict=True))])


def shortest_follow_up(p: pd.DataFrame) -> float:
    """The smallest of the groups' last times."""
    return float(p.groupby("group")["time"].max().min())


def curve_table(
    p: pd.DataFrame,
    labels: list[str],
    scale: float,
    tau: float | None,
    level: float,
    kind: str,
    rule: Callable[[pd.DataFrame, float, float], list[float]],
) -> pd.DataFrame:
    """Median, quartiles and restricted mean of each group, times reported in units of `scale`.

    Without a horizon `tau` the mean of each group is that up to its own last time.
    """
    rows = []
    for g, label in enumerate(labels):
        q = p[p["group"] == g]
        km = kaplan_meier(q, level, kind)
        median, low, high = rule(km, 0.5, level)
        end = float(q["time"].max()) if tau is None else tau
        mean, error = restricted_mean(km, end) if end > 0 else (np.nan, np.nan)
        times = {"median": median, "conf_low": low, "conf_high": high, "rmst": mean}
        times |= {"rmst_se": error, "by_25": rule(km, 0.75, level)[0]}
        times["by_75"] = rule(km, 0.25, level)[0]
        counts = {"n": len(q), "events": int(q["event"].sum())}
        rows.append({"label": label, **counts, **{k: v * scale for k, v in times.items()}})
    return pd.DataFrame(rows)


def at_table(
    p: pd.DataFrame,
    labels: list[str],
    scale: float,
    times: list[float],
    level: float,
    kind: str,
) -> pd.DataFrame:
    """Survival at times in the reported unit; unknown after the last follow-up."""
    rows = []
    for g, label in enumerate(labels):
        q = p[p["group"] == g]
        km = kaplan_meier(q, level, kind)
        for t in times:
            at = t / scale
            noise = 1e-9 * max(at, 1.0)  # 12 months must meet day 365.25
            seen = km[km["t"] <= at + noise]
            found = seen[["s", "low", "high"]].iloc[-1] if len(seen) else [1.0, 1.0, 1.0]
            if at - noise > km["t"].iloc[-1] and km["s"].iloc[-1] > 0:
                found = [np.nan] * 3
            n = (
                (q["time"] >= at - noise) & (q["entry"] < (at - noise if at > 0 else 1e-300))
            ).sum()
            values = dict(zip(("estimate", "conf_low", "conf_high"), found, strict=True))
            rows.append({"label": f"{label} at {t:.15g}", "n_risk": n, **values})
    return pd.DataFrame(rows)
