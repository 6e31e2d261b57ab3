"""Where the parts of the scan stand: expressions that the browser evaluates.

One view holds everything, so that the pointer is read once and the browser does the rest: the
panels share the marker's axis and have a band of the height each; the curves stand beside them on
a wide page and below them on a narrow one. Only the browser knows the width.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from core.view import theme

HEIGHT = 585
BANDS = {  # from and to, in pixels from the top: on a wide page, on a narrow one
    "bars": ((44, 116), (44, 88)),
    "rug": ((116, 128), (88, 98)),
    "ratio": ((138, 350), (106, 200)),
    "p": ((370, HEIGHT), (214, 300)),
    "curves": ((112, HEIGHT), (456, HEIGHT)),
}
TOP = 42
"""Where the lines of the marks begin; their names stand above, in three rows."""
MOST = len(theme.GROUP_COLOURS)
"""Groups that have a colour of their own."""
SHARE = 0.58
"""Share of a wide figure that the panels have."""
GAP = 24
"""Pixels between the panels and the curves of a wide figure."""
_WIDE = "width > 700"


def pick(wide: object, narrow: object) -> Any:
    """One value on a wide page, another one on a narrow page."""
    return alt.ExprRef(f"{_WIDE} ? {wide} : {narrow}")


def band(name: str) -> list[Any]:
    """The range of a scale from bottom to top of a band."""
    (a, b), (c, d) = BANDS[name]
    return [pick(b, d), pick(a, c)]


def bottom(name: str) -> Any:
    """Lower edge of a band."""
    return pick(BANDS[name][0][1], BANDS[name][1][1])


def panels_end() -> Any:
    """Right edge of the panels."""
    return pick(f"{SHARE} * width", "width")


def curves_start() -> Any:
    """Left edge of the curves."""
    return pick(f"{SHARE} * width + {GAP}", 0)
