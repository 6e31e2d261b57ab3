"""Which values a field of the question can have."""

from __future__ import annotations

from collections.abc import Callable

CHOICES: dict[str, tuple[str, ...]] = {
    "unit": ("days", "weeks", "months", "years"),
    "show_unit": ("days", "weeks", "months", "years"),
    "one_row": ("first", "last", "all"),
    "zero": ("keep", "half", "drop", "error"),
    "negative": ("drop", "half", "error"),
    "cut_rule": (
        "none", "value", "median", "tertiles", "quartiles", "quantile", "best", "best-pair",
    ),
    "combine": ("both", "either", "four"),
    "outcome": ("locked",),
    "cut_side": ("ge", "gt"),
    "ties": ("efron", "breslow"),
    "estimator": ("cox", "firth"),
    "conf_type": ("log-log", "log", "plain", "arcsin"),
    "limits": ("wald", "profile"),
    "missing": ("complete", "impute"),
    "scale": ("survival", "failure", "log-log", "cumhaz", "hazard"),
    "family": ("none", "exponential", "weibull", "lognormal", "loglogistic", "gengamma"),
    "spread": ("range", "quartiles"),
    "mean_test": ("mann-whitney", "t", "welch"),
    "suv_side": ("ge", "gt"),
    "hi_of": ("hottest", "mean", "max", "ratio"),
    "cov_sd": ("sample", "population"),
    "volume_of": ("sum", "max", "hottest"),
    "suvmean_of": ("hottest", "mean", "volume"),
    "lesion_pd": ("lesion", "category"),
    "profile": ("r", "spss"),
    "median_ci": ("curve", "spss"),
    "adjust_pairwise": ("holm", "bonferroni", "bh", "none"),
}  # fmt: skip


RANGES: dict[str, tuple[Callable[[float], bool], str]] = {
    "conf_level": (lambda x: 0 < x < 1, "between 0 and 1"),
    "min_fraction": (lambda x: 0 <= x < 0.5, "from 0 to below 0.5"),
    "min_events": (lambda x: x >= 0, "0 or more"),
    "tau": (lambda x: x > 0, "above 0"),
    "landmark": (lambda x: x > 0, "above 0"),
    "given": (lambda x: x > 0, "above 0"),
    "bandwidth": (lambda x: x > 0, "above 0"),
    "l1_ratio": (lambda x: 0 <= x <= 1, "from 0 (ridge) to 1 (lasso)"),
    "power": (lambda x: 0 < x < 1, "between 0 and 1"),
    "suv_min": (lambda x: x >= 0, "0 or more"),
    "volume_min": (lambda x: x >= 0, "0 or more"),
    "confirm_weeks": (lambda x: x >= 0, "0 or more"),
    "stable_weeks": (lambda x: x >= 0, "0 or more"),
    "benefit_weeks": (lambda x: x > 0, "above 0"),
    "imputations": (lambda x: 2 <= x <= 200 and x == int(x), "a whole number from 2 to 200"),
    "measurement_error": (lambda x: 0 <= x < 1, "from 0 to below 1 (0.1 is 10 %)"),
    "permutations": (lambda x: 0 <= x <= 1e6 and x == int(x), "a whole number up to 1,000,000"),
    "bootstraps": (lambda x: 0 <= x <= 1e5 and x == int(x), "a whole number up to 100,000"),
    "seed": (lambda x: 0 <= x < 2**63 and x == int(x), "a whole number, 0 or more"),
}
