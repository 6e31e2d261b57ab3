"""Rules about single values and pairs of them: ranges, PET measures, receptors.

Where many rows break a rule the column means something else (a centred age, a logarithm): most
rules therefore report exceptions only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from core.dataset import Variable
from core.notes import Note
from core.reading.checks.lint_facts import Facts, is_age, rows_of, spaced

_EXCEPTIONS = 0.1
_OTHER_SCALE = re.compile(
    r"\b(?:log\d*|ln|z|change|delta|diff\w*|ratio|score|norm\w*|scaled|best|reduction|response|"
    r"residual|percentile|var|slope)\b|变化|変化"
)
_PERCENT = re.compile(r"%|\bpercent\w*|\bpct\b|\bprozent|\bki ?67\b|\bmib ?1\b|百分")
_NOT_NEGATIVE = re.compile(
    r"\b(?:psa|cea|ca ?125|ca ?15 ?3|ca ?19 ?9|afp|ldh|crp|albumin|hemoglobin|haemoglobin|hgb|hb|"
    r"wbc|leu[ck]ocytes|platelets?|neutrophils|lymphocytes|creatinine|bilirubin|alt|ast|ki ?67|"
    r"suv ?(?:max|mean|peak)|mtv|tlg|tumou?r ?size|t ?size|nodes|pnodes|bmi|height|weight)\b"
)


def out_of_range(facts: Facts) -> Iterator[Note]:
    """Find ages, percentages and measured amounts that cannot be."""
    for variable in facts.of_kind("number"):
        said = spaced(variable.name)
        if _OTHER_SCALE.search(said):
            continue
        if is_age(variable):
            bounds, says = (0.0, 120.0), "outside 0 to 120 years"
        elif _PERCENT.search(f"{said} {variable.unit}"):
            bounds, says = (0.0, 100.0), "outside 0 to 100 percent"
        elif _NOT_NEGATIVE.search(said):
            bounds, says = (0.0, np.inf), "below 0"
        else:
            continue
        x = facts.numbers(variable.name)
        rows = (x < bounds[0]) | (x > bounds[1])
        if rows.any() and rows.sum() <= max(1, _EXCEPTIONS * np.sum(~np.isnan(x))):
            text = f"'{variable.name}' is {says} in {rows_of(int(rows.sum()))}."
            yield facts.note(variable.name, text, rows)


def _measures(facts: Facts) -> dict[str, dict[str, Variable]]:
    """PET measures by what their names share besides: SUVmax_liver belongs to SUVmean_liver."""
    found: dict[str, dict[str, Variable]] = {}
    for variable in facts.of_kind("number"):
        plain = spaced(variable.name).replace(" ", "")
        hit = re.search(r"suv(?:max|mean|peak)|mtv|tlg|heterogeneityindex|^hi(?![a-z])", plain)
        if hit is None or _OTHER_SCALE.search(spaced(variable.name)):
            continue
        measure = "hi" if hit.group() == "heterogeneityindex" else hit.group()
        rest = re.sub(r"(?<!\d)(?:cm3|ml|g)$", "", plain.replace(hit.group(), "", 1))
        found.setdefault(rest, {}).setdefault(measure, variable)
    return found


def pet(facts: Facts) -> Iterator[Note]:
    """Find PET measures that contradict each other."""
    for group in _measures(facts).values():
        for lower in ("suvmean", "suvpeak"):
            if lower in group and "suvmax" in group:
                yield from _above(facts, group[lower], group["suvmax"])
        if "hi" in group:
            yield from _below_one(facts, group["hi"])
        if "tlg" in group and "mtv" in group:
            yield from _tlg(facts, group)


def _above(facts: Facts, lower: Variable, upper: Variable) -> Iterator[Note]:
    allowed = _half(lower) + _half(upper)
    rows = facts.numbers(lower.name) > facts.numbers(upper.name) + allowed
    if rows.any():
        text = f"'{lower.name}' is above '{upper.name}' in {rows_of(int(rows.sum()))}."
        yield facts.note(lower.name, text, rows)


def _below_one(facts: Facts, hi: Variable) -> Iterator[Note]:
    """Warn of HI below 1, unless it is another index: some are below 1 by definition."""
    x = facts.numbers(hi.name)
    rows = x < 1 - _half(hi)
    if rows.any() and rows.sum() <= 0.2 * np.sum(~np.isnan(x)):
        text = f"'{hi.name}' is below 1 in {rows_of(int(rows.sum()))}: "
        yield facts.note(hi.name, text + "SUVmax over SUVmean cannot be.", rows)


def _tlg(facts: Facts, group: dict[str, Variable]) -> Iterator[Note]:
    """Compare TLG with MTV times SUV, which in a sum over lesions need not be SUVmean's."""
    tlg, mtv = group["tlg"], group["mtv"]
    x, volume = facts.numbers(tlg.name), facts.numbers(mtv.name)
    rows = np.zeros(facts.n, dtype=bool)
    if "suvmean" in group:
        mean = group["suvmean"]
        product, slack = _product(facts, mtv, mean)
        off = np.abs(x - product) > 0.1 * product + slack + _half(tlg)
        if off.sum() <= 0.2 * np.sum(~np.isnan(x) & ~np.isnan(product)):
            rows = off
        partner = mean.name
    if "suvmax" in group and not rows.any():
        product, slack = _product(facts, mtv, group["suvmax"])
        rows, partner = x > 1.01 * product + slack + _half(tlg), group["suvmax"].name
    if rows.any() and not np.isnan(volume).all():
        n = rows_of(int(rows.sum()))
        text = f"'{tlg.name}' does not agree with '{mtv.name}' times '{partner}' in {n}."
        yield facts.note(tlg.name, text, rows)


