"""What is said of a whole Cox model: tests, concordance, proportional hazards."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from core.view.code.pieces.cox import Cox, grouped, partial_likelihood
from core.view.code.pieces.terms import Term


def concordance(found: Cox) -> float:
    """Harrell's C: of comparable pairs, in how many the one who lived shorter had more risk."""
    p = found.p
    time, event, entry, stratum = (
        p[name].to_numpy() for name in ("time", "event", "entry", "stratum")
    )
    risk = np.round(found.x @ found.beta + (p["offset"].to_numpy() if "offset" in p else 0.0), 11)
    right, pairs = 0.0, 0
    for i in np.flatnonzero(event):
        later = (time > time[i]) | ((time == time[i]) & ~event)
        other = risk[later & (entry < time[i]) & (stratum == stratum[i])]
        right += (risk[i] > other).sum() + 0.5 * (risk[i] == other).sum()
        pairs += len(other)
    return right / pairs if pairs else float("nan")


def model_table(found: Cox) -> pd.DataFrame:
    """Size, likelihood and concordance of a model."""
    values = {
        "n": len(found.p),
        "events": found.p["event"].sum(),
        "log_likelihood": found.best.log_likelihood,
        "concordance": concordance(found),
    }
    return pd.DataFrame([{"label": "model", **values}])


def model_tests(found: Cox) -> pd.DataFrame:
    """Likelihood-ratio, Wald and score test of all coefficients together."""
    use = found.used
    df, b = use.sum(), found.beta[use]
    score = found.null.score.sum(axis=0)[use]
    at_null = found.null.information.sum(axis=0)[np.ix_(use, use)]
    values = {
        "lr": 2 * (found.best.log_likelihood - found.null.log_likelihood),
        "wald": b @ np.linalg.solve(found.covariance[np.ix_(use, use)], b),
        "score": score @ np.linalg.solve(at_null, score),
    }
    if found.infinite.any():
        values["wald"] = np.nan
    if "cluster" in found.p:
        residual = grouped(found.p, found.null.residual)[:, use]
        spread = residual.T @ residual
        if np.linalg.matrix_rank(spread, hermitian=True) == df:
            values["robust_score"] = score @ np.linalg.solve(spread, score)
    rows = [
        {"label": name, "statistic": v, "df": df, "p_value": stats.chi2.sf(v, df)}
        for name, v in values.items()
    ]
    return pd.DataFrame(rows)


def proportional_hazards(found: Cox, terms: list[Term], ties: str) -> pd.DataFrame:
    """R's cox.zph: score test of each term against a change with 1 - S(t-) of all patients."""
    if found.infinite.any():
        return pd.DataFrame(columns=["label"])
    p, x = found.p, found.x[:, found.used]
    scale = x.std(axis=0)
    z = (x - x.mean(axis=0)) / scale
    sums = partial_likelihood(p, z, found.beta[found.used] * scale, ties)
    t, place = np.unique(p["time"], return_inverse=True)
    n = np.searchsorted(np.sort(p["entry"]), t) - np.searchsorted(np.sort(p["time"]), t)
    s = np.cumprod(1 - np.bincount(place, weights=p["event"]) / n)
    g = 1 - np.append(1.0, s)[np.searchsorted(t, sums.times)]
    g = g - g.mean()
    v0, v1, v2 = (np.tensordot(g**k, sums.information, 1) for k in range(3))
    score, variance = g @ sums.score, v2 - v1 @ np.linalg.solve(v0, v1)
    of_term = np.repeat(np.arange(len(terms)), [len(term.levels) for term in terms])[found.used]
    tested = [(term.name, np.flatnonzero(of_term == i)) for i, term in enumerate(terms)]
    rows = []
    for name, own in [*tested, ("GLOBAL", np.arange(len(of_term)))]:
        if len(own):
            value = score[own] @ np.linalg.solve(variance[np.ix_(own, own)], score[own])
            p_value = stats.chi2.sf(value, len(own))
            rows.append({"label": name, "statistic": value, "df": len(own), "p_value": p_value})
    return pd.DataFrame(rows)
