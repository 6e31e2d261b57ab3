"""Words by which the columns of a sheet of PET lesions, and bones among its sites, are known.

Only columns are proposed from these lists, and sites put under "bone": what is used is always
shown, and can be changed.
"""

from __future__ import annotations

import re

from core.reading.roles.names import says, words
from core.reading.roles.vocabulary import fold, folded

MEASURES = ("suv_max", "suv_mean", "mtv", "tlg")

_LESION = folded(
    "lesion metastasis met nodule focus roi voi tumor tumour deposit Läsion Herd Metastase lésion "
    "foyer lesión lesione lesão laesie 病灶 病変 病变 结节"
)
_LESIONS = folded("lesions Läsionen Laesionen lésions lesiones lesioni lesões foci metastases")
_COUNTING = folded("n count counts total sum of anzahl nombre numero_de max Summe somme 总数 数量")
_SITE = folded(
    "site location localisation localization organ organs region anatomy anatomic anatomical "
    "Lokalisation Ort Organe Sitz siège localización órgano sede organo localização órgão "
    "locatie orgaan 部位 位置 器官 臓器"
)
_NOT_SITE = folded(
    "primary study trial center centre hospital number count n sites id index no nr Studie "
    "Zentrum Primärtumor"
)
_OTHER_VALUE = folded(
    "ratio delta change diff difference background bg reference blood pool log ln z percent tbr "
    "norm normal normalised normalized rank"
)
_MAX = ("max", "maximum", "maximal", "maximo", "maximale", "massimo", "最大")
_MEAN = (
    "mean", "avg", "average", "mittel", "mittelwert", "moy", "moyen", "moyenne", "medio", "media",
    "promedio", "gemiddeld", "平均",
)  # fmt: skip
_VOLUME = folded("volume vol volumen Volumina volumes 体积 体積 容積")

_BONE = folded(
    "bone bones osseous bony skeletal skeleton axial spine vertebra vertebrae vertebral rib ribs "
    "pelvis sternum sternal femur femoral humerus humeral skull calvaria scapula scapular clavicle "
    "clavicular ilium iliac sacrum sacral acetabulum acetabular ischium ischial pubis pubic tibia "
    "fibula mandible maxilla coccyx manubrium marrow "
    "Knochen Skelett ossär ossäre Wirbelsäule Wirbel Wirbelkörper BWS LWS HWS Rippe Rippen Becken "
    "Schädel Schulterblatt Schlüsselbein Kreuzbein Darmbein "
    "os osseux osseuse vertèbre vertèbres rachis côte côtes bassin crâne "
    "hueso huesos óseo ósea columna vértebra vértebras costilla costillas "
    "osso ossa ossea osseo vertebre costa coste bacino colonna bot botten wervel rib "
    "骨 骨头 骨骼 骨转移 椎体 脊椎 脊柱 肋骨 骨盆 胸骨 股骨 颅骨 肩胛骨 骶骨 髂骨 骨転移"
)
# The iliac nodes, the spinal canal and the pelvic wall are no bones.
_NOT_BONE = folded(
    "node nodes nodal lymph ln lns lymphatic lymphadenopathy Lymphknoten LK ganglion ganglions "
    "ganglio ganglios linfonodo linfonodi lymfeklier cord canal meninges leptomeningeal muscle "
    "soft artery vessel non no not extra without ohne sans sin liver lung "
    "淋巴 淋巴结 リンパ リンパ節"
)
_VERTEBRA = re.compile(r"\b(?:th|bwk|lwk|hwk)\s?\d{1,2}\b")
_ORGANS = folded(
    "liver hepatic lung pulmonary brain breast skin pleura pleural adrenal peritoneum peritoneal "
    "kidney spleen ovary pancreas muscle node nodes lymph ln nodal axilla axillary mediastinum "
    "mediastinal chest hilar hilum neck cervical soft tissue Leber Lunge Hirn Haut Nebenniere "
    "Lymphknoten LK foie poumon cerveau hígado pulmón cerebro fegato polmone cervello "
    "肝 肝脏 肺 脑 脳 乳腺 淋巴 淋巴结 胸膜 皮肤"
)
_TOTALS = folded(
    "total totals sum all overall mean average whole wb patient Summe gesamt alle Mittelwert "
    "somme tous moyenne suma todas totale 合计 总计 总和 平均 全部 合計"
)
_NUMBERED = re.compile(r"[\s_\-#.,:(]*(?:no\.?|nr\.?|#)?\s*\d+\s*\)?$", re.IGNORECASE)


