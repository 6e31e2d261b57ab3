"""Which lesions are eligible, and whom that leaves without any.

The filters are applied one after the other: an SUVmax at all, the sites left out, the threshold
of SUVmax, the smallest volume. A patient who loses the last lesion leaves at that filter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from core.inclusion import LedgerEntry
from core.lesions.pet.checks import lines_at
from core.lesions.pet.lesions import Lesions
from core.notes import Note, counted, info, listed, warning, were
from core.reading.roles.vocabulary import fold
from core.spec import shortest

BONE = "bone"
"""What stands for all sites that are bone by their names, in the list of sites left out."""


@dataclass(frozen=True)
class Choice:
    """Which lesions are eligible, and which definition of each measure holds."""

    suv_min: float = 2.5
    suv_side: str = "ge"
    sites_out: tuple[str, ...] = ()
    volume_min: float = 0.0
    hi_of: str = "hottest"
    cov_sd: str = "sample"
    volume_of: str = "sum"
    suvmean_of: str = "hottest"

    @classmethod
    def of(cls, spec: Any) -> Self:
        """Read the choices off a spec; what it does not say has its default.

        Examples
        --------
        >>> from core.spec import AnalysisSpec
        >>> Choice.of(AnalysisSpec()) == Choice()
        True
        """
        said = {name: getattr(spec, name, None) for name in cls.__dataclass_fields__}
        return cls(**{name: value for name, value in said.items() if value is not None})

    @property
    def threshold(self) -> str:
        """The threshold in words: ``SUVmax >= 2.5``."""
        return f"SUVmax {'>' if self.suv_side == 'gt' else '>='} {shortest(float(self.suv_min))}"


class Filter(NamedTuple):
    """One condition of eligibility.

    Attributes
    ----------
    why : str
        The reason that stands in the ledger for a patient who has no lesion left.
    what : str
        What a lesion that does not pass is.
    passes : numpy.ndarray of bool, shape (lesions,)
    """

    why: str
    what: str
    passes: np.ndarray


def sites_out(lesions: Lesions, choice: Choice) -> np.ndarray:
    """Which of the sites are left out, shape (sites,); "bone" stands for all that are bone."""
    asked = {fold(site) for site in choice.sites_out}
    out = np.array([fold(site) in asked for site in lesions.sites], dtype=bool)
    if BONE in asked:
        out |= lesions.bone
    return out


def filters_of(lesions: Lesions, choice: Choice) -> list[Filter]:
    """The conditions of eligibility, in the order in which they are applied."""
    out = np.append(sites_out(lesions, choice), False)[lesions.site]
    x = lesions.suv_max
    reached = x > choice.suv_min if choice.suv_side == "gt" else x >= choice.suv_min
    sites = ", ".join(choice.sites_out)
    filters = [
        Filter("No lesion with an SUVmax", "SUVmax is missing", ~np.isnan(x)),
        Filter(f"All lesions in sites left out ({sites})", "their site is left out", ~out),
        Filter(f"No lesion with {choice.threshold}", f"not {choice.threshold}", reached),
    ]
    if choice.volume_min > 0:
        least = f"{shortest(float(choice.volume_min))} mL"
        what = f"their volume is below {least} or missing"
        passes = lesions.mtv >= choice.volume_min
        filters.append(Filter(f"No lesion of at least {least}", what, passes))
    return filters


def apply(
    lesions: Lesions, filters: list[Filter]
) -> tuple[np.ndarray, np.ndarray, tuple[LedgerEntry, ...]]:
    """Apply filter by filter; a patient leaves at the one that takes the last lesion.

    Returns
    -------
    eligible : numpy.ndarray of bool, shape (lesions,)
    left : numpy.ndarray of object, shape (patients,)
        Why a patient has no lesion left; None for those who have.
    ledger : tuple of LedgerEntry
    """
    n = len(lesions.ids)
    passed, had = np.ones(lesions.n, dtype=bool), np.ones(n, dtype=bool)
    left = np.full(n, None, dtype=object)
    ledger = []
    for why, _, passes in filters:
        passed = passed & passes
        has = np.bincount(lesions.patient[passed], minlength=n) > 0
        gone = had & ~has
        if gone.any():
            left[gone] = why
            lines = lines_at(lesions.line, gone[lesions.patient])
            ledger.append(LedgerEntry(why, int(gone.sum()), lines))
        had = has
    return passed, left, tuple(ledger)


def about_filters(lesions: Lesions, choice: Choice, filters: list[Filter]) -> list[Note]:
    """How many lesions each filter leaves out, and what it cannot tell."""
    passed = np.ones(lesions.n, dtype=bool)
    notes = []
    for _, what, passes in filters:
        lost = passed & ~passes
        passed = passed & passes
        if n := int(lost.sum()):
            patients = len(np.unique(lesions.patient[lost]))
            text = f"{counted(n, 'lesion')} of {counted(patients, 'patient')} {were(n)} left out: "
            lines = lines_at(lesions.line, lost)
            notes.append(Note("info", "lesions", f"{text}{what}.", "excluded", n, lines))
    return notes + _about_sites(lesions, choice)


def _about_sites(lesions: Lesions, choice: Choice) -> list[Note]:
    notes = []
    known = {fold(site) for site in lesions.sites} | ({BONE} if lesions.bone.any() else set())
    if strange := [site for site in choice.sites_out if fold(site) not in known]:
        text = f"No lesion is in a site called {listed(strange)}: nothing was left out for it."
        notes.append(warning("sites_out", text))
    unsaid = int((lesions.site < 0).sum()) if choice.sites_out else 0
    if unsaid:
        text = f"The site of {counted(unsaid, 'lesion')} is not said: kept, since it may be another"
        notes.append(warning("sites_out", f"{text} than those left out."))
    counted_bone = lesions.in_bone & ~np.append(sites_out(lesions, choice), False)[lesions.site]
    if n := int(counted_bone.sum()):
        text = f"{counted(n, 'lesion')} in bone ({listed(lesions.bone_sites)}) {were(n)} not left "
        notes.append(info("sites_out", text + "out. Leave out the site 'bone' to see without."))
    return notes
