"""What RECIST 1.1 leaves to the protocol, in one place."""

from __future__ import annotations

from dataclasses import dataclass

WEEK = 7.0


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The choices that a table of lesions is assessed with.

    Attributes
    ----------
    lesion_pd : {"lesion", "category"}
        How "all lesions progress" is read: lesion by lesion, or by the responses of the targets
        and of the non-targets as a whole.
    confirm_days : float
        Least days between a response and the one that confirms it.
    stable_days : float
        Least days from the start to an assessment that counts as stable disease.
    benefit_days : float
        Days after which a patient without progression has had a clinical benefit.
    most_unknown : int
        Not evaluable assessments that may lie between a response and its confirmation.
    stable_between : bool
        Whether one stable disease may lie between a partial response and its confirmation.
    """

    lesion_pd: str = "lesion"
    confirm_days: float = 4 * WEEK
    stable_days: float = 6 * WEEK
    benefit_days: float = 24 * WEEK
    most_unknown: int = 1
    stable_between: bool = False
