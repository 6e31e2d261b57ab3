"""What a report is asked for, and the small pieces that its sections share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core import published
from core.cohort import Cohort
from core.notes import Note
from core.spec import AnalysisSpec
from core.view.charts import Figure as Chart
from core.view.reports.document import Behind, Block, Paragraph, Picture, Table

Results = Callable[[str], Any]
"""The result of a part by its name, the same one each time."""


@dataclass(frozen=True, eq=False)
class Asked:
    """The question of a report.

    Attributes
    ----------
    cohort : Cohort
    spec : AnalysisSpec
    parts : tuple of str
    result : callable
        Computes each result once, or takes it from who has it already.
    """

    cohort: Cohort
    spec: AnalysisSpec
    parts: tuple[str, ...]
    result: Results

    @property
    def locked(self) -> bool:
        """Whether the outcome is hidden."""
        return self.spec.outcome == "locked"

    @property
    def stated(self) -> AnalysisSpec:
        """The question with every default and guess written out."""
        return published.canonical(self.cohort, self.parts)


Section = Callable[[Asked], list[Block]]


def once(make: Results) -> Results:
    """Results that are made once: what one section has computed, another one reads.

    Examples
    --------
    >>> made = []
    >>> result = once(lambda part: made.append(part) or part)
    >>> result("km"), result("km"), made
    ('km', 'km', ['km'])
    """
    known: dict[str, Any] = {}

    def result(part: str) -> Any:
        if part not in known:
            known[part] = make(part)
        return known[part]

    return result


def said(text: str) -> list[Block]:
    """A finding, or nothing where nothing is to be said."""
    return [Paragraph(text.strip(), "finding")] if text.strip() else []


def quiet(text: str) -> list[Block]:
    """Small print, or nothing."""
    return [Paragraph(text.strip(), "quiet")] if text.strip() else []


def picture(
    chart: Chart,
    title: str,
    finding: str = "",
    *,
    shows: str = "",
    marks: str = "",
    behind: Sequence[tuple[str, pd.DataFrame]] = (),
) -> list[Block]:
    """A figure.

    Parameters
    ----------
    chart : Figure
    title, finding : str
    shows : str
        What kind of figure it is; with the title and the finding it is the alternative text.
    marks : str
        What the marks mean, for the caption.
    behind : sequence of (str, pandas.DataFrame)
        Numbers behind it.
    """
    alternative = " ".join(filter(None, (shows, f"{title}.", finding)))
    found = tuple(Behind(*one) for one in behind if len(one[1]))
    return [Picture(chart, title, marks or shows, finding, alternative, found)]


def table(
    frame: pd.DataFrame,
    title: str,
    *notes: str,
    swatches: Sequence[int] = (),
    behind: Sequence[tuple[str, pd.DataFrame]] = (),
) -> list[Block]:
    """A table; nothing where it has no rows."""
    if not len(frame):
        return []
    found = tuple(Behind(*one) for one in behind if len(one[1]))
    return [Table(frame, title, tuple(filter(None, notes)), tuple(swatches), found)]


def unique(notes: Sequence[Note]) -> list[Note]:
    """Notes without those that say the same."""
    return list({(note.level, note.text): note for note in notes}.values())
