"""pyreadstat, held to what is wanted of it: bytes in, values and header out, or a `DataError`.

Old files do not say in which encoding their text is, and the library then takes Windows-1252. A
file from Beijing or one written as UTF-8 by another program reads wrongly without a word, so the
text is looked at again.
"""

from __future__ import annotations

import codecs
import io
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from core.errors import DataError

# What is UTF-8 throughout is hardly anything else, but nearly all of it is some Chinese as well.
_FALLBACKS = ("UTF-8", "WINDOWS-1252", "GB18030")


def decoded(data: bytes, kind: str, *, limit: int) -> tuple[Any, dict[str, list[Any]], str | None]:
    """Read a file, with its text in the right encoding.

    Parameters
    ----------
    data : bytes
    kind : {"sav", "zsav", "por", "dta", "sas7bdat", "xpt"}
    limit : int
        Rows to read at most; 0: only the header.

    Returns
    -------
    meta : pyreadstat.metadata_container
    values : dict of str to list
        By column. None is missing; a letter among numbers is a special missing value.
    encoding : str or None
        The one that was assumed against or without a statement of the file.

    Raises
    ------
    DataError
        If it cannot be read.

    Examples
    --------
    >>> decoded(b"$FL2 and no more", "sav", limit=0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    core.errors.DataError: The file cannot be read as an SPSS file. It may be damaged ...
    """
    # A portable file is turned from its own character set; there is no other to ask for.
    fixed = kind == "por"
    for choice in (None,) if fixed else (None, *_FALLBACKS):
        try:
            meta, values = _parsed(data, kind, limit=limit, encoding=choice)
            texts = _all_text(meta, values)
            if choice == "GB18030" and not _is_chinese("".join(texts)):
                continue
            better = _mistaken(texts) if choice in (None, "WINDOWS-1252") and not fixed else None
            if better is not None:
                meta, values = _parsed(data, kind, limit=limit, encoding=better)
        except UnicodeError:
            continue
        return meta, values, better or choice
    raise DataError(
        "The text of the file is in an encoding that is not known",
        "Open it in its program and save it again with Unicode (UTF-8)",
    )


def _parsed(
    data: bytes, kind: str, *, limit: int, encoding: str | None
) -> tuple[Any, dict[str, list[Any]]]:
    reader = _reader(kind)
    asked: dict[str, Any] = {"row_limit": limit} if limit else {"metadataonly": True}
    if encoding is not None:
        asked["encoding"] = encoding
    try:
        # What a date or a label could not be turned into is judged here, not by the library.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values, meta = reader(io.BytesIO(data), **asked)
    except MemoryError:
        raise
    except Exception as fault:
        if "convert string" in str(fault) or isinstance(fault, UnicodeError):
            raise UnicodeError from None
        raise unreadable(kind) from None
    if None in meta.column_names:  # the packages allow no column without a name: it is damaged
        raise unreadable(kind)
    return meta, values


def _reader(kind: str) -> Callable[..., tuple[Any, Any]]:
    # Imported here: those who open a CSV need not wait for it.
    import pyreadstat

    plain = {"output_format": "dict", "disable_datetime_conversion": True}
    functions: dict[str, Callable[..., tuple[Any, Any]]] = {
        "sav": partial(pyreadstat.read_sav, user_missing=True),
        "por": pyreadstat.read_por,
        "dta": partial(pyreadstat.read_dta, user_missing=True),
        "sas7bdat": partial(pyreadstat.read_sas7bdat, user_missing=True),
        "xpt": pyreadstat.read_xport,
    }
    return partial(functions["sav" if kind == "zsav" else kind], **plain)


def unreadable(kind: str) -> DataError:
    """Return the refusal of a file that is damaged or of another kind."""
    package = {"dta": "Stata", "sas7bdat": "SAS", "xpt": "SAS"}.get(kind, "SPSS")
    article = "an" if package == "SPSS" else "a"
    return DataError(
        f"The file cannot be read as {article} {package} file",
        f"It may be damaged or of another kind: save it again from {package}, or as CSV",
    )


def _all_text(meta: Any, values: Mapping[str, list[Any]]) -> set[str]:
    """Every text that is not ASCII: names, labels, value labels and cells."""
    found: set[Any] = {*meta.column_names, *meta.column_labels}
    for words in meta.value_labels.values():
        found.update(words.values())
    for key, kind in meta.readstat_variable_types.items():
        if kind == "string":
            found.update(values.get(key, ()))
    return {text for text in found if isinstance(text, str) and not text.isascii()}


def _mistaken(texts: set[str]) -> str | None:
    """Find the encoding of text that was taken for Windows-1252 and is not.

    Examples
    --------
    >>> _mistaken({"männlich".encode().decode("cp1252")})
    'UTF-8'
    >>> _mistaken({"死亡".encode("gb18030").decode("cp1252")})
    'GB18030'
    >>> _mistaken({"männlich", "Größe"}) is None
    True
    """
    try:
        raw = [text.encode("cp1252") for text in texts]
    except UnicodeEncodeError:
        return None
    for encoding in ("utf-8", "gb18030"):
        # Text of a fixed width may end within a character: that is no sign of another encoding.
        decode = codecs.getincrementaldecoder(encoding)
        try:
            read = "".join(decode().decode(text) for text in raw)
        except UnicodeDecodeError:
            continue
        if (encoding == "utf-8" and not read.isascii()) or _is_chinese(read):
            return encoding.upper()
    return None


def _is_chinese(text: str) -> bool:
    """Whether most of what is not ASCII is among the 3755 common characters of GB 2312."""
    codes = [c.encode("gb2312", "ignore") for c in text if not c.isascii()]
    common = sum(1 for code in codes if len(code) == 2 and 0xB0 <= code[0] <= 0xD7)
    return 2 * common > len(codes)
