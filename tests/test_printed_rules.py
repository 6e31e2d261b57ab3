"""The rules of printed numbers: what two papers and a handbook printed, by hand, second roads."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from core.analysis import analyse
from core.printed.findings import Finding
from core.printed.gathered import Gathered, Triple
from core.printed.number import half_up
from core.printed.rules import check, compared, proportions, ratios, score
from core.printed.table import Cell, parse
from core.reading.examples import FOLDER
from tests.cohorts import LAW, dataset_of, question

Limits = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
F, P, H = "fulvestrant", "progression_mode", "receptors"
# Issue of the methods: study, rule, and words of the finding.
ISSUES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "I-1": (F, "exchanged", ("0.033 and 0.036 in Abstract", "0.036, as in Results text")),
    "I-2": (
        F,
        "exchanged",
        ("HI and SUVmax", "0.043 and 0.025 in Abstract, 0.025 and 0.043 in Results text"),
    ),
    "I-3": (F, "centre of the limits", ("0.13 and 0.94", "0.342 to 0.357")),
    "I-4": (F, "centre of the limits", ("0.15 and 0.84", "0.348 to 0.362")),
    "I-5": (F, "information", ("0.439", "2/sqrt(16) = 0.5")),
    "I-6": (F, "symmetric limits", ("17.65", "5.9 below", "6.6 above")),
    "I-7": (F, "two places", ("16.6", "16.9")),
    "I-8": (F, "exchanged", ("16.7 and 5.6 in Results text, 5.6 and 16.7 in Table 2",)),
    "I-9": (F, "cut at the median", ("SUVmax", "at least 14", "13 are printed")),
    "I-9, COV": (F, "cut at the median", ("COV", "at least 14", "13 are printed")),
    "I-10": (F, "two cutoffs", ("HI", "2.0 ", "2.05")),
    "I-11": (F, "centre of the limits", ("0.10 and 0.91", "0.293 to 0.31")),
    "I-12": (F, "P of the limits", ("Liver", "0.033 to 0.034", "0.017")),
    "I-14": (F, "percentage", ("8/27 = 29.63 %", "8 of 28")),
    "I-14, 70.3": (F, "percentage", ("19/27 = 70.37 %", "cut off")),
    "I-15": (F, "odds ratio of the counts", ("32.552, printed as 32.5, cut off",)),
    "I-16": (F, "two definitions", ("Prior endocrine therapy",)),
    "I-17": (F, "one ratio for several levels", ("Metastatic sites", "3 levels")),
    "I-18": (F, "two places", ("19.6", "reached or it is not")),
    "I-19": (F, "components", ("16 events",)),
    "I-20": (F, "several tests", ("0.156 (Holm) or 0.081",)),
    "I-20, events": (F, "events per candidate", ("8 candidates for 16 events are 2",)),
    "I-21": (F, "two definitions", ("SUV >= 2.5", "SUV > 2.5")),
    "I-21, adaptive": (F, "two definitions", ("adaptive", "fixed")),
    "I-21, HR": (F, "two definitions", ("hormone receptor", "hazard ratio")),
    "I-22": (P, "median or mean", ("10.36",)),
    "I-23": (P, "P of the limits", ("0.0489 to 0.0493", "0.49 is printed")),
    "I-24": (P, "log-rank and hazard ratio", ("0.034 is printed", "multivariable")),
    "I-25": (P, "limits and P", ("0.960 to 1.002", "0.037")),
    "I-26": (P, "information", ("2/sqrt(66) = 0.246", "1.133^3 = 1.45")),
    "I-27": (P, "left out", ("0.037 (univariable)",)),
    "I-28": (P, "P of two means", ("0.888 to 0.895", "0.981")),
    "I-28, t": (P, "P of two means", ("0.247", "is the statistic t")),
    "I-28, SE": (P, "mean of all", ("7.745 to 7.755", "7.96")),
    "I-29": (P, "percentage", ("50/70 = 71.429 %",)),
    "I-30": (P, "percentage", ("6/32 = 18.75 %, printed as 18.7",)),
    "I-31": (P, "exchanged", ("Heter-PD and Hom-PD", "Discussion")),
    "I-32": (P, "caption", ("subgroups",)),
    "I-33": (P, "reference level", ("Hormone receptor",)),
    "I-33, HER2": (P, "reference level", ("HER2",)),
    "I-34": (P, "endpoint", ("death is an event",)),
    "I-34, future": (P, "known later", ("follow-up",)),
    "I-35": (P, "subgroups", ("0.001", "interaction")),
    "I-36, HR": (H, "denominator", ("14.2 % of 1,677", "1,502 to 1,664")),
    "I-36, ER": (H, "denominator", ("15.1 % of 1,677", "1,426 to 1,565")),
    "I-36, PR": (H, "denominator", ("31.1 % of 1,677", "1,420 to 1,526")),
    "I-36, HER2": (H, "denominator", ("7.8 % of 1,677", "1,022 to 1,136")),
    "I-37": (H, "percentage", ("63/191", "63 of 127")),
    "I-38": (H, "percentage", ("18.8 %", "103", "101")),
    "I-39": (H, "two places", ("Chapter 2", "15", "20")),
    "I-40": (H, "two places", ("Figure 1 has 6", "5")),
    "I-41": (H, "direction", ("0.05", "higher")),
    "I-41, kind": (H, "kind of ratio", ("1.71", "odds ratio")),
    "I-42": (H, "two definitions", ("high", "any")),
}
# I-13 is none: with the limits 2.05 and 38.75 P is 0.0035, which may be printed as 0.004.


def cells_of(study: str) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for name in ("printed", "statements"):
        path = FOLDER / study / f"{name}.csv"
        if path.exists():
            cells += parse(path.read_text(encoding="utf-8")).cells
    return tuple(cells)


@cache
def found_in(study: str) -> tuple[Finding, ...]:
    return check(cells_of(study))


@pytest.mark.parametrize("issue", ISSUES)
def test_the_contradictions_of_the_model_documents_are_found(issue: str) -> None:
    study, rule, words = ISSUES[issue]
    said = [
        f"{', '.join(f.places)}: {f.about} {f.proof}" for f in found_in(study) if f.rule == rule
    ]
    assert any(all(word in text for word in words) for text in said), said


def test_forty_contradictions_and_no_proof_is_typed_in() -> None:
    assert len({name.partition(",")[0] for name in ISSUES}) == 41
    for study in (F, P, H):
        file = (FOLDER / study / "statements.csv").read_text(encoding="utf-8")
        for finding in found_in(study):
            assert finding.proof not in file
            assert finding.places
            assert finding.printed


def test_the_univariable_p_of_liver_is_no_contradiction() -> None:
    texts = ("8.9", "2.1", "38.7")
    low, high = _p_range(*texts)
    assert half_up(low, 3) == "0.003"
    assert half_up(high, 3) == "0.004"
    error = math.log(38.75 / 2.05) / (2 * ratios.Z)
    z = math.log(math.sqrt(2.05 * 38.75)) / error
    assert 2 * special.ndtr(-z) == pytest.approx(high, rel=1e-9)


# By hand --------------------------------------------------------------------------------------


def rows(*said: str) -> tuple[Cell, ...]:
    """Cells of lines ``place|factor|group|model|quantity|printed|claim|denominator``.

    ``level ~ arm`` in a group is a level in an arm.
    """
    cells = []
    for line in said:
        place, factor, group, model, quantity, printed, *more = line.split("|")
        claim, denominator = (*more, "", "")[:2]
        group = group.replace(" ~ ", " | ")
        cells.append(
            Cell(place, factor, group, model, quantity, printed, claim=claim,
                 denominator=denominator)
        )  # fmt: skip
    return tuple(cells)


def ratio(texts: str, p: str = "", *, group: str = "b vs a") -> list[str]:
    names = ("hazard_ratio", "hr_low", "hr_high")
    row = f"T|arm|{group}|univariable"
    lines = [f"{row}|{n}|{t}" for n, t in zip(names, texts.split(), strict=True)]
    return lines + ([f"{row}|p_value|{p}"] if p else [])


EVENTS = "R|Overall|||events|16"
SPSS = [
    f"T|f{i}|g||{name}|{value}"
    for i, triple in enumerate(
        ("5.6 1.3 9.9", "3.3 2.1 4.5", "9.4 4.0 14.8", "8.6 0.3 16.9", "3.2 1.1 5.3")
    )
    for name, value in zip(("median", "median_low", "median_high"), triple.split(), strict=True)
]
BAD: dict[str, tuple[list[str], list[str]]] = {
    # What breaks the rule, and the nearest that keeps it.
    "centre of the limits": (ratio("0.69 0.13 0.94"), ratio("0.35 0.13 0.94")),
    "P of the limits": (ratio("2.00 1.10 3.64", "0.031"), ratio("2.00 1.10 3.64", "0.023")),
    "limits and P": (ratio("0.98 0.96 1.002", "0.037"), ratio("0.98 0.96 1.002", "0.07")),
    "information": ([*ratio("0.35 0.15 0.84"), EVENTS], [*ratio("0.35 0.13 0.94"), EVENTS]),
    "outside its limits": (
        ["T|f|||median|6.3", "T|f|||median_low|6.5", "T|f|||median_high|7.0"],
        ["T|f|||median|6.3", "T|f|||median_low|6.3", "T|f|||median_high|7.0"],
    ),
    "symmetric limits": (
        [*SPSS, "T|x|g||median|17.3", "T|x|g||median_low|11.4", "T|x|g||median_high|23.9"],
        [*SPSS, "T|x|g||median|17.3", "T|x|g||median_low|10.7", "T|x|g||median_high|23.9"],
    ),
    "cut at the median": (
        ["M|x|||cut_rule|>= median", "T|x|< 6||n|14", "T|x|>= 6||n|13"],
        ["M|x|||cut_rule|> median", "T|x|<= 6||n|14", "T|x|> 6||n|13"],
    ),
    "sum of groups": (
        ["R|Overall|||n|27", "T|x|a||n|14", "T|x|b||n|14"],
        ["R|Overall|||n|27", "T|x|a||n|14", "T|x|b||n|13"],
    ),
    "part of a group": (["T|x|a||n|14", "T|x|a||events|15"], ["T|x|a||n|14", "T|x|a||events|14"]),
    "percentage": (
        ["T|x|a||count|8", "T|x|a||percent|28.6||27"],
        ["T|x|a||count|8", "T|x|a||percent|29.6||27"],
    ),
    "odds ratio of the counts": (
        [*(odds := [
            "T|x|a||count|10", "T|x|a||n|13", "T|x|b||count|5", "T|x|b||n|14",
            "T|x|a vs b|univariable|odds_ratio|6.0", "T|x|a vs b|univariable|or_low|1.1",
        ]), "T|x|a vs b|univariable|or_high|32.5"],
        [*odds, "T|x|a vs b|univariable|or_high|32.6"],
    ),
    "denominator": (
        ["T|x|||percent|14.2||1677", "T|x|||percent_low|12.5", "T|x|||percent_high|16.0"],
        ["T|x|||percent|14.2||1600", "T|x|||percent_low|12.5", "T|x|||percent_high|16.0"],
    ),
    "P of the counts": (
        [*(counts := [
            "T|x|yes ~ a||count|10", "T|x|no ~ a||count|3", "T|x|yes ~ b||count|5",
            "T|x|no ~ b||count|9",
        ]), "T|x|||p_value|0.04"],
        [*counts, "T|x|||p_value|0.054"],
    ),
    "two places": (
        ["A|x|||median|16.6", "B|x|||median|16.9"],
        ["A|x|||median|16.6", "B|x|||median|17"],
    ),
    "exchanged": (
        ["A|x|a||median|6.0", "A|x|b||median|11.0", "B|x|a||median|11.0", "B|x|b||median|6.0"],
        ["A|x|a||median|6.0", "A|x|b||median|11.0", "B|x|a||median|6.0", "B|x|b||median|11.0"],
    ),
    "median or mean": (
        ["A|x|||median|10.36", "B|x|||mean_value|10.36"],
        ["A|x|||median|10.36", "B|x|||mean_value|10.37"],
    ),
    "two definitions": (
        ["A|x|||definition|>= 2.5", "B|x|||definition|> 2.5"],
        ["A|x|||definition|>= 2.5", "B|x|||definition|≥2.5"],
    ),
    "two cutoffs": (
        ["A|x|||cutoff|6.1", "B|x|||cutoff|6.09"],
        ["A|x|||cutoff|6.1", "B|x|||cutoff|6.10"],
    ),
    "endpoint": (["M|PFS|||definition|progression"], ["M|PFS|||definition|progression or death"]),
    "components": (
        [EVENTS, "M|PFS|||definition|progression or death", "R|Progression|||count|16"],
        [EVENTS, "M|PFS|||definition|progression or death", "R|Progression|||count|14"],
    ),
    "known later": (["M|x|||criterion|no follow-up"], ["M|x|||criterion|brain metastasis"]),
    "caption": (
        ["F|x|||caption|models", "F|x|||content|subgroups"],
        ["F|x|||caption|Subgroups", "F|x|||content|subgroups"],
    ),
    "one ratio for several levels": (
        ["T|arm|a||n|3", "T|arm|b||n|3", "T|arm|c||n|3", *ratio("1.1 0.6 2.0", group="")],
        ["T|arm|a||n|3", "T|arm|b||n|3", "T|arm|c||n|3", *ratio("1.1 0.6 2.0"),
         *ratio("1.1 0.6 2.0", group="c vs a")],
    ),
    "reference level": (
        ["T|arm|a||n|3", "T|arm|b||n|3", *ratio("1.1 0.6 2.0", group="")],
        ["T|arm|a||n|3", "T|arm|b||n|3", *ratio("1.1 0.6 2.0")],
    ),
    "direction": (["T|x|||odds_ratio|0.05|higher"], ["T|x|||odds_ratio|0.05|lower"]),
    "verdict": (["T|x|||p_value|0.49|significant"], ["T|x|||p_value|0.049|significant"]),
    "left out": (
        [*(told := [
            "R|a||univariable|claim|x|not significant", "R|b||univariable|claim|x|not significant",
            "T|a||univariable|p_value|0.9", "T|b||univariable|p_value|0.8",
        ]), "T|c||univariable|p_value|0.04"],
        [*told, "T|c||univariable|p_value|0.06"],
    ),
    "several tests": (
        [*(family := [
            "M|a|||family|markers", "M|b|||family|markers", "A|a|||claim|x|significant",
            "T|b|||p_value|0.9",
        ]), "T|a|||p_value|0.03"],
        [*family, "T|a|||p_value|0.02"],
    ),
    "events per candidate": (
        [EVENTS, "M|x|||candidates|8", "A|a|||claim|x|independent"],
        [EVENTS, "M|x|||candidates|1", "A|a|||claim|x|independent"],
    ),
    "subgroups": (
        ["T|a|x|subgroup|p_value|0.001"],
        ["T|a|x|subgroup|p_value|0.001", "T|a|||p_interaction|0.4"],
    ),
    "P of two means": (
        [*(means := [
            "T|x|a||mean_value|49.87", "T|x|a||sd|10.06", "T|x|a||n|38",
            "T|x|b||mean_value|49.53", "T|x|b||sd|10.68", "T|x|b||n|32",
        ]), "T|x|||p_value|0.981"],
        [*means, "T|x|||p_value|0.891"],
    ),
    "mean of all": ([*means, "T|x|||mean_value|49.90"], [*means, "T|x|||mean_value|49.71"]),
    "log-rank and hazard ratio": (
        [*(known := [
            *ratio("0.604 0.366 0.998", "0.049"), "R|Overall|||events|66", "T|arm|a||median|6.07",
        ]), "F|arm|||p_value|0.034"],
        [*known, "F|arm|||p_value|0.047"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", BAD)
def test_a_rule_finds_what_breaks_it_and_lets_the_next_pass(rule: str) -> None:
    bad, good = BAD[rule]
    assert rule in {f.rule for f in check(rows(*bad))}
    assert check(rows(*good)) == ()


def test_the_gravest_comes_first_and_everything_once() -> None:
    cells = tuple(c for bad, _ in BAD.values() for c in rows(*bad))
    severities = [f.severity for f in check(cells)]
    order = ["impossible", "contradiction", "not stated"]
    assert severities == sorted(severities, key=order.index)
    assert len(set(check(cells))) == len(check(cells))
    assert check(()) == ()


def test_an_exchange_is_one_finding_and_not_two_values_as_well() -> None:
    assert [f.rule for f in check(rows(*BAD["exchanged"][0]))] == ["exchanged"]


def test_how_grave_a_wrong_percentage_is() -> None:
    cut = check(rows("T|x|a||count|19", "T|x|a||percent|70.3||27"))
    assert [f.severity for f in cut] == ["contradiction"]
    assert [f.severity for f in check(rows(*BAD["percentage"][0]))] == ["impossible"]


def test_a_test_at_baseline_is_no_log_rank_test() -> None:
    lines = (*known, "F|arm|a ~ x||count|20", "F|arm|b ~ x||count|18", "F|arm|||p_value|0.981")
    assert check(rows(*lines)) == ()


def test_odds_of_the_other_group_are_no_contradiction() -> None:
    lines = [line.replace("a vs b", "b vs a") for line in odds]
    lines = [x.replace("odds_ratio|6.0", "odds_ratio|0.17").replace("|1.1", "|0.03") for x in lines]
    found = check(rows(*lines, "T|x|b vs a|univariable|or_high|0.90"))
    assert "odds ratio of the counts" not in {f.rule for f in found}


# Laws -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("study", [F, P, H])
def test_the_order_of_rows_does_not_matter(study: str) -> None:
    cells = np.array(cells_of(study), dtype=object)
    whole = Counter(f.rule for f in found_in(study))
    for seed in range(3):
        moved = tuple(np.random.default_rng(seed).permutation(cells).tolist())
        assert Counter(f.rule for f in check(moved)) == whole


@LAW
@given(st.floats(0.05, 20), st.floats(0.05, 1.5), st.integers(1, 3), st.sampled_from(["", "p"]))
def test_a_wald_interval_printed_is_never_questioned(
    estimate: float, error: float, decimals: int, with_p: str
) -> None:
    low, high = (estimate * math.exp(s * ratios.Z * error) for s in (-1, 1))
    p = 2 * float(special.ndtr(-abs(math.log(estimate)) / error))
    texts = " ".join(half_up(v, decimals) for v in (estimate, low, high))
    p_text = ("<0.001" if p < 0.001 else half_up(p, 3)) if with_p else ""
    assert check(rows(*ratio(texts, p_text))) == ()


@LAW
@given(st.integers(0, 300), st.integers(1, 300), st.integers(0, 2))
def test_a_percentage_printed_is_never_questioned(k: int, n: int, decimals: int) -> None:
    k = min(k, n)
    share = half_up(100 * k / n, decimals)
    a, b = proportions.clopper_pearson(np.array([k]), np.array([n]))
    low, high = half_up(100 * float(a[0]), decimals), half_up(100 * float(b[0]), decimals)
    lines = (f"T|x|||count|{k}", f"T|x|||percent|{share}||{n}",
             f"T|x|||percent_low|{low}", f"T|x|||percent_high|{high}")  # fmt: skip
    assert check(rows(*lines)) == ()
    assert check(rows(*lines[1:])) == ()


# Second roads ---------------------------------------------------------------------------------


def _p_range(*texts: str) -> tuple[float, float]:
    cells = [Cell("", "", "", "", "", text) for text in texts]
    found = ratios.p_range(Triple(*cells, None))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "texts", [("8.9", "2.1", "38.7"), ("0.604", "0.366", "0.998"), ("1.1", "0.6", "2.2")]
)
def test_the_range_of_p_holds_and_is_reached_by_values_that_round_so(
    texts: tuple[str, str, str],
) -> None:
    rng = np.random.default_rng(5)
    halves = [0.5 * 10.0 ** -len(t.partition(".")[2]) for t in texts]
    low, high = (
        rng.uniform(float(t) - h, float(t) + h, 400_000)
        for t, h in zip(texts[1:], halves[1:], strict=True)
    )
    inside = np.abs(np.sqrt(low * high) - float(texts[0])) <= halves[0]
    z = np.log(low * high)[inside] / 2 / (np.log(high / low)[inside] / (2 * ratios.Z))
    p = 2 * special.ndtr(-np.abs(z))
    least, most = _p_range(*texts)
    assert least <= p.min()
    assert p.max() <= most
    assert p.min() == pytest.approx(least, rel=0.02)
    assert p.max() == pytest.approx(most, rel=0.02)


def test_the_bounds_of_the_log_rank_hold_in_samples_without_ties() -> None:
    for seed in range(25):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(16, 90))
        arm = (rng.random(n) < rng.uniform(0.3, 0.7)).astype(float)
        arm[:2] = 0.0, 1.0
        time = rng.exponential(1 / np.exp(arm * rng.normal(0, 0.8)), n)
        columns = {"time": time, "event": (rng.random(n) < 0.8).astype(float), "arm": arm}
        found = analyse(dataset_of(columns), question(group_by="arm", parts=("km", "cox")))
        row = found["cox"]["univariable"][0]
        z = math.sqrt(found["km"]["test"]["statistic"])
        events = float(columns["event"].sum())
        reach = score.bounds(row["coef"], row["std_error"], events)
        assert reach is not None
        low, high = sorted(map(abs, reach))
        assert low - 0.01 <= z <= high + 0.01
        assert row["std_error"] >= 2 / math.sqrt(events)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("exact", proportions.clopper_pearson),
        ("wilson", proportions._wilson),
        ("wilsoncc", proportions._wilson_corrected),
    ],
)
@pytest.mark.parametrize(("k", "n"), [(0, 27), (1, 27), (15, 27), (27, 27), (131, 1677)])
def test_limits_of_a_proportion_are_those_of_scipy(name: str, ours: Limits, k: int, n: int) -> None:
    low, high = ours(np.array([k]), np.array([n]))
    other = stats.binomtest(k, n).proportion_ci(method=name)
    assert float(low[0]) == pytest.approx(other.low, rel=1e-9, abs=1e-12)
    assert float(high[0]) == pytest.approx(other.high, rel=1e-9, abs=1e-12)


def test_the_other_limits_of_a_proportion_by_hand() -> None:
    k, n, z = 81, 263, ratios.Z
    wide = z * math.sqrt(1 / k + 1 / (n - k))
    logit = [1 / (1 + math.exp(-(math.log(k / (n - k)) + s * wide))) for s in (-1, 1)]
    wald = [k / n + s * z * math.sqrt(k * (n - k) / n**3) for s in (-1, 1)]
    p = (k + z * z / 2) / (n + z * z)
    coull = [p + s * z * math.sqrt(p * (1 - p) / (n + z * z)) for s in (-1, 1)]
    beta = stats.beta.ppf([0.025, 0.975], k + 0.5, n - k + 0.5).tolist()
    for ours, expected in (
        (proportions._logit, logit),
        (proportions._wald, wald),
        (proportions._agresti_coull, coull),
        (proportions._jeffreys, beta),
    ):
        low, high = ours(np.array([k]), np.array([n]))
        assert [float(low[0]), float(high[0])] == pytest.approx(expected, rel=1e-9)


def test_tests_of_counts_are_those_of_scipy() -> None:
    table = np.array([[10, 3], [5, 9]])
    found = compared.tests_of(table)
    assert found["Pearson"] == pytest.approx(stats.chi2_contingency(table, correction=False)[1])
    assert found["Yates"] == pytest.approx(stats.chi2_contingency(table)[1])
    assert found["Fisher"] == pytest.approx(stats.fisher_exact(table)[1])
    ratio = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")[1]
    assert found["likelihood ratio"] == pytest.approx(ratio)


def test_the_range_of_the_t_test_holds_scipys() -> None:
    cells = rows(*means)
    study = Gathered(cells)
    statistic, student, welch = compared._t_range(compared._arms(study, "T", "x"))
    args = (49.87, 10.06, 38, 49.53, 10.68, 32)
    t, p = stats.ttest_ind_from_stats(*args)
    assert statistic[0] < t < statistic[1]
    assert student[0] < p < student[1]
    assert welch[0] < stats.ttest_ind_from_stats(*args, equal_var=False)[1] < welch[1]
