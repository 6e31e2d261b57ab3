"""The dictionary of a study: what was cleaned, recoded and labelled, as a JSON file.

Saved once from the page where a table is loaded, it makes the next file of the same study open
without a click. It holds names of columns and levels, and no patient's row.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.allowed import CHOICES
from core.dataset import Dataset, Endpoint
from core.errors import DataError, SpecError
from core.notes import Note, listed
from core.spec import AnalysisSpec
from core.steps import Recipe, Step

VERSION = 1
MOST_BYTES = 2_000_000
MOST_CHARACTERS = 1_000
ROLES = ("id", "one_row", "zero", "negative")
"""Fields of a question that a dictionary settles beside its endpoints."""

_AGAIN = "Save it again from the page where a table is loaded"
_WORDS = ("name", "label", "unit", "meaning")
_OF_A_VARIABLE = (*_WORDS, "kind", "levels", "values", "missing", "identifier", "known")


@dataclass(frozen=True)
class Dictionary:
    """What a dictionary file says.

    Attributes
    ----------
    sheet : str or None
    clean : tuple of str
        Cleaning steps, those that the entries of the variables stand for included.
    endpoints : tuple of Endpoint
        The one to open first in front.
    roles : mapping of str to str
        Values of the fields in `ROLES`.
    labels : mapping of str to mapping
        By column: what of ``label``, ``unit`` and ``meaning`` is said.
    """

    sheet: str | None = None
    clean: tuple[str, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def ask(self, spec: AnalysisSpec) -> AnalysisSpec:
        """Return the question with what it leaves open settled; what it says stays."""
        roles = {name: value for name, value in self.roles.items() if getattr(spec, name) is None}
        clean = tuple(dict.fromkeys((*self.clean, *spec.clean)))
        return spec.but(sheet=spec.sheet or self.sheet, clean=clean, **roles)

    def apply(self, dataset: Dataset) -> Dataset:
        """Return the table with the labels and endpoints; what it does not have is noted."""
        variables = dict(dataset.variables)
        for name in [name for name in self.labels if name in variables]:
            variables[name] = dataclasses.replace(variables[name], **self.labels[name])
        usable = [e for e in self.endpoints if {e.time, e.event} <= set(variables)]
        absent = set(self.labels) | {c for e in self.endpoints for c in (e.time, e.event)}
        absent -= set(variables)
        notes: list[Note] = [Note("info", "file", "The study's dictionary was applied.", "read")]
        if absent:
            text = "The dictionary speaks of columns that are not there: "
            text += f"{listed(sorted(absent))}."
            notes.append(Note("warning", "file", text, "suspect", len(absent)))
        known = {(e.time, e.event, e.where) for e in usable}
        others = [e for e in dataset.endpoints if (e.time, e.event, e.where) not in known]
        return dataclasses.replace(
            dataset,
            variables=variables,
            endpoints=(*usable, *others),
            notes=(*notes, *dataset.notes),
        )


def write(dataset: Dataset, spec: AnalysisSpec) -> str:
    """Write the dictionary of a table that was cleaned, and of a question to it.

    Parameters
    ----------
    dataset : Dataset
        With its labels, endpoints and steps. The endpoint of the question comes first.
    spec : AnalysisSpec

    Returns
    -------
    str
        JSON.
    """
    now = (spec.time, spec.event)
    endpoints = sorted(dataset.endpoints, key=lambda e: (e.time, e.event) != now)
    variables = [
        {
            "name": v.name,
            **{k: getattr(v, k) for k in ("label", "unit", "meaning") if getattr(v, k)},
        }
        for v in dataset.variables.values()
    ]
    said: dict[str, Any] = {
        "stratiscope_dictionary": VERSION,
        "sheet": dataset.sheet or None,
        "clean": [
            _any_table(step) for step in map(Step.parse, dataset.steps) if step.verb != "lesions"
        ],
        "roles": {name: getattr(spec, name) for name in ROLES if getattr(spec, name) is not None},
        "endpoints": [_written(e) for e in endpoints],
        "variables": [entry for entry in variables if len(entry) > 1],
    }
    return json.dumps(said, ensure_ascii=False, indent=2) + "\n"


def read_dictionary(path: str | Path) -> Dictionary:
    """Read a dictionary file from disk, see `parse`."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        raise DataError("The dictionary cannot be opened", "Give a JSON file") from None
    return parse(data)


