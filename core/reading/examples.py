"""Cohorts that come with Stratiscope: a dictionary in `data/`, and a table.

The table is one of an installed package, or lies in `data/` as well, there with its lesions. The
packages' files are read straight: importing scikit-survival for 26 kB would take seconds.
"""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.dataset import Dataset, Endpoint, Variable, digest_of
from core.errors import DataError, nearest
from core.reading.cells import conversion
from core.reading.formats import arff, text
from core.spec import AnalysisSpec

FOLDER = Path(__file__).resolve().parents[2] / "data"
STUDIES = ("fulvestrant", "progression_mode")
"""Synthetic cohorts after the two model studies."""


def names() -> tuple[str, ...]:
    """Return the names of the shipped cohorts, the one to open first in front.

    Examples
    --------
    >>> names()
    ('fulvestrant', 'progression_mode', 'gbsg2', 'rossi', 'veteran', 'whas500')
    """
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return tuple(sorted(found, key=lambda name: name not in STUDIES))


def load(name: str) -> Dataset:
    """Read a shipped cohort with its dictionary and endpoints.

    Raises
    ------
    DataError
        If there is no such cohort, or the package that has its table is damaged.

    Examples
    --------
    >>> gbsg2 = load("gbsg2")
    >>> len(gbsg2.frame), gbsg2.endpoints[0].label, gbsg2.variables["progrec"].unit
    (686, 'Recurrence-free survival', 'fmol')
    """
    said = dictionary(name)
    data = _file(said, said["file"])
    table = arff.read(data) if said["file"].endswith(".arff") else text.parse(data)
    entries = {entry["name"]: entry for entry in said["variables"]}
    if set(table.header) != set(entries):
        raise DataError(f"The table of '{name}' has other columns than its dictionary", _REINSTALL)
    frame, plain = conversion.convert(table)[:2]
    return Dataset(
        name=name,
        frame=pd.DataFrame({n: _recode(frame[n], entry) for n, entry in entries.items()}),
        variables={n: _variable(plain[n], entry) for n, entry in entries.items()},
        digest=digest_of(data),
        reference=name,
        endpoints=tuple(_endpoint(e) for e in said["endpoints"]),
        title=said["title"],
        source=said["source"],
        about=said["about"],
        synthetic=said.get("synthetic", False),
        header_rows=table.header_rows,
        lesions=tuple(_lesions(said, file) for file in said.get("lesions", ())),
    )


def question(name: str) -> AnalysisSpec:
    """Return what is asked of a shipped cohort when it is opened.

    Examples
    --------
    >>> question("gbsg2").group_by
    'progrec'
    """
    return AnalysisSpec.from_query(dictionary(name)["question"])


_REINSTALL = "Install Stratiscope's requirements again"


def dictionary(name: str) -> Mapping[str, Any]:
    """Read what the file of a shipped cohort says.

    Raises
    ------
    DataError
        If there is no such cohort.
    """
    if name not in names():
        raise DataError(f"There is no shipped cohort '{name}'", nearest(name, names()))
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _file(said: Mapping[str, Any], file: str) -> bytes:
    if "package" in said:
        return _package_file(said["package"], file)
    try:
        return (FOLDER / file).read_bytes()
    except OSError:
        raise DataError(f"The file {file} of the shipped cohorts is missing", _REINSTALL) from None


def _lesions(said: Mapping[str, Any], file: str) -> Dataset:
    """A table of lesions, read as one that is dropped beside the patients' is."""
    from core.reading import read  # it needs this module

    return read(_file(said, file), Path(file).name)


def _package_file(package: str, file: str) -> bytes:
    # find_spec looks the package up without running it.
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / file
        if path.is_file():
            return path.read_bytes()
    raise DataError(f"The file {Path(file).name} of the package {package} is missing", _REINSTALL)


def _recode(column: pd.Series, entry: Mapping[str, Any]) -> np.ndarray:
    """Put words in place of codes where the dictionary has them."""
    if "values" not in entry:
        return column.to_numpy()
    words = {float(code): word for code, word in entry["values"].items()}
    recoded = np.empty(len(column), dtype=object)
    recoded[:] = [None if np.isnan(x) else words[x] for x in column]
    return recoded


def _variable(plain: Variable, entry: Mapping[str, Any]) -> Variable:
    coded = tuple(entry.get("values", {}).values())
    return Variable(
        name=entry["name"],
        label=entry["label"],
        kind="category" if coded else entry.get("kind", plain.kind),
        unit=entry.get("unit", ""),
        decimals=0 if coded else entry.get("decimals", plain.decimals),
        levels=tuple(entry.get("levels", coded)),
        meaning=entry.get("meaning", ""),
        known=entry.get("known", ""),
    )


def _endpoint(entry: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        label=entry["label"],
        time=entry["time"],
        unit=entry["unit"],
        event=entry["event"],
        event_is=tuple(entry["event_is"]),
        show_unit=entry["show_unit"],
        start=entry.get("start"),
    )
