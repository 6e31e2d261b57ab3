"""Messages between the server and the process that reads a file: one letter, a length, bytes."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

READY = b"+"
"""The reading process has started and waits."""
REQUEST = b"?"
"""JSON: what to read, and the limits."""
FILE = b"F"
"""The bytes of one file of the request."""
PROGRESS = b"%"
"""JSON: a fraction and a text for the screen."""
RESULT = b"="
"""A dataset, as `core.reading.process.wire` writes it. The last message."""
ERROR = b"!"
"""JSON: why there is no dataset. The last message."""

MOST_BYTES = 1 << 32
"""A longer message is none: its length was made up by a process that lost its mind."""

_HEAD = struct.Struct(">cQ")
_KINDS = frozenset((READY, REQUEST, FILE, PROGRESS, RESULT, ERROR))


def send(stream: IO[bytes], kind: bytes, body: bytes | dict[str, Any] | list[Any] = b"") -> None:
    r"""Write one message and push it through.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO()
    >>> send(stream, PROGRESS, [0.5, "Half"])
    >>> stream.getvalue()
    b'%\x00\x00\x00\x00\x00\x00\x00\r[0.5, "Half"]'
    """
    content = body if isinstance(body, bytes) else json.dumps(body).encode("ascii")
    stream.write(_HEAD.pack(kind, len(content)))
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[bytes, bytearray] | None:
    """Read one message; None at the end of the stream.

    Raises
    ------
    ValueError
        If what comes is no message.

    Examples
    --------
    >>> import io
    >>> receive(io.BytesIO(b"Segmentation fault"))
    Traceback (most recent call last):
    ...
    ValueError: this is no message
    """
    head = stream.read(_HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size:
        raise ValueError("a message was cut off")
    kind, length = _HEAD.unpack(head)
    if kind not in _KINDS or length > MOST_BYTES:
        raise ValueError("this is no message")
    body = bytearray(length)
    view, at = memoryview(body), 0
    while at < length:
        # In parts: the whole length at once would be made room for a second time.
        part = stream.read(min(length - at, 1 << 22))
        if not part:
            raise ValueError("a message was cut off")
        view[at : at + len(part)] = part
        at += len(part)
    return kind, body
