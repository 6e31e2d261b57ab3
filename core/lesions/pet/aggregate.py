"""From lesions to patients: SUVmax, SUVmean, MTV, TLG, HI, COV and the counts.

Methods
-------
A lesion is eligible if its SUVmax reaches the threshold (2.5 unless said otherwise, at or above),
if its site is not left out, and if its volume reaches the smallest one asked for. Over the
eligible lesions of a patient:

- SUVmax is the highest; SUVmean is that of the hottest lesion, the mean of the lesions, or their
  mean weighted by volume.
- MTV is the sum of the volumes, the largest, or that of the hottest lesion. TLG is the sum of
  SUVmean times MTV of the lesions, whichever way MTV is taken, and not the product of sums.
- HI, the heterogeneity index, is SUVmax over SUVmean: of the hottest lesion, the mean or the
  maximum of the lesions' indices, or the ratio of the patient's SUVmax and SUVmean.
- COV, the coefficient of variation, is the standard deviation of the lesions' SUVmax over their
  mean. It says nothing where there is one lesion: missing, not 0. The sample's deviation (n - 1)
  is the default, as spreadsheets and SPSS compute it.

The study that introduced these measures does not say which lesion, sum or deviation it took; every
alternative is a choice. Of equally hot lesions the one with the larger volume is the hottest, then
the one with the higher SUVmean. A value that a definition needs and a lesion lacks makes the
patient's value missing: a sum over the others would look like a whole one.

References
----------
Zhao et al. Sci Rep 2018;8:14458.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from core.inclusion import LedgerEntry
from core.lesions.pet.eligible import Choice, about_filters, apply, filters_of
from core.lesions.pet.lesions import Lesions
from core.notes import Note, counted, info, warning

METHODS = (
    "Lesions were aggregated to one value per patient: SUVmax, SUVmean, metabolic tumour volume "
    "(MTV), total lesion glycolysis (TLG, the sum of SUVmean times MTV), the heterogeneity index "
    "(HI, SUVmax over SUVmean) and the coefficient of variation of SUVmax between lesions (COV, "
    "in patients with two lesions or more)."
)
COLUMNS = ("SUVmax", "SUVmean", "MTV", "TLG", "HI", "COV", "n_lesions", "n_sites")


@dataclass(frozen=True, eq=False)
class Patients:
    """One value per patient of a lesion table, in the order of `Lesions.ids`.

    Attributes
    ----------
    ids : numpy.ndarray of str (object), shape (patients,)
    suv_max, suv_mean, mtv, tlg, hi, cov : numpy.ndarray of float, shape (patients,)
        NaN where missing, as for a patient without an eligible lesion. Volumes in mL, TLG in g.
    n_lesions : numpy.ndarray of int, shape (patients,)
        Eligible lesions.
    n_sites : numpy.ndarray of float, shape (patients,)
        Sites that the eligible lesions are in; NaN where the site of one of them is not said.
    n_left_out : numpy.ndarray of int, shape (patients,)
        Lesions that are not eligible.
    left : numpy.ndarray of object, shape (patients,)
        Why a patient has no eligible lesion; None for those who have.
    eligible : numpy.ndarray of bool, shape (lesions,)
    ledger : tuple of LedgerEntry
        How many patients lost all lesions, and why, with their lines of the lesion table.
    notes : tuple of Note
    """

    ids: np.ndarray
    suv_max: np.ndarray
    suv_mean: np.ndarray
    mtv: np.ndarray
    tlg: np.ndarray
    hi: np.ndarray
    cov: np.ndarray
    n_lesions: np.ndarray
    n_sites: np.ndarray
    n_left_out: np.ndarray
    left: np.ndarray
    eligible: np.ndarray
    ledger: tuple[LedgerEntry, ...] = ()
    notes: tuple[Note, ...] = ()

    def column(self, name: str) -> np.ndarray:
        """The values of a derived column by its name in the table of patients."""
        fields = {"SUVmax": "suv_max", "SUVmean": "suv_mean", "n_lesions": "n_lesions"}
        values: np.ndarray = getattr(self, fields.get(name, name.lower()))
        return values


@dataclass(frozen=True, eq=False)
class Kept:
    """The eligible lesions of the patients who have any, one stretch per patient.

    Attributes
    ----------
    rows : numpy.ndarray of int
        Positions among the lesions.
    starts : numpy.ndarray of int
        Where each patient begins; his hottest lesion.
    code : numpy.ndarray of int
        Which of these patients a lesion belongs to, from 0.
    patients : numpy.ndarray of int
        Their positions among all.
    """

    rows: np.ndarray
    starts: np.ndarray
    code: np.ndarray
    patients: np.ndarray

    @classmethod
    def of(cls, lesions: Lesions, eligible: np.ndarray) -> Self:
        """Divide the eligible lesions by patient."""
        rows = np.flatnonzero(eligible)
        patient = lesions.patient[rows]
        patients, starts, code = np.unique(patient, return_index=True, return_inverse=True)
        return cls(rows, starts, code, patients)

    @property
    def counts(self) -> np.ndarray:
        """Lesions of each patient."""
        return np.diff(np.append(self.starts, len(self.rows)))

    def hottest(self, x: np.ndarray) -> np.ndarray:
        """The value of each patient's hottest lesion."""
        values: np.ndarray = x[self.rows][self.starts]
        return values

    def total(self, x: np.ndarray) -> np.ndarray:
        """The sum of each patient's lesions; NaN if one is missing."""
        totals: np.ndarray = np.bincount(
            self.code, weights=x[self.rows], minlength=len(self.patients)
        )
        return totals

    def mean(self, x: np.ndarray) -> np.ndarray:
        """The mean over each patient's lesions; NaN if one is missing."""
        means: np.ndarray = self.total(x) / self.counts
        return means

    def largest(self, x: np.ndarray) -> np.ndarray:
        """The maximum of each patient's lesions; NaN if one is missing."""
        if not len(self.rows):
            return np.array([], dtype=float)
        largest: np.ndarray = np.maximum.reduceat(x[self.rows], self.starts)
        return largest


