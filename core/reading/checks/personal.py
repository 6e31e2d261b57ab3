"""What a column looks like that identifies persons: from its header, and from its cells.

A header is believed when the cells do not contradict it; cells are believed only when nearly all
of them have the form of an address, a number or a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from core.dataset import Variable
from core.reading.checks.lint_dates import BIRTH
from core.reading.checks.lint_facts import spaced

_PROBE = 2_000
"""Cells of a column that are looked at, evenly spread."""

_MOST = 0.8

_PERSON = (
    r"(?:patients?|patienten|pat|pt|subject|paciente|paziente|patiënt|person|患者|病人|受试者)"
)
_NAME = re.compile(
    r"\b(?:surname|last ?name|first ?name|middle ?name|forename|given name|family name|full name|"
    r"maiden name|vorname|nachname|familienname|geburtsname|prenom|nom de famille|apellidos?|"
    r"cognome|sobrenome|achternaam|voornaam)\b|姓名|氏名|名前|"
    rf"\b{_PERSON} ?(?:name|initials)\b|\bname (?:of )?(?:the )?{_PERSON}\b|"
    r"^(?:name|nom|nombre|nome|naam|initials|initialen)$"
)
_RECORD = re.compile(
    r"\b(?:mrn|medical record|(?:hospital|insurance|health ?card|passport|chart|record|nhs|"
    r"social security|medicare|national id|identity card) ?(?:no|nr|num|number|id)|nhs|ssn|"
    r"(?:kranken)?versicher(?:ung|ten)s? ?(?:nummer|nr)|fall ?(?:nummer|nr)|kvnr|ahv|"
    r"aufnahme ?(?:nummer|nr)|numero de securite sociale|nir|nhc|historia clinica|dni|"
    r"codice fiscale|tessera sanitaria|cpf|prontuario|bsn)\b|"
    r"身份证|住院号|病案号|病历号|门诊号|登记号|医保|カルテ|診察券|保険証|保険者番号"
)
_PHONE = re.compile(
    r"\b(?:tele)?phone\b|\btel\b|telefon|\bmobile?\b|\bhandy|\bfax\b|\bcell ?phone|电话|手机|電話|"
    r"携帯"
)
_ADDRESS = re.compile(
    r"\b(?:address|adresse|anschrift|strasse|street|direccion|domicilio|indirizzo|endereco|adres|"
    r"rue|wohnort)\b|住址|地址|住所"
)
_POSTCODE = re.compile(
    r"\b(?:zip|zip ?code|post ?code|postal ?code|plz|postleitzahl|code postal|codigo postal|cep)\b|"
    r"邮编|邮政编码|郵便番号"
)
_FREE = re.compile(
    r"\b(?:comments?|remarks?|notes?|free ?text|bemerkung(?:en)?|kommentare?|notiz(?:en)?|"
    r"anmerkung(?:en)?|commentaires?|remarques?|observaciones|comentarios?|osservazioni|"
    r"observacoes|opmerking(?:en)?)\b|备注|備考|コメント"
)
_OF_NUMBERS = re.compile("|".join((BIRTH, *(p.pattern for p in (_RECORD, _PHONE, _POSTCODE)))))
_NOT_BIRTH = re.compile(
    r"\b(?:to|place|country|weight|order|year|control|ort|land|lieu|pays|parity)\b|ort$|land$"
)
_CAPITAL = r"[^\W\d_a-z][^\W\d_]*(?:[-'’][^\W\d_]+)*"
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜"
)

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an e-mail address", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")),
    ("a network address", re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")),
    ("the number of a record or an insurance", re.compile(r"\d{3}-\d{2}-\d{4}|\d{17}[\dXx]")),
    ("a telephone number", re.compile(r"\+\d[\d ()/.-]{6,}\d")),
)
_PHONE_CELL = re.compile(r"\+?[\d ()/.-]{6,}")


def looks_like(variable: Variable, values: pd.Series) -> str:
    """Say which identifier of persons a column looks like.

    Parameters
    ----------
    variable : Variable
    values : pandas.Series, shape (n,)
        Its cells; None and NaN are missing.

    Returns
    -------
    str
        In words, for a sentence; empty when it looks like none.

    Examples
    --------
    >>> looks_like(Variable("contact", kind="text"), pd.Series(["a.b@example.org"]))
    'an e-mail address'
    """
    said = spaced(variable.name)
    # Numbers are believed by their header only, and a table may have thousands of them.
    if variable.kind in ("number", "date") and not _OF_NUMBERS.search(said):
        return ""
    present = values.dropna()
    step = max(1, len(present) // _PROBE)
    cells = [str(c) for c in present.iloc[::step]]
    if not cells:
        return ""
    for reason, fits in _BY_NAME:
        if fits(said, variable, cells):
            return reason
    return "" if variable.kind in ("number", "date") else _by_form(variable, cells)


def _share(pattern: re.Pattern[str], cells: list[str]) -> float:
    return sum(pattern.fullmatch(c) is not None for c in cells) / len(cells)


def _is_birth(said: str, variable: Variable, cells: list[str]) -> bool:
    if not re.search(BIRTH, said) or _NOT_BIRTH.search(said):
        return False
    # As a number it is a day count of a spreadsheet, or 19560403; a year alone names nobody.
    return variable.kind != "number" or float(cells[0]) > 3000


def _is_name(said: str, variable: Variable, cells: list[str]) -> bool:
    """Whether the header says name and the cells are words; drugs and genes have names too."""
    if not _NAME.search(said) or variable.kind == "number":
        return False
    # "Meier-12" is still a name; under a bare "name" such cells may be codes of files or samples.
    letters = 0.7 if said in ("name", "nom", "nombre", "nome", "naam") else 0.5
    wordy = sum(sum(ch.isalpha() for ch in c) > letters * len(c.replace(" ", "")) for c in cells)
    return wordy >= _MOST * len(cells)


def _is_record(said: str, variable: Variable, cells: list[str]) -> bool:
    return bool(_RECORD.search(said)) and any(c.isdigit() for cell in cells[:20] for c in cell)


def _is_phone(said: str, variable: Variable, cells: list[str]) -> bool:
    if not _PHONE.search(said):
        return False
    if variable.kind == "number":
        return float(np.median([float(c) for c in cells])) >= 1e5
    return _share(_PHONE_CELL, cells) >= 0.5


def _is_address(said: str, variable: Variable, cells: list[str]) -> bool:
    return bool(_ADDRESS.search(said)) and variable.kind in ("text", "category")


def _is_postcode(said: str, variable: Variable, cells: list[str]) -> bool:
    long = sum(sum(ch.isdigit() for ch in c) >= 3 for c in cells) / len(cells)
    return bool(_POSTCODE.search(said)) and long >= 0.5


_BY_NAME: tuple[tuple[str, Callable[[str, Variable, list[str]], bool]], ...] = (
    ("a date of birth", _is_birth),
    ("names of persons", _is_name),
    ("the number of a record or an insurance", _is_record),
    ("a telephone number", _is_phone),
    ("a postcode", _is_postcode),
)


def _by_form(variable: Variable, cells: list[str]) -> str:
    """Tell from the form of the cells, then from a header that may mean several things."""
    said = spaced(variable.name)
    for reason, form in _FORMS:
        if _share(form, cells) >= _MOST:
            return reason
    if _is_address(said, variable, cells):
        return "an address"
    different = len(set(cells)) / len(cells)
    if len(cells) >= 5 and different >= 0.9 and _are_names(cells):
        return "names of persons"
    long = float(np.mean([len(c.split()) for c in cells])) >= 4 and different >= 0.5
    if variable.kind == "text" and (long or (_FREE.search(said) and different >= 0.2)):
        return "free text, which may name persons"
    return ""


_SURNAME_FIRST = re.compile(rf"{_CAPITAL}(?: {_CAPITAL})?, ?{_CAPITAL}(?: {_CAPITAL}\.?)?")
_FULL_NAME = re.compile(
    rf"(?:(?:Dr|Prof|Mr|Mrs|Ms|Herr|Frau)\.? )?{_CAPITAL} (?:[A-Z]\. )?{_CAPITAL}"
)
_HAN = re.compile(r"[\u4e00-\u9fff]{2,4}")


def _are_names(cells: list[str]) -> bool:
    if _share(_HAN, cells) >= _MOST:
        return sum(c[0] in _SURNAMES for c in cells) >= 0.6 * len(cells)
    # An abbreviation in capitals is a code.
    small = sum(c != c.upper() for c in cells) >= 0.5 * len(cells)
    both = sum((_SURNAME_FIRST.fullmatch(c) or _FULL_NAME.fullmatch(c)) is not None for c in cells)
    return small and both >= _MOST * len(cells)
