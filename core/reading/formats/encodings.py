"""Bytes in any of the encodings that hospital tables come in -> UTF-8.

UTF-8 and marked UTF-16 are certain. Anything else is decoded strictly in each of the older
encodings, and the one whose letters make sense is taken: single accented letters within Latin
words speak for Windows-1252, common characters for Chinese or Japanese. Where none makes sense
the file is refused, since a name that is read wrongly cannot be seen from a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from core.errors import DataError
from core.notes import Note, info, warning

_SAVE_AGAIN = "Save the table again as CSV UTF-8"
_SAMPLE = 200_000
_HIGH = re.compile(rb"[\x80-\xff]")
_END = re.compile(rb"[\r\n]|\Z")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_LEAST = 0.55
_LEAST_OF_MANY = 0.7
"""Plausibility below which an encoding is not believed; the second from `_MANY` letters on."""
_MANY = 12
_CLEAR = 0.25
"""Difference from the next one that makes it certain enough for a plain note."""

_IN_WORD = re.compile("[A-Za-z][\u0080-\u07ff]|[\u0080-\u07ff][A-Za-z]")

# The commonest characters of Chinese and Japanese, and those of clinical tables.
_COMMON = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学"
    "对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手用主行方又如前所本见经头面公"
    "同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部"
    "正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少"
    "关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数"
    "件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象"
    "记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非"
    "流每青管夫连远资队跟带花快条院变联权往展该领传近留红治决周保达办运武半候七必城父强步完革深"
    "区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持取设始版双历越史"
    "商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究"
    "包组造落视济喜离虽坏兴刘陈杨赵吴孙徐胡朱郭何罗宋谢韩唐冯许邓曹曾彭肖蔡潘田董袁余叶杜苏魏吕"
    "丁沈任姚卢姜崔钟谭汪范廖石金韦贾夏付方白邹孟熊秦邱侯尹薛闫段雷龙陶史贺顾毛郝龚邵钱伟芳娜敏静丽"
    "患病号龄岁男否阳阴诊断疗症癌肿瘤淋巴结节肺肝胃乳腺肠脑骨转移复存亡访随末院治化放靶药物手术"
    "切除级型状态死活示检测值径积热右左叶侧灶数率缓进展稳定完全部疾控率时周天吸烟史组织细胞鳞未"
    "知详缺失均合计住编姓名备注基线尺寸标志浓度评估间质阶段分期低中等血清糖谢取体摄最代试临床"
    "歳齢性別患者番号診断術前後治療効果転帰観察日数再発無有死亡生存男女年月日時間平均投与薬剤開始終了"
    "膀胱膵脾腎胆嚢喉頭咽甲状胰脏腹胸颈宫卵巢睾丸食管贲门浆液浸润侵犯鼻咽唇舌颌髓噬韧带胫腓踝疱疹黏"
    "病期組織型腫瘍癌乳房肺胃肝臓大腸最終確認数値単位化学放射線測定検査施行名氏備考田中山本藤井上野佐木村"
)
_LETTERS = frozenset("ßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœšž")
_CAPITALS = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŠŽŸ")
_SIGNS = frozenset("µ°±²³§€–—“”\u2019\u2018„«»½¼¾®™©×…•·‰¡¿ªº\u00a0\u00ad÷£†‡\u00b4")


def to_utf8(data: bytes) -> tuple[bytes, list[Note]]:
    """Turn text into UTF-8 without a byte order mark: one road for every encoding from here on.

    Parameters
    ----------
    data : bytes
        UTF-8 or UTF-16, with or without a byte order mark, Windows-1252, GB 18030 (with GBK) or
        Shift-JIS.

    Returns
    -------
    body : bytes
    notes : list of Note
        Says so when the encoding is an assumption.

    Raises
    ------
    DataError
        If it is no text, or in no encoding that makes sense; with the line.

    Examples
    --------
    >>> to_utf8("é".encode("utf-16"))[0].decode()
    'é'
    >>> [to_utf8(t.encode(e))[1][0].text[:35] for t, e in (("Größe", "cp1252"), ("性别", "gbk"))]
    ['The file is not UTF-8 and was read ', 'The file is not UTF-8 and was read ']
    """
    notes: list[Note] = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            body = data.decode("utf-16").encode("utf-8")
        except UnicodeError:
            raise DataError("The file is marked as UTF-16 and is none", _SAVE_AGAIN) from None
    else:
        body = data.removeprefix(b"\xef\xbb\xbf")
        if (name := _unmarked(body)) is not None:
            body = body.decode(name).encode("utf-8")
            notes.append(_note("The file was read as UTF-16, which it does not say.", sure=True))
    at = body.find(b"\0")
    if at >= 0:
        line = line_ends(body[:at]) + 1
        raise DataError(f"Line {line} holds a character that is no text", _SAVE_AGAIN, row=line)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        text, wrong = "", fault.start
    if not text and body:
        # Not within the handler: the error of the library quotes the file.
        _refuse_broken(body, line_ends(body[:wrong]) + 1)
        body, note = _older(body)
        return body, [note]
    if not body.isascii() and _is_chinese_after_all(body):
        said = "The file was read as GB 18030 (Chinese), although it could be UTF-8."
        return body.decode("gb18030").encode("utf-8"), [_note(said, sure=False)]
    if n := text.count("\ufffd"):
        said = "Letters were lost when the file was saved: it has the sign for an unknown one."
        notes.append(replace(_note(said, sure=False), n=n))
    return body, notes


def line_ends(text: bytes) -> int:
    r"""Count the ends of lines, of any of the three kinds.

    Examples
    --------
    >>> line_ends(b"a\r\nb\rc\n")
    3
    """
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def _note(text: str, *, sure: bool) -> Note:
    note = info("encoding", text) if sure else warning("encoding", text)
    return replace(note, section="read")


def _unmarked(data: bytes) -> str | None:
    """Which UTF-16 it is without a mark: delimiters and digits have a zero in every other byte."""
    sample = data[:_SAMPLE]
    if len(data) % 2 or b"\0" not in sample:
        return None
    half = len(sample) / 2
    first, second = sample[::2].count(0), sample[1::2].count(0)
    for name, many, few in (("utf-16-le", second, first), ("utf-16-be", first, second)):
        if many >= 0.2 * half and few <= 0.02 * half:
            try:
                text = data.decode(name)
            except UnicodeDecodeError:
                return None
            plain = all(c.isprintable() or c in "\r\n\t\u3000\u00a0" for c in text[:_SAMPLE])
            return name if plain and any(end in text for end in "\r\n") else None
    return None


def _refuse_broken(body: bytes, line: int) -> None:
    """Refuse UTF-8 with a fault in it: in an older encoding all of its letters would be wrong."""
    high = len(_HIGH.findall(body))
    whole = sum(map(len, _UTF8.findall(body)))
    if whole >= 0.8 * high and _plausible(body, _sample(body), "gb18030", _chinese) < 0.9:
        problem = f"The file is UTF-8, and line {line} holds a character that is not"
        raise DataError(problem, _SAVE_AGAIN, row=line)


def _is_chinese_after_all(body: bytes) -> bool:
    """Whether bytes that happen to be UTF-8 make sense in Chinese only, such as a lone 女."""
    sample = _sample(body)
    text = sample.decode("utf-8")
    if max(text) > "\u07ff" or any("\x80" <= c <= "\xff" for c in text) or _IN_WORD.search(text):
        return False
    return _plausible(body, sample, "gb18030", _chinese) >= 0.9


def _older(body: bytes) -> tuple[bytes, Note]:
    """Text in the encoding of before Unicode that makes most sense."""
    sample = _sample(body)
    scores = [_plausible(body, sample, name, score) for name, _, score in _ENCODINGS]
    best = max(scores)
    name, title, _ = _ENCODINGS[scores.index(best)]
    least = _LEAST if best < 0 or _letters(sample.decode(name)) < _MANY else _LEAST_OF_MANY
    if best < least:
        fault = _HIGH.search(body)
        line = line_ends(body[: fault.start() if fault else 0]) + 1
        raise DataError(
            f"Line {line} has letters in an encoding that cannot be told: neither UTF-8 nor "
            "Windows-1252, GB 18030 or Shift-JIS makes sense",
            _SAVE_AGAIN,
            row=line,
        )
    text = f"The file is not UTF-8 and was read as {title}. If letters look wrong, "
    sure = best >= 0.75 and best - sorted(scores)[-2] >= _CLEAR
    note = _note(text + "save it again as CSV UTF-8.", sure=sure)
    return body.decode(name).encode("utf-8"), note


def _letters(text: str) -> int:
    return sum(c >= "\x80" for c in set(text))


def _sample(body: bytes) -> bytes:
    """Lines that have letters beyond ASCII, as many as are looked at."""
    lines, size, end = [], 0, 0
    # No pattern for the whole line: from each byte of a long one it would try again.
    while size <= _SAMPLE and (found := _HIGH.search(body, end)) is not None:
        start = 1 + max(body.rfind(mark, end, found.start()) for mark in (b"\n", b"\r"))
        start = max(start, end)
        after = _END.search(body, found.end())
        end = after.start() if after else len(body)
        lines.append(body[start:end])
        size += end - start
    return b"\n".join(lines)


def _plausible(body: bytes, sample: bytes, name: str, score: Callable[[str], float]) -> float:
    """Mean plausibility of the letters beyond ASCII, from 0 to 1; -1 when it cannot be decoded."""
    try:
        body.decode(name)
        return score(sample.decode(name))
    except UnicodeDecodeError:
        return -1.0


def _western(text: str) -> float:
    """Plausibility of Windows-1252: an accented letter is one of few within a word."""
    weights = []
    # A quotation mark that closes nothing is half of something else.
    padded = f"\n{text}\n" if set(text) & set("“„") else f"\n{text}\n".replace("”", "\x81")
    for i, c in enumerate(padded):
        if c >= "\x80":
            weights.append(_western_letter(padded[i - 1], c, padded[i + 1]))
    return sum(weights) / len(weights)


def _western_letter(before: str, c: str, after: str) -> float:
    around = (before + after).isascii()
    if c in _LETTERS:
        latin = (before.isascii() and before.isalpha()) or (after.isascii() and after.islower())
        alone = (around or before in _LETTERS) and not after.isalpha()
        return 1.0 if latin else 0.7 if alone else 0.0
    if c in _CAPITALS:
        fits = not before.islower() and not (before.isupper() and after.islower())
        joined = fits and any(x.isascii() and x.isalpha() for x in (before, after))
        alone = fits and all(x.isascii() or x in "ÄÖÜ" for x in before + after)
        return 1.0 if joined else 0.6 if alone else 0.0
    fits = c in _SIGNS and _sign_fits(before, c, after)
    return 1.0 if fits and (around or c == "’") else 0.0


def _sign_fits(before: str, c: str, after: str) -> bool:
    if c == "’":
        return before.isalnum()
    if c in "–—":
        return all(x.isalnum() or x == " " for x in (before, after))
    if c in "²³":
        return before in "m)" or before.isdigit()
    return not (c in "£¿¡" and before.isalpha()) and not (c == "£" and after.isalpha())


def _chinese(text: str) -> float:
    weights = []
    for c in text:
        if c >= "\x80":
            pair = c.encode("gb18030")
            weights.append(_chinese_letter(c, pair))
    return sum(weights) / len(weights)


def _chinese_letter(c: str, pair: bytes) -> float:
    if len(pair) != 2 or pair[0] < 0xA1 or pair[1] < 0xA1:
        return 0.1  # what GBK has added: rare
    if c in _COMMON:
        return 1.0
    if pair[0] <= 0xA3:
        return 0.9  # punctuation and wide letters
    if 0xB0 <= pair[0] <= 0xD7:
        return 0.6  # the commoner half of GB 2312
    return 0.35 if 0xD8 <= pair[0] <= 0xF7 else 0.2


def _japanese(text: str) -> float:
    weights = []
    for c in text:
        if c >= "\x80":
            weights.append(_japanese_letter(c))
    return sum(weights) / len(weights)


def _japanese_letter(c: str) -> float:
    if c in _COMMON or "\u3041" <= c <= "\u30fe":
        return 1.0
    code = c.encode("cp932", "replace")
    if len(code) == 1:
        return 0.25  # half-width kana: any byte of Chinese looks like one
    if code[0] <= 0x82:
        return 0.9  # punctuation and wide letters
    if 0x88 <= code[0] <= 0x97:
        return 0.6
    return 0.3 if code[0] < 0xEB else 0.0


_ENCODINGS: tuple[tuple[str, str, Callable[[str], float]], ...] = (
    ("cp1252", "Windows-1252", _western),
    ("gb18030", "GB 18030 (Chinese)", _chinese),
    ("cp932", "Shift-JIS (Japanese)", _japanese),
)
