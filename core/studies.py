"""The ready-made views of the model studies: what each figure and table of a paper asks.

A view is a question like any other, named after the figure or table that asked it, in the
dictionary of the study's cohort (`data/NAME.toml`). Beside it stands what a reviewer would ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.reading import examples
from core.spec import AnalysisSpec


@dataclass(frozen=True)
class View:
    """One figure or table of a study, opened by a click.

    Attributes
    ----------
    label : str
        ``Figure 1a``, or in few words what a reviewer would ask.
    about : str
        What it shows.
    page : str
        The page that shows it, as in ``pages/curves.py``.
    spec : AnalysisSpec
        What it asks.
    asks : tuple of View
        What the paper did not do, and a reviewer would ask here.
    """

    label: str
    about: str
    page: str
    spec: AnalysisSpec
    asks: tuple[View, ...] = ()


def names() -> tuple[str, ...]:
    """The model studies whose cohorts are shipped."""
    return tuple(name for name in examples.names() if name in examples.STUDIES)


def base(name: str) -> AnalysisSpec:
    """What all questions of a study have in common: patients, endpoint and conventions.

    Raises
    ------
    DataError
        If there is no such cohort.
    """
    return AnalysisSpec.from_query(examples.dictionary(name)["base"])


def views(name: str) -> tuple[View, ...]:
    """The figures and tables of a study, in the order of the paper.

    Raises
    ------
    DataError
        If there is no such cohort.
    SpecError
        If a view asks for something that there is not.
    """
    asked = base(name)
    return tuple(_view(entry, asked) for entry in examples.dictionary(name).get("views", ()))


def _view(entry: Mapping[str, Any], above: AnalysisSpec) -> View:
    """A view; its query says only what differs from the question above it."""
    own = AnalysisSpec.from_query(entry.get("query", ""))
    asked = AnalysisSpec.from_dict(above.to_dict() | own.to_dict())
    return View(
        entry["label"],
        entry.get("about", ""),
        f"pages/{entry['page']}.py",
        asked,
        tuple(_view(ask, asked) for ask in entry.get("asks", ())),
    )
