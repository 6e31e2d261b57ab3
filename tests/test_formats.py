"""What a file is, is told from its content; what is no table is refused by its name."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

from core.errors import DataError
from core.reading import read
from core.reading.formats import kinds
from core.steps import Recipe

TABLE = b"id,months\n1,3.5\n2,4\n"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (TABLE, "text"),
        (b"$FL2@(#) SPSS DATA FILE", "sav"),
        (b"$FL3@(#) SPSS DATA FILE", "zsav"),
        (b" " * 456 + b"SPSSPORT", "por"),
        (b"<stata_dta><header>", "dta"),
        (bytes([114, 2, 1, 0]) + bytes(100), "dta"),
        (b"rib,months\n1,2\n", "text"),  # begins with the byte of Stata 12
        (bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011"), "sas7bdat"),
        (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!", "xpt"),
        (b"HEADER RECORD*******LIBV8   HEADER RECORD!!!!!!!", "xpt"),
        (b"PAR1....", "parquet"),
        (b"ARROW1\0\0", "arrow"),
        (b"% a comment\n\n@RELATION trial\n", "arff"),
        (b"RDX3\nX\n", "r"),
        (b"X\n\0\0\0\x03", "r"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
        (b"PK\x03\x04 xl/workbook.xml", "workbook"),
        (b"PK\x03\x04 mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "workbook"),
    ],
)
def test_a_kind(data: bytes, kind: str) -> None:
    assert kinds.kind(data) == kind


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89PNG\r\n\x1a\n", "PNG picture"),
        (b"%PDF-1.7", "PDF document"),
        (b"\x80\x04\x95", "never opened"),
        (b"PK\x03\x04 word/document.xml", "text document"),
        (b"PK\x03\x04 readme.txt", "zip archive"),
        (b"<html><table>", "HTML page"),
        (b"\xef\xbb\xbf  <!DOCTYPE html>", "HTML page"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
         "Excel 2003"),
        (b'<?xml version="1.0"?><ODM>', "XML document"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_by_its_name(data: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as error:
        kinds.kind(data)
    assert error.value.hint


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_packed_file_is_unpacked(pack: object, name: str) -> None:
    packed = pack(TABLE)  # type: ignore[operator]
    assert read(packed, name).frame["months"].tolist() == [3.5, 4.0]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_that_is_cut_short_is_refused(pack: object) -> None:
    packed = pack(TABLE * 50)  # type: ignore[operator]
    with pytest.raises(DataError, match="cannot be unpacked"):
        read(packed[:-9], "a.csv.gz")


def test_a_sheet_of_a_file_without_sheets_is_refused() -> None:
    with pytest.raises(DataError, match="has no sheets"):
        kinds.read(TABLE, "a.csv", Recipe(), "Sheet1")
