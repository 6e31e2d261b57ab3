"""What the server does with a table that was read, without a screen, and what may stand on one."""

from __future__ import annotations

import json
import unicodedata

from core.analysis import analyse
from core.dataset import Dataset
from core.errors import StratiscopeError
from core.reading import dictionary
from core.reading.checks import identifiers
from core.reading.endpoints import proposals
from core.reading.roles import guessing
from core.reading.roles.coding import coding_of
from core.spec import AnalysisSpec
from core.view import report, tables

LONGEST = 400


def shown(dataset: Dataset) -> list[str]:
    """Do with a table what the pages do with an upload; return the errors that they would show."""
    guessing.guess(dataset)
    guessing.endpoints(dataset)
    guessing.biomarkers(dataset)
    guessing.stratifiers(dataset)
    proposals.propose(dataset)
    for column in dataset.variables:
        coding_of(dataset, column)
    report.summary(dataset)
    report.text(dataset).encode()  # what is sent to a browser has to be Unicode
    tables.to_csv(identifiers.without(dataset))
    dictionary.write(dataset, AnalysisSpec()).encode()
    try:
        json.dumps(analyse(dataset, AnalysisSpec()), allow_nan=False)
    except StratiscopeError as error:
        return [str(error)]
    return []


def plain(text: str) -> bool:
    """Whether a refusal is one line of words that can be taken in at a glance."""
    controls = any(unicodedata.category(c) in ("Cc", "Cs") for c in text)
    return not controls and len(text) <= LONGEST and "Traceback" not in text
