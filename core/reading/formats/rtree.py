"""Files of R -> a tree of what they hold, through rdata: parsed in Python, nothing is evaluated.

Of the two readers that are kept up, rdata is plain Python and reads from memory: a damaged file
can at worst raise an error. pyreadr is a C library, wants a file on the disk, and knows no lists
of tables. Functions, promises and environments stay what they are, a tree that nobody looks into.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import DataError
from core.reading.formats import kinds
from core.reading.formats.limits import MAX_CELLS, check_bytes

_STARTS = (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n", b"X\n", b"A\n")
_LATIN1, _BYTES, _UTF8 = 4, 2, 8
_HINT = "Write the table in R by write.csv(table, 'table.csv', row.names = FALSE)"


@dataclass(frozen=True, eq=False)
class Thing:
    """An object of R.

    Attributes
    ----------
    node : rdata.parser.RObject
    native : str
        Encoding of text that does not say its own.
    """

    node: Any
    native: str

    @property
    def kind(self) -> str:
        """What it is: ``INT``, ``REAL``, ``LGL``, ``STR``, ``VEC`` (a list), ..."""
        return str(self.node.info.type.name)

    @property
    def values(self) -> Any:
        """Return its numbers, truth values or parts as the parser has them."""
        return self.node.value

    def attribute(self, name: str) -> Thing | None:
        """Find an attribute by its name."""
        if self.node.attributes is None:
            return None
        pairs = _pairs(self.node.attributes)
        return next((Thing(value, self.native) for tag, value in pairs if tag == name), None)

    def words(self, name: str) -> list[str]:
        """Return the text of an attribute; empty where there is none, or it is no text."""
        found = self.attribute(name)
        if found is None or found.kind != "STR":
            return []
        return ["" if word is None else word for word in found.text()]

    def is_a(self, *classes: str) -> bool:
        """Whether it has one of the classes."""
        return not set(classes).isdisjoint(self.words("class"))

    def text(self) -> list[str | None]:
        """Return its words; None is missing."""
        return [None if c.value is None else _decoded(c, self.native) for c in self.node.value]

    def numbers(self) -> np.ndarray:
        """Return its numbers as float64; NaN is missing."""
        values = self.node.value
        missing = np.ma.getmaskarray(values)
        return np.where(missing, np.nan, np.ma.getdata(values).astype(np.float64))

    def parts(self) -> list[Thing]:
        """Return what a list holds."""
        return [Thing(node, self.native) for node in self.node.value]


def objects(data: bytes) -> list[tuple[str, Thing]]:
    """Read what an ``.rds`` or ``.RData`` file holds.

    Parameters
    ----------
    data : bytes
        Packed by gzip, bzip2 or xz, or not.

    Returns
    -------
    list of (str, Thing)
        By their names; the one object of an ``.rds`` file has none.

    Raises
    ------
    DataError
        If it is no such file, damaged, or larger than the limit when unpacked.

    Examples
    --------
    >>> objects(b"RDX3")
    Traceback (most recent call last):
    core.errors.DataError: The file is no file of R that can be read. Write the table in R by \
write.csv(table, 'table.csv', row.names = FALSE).
    """
    content = kinds.unpacked(data, "")
    check_bytes(len(content))
    if not content.startswith(_STARTS):
        # The library would unpack a second time, and without a limit.
        raise DataError("The file is no file of R that can be read", _HINT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node, native = _parsed(content)
            native = native or _native(node)
            if not content.startswith(b"RD"):
                return [("", Thing(node, native))]
            return [(tag, Thing(value, native)) for tag, value in _pairs(node)]
    except (DataError, MemoryError):
        raise
    except RecursionError:
        raise DataError("The file of R holds objects that are nested too deeply", _HINT) from None
    except Exception:
        problem = "The file of R cannot be read: it is damaged, or holds an unknown kind of object"
        raise DataError(problem, _HINT) from None


def _parsed(content: bytes) -> tuple[Any, str]:
    # Imported here: those who open a CSV need not wait for it.
    from rdata import parser

    known = dict(parser.DEFAULT_ALTREP_MAP)
    for name in (b"compact_intseq", b"compact_realseq"):
        known[name] = _capped(known[name])
    found = parser.parse_data(content, altrep_constructor_dict=known)
    return found.object, found.extra.encoding or ""


def _capped(expand: Any) -> Any:
    """Refuse a sequence such as 1:1e12, which takes three numbers in the file."""

    def capped(state: Any) -> Any:
        if not state.value[0] <= MAX_CELLS:
            raise DataError("The file of R holds a sequence that is too long", _HINT)
        return expand(state)

    return capped


def _native(node: Any) -> str:
    """Tell the encoding of a file that states none: UTF-8 if all of its text is."""
    for text in _unmarked(node):
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _unmarked(node: Any) -> Iterator[bytes]:
    ahead = [node]
    while ahead:
        at = ahead.pop()
        ahead += [part for part in (at.attributes, at.tag) if part is not None]
        if at.info.type.name == "CHAR":
            if isinstance(at.value, bytes) and not int(at.info.gp) & (_LATIN1 | _UTF8):
                yield at.value
        elif isinstance(at.value, (list, tuple)):
            ahead += [part for part in at.value if hasattr(part, "info")]


def _decoded(node: Any, native: str) -> str:
    flags, raw = int(node.info.gp), node.value
    encoding = "utf-8" if flags & _UTF8 else "cp1252" if flags & _LATIN1 else native
    try:
        return str(raw.decode(encoding))
    except (ValueError, LookupError):  # the file may name an encoding that is none
        return str(raw.decode("latin-1"))


def _pairs(node: Any) -> Iterator[tuple[str, Any]]:
    """Walk along a list of pairs: names and what they stand for."""
    while node.info.type.name == "LIST":
        tag = node.tag
        while tag is not None and tag.info.type.name == "REF":
            tag = tag.referenced_object
        known = tag is not None and tag.value is not None and tag.value.value is not None
        yield (_decoded(tag.value, "utf-8") if known else "", node.value[0])
        node = node.value[1]
