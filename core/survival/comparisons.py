"""All tests of the displayed groups side by side, with what helps when patients are few.

Methods
-------
Each test of `core.survival.logrank` on the same groups, stratified where ``strata`` are given: the
log-rank test and seven that weigh early, middle or late differences more. They answer different
questions about the same curves. The one named by ``test`` is the test of the study; choosing the
smallest p-value afterwards is a search, and an adjustment over the tests is no cure for it: the
honest test for a difference of unknown shape is MaxCombo, named beforehand.

A test for trend over three or more groups (`core.survival.trend`). The log-rank test of two groups
is counted exactly where that is feasible, else by as many draws as ``permutations`` asks for
(`core.survival.permuted`). With few events, fewer than 20 in all or fewer than 5 in a group, the
chi-square distribution is a poor guide: then it is offered by itself.

References
----------
Klein JP, Moeschberger ML. Survival Analysis, 2nd ed., chapter 7. Freidlin B, Korn EL. J Clin
Oncol 2019;37:3455-3459 (choosing a weighted test after a look). Those of the modules named above.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.cohort import Cohort
from core.errors import SpecError
from core.notes import Note, info, warning
from core.progress import Progress, quiet
from core.spec import AnalysisSpec
from core.survival import logrank, permuted
from core.survival import trend as trends
from core.survival.cutoff.permutation import generator
from core.survival.permuted import Permuted
from core.survival.results import Test
from core.survival.trend import Trend

TESTS = (
    "logrank", "tarone-ware", "gehan", "peto", "fh(0.5;0.5)", "fh(1;1)", "fh(0;1)", "maxcombo",
)  # fmt: skip
"""All that are shown: every event alike, early, middle, late. ``fh(1;0)`` is Peto-Peto's."""
FEW_EVENTS = 20
FEW_IN_A_GROUP = 5
DRAWS = 9999
"""Draws where events are few and the question does not say how many."""
MOST_CELLS = 200_000_000
"""Patients dealt out at most; about ten seconds."""
PURPOSE = 21

METHODS = (
    "Survival of the groups was compared by the test named beforehand; the Gehan-Breslow, "
    "Tarone-Ware, Peto-Peto, Fleming-Harrington and MaxCombo tests are given beside it as a check "
    "of its robustness. Ordered groups were tested for a trend (Tarone). With few events the "
    "log-rank test was made exact by counting all divisions of the patients, or by permutation."
)


@dataclass(frozen=True)
class GroupEvents:
    """Patients and events of a group."""

    label: str
    n: int
    events: int


@dataclass(frozen=True)
class ComparisonsResult:
    """The tests side by side.

    Attributes
    ----------
    test : str
        The one that the question names.
    groups : tuple of GroupEvents
    tests : tuple of Test
        All of them, the named one among them.
    trend : Trend or None
        None for fewer than three groups, and for two markers together.
    permuted : Permuted or None
        The log-rank test by counting or by draws; None where neither was feasible or asked for.
    few_events : bool
        Whether events are so few that it should be preferred.
    searched : bool
        Whether the cutoff was searched for: then no p-value here allows for that.
    """

    test: str
    groups: tuple[GroupEvents, ...]
    tests: tuple[Test, ...]
    trend: Trend | None
    permuted: Permuted | None
    few_events: bool
    searched: bool
    notes: tuple[Note, ...]

    @property
    def named(self) -> Test:
        """The test of the study."""
        return next(test for test in self.tests if test.name == self.test)


def comparisons(
    cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet
) -> ComparisonsResult:
    """Compare the displayed groups by every test.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``test permutations seed`` and, through the cohort, ``strata entry``.
    progress : callable

    Raises
    ------
    SpecError
        If there are fewer than two groups, or no such test.
    """
    levels = cohort.groups.levels
    if len(levels) < 2:
        raise SpecError(
            "group_by", "There is one group only, so nothing to compare", "Choose a stratifier"
        )
    named = spec.test or "logrank"
    names = TESTS if named in TESTS else (named, *TESTS)
    tests = tuple(logrank.compare(cohort, spec.but(test=name)) for name in names)
    groups = tuple(GroupEvents(level.label, level.n, level.events) for level in levels)
    few = few_events(groups)
    found, notes = _permuted(cohort, spec, few=few, progress=progress)
    trend = trends.trend(cohort)
    searched = cohort.groups.origin == "best"
    return ComparisonsResult(
        named, groups, tests, trend, found, few, searched,
        (*_notes(cohort, tests, searched=searched), *notes, *trends.notes(trend)),
    )  # fmt: skip


def few_events(groups: tuple[GroupEvents, ...]) -> bool:
    """Whether events are too few for the chi-square distribution to be trusted.

    Examples
    --------
    >>> few_events((GroupEvents("a", 20, 11), GroupEvents("b", 20, 10)))
    False
    >>> few_events((GroupEvents("a", 20, 30), GroupEvents("b", 9, 4)))
    True
    """
    events = [group.events for group in groups]
    return sum(events) < FEW_EVENTS or min(events) < FEW_IN_A_GROUP


def _permuted(
    cohort: Cohort, spec: AnalysisSpec, *, few: bool, progress: Progress
) -> tuple[Permuted | None, tuple[Note, ...]]:
    """The exact test where it is feasible, else draws where they are asked for or needed."""
    progress(0.0)
    if cohort.entry is not None:
        text = (
            "No permutation test is given with delayed entry: patients who came under observation "
            "at different times cannot change places."
        )
        return None, (info("permuted", text),)
    blocks, n_groups = permuted.blocks_of(cohort), len(cohort.groups.levels)
    if cohort.n_events == 0 or not blocks:  # nothing to count, or nobody has a stratum
        return None, ()
    if n_groups == 2:
        counted = permuted.exact(blocks)
        if counted is not None:
            progress(1.0)
            return counted, (_exchangeable("The exact test"),)
    asked = (DRAWS if few else 0) if spec.permutations is None else int(spec.permutations)
    draws = min(asked, max(MOST_CELLS // cohort.n, 1))
    if draws == 0:
        return None, ()
    found = permuted.drawn(blocks, n_groups, draws, generator(spec, PURPOSE), progress=progress)
    notes: tuple[Note, ...] = (_exchangeable("The permutation test"),)
    if draws < asked:
        text = f"With so many patients {draws:,} permutations were drawn and not {asked:,}."
        notes = (*notes, info("permuted", text))
    return found, notes


def _exchangeable(test: str) -> Note:
    text = (
        f"{test} lets patients change groups together with their follow-up: it takes the groups "
        "to be followed for similar times."
    )
    return info("permuted", text)


def _notes(cohort: Cohort, tests: tuple[Test, ...], *, searched: bool) -> list[Note]:
    notes = []
    if tests[0].statistic is None:
        text = "The curves cannot be compared: at no event are two groups at risk."
        notes.append(warning("tests", text))
    elif any(test.statistic is None for test in tests):
        text = "A test that weighs only late events has none to weigh: it is not estimable."
        notes.append(info("tests", text))
    if searched:
        text = (
            "The cutoff was searched for, to make the curves part. Every p-value here is too "
            "small; the cutoff page has a corrected one."
        )
        notes.append(warning("tests", text))
    if len(cohort.groups.levels) > 2:
        text = (
            "MaxCombo compares two groups: the smallest p-value of all pairs is given, times the "
            "number of pairs."
        )
        notes.append(info("tests", text))
    missing = 0 if cohort.strata is None else int((cohort.strata < 0).sum())
    if missing:
        text = f"{missing:,} patients without a stratum take no part in the tests."
        notes.append(info("strata", text))
    return notes
