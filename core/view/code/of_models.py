"""Sections of a script: models, subgroups, a response, competing risks."""

from __future__ import annotations

import numpy as np

from core.cohort import Cohort
from core.spec import AnalysisSpec
from core.survival import cox
from core.survival.design import blocks
from core.survival.km import times_asked
from core.view.code.grouped import status_lines, subgroup_variables
from core.view.code.modelled import group_term
from core.view.code.names import comment
from core.view.code.writing import FIRTH, Section, Writer


def subgroup_section(writer: Writer) -> Section:
    """The forest of subgroups."""
    spec, lang = writer.spec, writer.lang
    left = _beyond(spec, firth=False)
    if left:
        return Section(missing=tuple(f"subgroups with {what}" for what in left))
    tail = ["SCALE", "TIES", "LEVEL", "LIMITS", writer.rule]
    lines = comment("Subgroups; numbers are cut at their median")
    for name, variable, setup in subgroup_variables(writer.table, lang):
        lines += setup
        lines.append(writer.report("subgroups", f"Hazard ratios: {name}", "subgroup_table",
                                   ["m", "LABELS", variable, *tail]))  # fmt: skip
    return Section(tuple(lines))


def _beyond(spec: AnalysisSpec, *, firth: bool) -> list[str]:
    """What of a Cox model a script does not have; whether it has Firth's method."""
    left = [FIRTH] if spec.estimator == "firth" and not firth else []
    if spec.limits == "profile" and spec.estimator != "firth":
        left.append("profile-likelihood limits")
    return left


def cox_section(writer: Writer) -> Section:
    """Univariable and multivariable Cox models."""
    spec, lang = writer.spec, writer.lang
    left = _beyond(spec, firth=lang.name == "Python")
    if any(":since" in term for term in spec.terms):
        left.append("terms that change during follow-up")
    if not _estimable(writer.cohort):
        left.append("no event, or no term that varies")
    if left:
        return Section(missing=tuple(f"the Cox models: {what}" for what in left))
    firth = spec.estimator == "firth"
    alone = "firth_alone" if firth else "univariable_table"
    arguments = ["TIES", "LEVEL"]
    lines = [writer.report("univariable", "Cox models, one term each", alone,
                           ["m", "ALONE", *arguments])]  # fmt: skip
    chosen, missing = "TERMS", ["joint tests of the columns of a term"]
    if (spec.select or "none") != "none":
        missing.append("the steps of the selection (the model that they led to is fitted)")
        chosen = "CHOSEN"
        kept = _selected(writer)
        if not kept:
            return Section(tuple(lines), tuple(missing))
        lines += comment("The terms that were selected, on the patients who have all candidates")
        lines.append(lang.call("with_all", [lang.items(kept), "TERMS"], "CHOSEN"))
    return Section((*lines, *_together(writer, chosen)), tuple(missing))


def _estimable(cohort: Cohort) -> bool:
    """Whether there is an event, and a term with a column that varies."""
    columns = [block.matrix for block in blocks(cohort, cohort.spec)]
    seen = [x[~np.isnan(x).any(axis=1)] for x in columns if x.shape[1]]
    return cohort.n_events > 0 and any(len(x) and (np.ptp(x, axis=0) > 0).any() for x in seen)


def _selected(writer: Writer) -> list[str]:
    """Names of the terms that the selection left."""
    cohort = writer.cohort
    kept = {row.term for row in cox.model(cohort, writer.spec).multivariable}
    made = enumerate(blocks(cohort, writer.spec), 1)
    return [f"x{i}" for i, block in made if block.term.text in kept]


def _together(writer: Writer, chosen: str) -> list[str]:
    """Lines of the multivariable model."""
    lang = writer.lang
    lines = comment("All terms together")
    if writer.spec.estimator == "firth":
        return [*lines, *_penalised(writer, chosen)]
    if lang.name == "Python":
        lines.append(f"model, has = fit_terms(m, {chosen}, TIES)")
        rows, model = ["model", "has", chosen, "LEVEL"], ["model", chosen, "TIES"]
    else:
        lines.append(lang.call("fit_terms", ["m", chosen, "TIES"], "model"))
        rows, model = ["model", "LEVEL"], ["model", "TIES"]
    lines.append(writer.report("multivariable", "Cox model of all terms", "ratio_rows", rows))
    lines.append(writer.report("model", "The whole model", "model_table", ["model"]))
    title = "Tests of all coefficients"
    lines.append(writer.report("model_tests", title, "model_tests", ["model"]))
    title, section = "Proportional hazards (cox.zph)", "proportional_hazards"
    lines.append(writer.report(section, title, "proportional_hazards", model))
    return lines


