"""PET lesions in words and tables: which count, and what they become per patient."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.dataset import Variable
from core.lesions.pet.definitions import ALTERNATIVES
from core.lesions.pet.derived import Derived
from core.lesions.pet.eligible import BONE, Choice
from core.lesions.pet.lesions import Lesions
from core.view import numbers

NONE = (
    "There is no table of PET lesions yet. Drop a second sheet beside the patients' table on the "
    "Cohort page: one row per lesion, with the patient's number, SUVmax, and if you have them the "
    "site, SUVmean and the volume (MTV)."
)
LABELS = {
    "hi_of": "HI, the heterogeneity index",
    "cov_sd": "COV, the variation between lesions",
    "volume_of": "MTV of a patient",
    "suvmean_of": "SUVmean of a patient",
}
HELP = {
    "hi_of": "HI is SUVmax over SUVmean; studies differ in which lesions it is taken from.",
    "cov_sd": "COV is the standard deviation of the lesions' SUVmax over their mean; spreadsheets "
    "and SPSS divide by n - 1.",
    "volume_of": "A patient has several volumes: add them up, or take one of them.",
    "suvmean_of": "A patient has several SUVmeans: take that of the hottest lesion, or a mean.",
}
NEEDS = {"hi_of": "suv_mean", "suvmean_of": "suv_mean", "volume_of": "mtv"}
"""Columns of the lesion table without which a definition changes nothing."""
EXACT = 1e-9
"""Nearer than this, a decimal number is the one that it is written as."""
VARIANT = (
    "Only lesions that pass the filters count. A patient without any has no value and leaves the "
    "question when a PET marker forms the groups; COV needs two lesions and is missing with one. "
    "The table is of all patients of the lesion table who have a lesion that counts."
)


def finding(lesions: Lesions, derived: Derived) -> str:
    """How many lesions count, how many do not, and how many patients that leaves without any."""
    n, total = int(derived.eligible.sum()), lesions.n
    has, everybody = len(derived.frame), len(lesions.ids)
    text = f"{n:,} of {total:,} lesions count, in {has:,} of {everybody:,} patients."
    if n == total:
        return f"{text} The filters leave none out."
    out = total - n
    text += f" The filters leave out {out:,} {'lesion' if out == 1 else 'lesions'}"
    lost = everybody - has
    if not lost:
        return f"{text}, and no patient loses all lesions."
    return f"{text}, and {lost:,} {_patients(lost)} {_lose(lost)} all lesions."


def among(attached_ids: np.ndarray, rows: np.ndarray, derived: Derived) -> str:
    """How many of the patients of the question have a lesion that counts."""
    ids = set(attached_ids[rows].tolist()) - {""}
    n = len(ids & set(derived.frame.index))
    return f"In the question at hand {n:,} of {len(ids):,} patients have a lesion that counts."


def _patients(n: int) -> str:
    return "patient" if n == 1 else "patients"


def _lose(n: int) -> str:
    return "loses" if n == 1 else "lose"


def summary(derived: Derived) -> pd.DataFrame:
    """Every derived column: patients with a value, median and range."""
    lines = []
    for name, variable in derived.variables.items():
        x = derived.frame[name].to_numpy(dtype=float)
        x = x[np.isfinite(x)]
        lines.append(
            {
                "Marker": _defined(variable),
                "Patients": numbers.count(len(x)),
                "Median": _value(float(np.median(x)), variable) if len(x) else "–",
                "Range": _range(x, variable),
            }
        )
    return pd.DataFrame(lines)


def _defined(variable: Variable) -> str:
    """A marker with its definition; which lesions count stands above the table."""
    text = variable.meaning.partition(", over lesions")[0]
    return titled(variable) if text == variable.title else f"{titled(variable)}: {text}"


def summary_in_full(derived: Derived) -> pd.DataFrame:
    """The same in full precision, for a file."""
    lines = []
    for name, variable in derived.variables.items():
        x = derived.frame[name].dropna().to_numpy(dtype=float)
        ends = (np.median(x), x.min(), x.max()) if len(x) else (np.nan,) * 3
        lines.append((name, variable.unit, len(x), *map(float, ends), variable.meaning))
    names = ["column", "unit", "n", "median", "min", "max", "meaning"]
    return pd.DataFrame(lines, columns=names)


def titled(variable: Variable) -> str:
    """A marker with its unit: ``MTV (mL)``."""
    return f"{variable.title} ({variable.unit})" if variable.unit else variable.title


def _value(x: float, variable: Variable) -> str:
    """A median: with one decimal more than is measured where it lies between two values."""
    between = round(x, variable.decimals + 1)
    more = abs(between - x) < EXACT and abs(round(x, variable.decimals) - x) > EXACT
    return numbers.fixed(x, variable.decimals + more)


def _range(x: np.ndarray, variable: Variable) -> str:
    if not len(x):
        return "–"
    return "–".join(numbers.fixed(float(end), variable.decimals) for end in (x.min(), x.max()))


def left(derived: Derived) -> pd.DataFrame:
    """Why patients lost all their lesions; lines are those of the lesion table."""
    return pd.DataFrame(
        [
            {"Without a lesion that counts": entry.reason, "Patients": numbers.count(entry.n)}
            for entry in derived.ledger
        ]
    )


def sites(lesions: Lesions, choice: Choice) -> list[str]:
    """What can be left out: all bone as one item, then each site; what is left out is there too.

    A site that is itself called bone is not listed twice.
    """
    offered = [BONE] if lesions.bone.any() else []
    offered += [site for site in lesions.sites if site.casefold() != BONE]
    there = {site.casefold() for site in offered}
    return [*offered, *(s for s in choice.sites_out if s.casefold() not in there)]


def site_label(site: str, lesions: Lesions) -> str:
    """A site with how many lesions are there."""
    if site.casefold() == BONE and lesions.bone.any():
        return f"Bone, all of it ({int(lesions.in_bone.sum())})"
    here = [i for i, name in enumerate(lesions.sites) if name.casefold() == site.casefold()]
    return f"{site} ({int(np.isin(lesions.site, here).sum())})"


def possible(field: str, lesions: Lesions) -> bool:
    """Whether the lesion table has what a definition is about."""
    return field not in NEEDS or NEEDS[field] in lesions.has


def defined(field: str, value: str) -> str:
    """A definition as an item of a list: its words with a capital."""
    text = ALTERNATIVES[field][value]
    return text if text.startswith("SUV") else text[0].upper() + text[1:]
