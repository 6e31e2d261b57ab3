"""The shipped cohorts: their dictionaries fit, and their tables are the packages' own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from core.lesions.attach import with_columns
from core.reading import examples
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from tests.support import ROOT

NAMES = examples.names()


def test_the_cohorts() -> None:
    assert NAMES == ("fulvestrant", "progression_mode", "gbsg2", "rossi", "veteran", "whas500")


@pytest.mark.parametrize(
    ("name", "rows", "events", "unit", "shown"),
    [
        ("gbsg2", 686, 299, "days", "months"),
        ("veteran", 137, 128, "days", "days"),
        ("whas500", 500, 215, "days", "months"),
        ("rossi", 432, 114, "weeks", "weeks"),
    ],
)
def test_size_and_endpoint(name: str, rows: int, events: int, unit: str, shown: str) -> None:
    dataset = examples.load(name)
    (endpoint,) = dataset.endpoints
    assert len(dataset.frame) == rows
    event = dataset.frame[endpoint.event]
    wanted = endpoint.event_is[0]
    assert int((event == (float(wanted) if event.dtype == float else wanted)).sum()) == events
    assert (endpoint.unit, endpoint.show_unit) == (unit, shown)
    assert dataset.frame[endpoint.time].gt(0).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_dictionary_fits_its_table(name: str) -> None:
    dataset = examples.load(name)
    assert list(dataset.variables) == list(dataset.frame.columns)
    assert (dataset.name, dataset.reference) == (name, name)
    assert len(dataset.digest) == 64
    assert dataset.title
    assert dataset.source
    assert dataset.about.count(".") >= 2
    assert dataset.synthetic == (name in examples.STUDIES)
    for variable in dataset.variables.values():
        column = dataset.frame[variable.name]
        assert variable.label
        plain = "text" if variable.name == "id" else "category"
        if variable.name.endswith(("_date", "_start")):
            plain = "date"
        assert variable.kind == ("number" if column.dtype == np.float64 else plain)
        if variable.kind == "category":
            assert set(column.dropna()) == set(variable.levels)
        else:
            assert variable.levels == ()
        # Who was metastatic at once had no interval without the disease; who did not progress
        # has no date of it.
        may_lack = ("disease_free_interval", "disease_free_months", "second_progression_date")
        assert column.notna().all() or variable.name in may_lack


@pytest.mark.parametrize("name", NAMES)
def test_the_opening_question_can_be_asked(name: str) -> None:
    question = examples.question(name)
    dataset = with_columns(examples.load(name), question)
    assert question.data == name
    assert fill(dataset, question) == (question, ())
    guessed = fill(dataset, AnalysisSpec(data=name))[0].to_dict()
    assert guessed.items() <= question.to_dict().items()
    asked = [question.group_by, *(t.split(":")[0] for t in question.terms)]
    for column in asked:
        # The length of the first line is a term, though it is a time of an endpoint as well.
        name = dataset.require(column or "", "terms").name
        assert name in dataset.stratifiers or name == "first_line_months"


def test_what_clinicians_read() -> None:
    gbsg2 = examples.load("gbsg2").variables
    assert gbsg2["tgrade"].levels == ("I", "II", "III")
    assert gbsg2["age"].unit == "years"
    assert gbsg2["tsize"].unit == "mm"
    assert examples.load("whas500").variables["gender"].levels == ("male", "female")
    assert examples.load("rossi").variables["fin"].levels == ("no", "yes")
    question = examples.question("gbsg2")
    assert (question.group_by, question.cut_rule, question.cut_value) == (
        "progrec",
        "value",
        ("20",),
    )
    assert question.terms[0] == "progrec:cut"


def _sksurv(name: str, event: str, time: str) -> Callable[[], pd.DataFrame]:
    def load() -> pd.DataFrame:
        from sksurv import datasets

        x, y = getattr(datasets, name)()
        return pd.DataFrame(x).assign(**{event: y[event], time: y[time]})

    return load


def _rossi() -> pd.DataFrame:
    from lifelines.datasets import load_rossi

    return pd.DataFrame(load_rossi())


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("gbsg2", _sksurv("load_gbsg2", "cens", "time")),
        ("veteran", _sksurv("load_veterans_lung_cancer", "Status", "Survival_in_days")),
        ("whas500", _sksurv("load_whas500", "fstat", "lenfol")),
        ("rossi", _rossi),
    ],
)
@pytest.mark.filterwarnings("default")
def test_the_tables_are_those_that_the_packages_load(
    name: str, load: Callable[[], pd.DataFrame]
) -> None:
    dataset, theirs = examples.load(name), load()
    assert set(theirs.columns) == set(dataset.frame.columns)
    (endpoint,) = dataset.endpoints
    for column, ours in dataset.frame.items():
        their = theirs[column]
        levels = dataset.variables[str(column)].levels
        if column == endpoint.event:
            wanted = endpoint.event_is[0]
            ours = ours == (float(wanted) if ours.dtype == float else wanted)
            assert ours.tolist() == their.astype(bool).tolist()
        elif not levels:
            assert ours.tolist() == their.astype(float).tolist()
        elif set(levels) == set(map(str, their.unique())):
            assert ours.tolist() == their.astype(str).tolist()
        else:
            # Words in place of the codes 0 and 1.
            assert [levels.index(word) for word in ours] == their.astype(float).tolist()


def test_rows_are_numbered_as_in_the_package_file() -> None:
    assert examples.load("gbsg2").row_number(0) == 15
    assert examples.load("rossi").row_number(0) == 2


def test_loading_a_table_does_not_import_its_package() -> None:
    code = (
        "import sys; from core.reading import examples;"
        "[examples.load(n) for n in examples.names()];"
        "print([m for m in ('sksurv', 'lifelines', 'scipy.io', 'streamlit') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_what_is_not_there() -> None:
    with pytest.raises(DataError, match="Did you mean 'gbsg2'"):
        examples.load("gbsg")


def test_a_damaged_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="Install Stratiscope's requirements again"):
        examples.load("gbsg2")
