"""The rules of the design, read off the syntax trees of the code.

Each rule has a name, a place where it holds, and a few bad and good lines. The code must keep
the rule, the rule must find every bad line (else it could not fail), and let every good one pass.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAX_MODULE_LINES = 350
MAX_FUNCTION_LINES = 60

# Who may import whom: a module imports from its own level and from those below, never upwards.
# The longest matching prefix counts.
LEVELS = {
    "core": 0,
    "core.allowed": 0,
    "core.errors": 0,
    "core.notes": 0,
    "core.progress": 0,
    "core.units": 0,
    "core.spec": 1,
    "core.dataset": 1,
    "core.steps": 2,
    "core.filters": 2,
    "core.followup": 2,
    "core.citations": 2,
    "core.groups": 2,
    "core.pair_search": 2,
    "core.two_markers": 2,
    "core.inclusion": 2,
    "core.known": 2,
    "core.origin": 2,
    "core.search": 2,
    "core.terms": 2,
    "core.reading": 2,
    "core.lesions": 2,
    "core.receptors": 2,
    "core.studies": 3,
    "core.cohort": 3,
    "core.survival": 4,
    "core.response": 4,
    "core.table_one": 4,
    "core.prediction": 4,
    "core.methods": 5,
    "core.methods_of_curves": 5,
    "core.methods_of_patients": 5,
    "core.parts": 5,
    "core.published": 5,
    "core.analysis": 5,
    "core.view": 6,
    "core.sharing": 6,
    "core.printed": 6,
    "core.__main__": 7,
    "pages.ui": 8,
    "pages": 9,
    "app": 9,
    "asgi": 10,
}
# A module of core/ that is not listed is taken for a statistic.
LEVEL_OF_A_STATISTIC = LEVELS["core.survival"]
# Those of core/ that may draw, tabulate and word; all others are statistics or below them.
RENDERING = ("core.view", "core.sharing", "core.__main__")


@dataclass(frozen=True)
class Module:
    """One file of the project, or a sample in its place."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        if self.path.endswith("/__init__.py"):
            return self.name
        return self.name.rpartition(".")[0]


