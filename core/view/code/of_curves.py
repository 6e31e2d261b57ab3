"""Sections of a script: who is in, curves and their comparison, the search for a cutoff."""

from __future__ import annotations

from core.search import MIN_FRACTION
from core.spec import AnalysisSpec
from core.survival.km import times_asked
from core.survival.logrank import MAXCOMBO, parse_test
from core.view.code.modelled import group_term
from core.view.code.names import comment
from core.view.code.reading import has_entry
from core.view.code.table import Table
from core.view.code.writing import FIRTH, Section, Writer


def cohort_section(writer: Writer) -> Section:
    """Who is in, the groups, and the follow-up."""
    lines = [
        writer.report("cohort", "Patients", "all_table", ["p"]),
        writer.report("groups", "Groups", "group_table", ["p", "LABELS"]),
    ]
    if writer.cohort.groups.thresholds:
        lines.append(writer.report("thresholds", "Cutoffs", "cutoff_values", ["cutoffs"]))
    pair = writer.cohort.groups.pair is not None
    missing = ["the search for the best pair of cutoffs"] if pair else []
    if writer.cohort.included.n_patients < writer.cohort.n:
        missing.append("the median follow-up of patients with several intervals")
        return Section(tuple(lines), tuple(missing))
    title = f"Median follow-up, {writer.cohort.show_unit}"
    arguments = ["p", "SCALE", "LEVEL", "LIMITS"]
    lines.append(writer.report("follow_up", title, "follow_up_table", arguments))
    return Section(tuple(lines), tuple(missing))


def km_section(writer: Writer) -> Section:
    """Curves, their summaries, and their comparison."""
    lang, spec, cohort = writer.lang, writer.spec, writer.cohort
    lines = comment(f"Curves; horizon of the restricted mean, in {cohort.unit}")
    if spec.tau is not None:
        lines.append(lang.assign("tau", f"{lang.number(spec.tau)} / SCALE"))
    elif spec.profile == "spss":
        lines.append(lang.assign("tau", lang.none))
    else:
        lines.append(lang.assign("tau", "shortest_follow_up(p)"))
    lines.append(lang.assign("AT", lang.numbers(times_asked(cohort, spec).tolist())))
    tail = ["LEVEL", "LIMITS"]
    title = f"Kaplan-Meier, {cohort.show_unit}"
    summary = ["p", "LABELS", "SCALE", "tau", *tail, writer.rule]
    lines.append(writer.report("km", title, "curve_table", summary))
    lines.append(writer.report("at", "Survival at times", "at_table",
                               ["p", "LABELS", "SCALE", "AT", *tail]))  # fmt: skip
    if len(cohort.groups.levels) < 2:
        return Section(tuple(lines))
    if cohort.n_events == 0:
        return Section(tuple(lines), ("the comparison of the groups: nobody had the event",))
    tests, missing = _tests(writer)
    term = lang.items([group_term(writer.table, lang)])
    function = "cox_table"
    if spec.estimator == "firth":
        function = "firth_table"
        if lang.name == "R":
            return Section((*lines, *tests), (*missing, FIRTH))
    title = "Hazard ratios of the groups"
    tests.append(writer.report("hazard_ratio", title, function, ["p", term, "TIES", "LEVEL"]))
    return Section((*lines, *tests), missing)


def weighted(spec: AnalysisSpec) -> tuple[str, float, float] | None:
    """Name and exponents of a test as the scripts take them; None for one that they have not."""
    name = spec.test or "logrank"
    if name == MAXCOMBO:
        return None
    exponents = parse_test(name)
    if exponents is not None:
        return ("fh", *exponents)
    known = {"logrank": ("fh", 0.0, 0.0), "peto": ("fh", 1.0, 0.0)}
    return known.get(name, (name, 0.0, 0.0))


def needs_weights(table: Table) -> bool:
    """Whether R's survdiff does not have the test of the question."""
    found = weighted(table.cohort.spec)
    return found is not None and (found[0] != "fh" or found[2] != 0 or has_entry(table))


def _tests(writer: Writer) -> tuple[list[str], tuple[str, ...]]:
    lang, spec, found = writer.lang, writer.spec, weighted(writer.spec)
    if found is None:
        return [], ("the MaxCombo test",)
    test = [lang.text(found[0]), lang.number(found[1]), lang.number(found[2])]
    name = spec.test or "logrank"
    lines = [writer.report("test", "Test of the groups", "test_table",
                           ["p", lang.text(name), *test])]  # fmt: skip
    if len(writer.cohort.groups.levels) > 2:
        method = lang.text(spec.adjust_pairwise or "holm")
        lines.append(writer.report("pairwise", "Pairs of groups", "pairwise_table",
                                   ["p", "LABELS", *test, method]))  # fmt: skip
    return lines, ()


def cutoff_section(writer: Writer) -> Section:
    """The search for the best cutoff."""
    lang, spec, by = writer.lang, writer.spec, writer.cohort.groups.by
    if by is None:
        return Section(missing=("the search for a cutoff",))
    share = lang.number(MIN_FRACTION if spec.min_fraction is None else spec.min_fraction)
    column = lang.column("d", writer.table.use(by))
    limits = [share, lang.number(spec.min_events or 0)]
    side = lang.boolean((spec.cut_side or "ge") == "ge")
    lines = comment("The search for the best cutoff")
    if writer.cohort.groups.search is None:
        lines.append(lang.call("search", [column, "time", "event", *limits], "searched"))
    lines.append(
        writer.report("cutoff", "Best cutoff, and p-values corrected for the search",
                      "cutoff_table", ["p", lang.text(by), column, "searched", side, share])
    )  # fmt: skip
    missing = ["the p-values of Hothorn-Lausen and by permutation"]
    if spec.bootstraps:
        missing.append("the bootstrap of the cutoff")
    return Section(tuple(lines), tuple(missing))
