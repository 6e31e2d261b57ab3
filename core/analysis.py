"""Every analysis in one table, and the way from a file and a query to the published answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import locking, published
from core.cohort import Cohort, select
from core.dataset import Dataset
from core.errors import DataError, SpecError
from core.notes import Note, warning
from core.progress import Progress, quiet
from core.reading import read_file
from core.reading.dictionary import read_dictionary
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from core.steps import Recipe
from core.survival import cox, km
from core.survival.cutoff import (
    best,
    continuous,
    grid,
    measurement,
    pair,
    preview,
    robustness,
    scan,
    stability,
)

WHO = (
    "time", "unit", "start", "end", "event", "event_is", "competing", "entry", "id", "one_row",
    "zero", "negative", "where", "group_by", "second_by", "landmark", "show_unit",
)  # fmt: skip
"""Fields that decide who is in."""
CUT = (
    "cut_rule", "cut_value", "cut_side", "min_fraction", "min_events", "second_cut", "combine",
)  # fmt: skip
"""Fields that divide them."""
SEARCHED = ("cut_side", "min_fraction", "min_events")
"""Fields that say which cutoffs are tried."""


@dataclass(frozen=True)
class Part:
    """One analysis.

    Attributes
    ----------
    run : callable
        Makes the result from a cohort and a spec.
    publish : callable
        Turns the cohort and the result into entries of the published answer.
    reads : tuple of str
        Fields of the spec that it reads beyond those that decide who is in.
    by_default : callable
        Whether it belongs to the answer when the spec does not name the parts.
    cut : bool
        Whether it reads where the groups are cut.
    long : bool
        Whether it may take long, and `run` takes a ``progress``.
    """

    run: Callable[..., Any]
    publish: Callable[[Cohort, Any], dict[str, Any]]
    reads: tuple[str, ...]
    by_default: Callable[[AnalysisSpec], bool] = lambda spec: True
    cut: bool = True
    long: bool = False

    def make(self, cohort: Cohort, spec: AnalysisSpec, progress: Progress = quiet) -> Any:
        """Run the analysis."""
        if self.long:
            return self.run(cohort, spec, progress=progress)
        return self.run(cohort, spec)

    def fields(self, spec: AnalysisSpec) -> tuple[str, ...]:
        """The fields read for this spec: a cutoff matters only where something is cut by it."""
        cut_is_read = self.cut and (
            "terms" not in self.reads or any(":cut" in t for t in spec.terms)
        )
        return (*WHO, *self.reads, *(CUT if cut_is_read else ()))


PARTS: dict[str, Part] = {
    "cohort": Part(
        lambda cohort, spec: km.follow_up(cohort, spec),
        published.cohort,
        ("profile", "conf_level", "conf_type"),
    ),
    "km": Part(
        km.estimate,
        lambda cohort, result: {"km": published.km(result)},
        ("strata", "ties", "estimator", "profile", "conf_level", "conf_type", "median_ci", "at",
         "tau", "test", "adjust_pairwise"),
    ),
    "cox": Part(
        cox.model,
        lambda cohort, result: {"cox": published.cox(result)},
        ("terms", "strata", "ties", "estimator", "select", "profile", "conf_level"),
    ),
    "cutoff": Part(
        best.searched,
        lambda cohort, result: {"cutoff": published.cutoff(result)},
        (*SEARCHED, "correction", "strata", "permutations", "bootstraps", "seed", "ties", "profile",
         "conf_level"),
        lambda spec: spec.cut_rule == "best" and spec.group_by is not None,
        cut=False,
        long=True,
    ),
    "scan": Part(
        scan.scan,
        published.plainly("scan"),
        (*SEARCHED, "strata", "ties", "profile", "conf_level"),
        lambda spec: False,
        cut=False,
        long=True,
    ),
    "continuous": Part(
        continuous.continuous,
        published.plainly("continuous"),
        ("strata", "ties", "profile", "conf_level"),
        lambda spec: False,
        long=True,
    ),
    "stability": Part(
        stability.stability,
        published.plainly("stability"),
        (*SEARCHED, "permutations", "bootstraps", "seed", "ties", "profile", "conf_level"),
        lambda spec: False,
        cut=False,
        long=True,
    ),
    "measurement": Part(
        measurement.measurement,
        published.plainly("measurement"),
        ("measurement_error", "seed", "ties", "profile", "conf_level", "strata"),
        lambda spec: False,
        long=True,
    ),
    "robustness": Part(
        robustness.robustness,
        published.plainly("robustness"),
        ("centre", "strata", "ties", "profile", "conf_level"),
        lambda spec: False,
        long=True,
    ),
    "pair": Part(
        pair.pair,
        published.plainly("pair"),
        (*SEARCHED, "strata", "permutations", "seed", "ties", "profile", "conf_level"),
        lambda spec: spec.cut_rule == "best-pair" and spec.group_by is not None,
        cut=False,
        long=True,
    ),
    "grid": Part(
        grid.grid,
        published.plainly("grid"),
        (*SEARCHED, "combine", "strata", "permutations", "seed", "ties", "profile", "conf_level"),
        lambda spec: False,
        cut=False,
        long=True,
    ),
    "preview": Part(
        preview.preview, published.plainly("preview"), SEARCHED[1:], lambda spec: False, cut=False
    ),
}  # fmt: skip


def key(part: str, dataset: Dataset, spec: AnalysisSpec) -> str:
    """Name a result by what it is made from: the part, the data and the fields that it reads.

    Two specs with the same key have the same result, so moving a cutoff does not refit a model
    that does not read it.
    """
    return _digest(part, dataset, spec, PARTS[part].fields(spec))


def key_of_included(dataset: Dataset, spec: AnalysisSpec) -> str:
    """Name the patients who are in by what decides who is in."""
    return _digest("included", dataset, spec, WHO)


def _digest(part: str, dataset: Dataset, spec: AnalysisSpec, fields: tuple[str, ...]) -> str:
    read = {name: getattr(spec, name) for name in fields}
    text = json.dumps([part, dataset.fingerprint, read], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def analyse_query(
    data: str | Path,
    query: str,
    *,
    join: Sequence[str | Path] = (),
    dictionary: str | Path | None = None,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Read a table, ask a query and return the published answer.

    Parameters
    ----------
    data : str or Path
        A file, or the name of a shipped cohort.
    query : str
        The part of a link after ``?``, or a whole link.
    join : sequence of (str or Path)
        Further tables with one row per patient, joined by the patients' identifiers.
    dictionary : str or Path, optional
        The dictionary of the study; what the query says wins over it.
    progress : callable
        Is told how far the long parts are.

    Raises
    ------
    StratiscopeError
        If the table, the dictionary or the query cannot be used.

    Examples
    --------
    >>> analyse_query("gbsg2", "group_by=horTh")["cohort"]["events"]
    299
    """
    spec = AnalysisSpec.from_query(query)
    study = None if dictionary is None else read_dictionary(dictionary)
    if study is not None:
        spec = study.ask(spec)
    dataset = read_file(data, Recipe.parse(spec.clean), sheet=spec.sheet, join=join)
    for question in dataset.questions:
        if question.about == "join" and question.needed:
            ways = " or ".join(f"clean={step}" for c in question.choices for step in c.steps)
            raise DataError(f"The tables were not joined. {question.text}", f"Say {ways}")
    return analyse(dataset if study is None else study.apply(dataset), spec, progress)


