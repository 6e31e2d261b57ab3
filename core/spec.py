"""What is asked: one flat, frozen object that is also a link, a command line and a cache key.

The field names are a public interface (see the README, "The headless command"). Adding one means
adding one line to `AnalysisSpec`; the codec reads the kind of each field from there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, quote

from core.allowed import CHOICES, RANGES
from core.errors import SpecError, nearest

VERSION = 1
MOST_FIELDS = 1000


def _text() -> Any:
    return field(default=None, metadata={"kind": "text"})


def _number() -> Any:
    return field(default=None, metadata={"kind": "number"})


def _names() -> Any:
    return field(default=(), metadata={"kind": "names"})


def _raw_names() -> Any:
    return field(default=(), metadata={"kind": "raw_names"})


@dataclass(frozen=True, kw_only=True)
class AnalysisSpec:
    """A question to a cohort. ``None`` or an empty tuple means: not said, use the default.

    The meaning of every field and its default is in the README; `resolve` in `core.cohort`
    fills them in. Instances are hashable and are never changed; `but` makes a changed copy.

    Examples
    --------
    >>> spec = AnalysisSpec.from_query("group_by=SUVmax&cut_rule=value&cut_value=6.1")
    >>> spec.but(cut_value=("9.3",)).to_query()
    'v=1&group_by=SUVmax&cut_rule=value&cut_value=9.3'
    """

    v: int = VERSION
    data: str | None = _text()
    sheet: str | None = _text()
    clean: tuple[str, ...] = field(default=(), metadata={"kind": "repeated"})
    time: str | None = _text()
    unit: str | None = _text()
    start: str | None = _text()
    end: str | None = _text()
    event: str | None = _text()
    event_is: tuple[str, ...] = _names()
    competing: tuple[str, ...] = _names()
    entry: str | None = _text()
    origin: str | None = _text()
    id: str | None = _text()
    one_row: str | None = _text()
    zero: str | None = _text()
    negative: str | None = _text()
    show_unit: str | None = _text()
    where: tuple[str, ...] = field(default=(), metadata={"kind": "repeated"})
    group_by: str | None = _text()
    cut_rule: str | None = _text()
    cut_value: tuple[str, ...] = _names()
    cut_side: str | None = _text()
    min_fraction: float | None = _number()
    min_events: float | None = _number()
    correction: tuple[str, ...] = _names()
    second_by: str | None = _text()
    second_cut: float | None = _number()
    combine: str | None = _text()
    published_cut: tuple[str, ...] = field(default=(), metadata={"kind": "repeated"})
    measurement_error: float | None = _number()
    centre: str | None = _text()
    permutations: float | None = _number()
    bootstraps: float | None = _number()
    seed: float | None = _number()
    terms: tuple[str, ...] = _raw_names()
    strata: tuple[str, ...] = _names()
    ties: str | None = _text()
    estimator: str | None = _text()
    select: str | None = _text()
    weights: str | None = _text()
    cluster: str | None = _text()
    offset: str | None = _text()
    limits: str | None = _text()
    l1_ratio: float | None = _number()
    missing: str | None = _text()
    imputations: float | None = _number()
    conf_level: float | None = _number()
    conf_type: str | None = _text()
    profile: str | None = _text()
    median_ci: str | None = _text()
    at: tuple[str, ...] = _names()
    tau: float | None = _number()
    given: float | None = _number()
    scale: str | None = _text()
    bandwidth: float | None = _number()
    family: str | None = _text()
    test: str | None = _text()
    adjust_pairwise: str | None = _text()
    landmark: float | None = _number()
    subgroups: tuple[str, ...] = _names()
    response: str | None = _text()
    response_is: tuple[str, ...] = _names()
    benefit_is: tuple[str, ...] = _names()
    characteristics: tuple[str, ...] = _names()
    spread: str | None = _text()
    mean_test: str | None = _text()
    power: float | None = _number()
    suv_min: float | None = _number()
    suv_side: str | None = _text()
    sites_out: tuple[str, ...] = _names()
    volume_min: float | None = _number()
    hi_of: str | None = _text()
    cov_sd: str | None = _text()
    volume_of: str | None = _text()
    suvmean_of: str | None = _text()
    lesion_pd: str | None = _text()
    confirm_weeks: float | None = _number()
    stable_weeks: float | None = _number()
    benefit_weeks: float | None = _number()
    pd_model: tuple[str, ...] = field(default=(), metadata={"kind": "repeated"})
    outcome: str | None = _text()
    unlocked: str | None = _text()
    explored: tuple[str, ...] = _names()
    parts: tuple[str, ...] = _names()
    section: str | None = _text()

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in allowed:
                raise SpecError(
                    name,
                    f"'{value}' is not a value of '{name}'",
                    f"It can be {', '.join(allowed)}",
                )
        _check_ranges(self)

    def but(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, list[str]]:
        """Fields that were said, each with its texts as they stand in a link."""
        said: dict[str, list[str]] = {}
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if value is None or value == ():
                continue
            said[f.name] = _write(f.metadata.get("kind", "number"), value)
        return said

    def to_query(self) -> str:
        """Write the spec as the part of a link after ``?``."""
        return "&".join(
            f"{name}={quote(text, safe=_PLAIN)}"
            for name, texts in self.to_dict().items()
            for text in texts
        )

    @classmethod
    def from_query(cls, query: str) -> Self:
        """Read a query, a query with its ``?``, or a whole link.

        Raises
        ------
        SpecError
            If a field is unknown, repeated, or has a value that it cannot have.
        """
        text = query.strip()
        address, mark, rest = text.partition("?")
        if mark and "=" not in address:
            text = rest
        elif "://" in address and "=" not in address:
            text = ""
        text = text.split("#", 1)[0]
        if text.count("&") >= MOST_FIELDS:
            raise SpecError(
                "query", f"The link has more than {MOST_FIELDS:,} fields", "Leave some of them out"
            )
        pairs = parse_qsl(text, keep_blank_values=True)
        given: dict[str, list[str]] = {}
        for name, value in pairs:
            given.setdefault(name, []).append(value)
        return cls.from_dict(given)

    @classmethod
    def from_dict(cls, given: Mapping[str, Iterable[str]]) -> Self:
        """Read the fields of a link; the inverse of `to_dict`."""
        kinds = {f.name: f.metadata.get("kind", "number") for f in dataclasses.fields(cls)}
        values: dict[str, Any] = {}
        for name, texts in given.items():
            if name not in kinds:
                hint = nearest(name, kinds)
                raise SpecError(name, f"The link has a field '{name}' that is not known", hint)
            value = _read(name, kinds[name], list(texts))
            if value is not None:
                values[name] = value
        version = values.get("v", VERSION)
        if version != VERSION:
            raise SpecError(
                "v",
                f"The link is of version {version:g}, this program reads version {VERSION}",
                "Open it with the program that made it, or make it again",
            )
        values["v"] = VERSION
        return cls(**values)


_PLAIN = ",:()/;*!"
"""Characters that may stand unescaped in a query and are common in ours."""


def _read(name: str, kind: str, texts: list[str]) -> Any:
    if kind == "repeated":
        return tuple(t for t in texts if t.strip())
    if kind in ("names", "raw_names"):
        return tuple(item for t in texts for item in split_list(t, unquote=kind == "names"))
    if len(texts) > 1:
        raise SpecError(
            name, f"The link gives '{name}' {len(texts)} times", "Give it once, or use commas"
        )
    text = texts[0].strip()
    if text == "":
        return None
    if kind == "text":
        return text
    return read_number(text, name)


def read_number(text: str, name: str) -> float:
    """Read a finite number out of a field of a link.

    Raises
    ------
    SpecError
        If it is not one.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if "_" in text or not abs(value) < float("inf"):
        raise SpecError(name, f"'{text}' is not a number ({name})", "Write it like 6.1")
    return int(value) if name == "v" and value.is_integer() else value


