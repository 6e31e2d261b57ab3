"""Bytes in any of the encodings that hospital tables come in -> UTF-8."""

from __future__ import annotations

from core.errors import DataError
from core.notes import Note, info

_SAVE_AGAIN = "Save the table again as CSV UTF-8"


def to_utf8(data: bytes) -> tuple[bytes, list[Note]]:
    """Turn text into UTF-8 without a byte order mark: one road for every encoding from here on.

    Returns
    -------
    body : bytes
    notes : list of Note
        Says so when the encoding is an assumption.

    Raises
    ------
    DataError
        If it is no text, with the line.

    Examples
    --------
    >>> to_utf8("é".encode("utf-16"))[0].decode()
    'é'
    """
    notes: list[Note] = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            body = data.decode("utf-16").encode("utf-8")
        except UnicodeError:
            raise DataError("The file is marked as UTF-16 and is none", _SAVE_AGAIN) from None
    else:
        body = data.removeprefix(b"\xef\xbb\xbf")
    at = body.find(b"\0")
    if at >= 0:
        line = line_ends(body[:at]) + 1
        raise DataError(f"Line {line} holds a character that is no text", _SAVE_AGAIN, row=line)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        try:
            body = body.decode("cp1252").encode("utf-8")
        except UnicodeDecodeError as fault:
            line = line_ends(body[: fault.start]) + 1
            raise DataError(
                f"Line {line} is neither UTF-8 nor Windows-1252", _SAVE_AGAIN, row=line
            ) from None
        text = "The file is not UTF-8 and was read as Windows-1252. If letters look wrong, "
        notes.append(info("encoding", text + "save it again as CSV UTF-8."))
    return body, notes


def line_ends(text: bytes) -> int:
    r"""Count the ends of lines, of any of the three kinds.

    Examples
    --------
    >>> line_ends(b"a\r\nb\rc\n")
    3
    """
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