def _penalised(writer: Writer, chosen: str) -> list[str]:
    """Lines of the multivariable model by Firth's method, in Python."""
    rows, tested = ["firth", "has", chosen, "LEVEL"], ["firth"]
    return [
        f"ordinary, has = fit_terms(m, {chosen}, TIES)",
        "firth = fit_firth(ordinary, TIES, LEVEL)",
        writer.report("multivariable", "Firth's model of all terms", "firth_rows", rows),
        writer.report("model", "The whole model", "model_table", ["firth.model"]),
        writer.report("model_tests", "Test of all coefficients", "firth_tests", tested),
        *comment("The test of proportional hazards is that of the ordinary model"),
        writer.report("proportional_hazards", "Proportional hazards (cox.zph)",
                      "proportional_hazards", ["ordinary", chosen, "TIES"]),
    ]  # fmt: skip


def response_section(writer: Writer) -> Section:
    """Rates of a response."""
    lang = writer.lang
    arguments = ["p", "LABELS", "responded", "known"]
    lines = [writer.report("rates", "Response", "rate_table", [*arguments, "LEVEL"])]
    missing = ["conditional odds ratios, differences and ratios of rates"]
    if len(writer.cohort.groups.levels) > 1:
        lines.append(lang.call("cross_table", arguments, "crossed"))
        lines.append(writer.report("pearson", "Pearson's test", "pearson_table", ["crossed"]))
        lines.append(writer.report("versus", "Odds ratios of the groups", "versus_table",
                                   ["crossed", "LABELS", "LEVEL"]))  # fmt: skip
    if writer.spec.benefit_is:
        missing.append("clinical benefit")
    if len(writer.cohort.groups.levels) > 2:
        missing.append("Fisher's test of all groups together")
    return Section(tuple(lines), tuple(missing))


def logistic_section(writer: Writer) -> Section:
    """Logistic models of a response."""
    spec, lang = writer.spec, writer.lang
    if spec.estimator == "firth" or spec.limits == "profile":
        return Section(missing=("the logistic models: Firth's method and profile limits",))
    common = ["responded", "known"]
    lines = [writer.report("odds_univariable", "Logistic models, one term each", "odds_table",
                           [*common, "ALONE", "LEVEL"])]  # fmt: skip
    call = lang.call("odds_model", [*common, "TERMS", "LEVEL"])
    if lang.name == "Python":
        lines.append(f"fitted, odds = {call}")
    else:
        lines += [f"fitted <- {call}", "odds <- fitted$table"]
    named = [lang.text("odds_multivariable"), lang.text("Logistic model of all terms"), "odds"]
    lines.append(lang.call("report", named))
    lines.append(writer.report("logistic", "The whole model", "logistic_table", ["fitted"]))
    return Section(tuple(lines), ("likelihood-ratio tests of each term of the logistic model",))


def competing_section(writer: Writer) -> Section:
    """Cumulative incidence and cause-specific hazard ratios."""
    lang, cohort = writer.lang, writer.cohort
    lines, n_causes = status_lines(writer.table, lang)
    times = lang.numbers(times_asked(cohort, writer.spec).tolist())
    lines.append(writer.report(
        "incidence", "Cumulative incidence", "incidence_table",
        ["c", "LABELS", "SCALE", times, lang.number(n_causes), "LEVEL", "LIMITS"],
    ))  # fmt: skip
    missing = ["Gray's test", "the model of Fine and Gray"]
    if writer.spec.estimator == "firth":
        missing.append(f"cause-specific hazard ratios by {FIRTH}")
    elif len(cohort.groups.levels) > 1:
        term = lang.items([group_term(writer.table, lang)])
        for cause in range(1, n_causes + 1):
            status = lang.column("c", "status")
            lines.append(lang.assign(lang.column("c", "event"), f"{status} == {cause}"))
            lines.append(writer.report(
                f"cause_{cause}", f"Cause-specific hazard ratios of cause {cause}", "cox_table",
                ["c", term, "TIES", "LEVEL"],
            ))  # fmt: skip
    if writer.spec.terms:
        missing.append("cause-specific hazard ratios of the terms")
    return Section(tuple(lines), tuple(missing))
