"""Small pieces of HTML for the screen. Every text goes through `html.escape`: none is markup."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd

from core.view import theme


def paragraph(text: str, kind: str) -> str:
    """A paragraph of a class of the style sheet."""
    return f'<p class="{kind}">{escape(text)}</p>'


PROSE = 24
"""Characters of a cell, on average, from which on a column is of sentences and not of numbers."""


def _is_prose(column: pd.Series) -> bool:
    cells = [str(cell) for cell in column if cell]
    return bool(cells) and sum(map(len, cells)) > PROSE * len(cells)


def table(
    frame: pd.DataFrame,
    *,
    swatches: Sequence[int] | None = None,
    kind: str = "",
    caption: str = "",
) -> str:
    """A table as journals print it: first column names, the others numbers or sentences.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of texts and counts, as `core.view.tables` makes them.
    swatches : sequence of int, optional
        Group of each row; its colour is put before the name.
    kind : str
        A further class of the style sheet.
    caption : str
        What the table shows, for screen readers.

    Examples
    --------
    >>> "&lt;b&gt;" in table(pd.DataFrame({"Group": ["<b>"]}))
    True
    """
    kinds = ["name", *("words" if _is_prose(frame.iloc[:, i]) else "number"
                       for i in range(1, frame.shape[1]))]  # fmt: skip
    head = "".join(
        f'<th class="{kind}">{escape(str(name).strip())}</th>'
        for kind, name in zip(kinds, frame.columns, strict=True)
    )
    body = []
    for r, row in enumerate(frame.to_numpy(dtype=object).tolist()):
        mark = "" if swatches is None else _swatch(swatches[r])
        cells = [f'<td class="name">{mark}{escape(str(row[0]))}</td>']
        cells += [
            f'<td class="{kind}">{escape(str(cell))}</td>'
            for kind, cell in zip(kinds[1:], row[1:], strict=True)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    label = f' aria-label="{escape(caption)}"' if caption else ""
    return (
        f'<div class="scroll"><table class="journal {kind}"{label}><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def key_numbers(pairs: Sequence[tuple[str, str]]) -> str:
    """Large numbers with small captions, side by side."""
    parts = [
        f"<div><span>{escape(name)}</span><b>{escape(value)}</b></div>" for name, value in pairs
    ]
    return f'<div class="big">{"".join(parts)}</div>'


def markdown_text(text: str) -> str:
    r"""Escape a text for the places where Streamlit reads Markdown: it is shown as it stands.

    Examples
    --------
    >>> markdown_text("a*b ![x](y)")
    'a\\*b \\!\\[x\\]\\(y\\)'
    """
    return "".join("\\" + c if c in _MARKDOWN else c for c in text)


_MARKDOWN = frozenset("\\`*_{}[]()#+-.!|<>$~:&^=")


def _swatch(group: int) -> str:
    return f'<span class="swatch" style="background:{theme.colour(group)}"></span>'
