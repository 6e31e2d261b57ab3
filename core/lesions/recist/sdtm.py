"""Lesions out of the SDTM domains TU (identification) and TR (results), and responses out of RS.

Methods
-------
A row of TR is one test of one lesion at one visit. The size is ``DIAMETER`` where it was recorded;
else the perpendicular (``LPERP``, ``SAXIS``) of a lymph node and the longest diameter (``LDIAM``)
of any other lesion; the state is ``TUMSTATE``. Only one assessor is read, the investigator unless
another one is named: two readers are never mixed. The visits are ordered by study day.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from core.errors import DataError
from core.lesions.recist.roles import Roles
from core.lesions.recist.table import Lesions, canonical, texts
from core.lesions.recist.vocabulary import is_node, kind_of_name, plain, response_of
from core.notes import Note, info

_SIZES = ("DIAMETER", "LDIAM", "LPERP", "SAXIS")
_NEEDED = ("USUBJID", "TRTESTCD", "VISITNUM")
_KEY = ["USUBJID", "TRLNKID", "VISITNUM", "TRDTC"]
"""An unscheduled visit number may stand for several days: the date belongs to it."""
_ROLES = Roles(
    patient="patient", lesion="lesion", visit="visit", date="date", day="day", kind="kind",
    site="site", node="node", diameter="diameter", state="state", unit_column="unit",
)  # fmt: skip


def is_results(frame: pd.DataFrame) -> bool:
    """Whether a table is a TR domain.

    Examples
    --------
    >>> is_results(pd.DataFrame({"USUBJID": [], "TRTESTCD": [], "VISITNUM": [], "TRORRES": []}))
    True
    """
    return set(_NEEDED) <= set(frame.columns) and bool(
        {"TRORRES", "TRSTRESN", "TRSTRESC"} & set(frame.columns)
    )


def is_identification(frame: pd.DataFrame) -> bool:
    """Whether a table is a TU domain."""
    return {"USUBJID", "TULNKID"} <= set(frame.columns)


def is_responses(frame: pd.DataFrame) -> bool:
    """Whether a table is an RS domain."""
    return {"USUBJID", "RSTESTCD"} <= set(frame.columns)


def assessors(frame: pd.DataFrame) -> tuple[str, ...]:
    """Who assessed, the investigator first; empty where the table does not say.

    Examples
    --------
    >>> assessors(pd.DataFrame({"TREVAL": ["INDEPENDENT ASSESSOR", "INVESTIGATOR"],
    ...                         "TREVALID": ["RADIOLOGIST 1", None]}))
    ('INVESTIGATOR', 'INDEPENDENT ASSESSOR RADIOLOGIST 1')
    """
    who = sorted(set(_who(frame)) - {""})
    return tuple(sorted(who, key=lambda name: "INVESTIGATOR" not in name.upper()))


def _who(frame: pd.DataFrame) -> np.ndarray:
    said = np.full(len(frame), "", dtype=object)
    for end in ("EVAL", "EVALID"):
        for column in frame.columns:
            if column in (f"TR{end}", f"TU{end}", f"RS{end}"):
                said = said + " " + texts(frame[column])
    return np.array([s.strip() for s in said], dtype=object)


def lesions(
    results: pd.DataFrame, identification: pd.DataFrame | None = None, *, assessor: str = ""
) -> Lesions:
    """Read lesions by visit out of SDTM.

    Parameters
    ----------
    results : pandas.DataFrame
        The TR domain, see `is_results`.
    identification : pandas.DataFrame, optional
        The TU domain, for the sites, and the kinds where TR has no groups.
    assessor : str
        One of `assessors`; empty: the first one.

    Raises
    ------
    DataError
        If the assessor is not in the table, or it has no column of lesions.
    """
    if "TRLNKID" not in results.columns:
        raise DataError(
            "The results have no column TRLNKID that tells the lesions apart",
            "Export it with the table",
        )
    known = assessors(results)
    one = assessor or (known[0] if known else "")
    if known and one not in known:
        raise DataError(f"There is no assessor '{one}'", f"There are: {', '.join(known)}")
    at = np.flatnonzero(_who(results) == one) if known else np.arange(len(results))
    own = results.iloc[at].copy()
    own["line"] = at + 2
    own["TRDTC"] = texts(own["TRDTC"]) if "TRDTC" in own.columns else ""
    own = own[own["TRLNKID"].notna() & own["TRTESTCD"].isin((*_SIZES, "TUMSTATE"))]
    long = _long(own, _sites(identification))
    found = canonical(long, _ROLES, lines=long["line"].to_numpy())
    return dataclasses.replace(found, notes=(*_said(known, one), *found.notes))


def _said(known: tuple[str, ...], one: str) -> tuple[Note, ...]:
    if len(known) < 2:
        return ()
    text = f"{len(known)} assessors measured; these are the results of '{one}'."
    return (info("TREVAL", text),)


def _sites(identification: pd.DataFrame | None) -> pd.DataFrame:
    """Site and kind of each lesion by its link."""
    columns = ["USUBJID", "TRLNKID", "site", "named"]
    if identification is None or "TULNKID" not in identification.columns:
        return pd.DataFrame(columns=columns)
    table = pd.DataFrame(
        {"USUBJID": identification["USUBJID"], "TRLNKID": identification["TULNKID"]}
    )
    for name, sources in (("site", ("TULOC",)), ("named", ("TUORRES", "TUSTRESC"))):
        there = [source for source in sources if source in identification.columns]
        table[name] = identification[there[0]] if there else None
    return table.dropna(subset=["TRLNKID"]).drop_duplicates(["USUBJID", "TRLNKID"])


def _long(own: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """One row per lesion and visit, under the names of `_ROLES`."""
    own = own.assign(
        value=_values(own), unit_of=own["TRSTRESU"] if "TRSTRESU" in own.columns else None
    )
    sized = own[own["TRTESTCD"].isin(_SIZES)].copy()
    sized["value"] = pd.to_numeric(sized["value"], errors="coerce")
    size = sized.pivot_table(index=_KEY, columns="TRTESTCD", values="value", aggfunc="first")
    size = size.reindex(columns=list(_SIZES)).astype(float)
    state = own[own["TRTESTCD"] == "TUMSTATE"].groupby(_KEY)["value"].first().rename("state")
    rest = {c: c for c in ("TRDY", "TRGRPID", "line", "unit_of") if c in own.columns}
    table = own.groupby(_KEY).agg(**{c: (c, "first") for c in rest}).join(size).join(state)
    table = table.reset_index().merge(sites, on=["USUBJID", "TRLNKID"], how="left")
    node = table["site"].map(is_node).to_numpy(dtype=bool)
    short, longest = table["LPERP"].fillna(table["SAXIS"]), table["LDIAM"]
    made = table.rename(columns={"USUBJID": "patient", "TRLNKID": "lesion", "VISITNUM": "visit"})
    made["diameter"] = table["DIAMETER"].fillna(pd.Series(np.where(node, short, longest)))
    made["node"] = np.where(node, "yes", "no")
    made["kind"] = _kinds(table)
    made["unit"] = made["unit_of"]
    made["date"] = made["TRDTC"].where(made["TRDTC"] != "")
    made["day"] = _elapsed(made["TRDY"]) if "TRDY" in made.columns else np.nan
    return made


def _values(own: pd.DataFrame) -> pd.Series:
    """Standard results, else the original ones; None where the lesion was not evaluated."""
    value = pd.Series(None, index=own.index, dtype=object)
    for column in ("TRSTRESN", "TRSTRESC", "TRORRES"):
        if column in own.columns:
            value = value.where(value.notna(), own[column].astype(object))
    return value


def _kinds(table: pd.DataFrame) -> np.ndarray:
    kind = np.full(len(table), None, dtype=object)
    for source in ("TRGRPID", "named", "TRLNKID"):
        if source in table.columns:
            said = table[source]
            if source == "TRLNKID":  # T01 and NT02 say it by their letters
                said = said.map(lambda name: kind_of_name(name) or name)
            kind = np.where(pd.isna(kind), said.to_numpy(dtype=object), kind)
    return kind


def _elapsed(day: pd.Series) -> np.ndarray:
    """Days since day 1: SDTM has no day 0."""
    number = day.to_numpy(dtype=float)
    since: np.ndarray = np.where(number > 0, number - 1, number)
    return since


def responses(frame: pd.DataFrame, *, assessor: str = "") -> pd.DataFrame:
    """Read overall responses out of an RS domain.

    Returns
    -------
    pandas.DataFrame
        ``patient visit_name response line date``, for `core.lesions.recist.compare.disagreements`.

    Raises
    ------
    DataError
        If a column is missing.
    """
    missing = {"USUBJID", "RSTESTCD", "VISITNUM", "RSSTRESC"} - set(frame.columns)
    if missing:
        column = min(missing)
        raise DataError(f"The table of responses has no column {column}", "Export it as well")
    known = assessors(frame)
    one = assessor or (known[0] if known else "")
    own = (frame["RSTESTCD"].map(plain) == "ovrlresp").to_numpy()
    own &= _who(frame) == one if known else True
    at = np.flatnonzero(own)
    rows = frame.iloc[at]
    made = pd.DataFrame({"patient": texts(rows["USUBJID"]), "visit_name": texts(rows["VISITNUM"])})
    made["response"] = [response_of(r) or "" for r in rows["RSSTRESC"]]
    made["line"] = at + 2
    made["date"] = texts(rows["RSDTC"]) if "RSDTC" in rows.columns else ""
    return made[made["response"] != ""].reset_index(drop=True)
