"""A table as it is pasted from a paper: its rows as cells.

Where the columns are set apart by tabs and a header names them, it says what they hold
(`core.printed.columns`). Else the shape of a field tells it: ``21/11`` patients and events, ``3.0
(1.1-4.9)`` an estimate with limits, ``15 (55.6%)`` a count, ``49.9 ± 10.1`` a mean, a number
between 0 and 1 a p-value; the first estimate of a line that has patients is a median. A line
without patients names the factor of the lines that follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.errors import DataError
from core.notes import Note, warning
from core.printed.columns import MEDIAN, ODDS, RATIO, Column, Token, of_header
from core.printed.columns import read as of_field
from core.printed.gathered import EVERYONE
from core.printed.number import read
from core.printed.table import MOST_CHARACTERS, NEEDED, Cell, Table, parse, same

PLACE = "Pasted table"
MOST_LINES = 2_000
_EMPTY = Cell(PLACE, "", "", "", "", "")
_NUM = r"[<>≤≥]?\s?[-−]?\d+(?:[.·,]\d+)?"
_OR_NONE = rf"(?:{_NUM}|NR|NE|NA|not reached)"
_CI = r"(?:95\s?%\s?CI[,:]?\s*)?"
_REF = r"(?:ref|reference|referent)"
_TO = r"\s*(?:-|–|—|to|,|;|~)\s*"
_SHAPES = (
    ("limits", rf"({_NUM}|NR|NE)\s*[(\[]{_CI}({_OR_NONE}){_TO}({_OR_NONE})[)\]]"),
    ("mean", rf"({_NUM})\s*(?:±|\+/-)\s*({_NUM})"),
    ("share", r"(\d+)\s*\(\s*(\d+(?:[.·,]\d+)?)\s*%?\s*\)"),
    ("events", r"(\d+)\s*/\s*(\d+)"),
    ("reference", rf"(?:\b{_REF}\b\.?|\b1(?:[.·]0+)?\b(?=\s*\({_REF}\)))"),
    ("number", rf"({_NUM})(?![\w(])"),
)  # fmt: skip
_TOKEN = re.compile(
    "|".join(f"(?P<{name}>{shape})" for name, shape in _SHAPES), flags=re.IGNORECASE
)
_GROUPS = {name: re.compile(shape, flags=re.IGNORECASE) for name, shape in _SHAPES}
_HEADER = ("hr", "hazard", "odds", "median", "events", "ci", "p", "factor", "variable", "n")
_FIELDS = re.compile(r"\t|\||\s{3,}")
_CONTRAST = re.compile(r"(.+?)\s*[(:,]\s*([^(]+?\s+vs?\.?\s+[^)]+?)\)?")
_SIDE = re.compile(r"(.+?)\s*((?:>=|<=|[<>≥≤])\s*[\d.·,]+.*)")


_LEVEL = re.compile(
    r"(?:yes|no|positive|negative|present|absent|male|female|high|low|none|[<>≤≥].*)",
    flags=re.IGNORECASE,
)


@dataclass
class _Line:
    name: str
    fields: list[list[Token]]
    texts: list[str]

    @property
    def tokens(self) -> list[Token]:
        return [token for field in self.fields for token in field]


def paste(text: str) -> Table:
    r"""Read a pasted table, or a file of cells where its header says that it is one.

    Raises
    ------
    DataError
        If no line has a number that can be read.

    Examples
    --------
    >>> table = paste("Liver\t\t\t0.001\nno\t21/11\t11.9 (1.2-22.6)\nyes\t6/5\t3.0 (1.1-4.9)")
    >>> [(c.group, c.quantity, c.printed) for c in table.cells][:3]
    [('', 'p_value', '0.001'), ('no', 'n', '21'), ('no', 'events', '11')]
    """
    if len(text) > MOST_CHARACTERS:
        raise DataError("The text is longer than any printed table", "Paste one table")
    lines = [line.strip("\r\n") for line in text.splitlines() if line.strip()]
    if lines and all(name in lines[0].casefold() for name in NEEDED):
        return parse(text)
    cells: list[Cell] = []
    notes: list[Note] = []
    heads = _heads(lines)
    head, known = " ".join(heads).casefold(), of_header([_split(line) for line in heads])
    factor = ""
    for number, line in enumerate(lines[:MOST_LINES], 1):
        if number <= len(heads):
            continue
        found = _line(line)
        factor, new = _row(found, factor, head, known)
        cells += new
        if not found.tokens and not factor:
            notes.append(warning("printed", f"Line {number} has nothing that can be read."))
    if not cells:
        raise DataError(
            "No line has a number that can be read",
            "Paste rows like: Liver, yes [tab] 6/5 [tab] 3.0 (1.1-4.9) [tab] 0.001",
        )
    return Table(tuple(_contrasts(cells)), tuple(notes))


def _heads(lines: list[str]) -> list[str]:
    """The first line, where it names the columns, and the second, where it does so as well."""
    if not lines or not _is_head(_line(lines[0]), lines[0]):
        return []
    below = len(lines) > 1 and _is_head(_line(lines[1]), lines[1])
    columns = of_header([_split(line) for line in lines[1:2]])
    return lines[: 1 + (below and bool(columns))]


def _split(line: str) -> list[str]:
    return [f.strip() for f in _FIELDS.split(line.strip(" "))]


def _is_head(found: _Line, line: str) -> bool:
    """Whether the first line names the columns: words of a header, and nothing but 95 % in it."""
    numbers = [t for t in found.tokens if t.texts != ("95",) and t.shape != "reference"]
    words = sum(word in line.casefold() for word in _HEADER)
    return not numbers and (not found.tokens or words > 1)


def _line(line: str) -> _Line:
    fields = _split(line)
    if len(fields) > 1:
        return _Line(fields[0], [list(_tokens(f)) for f in fields[1:]], fields[1:])
    first = next(iter(_TOKEN.finditer(line)), None)
    if first is None:
        return _Line(line.strip(), [], [])
    rest = line[first.start() :]
    return _Line(line[: first.start()].strip(" ,:"), [list(_tokens(rest))], [rest])


def _tokens(field: str) -> Iterator[Token]:
    for found in _TOKEN.finditer(field):
        shape = str(found.lastgroup)
        inner = _GROUPS[shape].match(found.group())
        yield Token(shape, tuple(t or "" for t in inner.groups()) if inner else ())


def _row(line: _Line, factor: str, head: str, known: tuple[Column, ...]) -> tuple[str, list[Cell]]:
    """The cells of a line, and the factor of those that follow."""
    read = _by_columns(line, known) if known and len(line.fields) > 1 else _by_shapes(line, head)
    sized = any(c.quantity in ("n", "events", "count") for c in read)
    sized = sized or any(t.shape in ("events", "share") for t in line.tokens)
    sized = sized or _LEVEL.fullmatch(line.name) is not None
    whole = same(line.name) in EVERYONE
    contrast, side = _CONTRAST.fullmatch(line.name), _SIDE.fullmatch(line.name)
    if whole:
        about = ("Overall", "")
    elif contrast:
        about = (contrast[1], contrast[2])
    elif side:
        about = (side[1], side[2])
    elif sized and factor:
        about = (factor, line.name)
    else:
        about = (line.name, "")
    next_factor = factor if sized or whole else about[0]
    cells = [replace(cell, factor=about[0], group=about[1]) for cell in read]
    return (about[0] if side or contrast else next_factor), cells


def _by_columns(line: _Line, known: tuple[Column, ...]) -> list[Cell]:
    """Give each field the meaning of its column; by its shape where the header has none."""
    cells: list[Cell] = []
    for i, (text, tokens) in enumerate(zip(line.texts, line.fields, strict=True), 1):
        column = known[i] if i < len(known) else Column("")
        if column.kind:
            cells += of_field(text, tokens, column, _EMPTY)
        else:
            cells += [c for token in tokens for c in _other(token, _EMPTY)]
    return cells


def _by_shapes(line: _Line, head: str) -> list[Cell]:
    return list(_shaped(line, _EMPTY, head))


def _shaped(line: _Line, base: Cell, head: str) -> Iterator[Cell]:
    """Give each field its meaning, from left to right."""
    model, sized = "", any(t.shape in ("events", "share") for t in line.tokens)
    limits = sum(t.shape == "limits" for t in line.tokens)
    medians = _medians(head, sized, limits)
    for token in line.tokens:
        if token.shape == "limits":
            if medians:
                medians -= 1
                yield from _cells(base, MEDIAN, token.texts)
                continue
            first = "multivariable" if _only_adjusted(head) else "univariable"
            model = "multivariable" if model else first
            odds = "odds" in head or re.search(r"\bor\b", head) is not None
            names = ODDS if odds else RATIO
            yield from _cells(replace(base, model=model), names, token.texts)
        else:
            yield from _other(token, replace(base, model=model))


def _other(token: Token, base: Cell) -> Iterator[Cell]:
    bare = replace(base, model="")
    if token.shape == "mean":
        yield from _cells(bare, ("mean_value", "sd"), token.texts)
    elif token.shape == "share":
        yield from _cells(bare, ("count", "percent"), token.texts)
    elif token.shape == "events":
        pair = sorted(token.texts, key=int, reverse=True)
        yield from _cells(bare, ("n", "events"), tuple(pair))
    elif token.shape == "reference":
        yield replace(base, quantity="reference", printed="1")
    else:
        found = read(token.texts[0])
        if found is None or found.missing:
            return
        share = found.value <= 1 and (found.decimals > 0 or found.sign)
        quantity = "p_value" if share else "n" if found.decimals == 0 else ""
        if quantity:
            yield replace(base, quantity=quantity, printed=token.texts[0].strip())


def _cells(base: Cell, names: tuple[str, ...], texts: tuple[str, ...]) -> Iterator[Cell]:
    for name, text in zip(names, texts, strict=True):
        yield replace(base, quantity=name, printed=text.strip())


def _medians(head: str, sized: bool, limits: int) -> int:
    """How many of the estimates of a line are medians."""
    if head:
        said = any(word in head for word in ("median", "months", "weeks", "years", "days"))
        return 1 if said and sized else 0
    return 1 if sized and limits else 0


def _only_adjusted(head: str) -> bool:
    """Whether the header has one column of ratios, and it is of the adjusted ones."""
    columns = len(re.findall(r"\b(?:hr|or|hazard ratio|odds ratio)\b", head))
    adjusted = "multivari" in head or re.search(r"\badjusted", head) is not None
    return adjusted and columns <= 1 and re.search(r"\bunivari", head) is None


def _contrasts(cells: list[Cell]) -> Iterator[Cell]:
    """Name the contrast of ratios that stand in the line of a level."""
    levels: dict[str, list[str]] = {}
    references: dict[str, str] = {}
    for cell in cells:
        if cell.quantity in ("n", "count") and cell.group not in levels.get(cell.factor, []):
            levels.setdefault(cell.factor, []).append(cell.group)
        if cell.quantity == "reference":
            references[cell.factor] = cell.group
    for cell in cells:
        known = [g for g in levels.get(cell.factor, []) if g]
        other = [g for g in known if g != cell.group]
        single = other[0] if len(known) == 2 and cell.group in known else ""
        against = references.get(cell.factor) or single
        if cell.quantity == "reference":
            continue
        named = cell.model and cell.group and " vs " not in cell.group
        if named and against and against != cell.group:
            yield replace(cell, group=f"{cell.group} vs {against}")
        elif cell.quantity == "p_value" and not cell.model and single:
            yield replace(cell, group="")  # a test of the groups stands in the line of one of them
        else:
            yield cell