def analyse(dataset: Dataset, asked: AnalysisSpec, progress: Progress = quiet) -> dict[str, Any]:
    """Answer a spec in the form of the public interface (README, "The headless command").

    Every number is a plain float or int; what cannot be estimated is None, and a note says why.
    """
    spec, guesses = fill(dataset, asked)
    names = spec.parts or tuple(n for n in PARTS if PARTS[n].by_default(spec))
    for name in names:
        if name not in PARTS:
            hint = f"The parts are {', '.join(PARTS)}"
            raise SpecError("parts", f"There is no part '{name}'", hint)
    locking.refuse_outcome(dataset, spec)
    names = locking.parts_of(spec, names)
    cohort = select(dataset, spec)
    notes: list[Note] = [*other_data(dataset, asked), *dataset.notes, *guesses]
    notes += [*cohort.included.notes, *cohort.groups.notes]
    answer: dict[str, Any] = {
        "version": 1,
        "query": published.canonical(cohort, names).to_query(),
        "data": {"name": dataset.name, "digest": dataset.digest, "rows": len(dataset.frame)},
        "import": published.imported(dataset),
        **published.exploration(spec),
    }
    for name in (n for n in PARTS if n in names):
        result = PARTS[name].make(cohort, spec, progress)
        answer |= PARTS[name].publish(cohort, result)
        notes += getattr(result, "notes", ())
    answer["notes"] = published.notes(notes)
    return answer


def other_data(dataset: Dataset, asked: AnalysisSpec) -> tuple[Note, ...]:
    """Warn when a link was made with another table than the one at hand."""
    if asked.data is None or asked.data in (dataset.reference, dataset.name):
        return ()
    text = (
        f"This is not the file that the link was made with ('{dataset.reference}' and not "
        f"'{asked.data}'): the numbers can differ from those of the sender."
    )
    return (warning("data", text),)