def parse(data: bytes) -> Dictionary:
    """Read a dictionary file.

    Raises
    ------
    DataError
        If it is no dictionary, saying which entry is wrong.

    Examples
    --------
    >>> text = '{"stratiscope_dictionary": 1, "variables": [{"name": "hi", "label": "HI"}]}'
    >>> parse(text.encode()).labels
    {'hi': {'label': 'HI'}}
    """
    said = _json(data)
    if said.get("stratiscope_dictionary") != VERSION:
        raise DataError(
            "The file is no dictionary of this program, or one of another version", _AGAIN
        )
    variables = _list(said, "variables", dict)
    roles = said.get("roles", {})
    if not isinstance(roles, dict):
        raise _wrong("roles")
    clean = [*_list(said, "clean", str), *(str(s) for v in variables for s in _steps_of(v))]
    endpoints = tuple(map(_endpoint, _list(said, "endpoints", dict)))
    try:
        Recipe.parse(clean)
        AnalysisSpec.from_dict({name: [_text(roles, name)] for name in roles if name in ROLES})
    except SpecError as error:
        raise DataError(f"The dictionary cannot be used: {error.problem}", error.hint) from None
    return Dictionary(
        sheet=_text(said, "sheet") or None,
        clean=tuple(dict.fromkeys(clean)),
        endpoints=endpoints,
        roles={name: _text(roles, name) for name in ROLES if _text(roles, name)},
        labels={_text(v, "name"): _labels(v) for v in variables if _labels(v)},
    )


def _any_table(step: Step) -> str:
    """The step for the next file: a table that is joined has another name then."""
    if step.verb == "join" and not step.column.startswith("sheet "):
        step = Step("join", ("*", *step.rest))
    return str(step)


def _written(endpoint: Endpoint) -> dict[str, Any]:
    said = dataclasses.asdict(endpoint)
    return {name: value for name, value in said.items() if value not in ("", None, ())}


def _json(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise DataError("The dictionary is larger than 2 MB", "Choose the right file")
    try:
        said = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise DataError("The dictionary is no JSON file", _AGAIN) from None
    if not isinstance(said, dict):
        raise DataError("The dictionary is no JSON object", _AGAIN)
    return said


def _wrong(entry: str) -> DataError:
    return DataError(f"The entry '{entry}' of the dictionary is not as it must be", _AGAIN)


def _list(said: Mapping[str, Any], name: str, of: type) -> list[Any]:
    found = said.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, of) for item in found):
        raise _wrong(name)
    return found


def _text(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > MOST_CHARACTERS:
        raise _wrong(name)
    return found


def _texts(said: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(map(str, _list(said, name, str)))


def _endpoint(said: Mapping[str, Any]) -> Endpoint:
    time, event, unit = (_text(said, name) for name in ("time", "event", "unit"))
    event_is = _texts(said, "event_is")
    if not (time and event and event_is) or unit not in CHOICES["unit"]:
        raise _wrong("endpoints")
    return Endpoint(
        label=_text(said, "label") or time,
        time=time,
        unit=unit,
        event=event,
        event_is=event_is,
        show_unit=_text(said, "show_unit"),
        competing=_texts(said, "competing"),
        entry=_text(said, "entry") or None,
        where=_texts(said, "where"),
    )


def _labels(said: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: _text(said, name) for name in _WORDS[1:]}
    return {name: text for name, text in found.items() if text}


def _steps_of(said: Mapping[str, Any]) -> Sequence[Step]:
    """Steps that the entry of a variable stands for, as somebody writes it by hand."""
    name = _text(said, "name")
    if not name or not set(said) <= set(_OF_A_VARIABLE):
        raise _wrong("variables")
    steps = []
    if missing := _texts(said, "missing"):
        steps.append(Step("missing", (name, *missing)))
    if (kind := _text(said, "kind")) in ("category", "text"):
        steps.append(Step(kind, (name,)))
    values = said.get("values", {})
    if not isinstance(values, dict) or not all(isinstance(w, str) for w in values.values()):
        raise _wrong("values")
    if values:
        steps.append(Step("recode", (name, *(f"{code}={word}" for code, word in values.items()))))
    elif levels := _texts(said, "levels"):  # words for codes have an order already
        steps.append(Step("order", (name, *levels)))
    if isinstance(said.get("identifier"), bool):
        steps.append(Step("identifier", (name, "yes" if said["identifier"] else "no")))
    if known := _text(said, "known"):
        steps.append(Step("known", (name, known)))
    return steps
