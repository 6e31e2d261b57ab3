"""Damage to files: of a few bytes that leave most of a file readable, and of any size."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable

import numpy as np

from tests.soak import seeds

Damage = Callable[[bytes, np.random.Generator], bytes]


def mutant(kind: str, number: int, *, seed: int, original: bytes) -> bytes:
    """Damage a file in the way that belongs to its format and number."""
    rng = np.random.default_rng([seed, (*seeds.MAIN, *seeds.MORE).index(kind), number])
    damage = _for(kind, rng)
    if kind in seeds.ARCHIVES and rng.random() < 0.8:
        return _in_member(original, rng, damage)
    if kind in seeds.GZIPPED and rng.random() < 0.8:
        return gzip.compress(damage(gzip.decompress(original), rng), mtime=0)
    return damage(original, rng)


def _for(kind: str, rng: np.random.Generator) -> Damage:
    """Little damage reaches what stands behind the parser; much of it tries the parser."""
    if rng.random() < 0.4:
        return _several
    return _edited if kind in seeds.TEXT and rng.random() < 0.9 else _overwritten


# Any damage -----------------------------------------------------------------------------------

# Lengths and counts that overflow, or ask for more than there is.
_NUMBERS = tuple(
    value.to_bytes(size, order)
    for size, values in {
        1: (0, 0x7F, 0xFF),
        2: (0x7FFF, 0xFFFF),
        4: (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000000),
        8: (0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 1 << 40),
    }.items()
    for value in values
    for order in ("little", "big")
)


def _several(data: bytes, rng: np.random.Generator) -> bytes:
    for _ in range(int(rng.integers(1, 4))):
        data = _any(data, rng)
    return data


def _any(data: bytes, rng: np.random.Generator) -> bytes:
    if not data:
        return data
    at = _place(data, rng)
    # Short pieces as often as long ones.
    length = int(2 ** rng.uniform(0, min(12, np.log2(len(data) + 1))))
    before, piece, after = data[:at], data[at : at + length], data[at + length :]
    number = _NUMBERS[int(rng.integers(len(_NUMBERS)))]
    made = (
        _flipped(data, rng),
        before,
        before + rng.bytes(min(length, 64)) + piece + after,
        before + piece + piece + after,
        before + bytes(len(piece)) + after,
        before + after,
        before + number + data[at + len(number) :],
        before + piece * int(rng.integers(2, 40)) + after,
    )
    return made[int(rng.integers(len(made)))]


def _place(data: bytes, rng: np.random.Generator) -> int:
    # The headers of binary formats stand in front.
    most = min(len(data), 512) if rng.random() < 0.3 else len(data)
    return int(rng.integers(most))


def _flipped(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for _ in range(int(2 ** rng.uniform(0, 5))):
        changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


# Little damage --------------------------------------------------------------------------------


def _overwritten(data: bytes, rng: np.random.Generator) -> bytes:
    """Put one to eight bytes in the place of others, so that all else stays where it was."""
    if not data:
        return data
    at, length = _place(data, rng), int(rng.integers(1, 9))
    start = int(rng.integers(len(data)))
    made = (
        rng.integers(32, 127, length).astype(np.uint8).tobytes(),
        rng.bytes(length),
        data[start : start + length],
        _NUMBERS[int(rng.integers(len(_NUMBERS)))],
    )
    piece = made[int(rng.integers(len(made)))][: len(data) - at]
    return data[:at] + piece + data[at + len(piece) :]


# Cells that a table may hold, and a careless program may stumble over.
_CELLS = (
    *(b"", b" ", b"NA", b"nan", b"inf", b"-inf", b"-0", b"1e309", b"1e-320", b"1_000", b"0x1F"),
    *(b"9" * 25, b"9" * 400, b"0." + b"1" * 400, b"1,234.5", b"1.234,5", b">100", b"12 mo", b"5%"),
    *(b"2020-02-30", b"0000-00-00", b"31/12/99", b"9999-12-31", b"2020-01-01T25:61", b"1900-1-0"),
    *(b"=1+1", b"<script>", b"${x}", b"{0}", b"%s", b"../..", b"clean(a,b)", b"\\", b'"', b"'"),
    *("患者".encode(), "\u202eabc".encode(), "e\u0301".encode(), b"\xff\xfe", b"\0"),
    # Long ones, over which a pattern can take for ever.
    *(piece * 25_000 for piece in (b"x", b"1", b"a ", b"a.", b"-", b"(", b"a@", b"1-", b"#")),
)
_ENDS = b",;\t<>\"'\n\r= "


def _edited(data: bytes, rng: np.random.Generator) -> bytes:
    """Change a word or a line of a text, as somebody with an editor would."""
    if not data:
        return data
    if rng.random() < 0.6:
        return _word_changed(data, rng)
    lines = data.splitlines(keepends=True)
    i, j = (int(rng.integers(len(lines))) for _ in range(2))
    how = int(rng.integers(4))
    if how == 0:
        lines[i], lines[j] = lines[j], lines[i]
    elif how == 1:
        lines.insert(i, lines[j])
    elif how == 2:
        del lines[i]
    else:
        end = (b"\r", b"\r\n", b"\n", b"\n\n", b"")[int(rng.integers(5))]
        lines[i] = lines[i].rstrip(b"\r\n") + end
    return b"".join(lines)


def _word_changed(data: bytes, rng: np.random.Generator) -> bytes:
    start = end = _place(data, rng)
    while start and data[start - 1] not in _ENDS:
        start -= 1
    while end < len(data) and data[end] not in _ENDS:
        end += 1
    return data[:start] + _CELLS[int(rng.integers(len(_CELLS)))] + data[end:]


def _in_member(archive: bytes, rng: np.random.Generator, damage: Damage) -> bytes:
    """Damage one member of a zip archive, so that the archive itself stays in order."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(sink, "w") as new:
        chosen = int(rng.integers(len(old.namelist())))
        for i, member in enumerate(old.infolist()):
            content = old.read(member)
            # As it was: OpenDocument wants its first member not packed.
            new.writestr(member, damage(content, rng) if i == chosen else content)
    return sink.getvalue()
