"""When a variable becomes known: what a cleaning step says, else what its name gives away.

Only names that leave little doubt count: a response is seen after the treatment began, a mode of
progression at the progression. A "line of therapy" is most often the one that the patient starts.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from core.dataset import KNOWN_LATER, Dataset, Variable
from core.errors import SpecError, nearest
from core.notes import Choice, Note, Question, info
from core.reading.checks.lint_facts import spaced
from core.reading.roles import names
from core.steps import VERBS, Recipe, Step

BASELINE = "baseline"
_MOST_COLUMNS = 3

_PD = r"(?:progress\w*|progred\w*|pd|relapse|recurrence|failure)"
_WHICH = r"(?:mode|model|pattern|type|kind|sites?|location)"
_RESPONSE = (
    r"(?:tumou?r |treatment |clinical |radiolog\w+ |patholog\w+ |metabolic |therapy |recist )*"
    r"(?:response|responder)s?"
)
_LATER = {
    "a response": (
        rf"\bbest (?:\w+ ){{0,3}}resp\w*|\bbor\b|\bbestresp\w*|\borr\b"
        r"|\b(?:overall|objective) resp(?:onse|onder)?\b"
        rf"|^{_RESPONSE}(?: status| category| group| recist)?$"
        r"|\b(?:bestes |therapie|tumor)?ansprechen\b|\bmeilleure reponse|\bmejor respuesta"
        r"|\bmiglior\w* risposta|\bmelhor resposta|最良総合効果|最良効果|最佳疗效|最佳总体疗效"
    ),
    "how the disease progressed": (
        rf"\b{_WHICH} of (?:first )?{_PD}\b|\b{_PD} {_WHICH}\b|^pd ?mode|^pd ?model\b"
        r"|\bprogressionsmuster\b"
    ),
    "a later treatment": (
        r"\b(?:later|second|2nd|third|3rd|subsequent|further|next) ?(?:therapy |treatment )?line\b"
        r"|\b(?:subsequent|salvage|post ?progression|poststudy) "
        r"(?:\w+ )?(?:therap\w*|treatment|chemo\w*|surgery)\b|\bzweitlinie\b|\bfolgetherapie\b"
    ),
    "something seen at progression": (
        rf"\bnew (?:\w+ )?(?:metasta\w+|lesions?|sites?)\b|\b(?:at|post|after) (?:first )?{_PD}\b"
    ),
}
"""What a name speaks of, and the names that do, in lower case with blanks between the words."""
_NOT = re.compile(
    r"\b(?:prior|previous|before|baseline|pre|earlier|history|rate|score|date|time|days?|weeks?"
    r"|months?|years?|duration|interval|datum|pfs|dfs|os|ttp)\b"
)
_A_TIME = re.compile(r"\b(?:date|time|day|days|weeks?|months?|datum|dt|dat|when)\b|dat(?:e|um)?$")


def flag(dataset: Dataset, recipe: Recipe) -> Dataset:
    r"""Mark the variables that are known only later.

    Parameters
    ----------
    dataset : Dataset
    recipe : Recipe
        Steps ``known(COLUMN, later)``, ``known(COLUMN, baseline)`` and ``known(COLUMN,
        TIMECOLUMN)`` overrule what a name says.

    Returns
    -------
    Dataset
        With `known` set, and a note and a question for every column that a name gave away.

    Raises
    ------
    SpecError
        If a step names no column of dates or numbers.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"id,months,dead,BOR\n1,3.5,1,PR\n2,4,0,SD\n", "a.csv")
    >>> table.variables["BOR"].known
    'later'
    """
    variables = dict(dataset.variables)
    notes, questions = list[Note](), list[Question]()
    for name, variable in dataset.variables.items():
        said = recipe.said("known", name)
        if said is not None:
            variables[name] = dataclasses.replace(variable, known=_checked(dataset, name, said))
        elif what := speaks_of(dataset, variable):
            variables[name] = dataclasses.replace(variable, known=KNOWN_LATER)
            notes.append(_note(variable, what))
            questions.append(_question(dataset, variable))
    return dataclasses.replace(
        dataset,
        variables=variables,
        notes=(*dataset.notes, *notes),
        questions=(*dataset.questions, *questions),
    )


def speaks_of(dataset: Dataset, variable: Variable) -> str:
    """Say what known-later thing a column's name or label speaks of; empty when none.

    Examples
    --------
    >>> import pandas as pd
    >>> table = Dataset("a", pd.DataFrame(), {}, "", "")
    >>> said = ["Best overall response", "pd_mode", "line of therapy", "time_to_response"]
    >>> [speaks_of(table, Variable(name)) for name in said]
    ['a response', 'how the disease progressed', '', '']
    """
    roles = {column for e in dataset.endpoints for column in (e.time, e.event, e.entry)}
    if variable.kind not in ("number", "category") or variable.name in roles or variable.identifier:
        return ""
    for said in (variable.name, variable.label):
        plain = spaced(said)
        if not plain or _NOT.search(plain):
            continue
        for what, pattern in _LATER.items():
            if re.search(pattern, plain):
                return what
    return ""


def _checked(dataset: Dataset, name: str, said: str) -> str:
    """What `Variable.known` becomes of the word of a step."""
    if said in (BASELINE, KNOWN_LATER):
        return "" if said == BASELINE else KNOWN_LATER
    if said not in dataset.variables or said == name:
        columns = [c for c in dataset.variables if c != name]
        raise SpecError(
            "clean",
            f"known({name}, ...) says neither later nor baseline, and names no other column",
            nearest(said, columns) if said else f"Write it like: {VERBS['known']}",
        )
    # A column of dates in which nothing has happened yet is empty, and of no kind.
    if dataset.variables[said].kind not in ("date", "number") and dataset.frame[said].notna().any():
        raise SpecError(
            "clean",
            f"'{said}' holds neither dates nor times, so it cannot say when '{name}' became known",
            "Choose a column of dates, or of times in the unit of the endpoint",
        )
    return said


def _note(variable: Variable, what: str) -> Note:
    text = (
        f"'{variable.title}' looks like {what} and is taken as known only later: its groups are "
        "not compared from time 0 without a landmark, a time-dependent term or a later time 0."
    )
    return dataclasses.replace(info(variable.name, text), section="suspect")


def _question(dataset: Dataset, variable: Variable) -> Question:
    def step(said: str) -> tuple[str, ...]:
        return (str(Step("known", (variable.name, said))),)

    choices = [
        Choice("only later, and the table does not say when", step(KNOWN_LATER)),
        Choice("at the start of the follow-up already", step(BASELINE)),
    ]
    choices += [
        Choice(f"later, at the time in '{column}'", step(column))
        for column, _ in zip(_times(dataset, variable), range(_MOST_COLUMNS), strict=False)
    ]
    text = f"When is '{variable.title}' known?"
    return Question(variable.name, text, tuple(choices))


def _times(dataset: Dataset, variable: Variable) -> Iterator[str]:
    """Columns of moments that share a word with a variable: they may say when it became known."""
    said = {word[:4] for word in names.words(variable.name)}
    for other in dataset.variables.values():
        about = spaced(other.name)
        if other.name == variable.name or other.kind not in ("date", "number"):
            continue
        if said & {word[:4] for word in names.words(other.name)} and (
            other.kind == "date" or _A_TIME.search(about)
        ):
            yield other.name
