"""Names of markers and of clinical groups that studies of tumours measure, for proposals only.

Nothing is computed from these lists: they put the columns that are probably meant in front.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from core.reading.roles.names import says, words
from core.reading.roles.vocabulary import folded

_MOST_WORDS = 8
"""Longer names are those of features that a program computes by the hundred."""

_MARKERS: Mapping[str, frozenset[str]] = {
    "uptake in PET": folded("suv suvmax suvmean suvpeak sul sulpeak sulmax tbr suvr suvtot"),
    "heterogeneity in PET": folded("hi cov heterogeneity heterogeneityindex entropy texture"),
    "tumour volume in PET": folded("mtv tlg tmtv ttlg wbmtv wbtlg gtv"),
    "proliferation": folded("ki67 mib mitoses mitotic"),
    "receptor": folded(
        "er pr pgr progrec estrec oestrogen estrogen progesterone ar fes fdht Östrogenrezeptor "
        "Progesteronrezeptor 雌激素受体 孕激素受体"
    ),
    "tumour marker in blood": folded("ca153 ca125 ca199 cea psa afp ldh nse cyfra scc ctdna"),
    "blood value": folded(
        "alp crp albumin albumine Albumin hemoglobin haemoglobin Hämoglobin hb nlr plr neutrophils "
        "lymphocytes platelets bili bilirubin creatinine Kreatinin wbc 白蛋白 血红蛋白"
    ),
    "gene expression or mutation burden": folded("tmb tils til pdl1 cps tps recurrencescore"),
    "age": folded("age Alter âge edad età idade leeftijd 年龄 年齢"),
    "nodes": folded("nodes pnodes Lymphknoten ganglions ganglios 淋巴结 リンパ節"),
    "size": folded(
        "tsize size diameter Größe Tumorgröße Durchmesser taille tamaño 肿瘤大小 腫瘍径 直径"
    ),
    "performance": folded("karno karnofsky kps"),
}
_GROUPS: Mapping[str, frozenset[str]] = {
    "grade": folded("grade grading tgrade Grad nhg sbr 分级 異型度"),
    "stage": folded("stage staging Stadium stade estadio stadio ajcc figo tnm pt pn cm 分期 病期"),
    "subtype": folded("subtype subtypes pam50 molecular histology histological 分型 病理类型"),
    "receptor": folded("er pr pgr her2 hr erbb2 hormone receptor triple tnbc Rezeptor 受体"),
    "menopause": folded("menopause menopausal meno menostat Menopause 绝经 閉経"),
    "metastasis": folded(
        "metastasis metastases mets met visceral liver bone lung brain pleura Metastase Metastasen "
        "Leber Knochen Lunge Hirn foie hígado fegato 肝 骨 肺 脑 转移 転移"
    ),
    "line of therapy": folded("line lines Linie Therapielinie ligne línea linea 线 治疗线数"),
    "treatment": folded(
        "treatment therapy arm trt trt01p rx chemo chemotherapy hormon horth hormone radiotherapy "
        "radiation surgery Therapie Behandlung Arm traitement tratamiento 治疗 化疗 治療"
    ),
    "sex": folded("sex gender Geschlecht sexe sexo sesso 性别 性別"),
    "performance": folded("ecog who performance ps karno"),
    "nodes": folded("nodal node n lymph Nodalstatus 淋巴结"),
    "site": folded("site primary laterality side Lokalisation Seite 部位"),
    "smoking": folded("smoking smoker Raucher tabac 吸烟 喫煙"),
    "response": folded("response responder recist percist"),
}


def marker(name: str) -> str | None:
    """Return what kind of marker a name speaks of, or None.

    Examples
    --------
    >>> marker("SUVmax"), marker("Ki-67 (%)"), marker("CA 15-3"), marker("remarks")
    ('uptake in PET', 'proliferation', 'tumour marker in blood', None)
    """
    return _find(name, _MARKERS)


def group(name: str) -> str | None:
    """Return what kind of clinical group a name speaks of, or None.

    Examples
    --------
    >>> group("liver_metastasis"), group("Tumor Grade"), group("menostat"), group("remarks")
    ('metastasis', 'grade', 'menopause', None)
    """
    return _find(name, _GROUPS)


def _find(name: str, lists: Mapping[str, frozenset[str]]) -> str | None:
    said = words(name)
    if not 1 <= len(said) <= _MOST_WORDS:
        return None
    glued = "".join(said)
    # Ki-67, CA 15-3, HER-2 and PD-L1 are written with and without their signs.
    forms = {*said, *(a + b for a, b in pairwise(said)), glued}
    forms |= {"".join(said[i : i + 3]) for i in range(len(said) - 2)}
    # A short word is the marker only in front: "ER status" is one, "TRT01PN" is not pN.
    forms = {f for f in forms if len(f) > 2 or f >= "\u3005" or f in (said[0], glued)}
    return next((kind for kind, lexicon in lists.items() if says(forms, lexicon)), None)