def _product(facts: Facts, a: Variable, b: Variable) -> tuple[np.ndarray, np.ndarray]:
    """The product of two columns, and what their rounding may change in it."""
    x, y = facts.numbers(a.name), facts.numbers(b.name)
    return x * y, _half(a) * np.abs(y) + _half(b) * np.abs(x)


def _half(variable: Variable) -> float:
    return 0.501 * 10.0**-variable.decimals


def receptors(facts: Facts) -> Iterator[Note]:
    """Find receptor percentages that contradict the status: 0 % and positive."""
    for variable in facts.of_kind("number"):
        said = spaced(variable.name).replace("%", " % ").split()
        receptor = next((w for w in said if w in ("er", "pr", "pgr", "ar")), "")
        named = set(said) & {"%", "percent", "percentage", "pct", "prozent", "expression"}
        if not receptor or not (named or variable.unit == "%"):
            continue
        x = facts.numbers(variable.name)
        for status in facts.of_kind("category", "number"):
            signs = _signs(facts, status, receptor)
            if signs is None or status.name == variable.name:
                continue
            rows = ((x == 0) & (signs == 1)) | ((x >= 10) & (signs == 0))
            if rows.any() and rows.sum() <= 0.5 * np.sum(~np.isnan(x) & ~np.isnan(signs)):
                n = rows_of(int(rows.sum()))
                text = f"'{variable.name}' and '{status.name}' disagree in {n}: "
                yield facts.note(status.name, text + "0 and positive, or 10 and negative.", rows)


def _signs(facts: Facts, status: Variable, receptor: str) -> np.ndarray | None:
    """1 for positive, 0 for negative, NaN for neither; None for a column that is no status."""
    said = spaced(status.name).split()
    values = facts.dataset.frame[status.name]
    if receptor not in said:
        return None
    if status.kind == "number":
        x = facts.numbers(status.name)
        named = {"status", "positive", "pos"} & set(said)
        return x if named and np.isin(x[~np.isnan(x)], (0, 1)).all() else None
    levels = values.dropna().unique()
    positive = [v for v in levels if re.match(r"pos|\+|阳|陽", spaced(v) or v.strip())]
    negative = [v for v in levels if re.match(r"neg|[-–−]$|阴|陰", spaced(v) or v.strip())]
    if not positive or not negative:
        return None
    signs = np.full(facts.n, np.nan)
    signs[values.isin(positive).to_numpy()] = 1
    signs[values.isin(negative).to_numpy()] = 0
    return signs
