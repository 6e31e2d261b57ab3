"""What the values of an event column mean: told only where it cannot be doubted.

Words in the cells are believed before the name of the column. 0 and 1 are read by the name; 1 and
2 are never guessed, because either is the event in tables that are in use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.reading.roles import names, vocabulary
from core.reading.roles.vocabulary import fold, folded, one_of

MOST_VALUES = 12
"""A column with more different values than this is no event column."""

_FROM_0_OR_1 = re.compile(r"([01])\s*:\s*\S.*")
_EXCEPT = vocabulary.EVENTS | {"status", "stat", "dead", "death"}


_FILLERS = folded(
    "of from due to the by a an am der des die de del du la le l d por per da do di a als"
)
_NUMBERED = re.compile(r"\A\s*+\(?[0-9]++\s*+[:=.)-]\s*(?=\D)")


def phrase(text: str) -> str:
    """Write a cell as statuses are compared: no number in front, marks or little words.

    Examples
    --------
    >>> phrase("1:DECEASED"), phrase("Died of the disease"), phrase("Am Leben")
    ('deceased', 'died disease', 'leben')
    """
    plain = re.sub(r"[\W_]+", " ", fold(_NUMBERED.sub("", text, count=1))).split()
    return " ".join([w for w in plain if w not in _FILLERS] or plain)


def phrases(listed: str) -> frozenset[str]:
    """Read a list of statuses between bars, each as it is compared.

    Examples
    --------
    >>> sorted(phrases("died of disease|décédé"))
    ['decede', 'died disease']
    """
    return frozenset(phrase(word) for word in folded(listed))


_DEAD = "dead died death deceased"
_OWN = (
    "disease|cancer|tumor|tumour|breast cancer|lung cancer|prostate cancer|colon cancer|"
    "primary cancer|this disease|with disease|with tumor|with tumour|with cancer|progression|"
    "disease progression|cancer progression|progressive disease"
)
_OTHER = (
    "other|other cause|other causes|other reason|other reasons|other disease|other diseases|"
    "another cause|unrelated cause|unrelated causes|non cancer|non cancer cause|"
    "non cancer causes|intercurrent disease|without disease|without tumor|without tumour|"
    "tumor free|disease free|without evidence of disease"
)


def _deaths(causes: str) -> str:
    pairs = [f"{d} {c}" for d in _DEAD.split() for c in one_of(causes)]
    return "|".join(pairs + [f"{c} death" for c in one_of(causes)])


STATUSES: Mapping[str, frozenset[str]] = {
    "death": phrases(
        "dead|died|death|deceased|expired|tot|Tod|verstorben|gestorben|décès|décédé|décédée|mort|"
        "morte|muerte|muerto|muerta|fallecido|fallecida|falleció|éxitus|exitus letalis|morto|"
        "morta|deceduto|deceduta|decesso|óbito|falecido|falecida|overleden|dood|死亡|死|已死亡|"
        "去世|已故"
    ),
    "disease": phrases(
        _deaths(_OWN)
        + "|dod|disease related death|cancer related death|tumorbedingt verstorben|tumortod|"
        "am tumor verstorben|tumor verstorben|décès lié cancer|décès cancer|mort cancer|"
        "muerte cáncer|muerto enfermedad|fallecido cáncer|morto malattia|"
        "原病死|癌死|癌死亡|肿瘤死亡|原癌死"
    ),
    "other": phrases(
        _deaths(_OTHER) + "|doc|nicht tumorbedingt verstorben|anderweitig verstorben|"
        "andere Ursache verstorben|verstorben andere Ursache|verstorben anderer Ursache|"
        "décès autre cause|décès autres causes|décédé autre cause|muerte otra causa|"
        "muerte otras causas|fallecido otra causa|muerto otra causa|morto altra causa|"
        "他病死|他癌死|其他原因死亡|他因死亡|非肿瘤死亡"
    ),
    "recurrence": phrases(
        "recurred|recurrence|relapse|relapsed|progressed|progression|recurred progressed|"
        "progressive disease|metastasis|distant metastasis|Rezidiv|Progress|progredient|"
        "Progredienz|Rezidiv Progress|Rückfall|récidive|rechute|recaída|recidiva|progresión|"
        "progressione|progressão|recorrência|recidief|progressie|复发|已复发|进展|已进展|复发进展|"
        "進行|増悪|再発|再发|再発あり|増悪あり"
    ),
    "event": phrases(
        "event|event occurred|event happened|had event|uncensored|not censored|Ereignis|événement|"
        "evento|gebeurtenis|事件|イベント|イベントあり|事件发生"
    ),
    "diseased": phrases(
        "awd|alive with disease|alive w disease|alive with tumor|alive with tumour|alive awd|"
        "lebt mit Tumor|lebt mit Erkrankung|vivo con enfermedad|担癌生存|带瘤生存"
    ),
    "censored": phrases(
        "alive|living|lived|censored|censor|no event|event free|not recurred|no recurrence|"
        "no relapse|no progression|not progressed|disease free|diseasefree|progression free|"
        "relapse free|recurrence free|tumor free|tumour free|alive or dead tumor free|ned|"
        "no evidence of disease|alive without disease|alive no evidence of disease|alive ned|"
        "alive disease free|not dead|survived|lost to follow up|lost followup|ltfu|"
        "lebt|lebend|am Leben|Leben|zensiert|kein Ereignis|kein Rezidiv|kein Progress|rezidivfrei|"
        "tumorfrei|progressionsfrei|krankheitsfrei|ereignisfrei|lebt ohne Tumor|"
        "vivant|vivante|en vie|censuré|censurée|pas événement|sans événement|sans récidive|"
        "pas de récidive|non décédé|perdu de vue|vivo|viva|censurado|sin evento|sin recaída|"
        "sin progresión|libre de enfermedad|vivente|in vita|censurato|nessun evento|"
        "libero da malattia|censurada|sem evento|levend|in leven|gecensureerd|geen event|"
        "geen gebeurtenis|生存|存活|生存中|健在|打ち切り|打切り|打ち切り例|イベントなし|無再発|"
        "再発なし|増悪なし|无事件|未复发|无复发|未进展|无进展|删失|截尾|未死亡"
    ),
}


@dataclass(frozen=True)
class Coding:
    """What the values of an event column mean.

    Attributes
    ----------
    event : tuple of str
        The event happened; never empty.
    competing : tuple of str
        Another event came first, so that this one cannot happen any more.
    censored : tuple of str
        Neither had happened when the patient was last seen.
    reason : str
        Why this is believed.
    """

    event: tuple[str, ...]
    competing: tuple[str, ...]
    censored: tuple[str, ...]
    reason: str


def guess_coding(name: str, values: Sequence[str]) -> Coding | None:
    """Tell events, competing events and censored apart.

    Parameters
    ----------
    name : str
        The column's name: 1 means the event in "death" and the opposite in "alive", and nobody
        knows in "censored".
    values : sequence of str
        The different values there are, without missing ones.

    Returns
    -------
    Coding or None
        None wherever two readings are possible; {1, 2} always are.

    Examples
    --------
    >>> found = guess_coding("vital", ["Died of Disease", "Died of Other Causes", "Living"])
    >>> found.event, found.competing, found.censored
    (('Died of Disease',), ('Died of Other Causes',), ('Living',))
    >>> guess_coding("OS_STATUS", ["Died of Disease", "Died of Other Causes", "Living"]).event
    ('Died of Disease', 'Died of Other Causes')
    """
    if not 1 <= len(values) <= MOST_VALUES:
        return None
    if explained := legend(name):
        return _from_legend(name, values, explained)
    kinds = {v: kind_of(v) for v in values}
    if all(kinds.values()):
        return _from_words(name, kinds)
    if names.is_censoring(name):
        return None
    if set(values) <= {"0", "1"}:
        happened, reason = _from_01(name, values)
    elif all(_FROM_0_OR_1.fullmatch(v) for v in values):
        happened, reason = _from_numbered(kinds), "its levels begin with 0: and 1:"
    else:
        happened, reason = _from_yes(name, values)
    censored = tuple(v for v in values if v not in happened)
    return Coding(happened, (), censored, reason) if happened else None


_LEGEND = re.compile(r"(?<![\w.])([0-9])\s*[=:]\s*([^\W\d_][^,;:=()\[\]/|0-9]*)")


def legend(text: str) -> dict[str, str]:
    """Read the codes that a name or a label explains.

    Examples
    --------
    >>> legend("Status (1=dead, 2 = alive)"), legend("status")
    ({'1': 'dead', '2': 'alive'}, {})
    """
    return {code: words.strip() for code, words in _LEGEND.findall(text)}


def _from_legend(name: str, values: Sequence[str], explained: Mapping[str, str]) -> Coding | None:
    """The coding that a name explains, for example "OS status (0=alive, 1=dead)"."""
    kinds = {v: kind_of(explained[v]) for v in values if v in explained}
    if len(values) == 2 and len(kinds) == 1 and len(explained) == 1:
        # "1=dead" says what the other of two values means as well.
        (kind,) = kinds.values()
        other = next(v for v in values if v not in kinds)
        kinds[other] = "death" if kind == "censored" else "censored"
    if len(kinds) < len(values) or not all(kinds.values()):
        return _from_spoken_yes(name, values, explained)
    found = _from_words(name, kinds)
    return found and replace(found, reason="its name or label explains the codes")


def _from_spoken_yes(
    name: str, values: Sequence[str], explained: Mapping[str, str]
) -> Coding | None:
    """The coding of "Death (1=yes, 0=no)"; the legend itself is no part of the name."""
    if not set(values) <= set(explained):
        return None
    bare = _LEGEND.sub(" ", name)
    happened, _ = _from_yes(bare, [explained[v] for v in values])
    meant = tuple(v for v in values if explained[v] in happened)
    censored = tuple(v for v in values if v not in meant)
    return Coding(meant, (), censored, "its name explains the codes") if meant else None


def is_doubtful(text: str) -> bool:
    """Whether a name or label speaks of censoring or of being alive: then 1 can mean either.

    Examples
    --------
    >>> is_doubtful("censoring indicator"), is_doubtful("vital status"), is_doubtful("death")
    (True, True, False)
    """
    return names.is_censoring(text) or names.says(names.words(text), vocabulary.EITHER_WAY)


def kind_of(value: str) -> str:
    """Key of `STATUSES` under which a cell stands; empty where it stands under none.

    Examples
    --------
    >>> kind_of("1:DECEASED"), kind_of("Grade 2")
    ('death', '')
    """
    said = phrase(value)
    return next((kind for kind, phrases in STATUSES.items() if said in phrases), "")


def _from_words(name: str, kinds: Mapping[str, str]) -> Coding | None:
    """What statuses in words mean; None where they can be read in two ways."""
    said = names.words(name)
    overall = names.says(said, vocabulary.OVERALL)
    composite = names.says(said, vocabulary.COMPOSITE)
    present = set(kinds.values())
    died = present & {"death", "disease", "other"}
    competing: tuple[str, ...] = ()
    reason = "its levels say so in words"
    if "diseased" in present and composite:
        return None  # "alive with disease" may be the event of a disease-free survival
    if died and present & {"recurrence", "event"} and not composite:
        return None  # whether who relapsed has died is not said
    if "other" in died and not (overall or composite):
        if died != {"disease", "other"}:
            return None
        competing = tuple(v for v, kind in kinds.items() if kind == "other")
        reason += ": deaths of other causes compete with those of the disease"
    elif len(died) > 1 and overall:
        reason += ": a death of any cause is the event"
    elif len(died) > 1 and not composite:
        return None
    not_event = ("censored", "diseased")
    event = tuple(v for v, k in kinds.items() if k not in not_event and v not in competing)
    censored = tuple(v for v, k in kinds.items() if k in not_event)
    return Coding(event, competing, censored, reason) if event else None


def _from_01(name: str, values: Sequence[str]) -> tuple[tuple[str, ...], str]:
    said = names.words(name)
    # "Vital status" and "relapse-free status" are written both ways round.
    if _is_negated(said) or names.says(said, vocabulary.EITHER_WAY):
        return (), ""
    if names.says(said, vocabulary.REVERSED) and not set(said) & _EXCEPT:
        return (), ""
    # A column of nothing but 1 may be the half of a 1/2 coding that this table happens to hold.
    if "0" not in values and not _names_event(said):
        return (), ""
    return ("1",), "it is coded 0 and 1, and its name does not speak of censoring"


def _from_numbered(kinds: Mapping[str, str]) -> tuple[str, ...]:
    """Levels like those of cBioPortal, unless the words of one say the opposite."""
    event_at_0 = any(v[0] == "0" and k and k not in ("censored", "other") for v, k in kinds.items())
    censored_at_1 = any(v[0] == "1" and k in ("censored", "other") for v, k in kinds.items())
    if event_at_0 or censored_at_1:
        return ()
    return tuple(v for v in kinds if v.startswith("1"))


def _from_yes(name: str, values: Sequence[str]) -> tuple[tuple[str, ...], str]:
    said = names.words(name)
    if not _names_event(said) or _is_negated(said) or names.says(said, vocabulary.REVERSED):
        return (), ""
    happened = tuple(v for v in values if fold(v) in vocabulary.YES)
    if all(v in happened or fold(v) in vocabulary.NO for v in values):
        return happened, "its name is that of the event and its levels are yes and no"
    return (), ""


def _names_event(said: Sequence[str]) -> bool:
    return names.says(said, vocabulary.DIRECT_EVENTS | vocabulary.EVENTS)


def _is_negated(said: Sequence[str]) -> bool:
    return any(w in vocabulary.NEGATIONS or w[0] in "无無未非" for w in said)
