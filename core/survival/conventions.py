"""Conventions that software differs in, and the two named sets of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.spec import AnalysisSpec

TOLERANCE = float(np.sqrt(np.finfo(float).eps))
"""How close two survival probabilities are taken as equal (as in R's ``survfit``)."""


@dataclass(frozen=True)
class Conventions:
    """What is used where the spec says nothing."""

    ties: str
    median_ci: str
    conf_level: float
    conf_type: str


PROFILES = {
    "r": Conventions("efron", "curve", 0.95, "log-log"),
    "spss": Conventions("breslow", "spss", 0.95, "log-log"),
}


def conventions(spec: AnalysisSpec) -> Conventions:
    """Return the conventions in force: a field of the spec wins over its profile.

    Examples
    --------
    >>> conventions(AnalysisSpec(profile="spss")).ties
    'breslow'
    >>> conventions(AnalysisSpec(profile="spss", ties="efron")).ties
    'efron'
    """
    default = PROFILES[spec.profile or "r"]
    return Conventions(
        spec.ties or default.ties,
        spec.median_ci or default.median_ci,
        default.conf_level if spec.conf_level is None else spec.conf_level,
        spec.conf_type or default.conf_type,
    )
