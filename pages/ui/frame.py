"""Open a page: the data, the question, the link, and the only cache there is.

The question (an `AnalysisSpec`) is the only state. Widgets are seeded from it and change it
through `change`; the address in the browser is its echo. An address that is not the echo of what
this session asked was typed, followed or gone back to: it is read as a new question, or it is said
why it cannot be read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from core import analysis, locking
from core.cohort import Cohort, select
from core.dataset import Dataset
from core.errors import SpecError, StratiscopeError
from core.inclusion import include
from core.known import KnownLater
from core.lesions.attach import FIELDS, Attached, attached
from core.notes import Note
from core.parts import PARTS, WHO
from core.progress import Progress
from core.reading import examples
from core.reading.process.child import Readers
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from core.terms import parse
from core.view import words
from core.view.charts import Figure
from core.view.html import markdown_text, paragraph
from pages.ui import address, exploring, navigation, warming
from pages.ui.telling import telling

if TYPE_CHECKING:
    from pages.ui.loading import Loaded

FIRST = "gbsg2"
"""The cohort that a newcomer sees."""
MOST_KEPT = 32
"""Results of long work that a session keeps."""
log = logging.getLogger("stratiscope")


@dataclass(frozen=True)
class Page:
    """An opened page: what was asked of which data. A ``with`` block turns errors into messages.

    `asked` are the parts whose results were asked for: the methods text is theirs.
    """

    dataset: Dataset
    spec: AnalysisSpec
    guesses: tuple[Note, ...]
    asked: set[str] = field(default_factory=set)

    @property
    def lesions(self) -> Attached | None:
        """What the lesion tables became, where there are any."""
        return attached(self.dataset, self.spec)

    @property
    def locked(self) -> bool:
        """Whether the outcome is hidden: no result is computed then."""
        return self.spec.outcome == "locked"

    @cached_property
    def cohort(self) -> Cohort:
        """Who is in, in their groups."""
        included = kept(
            analysis.key_of_included(self.dataset, self.spec),
            lambda: include(self.dataset, self.spec),
        )
        return select(self.dataset, self.spec, included)

    def result(self, part: str) -> Any:
        """The result of an analysis; only what the question changed is computed again."""
        cohort = self.cohort
        key = self.key(part)
        return kept(key, lambda: PARTS[part].make(cohort, self.spec))

    def key(self, part: str) -> str:
        """Name of the result of an analysis: the same for the same question.

        Every result is asked for by its key, so this is where a locked outcome stays locked.
        """
        if self.locked and not PARTS[part].blind:
            raise SpecError("outcome", "The outcome is locked", "Unlock it to see results")
        self.asked.add(part)
        return analysis.key(part, self.dataset, self.spec)

    def worked(self, part: str, words: str) -> Any:
        """The result of an analysis that may take long, with its progress on the page.

        Any move on the page, or leaving it, ends the work at the next sign of progress. What was
        finished is kept like any other result.
        """
        if self.key(part) in st.session_state.get("worked", {}):
            return st.session_state["worked"][self.key(part)]
        with telling(words) as progress:
            return self.found(part, progress)

    def found(self, part: str, progress: Progress) -> Any:
        """The result of an analysis: what was computed already, else with progress told."""
        if not PARTS[part].long:
            return self.result(part)
        key = self.key(part)
        kept: dict[str, Any] = st.session_state.setdefault("worked", {})
        if key not in kept:
            kept[key] = PARTS[part].make(self.cohort, self.spec, progress)
            while len(kept) > MOST_KEPT:
                kept.pop(next(iter(kept)))
        return kept[key]

    @property
    def notes(self) -> tuple[Note, ...]:
        """What must be known about the question before any result; the import report is apart."""
        return (*self.guesses, *self.cohort.included.notes, *self.cohort.groups.notes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if isinstance(error, SpecError) and error.field == "outcome" and self.locked:
            from pages.ui import lock  # it needs `change` from here

            lock.panel(self)
            return True
        if isinstance(error, StratiscopeError):
            problem(error)
            return True
        if isinstance(error, Exception):
            # Only the kind of the error is logged: its text may quote a cell of the table.
            log.error("A page failed with %s", type(error).__name__)
            st.error(
                "Something went wrong in this view. The data and the other pages are not touched; "
                "undo the last change, or open the cohort page."
            )
            return True
        return False


def open_page(
    title: str,
    *,
    shows: str | None = None,
    permutations: int | None = None,
    bootstraps: int | None = None,
) -> Page:
    """Open a page: read the address, load the data, draw the navigation.

    Parameters
    ----------
    title : str
    shows : {"km", "cox", "strip"}, optional
        Which look at the outcome it is to open the page: the strip has patients in its order.
    permutations, bootstraps : int, optional
        How many the page asks for where the question does not say.

    Stops the script, with a message on the screen, when there is nothing to show.
    """
    st.set_page_config(page_title=f"{title} - Stratiscope", page_icon="🔬", layout="wide")
    st.html(Path(__file__).with_name("style.css"))
    _warm_up()
    if st.session_state.get("page") != title:
        # The share page makes links to the page from which it was opened.
        st.session_state["shown"] = st.session_state.get("page")
        st.session_state["page"], st.session_state["seeded"] = title, set()
    from pages.ui import login, tables  # they need `keep` and `problem` from here
    from pages.ui.sharing import arriving

    login.require()
    arriving.arrive()
    spec = _asked()
    arriving.still_open(spec)
    navigation.draw(spec)
    login.draw()
    dataset = tables.dataset_of(spec)
    try:
        dataset = tables.with_lesions(dataset, spec)
        spec = spec.but(sheet=dataset.sheet or None, clean=dataset.steps)
        filled, guesses = fill(dataset, address.with_draws(spec, permutations, bootstraps))
        locking.refuse_outcome(dataset, filled)
        filled = _explicit(dataset, locking.without_search(filled))
        page = exploring.counted(Page(dataset, filled, guesses), shows)
    except StratiscopeError as error:
        problem(error)
        st.stop()
    address.echo(page.spec)
    arriving.banner(page.spec)
    if dataset.synthetic:
        st.html(paragraph(words.SYNTHETIC, "synthetic"))
    for note in analysis.other_data(dataset, page.spec):
        st.warning(markdown_text(note.text), icon=":material/warning:")
    _check_terms(page)
    return page


def _explicit(dataset: Dataset, spec: AnalysisSpec) -> AnalysisSpec:
    """Write out the default cut: it depends on the data, and a link must not."""
    if spec.group_by is None or spec.cut_rule is not None:
        return spec
    try:
        groups = Page(dataset, spec, ()).cohort.groups
    except StratiscopeError:
        return spec  # the page will say what is wrong
    side = spec.cut_side or (groups.side if groups.thresholds else None)
    return spec.but(cut_rule=groups.rule, cut_side=side)


def change(**fields: Any) -> None:
    """Change the question; for callbacks. The run that follows writes the address."""
    if fields.keys() & {*WHO, *FIELDS} - {"group_by", "show_unit"}:
        # Other patients or another endpoint: the cutoff was not chosen blind for these.
        fields.setdefault("unlocked", None)
    ask(st.session_state["spec"].but(**fields))


def seed(key: str, value: object) -> None:
    """Give a widget the value that the question has.

    Only where it has another one, or a move that is on its way would be taken back; and once a
    page, where it is a new widget although its key is the same.
    """
    seeded = st.session_state.setdefault("seeded", set())
    if key not in seeded or key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    seeded.add(key)


def ask(spec: AnalysisSpec) -> None:
    """Ask a new question altogether; for the callbacks of widgets."""
    st.session_state["spec"] = spec
    st.session_state["moved"] = True


def folded(label: str, icon: str, key: str, **style: Any) -> PopoverContainer:
    """A button that unfolds more; what is inside is made only while it is open.

    Use it as ``drawer = folded(...)``, ``if drawer.open:``, ``with drawer:``. Widgets that nobody
    sees would otherwise be made on every move of a slider.
    """
    return st.popover(label, icon=icon, key=key, on_change="rerun", **style)


def keep(loaded: Loaded, name: str) -> None:
    """Keep an uploaded table in this session, where no other user can reach it.

    The name is the one that the question has: a different table keeps the name of the link that
    it was loaded for, so that the page can go on saying that it is a different one.
    """
    st.session_state.setdefault("tables", {})[name] = loaded


def forget() -> None:
    """Drop uploaded tables, everything computed from them, and the uploaded bytes."""
    from pages.ui import loading  # it needs `change` from here

    for name in loading.OWN:
        st.session_state.pop(name, None)
    kept.clear()
    loading.release_uploads()
    ask(examples.question(FIRST))


def problem(error: StratiscopeError) -> None:
    """Show what is wrong and how to go on."""
    if isinstance(error, KnownLater):
        from pages.ui import timing  # it needs `change` from here

        timing.stopped(error)
        return
    st.error(markdown_text(str(error)))
    if isinstance(error, SpecError) and "spec" in st.session_state:
        default = getattr(AnalysisSpec(), error.field, None)
        if getattr(st.session_state["spec"], error.field, default) != default:
            st.button(
                f"Leave '{error.field}' out",
                key=f"leave_out_{error.field}",
                on_click=change,
                kwargs={error.field: default},
            )


def _asked() -> AnalysisSpec:
    """The question: this session's, unless the address holds another one."""
    state = st.session_state
    here = address.fields()
    moved = state.pop("moved", False)
    # A rerun that a widget caused may still carry an address from before its change.
    if here and not moved and here != state.get("echo"):
        try:
            spec = AnalysisSpec.from_dict(here)
        except StratiscopeError as error:
            navigation.draw(state.get("spec", examples.question(FIRST)))
            st.error(f"This link cannot be read. {markdown_text(str(error))}")
            st.button("Open the example instead", on_click=ask, args=(examples.question(FIRST),))
            st.stop()
        state["spec"] = spec if spec.data else spec.but(data=state.get("spec", spec).data or FIRST)
    elif "spec" not in state:
        state["spec"] = examples.question(FIRST)
    spec = state["spec"]
    return spec if isinstance(spec, AnalysisSpec) else examples.question(FIRST)


def _check_terms(page: Page) -> None:
    """Say on every page which term of a link cannot be read, not only where it is used."""
    for text in page.spec.terms:
        try:
            parse(text, page.dataset.variables)
        except StratiscopeError as error:
            problem(error)


@st.cache_resource(show_spinner=False)
def readers() -> Readers:
    """The processes that read files, for all sessions; they hold no table when they are idle."""
    return Readers()


@st.cache_resource(show_spinner=False)
def example(name: str) -> Dataset:
    """A shipped cohort: public data, shared by all sessions."""
    return examples.load(name)


@st.cache_resource(scope="session", max_entries=128, show_spinner=False)
def kept(key: str, _compute: Any) -> Any:
    """Keep a result of this session under its key; the key alone decides."""
    return _compute()


def drawn(kind: str, shape: tuple[Any, ...], build: Callable[[], Figure]) -> Figure:
    """The description of a figure, built by Altair once for each shape."""
    return kept(f"{kind} {shape!r}", build)  # type: ignore[no-any-return]


@st.cache_resource(show_spinner=False)
def _warm_up() -> None:
    warming.up()
