"""Bytes -> text -> cells: the encoding is right or the file is refused, whatever the line ends."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError
from core.reading.formats import text
from core.reading.formats.delimiters import DELIMITERS, sniff
from core.reading.formats.encodings import to_utf8
from core.reading.table import Table
from core.steps import Recipe
from tests.support import hostile_files, tables


def listed(words: str) -> list[str]:
    return words.split("|")


WESTERN = listed(
    "Größe|Müller|Überleben|männlich|Décès|Âge|suivi à 5 ans|n° patient|Größe (mm)|Fuß|ß|"
    "ä|é|à|übrig|Öl|Ärztin|JÄGER|MÜLLER|niño|año|coração|função|São Paulo|Født|Død|år|Ærø|"
    "Malmö|naïve|Noël|créée|œdème|µg/l|5 µg|10°C|±2|m²|cm³|§ 5|patient’s|l’âge|“yes”|„ja“|"
    "0–5|€ 5|Zürich|Äußeres|tägl.|État|ÉVÉNEMENT|DÉCÈS|Île|ça|Nº|Øre|Åsa|Gómez|Núñez|Peña|"
    "Müßig|Köln|Weiß|Strauß|Höß|élevée|œuvre|Übergröße|ÄÖÜ|Ü|Ö|männl.|Grad II–III|Ärzte|"
    "Rückfall|Prüfarm"
)
CHINESE = listed(
    "男|女|是|否|年龄|性别|姓名|患者编号|张三|李四|王伟|刘洋|欧阳|鳞癌|腺癌|淋巴结|死亡|存活|阳性|阴性|"
    "未知|无|有|生存时间(月)|PFS(月)|病理类型|Ki67阳性|T细胞|左肺上叶|肝|肺|脑|骨转移|复发|化疗|"
    "靶向|ER阳|A组|郝建国|诸葛亮|闫妮|胰腺|甲状腺|卵巢|宫颈|前列腺|膀胱|肾|食管|贲门|结直肠|黑色素瘤|"
    "噬血|白血病|高|低|中|吸烟|北京|上海|组别|时间|状态|结局|随访"
)
JAPANESE = listed(
    "男|女|男性|女性|年齢|性別|患者番号|病期|生存|死亡|再発|無|有|あり|なし|はい|いいえ|腫瘍径|診断日|"
    "観察期間|転帰|イベント|ステージ|田中|佐藤|鈴木一郎|高橋|渡辺|化学療法|放射線|肺癌|胃癌|乳癌|食道|膵臓|"
    "膀胱|前立腺|喫煙|飲酒|歳|増悪|打ち切り|月|年|術後|リンパ節|不明"
)
LANGUAGES = {"cp1252": WESTERN, "gb18030": CHINESE, "shift_jis": JAPANESE}
SAMPLES = [(word, encoding) for encoding, words in LANGUAGES.items() for word in words]


def cells(found: Table) -> list[list[str]]:
    return [list(row) for row in zip(*found.columns, strict=True)]


# --- encodings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["id,x\n1,{}\n2,b\n", "id,{}\n1,2\n"])
@pytest.mark.parametrize(("word", "encoding"), SAMPLES)
def test_one_word_is_enough(word: str, encoding: str, place: str) -> None:
    content = place.format(word)
    body, notes = to_utf8(content.encode(encoding))
    assert body.decode() == content
    assert all(n.about == "encoding" and n.section == "read" for n in notes)
    assert bool(notes) or word.isascii()


@pytest.mark.parametrize("word", [*WESTERN, *CHINESE, *JAPANESE, "Ж", "Да", "Žena", "γ", "ذكر"])
def test_what_is_utf_8_stays_utf_8(word: str) -> None:
    content = f"id,x\n1,{word}\n"
    assert to_utf8(content.encode()) == (content.encode(), [])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("word", ["b", "Größe", "男", "患者番号"])
def test_utf_16_without_a_mark(encoding: str, word: str) -> None:
    content = f"id,age,{word}\n1,50,{word}\n2,60,a\n"
    body, notes = to_utf8(content.encode(encoding))
    assert body.decode() == content
    assert "UTF-16" in notes[0].text


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,\x002\n3,4\n",
        b"a\0,b\n1,2\n",
        bytes(64),
        "a,b\n1,\0\n2,3\n".encode("utf-16"),
    ],
)
def test_nul_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DataError, match="no text"):
        text.parse(data)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Возраст,Пол,Статус\n1,2,3\n", "cp1251"),
        ("病人,性別,年齡\n1,2,3\n", "big5"),
        ("Paweł,Łódź,śmierć\n1,2,3\n", "cp1250"),
        ("Größe,Müller\n1,2\n", "mac_roman"),
    ],
)
def test_an_encoding_that_is_not_known_is_refused(content: str, encoding: str) -> None:
    with pytest.raises(DataError, match="encoding that cannot be told") as caught:
        text.parse(content.encode(encoding))
    assert caught.value.row == 1
    assert "UTF-8" in caught.value.hint


def test_utf_8_with_a_fault_is_not_read_as_something_else() -> None:
    for word in ("Größe", "性别"):
        data = f"id,x\n1,{word}\n2,{word}\n".encode() + b"3,\xfc\n4,c\n"
        with pytest.raises(DataError, match="The file is UTF-8, and line 4") as caught:
            text.parse(data)
        assert caught.value.row == 4


def test_letters_that_are_lost_already_are_told() -> None:
    notes = to_utf8("id,x\n1,Gr\ufffd\ufffde\n".encode())[1]
    assert (notes[0].level, notes[0].n) == ("warning", 2)


def test_the_encoding_is_found_in_a_long_file() -> None:
    rows = "".join(f"P{i},女,{i}\n" for i in range(30_000))
    content = f"id,sex,x\n{rows}"
    assert to_utf8(content.encode("gb18030"))[0].decode() == content
    assert to_utf8(content.encode())[1] == []
    assert to_utf8(content.encode("shift_jis"))[0].decode() == content


# --- delimiters --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "delimiter"),
    [
        ("id;x;y\n1;1,5;2,5\n2;3,5;1,5\n", ";"),
        ("Title, with a comma\nid;x;y\n1;1,5;2,5\n2;3,5;1,5\n", ";"),
        ("id\tname\n1\ta, b, c\n2\td\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ('"a,b";c\n"1,2";3\n', ";"),
    ],
)
def test_the_delimiter(body: str, delimiter: str) -> None:
    assert sniff(body.encode()) == delimiter


def test_a_column_of_texts_with_commas_is_not_cut_in_silence() -> None:
    with pytest.raises(DataError, match="Line 2 has 2 cells, and the header has 1"):
        text.parse(b"comment\nhello, you\nbye, me\n")


# --- both roads read the same ------------------------------------------------------------------


def test_a_line_break_in_a_cell_changes_nothing_else() -> None:
    rows = [["id", "x", "y"], *([f"P{i}", str(i), "a"] for i in range(1200))]
    plain = text.parse("\n".join(map(",".join, rows)).encode())
    rows[700][2] = '"a\nb"'
    broken = text.parse("\n".join(map(",".join, rows)).encode())
    rows.insert(900, [])
    blank = text.parse("\n".join(map(",".join, rows)).encode())
    assert plain.lines is None
    assert [list(c)[:699] for c in broken.columns] == [list(c)[:699] for c in plain.columns]
    assert cells(broken) == cells(blank)
    assert [t.line(1199) for t in (plain, broken, blank)] == [1201, 1202, 1203]
    assert [n.text for n in blank.notes] == ["1 empty line was skipped."]


_word = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"], exclude_characters="\ufeff\ufffd"),
    max_size=8,
)


def written(rows: list[list[str]], delimiter: str, end: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def rows_of(words: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    row = st.lists(words, min_size=2, max_size=2)
    return st.lists(row, min_size=2, max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    body=rows_of(_word),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    delimiter=st.sampled_from(DELIMITERS),
    end=st.sampled_from(["\r", "\n", "\r\n"]),
)
def test_unicode_is_read_back(
    body: list[list[str]], encoding: str, delimiter: str, end: str
) -> None:
    rows = [[f"P{i}", f"{i}.5", *(c.lstrip() for c in row)] for i, row in enumerate(body)]
    # A lone "Ů" is the same two bytes as a Chinese character; the second name settles it.
    header = ["id", "años", "a", "b"]
    found = text.parse(written([header, *rows], delimiter, end).encode(encoding))
    assert found.header == tuple(header)
    assert (found.delimiter, found.header_rows, found.lines) == (delimiter, 1, None)
    assert cells(found) == rows


@pytest.mark.parametrize("encoding", LANGUAGES)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_older_encodings_are_read_back(encoding: str, data: st.DataObject) -> None:
    words = st.sampled_from([*LANGUAGES[encoding], "a", "", "12"])
    delimiter = data.draw(st.sampled_from(DELIMITERS))
    body = data.draw(rows_of(words))
    rows = [[f"P{i}", f"{i}.5", *row] for i, row in enumerate(body)]
    end = data.draw(st.sampled_from(["\r", "\n", "\r\n"]))
    found = text.parse(written([["id", "t", "a", "b"], *rows], delimiter, end).encode(encoding))
    assert cells(found) == rows
    assert found.delimiter == delimiter


def test_mixed_line_ends() -> None:
    found = text.parse(b"id,x\r\n1,2\n3,4\r5,6\r\n")
    assert cells(found) == [["1", "2"], ["3", "4"], ["5", "6"]]


# --- files -------------------------------------------------------------------------------------


def test_public_tables_need_no_repair() -> None:
    found = sorted(f for f in tables().glob("*/*") if f.suffix in (".csv", ".tsv", ".txt"))
    assert len(found) > 20
    for file in found:
        parsed = text.parse(file.read_bytes())
        assert parsed.questions == (), file.name
        told = [n for n in parsed.notes if n.about not in ("columns", "encoding")]
        assert all("comment line" in n.text for n in told), file.name
    tcga = text.parse((tables() / "tcga_brca_pancan" / "data_clinical_patient.txt").read_bytes())
    assert tcga.labels["OS_MONTHS"] == "Overall Survival (Months)"
    assert tcga.header_rows == 5


def test_hostile_quotes_and_nul_bytes() -> None:
    for name, row in (("csv_unbalanced_quote.csv", 2), ("csv_nul_bytes.csv", 2)):
        with pytest.raises(DataError) as caught:
            text.parse((hostile_files() / name).read_bytes(), Recipe())
        assert caught.value.row == row
