"""From a question to a report without a form: every part that was asked for, in a paper's order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from core import exploration, methods
from core.cohort import Cohort
from core.errors import SpecError, nearest
from core.exploration import Counts
from core.locking import parts_of
from core.notes import Note
from core.parts import PARTS
from core.progress import Progress, quiet
from core.spec import AnalysisSpec
from core.versions import versions
from core.view import report as importing
from core.view import words
from core.view.reports import of_curves, of_cutoffs, of_lesions, of_models, of_patients, remark
from core.view.reports.asked import Asked, Results, Section, once, unique
from core.view.reports.document import Block, Heading, Listing, Paragraph, Report, numbered

ABOUT_OUTCOME = ("event", "event_is", "competing")
"""What notes are about that a locked outcome hides."""
LESIONS = ("alternatives", "bone", "ranks", "modes")
SECTIONS: dict[str, tuple[str, Section]] = {
    "table_one": ("Characteristics of the patients", of_patients.characteristics),
    "observation": ("Follow-up", of_patients.followed),
    "km": ("Survival", of_curves.km),
    "differences": ("Survival at chosen times", of_curves.at_times),
    "comparisons": ("Tests", of_curves.tested),
    "hazard": ("Hazard over time", of_curves.hazards),
    "parametric": ("Parametric models", of_curves.families),
    "precision": ("What the events at hand can show", of_curves.detectable),
    "cutoff": ("The search for a cutoff", of_cutoffs.cutoff),
    "scan": ("Every cutoff", of_cutoffs.scanned),
    "stability": ("Stability of the cutoff", of_cutoffs.stable),
    "measurement": ("Measurement error", of_cutoffs.measured),
    "continuous": ("The marker without a cutoff", of_cutoffs.without_cutoff),
    "pair": ("Several cutoffs", of_cutoffs.pairs),
    "grid": ("Two markers", of_cutoffs.mapped),
    "robustness": ("Single patients and centres", of_cutoffs.left_out),
    "cox": ("Cox model", of_models.cox),
    "selection": ("Selection of terms", of_models.selected),
    "residuals": ("Proportional hazards and residuals", of_models.residual),
    "influence": ("Influence of single patients", of_models.influential),
    "prediction": ("Prediction", of_models.predicted),
    "penalised": ("Penalised model", of_models.shrunk),
    "missing": ("Missing values", of_models.lacking),
    "imputed": ("Missing values imputed", of_models.imputed),
    "competing": ("Competing risks", of_patients.competing),
    "subgroups": ("Subgroups", of_patients.forest),
    "response": ("Response", of_patients.responded),
    "logistic": ("Logistic model of the response", of_patients.logistic),
    "alternatives": ("Other definitions of the marker", of_lesions.alternatives),
    "bone": ("Bone lesions", of_lesions.bone),
    "ranks": ("Marker against marker", of_lesions.ranks),
    "modes": ("Modes of progression", of_lesions.modes),
}
"""Heading and content of each part, in the order of a paper; ``cohort`` opens every report, and
``preview`` is read by the figure of the cutoffs."""


def gather(
    cohort: Cohort,
    spec: AnalysisSpec,
    parts: Iterable[str],
    *,
    link: str | None = None,
    counts: Counts | None = None,
    notes: Sequence[Note] = (),
    results: Results | None = None,
    made: date | None = None,
    progress: Progress = quiet,
) -> Report:
    """Put the results of a question into a report.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        As the results read it, with its roles filled in.
    parts : iterable of str
        Names in `core.parts.PARTS`.
    link : str, optional
        The address that shows the same; it is printed, and checked by nobody.
    counts : Counts, optional
        How much was looked at; what the spec says when left out.
    notes : sequence of Note
        What must be known beyond the notes of the results, such as guesses of roles.
    results : callable, optional
        Gives the result of a part where there is one already; computed here when left out.
    made : datetime.date, optional
        The date on the report.
    progress : callable
        Is told how far the long parts are.

    Returns
    -------
    Report

    Raises
    ------
    StratiscopeError
        If a part cannot be computed for these patients and groups, or the outcome is locked and a
        part reads it.

    Examples
    --------
    >>> from core.cohort import select
    >>> from core.reading import examples
    >>> from core.reading.roles.filling import fill
    >>> dataset = examples.load("gbsg2")
    >>> spec, _ = fill(dataset, AnalysisSpec(data="gbsg2", group_by="horTh"))
    >>> found = gather(select(dataset, spec), spec, ("cohort", "km"))
    >>> [picture.name for picture in found.pictures], found.tables[0].frame["n"].tolist()
    (['Figure 1'], ['686', '686'])
    """
    names = parts_of(spec, _named(parts))
    make = results or (lambda part: PARTS[part].make(cohort, spec, progress))
    asked = Asked(cohort, spec, names, once(make))
    explored = Counts.parse(spec.explored) if counts is None else counts
    checklist = remark.checklist(asked, explored)
    blocks = [
        *_cohort(asked),
        *_results(asked),
        *_methods(asked),
        *_notes(asked, notes),
        *_imported(cohort),
        *_explored(explored),
        Heading("REMARK checklist"),
        checklist,
    ]
    return Report(
        words.question(cohort),
        words.SYNTHETIC if cohort.dataset.synthetic else "",
        words.provenance(cohort),
        _facts(asked),
        link or "",
        numbered(blocks),
        made,
    )


def _named(parts: Iterable[str]) -> tuple[str, ...]:
    """The parts in the order asked for, each once."""
    names = tuple(dict.fromkeys(parts))
    for name in names:
        if name not in PARTS:
            raise SpecError("parts", f"There is no part '{name}'", nearest(name, PARTS))
    return names


def _cohort(asked: Asked) -> list[Block]:
    about = [t for t in (asked.cohort.dataset.about, asked.cohort.dataset.source) if t]
    return [
        Heading("Patients"),
        *(Paragraph(text, "quiet") for text in about),
        *of_patients.flow(asked),
    ]


def _results(asked: Asked) -> list[Block]:
    found: list[Block] = []
    summarised = False
    for part, (title, section) in SECTIONS.items():
        if part not in asked.parts:
            continue
        if part in LESIONS and not summarised:
            found += of_patients.headed("PET lesions", of_lesions.summary(asked))
            summarised = True
        found += of_patients.headed(title, section(asked))
    return found


def _methods(asked: Asked) -> list[Block]:
    said = methods.sentences(asked.cohort, asked.stated, asked.parts)
    return [Heading("Methods"), Paragraph(" ".join(said))]


def _notes(asked: Asked, more: Sequence[Note]) -> list[Block]:
    """Warnings first, then what was assumed."""
    cohort = asked.cohort
    found = [*more, *cohort.included.notes, *cohort.groups.notes]
    for part in asked.parts:
        found += getattr(asked.result(part), "notes", ())
    hidden = ABOUT_OUTCOME if asked.locked else ()
    kept = [note for note in unique(found) if note.about not in hidden]
    warnings = [Paragraph(note.text, "warning") for note in kept if note.level == "warning"]
    choices = tuple(note.text for note in kept if note.level == "info")
    blocks: list[Block] = [Heading("Notes"), *warnings] if kept else []
    if choices:
        blocks += [Heading("What was assumed", 2), Listing(choices)]
    return blocks


def _imported(cohort: Cohort) -> list[Block]:
    dataset = cohort.source
    blocks: list[Block] = [
        Heading("Import report"),
        Paragraph(f"{dataset.title or dataset.name}: {importing.summary(dataset)}."),
    ]
    for title, found in importing.sections(dataset.notes):
        lines = tuple(importing.sentence(note) for note in found)
        blocks += [Heading(title, 2), Listing(lines)]
    if dataset.steps:
        blocks += [Heading("Cleaning steps", 2), Listing(dataset.steps)]
    return blocks


def _explored(counts: Counts) -> list[Block]:
    said = exploration.sentence(counts)
    text = said or "How much was looked at before this analysis was not recorded."
    return [Heading("Exploration"), Paragraph(text)]


def _facts(asked: Asked) -> tuple[tuple[str, str], ...]:
    dataset = asked.cohort.source
    return (
        ("Data", dataset.title or dataset.name),
        ("SHA-256 of the data", dataset.digest),
        ("Conventions", words.profile_name(asked.spec)),
        ("Query", asked.stated.to_query()),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions())),
    )
