"""The sections of a script, one per part of the answer."""

from __future__ import annotations

from collections.abc import Callable

from core.view.code import of_curves, of_models
from core.view.code.writing import Section, Writer

SECTIONS: dict[str, Callable[[Writer], Section]] = {
    "cohort": of_curves.cohort_section,
    "km": of_curves.km_section,
    "cutoff": of_curves.cutoff_section,
    "cox": of_models.cox_section,
    "subgroups": of_models.subgroup_section,
    "competing": of_models.competing_section,
    "response": of_models.response_section,
    "logistic": of_models.logistic_section,
}
"""Parts of the answer that a script has, in the order in which it shows them."""
