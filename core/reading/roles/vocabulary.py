"""The words of names and of cells that say what a column is, in the languages of the tables.

English first, then German, French, Spanish, Italian, Portuguese, Dutch, Chinese and Japanese.
Written as they are spelled; compared without accents and in lower case (`folded`). A word that
is common in another sense ("mes", "tag", "ano", "an") is left out: a wrong guess makes every
number wrong, a question costs one click.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping


def without_marks(text: str) -> str:
    """Take the accents off Latin letters, and make full-width signs plain ones.

    Examples
    --------
    >>> without_marks("Überlebenszeit"), without_marks("ガ")
    ('Uberlebenszeit', 'ガ')
    """
    apart = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", apart))


def fold(text: str) -> str:
    """Write a text as it is compared: no accents, one case.

    Examples
    --------
    >>> fold("DÉCÈS"), fold("Größe")
    ('deces', 'grosse')
    """
    return without_marks(text).casefold()


def one_of(listed: str) -> frozenset[str]:
    """Read a list of words separated by blanks, or by bars where words have blanks in them.

    Examples
    --------
    >>> sorted(one_of("dead|died of disease"))
    ['dead', 'died of disease']
    """
    return frozenset(listed.split("|" if "|" in listed else None))


def folded(listed: str) -> frozenset[str]:
    """Read a list like `one_of`, each word as it is compared; ä is found as "ae" too.

    Examples
    --------
    >>> sorted(folded("Überleben décès"))
    ['deces', 'uberleben', 'ueberleben']
    """
    found = set()
    for word in one_of(listed):
        for letter, pair in (("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")):
            word = word.replace(letter, pair).replace(letter.lower(), pair.lower())
        found |= {fold(word)}
    return frozenset(found | {fold(w) for w in one_of(listed)})


_UNITS: Mapping[str, str] = {
    "days": "d day days Tage Tagen jours jour días dias giorni giorno dagen 天 日 日数 天数",
    "weeks": "wk wks week weeks Woche Wochen semaine semaines semana semanas settimana settimane "
    "weken 周 周数 週 週間 週数 星期",
    "months": "mo mos mon mth mths month months Monat Monate Monaten mois meses mesi mese maand "
    "maanden 月 个月 個月 ヶ月 カ月 か月 ケ月 ヵ月 箇月 月数",
    "years": "yr yrs year years Jahr Jahre Jahren ans année années años anos anni jaar jaren 年 "
    "年間 年数",
}
UNIT_WORDS = {word: unit for unit, listed in _UNITS.items() for word in folded(listed)}
CALENDAR = folded("year d Jahr année jaar 年 日 月 Monat")
"""Units that alone are when a patient was treated, not how long he was followed."""

ENDPOINTS = {
    "os": "Overall survival",
    "pfs": "Progression-free survival",
    "dfs": "Disease-free survival",
    "rfs": "Recurrence-free survival",
    "efs": "Event-free survival",
    "dss": "Disease-specific survival",
    "css": "Cancer-specific survival",
    "dmfs": "Distant metastasis-free survival",
    "lrfs": "Locoregional recurrence-free survival",
    "ttp": "Time to progression",
    "tdm": "Time to distant metastasis",
    **dict.fromkeys(folded("Gesamtüberleben 总生存期 全生存期間"), "Overall survival"),
    **dict.fromkeys(
        folded("progressionsfreies 无进展生存期 無増悪生存期間"), "Progression-free survival"
    ),
    **dict.fromkeys(
        folded("rezidivfreies 无复发生存期 無再発生存期間"), "Recurrence-free survival"
    ),
    **dict.fromkeys(
        folded("krankheitsfreies 无病生存期 無病生存期間 無病生存期"), "Disease-free survival"
    ),
}

LONE_TIMES = folded(
    "time times futime survtime lenfol Zeit Überlebenszeit temps délai tiempo tempo tijd 时间 時間"
)
"""Names that on their own are the time of follow-up."""

TIME_WORDS = frozenset(ENDPOINTS) | folded(
    "time times futime survtime survival surv duration followup fu lenfol "
    "Zeit Überleben Überlebenszeit Gesamtüberleben Nachbeobachtung Nachbeobachtungszeit "
    "Nachbeobachtungsdauer Beobachtungszeit Beobachtungsdauer Nachsorgezeit "
    "temps délai survie suivi tiempo supervivencia sobrevida seguimiento "
    "tempo sopravvivenza sobrevivência sobrevida acompanhamento tijd overleving opvolging "
    "生存 生存期 生存時間 生存时间 生存期間 生存期间 随访 随访时间 随访期 観察期間 追跡期間 "
    "无进展生存 总生存"
)
# Words that make a column something else, even beside a word of time. An operation takes time
# as well.
NOT_TIME = folded(
    "id age birth diagnosis diag diagtime since from prior before entry interval "
    "status event date score risk group surgery surgical operation operative op hospital stay "
    "Alter Geburt Diagnose seit vor Datum Ereignis Aufenthalt Operationszeit "
    "naissance depuis avant statut état événement edad nacimiento desde fecha estado evento "
    "età nascita stato idade nascimento leeftijd geboorte Therapiezeit Wartezeit Liegezeit "
    "年齢 年龄 診断 诊断 确诊 日付 日期 手術 手术 住院 入院 出生 生年月日 状态 状態 事件 イベント"
)

_ORGANS = folded(
    "liver hepatic bone skeletal lung pulmonary brain cerebral visceral pleura pleural skin nodal "
    "lymph node axillary adrenal organ initial baseline synchronous Leber Knochen Lunge Hirn "
    "foie cerveau hígado hueso pulmón fegato ossa polmone 肝 骨 肺 脑 脳 淋巴"
)
# "death_cause" or "prior_relapse" must not be taken for the event.
# Metastases of the liver are a finding at baseline.
NOT_EVENT = (
    frozenset(UNIT_WORDS)
    | _ORGANS
    | folded(
        "prior previous history cause date type site risk score time age "
        "Datum Ursache Art Ort Zeit Risiko Alter Zeitpunkt vorherig vorherige früher frühere "
        "fecha causa tipo edad temps délai lieu âge tiempo tempo antecedent antécédent antécédents "
        "antecedentes anterior precedente precedenti oorzaak datum leeftijd tijd "
        "日期 日付 原因 时间 時間 年齢 年龄 期間 部位 既往 病史 死因"
    )
)
GENERIC_EVENTS = folded(
    "status stat event events fustat fstat vital Vitalstatus Ereignis statut événement estado "
    "evento stato gebeurtenis 状态 状態 结局 結局 事件 イベント 転帰 转归"
)
EVENTS = folded("event events Ereignis événement evento gebeurtenis 事件 イベント")
DIRECT_EVENTS = folded(
    "death dead died deceased recur recurred recurrence relapse relapsed "
    "progression progressed progress metastasis arrest "
    "Tod verstorben gestorben Rezidiv Progress Progredienz progredient Rückfall "
    "décès décédé décédée mort récidive rechute muerte muerto fallecido fallecida fallecimiento "
    "éxitus recaída recidiva progresión morte deceduto deceduta decesso progressione "
    "óbito falecido falecida recorrência progressão overleden overlijden recidief progressie "
    "死亡 复发 進行 进展 増悪 再発 再发"
)
# With these, 1 may well mean that nothing happened.
REVERSED = folded(
    "alive living survival survived survivor surviving free vital Vitalstatus Überleben überlebt "
    "Überlebensstatus Lebensstatus lebt lebend rezidivfrei tumorfrei progressionsfrei "
    "vivant vivante vie survie libre vivo viva supervivencia sobrevida "
    "vivente sopravvivenza libero sobrevivência livre levend overleving vrij "
    "生存 存活 健在 無再発 无复发"
)
# "Vital status" and "survival status" are written both ways round.
EITHER_WAY = REVERSED - {"survival", "survived", "survivor", "surviving"}
OVERALL = folded("os overall Gesamtüberleben globale global totale 总生存 总生存期 全生存期間")
COMPOSITE = folded("pfs dfs rfs efs 无进展生存期 无病生存期 無増悪生存期間 無病生存期間")
CENSORING = folded("cens cnsr uncens zens unzens gecens 删失 刪失 截尾 打ち切り 打切り 打切 打ち切")

NEGATIONS = folded("no not non without ohne kein keine sans sin senza sem zonder 无 無 未")
"""A column "no recurrence" says the opposite of "recurrence"."""

STEM_DROPS = folded(
    "time times duration followup in to status stat event events cens censor censored cnsr "
    "censoring indicator flag Zeit Ereignis en in tiempo temps délai estado statut stato "
    "événement evento tempo tijd 状态 状態 事件 イベント 时间 時間 期間"
) | set(UNIT_WORDS)
STEM_ENDS = ("time", "zeit", "status", "stat", "event", "ereignis")

PERSONS = folded(
    "patient patients patienten pat pt subject case Fall Proband Teilnehmer paciente paciënt "
    "patiënt paziente participant participante sujet sujeto dossier "
    "患者 病人 症例 受试者 被験者 病案 病历 住院 登録"
)
ENTRIES = folded(
    "entry entrytime tstart delayed truncation lefttruncation Eintritt Eintrittszeit 截断 登録時期"
)
"""Names of a delayed entry: the time from which a patient is under observation."""

STARTS = folded(
    "diagnosis diag diagnosed randomisation randomization randomised randomized enrolment "
    "enrollment inclusion surgery operation start baseline treatment Diagnose Erstdiagnose ED "
    "Operation Beginn Therapiebeginn Einschluss diagnostic début inicio diagnóstico inizio início "
    "确诊 诊断 手术 入组 診断 手術 開始"
)
LASTS = folded(
    "last followup contact censoring cutoff letzter letzte letztes Nachsorge Kontakt dernière "
    "dernier suivi última último seguimiento ultimo ultima laatste 末次 随访 最終"
)
"""With these two lists the dates of a table are told apart."""

NUMBERS = folded(
    "id no nr num number nummer numéro numero número code kennung 番号 编号 編号 編號 号 識別"
)
IDS = folded(
    "id pid mrn usubjid subjid patientid patid patientno patno patnr caseno Patientennummer "
    "Patientennr Patientenid Patienten-ID Fallnummer Fallnr Probandennummer Pseudonym NIP NHC "
    "patiëntnummer 编号 編号 編號 病案号 患者番号 患者编号 住院号 症例番号 登録番号 患者id 病历号"
)
NOT_IDS = folded(
    "study trial site sample center centre hospital tumor other Studie Zentrum Probe Klinik "
    "étude essai échantillon centro estudio muestra studio campione estudo amostra 研究 施設 标本"
)

# Cells ----------------------------------------------------------------------------------------

YES = folded("yes y true ja j oui si sí s sim 是 有 はい あり 有り")
NO = folded("no n false nein non não nao nee 否 无 無 いいえ なし 無し")
