"""Results alone, as one web page: what `core.release` lets out, and not one patient's row."""

from __future__ import annotations

from datetime import date

import altair as alt
import pandas as pd
import pyarrow as pa

from core import exploration, methods, release
from core.cohort import Cohort
from core.exploration import Counts
from core.locking import parts_of
from core.parts import PARTS
from core.release import Release
from core.spec import AnalysisSpec
from core.survival.results import Row
from core.versions import versions
from core.view import charts, numbers, theme, words
from core.view.charts import Figure
from core.view.reports import html
from core.view.reports.document import Block, Heading, Paragraph, Picture, Report, Table, numbered

HIDDEN = f"< {release.LEAST}"
"""A count that is not shown."""
ABOUT = (
    f"Only results are here: no row of any patient is stored with them. Counts from 1 to "
    f"{release.LEAST - 1} and what would give them away are not shown; steps of the curves are put "
    f"together, so that at least {release.LEAST} events lie between two points; times are full "
    "months and numbers at risk are rounded down to fives."
)
HEIGHT = 300
WIDTH = 640


def page(cohort: Cohort, spec: AnalysisSpec, *, counts: Counts, made: date | None = None) -> bytes:
    """Write the page.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Its curves, and its Cox model where it has terms.
    counts : Counts
        How much was looked at.
    made : datetime.date, optional

    Returns
    -------
    bytes
        HTML in UTF-8 that needs nothing from outside and runs nothing.

    Raises
    ------
    StratiscopeError
        If there is no result, or the outcome is locked.
    """
    parts = parts_of(spec.but(parts=("km",)), ("km", *(("cox",) if spec.terms else ())))
    found = release.of_curves(
        PARTS["km"].make(cohort, spec), cohort.included.ledger, cohort.included.n_rows,
        cohort.show_unit,
    )  # fmt: skip
    blocks: list[Block] = [
        Paragraph(ABOUT, "warning"),
        Heading("Patients"),
        _patients(found),
        Heading("Survival"),
        *_curves(found, cohort),
        *_model(cohort, spec),
        Heading("Methods"),
        Paragraph(" ".join(methods.sentences(cohort, spec, parts))),
        Heading("Exploration"),
        Paragraph(exploration.sentence(counts) or "How much was looked at was not recorded."),
    ]
    return html.page(
        Report(
            words.question(cohort),
            words.SYNTHETIC if cohort.dataset.synthetic else "",
            f"Results alone. Conventions of {words.profile_name(spec)}.",
            (("Versions", ", ".join(f"{name} {version}" for name, version in versions())),),
            "",
            numbered(blocks),
            made,
        )
    )


def _count(n: int | None) -> str:
    return HIDDEN if n is None else numbers.count(n)


def _patients(found: Release) -> Table:
    rows = [("Rows in the table", _total(found.total)),
            *((reason[:1].upper() + reason[1:], _count(n)) for reason, n in found.left),
            ("Patients in", _total(found.n)), ("Events", _total(found.events))]  # fmt: skip
    return Table(pd.DataFrame(rows, columns=["Who is in", "n"]), "Who is in")


def _total(n: int | None) -> str:
    """A total that would give a hidden count away is left out."""
    return "not shown" if n is None else numbers.count(n)


def _months(median: int | None) -> str:
    return numbers.NOT_REACHED if median is None else numbers.count(median)


def _curves(found: Release, cohort: Cohort) -> list[Block]:
    frame = pd.DataFrame(
        [
            {
                "Group": name,
                "Patients": _count(g.n),
                "Events": HIDDEN if g.n is None else ("not shown" if g.events is None
                                                      else numbers.count(g.events)),
                "Median, full months": "–" if g.hidden else _months(g.median),
            }
            for g, name in zip(found.groups, cohort.groups.screen_labels, strict=True)
        ]
    )  # fmt: skip
    blocks: list[Block] = []
    if len(found.steps) > found.steps["group"].nunique():
        blocks.append(_picture(found, cohort))
    blocks.append(Table(frame, "Groups", swatches=tuple(range(len(found.groups)))))
    test = found.test
    if test.p_value is not None and test.statistic is not None:
        said = words.name_of_test(test.name, cohort.spec)
        blocks.append(
            Paragraph(
                f"{said[:1].upper()}{said[1:]} test: chi-square "
                f"{numbers.fixed(test.statistic, 2)}, {test.df} df, p "
                f"{numbers.p_value(test.p_value)}.",
                "finding",
            )
        )
    if found.hazard_ratios:
        titles = {row.term: cohort.groups.title for row in found.hazard_ratios}
        blocks.append(Table(_ratios(found.hazard_ratios, titles), "Hazard ratios of the groups"))
    return blocks


def _picture(found: Release, cohort: Cohort) -> Picture:
    labels = list(cohort.groups.screen_labels)
    finding = f"Coarse Kaplan-Meier curves of {len(labels)} groups." if len(labels) > 1 else ""
    return Picture(
        _chart(found, cohort.show_unit, labels),
        words.question(cohort),
        "Coarse Kaplan-Meier curves: each point stands for at least "
        f"{release.LEAST} events since the one before.",
        finding,
        f"Coarse Kaplan-Meier curves. {words.question(cohort)}.",
    )


def _chart(found: Release, unit: str, labels: list[str]) -> Figure:
    data = found.steps.assign(label=[labels[g] for g in found.steps["group"]])
    colour = alt.Color(
        "label:N",
        title=None,
        scale=alt.Scale(domain=labels, range=[theme.colour(g) for g in range(len(labels))]),
        legend=alt.Legend(orient="top", labelLimit=400) if len(labels) > 1 else None,
    )
    lines = (
        alt.Chart(alt.NamedData("steps"))
        .mark_line(interpolate="step-after", point=True, strokeWidth=2)
        .encode(
            alt.X("time:Q", title=unit.capitalize()),
            alt.Y("estimate:Q", title="Probability", axis=alt.Axis(format="%"),
                  scale=alt.Scale(domain=[0, 1])),
            colour,
        )
        .properties(height=HEIGHT, width=WIDTH)
    )  # fmt: skip
    rows = pa.Table.from_pandas(data[["time", "estimate", "label"]], preserve_index=False)
    return {**charts.finish(lines), "datasets": {"steps": rows}}


def _model(cohort: Cohort, spec: AnalysisSpec) -> list[Block]:
    if not spec.terms:
        return []
    result = PARTS["cox"].make(cohort, spec)
    alone, together = release.of_model(result)
    blocks: list[Block] = [Heading("Cox model")]
    if alone:
        blocks.append(Table(_ratios(alone, result.titles), "Each term alone"))
    if len(together) > 1:
        blocks.append(Table(_ratios(together, result.titles), "All terms together"))
    return blocks


def _ratios(rows: tuple[Row, ...], titles: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Term": words.row_label(row, titles),
                "Hazard ratio (limits)": numbers.ratio(
                    row.hazard_ratio, row.conf_low, row.conf_high
                )
                if row.n
                else "not shown",
                "p": numbers.p_cell(row.p_value) if row.n else "not shown",
            }
            for row in rows
        ]
    )
