"""Sections on lesions: which count, whether the answer depends on that, modes of progression."""

from __future__ import annotations

from core.lesions.attach import attached
from core.survival.lesions.otherwise import columns
from core.survival.progression.modes import ModesResult
from core.view import tables
from core.view.lesions import markers, pet
from core.view.lesions import tables as lesions
from core.view.model import scatter
from core.view.progression import said as progression
from core.view.reports.asked import Asked, picture, quiet, said, table
from core.view.reports.document import Block

FIRST = ("HI", "COV")
"""The two markers that are drawn: heterogeneity within the hottest lesion, and between lesions."""


def summary(asked: Asked) -> list[Block]:
    """Which lesions count and what they become per patient, where a part reads them."""
    found = attached(asked.cohort.source, asked.spec)
    if found is None or found.pet is None or found.pet_patients is None:
        return []
    derived = found.pet_patients
    full = [("Markers", pet.summary_in_full(derived))]
    return [
        *said(pet.finding(found.pet, derived)),
        *table(
            pet.summary(derived), "Markers that come from the lesions", pet.VARIANT, behind=full
        ),
        *table(pet.left(derived), "Patients without a lesion that counts"),
    ]


def alternatives(asked: Asked) -> list[Block]:
    """The marker that forms the groups under each other definition."""
    cohort, result = asked.cohort, asked.result("alternatives")
    full = [("Other definitions", lesions.alternatives_in_full(result))]
    blocks = said(lesions.alternatives_finding(result))
    if result.cutoff is not None:
        blocks += table(
            lesions.alternatives(cohort, result, at_median=False),
            f"Other definitions, cut at {result.cutoff:.4g}",
        )
    return [
        *blocks,
        *table(
            lesions.alternatives(cohort, result, at_median=True),
            "Other definitions, each cut at its own median",
            lesions.DIFFERENT,
            behind=full,
        ),
    ]


def bone(asked: Asked) -> list[Block]:
    """Every marker with and without bone lesions."""
    cohort, result = asked.cohort, asked.result("bone")
    blocks = said(lesions.bone_finding(cohort, result))
    if result.lines:
        note = f"Bone: {', '.join(result.sites)}. {lesions.BONE}"
        full = [("With and without bone", lesions.bone_in_full(result))]
        frame = lesions.bone(cohort, result)
        blocks += table(frame, "With and without bone lesions", note, behind=full)
    return blocks


def ranks(asked: Asked) -> list[Block]:
    """Marker against marker, with the rank correlations."""
    cohort, result = asked.cohort, asked.result("ranks")
    named = columns(cohort)
    blocks: list[Block] = []
    a, b = FIRST if set(FIRST) <= set(named) else (*named, "", "")[:2]
    pair = result.of(a, b)
    if pair is not None:
        shape = markers.shape(named[a], named[b])
        chart = {**scatter.description(shape), "datasets": markers.data(cohort, a, b)}
        sentence = markers.finding(cohort, pair)
        title = f"{named[a].title} and {named[b].title}"
        blocks += [*said(sentence), *picture(chart, title, sentence)]
    full = [("Rank correlations", tables.rows(result.pairs))]
    frame = markers.table(cohort, result)
    return [*blocks, *table(frame, "Rank correlation of the markers", markers.VARIANT, behind=full)]


def modes(asked: Asked) -> list[Block]:
    """Survival by the models of progression."""
    result: ModesResult = asked.result("modes")
    full = [("Survival by model", progression.comparison_numbers(result))]
    return [
        *said(progression.separation(result)),
        *table(
            progression.comparison(result, asked.cohort.show_unit),
            "Survival by the models of progression",
            "Log-rank p; the adjusted one allows for the number of models (Holm).",
            behind=full,
        ),
        *quiet("Times are counted from when the mode of progression is known."),
    ]
