"""The exploration ledger of a session: each look is counted, shown, and goes with the link."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core import exploration, looks
from core.cohort import Cohort
from core.errors import StratiscopeError
from core.exploration import Counts, Ledger, Looks
from core.pair_search import PairSearch
from core.survival.cutoff.grid import GridResult
from core.view import html

if TYPE_CHECKING:
    from pages.ui.frame import Page

SHOWS: dict[str, Callable[[Cohort], Looks]] = {
    "km": looks.of_curves,
    "cox": looks.of_model,
    "strip": looks.of_strip,
}
"""What a page shows as soon as it is opened."""


def counted(page: Page, shows: str | None) -> Page:
    """The page with its look at the outcome counted, and the counts in its question.

    Parameters
    ----------
    page : Page
    shows : str or None
        A key of `SHOWS`; None for a page that shows no outcome, or reports it itself.

    Raises
    ------
    SpecError
        If the link's own counts cannot be read.
    """
    said = Counts.parse(page.spec.explored)
    ledger = _kept(page).asked(looks.question(page.spec), said)
    if shows is not None and not page.locked:
        with suppress(StratiscopeError):  # the page says what is wrong and shows no result
            ledger = ledger.seeing(SHOWS[shows](page.cohort))
    _keep(page, ledger)
    return dataclasses.replace(page, spec=page.spec.but(explored=_texts(ledger, said)))


def scanned(page: Page, cutoffs: np.ndarray) -> None:
    """Count every candidate cutoff of a scan as looked at.

    Call it before anything of the scan is drawn: when some of them are new, the page starts anew,
    so that its sidebar and its address have them.

    Parameters
    ----------
    page : Page
    cutoffs : numpy.ndarray, shape (k,)
        As the side of the cut writes them.
    """
    _seen(page, looks.of_scan(page.cohort, cutoffs, side=page.spec.cut_side or "ge"))


def paired(page: Page, found: PairSearch) -> None:
    """Count a search for a pair as looked at; call it before anything is drawn."""
    _seen(page, looks.of_pairs(page.cohort, found))


def mapped(page: Page, found: GridResult) -> None:
    """Count a map of two markers as looked at; call it before anything is drawn."""
    cutoffs = (found.cutoff, found.second_cutoff)
    _seen(page, looks.of_map(page.cohort, cutoffs, found.combine))


def tested(page: Page, names: tuple[str, ...]) -> None:
    """Count tests that are shown side by side; call it before anything is drawn."""
    _seen(page, looks.of_tests(page.cohort, names))


def divided(page: Page, levels: tuple[tuple[str, str], ...]) -> None:
    """Count a comparison in each subgroup, or under each definition; call it before drawing."""
    _seen(page, looks.of_subgroups(page.cohort, levels))


def asked(page: Page, part: str, *fields: object) -> None:
    """Count a question of a page of its own; call it before anything is drawn."""
    _seen(page, looks.of_question(page.cohort, part, *fields))


def _seen(page: Page, new: Looks) -> None:
    ledger = _kept(page).seeing(new)
    _keep(page, ledger)
    if _texts(ledger, Counts.parse(page.spec.explored)) != page.spec.explored:
        st.rerun()


def unlocked(page: Page) -> tuple[str, ...]:
    """Count the unlocking of the outcome; what the question then says of earlier looks."""
    ledger = _kept(page).seeing(looks.of_unlocking(page.cohort))
    _keep(page, ledger)
    return _texts(ledger, Counts(earlier=ledger.counts.analyses))


def counts(page: Page) -> Counts:
    """How much was looked at of the data of a page."""
    return _kept(page).counts


def show(page: Page) -> None:
    """The counts in a sentence, for the sidebar."""
    text = exploration.sentence(counts(page))
    if text:
        st.html(html.paragraph(text, "quiet"))


def _kept(page: Page) -> Ledger:
    ledger = st.session_state.get("looks", {}).get(page.dataset.reference)
    return ledger if isinstance(ledger, Ledger) else Ledger()


def _keep(page: Page, ledger: Ledger) -> None:
    st.session_state.setdefault("looks", {})[page.dataset.reference] = ledger


def _texts(ledger: Ledger, said: Counts) -> tuple[str, ...]:
    return dataclasses.replace(ledger.counts, earlier=said.earlier).texts()
