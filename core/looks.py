"""What a view of a result looks at, as hashes: what makes it another analysis (`core.exploration`).

No value of a patient is kept: a cutoff enters by a hash of the smallest value above it, which is
the same for all cutoffs that divide the patients alike.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from core.cohort import Cohort
from core.exploration import Looks
from core.lesions.attach import FIELDS
from core.locking import cut_text
from core.pair_search import PairSearch
from core.spec import AnalysisSpec

ROLES = ("time", "start", "end", "event", "event_is", "competing", "entry", "origin")
"""Fields that say which endpoint it is."""
WHO = ("one_row", "zero", "negative", "landmark", "group_by", "second_by", *FIELDS)
"""Fields that decide who is in, beside the filters."""


def question(spec: AnalysisSpec) -> str:
    """Name a question by all that makes it another analysis."""
    names = (*ROLES, *WHO, "where", "cut_rule", "cut_value", "cut_side", "min_fraction",
             "min_events", "second_cut", "combine", "test", "strata", "estimator", "terms",
             "ties", "select", "weights", "offset", "cluster", "limits", "missing", "subgroups",
             "response", "response_is", "benefit_is")  # fmt: skip
    return f"{_hash(*(getattr(spec, name) for name in names)):x}"


def of_curves(cohort: Cohort) -> Looks:
    """What the curves of the groups, their test and their hazard ratio show.

    With a searched cutoff, or pair of cutoffs, every candidate was looked at.
    """
    groups, cuts = cohort.groups, _values(cohort)
    second = [(groups.second.by, groups.second.threshold)] if groups.second else []
    combined = [groups.second.combine, *second] if groups.second else []
    found = {**_who(cohort), "analyses": _array(_hash(*_context(cohort), *combined, *cuts))}
    if groups.by is None:
        return found
    cutoffs = [(groups.by, value) for value in cuts] + second
    found["stratifiers"] = _array(*(_hash(n) for n in {groups.by, *(n for n, _ in second)}))
    found["cutoffs"] = _array(*(_hash(name, value) for name, value in cutoffs))
    if groups.search is not None:
        return _both(found, of_scan(cohort, groups.search.high, side="ge"))
    if groups.pair is not None:
        return _both(found, of_pairs(cohort, groups.pair))
    return found


def of_scan(cohort: Cohort, cutoffs: np.ndarray, *, side: str) -> Looks:
    """What a scan shows: the log-rank test of each cutoff of the stratifier.

    Parameters
    ----------
    cohort : Cohort
    cutoffs : numpy.ndarray, shape (k,)
    side : {"ge", "gt"}
        How the cutoffs are written.
    """
    by = cohort.groups.by or ""
    x = np.sort(cohort.column(by).to_numpy(dtype=float))
    place = np.searchsorted(x, cutoffs, side="left" if side == "ge" else "right")
    high = np.append(x, np.inf)[place].tolist()
    plain = Cohort(
        cohort.dataset, cohort.spec.but(test=None, strata=()), cohort.included, cohort.groups
    )
    context = _hasher(*_context(plain))
    return {
        **_who(cohort),
        "stratifiers": _array(_hash(by)),
        "cutoffs": _each(_hasher(by), high),
        "analyses": _each(context, high),
    }


def of_map(cohort: Cohort, cutoffs: tuple[np.ndarray, np.ndarray], combine: str) -> Looks:
    """What a map of two markers shows: each of its cutoffs, and one analysis, corrected as one.

    Parameters
    ----------
    cohort : Cohort
    cutoffs : tuple of numpy.ndarray, shape (a,) and (b,)
        Of the first and the second marker.
    combine : str
    """
    spec = cohort.spec
    names = (cohort.groups.by or "", spec.second_by or "")
    plain = Cohort(cohort.dataset, spec.but(test=None, strata=()), cohort.included, cohort.groups)
    context = _context(plain)
    found = {
        **_who(cohort),
        "stratifiers": _array(*(_hash(name) for name in names)),
        "cutoffs": np.concatenate(
            [_each(_hasher(n), c.tolist()) for n, c in zip(names, cutoffs, strict=True)]
        ),
    }
    return found | {"analyses": _array(_hash(*context, "map", combine, names[1]))}


def of_pairs(cohort: Cohort, pair: PairSearch) -> Looks:
    """What a search for a pair shows: each of its cutoffs, and one analysis, corrected as one."""
    by = cohort.groups.by or ""
    return {
        "cutoffs": _each(_hasher(by), pair.high.tolist()),
        "analyses": _array(_hash(*_context(cohort), "pairs", by)),
    }


def _both(one: Looks, other: Looks) -> Looks:
    none = np.array([], dtype=np.uint64)
    return {kind: np.append(one.get(kind, none), other.get(kind, none)) for kind in {*one, *other}}


def of_tests(cohort: Cohort, names: tuple[str, ...]) -> Looks:
    """What several tests of the groups side by side show: an analysis each."""
    spec, cuts = cohort.spec, _values(cohort)
    each = [
        Cohort(cohort.dataset, spec.but(test=name), cohort.included, cohort.groups)
        for name in names
    ]
    return {"analyses": _array(*(_hash(*_context(one), *cuts) for one in each))}


def of_subgroups(cohort: Cohort, levels: tuple[tuple[str, str], ...]) -> Looks:
    """What a forest of subgroups shows: an analysis for each level of each variable."""
    context = (*_context(cohort), "subgroup", *_values(cohort))
    return {"analyses": _array(*(_hash(*context, *level) for level in levels))}


def of_question(cohort: Cohort, part: str, *asked: object) -> Looks:
    """What a page with a question of its own shows: one analysis of these patients and groups."""
    groups = cohort.groups
    found = _who(cohort) | {"analyses": _array(_hash(part, *_patients(cohort), *asked,
                                                     groups.by, *_values(cohort)))}  # fmt: skip
    if groups.by is not None:
        found["stratifiers"] = _array(_hash(groups.by))
        found["cutoffs"] = _array(*(_hash(groups.by, value) for value in _values(cohort)))
    return found


def of_strip(cohort: Cohort) -> Looks:
    """What the strip of lesions shows, in the order of the outcome; nothing without a PET table."""
    pet = getattr(cohort.dataset.attached, "pet", None)
    return {} if pet is None else of_question(cohort, "strip")


def of_model(cohort: Cohort) -> Looks:
    """What a Cox model shows; nothing where it has no terms."""
    spec = cohort.spec
    if not spec.terms:
        return {}
    cut = any(":cut" in term for term in spec.terms)
    asked = (*_patients(cohort), sorted(spec.terms), sorted(spec.strata), spec.ties or spec.profile,
             spec.estimator or "cox", spec.select, spec.weights, spec.offset,
             spec.missing)  # fmt: skip
    found = {
        **_who(cohort),
        "terms": _array(*(_hash(term) for term in spec.terms)),
        "analyses": _array(_hash("cox", *asked, *(_values(cohort) if cut else ()))),
    }
    if cut and cohort.groups.by is not None:
        by = cohort.groups.by
        found["stratifiers"] = _array(_hash(by))
        found["cutoffs"] = _array(*(_hash(by, value) for value in _values(cohort)))
    return found


def of_unlocking(cohort: Cohort) -> Looks:
    """The unlocking of the outcome at the cutoff in force."""
    asked = (*_patients(cohort), cut_text(cohort.groups, cohort.spec))
    return {"unlocked": _array(_hash("unlocked", *asked))}


def _who(cohort: Cohort) -> dict[str, np.ndarray]:
    """Looks at the endpoint and at the filters."""
    endpoint, filters = _patients(cohort)[:2]
    found = {"endpoints": _array(_hash(endpoint))}
    return found | ({"filters": _array(_hash(filters))} if filters else {})


def _patients(cohort: Cohort) -> tuple[object, list[str], object]:
    """Endpoint, filters and what else decides who is in; a stacked endpoint has its own filter."""
    spec, own = cohort.spec, set[str]()
    for known in cohort.dataset.endpoints:
        same = (known.time, known.event) == (spec.time, spec.event)
        if same and set(known.where) <= set(spec.where):
            own = set(known.where)
    endpoint = [*(getattr(spec, name) for name in ROLES), sorted(own)]
    return endpoint, sorted(set(spec.where) - own), [getattr(spec, name) for name in WHO]


def _context(cohort: Cohort) -> tuple[object, ...]:
    """All of a comparison of groups but its cutoffs."""
    spec = cohort.spec
    asked = (spec.test or "logrank", sorted(spec.strata), spec.estimator or "cox")
    return ("km", *_patients(cohort), *asked)


def _values(cohort: Cohort) -> list[float]:
    """Each cutoff as the smallest value above it: the same for all that divide alike."""
    groups = cohort.groups
    if not groups.thresholds:
        return []
    x = cohort.column(groups.by or "").to_numpy(dtype=float)
    above = [x >= t if groups.side == "ge" else x > t for t in groups.thresholds]
    return sorted({float(x[high].min()) if high.any() else np.inf for high in above})


def _hasher(*parts: object) -> blake2b:
    return blake2b(repr(parts).encode(), digest_size=8)


def _hash(*parts: object) -> int:
    *before, last = parts
    if isinstance(last, float):  # the last number is hashed as `_each` does it
        return int(_each(_hasher(*before), [last])[0])
    return int.from_bytes(_hasher(*parts).digest(), "big")


def _each(hasher: blake2b, values: list[float]) -> np.ndarray:
    """The hash of every value after what was hashed before."""
    found = np.empty(len(values), dtype=np.uint64)
    for i, value in enumerate(values):
        one = hasher.copy()
        one.update(repr(value).encode())
        found[i] = int.from_bytes(one.digest(), "big")
    return found


def _array(*hashes: int) -> np.ndarray:
    return np.array(hashes, dtype=np.uint64)
