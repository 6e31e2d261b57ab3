"""The sensitivity of the answer in words and tables: other definitions, and without bone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from core.cohort import Cohort
from core.survival.lesions.alternatives import AlternativesResult
from core.survival.lesions.alternatives import Line as Alternative
from core.survival.lesions.bone import BoneResult
from core.survival.lesions.bone import Line as Marker
from core.survival.lesions.otherwise import Contrast
from core.view import numbers
from core.view.words import name_of_test

CALLED = {
    "hi_of": "HI",
    "cov_sd": "COV",
    "volume_of": "MTV",
    "suvmean_of": "SUVmean",
    "suv_side": "Threshold",
    "sites_out": "Sites",
}
DIFFERENT = (
    "One definition is changed at a time. Patients change groups if they have both values and lie "
    "on different sides of the cutoff; some have no value under another definition. Look at these "
    "lines to see whether the answer depends on the definition, and not to choose one: the "
    "p-values are not corrected for it."
)
BONE = (
    "Each marker is cut at its own median with and without bone lesions, unless it forms the "
    "groups: then it is cut as above. Hazard ratios are of the high against the low group; the "
    "p-values are not corrected for several markers."
)


def alternatives_finding(result: AlternativesResult) -> str:
    """How much the answer depends on the definition, in a sentence or two."""
    others = [line for line in result.lines if not line.current]
    if not others:
        return f"{result.title} has no alternative definition here."
    counts = [_changed(line) for line in others]
    most = max(counts)
    name = "definition" if len(others) == 1 else "definitions"
    text = f"{result.title} under {len(others)} other {name}: "
    if most == 0:
        text += "no patient changes groups"
    else:
        text += f"at most {most} of {result.n} patients change groups"
    found = [_contrast(line) for line in result.lines]
    ratios = [c.hazard_ratio for c in found if c is not None and c.hazard_ratio is not None]
    if ratios:
        low, high = (numbers.ratio(r, None, None) for r in (min(ratios), max(ratios)))
        text += f", and the hazard ratio is {low}"
        text += "." if low == high else f" to {high}."
        if min(ratios) < 1 < max(ratios):
            text += " Its direction depends on the definition."
        return text
    return f"{text}."


def _changed(line: Alternative) -> int:
    return line.n_changed_median if line.n_changed is None else line.n_changed


def _contrast(line: Alternative) -> Contrast | None:
    return line.at_median if line.n_changed is None else line.at_cutoff


def alternatives(cohort: Cohort, result: AlternativesResult, *, at_median: bool) -> pd.DataFrame:
    """The panel at the present cutoff, or with each definition at its own median."""
    test = f"{_named(cohort, result.test)} p"
    lines = []
    for line in result.lines:
        found = line.at_median if at_median else line.at_cutoff
        changed = line.n_changed_median if at_median else line.n_changed
        row: dict[str, Any] = {
            "Definition": f"{CALLED[line.field]}: {line.label}" + (" (now)" * line.current),
            "Patients": numbers.count(line.n),
        }
        if at_median:
            row["Median"] = "–" if found is None else f"{found.cutoff:.4g}"
        row |= {
            "High": "–" if found is None else numbers.count(found.n_high),
            "Change groups": "–" if changed is None else numbers.count(changed),
            "Leave / come in": f"{line.n_lost} / {line.n_gained}",
            **_compared(found, test),
        }
        lines.append(row)
    return pd.DataFrame(lines)


def _named(cohort: Cohort, test: str) -> str:
    name = name_of_test(test, cohort.spec)
    return name[:1].upper() + name[1:]


def _compared(found: Contrast | None, test: str) -> dict[str, str]:
    if found is None:
        return {"Hazard ratio (limits)": "–", test: "–"}
    ratio = numbers.ratio(found.hazard_ratio, found.conf_low, found.conf_high)
    return {"Hazard ratio (limits)": ratio, test: numbers.p_cell(found.p_value)}


def alternatives_in_full(result: AlternativesResult) -> pd.DataFrame:
    """All numbers of the panel, for a file."""
    lines = []
    for line in result.lines:
        row = {f.name: getattr(line, f.name) for f in dataclasses.fields(line)}
        for name in ("at_cutoff", "at_median"):
            found = row.pop(name)
            for field in dataclasses.fields(Contrast):
                key = f"{name.removeprefix('at_')}_{field.name}".replace("cutoff_cutoff", "cutoff")
                row[key] = None if found is None else getattr(found, field.name)
        lines.append(row)
    return pd.DataFrame(lines).rename(columns={"median_cutoff": "median"})


def bone_finding(cohort: Cohort, result: BoneResult) -> str:
    """What leaving out bone does to the patients and, where a marker is chosen, to the answer."""
    if not result.lines:
        return "No site of the lesion table is bone, so there is nothing to leave out."
    has, out = result.counts
    text = (
        f"Without bone {out.n_lesions:,} of {has.n_lesions:,} lesions count, in "
        f"{out.n_patients:,} of {has.n_patients:,} patients."
    )
    mine = [line for line in result.lines if line.column == cohort.groups.by]
    ratios = [
        numbers.ratio(line.contrast.hazard_ratio, line.contrast.conf_low, line.contrast.conf_high)
        for line in mine
        if line.contrast is not None
    ]
    if len(ratios) == 2:
        text += f" The hazard ratio of high {mine[0].title} is {ratios[0]} with bone lesions and "
        text += f"{ratios[1]} without."
    return text


def bone(cohort: Cohort, result: BoneResult) -> pd.DataFrame:
    """Every marker with and without bone lesions, side by side in two lines."""
    test = f"{_named(cohort, result.test)} p"
    return pd.DataFrame([_marker(cohort, line, test) for line in result.lines])


def _marker(cohort: Cohort, line: Marker, test: str) -> dict[str, str]:
    low, high = (_median(cohort, line, side) for side in (0, 1))
    cutoff = "–" if line.contrast is None else f"{line.contrast.cutoff:.4g}"
    return {
        "Marker": f"{line.title}, {'with' if line.with_bone else 'without'} bone",
        "Patients (events)": f"{numbers.count(line.n)} ({numbers.count(line.events)})",
        "Cutoff": cutoff,
        f"Median if low, {cohort.show_unit}": low,
        f"Median if high, {cohort.show_unit}": high,
        **_compared(line.contrast, test),
    }


def _median(cohort: Cohort, line: Marker, side: int) -> str:
    if len(line.groups) != 2:
        return "–"
    group = line.groups[side]
    return numbers.time_with_limits(group.median, group.conf_low, group.conf_high, cohort.show_unit)


def bone_in_full(result: BoneResult) -> pd.DataFrame:
    """All numbers of the table, for a file."""
    lines = []
    for line in result.lines:
        row: dict[str, Any] = {
            "column": line.column,
            "with_bone": line.with_bone,
            "n": line.n,
            "events": line.events,
        }
        for field in dataclasses.fields(Contrast):
            row[field.name] = None if line.contrast is None else getattr(line.contrast, field.name)
        for name, group in zip(("low", "high"), line.groups, strict=False):
            for key in ("label", "n", "events", "median", "conf_low", "conf_high"):
                row[f"{name}_{key}"] = getattr(group, key)
        lines.append(row)
    return pd.DataFrame(lines)
