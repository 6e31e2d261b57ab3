"""The definitions of the derived columns in words, each with its alternatives."""

from __future__ import annotations

from collections.abc import Mapping

from core.lesions.pet.eligible import BONE, Choice
from core.notes import listed
from core.spec import shortest

ALTERNATIVES: Mapping[str, Mapping[str, str]] = {
    "hi_of": {
        "hottest": "SUVmax over SUVmean of the hottest lesion",
        "mean": "mean over the lesions of SUVmax over SUVmean",
        "max": "largest SUVmax over SUVmean of a lesion",
        "ratio": "SUVmax of the patient over SUVmean of the patient",
    },
    "cov_sd": {
        "sample": "standard deviation (n - 1) of the lesions' SUVmax over their mean",
        "population": "standard deviation (n) of the lesions' SUVmax over their mean",
    },
    "volume_of": {
        "sum": "sum of the lesions' volumes",
        "max": "volume of the largest lesion",
        "hottest": "volume of the hottest lesion",
    },
    "suvmean_of": {
        "hottest": "SUVmean of the hottest lesion",
        "mean": "mean of the lesions' SUVmean",
        "volume": "mean of the lesions' SUVmean, weighted by volume",
    },
    "suv_side": {
        "ge": "lesions at the threshold of SUVmax count",
        "gt": "lesions at the threshold of SUVmax do not count",
    },
}
"""The values of every choice in words; the first one is the default."""

FILTERS = ("suv_side", "sites_out")
"""Choices that bear on every column."""


def bearing(column: str, choice: Choice) -> tuple[str, ...]:
    """Name the definitions that a derived column depends on.

    Examples
    --------
    >>> bearing("HI", Choice()), bearing("HI", Choice(hi_of="ratio")), bearing("TLG", Choice())
    (('hi_of',), ('hi_of', 'suvmean_of'), ())
    """
    own = {"HI": ("hi_of",), "COV": ("cov_sd",), "MTV": ("volume_of",), "SUVmean": ("suvmean_of",)}
    found = own.get(column, ())
    return (*found, "suvmean_of") if column == "HI" and choice.hi_of == "ratio" else found


def lesions_in(choice: Choice) -> str:
    """Say which lesions count.

    Examples
    --------
    >>> lesions_in(Choice(sites_out=("bone",), volume_min=1))
    "over lesions with SUVmax >= 2.5 and at least 1 mL, without the sites 'bone'"
    """
    text = f"over lesions with {choice.threshold}"
    if choice.volume_min > 0:
        text += f" and at least {shortest(float(choice.volume_min))} mL"
    if choice.sites_out:
        text += f", without the sites {listed(choice.sites_out, most=8)}"
    return text


def meaning(column: str, choice: Choice) -> str:
    """Define a derived column in one sentence, with the choices that hold.

    Examples
    --------
    >>> meaning("HI", Choice())
    'SUVmax over SUVmean of the hottest lesion, over lesions with SUVmax >= 2.5.'
    """
    said = {
        "SUVmax": "Highest SUVmax of the lesions",
        "TLG": "Sum of the lesions' TLG (SUVmean times volume)",
        "n_lesions": "Number of lesions",
        "n_sites": "Number of different sites of the lesions",
    }
    text = said.get(column, "")
    for field in bearing(column, choice)[:1]:
        text = ALTERNATIVES[field][getattr(choice, field)]
    if column == "HI" and choice.hi_of == "ratio":
        text += f" (the {ALTERNATIVES['suvmean_of'][choice.suvmean_of]})"
    end = "; missing with one lesion" if column == "COV" else ""
    return f"{text[0].upper()}{text[1:]}, {lesions_in(choice)}{end}."


def in_words(field: str, value: str | tuple[str, ...]) -> str:
    """An alternative in words.

    Examples
    --------
    >>> in_words("sites_out", ("bone",)), in_words("sites_out", ())
    ('bone left out', 'no site left out')
    """
    if isinstance(value, str):
        return ALTERNATIVES[field][value]
    if not value:
        return "no site left out"
    return f"{BONE if value == (BONE,) else ', '.join(value)} left out"
