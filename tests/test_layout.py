"""Titles, headers of several rows, totals, remarks, second tables: found, told, never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DataError, SpecError
from core.reading.formats import text
from core.reading.formats.layout import is_plain, table
from core.reading.formats.naming import named
from core.reading.table import Table
from core.steps import Recipe

PATIENTS = [
    ["P01", "61", "M", "12.5", "1"],
    ["P02", "58", "F", "3", "0"],
    ["P03", "70", "F", "NA", "1"],
    ["P04", "49", "M", "24.1", "0"],
]
NAMES = ["id", "age", "sex", "months", "dead"]


def lay(
    rows: list[list[str]], *steps: str, merged: tuple[tuple[int, int, int, int], ...] = ()
) -> Table:
    return table(rows, range(1, len(rows) + 1), Recipe.parse(steps), merged=merged)


def cells(found: Table) -> list[list[str]]:
    return [list(row) for row in zip(*found.columns, strict=True)]


def said(found: Table) -> str:
    return "\n".join(f"{n.level}: {n.text} {list(n.lines)}" for n in found.notes)


def csv_of(rows: list[list[str]], *, pad: bool = False, end: str = "\n") -> bytes:
    width = max(map(len, rows))
    padded = [row + [""] * (width - len(row)) if pad else row for row in rows]
    return end.join(",".join(row) for row in padded).encode() + end.encode()


def test_a_plain_table_is_left_as_it_is() -> None:
    found = lay([NAMES, *PATIENTS])
    assert found.header == tuple(NAMES)
    assert cells(found) == PATIENTS
    assert (found.notes, found.questions, found.header_rows, found.lines) == ((), (), 1, None)
    assert (dict(found.labels), dict(found.units)) == ({}, {})


# --- above the patients ------------------------------------------------------------------------


@pytest.mark.parametrize("pad", [True, False])
@pytest.mark.parametrize(
    "above",
    [
        [["Survival of our cohort"]],
        [["Survival of our cohort"], []],
        [["Table 1"], ["Data cut-off 2020-03-31"]],
        [["Table 1"], [], ["Data cut-off:"], []],
    ],
)
def test_titles_above_the_header(above: list[list[str]], pad: bool) -> None:
    found = text.parse(csv_of([*above, NAMES, *PATIENTS], pad=pad))
    assert found.header == tuple(NAMES)
    assert cells(found) == PATIENTS
    assert found.header_rows == len(above) + 1
    assert found.line(0) == len(above) + 2
    titles = [n for n in found.notes if "title" in n.text]
    assert titles[0].n == sum(map(bool, above))
    assert titles[0].section == "read"
    assert found.questions == ()


def test_a_title_over_merged_cells_is_none_of_the_names() -> None:
    rows = [["", "Survival of our cohort", "", "", ""], NAMES, *PATIENTS]
    assert lay(rows, merged=((0, 1, 0, 4),)).header == tuple(NAMES)


def test_a_header_with_one_name_is_no_title() -> None:
    rows = [["id", "", "", ""], *(row[:4] for row in PATIENTS)]
    found = lay(rows)
    assert found.header == ("id", "column 2", "column 3", "column 4")
    assert len(cells(found)) == 4


def test_groups_above_the_names() -> None:
    rows = [
        ["", "Baseline", "", "Follow-up", ""],
        NAMES,
        *PATIENTS,
    ]
    found = lay(rows)
    assert found.header == (
        "id",
        "Baseline: age",
        "Baseline: sex",
        "Follow-up: months",
        "Follow-up: dead",
    )
    assert cells(found) == PATIENTS
    assert found.header_rows == 2
    assert found.questions[0].choices[0].steps == ("header(1, 2)",)
    assert "lines 1 to 2" in said(found)


def test_merged_cells_say_how_far_a_group_goes() -> None:
    rows = [
        ["id", "Baseline", "", "", "dead"],
        ["", "age", "sex", "months", ""],
        *PATIENTS,
    ]
    merged = ((0, 0, 1, 0), (0, 1, 0, 2), (0, 4, 1, 4))
    found = lay(rows, merged=merged)
    assert found.header == ("id", "Baseline: age", "Baseline: sex", "months", "dead")
    assert found.questions == ()
    assert cells(found) == PATIENTS


def test_merged_cells_make_a_header_where_all_is_words() -> None:
    rows = [["id", "Baseline", ""], ["", "sex", "arm"], ["anna", "f", "A"], ["bert", "m", "B"]]
    found = lay(rows, merged=((0, 0, 1, 0), (0, 1, 0, 2)))
    assert found.header == ("id", "Baseline: sex", "Baseline: arm")
    assert cells(found) == rows[2:]
    doubtful = text.parse(csv_of(rows))
    assert cells(doubtful) == rows[1:]
    assert [c.steps for c in doubtful.questions[0].choices] == [
        ("header(1, 1)",),
        ("header(1, 2)",),
    ]
    joined = lay(rows, "header(1, 2)")
    assert joined.header == found.header
    assert joined.questions == ()


def test_three_rows_of_header_below_a_title() -> None:
    rows = [
        ["Our cohort", "", "", "", ""],
        ["", "", "", "", ""],
        ["id", "Baseline", "", "Follow-up", ""],
        ["", "age", "sex", "time", "dead"],
        ["", "(years)", "", "(months)", ""],
        *PATIENTS,
    ]
    found = lay(rows)
    assert found.header[1:4] == ("Baseline: age", "Baseline: sex", "Follow-up: time")
    assert found.units == {"Baseline: age": "years", "Follow-up: time": "months"}
    assert cells(found) == PATIENTS
    assert (found.header_rows, found.line(0)) == (5, 6)


@pytest.mark.parametrize("units", [["", "years", "", "mo", ""], ["-", "[y]", "-", "[mm]", "-"]])
def test_a_row_of_units(units: list[str]) -> None:
    found = text.parse(csv_of([NAMES, units, *PATIENTS]))
    assert found.header == tuple(NAMES)
    assert found.units == {"age": units[1].strip("[]"), "months": units[3].strip("[]")}
    assert cells(found) == PATIENTS
    assert found.questions == ()


def test_a_second_naming_becomes_labels() -> None:
    labels = ["Patient", "Age at entry", "Sex at birth", "Time to death", "Died of disease"]
    found = lay([labels, NAMES, *PATIENTS])
    assert found.header == tuple(NAMES)
    assert found.labels["age"] == "Age at entry"
    assert lay([NAMES, labels, *PATIENTS]).labels == found.labels
    only = lay([labels, NAMES, *PATIENTS], "header(1, 1)")
    assert only.header == tuple(labels)
    assert cells(only) == [NAMES, *PATIENTS]
    assert only.questions == ()


@pytest.mark.parametrize(
    "first",
    [
        ["P00", "unknown", "M", "pending", "1"],
        ["P00", "", "", "", ""],
        ["P00", "adult", "F", "not yet", "0"],
        ["", "61", "M", "4", "1"],
        ["P00", ">60", "M", "12 mo", "1"],
    ],
)
def test_a_patient_is_not_taken_for_a_header(first: list[str]) -> None:
    for found in (lay([NAMES, first, *PATIENTS]), text.parse(csv_of([NAMES, first, *PATIENTS]))):
        assert cells(found) == [first, *PATIENTS]
        assert found.header_rows == 1
        assert found.labels == found.units == {}


def test_a_table_of_words_keeps_its_first_patient() -> None:
    rows = [["id", "arm", "", "site"], ["anna", "A", "x", "Lung"], ["berta", "B", "y", "Bone"]]
    assert cells(lay(rows)) == rows[1:]


def test_the_header_step_is_obeyed() -> None:
    rows = [["what", "so", "ever", "is", "here"], NAMES, *PATIENTS]
    found = lay(rows, "header(2, 2)")
    assert found.header == tuple(NAMES)
    assert "1 row above the header" in said(found)
    assert text.parse(csv_of(rows), Recipe.parse(["header(2, 2)"])).header == tuple(NAMES)
    with pytest.raises(SpecError, match="no header on the lines 70 to 71"):
        lay(rows, "header(70, 71)")
    with pytest.raises(SpecError, match="line numbers"):
        lay(rows, "header(a, b)")


def test_numbers_are_no_header() -> None:
    with pytest.raises(DataError, match="numbers where the column names") as caught:
        lay([["1", "2"], ["3", "4"]])
    assert caught.value.row == 1
    with pytest.raises(DataError, match="Line 3 holds numbers"):
        named(["1", "2"], line=3)


# --- comments ----------------------------------------------------------------------------------


def test_the_comments_of_cbioportal_become_labels() -> None:
    comments = (
        "#Patient ID\tDiagnosis Age\n#The patient\tAge at diagnosis\n#STRING\tNUMBER\n#1\t1\n"
    )
    found = text.parse(f"{comments}PATIENT_ID\tAGE\nP1\t50\nP2\t60\n".encode())
    assert found.header == ("PATIENT_ID", "AGE")
    assert found.labels == {"PATIENT_ID": "Patient ID", "AGE": "Diagnosis Age"}
    assert found.header_rows == 5
    assert "4 comment lines" in said(found)
    rows = [["#A", "B"], ["#c", "d"], ["PATIENT_ID", "AGE"], ["P1", "50"], ["P2", "60"]]
    assert lay(rows).labels == {"PATIENT_ID": "A", "AGE": "B"}


def test_a_header_that_is_commented_out_is_the_header() -> None:
    found = text.parse(b"#made by a program\n#id,age\nP1,50\nP2,60\nP3,61\n")
    assert found.header == ("id", "age")
    assert cells(found) == [["P1", "50"], ["P2", "60"], ["P3", "61"]]


def test_a_comment_can_be_named_as_the_header() -> None:
    data = b"#id,age\nP0,49\nP1,50\n"
    assert text.parse(data, Recipe.parse(["header(1, 1)"])).header == ("id", "age")


def test_comments_that_are_no_labels() -> None:
    found = text.parse(b"#P0,50\nid,age\nP1,50\nP2,60\n")
    assert found.header == ("id", "age")
    assert found.labels == {}
    found = text.parse(b'# a "lone quotation mark\nid,age\nP1,50\n')
    assert found.header == ("id", "age")


# --- below and between the patients ------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_repeated_header_is_left_out(end: str) -> None:
    found = text.parse(csv_of([NAMES, *PATIENTS, NAMES, *PATIENTS], end=end))
    assert cells(found) == [*PATIENTS, *PATIENTS]
    assert found.line(4) == 7
    note = next(n for n in found.notes if "of the header" in n.text)
    assert (note.n, note.lines, note.section) == (1, (6,), "read")


def test_a_repeated_header_in_a_long_table() -> None:
    many = [[f"P{i}", str(i)] for i in range(1, 3001)]
    found = text.parse(csv_of([["id", "x"], *many[:1700], ["id", "x"], *many[1700:]]))
    assert cells(found) == many
    assert "[1702]" in said(found)


@pytest.mark.parametrize(
    "total",
    [
        ["Total", "238", "", "39.6", "2"],
        ["Summe:", "238", "", "", ""],
        ["", "Mean", "", "13.2", ""],
        ["合计", "4", "", "", "2"],
        ["n = 4", "", "", "", ""],
        ["", "238", "", "39.6", "2"],
    ],
)
def test_rows_of_totals(total: list[str]) -> None:
    rows = [NAMES, *PATIENTS, [], total]
    found = text.parse(csv_of(rows, pad=True))
    assert cells(found) == PATIENTS
    assert "1 row of totals" in said(found)
    assert found.questions[0].choices[0].steps == ("totals(drop)",)
    kept = text.parse(csv_of(rows, pad=True), Recipe.parse(["totals(keep)"]))
    assert cells(kept) == [*PATIENTS, total]
    assert kept.questions == ()
    assert "warning: 1 row at the end" in said(kept)


def test_totals_at_the_end_of_a_long_table() -> None:
    many = [[f"P{i}", str(i)] for i in range(1, 3001)]
    for last in (["Total", "12"], ["", str(sum(range(3001)))]):
        found = text.parse(csv_of([["id", "x"], *many, last]))
        assert cells(found) == many
        assert "1 row of totals" in said(found)


def test_what_may_be_a_patient_is_kept_and_asked() -> None:
    rows = [["group", "x"], ["a", "1"], ["a", "2"], ["b", "5"], ["Total", "8"]]
    found = lay(rows)
    assert cells(found) == rows[1:]
    assert found.questions[0].choices[0].steps == ("totals(keep)",)
    assert cells(lay(rows, "totals(drop)")) == rows[1:-1]


def test_a_word_among_few_words_is_kept_and_asked() -> None:
    rows = [["best", "x"], ["CR", "1"], ["PR", "2"], ["Total", "3"]]
    found = lay(rows)
    assert cells(found) == rows[1:]
    assert found.questions[0].choices[0].steps == ("totals(keep)",)


def test_a_row_that_only_begins_like_the_header_is_a_patient() -> None:
    rows = [["id", "x"], ["id", "5"], ["ie", "7"]]
    assert cells(lay(rows)) == rows[1:]


def test_stable_disease_is_no_standard_deviation() -> None:
    rows = [["best", "x"], ["CR", "1"], ["PR", "2"], ["SD", "5"]]
    assert cells(lay(rows)) == rows[1:]
    assert lay(rows).questions == ()
    found = lay([NAMES, *PATIENTS, ["Mean", "59", "", "", ""], ["SD", "8", "", "", ""]])
    assert cells(found) == PATIENTS
    assert "2 rows of totals" in said(found)


def test_a_level_that_reads_like_a_total_is_none() -> None:
    rows = [["relapse", "x"], ["N", "1"], ["R", "2"], ["N", "5"], ["N", "8"]]
    found = lay(rows)
    assert cells(found) == rows[1:]
    assert found.questions == ()


@pytest.mark.parametrize(
    "remark",
    [
        "* Patients lost to follow-up",
        "Note: ages are at diagnosis",
        "Source: hospital records",
        "Abbreviations: OS. overall survival",
        "Follow-up was closed at the end of March 2020",
        "注:随访截止于二〇二〇年三月底",
        "# end of the table",
    ],
)
@pytest.mark.parametrize("pad", [True, False])
def test_remarks_below_the_table(remark: str, pad: bool) -> None:
    found = text.parse(csv_of([NAMES, *PATIENTS, [remark]], pad=pad))
    assert cells(found) == PATIENTS
    note = next(n for n in found.notes if "remarks" in n.text)
    assert (note.n, note.lines) == (1, (6,))
    assert remark not in said(found)


def test_a_patient_of_whom_nothing_is_known_is_no_remark() -> None:
    last = ["P05", "", "", "", ""]
    assert cells(lay([NAMES, *PATIENTS, last]))[-1] == last
    assert cells(lay([NAMES, *PATIENTS, [], last]))[-1] == last
    with pytest.raises(DataError, match="Line 6 has 1 cell, and the header has 5"):
        text.parse(csv_of([NAMES, *PATIENTS, ["P05"]]))


def test_a_total_and_remarks_together() -> None:
    rows = [NAMES, *PATIENTS, ["Total", "238"], [], ["Note: x"], ["* this is a remark"]]
    found = text.parse(csv_of(rows))
    assert cells(found) == PATIENTS
    assert "2 rows of remarks" in said(found)
    assert "1 row of totals" in said(found)


@pytest.mark.parametrize("title", [[], [["Responses"]]])
@pytest.mark.parametrize("pad", [True, False])
def test_a_second_table_below(title: list[list[str]], pad: bool) -> None:
    second = [["stage", "patients"], ["I", "3"], ["II", "1"]]
    found = text.parse(csv_of([NAMES, *PATIENTS, [], *title, *second], pad=pad))
    assert cells(found) == PATIENTS
    assert "warning: A second table stands below" in said(found)
    assert f"its {3 + len(title)} rows" in said(found)


def test_a_gap_between_patients_is_no_second_table() -> None:
    rows = [NAMES, *PATIENTS[:2], ["", "", "", "", ""], *PATIENTS[2:]]
    found = lay(rows)
    assert cells(found) == PATIENTS
    assert found.line(2) == 5
    assert "1 row in which every cell is empty" in said(found)


def test_words_after_a_gap_are_patients() -> None:
    rows = [["id", "arm"], ["anna", "A"], ["bert", "B"], ["", ""], ["carl", "C"], ["dora", "D"]]
    assert cells(lay(rows)) == [rows[1], rows[2], rows[4], rows[5]]


def test_a_table_of_the_same_length_beside() -> None:
    rows = [["id", "x", "", "id", "y"], *([r[0], r[1], "", r[0], r[4]] for r in PATIENTS)]
    found = lay(rows)
    assert found.header == ("id", "x")
    assert "'id', 'y'" in said(found)


def test_a_second_table_beside() -> None:
    legend = [["", "code", "meaning"], ["", "0", "alive"], ["", "1", "dead"]]
    more = [[f"P{i}", "50", "M", "1", "1"] for i in range(10, 14)]
    body = [*PATIENTS, *more]
    side = [*legend[1:], *([["", "", ""]] * 6)]
    rows = [NAMES + legend[0], *(a + b for a, b in zip(body, side, strict=True))]
    found = lay(rows)
    assert found.header == tuple(NAMES)
    assert cells(found) == body
    assert "warning: A second table stands beside" in said(found)
    assert "'code', 'meaning'" in said(found)


def test_a_longer_table_beside_makes_no_patients() -> None:
    rows = [
        ["id", "x", "", "name", "y"],
        ["1", "2", "", "a", "1"],
        ["2", "4", "", "b", "2"],
        ["", "", "", "c", "3"],
        ["", "", "", "d", "4"],
    ]
    found = lay(rows)
    assert found.header == ("id", "x")
    assert cells(found) == [["1", "2"], ["2", "4"]]


def test_an_empty_column_within_a_table_is_left_out() -> None:
    rows = [[*NAMES[:2], "", *NAMES[2:]], *([*r[:2], " ", *r[2:]] for r in PATIENTS)]
    for found in (lay(rows), text.parse(csv_of(rows))):
        assert found.header == tuple(NAMES)
        assert cells(found) == PATIENTS
        assert "1 column without a name and without cells" in said(found)


def test_a_delimiter_at_the_end_of_every_row() -> None:
    for header in (NAMES, [*NAMES, ""]):
        found = text.parse(csv_of([header, *([*row, ""] for row in PATIENTS)]))
        assert found.header == tuple(NAMES)
        assert cells(found) == PATIENTS
    with pytest.raises(DataError, match="Line 3 has 6 cells"):
        text.parse(csv_of([NAMES, PATIENTS[0], [*PATIENTS[1], ""], *PATIENTS[2:]]))
    with pytest.raises(DataError, match="Line 2 has 6 cells"):
        text.parse(csv_of([NAMES, *([*row, "x"] for row in PATIENTS)]))


def test_rows_without_their_empty_end() -> None:
    rows = [[*NAMES, "", ""], [*PATIENTS[0], "", "seen"], PATIENTS[1], [*PATIENTS[2], ""]]
    found = text.parse(csv_of(rows))
    assert found.header == (*NAMES, "column 7")
    assert list(found.columns[-1]) == ["seen", "", ""]
    with pytest.raises(DataError, match="Line 3 has 4 cells, and the header has 5"):
        text.parse(csv_of([NAMES, PATIENTS[0], PATIENTS[1][:4]]))


def test_the_lines_of_rows_with_line_breaks() -> None:
    found = text.parse(b'Title of it\n"i\nd",age,sex\nP1,50,"a\nb"\n\nP2,60,c\nP3,70,c\n')
    assert found.header == ("i\nd", "age", "sex")
    assert [found.line(i) for i in range(3)] == [4, 7, 8]
    assert found.header_rows == 3


@pytest.mark.parametrize("rows", [[], [[]], [["", " "]], [["a", "b"]], [["#c"], ["#d"]]])
def test_no_table(rows: list[list[str]]) -> None:
    with pytest.raises(DataError):
        lay(rows)


def test_what_is_plain() -> None:
    assert is_plain([NAMES, *PATIENTS], PATIENTS)
    assert not is_plain([["Title", "", "", "", ""], NAMES, *PATIENTS], [])
    assert not is_plain([NAMES, *PATIENTS], [["Total", "1", "", "", ""]])


_cell = st.one_of(
    st.sampled_from(["", "NA", "1", "Total", "x", "#1", "12.5", "Note: a", "id", "(mm)", "n"]),
    st.text("ab1 ", max_size=5),
)


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(st.lists(_cell, min_size=3, max_size=3), min_size=1, max_size=9))
def test_every_row_is_a_patient_or_told(rows: list[list[str]]) -> None:
    try:
        found = lay(rows)
    except DataError:
        return
    header = len(found.header)
    left_out = sum(n.n for n in found.notes if "column" not in n.text and "kept" not in n.text)
    in_header = 1 if not any("names of the columns" in n.text for n in found.notes) else 0
    patients = len(cells(found))
    beside = any("beside" in n.text for n in found.notes)
    # What is blank at the end is blank cells, told as well; rows of a header are told with titles.
    assert header >= 1
    names = sum(n.n for n in found.notes if "names of the columns" in n.text)
    blank = sum(not any(c.strip() for c in r) for r in rows[: found.header_rows])
    if not beside:
        assert patients + left_out + names + in_header + blank == len(rows)
