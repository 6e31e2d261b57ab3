"""Words that stand for a value that is not known, in the languages of the tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Set

from core.notes import Note, counted, were
from core.reading.roles.vocabulary import fold, folded, one_of

_SIGNS = one_of("|.|..|...|…|-|--|---|–|—|/|//|?|??|<NA>")
_ERRORS = one_of(
    "#DIV/0!|#REF!|#VALUE!|#NAME?|#NUM!|#NULL!|#N/V|#NV|#BEZUG!|#WERT!|#ZAHL!|#VALEUR!|#NOM?"
)
_HARD = folded(
    "NA|N/A|N.A.|#N/A|#N/A N/A|NaN|-nan|NaT|NULL|missing|not available|not evaluated|NP|n.d.|"
    "[Not Available]|[Not Applicable]|[Not Evaluated]|[Unknown]|[Discrepancy]|[Completed]|"
    "[Pending]|[Missing]|(missing)|<missing>|k.A.|k. A.|keine Angabe|keine Angaben|fehlt|fehlend|"
    "manquant|donnée manquante|non disponible|non renseigné|no disponible|sin dato|sin datos|"
    "non disponibile|ontbreekt|não disponível|未知|不详|不詳|缺失|未做|未测|未測|未查|欠測|欠損"
)
_SOFT = folded(
    "unknown|unk|uk|un|u|none|no data|nd|not done|not applicable|not known|not reported|"
    "not recorded|not performed|not tested|not assessed|not assessable|not evaluable|"
    "not determined|not measured|undetermined|unavailable|indeterminate|pending|nr|n.e.|n.r.|"
    "nil|unbekannt|unklar|nicht bekannt|nicht durchgeführt|nicht bestimmt|nicht erhoben|"
    "nicht zutreffend|entfällt|keine|inconnu|inconnue|non connu|non fait|non réalisé|"
    "non applicable|aucun|desconocido|desconocida|no realizado|no aplica|ninguno|sconosciuto|"
    "non noto|non eseguito|non applicabile|nessuno|desconhecido|não realizado|onbekend|"
    "niet gedaan|niet bekend|无|無|なし|不明|未検|未施行|不适用|未检|未行|未実施"
)

TELL = _ERRORS | {"None", "?", "??"}
"""Missing words that a reader should hear of: spreadsheet errors, and what could be a level."""

DOUBTFUL = one_of("None|-|--|–|/|?|NP|.")
"""Hard words that a list of value labels may well mean literally."""

MISSING = _SIGNS | _ERRORS | one_of("NA|N/A|n/a|na|#N/A|NaN|nan|NaT|NULL|Null|null|None")
"""The common ones as they are written: for the quick road over many cells."""

_POSITIVE = one_of("+|++|+++|++++|(+)|±|+/-|pos|pos.|positive|positiv|1+|2+|3+")


def is_hard(word: str) -> bool:
    """Whether a word means "not known" in every column.

    Examples
    --------
    >>> [is_hard(w) for w in ("", "n/a", "未知", "none", "None", "#DIV/0!", "unknown")]
    [True, True, True, False, True, True, False]
    """
    return word in MISSING or (_may_be(word) and fold(word) in _HARD)


def is_soft(word: str) -> bool:
    """Whether a word means "not known" among numbers and dates, and may be a level elsewhere.

    Examples
    --------
    >>> [is_soft(w) for w in ("Unknown", "无", "not done", "negative")]
    [True, True, True, False]
    """
    return _may_be(word) and fold(word) in _SOFT


def is_negative_sign(words: Set[str]) -> bool:
    """Whether a lone ``-`` among these words stands for "negative" and not for "missing".

    Examples
    --------
    >>> is_negative_sign({"+", "-"}), is_negative_sign({"A", "-"})
    (True, False)
    """
    return any(fold(word).translate(_WIDE) in _POSITIVE for word in words)


def told_notes(name: str, missing: Mapping[str, int]) -> tuple[Note, ...]:
    """Warn of the missing words that a reader should hear of.

    Examples
    --------
    >>> told_notes("drug", {"None": 2, "NA": 5})[0].text
    "2 cells of 'drug' that say None were read as missing."
    """
    told = Counter[str]()
    for raw, n in missing.items():
        if (word := raw.strip()) in TELL:
            told[word] += n
    return tuple(_told(name, word, n) for word, n in told.items())


def _told(name: str, word: str, n: int) -> Note:
    text = f"{counted(n, 'cell')} of '{name}' that {'says' if n == 1 else 'say'} {word}"
    return Note("warning", name, f"{text} {were(n)} read as missing.", "changed", n)


def _may_be(word: str) -> bool:
    """Spare millions of identifiers the comparison without accents: no such word has a digit."""
    return len(word) < 25 and _DIGIT.search(word) is None


_DIGIT = re.compile("[0-9]")
_WIDE: Mapping[int, str] = {0xFF0B: "+", 0xFF08: "(", 0xFF09: ")"}
