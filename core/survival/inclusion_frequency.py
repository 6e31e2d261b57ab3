"""How stable a selection of terms is: the whole of it repeated in bootstrap samples.

Methods
-------
Patients are drawn with replacement and the same rule selects from the same candidates in each
sample. The inclusion frequency of a term is the share of the samples in which it was selected.
How a term enters (its levels, knots and cutoffs) is that of all patients: the search for a cutoff
is not repeated. Where a patient has several rows, all of them are drawn together.

What a rule lets through by chance: a term of d coefficients that does nothing is kept with the
probability of its limit, alpha, or, by a criterion of penalty k, with that of a chi-square of d df
above k d (0.157 for AIC and d = 1). At least one of several such terms is kept with probability
1 - prod(1 - alpha_i) if they are independent.

The shrinkage factor is the heuristic one of van Houwelingen and le Cessie for the model with all
candidates, (X2 - p) / X2 with its likelihood-ratio statistic X2 on p coefficients: by about this
factor the log hazard ratios will be smaller in new patients.

References
----------
Sauerbrei W, Schumacher M. Stat Med 1992;11:2093-2109 (inclusion frequencies). van Houwelingen HC,
le Cessie S. Stat Med 1990;9:1303-1325. Heinze G, Wallisch C, Dunkler D. Biom J 2018;60:431-449.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.errors import SpecError
from core.known import check_terms
from core.notes import Note, info, warning
from core.progress import Progress, part_of, portions, quiet
from core.spec import AnalysisSpec
from core.survival import selection
from core.survival.design import Block, blocks
from core.survival.fitted import who_has
from core.survival.selection import CRITERIA, Rule, Step
from core.survival.split import split
from core.survival.subsets import Inside, Subsets, best_subsets, rows_of_patients

DRAWS = 200
"""Bootstrap samples where the spec says nothing."""
PURPOSE = 31
MOST_MODELS = 10
MOST_TERMS = 10
"""All subsets of more terms than this are not compared again in every bootstrap sample."""
EVENTS_PER_PARAMETER = 10


@dataclass(frozen=True)
class Candidate:
    """A term to select from.

    Attributes
    ----------
    term, label : str
        As the spec names it, and as the screen does.
    parameters : int
        Its coefficients.
    selected : bool
        Whether it is in the final model.
    share : float or None
        Share of the bootstrap samples in which it was selected; None without samples.
    """

    term: str
    label: str
    parameters: int
    selected: bool
    share: float | None


@dataclass(frozen=True)
class SelectedModel:
    """A model that bootstrap samples chose, or one of the best subsets.

    Attributes
    ----------
    terms : tuple of str
        As the spec names them.
    share : float or None
        Share of the samples that chose it.
    criterion : float or None
        AIC or BIC among all patients.
    """

    terms: tuple[str, ...]
    share: float | None = None
    criterion: float | None = None


@dataclass(frozen=True, eq=False)
class SelectionResult:
    """A selection and how stable it is.

    Attributes
    ----------
    rule : str
        As the spec writes it.
    candidates : tuple of Candidate
        In the order of the terms.
    steps : tuple of Step
        The path; empty where all subsets are compared.
    n, events : int
        Patients who have every candidate, and their events.
    parameters : int
        Coefficients of all candidates.
    events_per_parameter : float or None
    criterion, criterion_full : float or None
        AIC or BIC of the final model and of that with all candidates; None for p-values.
    best : tuple of SelectedModel
        The subsets with the lowest criteria; empty unless all are compared.
    draws : int
        Bootstrap samples with an event.
    same_share : float or None
        Share of them that chose the final model.
    models : tuple of SelectedModel
        The models chosen most often.
    level : float
        Probability that the rule keeps a coefficient that is 0.
    level_any : float
        That it keeps at least one of the candidates if none has an effect.
    shrinkage : float or None
        Heuristic factor for the model with all candidates; None where it does not fit.
    notes : tuple of Note
    """

    rule: str
    candidates: tuple[Candidate, ...]
    steps: tuple[Step, ...]
    n: int
    events: int
    parameters: int
    events_per_parameter: float | None
    criterion: float | None
    criterion_full: float | None
    best: tuple[SelectedModel, ...]
    draws: int
    same_share: float | None
    models: tuple[SelectedModel, ...]
    level: float
    level_any: float
    shrinkage: float | None
    notes: tuple[Note, ...] = ()


def select_terms(
    cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet
) -> SelectionResult:
    """Select the terms, and again in each of the bootstrap samples.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms select strata ties weights offset cluster bootstraps seed``; 200 samples
        where it says nothing.
    progress : callable

    Returns
    -------
    SelectionResult

    Raises
    ------
    SpecError
        If there is no rule, no term, or the rule cannot select from these terms.
    """
    rule = selection.parse(spec)
    if rule is None:
        raise SpecError("select", "No rule of selection is chosen", selection.EXAMPLE)
    cohort = split(cohort, spec)
    made = blocks(cohort, spec)
    if not made:
        raise SpecError("terms", "There are no terms to select from", "Choose some terms")
    selection.check(rule, made)
    rows = who_has(cohort, made, spec)
    if not cohort.event[rows].any():
        raise SpecError("terms", "No patient with all these terms has the event", "Use fewer terms")
    progress(0.0)
    found = Subsets(cohort, spec, tuple(made), rows)
    inside, steps = selection.chosen(found, rule)
    best = _best(found, rule)
    draws = DRAWS if spec.bootstraps is None else int(spec.bootstraps)
    if rule.best and len(made) > MOST_TERMS:
        draws = 0
    samples = _resampled(found, rule, draws, progress=part_of(progress, 0.1, 1.0))
    return _result(found, rule, inside, steps, best, samples)


def _best(found: Subsets, rule: Rule) -> tuple[SelectedModel, ...]:
    if not rule.best:
        return ()
    size = selection.penalty(rule, _events(found))
    ranked = best_subsets(found, size, MOST_MODELS)
    return tuple(SelectedModel(_names(found, inside), criterion=value) for value, inside in ranked)


def _resampled(found: Subsets, rule: Rule, draws: int, *, progress: Progress) -> list[Inside]:
    """The terms that the rule selects in each bootstrap sample that has an event."""
    seed = int(found.spec.seed if found.spec.seed is not None else 1)
    rng = np.random.default_rng([seed, PURPOSE])
    of_patient = rows_of_patients(found.cohort, found.rows)
    samples: list[Inside] = []
    for _ in portions(draws, 1, progress):
        drawn = rng.integers(0, len(of_patient), len(of_patient))
        rows = np.concatenate([of_patient[i] for i in drawn])
        if found.cohort.event[rows].any():
            sample = Subsets(found.cohort, found.spec, found.made, rows)
            samples.append(selection.chosen(sample, rule)[0])
    return samples


def _result(
    found: Subsets,
    rule: Rule,
    inside: Inside,
    steps: tuple[Step, ...],
    best: tuple[SelectedModel, ...],
    samples: list[Inside],
) -> SelectionResult:
    events = _events(found)
    draws = len(samples)
    size = selection.penalty(rule, events)
    by_criterion = rule.by in CRITERIA
    counts = Counter(samples)
    frequent = sorted(counts, key=lambda s: (-counts[s], len(s), sorted(s)))[:MOST_MODELS]
    levels = [selection.level(rule, size, len(block.levels)) for block in found.made]
    parameters = found.likelihood(found.everything)[1]
    return SelectionResult(
        rule=found.spec.select or "none",
        candidates=tuple(
            _candidate(block, i in inside, sum(i in s for s in samples) / draws if draws else None)
            for i, block in enumerate(found.made)
        ),
        steps=steps,
        n=len(found.rows),
        events=events,
        parameters=parameters,
        events_per_parameter=events / parameters if parameters else None,
        criterion=found.criterion(inside, size) if by_criterion else None,
        criterion_full=found.criterion(found.everything, size) if by_criterion else None,
        best=best,
        draws=draws,
        same_share=counts[inside] / draws if draws else None,
        models=tuple(SelectedModel(_names(found, s), share=counts[s] / draws) for s in frequent),
        level=selection.level(rule, size, 1),
        level_any=float(1 - np.prod([1 - level for level in levels])),
        shrinkage=_shrinkage(found),
        notes=tuple(_notes(found, rule, draws, events, parameters)),
    )


def _candidate(block: Block, selected: bool, share: float | None) -> Candidate:
    return Candidate(block.term.text, block.title, len(block.levels), selected, share)


def _names(found: Subsets, inside: Inside) -> tuple[str, ...]:
    return tuple(found.made[i].term.text for i in sorted(inside))


def _events(found: Subsets) -> int:
    return int(found.cohort.event[found.rows].sum())


def _shrinkage(found: Subsets) -> float | None:
    whole = found.ratio(frozenset(), found.everything)
    if whole.df == 0 or whole.statistic <= 0:
        return None
    return max(0.0, (whole.statistic - whole.df) / whole.statistic)


def _notes(found: Subsets, rule: Rule, draws: int, events: int, parameters: int) -> list[Note]:
    notes = [*check_terms(found.cohort.source, found.spec)]
    notes += [note for block in found.made for note in block.notes]
    if parameters and events < EVENTS_PER_PARAMETER * parameters:
        text = (
            f"{events} events for {parameters} candidate parameters ({events / parameters:.1f} "
            f"each): with fewer than {EVENTS_PER_PARAMETER} a selection often finds wrong terms."
        )
        notes.append(warning("events", text))
    if len(found.rows) < found.cohort.n:
        text = (
            f"Selected among the {len(found.rows)} of {found.cohort.n} patients who have every "
            "candidate."
        )
        notes.append(info("n", text))
    if rule.best and len(found.made) > MOST_TERMS:
        text = f"All subsets of more than {MOST_TERMS} terms are not searched again in samples."
        notes.append(info("bootstraps", text))
    if found.cohort.groups.origin == "best" and any(b.term.form == "cut" for b in found.made):
        text = (
            "A cutoff of a term was searched for, and the search is not repeated in the bootstrap "
            "samples: its term looks more stable than it is."
        )
        notes.append(warning("cut_rule", text))
    if draws:
        text = f"{draws:,} bootstrap samples; levels, knots and cutoffs are those of all patients."
        notes.append(info("bootstraps", text))
    return notes