def measure(name: str) -> str | None:
    """Tell which measure of a lesion a column holds by its name.

    Returns
    -------
    {"suv_max", "suv_mean", "mtv", "tlg", "suv"} or None
        ``suv`` where the name says SUV and not which.

    Examples
    --------
    >>> [measure(n) for n in ("SUVmax", "Mean SUV", "MTV (cm3)", "Volume [mL]", "TLG", "SUV")]
    ['suv_max', 'suv_mean', 'mtv', 'mtv', 'tlg', 'suv']
    >>> measure("SUVmax ratio"), measure("age"), measure("SUVpeak")
    (None, None, None)
    """
    said = words(name)
    glued = "".join(said)
    if says(said, _OTHER_VALUE):
        return None
    if "tlg" in said or "tlg" in glued or "glycolysis" in said:
        return "tlg"
    if "suv" in glued:
        return _suv(glued)
    if "mtv" in glued or says(said, _VOLUME):
        return "mtv"
    return None


def _suv(glued: str) -> str | None:
    if any(word in glued for word in _MEAN):
        return "suv_mean"
    if any(word in glued for word in _MAX):
        return "suv_max"
    return "suv" if re.fullmatch(r"(?:fdg|fes|pet)?suv(?:bw|lbm)?(?:gml)?", glued) else None


def rank(name: str, found: str) -> int:
    """Order columns that hold the same measure: the plainest name is 0.

    Examples
    --------
    >>> rank("MTV", "mtv"), rank("tumour volume", "mtv"), rank("MTV 41 %", "mtv")
    (0, 4, 2)
    """
    said = words(name)
    plain = {"suv_max": "suvmax", "suv_mean": "suvmean"}.get(found, found)
    glued = "".join(said)
    return 2 * (not glued.startswith(plain)) + 2 * (glued != plain) * (len(said) > 1)


def is_lesion(name: str) -> bool:
    """Whether a name is that of the number or name of a lesion.

    Examples
    --------
    >>> [is_lesion(n) for n in ("Lesion", "lesion no.", "n_lesions", "Number of lesions")]
    [True, True, False, False]
    >>> is_lesion("Lesion site"), is_lesion("ROI name")
    (False, True)
    """
    said = words(name)
    if says(said, _LESIONS) or says(said, _COUNTING) or is_site(name):
        return False
    return says(said, _LESION) and len(said) <= 3


def is_site(name: str) -> bool:
    """Whether a name is that of the place of a lesion.

    Examples
    --------
    >>> [is_site(n) for n in ("Site", "Lesion location", "organ", "Study site", "n_sites")]
    [True, True, True, False, False]
    """
    said = words(name)
    return says(said, _SITE) and not says(said, _NOT_SITE)


def is_bone(site: str) -> bool:
    """Whether the name of a site is that of bone.

    Examples
    --------
    >>> [is_bone(s) for s in ("Bone", "L4 vertebra", "iliac bone", "Th12", "Rippe", "骨")]
    [True, True, True, True, True, True]
    >>> [is_bone(s) for s in ("liver", "iliac lymph node", "non-bone", "spinal cord", "L1")]
    [False, False, False, False, False]
    """
    said = words(site)
    if says(said, _NOT_BONE):
        return False
    return says(said, _BONE) or _VERTEBRA.search(fold(site)) is not None


def is_place(text: str) -> bool:
    """Whether a text names an organ, as lesions are often called by where they are.

    Examples
    --------
    >>> is_place("Liver 2"), is_place("rib"), is_place("L1")
    (True, True, False)
    """
    return says(words(text), _ORGANS) or is_bone(text)


def is_total(text: str) -> bool:
    """Whether a cell in the place of a lesion's name says that the row sums up others.

    Examples
    --------
    >>> is_total("Total"), is_total("whole body"), is_total("liver"), is_total("sum 3")
    (True, True, False, True)
    """
    said = words(text)
    return bool(said) and says(said[:1], _TOTALS)


def place_of(text: str) -> str:
    """The place that the name of a lesion says, without the number behind it.

    Examples
    --------
    >>> place_of("Liver 2"), place_of("bone #1"), place_of("7")
    ('Liver', 'bone', '7')
    """
    return _NUMBERED.sub("", text).strip() or text


def volume_unit(name: str, unit: str = "") -> str:
    """Tell the unit of a volume from the column's name or its own unit.

    Returns
    -------
    {"mL", "mm3", ""}
        Empty where neither says one.

    Examples
    --------
    >>> volume_unit("MTV (cm³)"), volume_unit("MTV_mm3"), volume_unit("MTV"), volume_unit("V", "ml")
    ('mL', 'mm3', '', 'mL')
    """
    said = fold(f"{name} {unit}")
    if re.search(r"(?<![a-z])(?:mm\s?\^?\s?3|cmm|cu\.? ?mm|[µμu]l)(?![a-z])", said):
        return "mm3"
    if re.search(r"(?<![a-z])(?:c?cm\s?\^?\s?3|ccm|cc|ml)(?![a-z])", said):
        return "mL"
    return ""
