"""Which column of a table of lesions is what, by its name and by what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from core.lesions.recist import vocabulary
from core.lesions.recist.vocabulary import kind_of, plain, response_of, state_of, yes_no
from core.reading.cells import dates, numerals
from core.reading.roles import names
from core.reading.roles.vocabulary import folded

MOSTLY = 0.8
"""Share of the different values of a column that must be read for it to have a role."""

_VISIT = folded(
    "visit visits visitnum avisit avisitn timepoint timepoints cycle assessment scan staging "
    "visite visita besuch untersuchung zeitpunkt zyklus cura 访视 时间点 周期"
)
_DAY = folded("day days dy ady studyday week weeks tag woche month months")
_LESION = folded(
    "lesion lesions tumor tumour tumors tumours läsion läsionen lésion lésions lesión lesiones "
    "lesione lesioni lesão herd lnkid 病灶 病変"
)
_SITE = folded(
    "site location loc organ organs localisation localization region place lokalisation ort organe "
    "localización órgano sede organo sítio 部位 器官"
)
_SIZE = folded(
    "size diameter diameters diam longest ld sld measurement length short axis sa lad sad "
    "dimension durchmesser grösse größe diamètre taille diámetro tamaño diametro misura "
    "直径 大小 长径 短径"
)
_STATE = folded(
    "status state evaluation appearance tumstate finding change zustand état estado stato 状态 评价"
)
_KIND = folded("target kind type category class grpid group typ art tipo categoria 类型")
_NODE = folded("node nodal lymph lymphnode ln lymphknoten ganglion ganglio linfonodo 淋巴结")
_RESPONSE = folded("response recist overall orr bor investigator ansprechen réponse respuesta 疗效")
_READER = folded("reader assessor evaluator eval evalid radiologist befunder lecteur 评估者")
_UNIT = folded("unit units einheit unité unidad 单位")
_NO_SIZE = folded("suv suvmax suvmean mtv tlg volume vol percent pct sum sod")


@dataclass(frozen=True)
class Roles:
    """The columns of a table with one row per lesion and visit; empty: there is none.

    Attributes
    ----------
    patient, lesion, visit, date, day, kind, site, node, diameter, state : str
        `day` is a time since any fixed day of the patient, `state` what became of the lesion.
        No `lesion`: every patient has one, a target.
    unit_column : str
        Column that gives the unit of each diameter.
    response : str
        An investigator's own overall response, repeated on the lines of its visit.
    reader : str
        Who measured, where several did.
    unit : str
        ``mm`` or ``cm``; empty: neither the names nor the cells say it.
    days_per : float
        Days in one unit of `day`.
    """

    patient: str
    lesion: str
    visit: str = ""
    date: str = ""
    day: str = ""
    kind: str = ""
    site: str = ""
    node: str = ""
    diameter: str = ""
    state: str = ""
    unit_column: str = ""
    response: str = ""
    reader: str = ""
    unit: str = ""
    days_per: float = 1.0


def recognise(frame: pd.DataFrame) -> Roles | None:
    """Find out what the columns of a table of lesions by visit are.

    Parameters
    ----------
    frame : pandas.DataFrame
        As in `core.dataset.Dataset`: numbers are floats, all other cells are text or None.

    Returns
    -------
    Roles or None
        None where it is no such table: no patient, lesion, time or measurement is found, or
        no patient has more than one visit.

    Examples
    --------
    >>> table = pd.DataFrame({"patient": ["a", "a"], "visit": [1.0, 2.0], "lesion": ["T1", "T1"],
    ...                       "size (mm)": [20.0, 12.0]})
    >>> roles = recognise(table)
    >>> roles.lesion, roles.diameter, roles.unit
    ('lesion', 'size (mm)', 'mm')
    """
    free = [str(c) for c in frame.columns]
    found: dict[str, str] = {}
    for role, fits in _SEARCHES:
        if role in found:
            continue
        best = next((c for c in free if fits(c, frame[c])), "")
        if best:
            found[role] = best
            free.remove(best)
    found.setdefault("lesion", _stand_in(frame, found))
    if not _is_enough(frame, found):
        return None
    unit = numerals.stated_unit(found["diameter"], "") if "diameter" in found else ""
    day_unit = names.unit_of(found.get("day", ""))
    days_per = {"weeks": 7.0, "months": 30.4375, "years": 365.25}.get(day_unit or "", 1.0)
    return Roles(**found, unit=unit if unit in ("mm", "cm") else "", days_per=days_per)


def _stand_in(frame: pd.DataFrame, found: dict[str, str]) -> str:
    """The site names a lesion where each patient has it once at a visit."""
    site, patient, when = found.get("site", ""), found.get("patient", ""), _when(found)
    if not (site and patient and when):
        return ""
    columns = [patient, when, site] + ([found["kind"]] if "kind" in found else [])
    return "" if frame.duplicated(columns).any() else site


def _when(found: dict[str, str]) -> str:
    return found.get("visit") or found.get("date") or found.get("day") or ""


def _is_single(frame: pd.DataFrame, found: dict[str, str]) -> bool:
    """Whether there is one lesion per patient: no visit is there twice, and the sizes say whose."""
    if not (found.get("patient") and _when(found) and "diameter" in found):
        return False
    whose = set(names.words(found["diameter"])) & (_LESION | {"target"})
    return bool(whose) and not frame.duplicated([found["patient"], _when(found)]).any()


def _is_enough(frame: pd.DataFrame, found: dict[str, str]) -> bool:
    when, named = _when(found), found.get("lesion") or _is_single(frame, found)
    measured = "diameter" in found or "state" in found
    if not (found.get("patient") and named and when and measured):
        return False
    return int(frame.groupby(found["patient"])[when].nunique().max()) > 1 if len(frame) else False


_Fits = Callable[[str, pd.Series], bool]


def _values(column: pd.Series) -> list[object]:
    return list(column.dropna().unique()[:2000])


def _share(values: Iterable[object], reads: Callable[[object], object]) -> float:
    read = [reads(v) is not None for v in values]
    return sum(read) / len(read) if read else 0.0


def _says(name: str, lexicon: frozenset[str]) -> bool:
    return names.says(names.words(name), lexicon)


def _patient(name: str, column: pd.Series) -> bool:
    return names.is_person(name) and names.is_id(name)


def _person(name: str, column: pd.Series) -> bool:
    return names.is_person(name)


def _some_id(name: str, column: pd.Series) -> bool:
    return names.is_id(name) and not _says(name, _LESION)


def _kind(name: str, column: pd.Series) -> bool:
    values = _values(column)
    if not values or _says(name, _NODE):
        return False
    if _share(values, kind_of) >= MOSTLY:
        return not (_says(name, _SIZE) or _says(name, _STATE))
    # A column "target" with yes and no.
    return bool(set(names.words(name)) & {"target", "ziel", "cible"}) and all(
        yes_no(v) is not None or kind_of(v) is not None for v in values
    )


def _response(name: str, column: pd.Series) -> bool:
    return _says(name, _RESPONSE) and _share(_values(column), response_of) >= MOSTLY


def _state(name: str, column: pd.Series) -> bool:
    if column.dtype != object or _says(name, _NODE):
        return False
    values = _values(column)
    return _share(values, state_of) >= (0.5 if _says(name, _STATE) else MOSTLY) and not _says(
        name, _SIZE
    )


def _node(name: str, column: pd.Series) -> bool:
    if not _says(name, _NODE):
        return False
    values = _values(column)
    return bool(values) and all(yes_no(v) is not None or vocabulary.is_node(v) for v in values)


def length_of(cell: object) -> numerals.Written | None:
    """Read a cell as a length; None where it is none."""
    found = numerals.parse(plain_number(cell))
    return found if found is not None and found.unit in ("", "mm", "cm") else None


def plain_number(cell: object) -> str:
    """Write a number of a table as text."""
    return repr(float(cell)) if isinstance(cell, float) else str(cell).strip()


def _diameter(name: str, column: pd.Series) -> bool:
    said = names.words(name)
    if names.says(said, _NO_SIZE) or not (names.says(said, _SIZE) or {"mm", "cm"} & set(said)):
        return False
    if column.dtype != object:
        return bool(column.notna().any())
    return _share(_values(column), lambda v: length_of(v) or state_of(v)) >= 0.5


def _site(name: str, column: pd.Series) -> bool:
    return _says(name, _SITE) and column.dtype == object


def _date(name: str, column: pd.Series) -> bool:
    values = [str(v) for v in _values(column)]
    if column.dtype != object or not values or dates.says_birth(name):
        return False
    read = [dates.is_iso(v) or (dates.is_partial(v) and not v.isdigit()) for v in values]
    return sum(read) / len(read) >= MOSTLY


def _exact_day(name: str, column: pd.Series) -> bool:
    return _day(name, column) and names.unit_of(name) not in ("weeks", "months", "years")


def _day(name: str, column: pd.Series) -> bool:
    return column.dtype != object and _says(name, _DAY) and bool(column.notna().any())


def _visit(name: str, column: pd.Series) -> bool:
    return _says(name, _VISIT) and not dates.says_date(name)


def _lesion(name: str, column: pd.Series) -> bool:
    if column.dtype != object and (column.dropna() % 1 != 0).any():
        return False  # A volume, or another measurement.
    other = (_SITE, _KIND, _NO_SIZE, _SIZE)
    return _says(name, _LESION) and not any(_says(name, lexicon) for lexicon in other)


def _named_lesion(name: str, column: pd.Series) -> bool:
    return _share(_values(column), vocabulary.kind_of_name) >= MOSTLY and column.dtype == object


def _reader(name: str, column: pd.Series) -> bool:
    return _says(name, _READER) and column.nunique() > 1


def _unit_column(name: str, column: pd.Series) -> bool:
    return _says(name, _UNIT) and {plain(v) for v in _values(column)} <= {"mm", "cm"}


_SEARCHES: tuple[tuple[str, _Fits], ...] = (
    ("patient", _patient),
    ("patient", _some_id),
    ("patient", _person),
    ("unit_column", _unit_column),
    ("kind", _kind),
    ("response", _response),
    ("node", _node),
    ("diameter", _diameter),
    ("state", _state),
    ("date", _date),
    ("visit", _visit),
    ("day", _exact_day),
    ("day", _day),
    ("site", _site),
    ("reader", _reader),
    ("lesion", _lesion),
    ("lesion", _named_lesion),
)
"""The roles in the order in which they choose; a second try serves where the first one fails."""
