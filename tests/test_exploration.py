"""The exploration ledger: what is another analysis, how it adds up, and how it goes with a link."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import exploration, locking, looks, published
from core.cohort import Cohort, select
from core.errors import SpecError
from core.exploration import KINDS, Counts, Ledger, sentence
from core.reading import examples, read
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from core.survival.cutoff.scan import scan

GBSG2 = examples.load("gbsg2")
ASKED = examples.question("gbsg2")


def cohort(**changes: object) -> Cohort:
    spec, _ = fill(GBSG2, ASKED.but(**changes))
    return select(GBSG2, spec)


def counts(*seen: exploration.Looks) -> Counts:
    ledger = Ledger()
    for one in seen:
        ledger = ledger.seeing(one)
    return ledger.counts


# --------------------------------------------------------------------- what is another analysis


def test_a_view_counts_what_it_shows() -> None:
    one = counts(looks.of_curves(cohort()))
    assert one == Counts(analyses=1, endpoints=1, stratifiers=1, cutoffs=1)
    category = counts(looks.of_curves(cohort(group_by="horTh", cut_rule=None, cut_value=())))
    assert category == Counts(analyses=1, endpoints=1, stratifiers=1)
    nobody = counts(looks.of_curves(cohort(group_by=None, cut_rule=None, cut_value=())))
    assert nobody == Counts(analyses=1, endpoints=1)
    tertiles = counts(looks.of_curves(cohort(cut_rule="tertiles", cut_value=())))
    assert (tertiles.cutoffs, tertiles.analyses) == (2, 1)
    filtered = counts(looks.of_curves(cohort(where=("age >= 50", "menostat = Post"))))
    assert filtered.filters == 1


SAME: list[dict[str, object]] = [
    {"show_unit": "years"},
    {"at": ("12",)},
    {"conf_type": "plain"},
    {"permutations": 99.0},
    {"explored": ("analyses:5",)},
    {"test": "logrank"},
    {"cut_value": ("20", "20.0")},
]
OTHER: list[dict[str, object]] = [
    {"cut_value": ("26",)},
    {"group_by": "pnodes"},
    {"where": ("age >= 50",)},
    {"test": "gehan"},
    {"strata": ("menostat",)},
    {"landmark": 6.0},
    {"estimator": "firth"},
    {"cut_rule": "tertiles", "cut_value": ()},
    {"event_is": ("0",)},
]


@pytest.mark.parametrize("changes", SAME)
def test_the_same_analysis_again(changes: dict[str, object]) -> None:
    assert counts(looks.of_curves(cohort()), looks.of_curves(cohort(**changes))).analyses == 1


@pytest.mark.parametrize("changes", OTHER)
def test_another_analysis(changes: dict[str, object]) -> None:
    other = cohort(**changes)
    assert counts(looks.of_curves(cohort()), looks.of_curves(other)).analyses == 2
    assert looks.question(other.spec) != looks.question(cohort().spec)


def test_the_order_of_filters_does_not_matter() -> None:
    a, b = "age >= 50", "menostat = Post"
    one, two = looks.of_curves(cohort(where=(a, b))), looks.of_curves(cohort(where=(b, a)))
    assert counts(one, two) == counts(one)


def test_cutoffs_that_divide_alike_are_one() -> None:
    x = np.unique(cohort().column("progrec").to_numpy(dtype=float))
    low, high = x[20], x[21]
    texts = [(f"{high}", "ge"), (f"{(low + high) / 2}", "ge"), (f"{low}", "gt")]
    views = [looks.of_curves(cohort(cut_value=(t,), cut_side=side)) for t, side in texts]
    assert counts(*views) == counts(views[0])
    apart = looks.of_curves(cohort(cut_value=(f"{low}",), cut_side="ge"))
    assert counts(*views, apart).cutoffs == 2


@pytest.mark.parametrize("side", ["ge", "gt"])
def test_a_scan_counts_every_candidate_and_a_view_of_one_adds_nothing(side: str) -> None:
    base = cohort(cut_side=side)
    found = scan(base, base.spec)
    seen = counts(looks.of_scan(base, found.cutoff, side=side))
    k = len(found.cutoff)
    assert (seen.cutoffs, seen.analyses) == (k, k)
    assert (seen.stratifiers, seen.endpoints) == (1, 1)
    ledger = Ledger().seeing(looks.of_scan(base, found.cutoff, side=side))
    for i in (0, k // 2, k - 1):
        one = cohort(cut_side=side, cut_value=(repr(float(found.cutoff[i])),))
        assert ledger.seeing(looks.of_curves(one)).counts == seen
    ungiven = cohort(cut_side=side, cut_value=("5000",))
    assert ledger.seeing(looks.of_curves(ungiven)).counts.cutoffs == k + 1


def test_a_search_looked_at_every_candidate() -> None:
    best = cohort(cut_rule="best", cut_value=())
    found = scan(best, best.spec)
    assert counts(looks.of_curves(best)).cutoffs == len(found.cutoff)
    assert counts(looks.of_curves(best)).analyses == len(found.cutoff)


def test_a_model() -> None:
    base = {"cut_rule": "value", "cut_value": ("20",)}
    model = looks.of_model(cohort(**base, terms=("age", "horTh")))
    assert counts(model) == Counts(analyses=1, endpoints=1, terms=2)
    turned = looks.of_model(cohort(**base, terms=("horTh", "age")))
    assert counts(model, turned) == counts(model)
    moved = looks.of_model(cohort(cut_rule="value", cut_value=("26",), terms=("age", "horTh")))
    assert counts(model, moved).analyses == 1  # it does not read the cutoff
    cuts = [
        looks.of_model(cohort(cut_rule="value", cut_value=(t,), terms=("progrec:cut",)))
        for t in ("20", "26")
    ]
    assert counts(*cuts) == Counts(analyses=2, endpoints=1, stratifiers=1, cutoffs=2, terms=1)
    assert looks.of_model(cohort(terms=())) == {}
    assert counts(looks.of_curves(cohort()), model).analyses == 2


def test_a_stacked_endpoint_is_an_endpoint_and_not_a_filter() -> None:
    rows = "".join(f"{i},{p},{5 + i},{i % 2}\n" for i in range(8) for p in ("OS", "PFS"))
    table = read(f"USUBJID,PARAMCD,AVAL,CNSR\n{rows}".encode(), "adtte.csv")
    endpoint = dataclasses.replace(
        examples.load("gbsg2").endpoints[0],
        time="AVAL", event="CNSR", unit="months", event_is=("0",), where=("PARAMCD = OS",),
    )  # fmt: skip
    known, unknown = (dataclasses.replace(table, endpoints=e) for e in ((endpoint,), ()))
    spec = AnalysisSpec(
        time="AVAL", event="CNSR", unit="months", event_is=("0",), where=("PARAMCD = OS",)
    )
    assert counts(looks.of_curves(select(known, spec))).filters == 0
    assert counts(looks.of_curves(select(unknown, spec))).filters == 1


def test_hashes_hold_no_value() -> None:
    seen = looks.of_scan(cohort(), np.array([20.0, 26.0]), side="ge")
    assert all(array.dtype == np.uint64 for array in seen.values())
    assert not set(seen["cutoffs"].tolist()) & {20, 26}


# --------------------------------------------------------------------------------- how it adds up


def view(*names: int) -> exploration.Looks:
    return {"analyses": np.array(names, dtype=np.uint64)}


def test_a_view_again_changes_nothing() -> None:
    ledger = Ledger().seeing(view(1, 2)).seeing(view(2)).seeing(view(2, 3)).seeing(view())
    assert ledger.counts.analyses == 3
    assert ledger.seeing({"terms": np.array([], dtype=np.uint64)}).counts.terms == 0


def test_a_colleagues_link_is_inherited_once() -> None:
    said = Counts(analyses=25)
    ledger = Ledger().asked("theirs", said).seeing(view(1))
    assert ledger.counts.analyses == 25  # what the link shows is one of the 25
    ledger = ledger.asked("theirs", said).seeing(view(1, 2))
    assert ledger.counts.analyses == 25
    ledger = ledger.asked("mine", ledger.counts).seeing(view(3))
    assert ledger.counts.analyses == 26
    assert ledger.asked("theirs", said).seeing(view(1)).counts.analyses == 26


def test_a_page_that_is_loaded_again_counts_its_scan_once() -> None:
    said = Counts(analyses=200)
    ledger = Ledger().asked("q", said).seeing(view(1)).seeing(view(*range(200)))
    assert ledger.counts.analyses == 200
    assert ledger.asked("r", said).seeing(view(500)).counts.analyses == 201


def test_a_link_that_says_less_takes_nothing_away() -> None:
    ledger = Ledger().asked("q", Counts()).seeing(view(1, 2, 3))
    assert ledger.asked("r", Counts(analyses=1)).counts.analyses == 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.integers(0, 12), st.sets(st.integers(0, 9), max_size=4)
        ),
        max_size=12,
    )
)
def test_counts_never_fall_and_the_own_address_changes_nothing(
    moves: list[tuple[str, int, set[int]]],
) -> None:
    ledger, before = Ledger(), 0
    for question, said, new in moves:
        ledger = ledger.asked(question, Counts(analyses=said)).seeing(view(*new))
        now = ledger.counts
        assert now.analyses >= max(before, said, len(ledger.seen["analyses"]))
        echoed = ledger.asked(question, Counts.parse(now.texts()))
        assert echoed.counts == now
        # Another question with this session's own address and nothing new to see.
        assert echoed.asked("z", Counts.parse(now.texts())).counts == now
        before = now.analyses


# ----------------------------------------------------------------------------------- the link


def test_the_form_of_the_link() -> None:
    found = Counts(25, 1, 2, 20, 1, 1, 1, 3)
    texts = found.texts()
    assert texts == ("analyses:25", "endpoints:1", "stratifiers:2", "cutoffs:20", "filters:1",
                     "terms:1", "unlocked:1", "earlier:3")  # fmt: skip
    assert Counts.parse(texts) == found
    spec = AnalysisSpec(explored=texts)
    assert "explored=analyses:25,endpoints:1," in spec.to_query()
    assert AnalysisSpec.from_query(spec.to_query()) == spec
    assert Counts.parse(()) == Counts()
    assert Counts(analyses=10**12).texts() == ("analyses:999999999",)


@given(st.builds(Counts, **{kind: st.integers(0, 10**9 - 1) for kind in KINDS}))
def test_counts_go_through_a_link(found: Counts) -> None:
    assert Counts.parse(found.texts()) == found


@pytest.mark.parametrize(
    "text",
    ["analyses:-1", "analyses:many", "analyses:1e300", "analyses:", "analyses", "analyses:1.5",
     "analyses:1_0", "analyses:٣", "analyses:9999999999", "analyses:nan", "looks:3", ":3", "",
     "analyses: 3"],
)  # fmt: skip
def test_an_absurd_count_is_refused(text: str) -> None:
    with pytest.raises(SpecError) as refused:
        Counts.parse((text,))
    assert refused.value.field == "explored"


def test_a_count_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="cutoffs"):
        Counts.parse(("cutoffs:1", "cutoffs:2"))


def test_the_published_entry() -> None:
    assert published.exploration(AnalysisSpec()) == {"exploration": None}
    entry = published.exploration(AnalysisSpec(explored=("cutoffs:4",)))["exploration"]
    assert entry == dict.fromkeys(KINDS, 0) | {"cutoffs": 4}
    with pytest.raises(SpecError):
        published.exploration(AnalysisSpec(explored=("cutoffs:-4",)))


# ---------------------------------------------------------------------------------- the sentence


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Counts(), ""),
        (
            Counts(analyses=26, endpoints=1, stratifiers=2, cutoffs=23),
            "Looked at so far: 23 cutoffs, 2 stratifiers, 1 endpoint (26 analyses). With this many "
            "looks, expect about one p below 0.05 by chance alone.",
        ),
        (
            Counts(analyses=1, endpoints=1, stratifiers=1, cutoffs=1),
            "Looked at so far: 1 cutoff, 1 stratifier, 1 endpoint (1 analysis).",
        ),
        (Counts(analyses=9), "Looked at so far: 9 analyses."),
        (
            Counts(analyses=10, filters=1, terms=1),
            "Looked at so far: 1 choice of patients, 1 model term (10 analyses). With this many "
            "looks, expect about one p below 0.05 by chance alone.",
        ),
        (Counts(unlocked=1), "The outcome was hidden and then unlocked once."),
    ],
)
def test_the_sentence(found: Counts, said: str) -> None:
    assert sentence(found) == said


@pytest.mark.parametrize(("m", "about"), [(29, "one p "), (30, "2 p-values"), (200, "10 p-val")])
def test_what_chance_makes(m: int, about: str) -> None:
    assert f"about {about}" in sentence(Counts(analyses=m))


def test_what_is_expected_by_chance_holds_for_neighbouring_cutoffs() -> None:
    # The second road: permuted markers, every cutoff tested; the mean number of small p-values.
    rng = np.random.default_rng([1, 8])
    table = cohort()
    from core.survival.cutoff.endpoint import Endpoint

    endpoint = Endpoint.of(table)
    x = table.column("age").to_numpy(dtype=float)
    cuts = np.quantile(x, np.linspace(0.1, 0.9, 20))
    small = []
    for _ in range(400):
        order = rng.permutation(len(x))
        p = [endpoint.compare(x[order] >= c).p_value for c in cuts]
        small.append(sum(value is not None and value < 0.05 for value in p))
    assert np.mean(small) == pytest.approx(0.05 * len(cuts), abs=4 * np.std(small) / 20)
    assert np.var(small) > 3 * 0.05 * 0.95 * len(cuts)  # they come in runs


# ------------------------------------------------------------------------- the locked outcome


def test_the_cut_as_a_condition() -> None:
    def text(**changes: object) -> str | None:
        found = cohort(**changes)
        return locking.cut_text(found.groups, found.spec)

    assert text(cut_value=("6.1",)) == "progrec >= 6.1"
    assert text(cut_value=("6.10",), cut_side="gt") == "progrec > 6.1"
    assert text(cut_rule="median", cut_value=()) == "progrec >= 32.5"
    assert text(cut_rule="value", cut_value=("9", "4")) == "progrec >= 4,9"
    assert text(group_by="horTh", cut_rule=None, cut_value=()) is None
    assert text(group_by=None, cut_rule=None, cut_value=()) is None
    assert text(cut_rule="best", cut_value=()) is None


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("where", {"where": ("time >= 300",)}),
        ("where", {"where": ("cens = 1",)}),
        ("group_by", {"group_by": "time"}),
        ("group_by", {"group_by": "cens"}),
        ("second_by", {"second_by": "cens"}),
        ("landmark", {"landmark": 6.0}),
    ],
)
def test_a_locked_outcome_does_not_come_in_by_another_door(
    field: str, changes: dict[str, object]
) -> None:
    spec, _ = fill(GBSG2, ASKED.but(**changes))
    locking.refuse_outcome(GBSG2, spec)
    with pytest.raises(SpecError) as refused:
        locking.refuse_outcome(GBSG2, spec.but(outcome="locked"))
    assert refused.value.field == field


def test_what_is_answered_with_a_locked_outcome() -> None:
    parts = ("cohort", "km", "cox")
    locked = ASKED.but(outcome="locked")
    assert locking.parts_of(ASKED, parts) == parts
    assert locking.parts_of(locked, parts) == ("cohort",)
    assert locking.parts_of(locked.but(parts=("cohort",)), ("cohort",)) == ("cohort",)
    for changes in ({"parts": ("km",)}, {"cut_rule": "best"}, {"cut_rule": "best-pair"}):
        with pytest.raises(SpecError) as refused:
            locking.parts_of(locked.but(**changes), parts)
        assert refused.value.field == "outcome"


def test_the_published_cohort_has_no_outcome_when_it_is_locked() -> None:
    from core.survival import km

    found = cohort(outcome="locked")
    entry = published.cohort(found, km.follow_up(found, found.spec))
    assert entry["cohort"]["n"] == 686
    assert entry["cohort"]["events"] is None
    assert entry["cohort"]["follow_up"] is None
    assert [level["events"] for level in entry["groups"]["levels"]] == [None, None]
    assert sum(level["n"] for level in entry["groups"]["levels"]) == 686
