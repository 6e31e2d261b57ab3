"""Direct identifiers: flagged by header and by cells, left out of exports, overruled by a step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.dataset import Dataset, Kind, Variable
from core.errors import SpecError
from core.reading import read
from core.reading.checks import identifiers
from core.steps import Recipe
from tests.support import tables


def table(columns: dict[str, tuple[Kind, list[object]]]) -> Dataset:
    frame = pd.DataFrame(
        {
            name: pd.Series(cells, dtype=float if kind == "number" else object)
            for name, (kind, cells) in columns.items()
        }
    )
    variables = {name: Variable(name, kind=kind) for name, (kind, _) in columns.items()}
    return Dataset("a.csv", frame, variables, "d", "r")


def reason(name: str, cells: list[object], kind: Kind = "text") -> str:
    flagged = identifiers.flag(table({name: (kind, cells)}), Recipe())
    return flagged.variables[name].identifier


@pytest.mark.parametrize(
    ("name", "kind", "cells", "says"),
    [
        ("Surname", "category", ["Meier", "Huber"], "names"),
        ("Patient name", "text", ["A. Meier", "B. Huber"], "names"),
        ("Vorname", "category", ["Anna", "Bert"], "names"),
        ("姓名", "category", ["王小明", "李华"], "names"),
        ("氏名", "text", ["山田太郎", "佐藤花子"], "names"),
        ("Nom", "text", ["Durand", "Petit"], "names"),
        ("MRN", "number", [812345, 812399], "record"),
        ("Fallnummer", "text", ["F-0012", "F-0013"], "record"),
        ("住院号", "number", [100123, 100124], "record"),
        ("NHS number", "text", ["943 476 5919", "943 476 5870"], "record"),
        ("SSN", "text", ["078-05-1120", "219-09-9999"], "record"),
        ("Insurance No", "text", ["A123", "B456"], "record"),
        ("身份证", "text", ["11010519491231002X", "440524188001010014"], "record"),
        ("Birth date", "date", ["1950-02-03", "1961-01-01"], "birth"),
        ("Geburtsdatum", "number", [18295, 20000], "birth"),
        ("BRTHDTC", "date", ["1950-02-03", None], "birth"),
        ("出生日期", "text", ["1950年2月3日", "1961年1月1日"], "birth"),
        ("Tel", "number", [1711234567, 1711234568], "telephone"),
        ("phone", "text", ["0171/123 456", "0172 99 88 77"], "telephone"),
        ("Address", "text", ["Main Street 4", "High Street 5"], "address"),
        ("住址", "text", ["北京市", "上海市"], "address"),
        ("PLZ", "number", [81541, 10115], "postcode"),
        ("zip", "text", ["02139", "10001"], "postcode"),
        ("x1", "text", ["a.b@example.org", "c@example.com"], "e-mail"),
        ("x2", "text", ["192.168.0.1", "10.0.0.2"], "network"),
        ("x3", "text", ["+49 171 1234567", "+44 20 7946 0018"], "telephone"),
        ("Comments", "text", ["seen by Dr Meier", "lost"], "free text"),
        ("Bemerkung", "text", ["verzogen", "unklar"], "free text"),
    ],
)
def test_what_identifies_is_flagged(name, kind, cells, says):
    assert says in reason(name, cells, kind)


@pytest.mark.parametrize(
    ("name", "kind", "cells"),
    [
        ("patient", "text", ["P001", "P002"]),
        ("Patient ID", "number", [1, 2]),
        ("id", "number", [1, 2]),
        ("USUBJID", "text", ["AB12345-BRA-1-id-105", "AB12345-BRA-1-id-134"]),
        ("name", "number", [3, 4]),
        ("name", "text", ["case_1", "case_2"]),
        ("Gene name", "text", ["ESR1", "PGR"]),
        ("drug name", "category", ["Docetaxel", "Paclitaxel"]),
        ("DAYS_TO_BIRTH", "number", [-20000, -18000]),
        ("birth weight", "number", [3200, 4100]),
        ("year of birth", "number", [1950, 1961]),
        ("phone contact", "category", ["yes", "no"]),
        ("mobility", "category", ["mobile", "bedridden"]),
        ("age", "number", [45, 92]),
        ("notes", "category", ["a", "b"]),
        ("record", "number", [1, 2]),
        ("histology", "category", ["Carcinoma, ductal", "Carcinoma, lobular"] * 3),
    ],
)
def test_what_does_not_is_kept(name, kind, cells):
    assert reason(name, cells, kind) == ""


def test_names_that_were_numbered_are_names_and_codes_are_not():
    assert "names" in reason("Patient: Nachname", ["Müller-0", "Weiß-4", "Öztürk-12"], "text")
    assert reason("patient name", ["PAT001", "PAT002", "PAT003"], "text") == ""


def test_names_are_told_by_their_form():
    western = ["Meier, Anna", "Huber, Bert", "Schmidt, Clara", "Braun, Dora", "Weiss, Emil"]
    spoken = ["Anna Meier", "Bert Huber", "Clara Schmidt", "Dora Braun", "Emil Weiss"]
    chinese = ["王小明", "李华", "张伟", "刘洋", "陈静"]
    for cells in (western, spoken, chinese):
        assert "names" in reason("x", cells)
    assert reason("x", ["HER2 LOW", "ER POS", "TNBC X", "LUM A", "LUM B"]) == ""


def test_dates_a_childhood_before_the_others_are_of_birth():
    births = [f"19{40 + i}-05-06" for i in range(10)]
    starts = [f"20{10 + i}-05-06" for i in range(10)]
    ends = [f"20{12 + i}-05-06" for i in range(10)]
    flagged = identifiers.flag(
        table({"d1": ("date", births), "d2": ("date", starts), "d3": ("date", ends)}), Recipe()
    )
    assert flagged.variables["d1"].identifier == "a date of birth"
    assert flagged.variables["d2"].identifier == "a date of care"
    # Diagnoses long before one late date are no birth dates.
    early = table({"d1": ("date", [f"20{i:02d}-01-01" for i in range(10)]), "d2": ("date", ends)})
    flagged = identifiers.flag(early, Recipe())
    assert {v.identifier for v in flagged.variables.values()} == {"a date of care"}


def test_dates_stay_here_with_one_note_and_can_be_let_go():
    data = table({"seen": ("date", ["2015-02-03", None]), "end": ("date", ["2016-01-01", None])})
    flagged = identifiers.flag(data, Recipe.parse(["identifier(end, no)"]))
    assert identifiers.left_out(flagged) == ("seen",)
    assert [note.about for note in flagged.notes] == ["dates"]


def test_a_step_overrules_both_ways():
    data = table({"Surname": ("category", ["Meier", "Huber"]), "site": ("category", ["A", "B"])})
    recipe = Recipe.parse(["identifier(Surname, no)", "identifier(site, yes)"])
    flagged = identifiers.flag(data, recipe)
    assert identifiers.left_out(flagged) == ("site",)
    assert "as you said" in flagged.variables["site"].identifier
    with pytest.raises(SpecError, match="yes nor no") as caught:
        identifiers.flag(data, Recipe.parse(["identifier(Surname, maybe)"]))
    assert caught.value.field == "clean"


def test_every_flag_has_a_note_and_no_cell_is_quoted_or_changed():
    data = table({"Surname": ("category", ["Meier", None]), "os": ("number", [1.0, 2.0])})
    flagged = identifiers.flag(data, Recipe())
    (note,) = flagged.notes
    assert (note.level, note.about, note.section, note.n) == ("info", "Surname", "read", 1)
    assert "Meier" not in note.text
    assert flagged.frame is data.frame


def test_exports_lack_the_flagged_columns_and_ages_over_89():
    data = table(
        {
            "Surname": ("category", ["Meier", "Huber", "Weiss", "Braun"]),
            "age": ("number", [89.0, 90.0, np.nan, 61.5]),
            "age_months": ("number", [1068.0, 1080.0, np.nan, 738.0]),
            "os": ("number", [1.0, 2.0, 3.0, 4.0]),
        }
    )
    flagged = identifiers.flag(data, Recipe())
    assert [n.about for n in flagged.notes] == ["Surname", "age"]
    assert flagged.notes[1].lines == (3,)
    assert flagged.variables["age"].identifier == ""
    out = identifiers.without(flagged)
    assert list(out.columns) == ["age", "age_months", "os"]
    assert out["age"].tolist() == ["89", "90+", None, "61.5"]
    assert out["age_months"].dtype == float
    assert data.frame["age"].dtype == float


def test_ages_below_90_stay_numbers():
    out = identifiers.without(table({"age": ("number", [45.0, np.nan])}))
    assert out["age"].dtype == float


def test_public_tables_are_not_over_flagged():
    folder = tables()
    expected = {
        "sdtm_onco/dm.csv": ("BRTHDTC",),
        "metabric/brca_metabric_clinical_data.tsv": (),
        "tcga_brca_pancan/data_clinical_patient.txt": (),
        "rcdisc_adtte/cadtte.csv.gz": (),
        "lung_petct_habitat/Cli_CT_habitat1_PET_habitat1_train_OS.csv": (),
        "psi_adtte_breast/2020-04-08-psi-vissig-adtte.csv": (),
        "r_survival/cgd.csv": (),
    }
    for file, columns in expected.items():
        data = read((folder / file).read_bytes(), file)
        flagged = identifiers.flag(data, Recipe())
        named = {v.name for v in flagged.variables.values() if v.identifier}
        care = {v.name for v in flagged.variables.values() if v.identifier == "a date of care"}
        assert named - care == set(columns), file


def test_nobody_is_asked_what_would_put_a_name_into_a_link() -> None:
    rows = b"".join(b"%d,%s,%d\n" % (i, n, i) for i, n in enumerate((b"Meier", b"Meiers") * 4))
    asked = {header: read(b"id,%s,x\n" % header + rows, "a.csv") for header in (b"arm", b"Surname")}
    steps = [s for q in asked[b"arm"].questions for c in q.choices for s in c.steps]
    assert "merge(arm, Meier, Meiers)" in steps
    assert not any(q.about == "Surname" for q in asked[b"Surname"].questions)
    assert "arm" in asked[b"arm"].stratifiers
    assert "Surname" not in asked[b"Surname"].stratifiers
