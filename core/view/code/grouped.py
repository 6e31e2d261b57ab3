"""Lines of a script about further divisions of the patients: subgroups, causes, responders."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.groups import (
    FEW_VALUES,
    categories,
    cut,
    interval_labels,
    quantile,
    shown_thresholds,
)
from core.response import values_of as response_values
from core.survival.competing.events import causes
from core.view.code.forming import levels_of
from core.view.code.language import Language
from core.view.code.names import comment
from core.view.code.reading import values_of
from core.view.code.table import Table


def subgroup_variables(table: Table, lang: Language) -> Iterator[tuple[str, str, list[str]]]:
    """Each variable of the forest: its title, how the scripts take it, lines before; all first."""
    nobody = lang.items([lang.text(""), "one_group(d)", lang.texts(["all"])])
    yield "all patients", nobody, []
    for name in dict.fromkeys(table.cohort.spec.subgroups):
        yield (table.cohort.dataset.variables[name].title, *_variable(table, lang, name))


def _variable(table: Table, lang: Language, name: str) -> tuple[str, list[str]]:
    cohort = table.cohort
    values = cohort.column(name)
    column = lang.column("d", table.use(name))
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > FEW_VALUES:
        labels = _halves(values.dropna().to_numpy(dtype=float))
        code = lang.call("cut_at", [column, lang.vector([f"quantile_of({column}, 0.5, 7)"]),
                                    lang.true])  # fmt: skip
    else:
        labels = categories(values, cohort.dataset.variables[name])[1]
        code = lang.call("code_of", [column, levels_of(table, lang, name)])
    setup = [lang.assign("code", f"renumber({code})")]
    return lang.items([lang.text(name), "code", lang.texts(labels)]), setup


def _halves(x: np.ndarray) -> list[str]:
    """Names of the two sides of the median that somebody is on."""
    at = quantile(x, 0.5)
    labels = interval_labels(shown_thresholds(x, (at,), "ge", "median"), "ge")
    return [labels[i] for i in np.unique(cut(x, (at,), "ge"))]


def status_lines(table: Table, lang: Language) -> tuple[list[str], int]:
    """Lines that make `c`, the patients with the cause that ended their follow-up."""
    cohort = table.cohort
    _, found = causes(cohort, cohort.spec)
    column = lang.column("d", table.use(cohort.spec.event or ""))
    lines = comment("What happened first: 0 nothing, 1 the event, 2 and above competing events")
    copied = "p.copy()" if lang.name == "Python" else "p"
    lines.append(lang.assign("c", copied))
    zero = "0.0 * time" if lang.name == "Python" else "0 * time"
    lines.append(lang.assign("status", zero))
    named = [(str(v),) for v in dict.fromkeys(cohort.spec.competing)]
    for cause, values in reversed([*enumerate([cohort.spec.event_is, *named], 1)]):
        wanted = values_of(table, lang, cohort.spec.event or "", values)
        lines.append(lang.assign(f"status[one_of({column}, {wanted})]", lang.number(cause)))
    lines.append(lang.assign(lang.column("c", "status"), "status"))
    return lines, len(found)


def responder_lines(table: Table, lang: Language) -> list[str]:
    """Lines that make `known` and `responded`."""
    cohort = table.cohort
    found = response_values(cohort, cohort.spec)
    name = cohort.spec.response or ""
    column = lang.column("d", table.use(name))
    wanted = values_of(table, lang, name, found.response)
    return [
        *comment("Who responded, of those of whom it is known"),
        lang.assign("known", f"{lang.negation}is_missing({column})"),
        lang.call("one_of", [column, wanted], "responded"),
    ]