Finding = tuple[int, str]
Check = Callable[[Module], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One sentence of the design, and how a breach of it is found."""

    says: str
    check: Check
    where: tuple[str, ...]
    bad: tuple[tuple[str, str], ...]
    good: tuple[tuple[str, str], ...] = ()


# What modules import and name -----------------------------------------------------------------


def imports(module: Module, *, top_only: bool = False) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything imported; ``from a import b`` gives ``a.b``."""
    nodes = _outside_functions(module.tree) if top_only else ast.walk(module.tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(module, node)
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    above = module.package.split(".")
    kept = above[: len(above) - (node.level - 1)]
    return ".".join([*kept, node.module] if node.module else kept)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and dotted(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from _outside_functions(child)


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for such an expression; a part that is not a plain name becomes ``?``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def names_used(module: Module) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of everything that is imported or reached by attributes."""
    yield from imports(module)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, dotted(node)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def level(name: str) -> int | None:
    """Return the level of a module of ours, or None for anything else."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix == "core" and length < len(parts) and not parts[1].startswith("__"):
            return LEVEL_OF_A_STATISTIC
        if prefix in LEVELS:
            return LEVELS[prefix]
    return None


# The checks -----------------------------------------------------------------------------------


def no_streamlit(module: Module) -> Iterator[Finding]:
    for line, name in imports(module):
        if within(name, "streamlit"):
            yield line, f"imports {name}"


def no_views_in_statistics(module: Module) -> Iterator[Finding]:
    if within(module.name, *RENDERING):
        return
    for line, name in imports(module):
        if within(name, *RENDERING):
            yield line, f"a statistic imports {name}"


def one_direction(module: Module) -> Iterator[Finding]:
    own = level(module.name)
    for line, name in imports(module):
        other = level(name)
        if own is not None and other is not None and other > own:
            yield line, f"imports {name}, which stands above it"


def caches_only_in_frame(module: Module) -> Iterator[Finding]:
    if module.path == "pages/ui/frame.py":
        return
    for line, name in names_used(module):
        if name.split(".")[-1] in {"cache_data", "cache_resource", "experimental_memo"}:
            yield line, f"uses {name}"


def core_caches_nothing(module: Module) -> Iterator[Finding]:
    forbidden = {"functools.cache", "functools.lru_cache", "joblib.Memory"}
    for line, name in names_used(module):
        if name in forbidden or name.split(".")[-1] in {"lru_cache", "cache"}:
            yield line, f"uses {name}"


def no_pickles(module: Module) -> Iterator[Finding]:
    for line, name in names_used(module):
        first, last = name.split(".")[0], name.split(".")[-1]
        if first in _PICKLERS or last in {"read_pickle", "to_pickle"}:
            yield line, f"uses {name}"


_PICKLERS = {"pickle", "cloudpickle", "dill", "joblib", "shelve"}


def nothing_evaluated(module: Module) -> Iterator[Finding]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        evaluates = name in {"eval", "exec", "numexpr.evaluate"}
        if isinstance(node.func, ast.Attribute):
            evaluates |= node.func.attr in {"query", "eval"}
        if evaluates:
            yield node.lineno, f"calls {name}()"


def no_formula(module: Module) -> Iterator[Finding]:
    for line, keyword in _keywords(module):
        if keyword.arg == "formula":
            yield line, "passes formula=, which runs Python hidden in a column's name"
    for line, name in imports(module):
        if within(name, "formulaic", "patsy"):
            yield line, f"imports {name}"


def no_raw_html(module: Module) -> Iterator[Finding]:
    for line, keyword in _keywords(module):
        if keyword.arg in {"unsafe_allow_html", "unsafe_allow_javascript"} and not (
            isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        ):
            yield line, f"passes {keyword.arg}="
    for line, name in names_used(module):
        if "components.v1" in name or name.endswith(("components.html", "components.iframe")):
            yield line, f"uses {name}"


def _keywords(module: Module) -> Iterator[tuple[int, ast.keyword]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield from ((node.lineno, keyword) for keyword in node.keywords)


def no_global_theme(module: Module) -> Iterator[Finding]:
    for line, name in names_used(module):
        if name.split(".")[-2:] in [[a, b] for a in ("theme", "themes") for b in _THEME_CALLS]:
            yield line, f"uses {name}"


_THEME_CALLS = ("register", "enable")


def heavy_libraries_are_lazy(module: Module) -> Iterator[Finding]:
    if within(module.name, KERNELS):
        return
    for line, name in imports(module, top_only=True):
        if within(name, "lifelines", "sksurv", "numba", KERNELS):
            yield line, f"imports {name} at its top"


KERNELS = "core.survival.cutoff.kernels"
"""The only package that may import numba, itself imported inside functions."""


def sksurv_in_one_place(module: Module) -> Iterator[Finding]:
    if module.path == "core/prediction.py":
        return
    for line, name in imports(module):
        if within(name, "sksurv"):
            yield line, f"imports {name}"


def short_modules(module: Module) -> Iterator[Finding]:
    lines = len(module.text.splitlines())
    if lines > MAX_MODULE_LINES:
        yield lines, f"has {lines} lines, {MAX_MODULE_LINES} are enough"


def short_functions(module: Module) -> Iterator[Finding]:
    """Find long functions; a docstring is not counted, since it may hold an example."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = _last_line(node) - node.lineno + 1 - _docstring_lines(node)
            if lines > MAX_FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {lines} lines, {MAX_FUNCTION_LINES} are enough"


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return _last_line(node.body[0]) - node.body[0].lineno + 1


# The rules ------------------------------------------------------------------------------------

CORE = ("core",)
SHIPPED = ("core", "pages", "app.py", "asgi.py")
EVERYWHERE = (*SHIPPED, "data", "benchmarks")

RULES = [
    Rule(
        "core never imports Streamlit",
        no_streamlit,
        CORE,
        bad=(
            ("core/km.py", "import streamlit as st"),
            ("core/km.py", "def f():\n    from streamlit import session_state"),
        ),
        good=(("core/km.py", "import streamlit_free"),),
    ),
    Rule(
        "statistics never import views",
        no_views_in_statistics,
        CORE,
        bad=(
            ("core/survival/km.py", "from core.view import charts"),
            ("core/survival/km.py", "from ..view.numbers import p_value"),
            ("core/cohort.py", "def f():\n    import core.view.words"),
            ("core/analysis.py", "from core import view"),
        ),
        good=(
            ("core/view/report.py", "from core.view import charts"),
            ("core/__main__.py", "from core.view import report"),
        ),
    ),
    Rule(
        "imports go one way: pages, pages.ui, core.view, core.analysis, statistics, cohort, spec",
        one_direction,
        SHIPPED,
        bad=(
            ("core/errors.py", "from core.spec import AnalysisSpec"),
            ("core/spec.py", "from core import cohort"),
            ("core/spec.py", "from . import cohort"),
            ("core/dataset.py", "from core.brand_new import something"),
            ("core/cohort.py", "from core.survival.km import estimate"),
            ("core/survival/km.py", "from ..analysis import PARTS"),
            ("core/analysis.py", "import core.view.charts"),
            ("core/view/charts.py", "import pages.ui.show"),
            ("pages/ui/frame.py", "from pages import overview"),
            ("core/survival/cox.py", "import app"),
        ),
        good=(
            ("pages/kaplan_meier.py", "from pages.ui import frame"),
            ("pages/ui/show.py", "from core.view import charts"),
            ("core/view/charts.py", "from core.survival.km import KMResult"),
            ("core/survival/km.py", "from core.cohort import Cohort\nfrom .steps import at_risk"),
            ("core/spec.py", "from core.errors import SpecError\nfrom core import __version__"),
        ),
    ),
    Rule(
        "only pages/ui/frame.py uses Streamlit's caches",
        caches_only_in_frame,
        EVERYWHERE,
        bad=(
            ("pages/ui/show.py", "@st.cache_data\ndef f(): ..."),
            ("app.py", "@st.cache_resource(ttl=1)\ndef f(): ..."),
            ("pages/cox.py", "from streamlit import cache_data"),
        ),
        good=(("pages/ui/frame.py", "@st.cache_data\ndef f(): ..."),),
    ),
    Rule(
        "core caches nothing",
        core_caches_nothing,
        CORE,
        bad=(
            ("core/spec.py", "from functools import lru_cache"),
            ("core/spec.py", "import functools\n@functools.cache\ndef f(): ..."),
        ),
        good=(("core/spec.py", "from functools import cached_property"),),
    ),
    Rule(
        "nothing is read from pickles",
        no_pickles,
        EVERYWHERE,
        bad=(
            ("core/reading/table.py", "frame = pd.read_pickle(path)"),
            ("core/reading/table.py", "import pickle\nx = pickle.loads(b'')"),
            ("core/reading/table.py", "from joblib import load"),
        ),
    ),
    Rule(
        "no text is evaluated as code",
        nothing_evaluated,
        EVERYWHERE,
        bad=(
            ("core/filters.py", "frame.query('age > 60')"),
            ("core/filters.py", "frame.eval('x = 1')"),
            ("core/filters.py", "pd.eval('1')"),
            ("core/filters.py", "eval('1')"),
            ("core/filters.py", "x().y[0].query('a')"),
        ),
        good=(
            ("core/filters.py", "urlsplit(link).query"),
            ("core/filters.py", "spec.to_query()\nquery('a')"),
        ),
    ),
    Rule(
        "no model is given as a formula",
        no_formula,
        EVERYWHERE,
        bad=(
            ("core/survival/cox.py", "CoxPHFitter().fit(f, 't', 'e', formula='age')"),
            ("core/survival/cox.py", "from formulaic import model_matrix"),
        ),
    ),
    Rule(
        "no raw HTML or script reaches the screen",
        no_raw_html,
        EVERYWHERE,
        bad=(
            ("pages/a.py", "st.markdown(x, unsafe_allow_html=True)"),
            ("pages/a.py", "st.markdown(x, unsafe_allow_html=flag)"),
            ("pages/a.py", "st.html(x, unsafe_allow_javascript=True)"),
            ("pages/a.py", "st.components.v1.html(x)"),
            ("pages/a.py", "import streamlit.components.v1 as components"),
            ("pages/a.py", "components.html(x)"),
        ),
        good=(("pages/a.py", "st.markdown(x, unsafe_allow_html=False)"),),
    ),
    Rule(
        "no Altair theme is set for the whole process",
        no_global_theme,
        EVERYWHERE,
        bad=(
            ("core/view/theme.py", "@alt.theme.register('x', enable=True)\ndef f(): ..."),
            ("core/view/theme.py", "alt.theme.enable('dark')"),
            ("core/view/theme.py", "altair.themes.enable('dark')"),
            ("core/view/theme.py", "from altair.theme import enable"),
        ),
        good=(("pages/ui/frame.py", "st.context.theme.type"),),
    ),
    Rule(
        "lifelines, scikit-survival and numba are imported where they are used, never at the top",
        heavy_libraries_are_lazy,
        SHIPPED,
        bad=(
            ("core/survival/cox.py", "from lifelines import CoxPHFitter"),
            ("core/survival/cox.py", "try:\n    import lifelines.utils\nexcept ImportError: ..."),
            ("core/prediction.py", "class A:\n    import sksurv"),
            ("core/survival/cutoff/scan.py", "from numba import njit"),
            ("core/survival/cutoff/scan.py", "from core.survival.cutoff.kernels import scan"),
        ),
        good=(
            ("core/survival/cutoff/kernels/two.py", "from numba import njit"),
            ("core/survival/cox.py", "def f():\n    from lifelines import CoxPHFitter"),
            ("core/survival/cox.py", "if TYPE_CHECKING:\n    from lifelines import CoxPHFitter"),
        ),
    ),
    Rule(
        "scikit-survival is used by core/prediction.py and by the makers of data only",
        sksurv_in_one_place,
        (*SHIPPED, "benchmarks"),
        bad=(("core/survival/cox.py", "def f():\n    from sksurv.util import Surv"),),
        good=(("core/prediction.py", "def f():\n    from sksurv.util import Surv"),),
    ),
    Rule(
        f"a module has at most {MAX_MODULE_LINES} lines",
        short_modules,
        SHIPPED,
        bad=(("core/long.py", "x = 1\n" * (MAX_MODULE_LINES + 1)),),
        good=(("core/long.py", "x = 1\n" * MAX_MODULE_LINES),),
    ),
    Rule(
        f"a function of core has at most {MAX_FUNCTION_LINES} lines besides its docstring",
        short_functions,
        CORE,
        bad=(("core/long.py", "def f():\n" + "    x = 1\n" * MAX_FUNCTION_LINES),),
        good=(
            ("core/long.py", "def f():\n    '''A\n\n    b.'''\n" + "    x = 1\n" * 59),
            ("core/long.py", "def f():\n" + "    x = 1\n" * 59),
        ),
    ),
]


def modules(where: tuple[str, ...]) -> list[Module]:
    """Return the files of the project in these places; a place that is not there yet is empty."""
    found: list[Path] = []
    for place in where:
        path = ROOT / place
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path] * path.is_file()
    return [Module(p.relative_to(ROOT).as_posix(), p.read_text(encoding="utf-8")) for p in found]


def _says(rule: Rule) -> str:
    return rule.says


def _samples(kind: str) -> list[object]:
    return [
        pytest.param(rule, Module(*sample), id=f"{rule.says} [{number}]")
        for rule in RULES
        for number, sample in enumerate(getattr(rule, kind), start=1)
    ]


@pytest.mark.parametrize("rule", RULES, ids=_says)
def test_the_code_keeps_the_rule(rule: Rule) -> None:
    broken = [
        f"{module.path}:{line}: {what}"
        for module in modules(rule.where)
        for line, what in rule.check(module)
    ]
    assert not broken, f"{rule.says}:\n" + "\n".join(broken)


@pytest.mark.parametrize(("rule", "sample"), _samples("bad"))
def test_the_rule_finds_a_breach(rule: Rule, sample: Module) -> None:
    assert list(rule.check(sample)), sample.text


@pytest.mark.parametrize(("rule", "sample"), _samples("good"))
def test_the_rule_lets_good_code_pass(rule: Rule, sample: Module) -> None:
    assert not list(rule.check(sample)), sample.text


def test_the_walk_sees_the_code() -> None:
    seen = {module.path for module in modules(SHIPPED)}
    assert {"app.py", "core/spec.py", "core/cohort.py", "pages/ui/frame.py"} <= seen