def patients(lesions: Lesions, choice: Choice | None = None) -> Patients:
    """Aggregate the eligible lesions of every patient.

    Parameters
    ----------
    lesions : Lesions
        As `table.canonical` gives them.
    choice : Choice, optional
        Filters and definitions; the defaults when left out.

    Returns
    -------
    Patients

    Examples
    --------
    >>> import pandas as pd
    >>> from core.lesions.pet.table import canonical, recognise
    >>> sheet = pd.DataFrame({"id": ["A", "A", "B"], "SUVmax": [6.0, 4, 3], "SUVmean": [3.0, 2, 2]})
    >>> found = patients(canonical(sheet, recognise(sheet)))
    >>> found.hi.tolist(), found.cov.round(3).tolist()
    ([2.0, 1.5], [0.283, nan])
    """
    asked = choice or Choice()
    filters = filters_of(lesions, asked)
    eligible, left, ledger = apply(lesions, filters)
    kept = Kept.of(lesions, eligible)
    n_lesions = np.bincount(lesions.patient[eligible], minlength=len(lesions.ids))

    def spread(values: np.ndarray) -> np.ndarray:
        full = np.full(len(lesions.ids), np.nan)
        full[kept.patients] = values
        return full

    suv_max, suv_mean = kept.hottest(lesions.suv_max), _suv_mean(lesions, kept, asked)
    found = Patients(
        ids=lesions.ids,
        suv_max=spread(suv_max),
        suv_mean=spread(suv_mean),
        mtv=spread(_volume(lesions, kept, asked)),
        tlg=spread(kept.total(lesions.tlg)),
        hi=spread(_hi(lesions, kept, asked, _ratio(suv_max, suv_mean))),
        cov=spread(_cov(lesions, kept, asked)),
        n_lesions=n_lesions,
        n_sites=spread(_n_sites(lesions, kept)),
        n_left_out=lesions.n_lesions - n_lesions,
        left=left,
        eligible=eligible,
        ledger=ledger,
    )
    notes = (*about_filters(lesions, asked, filters), *_about_values(lesions, found))
    return replace(found, notes=notes)


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Divide; NaN where the divisor is 0 or missing."""
    quotient: np.ndarray = np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0)
    return quotient


def _suv_mean(lesions: Lesions, kept: Kept, choice: Choice) -> np.ndarray:
    if choice.suvmean_of == "mean":
        return kept.mean(lesions.suv_mean)
    if choice.suvmean_of == "volume":
        weighted = kept.total(lesions.suv_mean * lesions.mtv)
        return _ratio(weighted, kept.total(lesions.mtv))
    return kept.hottest(lesions.suv_mean)


def _volume(lesions: Lesions, kept: Kept, choice: Choice) -> np.ndarray:
    if choice.volume_of == "max":
        return kept.largest(lesions.mtv)
    return kept.hottest(lesions.mtv) if choice.volume_of == "hottest" else kept.total(lesions.mtv)


def _hi(lesions: Lesions, kept: Kept, choice: Choice, ratio: np.ndarray) -> np.ndarray:
    """The heterogeneity index; `ratio` is that of the patient's SUVmax and SUVmean."""
    if choice.hi_of == "ratio":
        return ratio
    each = _ratio(lesions.suv_max, lesions.suv_mean)
    if choice.hi_of == "mean":
        return kept.mean(each)
    return kept.largest(each) if choice.hi_of == "max" else kept.hottest(each)


