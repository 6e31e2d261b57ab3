"""A report as a file: the one function that pages and the command call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Literal

from core.cohort import Cohort
from core.exploration import Counts
from core.notes import Note
from core.progress import Progress, quiet
from core.spec import AnalysisSpec
from core.view.reports import html, slides, word, workbook
from core.view.reports.asked import Results
from core.view.reports.document import Report
from core.view.reports.gathering import gather

Format = Literal["html", "docx", "pptx", "xlsx"]
RENDERERS: dict[str, Callable[[Report], bytes]] = {
    "html": html.page,
    "docx": word.document,
    "pptx": slides.slides,
    "xlsx": workbook.workbook,
}
"""What writes each format, by the ending of its files."""


def make(
    cohort: Cohort,
    spec: AnalysisSpec,
    parts: Iterable[str],
    *,
    format: Format,
    link: str | None = None,
    counts: Counts | None = None,
    notes: Sequence[Note] = (),
    results: Results | None = None,
    made: date | None = None,
    progress: Progress = quiet,
) -> bytes:
    """Make a report of a question.

    Parameters
    ----------
    format : {"html", "docx", "pptx", "xlsx"}
    cohort, spec, parts, link, counts, notes, results, made, progress
        See `core.view.reports.gathering.gather`.

    Returns
    -------
    bytes
        The file; the same for the same question, data, versions and date.

    Raises
    ------
    StratiscopeError
        If a part cannot be computed, or a locked outcome would be shown.
    """
    report = gather(
        cohort,
        spec,
        parts,
        link=link,
        counts=counts,
        notes=notes,
        results=results,
        made=made,
        progress=progress,
    )
    return RENDERERS[format](report)
