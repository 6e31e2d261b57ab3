"""A report as one web page that needs nothing from outside and runs nothing.

Every text goes through `html.escape`. The policy in the page's head lets no script run and nothing
be fetched; it knows the style sheet by its hash, so no other style is taken either.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path

from core.view import theme
from core.view.export import legal
from core.view.reports import figures
from core.view.reports.document import (
    Heading,
    Listing,
    Paragraph,
    Picture,
    Report,
    Table,
    cells,
    heads,
    wordy,
)

LONG = 18
"""Letters of a cell that stay on one line."""
STYLE = Path(__file__).with_name("style.css")


def page(report: Report) -> bytes:
    """Write the report as HTML.

    Parameters
    ----------
    report : Report

    Returns
    -------
    bytes
        UTF-8; the same for the same report.
    """
    style = _style()
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(style)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="generator" content="Stratiscope">',
        f"<title>{_safe(report.title)}</title>",
        f"<style>{style}</style>\n</head>\n<body>",
        _banner(report),
        f"<header>{_header(report)}</header>",
        f"<main>{_body(report)}</main>",
        f"<footer>{_footer(report)}</footer>",
        "</body>\n</html>\n",
    ]
    return "\n".join(part for part in parts if part).encode()


def _safe(text: str) -> str:
    """A text that is no markup, without the characters that a page must not hold."""
    return escape(legal(text))


def _style() -> str:
    """The style sheet, with the colours of the groups, which stand in one place."""
    swatches = "".join(
        f".g{g} {{ background: {colour}; }}\n" for g, colour in enumerate(theme.GROUP_COLOURS)
    )
    return f"\n{STYLE.read_text(encoding='utf-8')}{swatches}"


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _banner(report: Report) -> str:
    return f'<p class="banner" role="note">{_safe(report.banner)}</p>' if report.banner else ""


def _header(report: Report) -> str:
    made = f" {report.made.isoformat()}." if report.made else ""
    headings = [b for b in report.blocks if isinstance(b, Heading) and b.level == 1]
    items = "".join(
        f'<li><a href="#s{i}">{_safe(heading.text)}</a></li>'
        for i, heading in enumerate(headings, start=1)
    )
    items += '<li><a href="#made">How this report was made</a></li>'
    return (
        f"<h1>{_safe(report.title)}</h1>"
        f'<p class="quiet">{_safe(report.provenance)}{made}</p>'
        f'<nav aria-label="Contents"><ul>{items}</ul></nav>'
    )


def _body(report: Report) -> str:
    said, sections = [], 0
    for block in report.blocks:
        match block:
            case Heading(text, 1):
                sections += 1
                said.append(f'<h2 id="s{sections}">{_safe(text)}</h2>')
            case Heading(text):
                said.append(f"<h3>{_safe(text)}</h3>")
            case Paragraph(text, kind):
                role = ' role="note"' if kind == "warning" else ""
                said.append(f'<p class="{kind}"{role}>{_safe(text)}</p>')
            case Listing(items):
                said.append(f"<ul>{''.join(f'<li>{_safe(item)}</li>' for item in items)}</ul>")
            case Picture():
                said.append(_picture(block, report.provenance))
            case Table():
                said.append(_table(block))
    return "\n".join(said)


def _picture(block: Picture, footnote: str) -> str:
    drawn = figures.svg(
        block.chart,
        footnote,
        name=f"f{block.number}",
        title=f"{block.name}. {block.title}",
        said=block.alternative,
    )
    caption = f'<span class="more">{_safe(block.caption)}</span>' if block.caption else ""
    return (
        f"<figure>{drawn}<figcaption><b>{block.name}.</b> {_safe(block.title)}. {caption}"
        "</figcaption></figure>"
    )


def _table(block: Table) -> str:
    names = heads(block.frame)
    kinds = ["words" if wordy(block, i) else "number" for i in range(len(names))]
    head = "".join(
        f'<th scope="col" class="{_head_kind(i, kinds[i], name)}">{_safe(name)}</th>'
        for i, name in enumerate(names)
    )
    body = []
    for r, row in enumerate(cells(block.frame)):
        mark = _swatch(block.swatches[r]) if block.swatches else ""
        first = f'<th scope="row" class="name">{mark}{_safe(row[0])}</th>'
        rest = "".join(
            f'<td class="{_kind(kinds[i], cell)}">{_safe(cell)}</td>'
            for i, cell in enumerate(row[1:], 1)
        )
        body.append(f"<tr>{first}{rest}</tr>")
    label = _safe(f"{block.name}. {block.title}")
    kind = ' class="prose"' if block.prose else ""
    notes = "".join(f'<p class="notes">{_safe(note)}</p>' for note in block.notes)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table{kind}>'
        f"<caption><b>{block.name}.</b> {_safe(block.title)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>{notes}"
    )


def _kind(kind: str, cell: str) -> str:
    """A number that is short stays on one line; a long one may be broken at its blanks."""
    return kind if kind == "words" or len(cell) <= LONG else "number long"


def _head_kind(column: int, kind: str, name: str) -> str:
    """A heading is broken between its words, and within one only where that is very long."""
    long = " long" if max(map(len, name.split()), default=0) > LONG else ""
    return f"{'name' if column == 0 else kind}{long}"


def _swatch(group: int) -> str:
    return f'<span class="swatch g{group % len(theme.GROUP_COLOURS)}"></span>'


def _footer(report: Report) -> str:
    facts = "".join(
        f"<dt>{_safe(name)}</dt><dd>{_safe(value)}</dd>" for name, value in report.facts
    )
    link = f"<dt>Link</dt><dd>{_link(report.link)}</dd>" if report.link else ""
    return f'<h2 id="made">How this report was made</h2><dl>{link}{facts}</dl>'


def _link(address: str) -> str:
    """The address: something to click only where it is an ordinary one."""
    if not address.lower().startswith(("http://", "https://")):
        return _safe(address)
    return f'<a href="{_safe(address)}" rel="noreferrer noopener">{_safe(address)}</a>'
