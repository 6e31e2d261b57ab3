"""One cohort in many ugly files: each must give the numbers of the clean table.

Counts, medians and their limits to the last bit; log-rank and Cox to ten digits, because the
order of rows and groups is the order in which numbers are added up.

The cohort is GBSG2 (686 patients, see `data/gbsg2.toml`) with patient numbers and, made up for
these tests, dates whose distance is the time of follow-up. Every test writes it as people do,
reads it with the fewest answers a person would give, and looks at the import report as well.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import struct
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pyreadstat
import pytest

from core.analysis import analyse
from core.dataset import Dataset
from core.errors import DataError, SpecError
from core.notes import Question
from core.reading import dictionary, examples, read, read_all
from core.reading.process import child
from core.spec import AnalysisSpec
from core.steps import Recipe

Row = dict[str, Any]
Rows = Sequence[Sequence[Any]]
FIRST_DAY = date(1984, 1, 15)


@cache
def cohort() -> tuple[Row, ...]:
    """The rows of the cohort: whole numbers as such, and the made-up patient numbers and dates."""
    rng = random.Random(20)
    rows = []
    for i, row in enumerate(examples.load("gbsg2").frame.to_dict("records"), start=1):
        row = {k: int(v) if isinstance(v, float) else v for k, v in row.items()}
        start = FIRST_DAY + timedelta(days=rng.randrange(1600))
        end = start + timedelta(days=row["time"])
        rows.append({"pid": f"P{i:03}", "nr": i, **row, "start": start, "end": end})
    return tuple(rows)


def column(name: str, say: Callable[[Any], Any] = lambda value: value) -> list[Any]:
    return [say(row[name]) for row in cohort()]


def numbers(answer: dict[str, Any]) -> dict[str, Any]:
    """What must be the same: counts, medians with limits, log-rank, and a Cox model."""
    groups = sorted(answer["km"]["groups"], key=lambda g: -g["n"])
    counted = ("n", "events", "median", "conf_low", "conf_high", "rmst")
    modelled = ("hazard_ratio", "conf_low", "conf_high", "p_value")

    def digits(*found: float) -> list[str]:
        return [f"{x:.10g}" for x in found]

    test = answer["km"]["test"]
    return {
        "n": (answer["cohort"]["n"], answer["cohort"]["patients"], answer["cohort"]["events"]),
        "groups": [[g[k] for k in counted] for g in groups],
        "test": digits(test["statistic"], test["p_value"]),
        "cox": [digits(*(r[k] for k in modelled)) for r in answer["cox"]["multivariable"]],
    }


@cache
def clean(terms: str = "age,progrec", group: str = "horTh") -> dict[str, Any]:
    """The numbers of the clean table."""
    spec = AnalysisSpec.from_query(f"group_by={group}&terms={terms}")
    return numbers(analyse(examples.load("gbsg2"), spec))


def opened(dataset: Dataset, query: str) -> dict[str, Any]:
    return numbers(analyse(dataset, AnalysisSpec.from_query(query)))


def table(data: bytes, name: str, *steps: str, sheet: str | None = None) -> Dataset:
    return read(data, name, Recipe.parse(steps), sheet=sheet)


def report(dataset: Dataset, section: str) -> str:
    return "\n".join(n.text for n in dataset.notes if n.section == section)


def silent(dataset: Dataset, *sections: str) -> bool:
    return not any(report(dataset, s) for s in sections)


def question(dataset: Dataset, about: str) -> Question:
    found = [q for q in dataset.questions if q.about == about]
    assert len(found) == 1, dataset.questions
    return found[0]


def text(rows: Rows, delimiter: str = ",", end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


NAMES = ("pid", "age", "progrec", "horTh", "time", "event")


def plain(
    names: Sequence[str] = NAMES,
    *,
    event: Callable[[int], Any] = int,
    group: Callable[[str], Any] = str,
) -> list[list[Any]]:
    """Header and rows of the usual columns, with words for the event and the group."""
    rows: list[list[Any]] = [list(names)]
    for r in cohort():
        rows.append(
            [r["pid"], r["age"], r["progrec"], group(r["horTh"]), r["time"], event(r["cens"])]
        )
    return rows


def saved(book: Any) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


ASK = "unit=days&show_unit=months&group_by=horTh&terms=age,progrec"


def test_the_clean_table_is_that_of_the_trial() -> None:
    found = clean()
    assert found["n"] == (686, 686, 299)
    assert [g[:2] for g in found["groups"]] == [[440, 205], [246, 94]]
    dataset = table(text(plain()).encode(), "a.csv")
    assert opened(dataset, ASK) == found
    assert silent(dataset, "changed", "excluded")


# --- workbooks ---------------------------------------------------------------------------------


def three_rows_of_names() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["GBSG-2, export of the trial office"])
    sheet.append(["as of 31 March 1992"])
    sheet.append([])
    sheet.append(["Patient", None, "Tumour", None, "Follow-up", None, None])
    sheet.append(["Patient No", "Age", "Progesterone", "Size", "Hormones", "Time", "Event"])
    sheet.append([None, "years", "fmol", "mm", None, "days", None])
    for first, last in (("A4", "B4"), ("C4", "D4"), ("E4", "G4"), ("A1", "G1")):
        sheet.merge_cells(f"{first}:{last}")
    for r in cohort():
        sheet.append(
            [r["pid"], r["age"], r["progrec"], r["tsize"], r["horTh"], r["time"], r["cens"]]
        )
    sheet.append(["Total", None, None, None, None, sum(column("time")), 299])
    return saved(book)


def test_a_workbook_with_titles_groups_names_and_units() -> None:
    dataset = table(three_rows_of_names(), "export.xlsx")
    asked = "group_by=Follow-up: Hormones&terms=Patient: Age,Tumour: Progesterone&show_unit=months"
    assert opened(dataset, asked) == clean()
    assert dataset.variables["Follow-up: Time"].unit == "days"
    assert dataset.variables["Patient: Age"].unit == "years"
    said = report(dataset, "read")
    assert "2 rows above the header were taken for a title" in said
    assert "stand on the lines 4 to 6, with their units" in said
    assert "1 row of totals below the table was left out" in said


def two_sheets() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Baseline"
    book.active.append(["Patient-ID", "age", "progrec", "horTh"])
    for r in cohort():
        book.active.append([f"{r['nr']:03}", r["age"], r["progrec"], r["horTh"]])
    other = book.create_sheet("Follow-up")
    other.append(["ID", "time", "event"])
    for r in reversed(cohort()):
        other.append([r["nr"], r["time"], r["cens"]])
    other.append([9999, 12, 0])
    return saved(book)


def test_two_sheets_joined_by_patient_whose_zeros_were_lost() -> None:
    join = "join(sheet Follow-up, Patient-ID, ID{})"
    # As the numbers are written only those from 100 on are the same, and this is asked about.
    unsaid = table(two_sheets(), "two.xlsx", join.format(""))
    assert "587 patients in both" in report(unsaid, "read")
    answers = [c.steps for c in question(unsaid, "join").choices]
    assert ("join(sheet Follow-up, Patient-ID, ID, number)",) in answers
    both = table(two_sheets(), "two.xlsx", join.format(", number"))
    assert both.sheets == ("Baseline", "Follow-up")
    assert opened(both, ASK) == clean()
    assert "1 row of 'Follow-up' without a patient" in report(both, "excluded")


def test_cells_of_a_workbook_merged_over_the_rows_of_a_group() -> None:
    book = openpyxl.Workbook()
    book.active.append(["horTh", "pid", "age", "progrec", "time", "event"])
    rows = sorted(cohort(), key=lambda r: str(r["horTh"]))
    for i, r in enumerate(rows):
        first = i == 0 or rows[i - 1]["horTh"] != r["horTh"]
        group = r["horTh"] if first else None
        book.active.append([group, r["pid"], r["age"], r["progrec"], r["time"], r["cens"]])
    book.active.merge_cells("A2:A441")
    book.active.merge_cells("A442:A687")
    dataset = table(saved(book), "merged.xlsx")
    assert opened(dataset, ASK) == clean()
    assert "684 cells below the first got its value" in report(dataset, "changed")


# --- statistics packages -----------------------------------------------------------------------


def german_frame() -> tuple[pd.DataFrame, dict[str, dict[int, str]]]:
    rng = random.Random(3)
    labels = {
        "Hormontherapie": {0: "nein", 1: "ja"},
        "Überlebensstatus": {1: "verstorben", 2: "lebt", 3: "zensiert"},
    }
    frame = pd.DataFrame(
        {
            "Patientennr": column("pid"),
            "Alter": [float(v) for v in column("age")],
            "Größe_mm": [float(v) for v in column("tsize")],
            "Progesteron": [float(v) for v in column("progrec")],
            "Hormontherapie": column("horTh", lambda v: 1.0 if v == "yes" else 0.0),
            "Überlebenszeit_Tage": [float(v) for v in column("time")],
            "Überlebensstatus": column("cens", lambda v: 1.0 if v else rng.choice([2.0, 3.0])),
        }
    )
    return frame, labels


GERMAN = "group_by=Hormontherapie&terms=Alter,Progesteron&show_unit=months"


@pytest.mark.parametrize("end", ["sav", "zsav"])
def test_german_spss(end: str, tmp_path: Path) -> None:
    frame, labels = german_frame()
    path = tmp_path / f"Daten.{end}"
    titles = {"Alter": "Alter bei Erstdiagnose", "Progesteron": "Progesteronrezeptor (fmol)"}
    pyreadstat.write_sav(
        frame, path, variable_value_labels=labels, column_labels=titles, compress=end == "zsav"
    )
    dataset = table(path.read_bytes(), path.name)
    assert opened(dataset, GERMAN) == clean()
    assert dataset.variables["Hormontherapie"].levels == ("nein", "ja")
    assert dataset.variables["Alter"].label == "Alter bei Erstdiagnose"
    # A link may say the codes that the person knows from the package.
    assert opened(dataset, GERMAN + "&event=Überlebensstatus&event_is=1") == clean()
    assert silent(dataset, "excluded")
    assert "Value labels stand in place of the codes in 'Hormontherapie'" in report(dataset, "read")


def test_missing_values_and_dates_of_packages(tmp_path: Path) -> None:
    frame = pd.DataFrame(plain()[1:], columns=list(NAMES)).drop(columns=["time", "event"])
    frame["age"] = frame["age"].astype(float)
    frame.loc[frame.index % 100 == 7, "age"] = -9
    frame["Diagnosis"] = column("start")
    frame["Recurrence"] = [r["end"] if r["cens"] else None for r in cohort()]
    frame["Last contact"] = [None if r["cens"] else r["end"] for r in cohort()]
    frame.columns = [n.replace(" ", "_") for n in frame.columns]
    step = ENDPOINT.replace(" contact", "_contact")
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(frame, path, missing_ranges={"age": [{"lo": -9, "hi": -9}]})
    dataset = table(path.read_bytes(), "a.sav", step)
    assert opened(dataset, "show_unit=months&group_by=horTh&terms=progrec") == clean("progrec")
    assert dataset.frame["age"].isna().sum() == 7
    assert "7 cells with what the file declares missing" in report(dataset, "changed")
    pyreadstat.write_dta(frame, tmp_path / "a.dta")
    plainly = table((tmp_path / "a.dta").read_bytes(), "a.dta", step, "missing(age, -9)")
    assert plainly.frame.drop(columns="pid").equals(dataset.frame.drop(columns="pid"))
    unsaid = table((tmp_path / "a.dta").read_bytes(), "a.dta", step)
    assert question(unsaid, "age").choices[1].steps == ("missing(age, -9)",)


def test_stata_with_value_labels(tmp_path: Path) -> None:
    frame, labels = german_frame()
    frame = frame.rename(
        columns=lambda n: n.replace("Ü", "Ue").replace("ö", "oe").replace("ß", "ss")
    )
    labels = {n.replace("Ü", "Ue"): words for n, words in labels.items()}
    whole = dict.fromkeys(labels, "int32")
    path = tmp_path / "daten.dta"
    pyreadstat.write_dta(frame.astype(whole), path, variable_value_labels=labels)
    dataset = table(path.read_bytes(), path.name)
    assert opened(dataset, GERMAN) == clean()
    assert "Value labels stand in place of the codes in 'Hormontherapie'" in report(dataset, "read")


def test_a_sas_transport_file(tmp_path: Path) -> None:
    frame = pd.DataFrame(plain()[1:], columns=[n.upper() for n in NAMES])
    path = tmp_path / "ads.xpt"
    pyreadstat.write_xport(frame, path, table_name="ADS", file_format_version=5)
    dataset = table(path.read_bytes(), path.name)
    assert opened(dataset, "unit=days&show_unit=months&group_by=HORTH&terms=AGE,PROGREC") == clean()
    assert silent(dataset, "changed", "excluded")


def test_parquet_with_a_dictionary_column_and_nulls() -> None:
    frame = pd.DataFrame(plain()[1:], columns=list(NAMES))
    frame["horTh"] = pd.Categorical(frame["horTh"], categories=["yes", "no"])
    frame["event"] = frame["event"].astype(bool)
    frame["note"] = None
    out = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pandas(frame), out)
    dataset = table(out.getvalue(), "a.parquet")
    assert opened(dataset, ASK) == clean()
    assert dataset.variables["horTh"].levels == ("yes", "no")


def rds(columns: dict[str, Sequence[float] | tuple[str, ...]], factor: str) -> bytes:
    """A data frame as R writes it: numbers, and one factor whose levels are not sorted."""

    def words(said: Sequence[str]) -> bytes:
        parts = [struct.pack(">ii", 0x00040009, len(w.encode())) + w.encode() for w in said]
        return struct.pack(">ii", 16, len(said)) + b"".join(parts)

    def pair(name: str, value: bytes) -> bytes:
        return struct.pack(">iiii", 0x402, 1, 0x00040009, len(name)) + name.encode() + value

    nil, made = struct.pack(">i", 254), []
    for name, values in columns.items():
        if name == factor:
            levels = list(dict.fromkeys(values))
            codes = [levels.index(v) + 1 for v in values]
            about = pair("levels", words([str(v) for v in levels])) + pair(
                "class", words(["factor"])
            )
            made.append(struct.pack(f">ii{len(codes)}i", 0x30D, len(codes), *codes) + about + nil)
        elif isinstance(values[0], str):
            made.append(words([str(v) for v in values]))
        else:
            made.append(struct.pack(f">ii{len(values)}d", 14, len(values), *map(float, values)))
    n = len(next(iter(columns.values())))
    about = pair("names", words(list(columns))) + pair("class", words(["data.frame"]))
    about += pair("row.names", struct.pack(">iiii", 13, 2, -(2**31), -n)) + nil
    head = b"X\n" + struct.pack(">iii", 2, 0x40202, 0x20300)
    return gzip.compress(head + struct.pack(">ii", 0x313, len(made)) + b"".join(made) + about)


def test_a_factor_of_r() -> None:
    rows = plain(group=lambda v: {"no": "observation", "yes": "tamoxifen"}[v])
    columns = {n: [row[i] for row in rows[1:]] for i, n in enumerate(NAMES)}
    columns["horTh"] = sorted(columns["horTh"], reverse=True)
    order = sorted(range(686), key=lambda i: str(rows[i + 1][3]), reverse=True)
    columns = {n: [rows[i + 1][j] for i in order] for j, n in enumerate(NAMES)}
    dataset = table(rds(columns, "horTh"), "gbsg2.rds")
    assert opened(dataset, ASK) == clean()
    assert dataset.variables["horTh"].levels == ("tamoxifen", "observation")


# --- text as programs and people write it ------------------------------------------------------


def test_line_ends_of_an_old_macintosh() -> None:
    dataset = table(text(plain(), end="\r").encode("mac-roman"), "mac.txt")
    assert opened(dataset, ASK) == clean()
    assert dataset.row_number(685) == 687


def german(value: Any) -> str:
    """A number with points for thousands and a comma for the fraction."""
    return f"{value:,.1f}".translate(str.maketrans(",.", ".,"))


def test_a_german_csv_with_thousands() -> None:
    names = ("Patienten-Nr.", "Alter", "Größe (mm)", "Progesteron", "Hormontherapie")
    rows: list[list[Any]] = [[*names, "Überlebenszeit [Tage]", "Verstorben"]]
    for r in cohort():
        decimal = [german(r[k]) for k in ("age", "tsize", "progrec")]
        group, dead = ("ja" if r["horTh"] == "yes" else "nein"), ("ja" if r["cens"] else "nein")
        rows.append([r["pid"], *decimal, group, german(r["time"]), dead])
    dataset = table(text(rows, ";", "\r\n").encode("cp1252"), "Überleben.csv")
    assert opened(dataset, "show_unit=months&group_by=Hormontherapie&terms=Alter,Progesteron") == (
        clean()
    )
    assert "Windows-1252" in report(dataset, "read")
    assert "Decimal commas were read in 'Alter'" in report(dataset, "changed")
    assert "'Überlebenszeit [Tage]' were written with more than a plain number" in (
        report(dataset, "changed")
    )


def test_thousands_without_a_fraction_are_asked_for() -> None:
    rows: list[list[Any]] = [["pid", "age", "progrec", "horTh", "time", "event"]]
    for r in cohort():
        whole = [f"{r[k]:,}".replace(",", ".") for k in ("progrec", "time")]
        rows.append([r["pid"], german(r["age"]), whole[0], r["horTh"], whole[1], r["cens"]])
    alone = [[row[0], row[1].split(",")[0], *row[2:]] for row in rows]
    # 740 and 1.814 days: nothing else in the second file says what the point is.
    for data in (text(rows, ";"), text(alone, ";"), text(alone, ","), text(alone, "\t")):
        doubtful = table(data.encode(), "a.csv")
        with pytest.raises(DataError, match=r"clean=number\(time, comma\)"):
            opened(doubtful, ASK)
        assert "'time' has points in its numbers" in report(doubtful, "suspect")
        steps = [question(doubtful, name).choices[1].steps[0] for name in ("progrec", "time")]
        assert opened(table(data.encode(), "a.csv", *steps), ASK) == clean()


def test_a_printed_report() -> None:
    header, *rows = plain()
    lines = ["GBSG-2: listing of patients", "", text([header], "\t").strip()]
    for i, row in enumerate(rows):
        if i and i % 55 == 0:
            lines += [f"Page {i // 55} of 13", "", text([header], "\t").strip()]
        lines.append(text([row], "\t").strip())
    lines += ["", "Source: trial office, listing of 31 March 1992", "* not confirmed by histology"]
    dataset = table("\n".join(lines).encode(), "listing.txt")
    assert opened(dataset, ASK) == clean()
    said = report(dataset, "read")
    assert "12 repetitions of the header were left out" in said
    assert "2 rows of remarks in or below the table were left out" in said
    assert "12 rows between the pages of a report" in said
    assert "1 row above the header was taken for a title" in said


@pytest.mark.parametrize("between", ["", "\n", "Page 2 of 2\n"])
def test_a_header_that_comes_again(between: str) -> None:
    header, *rows = plain()
    again = [name.upper() for name in header]
    data = text([header, *rows[:300]]) + between + text([again, *rows[300:]])
    dataset = table(data.encode(), "a.csv")
    if "Page" in between:
        with pytest.raises(DataError, match="Line 302 has 1 cell"):
            opened(table(data.replace("PID", "X").encode(), "a.csv"), ASK)
    assert opened(dataset, ASK) == clean()
    assert "1 repetition of the header was left out" in report(dataset, "read")


def test_a_header_of_groups_names_and_units_or_labels_as_text() -> None:
    header, *rows = plain()
    groups = ["Patient", "", "Tumour", "", "Follow-up", ""]
    asked = "show_unit=months&group_by=Tumour: horTh&terms=Patient: age,Tumour: progrec"
    # All of them known, one that is not, and one alone.
    for units in (
        ["", "years", "fmol/mg", "", "days", ""],
        ["", "years", "receptors", "", "days", ""],
        ["", "", "fmol", "", "", ""],
    ):
        grouped = table(text([groups, header, units, *rows]).encode(), "a.csv")
        assert opened(grouped, asked) == clean()
        assert [v.unit for v in grouped.variables.values()] == units
        assert "lines 1 to 3, with their units" in report(grouped, "read")
    assert question(grouped, "file").choices[1].steps == ("header(1, 1)",)
    titles = ["Patient identifier", "Age at diagnosis", "Progesterone receptor",
              "Hormonal therapy", "Time of follow-up", "Event"]  # fmt: skip
    titled = table(text([header, titles, *rows]).encode(), "a.csv")
    assert opened(titled, ASK) == clean()
    assert titled.variables["age"].label == "Age at diagnosis"


def test_totals_and_footnotes_below() -> None:
    rows = plain()
    total = ["Total", "", sum(column("progrec")), "", sum(column("time")), 299]
    mean = ["Mean", 53.05, 109.99, "", 1124.49, ""]
    below = [[], total, mean, [], ["* progesterone receptor in fmol/mg, measured centrally"]]
    dataset = table(text([*rows, *below], ";").encode(), "a.csv")
    assert opened(dataset, ASK) == clean()
    said = report(dataset, "read")
    assert "2 rows of totals below the table were left out" in said
    assert "1 row of remarks" in said
    assert question(dataset, "file").choices[0].steps == ("totals(drop)",)


@pytest.mark.parametrize(
    ("encoding", "names", "words", "groups", "told"),
    [
        ("gb18030", ("病案号", "年龄", "孕激素受体", "内分泌治疗", "总生存期(天)", "结局"),
         ("存活", "死亡"), ("否", "是"), "GB 18030"),
        ("shift_jis", ("患者番号", "年齢", "プロゲステロン", "内分泌療法", "生存期間(日)", "転帰"),
         ("生存", "死亡"), ("なし", "あり"), "Shift"),
        ("utf-16", ("Patient", "Age", "Progestérone", "Hormonothérapie", "Survie (jours)", "Décès"),
         ("non", "oui"), ("non", "oui"), ""),
        ("utf-16-be", ("Paciente", "Edad", "Progesterona", "Hormonas", "Supervivencia (días)",
         "Fallecido"), ("no", "sí"), ("no", "sí"), ""),
    ],
    ids=["gb18030", "shift-jis", "utf-16", "utf-16 big"],
)  # fmt: skip
def test_other_scripts(
    encoding: str,
    names: Sequence[str],
    words: tuple[str, str],
    groups: tuple[str, str],
    told: str,
) -> None:
    rows = plain(names, event=lambda v: words[v], group=lambda v: groups[v == "yes"])
    data = text(rows, "\t", "\r\n").encode(encoding)
    dataset = table(b"\xfe\xff" * (encoding == "utf-16-be") + data, "data.txt")
    asked = f"show_unit=months&group_by={names[3]}&terms={names[1]},{names[2]}"
    assert opened(dataset, asked) == clean()
    assert told in report(dataset, "read")
    assert silent(dataset, "excluded", "changed")


def test_names_of_rows_as_r_writes_them() -> None:
    header, *rows = plain()

    def write(delimiter: str, quote: Callable[[Any], str], names: Sequence[Any]) -> bytes:
        lines = [delimiter.join(map(quote, header))]
        for name, row in zip(names, rows, strict=True):
            cells = [quote(c) if isinstance(c, str) else str(c) for c in row]
            lines.append(delimiter.join([quote(str(name)), *cells]))
        return "\n".join(lines).encode()

    def quoted(cell: Any) -> str:
        return f'"{cell}"'

    counted = range(1, 687)
    for delimiter in (",", ";", "\t", " "):
        dataset = table(write(delimiter, quoted, counted), "a.csv")
        assert list(dataset.variables) == ["row", *header]
        assert opened(dataset, ASK) == clean()
        assert "one cell more than the header" in report(dataset, "read")
    for row in rows:
        row[0], row[1] = row[1], row[0]
    header[0], header[1] = header[1], header[0]
    dataset = table(write("\t", str, [f"S{i}" for i in counted]), "a.txt")
    assert opened(dataset, ASK) == clean()


@pytest.mark.parametrize(
    "data",
    [
        "id,months\nP1,3,5\nP2,4,0\n",  # decimal commas
        "arm,months\nA1,3,5 mo\nB2,4,0 mo\n",
        "patient\tage\tdead\nP1\t61\t1\tok\nP2\t58\t0\tok\n",  # the last name is missing
        "arm\tage\nA\t61\t1\nA\t58\t0\n",  # the first cells are no names
        "age\tdead\nP1\t61\t1\n\t58\t0\n",
        "surname age dead\nMeier Anna 61 1\nKurz Ines 58 0\n",
    ],
)
def test_what_only_looks_like_names_of_rows_is_refused(data: str) -> None:
    with pytest.raises(DataError, match="Line 2 has"):
        table(data.encode(), "a.txt")


def test_a_delimiter_behind_every_row_is_no_name_of_a_row() -> None:
    dataset = table(b"x\ty\n1\t2\t\n3\t4\t\n", "a.txt")
    assert list(dataset.frame.columns) == ["x", "y"]
    assert dataset.frame["y"].tolist() == [2, 4]


def test_a_name_row_that_is_taken_already() -> None:
    dataset = table(b'"row"\t"x"\n"1"\t7\t2.5\n"2"\t9\t3\n', "a.txt")
    assert dataset.frame["row"].tolist() == [7, 9]
    assert list(dataset.variables) == ["column 1", "row", "x"]


def test_columns_of_one_width_and_a_line_for_a_spreadsheet() -> None:
    wide = "\n".join("".join(str(cell).ljust(9) for cell in row) for row in plain())
    dataset = table(wide.encode(), "listing.txt")
    assert opened(dataset, ASK) == clean()
    assert "The columns are parted by blanks" in report(dataset, "read")
    dataset = table(b"sep=;\r\n" + text(plain(), ";", "\r\n").encode("utf-8-sig"), "a.csv")
    assert opened(dataset, ASK) == clean()
    # Prose is no table of words.
    for prose in (b"comment\nhello you\nbye me and you\n", b"first name\nAnna M\nInes K\n"):
        assert len(table(prose, "a.txt").variables) == 1


def test_four_comment_lines_of_cbioportal() -> None:
    names = ("PATIENT_ID", "AGE", "PROGREC", "HORMONE_THERAPY", "RFS_DAYS", "RFS_STATUS")
    titles = (
        "#Patient Identifier",
        "Age at diagnosis",
        "Progesterone receptor (fmol)",
        "Hormonal therapy",
        "Recurrence-free survival (days)",
        "Recurrence-free status",
    )
    kinds = ("#STRING", "NUMBER", "NUMBER", "STRING", "NUMBER", "STRING")
    words = ("0:DiseaseFree", "1:Recurred/Progressed")
    header, *rows = plain(names, event=lambda v: words[v])
    above = [titles, ("#id", *titles[1:]), kinds, ("#1", *("1",) * 5)]
    dataset = table(text([*above, header, *rows], "\t").encode(), "data_clinical_patient.txt")
    assert opened(dataset, "group_by=HORMONE_THERAPY&terms=AGE,PROGREC&show_unit=months") == clean()
    assert "4 comment lines before the header were skipped" in report(dataset, "read")
    assert dataset.variables["AGE"].label == "Age at diagnosis"
    assert dataset.row_number(0) == 6


# --- cells -------------------------------------------------------------------------------------


def test_units_signs_and_limits_in_cells() -> None:
    rows: list[list[Any]] = [["pid", "age", "tsize", "Ki67", "horTh", "PFS", "Progression"]]
    for r in cohort():
        size, rest = divmod(r["tsize"], 10)
        share = f"{r['age']} %"
        limit = ">100" if r["progrec"] > 100 else r["progrec"]
        rows.append(
            [
                r["pid"],
                f"{r['age']} y",
                f"{size},{rest} cm",
                share,
                r["horTh"],
                f"{r['time']} days",
                r["cens"],
            ]
        )
        rows[-1].append(limit)
    rows[0].append("progrec")
    dataset = table(text(rows, ";").encode(), "a.csv")
    assert dataset.variables["PFS"].unit == "days"
    assert dataset.variables["tsize"].unit == "cm"
    assert dataset.frame["tsize"].tolist() == [t / 10 for t in column("tsize")]
    assert dataset.frame["Ki67"].tolist() == column("age")
    assert dataset.frame["progrec"].tolist() == column("progrec", lambda v: min(v, 100))
    found = opened(dataset, "show_unit=months&group_by=horTh&terms=age")
    assert found == clean("age")
    said = report(dataset, "changed")
    for unit, name in (("years", "age"), ("cm", "tsize"), ("%", "Ki67"), ("days", "PFS")):
        assert f"The unit {unit} in the cells of '{name}' was taken off" in said
    n = sum(v > 100 for v in column("progrec"))
    assert f"{n} cells of 'progrec' with < or > were read as the number behind the sign" in said
    assert [c.steps for c in question(dataset, "progrec").choices] == [
        ("limit(progrec, value)",), ("limit(progrec, missing)",), ("limit(progrec, text)",),
    ]  # fmt: skip


MISSING = (
    "unknown", "NA", "", ".", "-", "[Not Available]", "keine Angabe", "unbekannt", "k.A.",
    "non renseigné", "inconnu", "desconocido", "sin datos", "sconosciuto", "非公開"[:0], "未知",
    "不详", "不明", "欠測", "onbekend", "NP", "#N/A", "nicht bestimmt", "\u3000", "n/a",
)  # fmt: skip


def test_words_of_six_languages_for_not_known() -> None:
    header, *rows = plain()
    gaps = {i * 20: word for i, word in enumerate(MISSING)}
    for i, word in gaps.items():
        rows[i][2] = word
    dataset = table(text([header, *rows]).encode(), "a.csv")
    assert dataset.variables["progrec"].kind == "number"
    lost = dataset.frame["progrec"].isna()
    assert lost[lost].index.tolist() == sorted(gaps)
    twin = [
        [header, *rows][0],
        *([*r[:2], "" if i in gaps else r[2], *r[3:]] for i, r in enumerate(rows)),
    ]
    expected = opened(table(text(twin).encode(), "b.csv"), ASK)
    assert opened(dataset, ASK) == expected
    assert "word for 'not known'" in report(dataset, "changed") + report(dataset, "read")


def test_levels_that_differ_by_case_blanks_and_a_letter() -> None:
    spelled = {"yes": ("Tamoxifen", "tamoxifen ", "TAMOXIFEN", "Tamoxifn"), "no": ("Observation",)}
    rng = random.Random(5)
    rows = plain(group=lambda v: rng.choices(spelled[v], [30, 3, 3, 1][: len(spelled[v])])[0])
    data = text(rows).encode()
    dataset = table(data, "a.csv")
    # Blanks at the ends are nobody's level; the rest is proposed and not done.
    assert set(dataset.frame["horTh"]) == {
        "Tamoxifen", "tamoxifen", "TAMOXIFEN", "Tamoxifn", "Observation",
    }  # fmt: skip
    steps = [s for q in dataset.questions if q.about == "horTh" for s in q.choices[1].steps]
    merged = table(data, "a.csv", *steps)
    assert opened(merged, ASK) == clean()
    assert set(merged.frame["horTh"]) == {"Tamoxifen", "Observation"}
    assert merged.steps == tuple(steps)


def test_names_twice_and_names_that_are_missing() -> None:
    _header, *rows = plain()
    more = [[*row[:3], "", row[3], row[4], row[5], 7, "x"] for row in rows]
    names = ["pid", "age", "progrec", "", "horTh", "time", "event", "age", ""]
    dataset = table(text([names, *more]).encode(), "a.csv")
    assert opened(dataset, ASK) == clean()
    assert list(dataset.variables) == [
        "pid", "age", "progrec", "horTh", "time", "event", "age (2)", "column 9",
    ]  # fmt: skip
    said = report(dataset, "read")
    assert "1 column without a name and without cells was left out" in said
    assert "The later ones were called 'age (2)'" in said
    assert "Columns without a name were called 'column 9'" in said


def test_full_width_digits_and_numbers_as_text() -> None:
    wide = {ord(str(d)): 0xFF10 + d for d in range(10)}
    header, *rows = plain()
    for row in rows:
        row[1], row[4] = str(row[1]).translate(wide), f" {row[4]} "
    dataset = table(text([header, *rows]).encode(), "a.csv")
    assert opened(dataset, ASK) == clean()
    assert "'age' were written with more than a plain number" in report(dataset, "changed")


def test_yes_and_no_in_several_spellings_with_some_unknown() -> None:
    said = {1: ("Ja", "ja", "JA ", "j"), 0: ("Nein", "nein", "n")}
    rng = random.Random(8)
    header, *rows = plain(event=lambda v: rng.choice(said[v]))
    header[4:] = ["Zeit (Tage)", "Rezidiv"]
    dataset = table(text([header, *rows]).encode(), "a.csv")
    asked = "show_unit=months&group_by=horTh&terms=age,progrec"
    assert opened(dataset, asked) == clean()
    data = text([header, *rows, ["P687", 50, 5, "no", 100, "unbekannt"]]).encode()
    unknown = table(data, "a.csv")
    with pytest.raises(SpecError, match="event"):
        opened(unknown, asked)
    steps = [s for q in unknown.questions for c in q.choices for s in c.steps if "missing" in s]
    assert opened(table(data, "a.csv", *steps), asked) == clean()


def test_an_event_coded_1_and_2_is_asked_for() -> None:
    dataset = table(text(plain(event=lambda v: v + 1)).encode(), "a.csv")
    with pytest.raises(SpecError, match="event"):
        opened(dataset, ASK)
    assert opened(dataset, ASK + "&event_is=2") == clean()


def test_a_status_with_deaths_of_other_causes() -> None:
    words = {0: "Alive", 1: "Died of Disease"}
    header, *rows = plain(event=lambda v: words[v])
    header[5] = "OS_STATUS"
    turn = [i for i, r in enumerate(cohort()) if r["cens"]][::4]
    for i in turn:
        rows[i][5] = "Died of Other Causes"
    dataset = table(text([header, *rows]).encode(), "a.csv")
    assert opened(dataset, ASK) == clean()
    header[5] = "DSS_STATUS"
    specific = table(text([header, *rows]).encode(), "a.csv")
    assert opened(specific, ASK)["n"] == (686, 686, 299 - len(turn))
    assert opened(specific, ASK + "&event_is=Died of Disease,Died of Other Causes") == clean()


# --- times from dates --------------------------------------------------------------------------

GERMAN_MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
    "November", "Dezember",
)  # fmt: skip
ISO = date.isoformat


def in_german(day: date) -> str:
    return f"{day.day}. {GERMAN_MONTHS[day.month - 1]} {day.year}"


def serial(day: date) -> int:
    return (day - date(1899, 12, 30)).days


WAYS: dict[str, tuple[Callable[[date], Any], tuple[str, ...], str]] = {
    "iso": (ISO, (), ""),
    "day first": (lambda d: f"{d:%d/%m/%Y}", (), "day first, a part above 12 says so"),
    "month first": (lambda d: f"{d:%m/%d/%Y}", (), "month first, a part above 12 says so"),
    "dots": (lambda d: f"{d.day}.{d.month}.{d.year}", (), "day first"),
    "two digits": (lambda d: f"{d:%d.%m.%y}", (), "Two-digit years"),
    "american, two digits": (lambda d: f"{d:%m/%d/%y}", (), "Two-digit years"),
    "year first, two digits": (lambda d: f"{d:%y-%m-%d}", (), "year first, a part above 31"),
    "german": (in_german, (), ""),
    "sas": (lambda d: f"{d:%d%b%Y}".upper(), (), ""),
    "chinese": (lambda d: f"{d.year}年{d.month}月{d.day}日", (), ""),
    "with a time": (lambda d: f"{d:%d.%m.%Y} 00:00", (), "day first"),
}
ENDPOINT = "endpoint(RFS, start=Diagnosis, event=Recurrence, last=Last contact, unit=days)"


def dated(write: Callable[[date], Any]) -> list[list[Any]]:
    """The cohort with dates in place of the time, and their ISO twins."""
    rows: list[list[Any]] = [
        ["pid", "age", "progrec", "horTh", "Diagnosis", "Recurrence", "Last contact", "twin start",
         "twin end"]
    ]  # fmt: skip
    for r in cohort():
        event = write(r["end"]) if r["cens"] else ""
        last = "" if r["cens"] else write(r["end"])
        rows.append([r["pid"], r["age"], r["progrec"], r["horTh"], write(r["start"]), event, last,
                     ISO(r["start"]), ISO(r["end"])])  # fmt: skip
    return rows


FROM_DATES = "show_unit=months&group_by=horTh&terms=age,progrec"


@pytest.mark.parametrize("way", WAYS)
def test_times_from_dates(way: str) -> None:
    write, steps, told = WAYS[way]
    dataset = table(text(dated(write), ";").encode(), "a.csv", *steps, ENDPOINT)
    assert dataset.frame["Diagnosis"].tolist() == dataset.frame["twin start"].tolist()
    both = dataset.frame["Recurrence"].fillna(dataset.frame["Last contact"])
    assert both.tolist() == dataset.frame["twin end"].tolist()
    assert opened(dataset, FROM_DATES) == clean()
    assert told in report(dataset, "changed")
    assert bool(report(dataset, "changed")) == bool(told)
    assert dataset.frame["RFS time"].tolist() == column("time")


def test_years_of_two_digits_in_front_or_behind() -> None:
    """2010 to 2014: every part could be the day, and years differ less than days."""
    days = [date(2010, 1, 1) + timedelta(days=37 * i) for i in range(48)]
    rows = [["id", "Diagnosis"], *([f"P{i}", f"{d:%y-%m-%d}"] for i, d in enumerate(days))]
    dataset = table(text(rows).encode(), "a.csv")
    assert dataset.variables["Diagnosis"].kind == "text"
    assert question(dataset, "Diagnosis").needed
    assert question(dataset, "Diagnosis").choices[1].steps == ("date(Diagnosis, ymd)",)
    settled = table(text(rows).encode(), "a.csv", "date(Diagnosis, ymd)")
    assert settled.frame["Diagnosis"].tolist() == list(map(ISO, days))
    rows = [["id", "Diagnosis"], *([f"P{i}", f"{d:%d-%m-%y}"] for i, d in enumerate(days))]
    behind = table(text(rows).encode(), "a.csv")
    assert behind.frame["Diagnosis"].tolist() == list(map(ISO, days))


def test_serials_of_a_spreadsheet() -> None:
    columns = ("Diagnosis", "Recurrence", "Last contact")
    data = text(dated(serial)).encode()
    unsaid = table(data, "a.csv")
    # A name that says date is enough; one that only speaks of a day is asked about.
    steps = [question(unsaid, name).choices[1].steps[0] for name in columns]
    assert steps == [f"date({name}, serial)" for name in columns]
    assert unsaid.variables["Diagnosis"].kind == "number"
    dataset = table(data, "a.csv", *steps, ENDPOINT)
    assert dataset.frame["Diagnosis"].tolist() == dataset.frame["twin start"].tolist()
    assert opened(dataset, FROM_DATES) == clean()
    named = table(data.replace(b"Diagnosis", b"Diagnosis date"), "a.csv")
    assert named.frame["Diagnosis date"].tolist() == dataset.frame["twin start"].tolist()
    assert "Day numbers of a spreadsheet in 'Diagnosis date'" in report(named, "changed")


def test_dates_that_fit_both_ways_are_asked_for() -> None:
    rows = [["pid", "Diagnosis", "Last contact", "dead"]]
    rows += [[f"P{i}", f"0{i}/04/1988", f"0{i}/0{i + 1}/1989", str(i % 2)] for i in range(1, 9)]
    dataset = table(text(rows).encode(), "a.csv")
    assert dataset.variables["Diagnosis"].kind == "text"
    asked = question(dataset, "Diagnosis")
    assert asked.needed
    assert [c.steps for c in asked.choices[1:]] == [
        ("date(Diagnosis, dmy)",), ("date(Diagnosis, mdy)",),
    ]  # fmt: skip
    settled = table(text(rows).encode(), "a.csv", "date(Diagnosis, dmy)", "date(Last contact, mdy)")
    assert settled.frame["Diagnosis"][0] == "1988-04-01"
    assert settled.frame["Last contact"][0] == "1989-01-02"


def test_dates_in_a_workbook() -> None:
    book = openpyxl.Workbook()
    for row in dated(lambda d: d):
        book.active.append([None if cell == "" else cell for cell in row])
    dataset = table(saved(book), "a.xlsx", ENDPOINT)
    assert dataset.frame["Diagnosis"].tolist() == dataset.frame["twin start"].tolist()
    assert opened(dataset, FROM_DATES) == clean()


def test_a_word_where_there_is_no_date() -> None:
    rows = dated(lambda d: f"{d.day}.{d.month}.{d.year}")
    for row in rows[1:]:
        row[5] = row[5] or "tumour-free"
    data = text(rows, ";").encode()
    dataset = table(data, "a.csv")
    assert dataset.variables["Recurrence"].kind == "text"
    asked = question(dataset, "Recurrence")
    assert asked.needed
    assert asked.choices[1].steps == ("date(Recurrence, dmy)",)
    assert "387 cells with other words: it is kept as text" in report(dataset, "suspect")
    settled = table(data, "a.csv", "date(Recurrence, dmy)", ENDPOINT)
    assert opened(settled, FROM_DATES) == clean()
    assert "387 cells of 'Recurrence' hold no date" in report(settled, "changed")


def test_dates_before_the_start_are_listed_by_their_lines() -> None:
    rows = dated(ISO)
    rows[5][4], rows[9][4] = "1999-01-01", ""
    dataset = table(text(rows).encode(), "a.csv", ENDPOINT)
    early = [n for n in dataset.notes if n.lines == (6,)]
    assert {n.section for n in early} == {"suspect"}
    assert "1 row with an end before 'Diagnosis'" in early[0].text
    assert [n.section for n in dataset.notes if n.lines == (10,)] == ["excluded"]
    assert opened(dataset, FROM_DATES + "&negative=drop")["n"][0] == 684


# --- what a row is -----------------------------------------------------------------------------


def adtte() -> list[list[Any]]:
    """Three parameters below each other; only RFS is the time of the cohort."""
    header = ["STUDYID", "USUBJID", "TRT01P", "AGE", "PROGREC", "PARAM", "PARAMCD", "AVAL", "AVALU",
              "CNSR"]  # fmt: skip
    rows: list[list[Any]] = []
    for r in cohort():
        who = ["GBSG2", f"GBSG2-{r['pid']}", r["horTh"], r["age"], r["progrec"]]
        rows.append([*who, "Recurrence-Free Survival", "RFS", r["time"], "DAYS", 1 - r["cens"]])
        late = 0 if r["cens"] and r["nr"] % 3 == 0 else 2
        rows.append([*who, "Overall Survival", "OS", r["time"] + 30, "DAYS", late])
        rows.append([*who, "Time to Distant Metastasis", "TTDM", r["time"] / 2, "DAYS", 1])
    return [header, *rows]


def test_adtte_with_three_parameters(tmp_path: Path) -> None:
    asked = "group_by=TRT01P&terms=AGE,PROGREC&show_unit=months"
    frame = pd.DataFrame(adtte()[1:], columns=adtte()[0])
    pyreadstat.write_xport(frame, tmp_path / "adtte.xpt", file_format_version=5)
    for data in (text(adtte()).encode(), (tmp_path / "adtte.xpt").read_bytes()):
        dataset = table(data, "adtte")
        assert [e.where for e in dataset.endpoints] == [
            ("PARAMCD = OS",), ("PARAMCD = RFS",), ("PARAMCD = TTDM",),
        ]  # fmt: skip
        with pytest.raises(SpecError, match="3 endpoints"):
            opened(dataset, asked)
        assert opened(dataset, asked + "&where=PARAMCD = RFS") == clean()
        assert "CNSR 0 means the event happened" in report(dataset, "read")
        assert dataset.rows_are is not None
        assert (dataset.rows_are.kind, dataset.rows_are.patients) == ("parameters", 686)


def test_counting_process_rows() -> None:
    rows: list[list[Any]] = [["id", "start", "stop", "event", "age", "progrec", "horTh"]]
    for r in cohort():
        same = [r["age"], r["progrec"], r["horTh"]]
        cuts = [c for c in (200, 700) if c < r["time"]]
        for a, b in zip([0, *cuts], [*cuts, r["time"]], strict=True):
            last = b == r["time"]
            rows.append([r["nr"], a, b, r["cens"] if last else 0, *same])
    dataset = table(text(rows).encode(), "counting.csv")
    found, expected = opened(dataset, ASK), clean()
    assert found["n"][1:] == expected["n"][1:]
    assert found["cox"] == expected["cox"]
    assert found["test"] == expected["test"]
    medians = [[g[2] for g in f["groups"]] for f in (found, expected)]
    assert medians[0] == medians[1]
    assert "686 patients" in "\n".join(n.text for n in dataset.notes)


def test_rows_of_lesions_are_refused_as_patients() -> None:
    rows: list[list[Any]] = [["Patient ID", "lesion", "SUVmax", "age", "progrec", "horTh", "time",
                              "event"]]  # fmt: skip
    for r in cohort():
        for k in range(1, 2 + r["nr"] % 3):
            rows.append([r["pid"], k, 3 + k + r["nr"] % 7, r["age"], r["progrec"], r["horTh"],
                         r["time"], r["cens"]])  # fmt: skip
    dataset = table(text(rows).encode(), "lesions.csv")
    with pytest.raises(SpecError, match="686 patients") as refusal:
        opened(dataset, ASK)
    assert "one_row=first" in refusal.value.hint
    assert opened(dataset, ASK + "&id=Patient ID&one_row=first") == clean()
    assert "lesion" in "\n".join(n.text for n in dataset.notes)


def test_rows_that_are_there_twice() -> None:
    header, *rows = plain()
    twice = [header, *rows, *rows[10:14], rows[3]]
    dataset = table(text(twice).encode(), "a.csv")
    with pytest.raises(SpecError, match="686 patients"):
        opened(dataset, ASK)
    dropped = table(text(twice).encode(), "a.csv", "duplicates(drop)")
    assert opened(dropped, ASK) == clean()
    (told,) = [n for n in dropped.notes if n.section == "excluded"]
    assert (told.n, told.lines) == (5, (688, 689, 690, 691, 692))


# --- several files, a dictionary, the process of its own -----------------------------------------


def test_a_second_table_joined_without_a_word() -> None:
    header, *rows = plain()
    left = [[r[0], r[4], r[5]] for r in [header, *rows]]
    right = [["Patient", "age", "progrec", "horTh"]]
    right += [[r[0], r[1], r[2], r[3]] for r in reversed(rows)]
    files = [("a.csv", text(left).encode()), ("b.csv", text(right[:-1], ";").encode("utf-16"))]
    dataset = read_all(files, Recipe())
    assert "685 patients in both" in report(dataset, "read")
    assert "1 row of the first table without a patient" in report(dataset, "read")
    files[1] = ("b.csv", text(right, ";").encode("utf-16"))
    assert opened(read_all(files, Recipe()), ASK) == clean()


STUDY = {
    "stratiscope_dictionary": 1,
    "sheet": "Daten",
    "clean": ["merge(Therapie, Tam, tamoxifen)", "missing(PgR, -9)"],
    "endpoints": [
        {"label": "RFS", "time": "t", "unit": "days", "show_unit": "months", "event": "st",
         "event_is": ["rezidiv oder tod"]}
    ],
    "roles": {"id": "nr"},
    "variables": [
        {"name": "Therapie", "label": "Endocrine therapy", "levels": ["keine", "tamoxifen"]},
        {"name": "st", "values": {"1": "beobachtet", "2": "rezidiv oder tod"}},
        {"name": "PgR", "label": "Progesterone receptor", "unit": "fmol"},
    ],
}  # fmt: skip


def test_a_dictionary_settles_it_without_a_click() -> None:
    book = openpyxl.Workbook()
    book.active.title = "Hinweise"
    book.active.append(["nr", "Bemerkung"])
    book.active.append(["1", "nicht verwenden"])
    sheet = book.create_sheet("Daten")
    sheet.append(["nr", "Alter", "PgR", "Therapie", "t", "st"])
    for r in cohort():
        therapy = "keine" if r["horTh"] == "no" else ("Tam", "tamoxifen")[r["nr"] % 2]
        sheet.append([r["nr"], r["age"], r["progrec"], therapy, r["time"], r["cens"] + 1])
    sheet.append([687, 50, -9, "keine", None, None])
    study = dictionary.parse(json.dumps(STUDY).encode())
    spec = study.ask(AnalysisSpec(group_by="Therapie", terms=("Alter", "PgR")))
    dataset = study.apply(
        read(saved(book), "next.xlsx", Recipe.parse(spec.clean), sheet=spec.sheet)
    )
    assert numbers(analyse(dataset, spec)) == clean()
    assert dataset.variables["Therapie"].levels == ("keine", "tamoxifen")
    assert dataset.variables["PgR"].unit == "fmol"
    assert "dictionary was applied" in report(dataset, "read")
    assert "1 cell of 'PgR' was read as missing, as you said" in report(dataset, "changed")


def test_the_same_in_a_process_of_its_own() -> None:
    ugly: list[tuple[str, bytes, tuple[str, ...], str]] = [
        ("two.xlsx", two_sheets(), ("join(sheet Follow-up, Patient-ID, ID, number)",), ASK),
        ("dates.csv.gz", gzip.compress(text(dated(WAYS["two digits"][0]), ";").encode("cp1252")),
         (ENDPOINT,), FROM_DATES),
        ("adtte.csv", text(adtte()).encode(), (),
         "group_by=TRT01P&terms=AGE,PROGREC&show_unit=months&where=PARAMCD = RFS"),
    ]  # fmt: skip
    for name, data, steps, asked in ugly:
        dataset = child.read([(name, data)], recipe=Recipe.parse(steps))
        here = table(data, name, *steps)
        assert opened(dataset, asked) == clean()
        assert (dataset.notes, dataset.questions) == (here.notes, here.questions)
        assert dataset.fingerprint == here.fingerprint