def _write(kind: str, value: Any) -> list[str]:
    if kind == "repeated":
        return list(value)
    if kind == "names":
        return [",".join(quote_name(item) for item in value)]
    if kind == "raw_names":
        return [",".join(value)]
    return [value if isinstance(value, str) else shortest(float(value))]


def shortest(value: float) -> str:
    """Write a number in the fewest digits that read back as the same number.

    Examples
    --------
    >>> shortest(20.0), shortest(6.10)
    ('20', '6.1')
    """
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))


def split_list(text: str, *, unquote: bool = True) -> list[str]:
    """Split at commas outside double quotes; a doubled quote inside quotes is one quote.

    A quote opens only where an item, a bracket or an interaction begins.

    Examples
    --------
    >>> split_list('age,"a, b",grade')
    ['age', 'a, b', 'grade']
    """
    items: list[str] = []
    current = ""
    inside = False
    for char in text:
        if inside:
            inside = char != '"'
            current += char
        elif char == "," and not inside:
            items.append(current)
            current = ""
        else:
            inside = char == '"' and current.rstrip()[-1:] in ("", "(", "*", '"')
            current += char
    items.append(current)
    stripped = [i.strip() for i in items if i.strip()]
    return [unquote_name(i) for i in stripped] if unquote else stripped


def quote_name(name: str) -> str:
    """Put a name into double quotes where a list would otherwise break it."""
    if name == name.strip() and "," not in name and '"' not in name:
        return name
    return '"' + name.replace('"', '""') + '"'


def unquote_name(text: str) -> str:
    """Undo `quote_name`."""
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        return text[1:-1].replace('""', '"')
    return text


def _check_ranges(spec: AnalysisSpec) -> None:
    for name, (holds, allowed) in RANGES.items():
        value = getattr(spec, name)
        if value is not None and not holds(value):
            raise SpecError(name, f"'{name}' is {value:g}", f"It must be {allowed}")
