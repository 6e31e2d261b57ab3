"""What stands below, beside and between the patients: totals, remarks, a second table.

Everything that is left out is counted with its lines. What may be a patient stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from core.notes import MOST_LINES, Choice, Note, Question, counted, info, warning, were
from core.reading.formats.evidence import (
    SAMPLE,
    Row,
    against,
    filled,
    is_missing,
    is_value,
    typical_width,
)
from core.reading.formats.header import Head
from core.reading.formats.neighbours import first_table
from core.reading.roles.vocabulary import fold, folded
from core.steps import Recipe

_TOTALS = folded(
    "total|totals|subtotal|grand total|overall total|sum|sums|mean|means|average|avg|median|"
    "std dev|stdev|standard deviation|mean (sd)|mean ± sd|minimum|maximum|"
    "count|Summe|Gesamt|Gesamtsumme|Gesamtzahl|insgesamt|Zwischensumme|Mittelwert|Mittel|"
    "Durchschnitt|Standardabweichung|Anzahl|Spannweite|somme|moyenne|médiane|écart type|"
    "écart-type|effectif|suma|media|mediana|promedio|desviación estándar|desviación típica|somma|"
    "totale|deviazione standard|soma|média|totaal|gemiddelde|mediaan|"
    "合计|合計|总计|總計|总和|小计|小計|共计|平均|平均值|平均値|均值|均数|中位数|中央値|标准差|"
    "標準偏差|最大值|最小值|最大値|最小値|例数|总数|計"
)
_SPREAD = folded("sd|std|se|sem|range|iqr|min|max|ds|et|n")
"""Words that mean it only below another one: SD is stable disease as well."""
_COUNT = re.compile(r"(?:.{0,30}[\s(])?n\s*[=:]\s*\d+\s*\)?", re.IGNORECASE)
_MARKS = "*†‡§¶※¹²³⁴"
_REMARK = re.compile(
    r"(?:notes?|n\.?b\.?|remarks?|source|sources|abbreviations?|abbr\.|legend|key|footnotes?|"
    r"anmerkung(?:en)?|hinweise?|quellen?|legende|abkürzung(?:en)?|bemerkung(?:en)?|remarques?|"
    r"abréviations?|notas?|fuente|abreviaturas|nota bene|fonte|legenda|bron|"
    r"注|备注|注释|来源|说明|出典|注記)\s*[:\uff1a\uff0e.].*",
    re.IGNORECASE | re.DOTALL,
)
_COMMENT = re.compile(r"#\s*[^\W\d_]")
MOST_BELOW = 60
"""Rows at the end that are looked through for totals and remarks."""
_WIDE = 3
"""Cells that a patient must usually have for a row with one to be none."""
_LONG = 25
_LONG_CJK = 10
_DIGIT = re.compile(r"\d")
_MANY = 10


@dataclass(frozen=True, eq=False)
class Body:
    """The rows that are patients.

    Attributes
    ----------
    kept : list of int
        Positions of the rows.
    notes : tuple of Note
    questions : tuple of Question
    """

    kept: list[int]
    notes: tuple[Note, ...] = ()
    questions: tuple[Question, ...] = ()


def told(text: str, found: Sequence[int], *, warn: bool = False) -> Note:
    """Make a note of the import report on lines of the file."""
    note = warning("file", text) if warn else info("file", text)
    return replace(note, section="read", n=len(found), lines=tuple(found[:MOST_LINES]))


def body(
    rows: Sequence[Row], lines: Sequence[int], at: list[int], head: Head, recipe: Recipe
) -> Body:
    """Sort the rows below the header.

    Parameters
    ----------
    rows : sequence of rows
    lines : sequence of int
        Line of the file of each.
    at : list of int
        Positions of the rows below the header that hold anything.
    head : Head
    recipe : Recipe
        Its step ``totals`` decides on rows of totals.

    Examples
    --------
    >>> rows = [["id", "x"], ["P1", "2"], ["P2", "4"], ["Total", "6"]]
    >>> head = Head((0,), ("id", "x"))
    >>> body(rows, [1, 2, 3, 4], [1, 2, 3], head, Recipe()).kept
    [1, 2]
    """
    notes: list[Note] = []
    kept = _first_table(rows, lines, at, head, notes)
    kept, remarks, totals = _below(rows, kept, len(head.cells))
    if remarks:
        text = f"{counted(len(remarks), 'row')} of remarks in or below the table "
        text += f"{were(len(remarks))} left out."
        notes.append(told(text, [lines[i] for i in remarks]))
    if not totals:
        return Body(kept, tuple(notes))
    steps = recipe.of("totals")
    clear = _are_clear(rows, kept, totals)
    drop = steps[-1].column != "keep" if steps else clear
    where = [lines[i] for i in totals]
    notes.append(_on_totals(where, drop=drop))
    asked = () if steps else (_about_totals(where, clear=clear),)
    return Body(kept if drop else sorted([*kept, *totals]), tuple(notes), asked)


def _first_table(
    rows: Sequence[Row], lines: Sequence[int], at: list[int], head: Head, notes: list[Note]
) -> list[int]:
    """The rows of the table without its repeated headers and what stands between its pages."""
    repeats = set(_repeats(rows, at, head))
    # A header that comes again after a blank row begins no second table.
    kept, second = first_table(rows, [i for i in at if i not in repeats])
    if second:
        text = f"A second table stands below the first one: its {counted(len(second), 'row')} "
        text += f"{were(len(second))} not read."
        notes.append(told(text, [lines[i] for i in second], warn=True))
        repeats = {i for i in repeats if i < second[0]}
    if repeats:
        text = f"{counted(len(repeats), 'repetition')} of the header {were(len(repeats))} left out."
        notes.append(told(text, [lines[i] for i in sorted(repeats)]))
    if marks := _page_marks(rows, sorted({*kept, *repeats}), repeats):
        text = f"{counted(len(marks), 'row')} between the pages of a report, right above a "
        text += f"repetition of the header, {were(len(marks))} left out."
        notes.append(told(text, [lines[i] for i in sorted(marks)], warn=True))
    return [i for i in kept if i not in marks]


def _on_totals(where: Sequence[int], *, drop: bool) -> Note:
    n, rows = len(where), counted(len(where), "row")
    if drop:
        return told(f"{rows} of totals below the table {were(n)} left out.", where)
    text = f"{rows} at the end of the table may be totals and {were(n)} kept."
    return told(text, where, warn=True)


def _about_totals(where: Sequence[int], *, clear: bool) -> Question:
    shown = f"line {where[0]}" if len(where) == 1 else f"lines {where[0]} to {where[-1]}"
    drop = Choice("totals: leave them out", ("totals(drop)",))
    keep = Choice("patients: keep them", ("totals(keep)",))
    text = f"Are the last rows of the table ({shown}) totals or patients?"
    return Question("file", text, (drop, keep) if clear else (keep, drop))


# Rows between and below the patients ----------------------------------------------------------


def _repeats(rows: Sequence[Row], at: Sequence[int], head: Head) -> list[int]:
    """Rows that say again what a row of the header says, in capitals or not."""

    def plain(row: Row) -> list[str]:
        return [row[j].strip().casefold() for j in range((filled(row) or [-1])[-1] + 1)]

    said = [plain(rows[i]) for i in head.rows if len(filled(rows[i])) > 1]
    firsts = {row[0] for row in said}
    near = [i for i in at if rows[i] and rows[i][0].strip().casefold() in firsts]
    return [i for i in near if plain(rows[i]) in said]


def _page_marks(rows: Sequence[Row], at: Sequence[int], repeats: Set[int]) -> set[int]:
    """What a printed report has between two pages: numbers of pages, titles, dates of printing.

    Only right above a header that is repeated, and only a row with one cell that is not like
    those below the names.
    """
    patients = [rows[i] for i in at if i not in repeats][:SAMPLE]
    marks: set[int] = set()
    if typical_width(patients) < _WIDE:
        return marks
    for above, i in zip(reversed(at[:-1]), reversed(at[1:]), strict=True):
        if i not in repeats and i not in marks:
            continue
        others = [row for row in patients if row is not rows[above]]
        if len(filled(rows[above])) == 1 and not against(rows[above], others).alike:
            marks.add(above)
    return marks


def _below(
    rows: Sequence[Row], at: list[int], width: int
) -> tuple[list[int], list[int], list[int]]:
    """Take remarks and totals away from the end, and comments from everywhere."""
    remarks = [i for i in at if _is_comment(rows[i])]
    if remarks:
        gone = set(remarks)
        at = [i for i in at if i not in gone]
    sample = [rows[i] for i in at[:SAMPLE]]
    typical, totals = typical_width(sample), list[int]()
    lengths = sorted(len(row[0].strip()) for row in sample if row)
    usual = lengths[len(lengths) // 2] if lengths else 0
    end = len(at)
    while end > max(1, len(at) - MOST_BELOW):
        i, before = at[end - 1], at[end - 2]
        short = typical > 2 or len(rows[i]) < width
        if _is_total(rows, i, at, above=before) or (end == len(at) and _is_sum(rows, at)):
            totals.append(i)
        elif _is_remark(rows[i], typical, usual, short=short, gap=i > before + 1):
            remarks.append(i)
        else:
            break
        end -= 1
    return at[:end], sorted(remarks), totals[::-1]


def _is_comment(row: Row) -> bool:
    if not row or not row[0].lstrip().startswith("#"):
        return False
    return filled(row) == [0] and _COMMENT.match(row[0].strip()) is not None


def _is_remark(row: Row, typical: int, usual: int, *, short: bool, gap: bool) -> bool:
    there = filled(row)
    word = row[there[0]].strip()
    if len(there) > (2 if typical > 3 else 1) or there[0] > 1 or is_value(word):
        return False
    if _REMARK.fullmatch(word) or (word[0] in _MARKS and len(word) >= 8):
        return True
    if len(there) > 1 or not (short or gap):
        return False
    # Where the first column itself holds long texts, a long text says nothing.
    latin = len(word) >= _LONG and len(word.split()) > 3
    return (latin or _is_long_chinese(word) or (gap and len(word) > 8)) and len(word) > 2 * usual


def _is_long_chinese(word: str) -> bool:
    return sum("\u3040" <= c <= "\u9fff" for c in word) >= _LONG_CJK


def _is_total(rows: Sequence[Row], i: int, at: Sequence[int], *, above: int) -> bool:
    """Whether a row says that it is one of totals, in a word that no other row begins with."""
    there = filled(rows[i])
    if not there or there[0] > 1:
        return False
    j, word = there[0], rows[i][there[0]].strip()
    if len(word) > 60:
        return False
    if not _COUNT.fullmatch(word):
        known = _plainly(word) in _TOTALS
        if not known and _plainly(word) in _SPREAD:
            known = j < len(rows[above]) and _plainly(rows[above][j]) in _TOTALS | _SPREAD
        if not known or not any(is_value(rows[i][k]) for k in there[1:]):
            return False
    return sum(j < len(rows[k]) and rows[k][j].strip() == word for k in at) == 1


def _plainly(word: str) -> str:
    return fold(word.strip().rstrip(" :\uff1a").strip("()[]*"))


def _is_sum(rows: Sequence[Row], at: Sequence[int]) -> bool:
    """Whether the last row has no first cell, unlike the others, and its numbers are their sums."""
    row, others = rows[at[-1]], [rows[i] for i in at[:-1]]
    there = filled(row)
    if len(others) < 2 or not there or there[0] == 0:
        return False
    if any(not o or not o[0].strip() for o in others):
        return False
    return all(_adds_up(row[j], [o[j] for o in others if j < len(o)]) for j in there)


def _adds_up(total: str, cells: Sequence[str]) -> bool:
    try:
        said = float(total.replace(",", "."))
        parts = [float(c.replace(",", ".")) for c in cells if not is_missing(c)]
    except ValueError:
        return False
    # More than any one of them: sums of zeros and ones would else be found everywhere.
    more = len(parts) > 1 and abs(said) > max(map(abs, parts))
    return more and abs(said - sum(parts)) <= 1e-6 * abs(said)


def _are_clear(rows: Sequence[Row], kept: Sequence[int], totals: Sequence[int]) -> bool:
    """Whether totals cannot be patients: they stand where the others have numbers of their own."""
    first = min(filled(rows[totals[0]])[0], 1)
    column = [rows[i][first].strip() for i in kept if len(rows[i]) > first]
    words = [c for c in column if not is_missing(c)]
    if len(words) < 2:
        return False
    if first:
        # Without an id, unlike all others.
        return all(rows[i][0].strip() for i in kept)
    if len(set(words)) < len(words):
        return all(map(is_value, words))
    return len(words) >= _MANY or all(map(_DIGIT.search, words))
