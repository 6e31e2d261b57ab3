"""Lines of a script that make the columns of the terms of a model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.cohort import Cohort
from core.groups import PROBABILITIES, categories
from core.spec import quote_name, read_number
from core.survival.design import KNOTS, Block, blocks
from core.terms import Term
from core.view.code.forming import levels_of, share_text
from core.view.code.language import Language
from core.view.code.names import comment
from core.view.code.table import Table


def group_term(table: Table, lang: Language) -> str:
    """The displayed groups as a term, the first one being the reference."""
    by = table.cohort.groups.by or ""
    return f"category({lang.text(by)}, group, LABELS, LABELS[{0 if lang.name == 'Python' else 1}])"


def term_lines(table: Table, lang: Language) -> Iterator[str]:
    """Lines that make the terms x1, x2, ... and the list `TERMS`."""
    cohort = table.cohort
    made = blocks(cohort, cohort.spec)
    yield from comment("The terms of the models, each with its columns")
    names: dict[str, str] = {}
    listed = []
    for number, block in enumerate(made, 1):
        name = f"x{number}"
        if block.term.partner:
            sides = [names[c] for c in (block.term.column, block.term.partner)]
            value = f"product({lang.text(block.term.text)}, {', '.join(sides)})"
            yield lang.assign(name, value)
        else:
            names.setdefault(block.term.column, name)
            yield from _main(table, lang, block, name)
        listed.append(name)
    yield lang.assign("TERMS", lang.items(listed))
    alone = [n for n, b in zip(listed, made, strict=True) if not b.term.partner and b.levels]
    yield lang.assign("ALONE", lang.items(alone))


def _main(table: Table, lang: Language, block: Block, name: str) -> Iterator[str]:
    term, text = block.term, lang.text(block.term.text)
    column = lang.column("d", table.use(term.column))
    if term.form == "cut":
        yield from _cut(table, lang, block, name)
    elif block.member is not None or term.form == "trend":
        code = f"code_of({column}, {levels_of(table, lang, term.column)})"
        if term.form == "trend":
            yield lang.call("number", [text, f"{code} + 1"], name)
            return
        variable = table.cohort.dataset.variables[term.column]
        labels = categories(table.cohort.column(term.column), variable)[1]
        arguments = [text, code, lang.texts(labels), lang.text(str(block.reference))]
        yield lang.call("category", arguments, name)
    elif term.form in ("spline", "poly"):
        yield from _bent(lang, term, column, name, block.levels)
    else:
        yield lang.call("number", [text, _scaled(lang, term, column)], name)


def _scaled(lang: Language, term: Term, column: str) -> str:
    if term.form == "per":
        return f"{column} / {lang.number(read_number(term.argument or '1', 'terms'))}"
    if term.form == "log2":
        return f"np.log2({column})" if lang.name == "Python" else f"log2({column})"
    return column


def _bent(
    lang: Language, term: Term, column: str, name: str, levels: tuple[str | None, ...]
) -> Iterator[str]:
    if term.form == "poly":
        made = f"powers({column}, {lang.number(read_number(term.argument or '2', 'terms'))})"
    else:
        shares = KNOTS[int(read_number(term.argument or "4", "terms"))]
        knots = [f"quantile_of({column}, {lang.number(share)}, 7)" for share in shares]
        yield lang.call("distinct_values", knots, "knots")
        made = f"spline({column}, knots)"
    yield lang.call("columns", [lang.text(term.text), made, lang.texts([str(v) for v in levels])],
                    name)  # fmt: skip


def _cut(table: Table, lang: Language, block: Block, name: str) -> Iterator[str]:
    """A number cut into groups: as the curves are, or at values of its own."""
    cohort, term = table.cohort, block.term
    text, labels = lang.text(term.text), _labels(block)
    if not term.argument and term.column == cohort.groups.by:
        yield lang.assign(name, group_term(table, lang).replace(lang.text(term.column), text, 1))
        return
    column = lang.column("d", table.use(term.column))
    argument = term.argument or "median"
    at_least = lang.boolean((cohort.spec.cut_side or "ge") == "ge")
    if argument in PROBABILITIES:
        kind = "6" if cohort.spec.profile == "spss" else "7"
        parts = [f"quantile_of({column}, {share_text(p)}, {kind})" for p in PROBABILITIES[argument]]
        cutoffs = lang.call("distinct_values", parts)
    else:
        values = {read_number(a.strip(), "terms") for a in argument.split(";") if a.strip()}
        cutoffs = lang.numbers(sorted(values))
    yield lang.call("cut_at", [column, cutoffs, at_least], "code")
    arguments = [text, "renumber(code)", lang.texts(labels), lang.text(labels[0])]
    yield lang.call("category", arguments, name)


def _labels(block: Block) -> list[str]:
    return [str(block.reference), *(str(level) for level in block.levels)]


def stratum_lines(table: Table, lang: Language) -> Iterator[str]:
    """Lines that make `p`, the patients with time, event, entry, group and stratum."""
    cohort = table.cohort
    if cohort.spec.strata:
        parts = [lang.column("d", table.who(name)) for name in cohort.spec.strata]
        yield lang.call("strata_of", parts, "stratum")
    else:
        yield lang.assign("stratum", lang.none)
    yield lang.call("patients", ["time", "event", "entry", "group", "stratum"], "p")


def model_patients(table: Table, lang: Language) -> Iterator[str]:
    """Lines that make `m`, the patients with what a model has beyond its terms."""
    cohort = table.cohort
    spec = cohort.spec
    yield lang.assign("m", "p.copy()" if lang.name == "Python" else "p")
    if spec.offset is not None:
        offset = lang.call("as_values", [lang.column("d", table.use(spec.offset))])
        yield lang.assign(lang.column("m", "offset"), offset)
    if spec.weights is not None:
        case = lang.call("positive", [lang.column("d", table.use(spec.weights))])
        yield lang.assign(lang.column("m", "case"), case)
    if spec.cluster is not None:
        cluster = lang.call("as_values", [lang.column("d", table.who(spec.cluster))])
        yield lang.assign(lang.column("m", "cluster"), cluster)
    elif spec.weights is not None and _fractional(table):
        yield from comment("Weights that are no counts: the robust variance")
        yield lang.assign(lang.column("m", "cluster"), "row_numbers(m)")


def _fractional(table: Table) -> bool:
    values = table.cohort.column(str(table.cohort.spec.weights)).to_numpy(dtype=float)
    known = values[~np.isnan(values) & (values > 0)]
    return bool((known != np.floor(known)).any())


def terms_asked(cohort: Cohort) -> tuple[str, ...]:
    """The terms of the models: those of the question, else the stratifier."""
    spec = cohort.spec
    return spec.terms or (() if spec.group_by is None else (quote_name(spec.group_by),))
