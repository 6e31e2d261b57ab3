"""Ways to use a marker in a Cox model, and what each of them explains.

Methods
-------
The share of a way to use the marker is its likelihood-ratio chi-square divided by that of the
uncut marker (Harrell's adequacy index; groups are not nested in a line, so it can exceed 1). The
uncut marker is the line or the spline, whichever has the smaller AIC. Of a cutoff that was chosen
by the outcome, chi-square, AIC and C are better than they will be in other patients.

References
----------
Harrell FE. Regression Modeling Strategies, 2nd ed., section 9.8.3.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.cohort import Cohort
from core.survival.concordance import concordance
from core.survival.cutoff.smooth import chi2_test
from core.survival.fitted import Model
from core.survival.newton import Fit
from core.survival.results import Test


@dataclass(frozen=True)
class Way:
    """One way to use the marker in a Cox model.

    Attributes
    ----------
    name : {"linear", "spline", "cutoff", "median"}
    log_likelihood : float
    test : Test
        Likelihood-ratio test against no effect.
    aic : float
    concordance : float or None
        Harrell's C on the same patients (apparent, not validated).
    share : float or None
        Its chi-square divided by that of the uncut marker; None where that one is 0.
    """

    name: str
    log_likelihood: float
    test: Test
    aic: float
    concordance: float | None
    share: float | None


def likelihood_ratio(fit: Fit) -> float:
    """Chi-square of the likelihood-ratio test against no effect."""
    return max(2 * (fit.log_likelihood - fit.log_likelihood_null), 0.0)


def aic(fit: Fit) -> float:
    """Akaike's information criterion, as R's ``AIC`` of a Cox fit: smaller is better."""
    return 2 * fit.df - 2 * fit.log_likelihood


def way_of(cohort: Cohort, name: str, model: Model, whole: float) -> Way:
    """Judge a fitted model.

    Parameters
    ----------
    cohort : Cohort
    name : str
    model : Model
    whole : float
        Likelihood-ratio chi-square of the uncut marker.
    """
    rows, fit = model.rows, model.fit
    test = chi2_test("lr", likelihood_ratio(fit), fit.df)
    judged = concordance(
        cohort.time[rows],
        cohort.event[rows],
        model.matrix @ fit.beta,
        entry=None if cohort.entry is None else cohort.entry[rows],
        strata=None if cohort.strata is None else cohort.strata[rows],
    )
    share = None if whole <= 0 else likelihood_ratio(fit) / whole
    return Way(name, fit.log_likelihood, test, aic(fit), judged, share)
