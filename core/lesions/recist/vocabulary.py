"""The words that say what a lesion is and what became of it, in the languages of the tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.reading.cells.numerals import plainly
from core.reading.roles.names import words
from core.reading.roles.vocabulary import fold, folded

TARGET, NON_TARGET, NEW = "target", "non-target", "new"

ABSENT = "absent"
PRESENT = "present"
PROGRESSION = "unequivocal progression"
TOO_SMALL = "too small to measure"
NOT_EVALUABLE = "not evaluable"
EQUIVOCAL = "equivocal"

_KINDS: Mapping[str, frozenset[str]] = {
    TARGET: folded(
        "target|t|tl|tls|target lesion|target lesions|targets|measurable target|ziel|zielläsion|"
        "lésion cible|cible|lesión diana|diana|bersaglio|alvo|靶病灶|靶|标的病変|標的病変"
    ),
    NON_TARGET: folded(
        "non target|nontarget|not target|nt|ntl|ntls|non target lesion|non target lesions|"
        "nontarget lesion|non targets|nicht ziel|nicht zielläsion|non cible|lésion non cible|"
        "no diana|lesión no diana|non bersaglio|não alvo|非靶病灶|非靶|非標的病変"
    ),
    NEW: folded(
        "new|n|nl|new lesion|new lesions|newly appeared|neu|neue läsion|nouvelle|"
        "nouvelle lésion|nueva|lesión nueva|nuova|nova|新病灶|新发病灶|新發病灶|新病変"
    ),
}
_KIND_OF = {word: kind for kind, listed in _KINDS.items() for word in listed}

_STATES: Mapping[str, frozenset[str]] = {
    ABSENT: folded(
        "absent|disappeared|gone|resolved|vanished|not seen|not visible|no longer visible|"
        "no longer seen|not present|not detected|complete response|cr|normal|normalised|"
        "normalized|none|no|0|completely resolved|verschwunden|nicht sichtbar|disparu|disparue|"
        "disparus|disparues|absente|ausente|desaparecida|assente|scomparsa|scomparso|desaparecido|消失|完全缓解"
    ),
    PRESENT: folded(
        "present|stable|persistent|persisting|persists|residual|unchanged|visible|seen|smaller|"
        "decreased|improved|regressed|partial response|stable disease|non cr non pd|"
        "noncr nonpd|non cr nonpd|non cr|sd|pr|yes|1|new|new lesion|newly appeared|appeared|neu|"
        "nouvelle|nueva|nuova|nova|vorhanden|stabil|unverändert|présente|présent|stables|inchangé|inchangée|persistante|apparue|"
        "presente|stabile|invariata|invariato|persistente|estable|comparsa|aparecida|存在|稳定"
    ),
    PROGRESSION: folded(
        "unequivocal progression|unequivocal progressive disease|unequivocal|unequivocal pd|"
        "progression|progressive disease|progressive|progressed|progressing|pd|worsened|"
        "progredient|progrediente|progresión|progressione|进展|増悪"
    ),
    TOO_SMALL: folded(
        "too small to measure|too small|tstm|tsm|tstms|too small to be measured|btm|"
        "below measurable|below measurable limit|zu klein|zu klein zum messen|trop petite|"
        "demasiado pequeña|troppo piccola|太小|太小无法测量"
    ),
    NOT_EVALUABLE: folded(
        "not evaluable|ne|n m|nm|not measured|nicht gemessen|non mesuré|non mesurée|"
        "not assessed|not assessable|nd|na|n a|not done|not evaluated|inevaluable|"
        "unevaluable|non evaluable|not imaged|not scanned|missing|unknown|"
        "not available|nicht beurteilbar|nicht auswertbar|no evaluable|non valutabile|"
        "无法评估|不可评估|评価不能"
    ),
    EQUIVOCAL: folded(
        "equivocal|uncertain|suspicious|suspected|possible|questionable|indeterminate|"
        "fraglich|unklar|可疑"
    ),
}
_STATE_OF = {word: state for state, listed in _STATES.items() for word in listed}

RESPONSES = ("CR", "PR", "SD", "non-CR/non-PD", "PD", "NE")
_RESPONSE_OF = {
    **{fold(r): r for r in ("CR", "PR", "SD", "PD", "NE")},
    "complete response": "CR",
    "partial response": "PR",
    "stable disease": "SD",
    "progressive disease": "PD",
    "progression": "PD",
    "non cr non pd": "non-CR/non-PD",
    "noncr nonpd": "non-CR/non-PD",
    "non cr nonpd": "non-CR/non-PD",
    "not evaluable": "NE",
    "inevaluable": "NE",
}

_NODES = folded(
    "node nodes nodal lymph lymphnode lymphnodes ln lns lymphadenopathy adenopathy "
    "lymphknoten lymphknotenmetastase lk ganglion ganglions ganglionnaire adenopathie "
    "adénopathie ganglio ganglios adenopatía linfonodo linfonodi linfonodale 淋巴结 リンパ節"
)
_NAMED = re.compile(r"(?:r\d+ )?(?P<kind>nt|tl|ntl|nl|t|n|new|target|non target|nontarget)\b ?\d*")
_YES = folded("yes|y|true|1|x|+|ja|oui|sí|si|sim|是|有")
_NO = folded("no|n|false|0|-|nein|non|não|nao|否|无|無")


def plain(cell: object) -> str:
    """Write a cell as it is compared: one case, blanks for every sign between words.

    Examples
    --------
    >>> plain("Non-Target_Lesion"), plain("NON-CR/NON-PD"), plain(None), plain(1.0)
    ('non target lesion', 'non cr non pd', '', '1')
    """
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return re.sub(r"[\s_\-–/.:,;()]+", " ", fold(plainly(str(cell)))).strip()


def kind_of(cell: object) -> str | None:
    """Read whether a lesion is a target, a non-target or a new one; None where it says neither.

    Examples
    --------
    >>> kind_of("Non-target"), kind_of("NT"), kind_of("new lesion"), kind_of("liver")
    ('non-target', 'non-target', 'new', None)
    """
    return _KIND_OF.get(plain(cell))


def kind_of_name(cell: object) -> str | None:
    """Read the kind off the name of a lesion.

    Examples
    --------
    >>> kind_of_name("T01"), kind_of_name("R1-NT02"), kind_of_name("NEW01"), kind_of_name("liver 1")
    ('target', 'non-target', 'new', None)
    """
    text = re.sub(r"(?<=[a-z])(?=\d)", " ", plain(cell))
    text = re.sub(r"^r (\d+) ", r"r\1 ", text)
    found = _NAMED.fullmatch(text)
    return None if found is None else _KIND_OF.get(found["kind"].strip())


def state_of(cell: object) -> str | None:
    """Read what became of a lesion; None where the words are not known.

    Examples
    --------
    >>> state_of("TSTM"), state_of("Unequivocal"), state_of("disappeared"), state_of("liver")
    ('too small to measure', 'unequivocal progression', 'absent', None)
    """
    return _STATE_OF.get(plain(cell))


def response_of(cell: object) -> str | None:
    """Read a response.

    Examples
    --------
    >>> response_of("pd"), response_of("NON-CR/NON-PD"), response_of("Stable disease")
    ('PD', 'non-CR/non-PD', 'SD')
    """
    return _RESPONSE_OF.get(plain(cell))


def yes_no(cell: object) -> bool | None:
    """Read yes or no.

    Examples
    --------
    >>> yes_no("Y"), yes_no("nein"), yes_no("liver")
    (True, False, None)
    """
    text = str(cell).strip().casefold() if plain(cell) == "" and cell is not None else plain(cell)
    if text in _YES:
        return True
    return False if text in _NO else None


def is_node(cell: object) -> bool:
    """Whether a site or a name is that of a lymph node.

    Examples
    --------
    >>> is_node("Axillary lymph node"), is_node("LN, left"), is_node("lung nodule")
    (True, True, False)
    """
    said = words(str(cell)) if cell is not None else ()
    return any(
        w in _NODES or w.startswith("lymphknoten") or "淋巴结" in w or "リンパ節" in w for w in said
    )