def _cov(lesions: Lesions, kept: Kept, choice: Choice) -> np.ndarray:
    """SD over mean of the lesions' SUVmax; NaN for one lesion, under either deviation.

    The distances from the hottest lesion are squared in two passes: equal values have no spread
    at all, and not one of the last digit.
    """
    n = kept.counts.astype(float)
    top = kept.hottest(lesions.suv_max)
    below = np.zeros(lesions.n)
    below[kept.rows] = lesions.suv_max[kept.rows] - top[kept.code]
    middle = kept.mean(below)
    off = np.zeros(lesions.n)
    off[kept.rows] = below[kept.rows] - middle[kept.code]
    squares = kept.total(off * off)
    freedom = n if choice.cov_sd == "population" else n - 1
    deviation = np.sqrt(_ratio(squares, freedom))
    return np.where(n >= 2, _ratio(deviation, top + middle), np.nan)


def _n_sites(lesions: Lesions, kept: Kept) -> np.ndarray:
    site = lesions.site[kept.rows]
    width = len(lesions.sites) + 1
    pairs = np.unique(kept.code * width + site + 1)
    n = np.bincount(pairs // width, minlength=len(kept.patients)).astype(float)
    n[kept.code[site < 0]] = np.nan
    return n


def _about_values(lesions: Lesions, found: Patients) -> list[Note]:
    notes = []
    inside = found.n_lesions > 0
    if n := int((found.n_lesions == 1).sum()):
        text = f"{counted(n, 'patient')} with one lesion: COV is missing there, not 0."
        notes.append(info("COV", text))
    needs = (("SUVmean", found.suv_mean, {"suv_mean"}), ("HI", found.hi, {"suv_mean"}),
             ("MTV", found.mtv, {"mtv"}))  # fmt: skip
    tlg = {"tlg"} if "tlg" in lesions.has else {"suv_mean", "mtv"}
    for name, values, columns in (*needs, ("TLG", found.tlg, tlg)):
        if columns <= lesions.has and (n := int((np.isnan(values) & inside).sum())):
            text = f"{name} of {counted(n, 'patient')} is missing, since a lesion lacks a value "
            notes.append(warning(name, text + "that it needs."))
    if n := int((found.hi < 1).sum()):
        text = f"HI of {counted(n, 'patient')} is below 1, which cannot be: SUVmean is above "
        notes.append(warning("HI", text + "SUVmax in the lesion table."))
    return notes
