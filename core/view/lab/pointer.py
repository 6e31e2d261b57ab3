"""The curves of the cutoff under the pointer, drawn by the browser alone, and the click on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt

from core.view import theme
from core.view.charts import PLAIN, axis_ticks
from core.view.lab.layout import HEIGHT, MOST, TOP, band, bottom, curves_start, pick

POINTED = "length(data('hover_store')) > 0"
"""Whether the pointer is on the panels."""
LINES = (14, 35, 54, 73, 92)
"""Heights of the lines of text above the curves."""
BELOW = 350
"""How much lower they stand on a narrow page."""
Stop = dict[str, Any]
"""A cutoff that is previewed: `at`, `text0` to `text4`, and the curves `low` and `high` as
permille at equally spaced times, null after a group's last follow-up."""


def curves(unit: str, last: float, endpoint: str, stops: list[Stop]) -> list[Any]:
    """The curves of the cutoff in force, and over them those of the one under the pointer."""
    scale = alt.Scale(domain=[0, 1], range=band("curves"))
    axis = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], orient="right", grid=False)
    y = alt.Y("survival:Q", title=endpoint, scale=scale, axis=axis)
    bare = alt.Y("survival:Q", scale=scale, axis=None)
    many = alt.Scale(domain=list(range(MOST)), range=[theme.colour(g) for g in range(MOST)])
    colour = alt.Color("group:N", legend=None, scale=many)
    half = alt.Chart(alt.NamedData("half")).mark_rule(strokeDash=[2, 3], opacity=0.45)
    now = alt.Chart(alt.NamedData("now")).mark_line(interpolate="step-after")
    pointed = (
        alt.Chart(alt.InlineData(values=stops, name="previews"))
        .transform_filter({"param": "hover", "empty": False})
        .transform_flatten(["low", "high"])
        .transform_window(row="row_number()")
        .transform_fold(["low", "high"], as_=["which", "permille"])
        .transform_filter("isValid(datum.permille)")
        .transform_calculate(
            time=f"(datum.row - 1) * {last / max(len(stops[0]['low']) - 1, 1)!r}",
            survival="datum.permille / 1000",
            group="datum.which == 'low' ? 0 : 1",
        )
        .mark_line(interpolate="step-after", strokeWidth=2.4)
    )
    return [
        half.encode(bare, alt.X(value=curves_start()), alt.X2(value=alt.ExprRef("width"))),
        now.encode(
            _time(unit, last, axis=True),
            y,
            colour,
            strokeWidth=alt.condition(POINTED, alt.value(1), alt.value(2.4)),
            opacity=alt.condition(POINTED, alt.value(0.4), alt.value(1)),
        ),
        pointed.encode(_time(unit, last, axis=False), bare, colour),
    ]


def _time(unit: str, last: float, *, axis: bool) -> Any:
    scale = alt.Scale(
        domain=[0, last * 1.01], nice=False, range=[curves_start(), alt.ExprRef("width")]
    )
    ticks = alt.Axis(values=axis_ticks(last, unit), grid=False, labelExpr=PLAIN, orient="bottom")
    title = unit.capitalize() if axis else None
    return alt.X("time:Q", title=title, scale=scale, axis=ticks if axis else None)


def readings(x: Callable[[], Any]) -> list[Any]:
    """The pointer's line, what it reads, and the click that takes a cutoff.

    Parameters
    ----------
    x : callable
        Makes the encoding of the marker's axis.
    """
    hover = alt.selection_point(
        name="hover", fields=["at"], nearest=True, on="pointermove", empty=False, clear="pointerout"
    )
    # `asked` changes with the cutoff in force, so that the same one can be taken again later.
    take = alt.selection_point(
        name="take", fields=["at", "asked"], nearest=True, on="click", empty=False
    )
    rule = alt.Chart(alt.NamedData("stops")).mark_rule(strokeWidth=1.5, tooltip=None)
    line = rule.encode(
        x(),
        alt.Y(value=TOP),
        alt.Y2(value=bottom("p")),
        opacity=alt.condition(hover, alt.value(0.7), alt.value(0)),
    ).add_params(hover, take)
    # Over the curves the pointer shall not be taken for one over the panels.
    cover = alt.Chart(alt.NamedData("half")).mark_rect(opacity=0, tooltip=None)
    covered = cover.encode(
        alt.X(value=curves_start()),
        alt.X2(value=alt.ExprRef("width + 60")),
        alt.Y(value=pick(0, BELOW)),
        alt.Y2(value=HEIGHT + 40),
    )
    return [line, *_texts(), covered]


def _texts() -> list[Any]:
    """Five lines: of the cutoff under the pointer, else of the one in force."""
    texts = []
    for i, top in enumerate(LINES):
        size, weight = (14, 600) if i == 0 else (12.5, 600 if i == len(LINES) - 1 else 400)
        place = (
            alt.X(value=curves_start()),
            alt.Y(value=pick(top, top + BELOW)),
            alt.Text(f"text{i}:N"),
        )
        pointed = alt.Chart(alt.NamedData("previews")).transform_filter(
            {"param": "hover", "empty": False}
        )
        now = alt.Chart(alt.NamedData("reading"))
        style: dict[str, Any] = {"align": "left", "fontSize": size, "fontWeight": weight}
        texts.append(pointed.mark_text(baseline="middle", tooltip=None, **style).encode(*place))
        hidden = alt.condition(POINTED, alt.value(0), alt.value(1))
        texts.append(
            now.mark_text(baseline="middle", tooltip=None, **style).encode(*place, opacity=hidden)
        )
    return texts
