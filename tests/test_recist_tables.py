"""Lesion tables as people keep them: long, wide, SDTM, with units, words and mistakes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from core.lesions.recist import sdtm, visits, wide
from core.lesions.recist.cells import MICRO
from core.lesions.recist.compare import disagreements
from core.lesions.recist.reading import read
from core.lesions.recist.response import assess
from core.lesions.recist.table import Lesions, canonical, recognise
from core.notes import Note
from tests.support import tables


def sheet(**changes: list[object]) -> pd.DataFrame:
    columns: dict[str, list[object]] = {
        "Patient ID": ["p1"] * 4,
        "Visit": ["Baseline", "Baseline", "Week 8", "Week 8"],
        "Date": ["2020-01-01", "2020-01-01", "2020-02-26", "2020-02-26"],
        "Lesion no": [1.0, 2.0, 1.0, 2.0],
        "Target/non-target": ["T", "NT", "T", "NT"],
        "Location": ["liver", "bone", "liver", "bone"],
        "Lymph node": ["no", "no", "no", "no"],
        "Size (mm)": [20.0, None, 12.0, None],
        "Status": [None, "present", None, "absent"],
    }
    columns |= {name.replace("_", " "): values for name, values in changes.items()}
    return pd.DataFrame(columns)


def got(frame: pd.DataFrame) -> Lesions:
    found = read([frame])
    assert found is not None
    return found


def texts(notes: tuple[Note, ...]) -> str:
    return " ".join(n.text for n in notes)


def test_a_doctors_sheet_is_recognised() -> None:
    roles = recognise(sheet())
    assert roles is not None
    assert (roles.patient, roles.lesion, roles.visit, roles.date) == (
        "Patient ID", "Lesion no", "Visit", "Date",
    )  # fmt: skip
    assert (roles.kind, roles.site, roles.node) == ("Target/non-target", "Location", "Lymph node")
    assert (roles.diameter, roles.state, roles.unit) == ("Size (mm)", "Status", "mm")
    found = assess(got(sheet())).frame
    assert found["overall_response"].tolist() == ["", "PR"]
    assert found["day"].tolist() == [0.0, 56.0]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"patient": ["a", "b"], "time": [1.0, 2.0], "event": [0.0, 1.0]}),
        pd.DataFrame({"patient": ["a", "a"], "lesion": ["1", "2"], "SUVmax": [3.0, 4.0]}),
        pd.DataFrame({"patient": ["a"], "visit": [1.0], "lesion": ["1"], "size": [9.0]}),
        pd.DataFrame({"patient": [], "visit": [], "lesion": [], "size": []}),
    ],
)
def test_other_tables_are_not(frame: pd.DataFrame) -> None:
    assert read([frame]) is None


def test_centimetres_by_header_by_cell_by_column_and_by_guess() -> None:
    plain = assess(got(sheet())).frame["sum_of_diameters"].tolist()
    in_cm = sheet().rename(columns={"Size (mm)": "Size (cm)"})
    in_cm["Size (cm)"] /= 10
    cells = sheet(**{"Size (mm)": ["2 cm", None, "12 mm", None]})
    unit = sheet().rename(columns={"Size (mm)": "Size"}).assign(Unit="cm")
    unit["Size"] /= 10
    guess = sheet().rename(columns={"Size (mm)": "Size"})
    guess["Size"] = [2.5, None, 1.2, None]
    for frame in (in_cm, cells, unit):
        assert assess(got(frame)).frame["sum_of_diameters"].tolist() == plain
    found = got(guess)
    assert assess(found).frame["sum_of_diameters"].tolist() == [25.0, 12.0]
    assert "read as cm" in texts(found.notes)


@pytest.mark.parametrize(
    ("cell", "micro", "state"),
    [
        ("12,5", 12.5, ""),
        ("12.5 mm", 12.5, ""),
        ("1,25 cm", 12.5, ""),
        ("absent", None, "absent"),
        ("TSTM", None, "too small to measure"),
        ("< 5", None, "too small to measure"),
        ("NE", None, "not evaluable"),
        ("not done", None, "not evaluable"),
        ("12?", None, "not evaluable"),
        ("-3", None, "not evaluable"),
        ("5000", None, "not evaluable"),
        (None, None, ""),
    ],
)
def test_cells_of_the_size(cell: str | None, micro: float | None, state: str) -> None:
    frame = sheet(**{"Size (mm)": ["20", None, cell, None]})
    rows = got(frame).rows
    row = rows[(rows["visit"] == 1) & (rows["kind"] == "target")].iloc[0]
    assert row["micro"] == (-1 if micro is None else micro * MICRO)
    assert row["state"] == state


def test_what_cannot_be_read_is_listed_by_line_and_not_quoted() -> None:
    frame = sheet(**{"Size (mm)": ["20", None, "twelve-ish", None]})
    frame["Patient ID"] = ["p1", "p1", "p1", None]
    notes = got(frame).notes
    assert [n.lines for n in notes if "could not be read" in n.text] == [(4,)]
    assert [n.lines for n in notes if "without a patient" in n.text] == [(5,)]
    assert "twelve" not in texts(notes)


def test_kinds_from_words_names_and_what_was_measured() -> None:
    for kinds in (["target", "non-target"] * 2, ["TL", "NTL"] * 2, ["yes", "no"] * 2):
        frame = sheet().assign(**{"Target/non-target": kinds})
        name = "Target" if "yes" in kinds else "Target/non-target"
        frame = frame.rename(columns={"Target/non-target": name})
        assert sorted(set(got(frame).rows["kind"])) == ["non-target", "target"]
    named = sheet().drop(columns="Target/non-target")
    assert "were taken as targets" in texts(got(named).notes)
    assert sorted(set(got(named).rows["kind"])) == ["non-target", "target"]
    named["Lesion no"] = ["T01", "NT01", "T01", "NEW01"]
    assert got(named).rows["kind"].tolist() == ["non-target", "target", "new", "target"]
    # The kind on the first line of a lesion only.
    once = sheet(**{"Target/non-target": ["T", "NT", None, None]})
    assert assess(got(once)).frame["overall_response"].tolist() == ["", "PR"]


def test_nodes_by_column_by_site_and_the_column_wins() -> None:
    by_site = sheet(Location=["axillary LN", "bone"] * 2).drop(columns="Lymph node")
    assert got(by_site).rows.groupby("kind")["node"].all().to_dict() == {
        "non-target": False, "target": True,
    }  # fmt: skip
    stated = sheet(Location=["axillary LN", "bone"] * 2)
    assert not got(stated).rows["node"].any()
    assert got(sheet(Lymph_node=["yes", "no"] * 2)).rows["node"].sum() == 2


def test_repeated_rows_count_once_and_conflicting_ones_not_at_all() -> None:
    twice = pd.concat([sheet(), sheet()], ignore_index=True)
    found = got(twice)
    assert len(found.rows) == 4
    assert "repeat another one" in texts(found.notes)
    other = sheet(**{"Size (mm)": [20.0, None, 13.0, None]})
    found = got(pd.concat([sheet(), other], ignore_index=True))
    assert assess(found).frame["target_response"].tolist() == ["", "NE"]
    assert [n.lines for n in found.notes if "different values" in n.text] == [(4, 8)]


def test_visits_in_the_order_of_their_dates_names_or_lines() -> None:
    no_dates = sheet().drop(columns="Date").iloc[::-1].reset_index(drop=True)
    found = got(no_dates)
    assert assess(found).frame["day"].tolist() == [0.0, 56.0]
    only_dates = sheet().drop(columns="Visit")
    assert assess(got(only_dates)).frame["visit_name"].tolist() == ["2020-01-01", "2020-02-26"]
    cycles = sheet(Visit=["C2", "C2", "C10", "C10"]).drop(columns="Date")
    ordered = got(cycles)
    assert assess(ordered).frame["visit_name"].tolist() == ["C2", "C10"]
    assert "no dates or times" in texts(ordered.notes)
    words = sheet(Visit=["first", "first", "then", "then"]).drop(columns="Date")
    assert "order of the file" in texts(got(words).notes)
    crossed = sheet(Visit=["Week 8", "Week 8", "Baseline", "Baseline"])
    assert "the dates were followed" in texts(got(crossed).notes)


def test_one_visit_name_on_several_days_is_several_visits() -> None:
    third = sheet().iloc[2:].assign(Visit="Unscheduled", Date="2020-03-20")
    fourth = third.assign(Date="2020-04-20", **{"Size (mm)": [18.0, None]})
    found = assess(got(pd.concat([sheet(), third, fourth], ignore_index=True))).frame
    assert found["day"].tolist() == [0.0, 56.0, 79.0, 110.0]
    assert found["overall_response"].tolist() == ["", "PR", "PR", "PD"]


def test_the_limits_of_recist_are_said_and_the_table_is_used_as_given() -> None:
    rows = [("p", v, f"T{i}", "T", "liver", 20.0) for v in (1.0, 2.0) for i in range(6)]
    columns = ["patient", "visit", "lesion", "type", "site", "size (mm)"]
    found = got(pd.DataFrame(rows, columns=columns))
    said = texts(found.notes)
    assert "more than 5 target lesions" in said
    assert "more than 2 target lesions in one organ" in said
    assert assess(found).frame["sum_of_diameters"].tolist() == [120.0, 120.0]
    small = got(sheet(**{"Size (mm)": [9.0, None, 9.0, None]}))
    assert "below 10 mm" in texts(small.notes)


def test_a_table_without_patients_or_visits_is_refused() -> None:
    frame = sheet(**{"Patient ID": ["p1", "p1", "p1", "p1"]})
    roles = recognise(frame)
    assert roles is not None
    with pytest.raises(DataError):
        canonical(frame.assign(**{"Patient ID": None}), roles)
    with pytest.raises(DataError):
        canonical(frame.assign(Visit=None, Date=None), roles)


# Wide -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "days"),
    [
        (["baseline", "week 8", "week 16"], [0.0, 56.0, 112.0]),
        (["BL size (mm)", "W8 size (mm)", "W16 size (mm)"], [0.0, 56.0, 112.0]),
        (["2020-01-01", "2020-02-26", "2020-04-22"], [0.0, 56.0, 112.0]),
        (["01.01.2020", "26.02.2020", "22.04.2020"], [0.0, 56.0, 112.0]),
        (["1/1/2020", "2/26/2020", "4/22/2020"], [0.0, 56.0, 112.0]),
        (["baseline", "cycle 2", "cycle 4"], [np.nan] * 3),
        (["size_visit1", "size_visit2", "size_visit3"], [np.nan] * 3),
    ],
)
def test_wide_sheets(headers: list[str], days: list[float]) -> None:
    frame = pd.DataFrame(
        {
            "patient": ["a", "a", "a"],
            "lesion": ["1", "2", "3"],
            "type": ["target", "non-target", "new"],
            "site": ["liver", "bone", "lung"],
            headers[2]: ["19", "present", "present"],
            headers[0]: ["20", "present", None],
            headers[1]: ["14", "present", None],
        }
    )
    found = assess(got(frame)).frame
    assert found["overall_response"].tolist() == ["", "PR", "PD"]
    assert found["target_response"].tolist() == ["", "PR", "PD"]
    assert found["new_lesions"].tolist() == [0, 0, 1]
    np.testing.assert_array_equal(found["day"], days)


def test_wide_and_long_are_the_same_lesions() -> None:
    frame = pd.DataFrame(
        {
            "patient": ["a", "b"],
            "lesion": ["T1", "T1"],
            "baseline": [2.0, 3.0],
            "week 8": [1.0, 3.5],
        }
    )
    layout = wide.recognise(frame)
    assert layout is not None
    assert layout.columns == ("baseline", "week 8")
    found = got(frame)
    assert found.rows["line"].tolist() == [2, 2, 3, 3]


def test_names_of_visits() -> None:
    assert visits.parse("Month 3") is not None
    for name in ("liver", "size", "age", "T1", ""):
        assert visits.parse(name) is None, name
    for name in ("patient", "lesion 1", "size (mm)", "age", "2", "SUV baseline"):
        assert visits.of_header(name) is None, name


# SDTM -------------------------------------------------------------------------------------------


def results() -> pd.DataFrame:
    rows = []
    for reader in ("INVESTIGATOR", "INDEPENDENT ASSESSOR"):
        for visit, day, size, other in ((1.0, 1.0, 20.0, "PRESENT"), (2.0, 57.0, 14.0, "ABSENT")):
            extra = 0.0 if reader == "INVESTIGATOR" else 5.0
            short = 18.0 if visit == 1 else 9.0
            rows += [
                ("s1", "T01", "TARGET", "LDIAM", size + extra, None, reader, visit, day),
                ("s1", "T02", "TARGET", "LDIAM", 25.0, None, reader, visit, day),
                (
                    "s1",
                    "T02",
                    "TARGET",
                    "LPERP",
                    short,
                    None,
                    reader,
                    visit,
                    day,
                ),
                ("s1", "NT01", "NON-TARGET", "TUMSTATE", np.nan, other, reader, visit, day),
                ("s1", None, "TARGET", "SUMDIAM", 99.0, None, reader, visit, day),
            ]
    columns = [
        "USUBJID", "TRLNKID", "TRGRPID", "TRTESTCD", "TRSTRESN", "TRSTRESC", "TREVAL", "VISITNUM",
        "TRDY",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


IDENTIFIED = pd.DataFrame(
    {
        "USUBJID": ["s1"] * 3,
        "TULNKID": ["T01", "T02", "NT01"],
        "TUORRES": ["TARGET", "TARGET", "NON-TARGET"],
        "TULOC": ["LIVER", "LYMPH NODE", "BONE"],
    }
)


def test_sdtm_takes_the_short_axis_of_nodes_and_one_assessor() -> None:
    found = read([IDENTIFIED, results()])
    assert found is not None
    frame = assess(found).frame
    assert frame["sum_of_diameters"].tolist() == [38.0, 23.0]
    assert frame["overall_response"].tolist() == ["", "PR"]
    assert frame["day"].tolist() == [0.0, 56.0]
    assert "2 assessors" in texts(found.notes)
    other = read([IDENTIFIED, results()], assessor="INDEPENDENT ASSESSOR")
    assert other is not None
    assert assess(other).frame["sum_of_diameters"].tolist() == [43.0, 28.0]
    with pytest.raises(DataError, match="no assessor"):
        read([results()], assessor="NOBODY")


def test_the_public_sdtm_example() -> None:
    """Its own sums, and its own responses where growth from the baseline is no other than ours."""
    folder = tables() / "sdtm_onco"
    tr, tu, rs = (pd.read_csv(folder / f"{d}_onco.csv.gz") for d in ("tr", "tu", "rs"))
    found = read([tr, tu])
    assert found is not None
    ours = assess(found)
    sums = tr[(tr["TREVAL"] == "INVESTIGATOR") & (tr["TRTESTCD"] == "SUMDIAM")]
    sums = sums.assign(patient=sums["USUBJID"], visit_name=[f"{v:g}" for v in sums["VISITNUM"]])
    once = sums[~sums.duplicated(["patient", "visit_name"], keep=False)]
    both = once.merge(ours.frame, on=["patient", "visit_name"])
    known = both["sum_of_diameters"].notna()
    assert known.sum() > 800
    np.testing.assert_allclose(both["sum_of_diameters"][known], both["TRSTRESN"][known], atol=1e-9)
    compared = disagreements(ours, sdtm.responses(rs))
    assert compared.n > 600
    # It takes what is measured from the baseline: only growth from the nadir may differ.
    assert all(d.ours in ("PD", "NE", "PR") for d in compared.disagreements)
