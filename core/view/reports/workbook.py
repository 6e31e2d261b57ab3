"""A report as an Excel workbook: contents first, then a sheet for each table and each curve.

Texts are written as texts and numbers as numbers: nothing that a user typed becomes a formula or
a link. Sheets are named by their numbers, never by what is in the data.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.view.export import legal
from core.view.reports.document import Listing, Paragraph, Picture, Report, Table, cells, heads
from core.view.reports.word_parts import FIRST_DAY

LONGEST = 32_000
"""Letters of a cell; Excel holds 32,767."""
MOST_ROWS = 1_048_000
"""Rows of a sheet that are written."""
NUMBER = re.compile(r"-?(0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d*)(\.\d+)?")
"""A printed number that says no more than its value: no sign of relation, no limits."""
PLAIN: dict[str, Any] = {"font_name": "Arial", "font_size": 10, "valign": "top"}
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet: what it is, its table, and the lines below.

    `printed` tells a table of texts as a journal prints them from one of full precision.
    """

    name: str
    title: str
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    printed: bool = False


def workbook(report: Report) -> bytes:
    """Write the report as a workbook.

    Parameters
    ----------
    report : Report

    Returns
    -------
    bytes
        An ``.xlsx`` file; the same for the same report.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, OPTIONS)
    when = FIRST_DAY if report.made is None else pd.Timestamp(report.made).to_pydatetime()
    made.set_properties(
        {
            "title": legal(report.title)[:255],
            "subject": legal(report.banner)[:255],
            "author": "Stratiscope",
            "comments": legal(report.provenance)[:255],
            "created": when,
        }
    )
    styles = _styles(made)
    sheets = sheets_of(report)
    _contents(made, report, sheets, styles)
    for sheet in sheets:
        _sheet(made, report, sheet, styles)
    _said(made, report, styles)
    made.close()
    return out.getvalue()


def sheets_of(report: Report) -> list[Sheet]:
    """The sheets of the tables and of the numbers behind them and behind the figures.

    Numbers that stand behind both a table and its figure get one sheet.
    """
    found: list[Sheet] = []
    seen: set[tuple[str, int]] = set()
    for block in report.blocks:
        if isinstance(block, Table):
            found.append(Sheet(block.name, block.title, block.frame, block.notes, printed=True))
        if isinstance(block, Picture | Table):
            fresh = [b for b in block.behind if (b.title, id(b.frame)) not in seen]
            seen |= {(b.title, id(b.frame)) for b in fresh}
            for i, behind in enumerate(fresh):
                letter = f" {chr(ord('a') + i)}" if len(fresh) > 1 else ""
                name = f"{block.name} numbers{letter}"
                found.append(Sheet(name, f"{block.title}: {behind.title.lower()}", behind.frame))
    return found


def _styles(made: Any) -> dict[str, Any]:
    """The formats of cells; those of numbers are added when they are met."""
    look: dict[str, dict[str, Any]] = {
        "title": {"bold": True, "font_size": 14},
        "banner": {"bold": True, "font_color": "#7A1F1F"},
        "quiet": {"font_color": "#4D5B69", "font_size": 9},
        "head": {"bold": True, "top": 2, "bottom": 1, "text_wrap": True},
        "text": {},
        "cell": {"indent": 1},
        "wrap": {"text_wrap": True},
        "number": {"align": "right"},
        "name": {"bold": True},
    }
    return {name: made.add_format(PLAIN | extra) for name, extra in look.items()}


def _decimal(made: Any, styles: dict[str, Any], code: str) -> Any:
    if code not in styles:
        styles[code] = made.add_format(PLAIN | {"num_format": code})
    return styles[code]


def _contents(made: Any, report: Report, sheets: Sequence[Sheet], styles: dict[str, Any]) -> None:
    """The first sheet: what this is, where it comes from, and what the others hold."""
    page = made.add_worksheet("Contents")
    page.set_column(0, 0, 24)
    page.set_column(1, 1, 100)
    rows: list[tuple[str, str, str]] = [("", report.title, "title")]
    if report.banner:
        rows.append(("", report.banner, "banner"))
    rows.append(("", report.provenance, "quiet"))
    if report.made is not None:
        rows.append(("Date", report.made.isoformat(), "wrap"))
    rows += [("Link", report.link, "wrap")] if report.link else []
    rows += [(name, value, "wrap") for name, value in report.facts]
    rows += [("", "", "text"), ("Sheet", "What it holds", "name")]
    rows += [(sheet.name, sheet.title, "text") for sheet in sheets]
    rows.append(("Text", "Methods, notes, import report and exploration in words", "text"))
    page.set_landscape()
    page.fit_to_pages(1, 0)
    for r, (name, value, style) in enumerate(rows):
        if style == "wrap":
            page.set_row(r, 14 * -(-len(value) // 100))
        if name:
            page.write_string(r, 0, _cell(name), styles["name"])
        page.write_string(r, 0 if style in ("title", "banner", "quiet") else 1, _cell(value),
                          styles[style])  # fmt: skip


def _sheet(made: Any, report: Report, sheet: Sheet, styles: dict[str, Any]) -> None:
    """A table with its title above and its notes below."""
    page = made.add_worksheet(sheet.name)
    page.write_string(0, 0, _cell(f"{sheet.name}. {sheet.title}"), styles["title"])
    source = f"{report.banner} {report.provenance}".strip()
    page.write_string(1, 0, _cell(source), styles["banner" if report.banner else "quiet"])
    names = heads(sheet.frame)
    for c, name in enumerate(names):
        page.write_string(3, c, _cell(name), styles["head"])
    kept = sheet.frame.head(MOST_ROWS)
    rows = cells(kept) if sheet.printed else kept.to_numpy(dtype=object).tolist()
    for r, row in enumerate(rows, start=4):
        for c, value in enumerate(row):
            if sheet.printed:
                _printed(made, page, (r, c), value, styles)
            else:
                _full(page, (r, c), value, styles)
    for i, note in enumerate(sheet.notes):
        page.write_string(5 + len(rows) + i, 0, _cell(note), styles["quiet"])
    for c, name in enumerate(names):
        longest = max([len(name), *(len(str(row[c])) for row in rows[:200])])
        page.set_column(c, c, min(max(9, 0.95 * longest + 2), 60))
    page.freeze_panes(4, 1)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(3)


def _printed(made: Any, page: Any, at: tuple[int, int], text: str, styles: dict[str, Any]) -> None:
    """A cell as it is printed; a bare number beside the first column is a number."""
    whole = NUMBER.fullmatch(text) if at[1] else None
    if whole is None:
        page.write_string(*at, _cell(text), styles["text" if at[1] == 0 else "number"])
        return
    decimals = len(whole[2] or ".") - 1
    code = "#,##0" if "," in text else "0"
    code += "." + "0" * decimals if decimals else ""
    page.write_number(*at, float(text.replace(",", "")), _decimal(made, styles, code))


def _full(page: Any, at: tuple[int, int], value: Any, styles: dict[str, Any]) -> None:
    """A cell in full precision; what is missing or not finite stays empty."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        page.write_boolean(*at, value, styles["text"])
    elif isinstance(value, int | float):
        if math.isfinite(value):
            page.write_number(*at, value, styles["number"])
    elif isinstance(value, tuple | list):
        page.write_string(*at, _cell(", ".join(map(str, value))), styles["cell"])
    elif value is not None and value is not pd.NA:
        page.write_string(*at, _cell(str(value)), styles["cell" if at[1] else "text"])


def _cell(text: str) -> str:
    return legal(text)[:LONGEST]


def _said(made: Any, report: Report, styles: dict[str, Any]) -> None:
    """The last sheet: what is said in words."""
    page = made.add_worksheet("Text")
    page.set_column(0, 0, 120)
    row = 0
    for block in report.blocks:
        if isinstance(block, Picture | Table):
            continue
        texts = block.items if isinstance(block, Listing) else (block.text,)
        style = "wrap" if isinstance(block, Paragraph | Listing) else "name"
        for text in texts:
            page.write_string(row, 0, _cell(text), styles[style])
            row += 1
