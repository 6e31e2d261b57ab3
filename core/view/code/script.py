"""An analysis as code: a stand-alone file of Python or of R with the numbers of the answer."""

from __future__ import annotations

import tomllib
from pathlib import Path

from core.cohort import Cohort
from core.errors import SpecError
from core.published import canonical
from core.view.code.copied import python_functions, python_imports, r_functions
from core.view.code.forming import groups
from core.view.code.grouped import responder_lines
from core.view.code.language import PYTHON, Language, R
from core.view.code.modelled import model_patients, stratum_lines, term_lines, terms_asked
from core.view.code.names import comment
from core.view.code.of_curves import needs_weights
from core.view.code.reading import who_is_in
from core.view.code.sections import SECTIONS
from core.view.code.table import Table
from core.view.code.writing import Section, Writer, constants

PROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"
PYTHON_PIECES = (
    "base", "curves", "spss", "logrank", "terms", "cox", "whole", "firth", "cutoff", "subgroups",
    "competing", "response", "logistic",
)  # fmt: skip
R_PIECES = (
    "base", "curves", "spss", "tests", "terms", "cox", "whole", "cutoff", "subgroups",
    "competing", "response", "logistic",
)  # fmt: skip
WITH_TERMS = ("cox", "logistic")
WITH_RESPONSE = ("response", "logistic")
WITH_MODELS = ("cox", "subgroups")


def python_script(cohort: Cohort, parts: tuple[str, ...], table: str = "table.csv") -> str:
    """Write the analysis as a stand-alone file of Python (numpy, pandas, scipy).

    Parameters
    ----------
    cohort : Cohort
    parts : tuple of str
        Names of `core.parts.PARTS`; those that a script does not have are named at its top.
    table : str
        Name of the file that `table_csv` makes; the script takes another one as its argument.

    Raises
    ------
    SpecError
        If the outcome is locked.
    """
    body, missing = _body(cohort, parts, PYTHON, table)
    functions = python_functions(body, PYTHON_PIECES)
    head = _head(cohort, parts, missing, PYTHON)
    imports = python_imports(functions + body)
    return f"{head}\n\n{imports}\n\n\n{functions}\n\n\n{body}\n"


def r_script(cohort: Cohort, parts: tuple[str, ...], table: str = "table.csv") -> str:
    """Write the analysis as a stand-alone file of R (survival).

    Parameters
    ----------
    cohort : Cohort
    parts : tuple of str
        Names of `core.parts.PARTS`; those that a script does not have are named at its top.
    table : str
        Name of the file that `table_csv` makes; the script takes another one as its argument.

    Raises
    ------
    SpecError
        If the outcome is locked.
    """
    body, missing = _body(cohort, parts, R, table)
    logrank = "weighted" if needs_weights(Table(cohort)) else "logrank"
    functions = r_functions(body, (logrank, *R_PIECES))
    head = _head(cohort, parts, missing, R)
    return f"{head}\n\nlibrary(survival)\noptions(width = 120)\n\n{functions}\n\n{body}\n"


def table_csv(cohort: Cohort, parts: tuple[str, ...] = tuple(SECTIONS)) -> bytes:
    """Make the table that the scripts read: the columns that they use, cleaned.

    Returns
    -------
    bytes
        CSV in UTF-8 with commas, missing cells empty, numbers with all their digits. Identifiers
        are running numbers, dates are times; ages are as they are.
    """
    table = Table(cohort)
    _sections(Writer(table, PYTHON), _had(cohort, parts))
    return table.csv()


def reads_file(cohort: Cohort, data: bytes, parts: tuple[str, ...] = tuple(SECTIONS)) -> bool:
    r"""Whether the scripts read the user's own file as they read `table_csv`.

    So it is for a CSV file with commas in UTF-8 that was neither cleaned nor joined.

    Parameters
    ----------
    cohort : Cohort
    data : bytes
        The file.
    parts : tuple of str

    Examples
    --------
    >>> from core.cohort import select
    >>> from core.reading import read
    >>> from core.reading.roles.filling import fill
    >>> from core.spec import AnalysisSpec
    >>> data = b"months,death\n3.5,1\n8,0\n"
    >>> table = read(data, "a.csv")
    >>> found = select(table, fill(table, AnalysisSpec())[0])
    >>> reads_file(found, data), reads_file(found, data.replace(b",", b";"))
    (True, False)
    """
    table = Table(cohort)
    _sections(Writer(table, PYTHON), _had(cohort, parts))
    return table.same_as(data)


def _had(cohort: Cohort, parts: tuple[str, ...]) -> tuple[str, ...]:
    """The parts that a script can have for this question, in their order."""
    spec = cohort.spec
    can = {
        "cox": bool(terms_asked(cohort)),
        "subgroups": bool(spec.subgroups) and len(cohort.groups.levels) > 1,
        "response": spec.response is not None,
        "logistic": spec.response is not None and bool(terms_asked(cohort)),
        "cutoff": cohort.groups.rule != "none" and cohort.spec.entry is None,
    }
    return tuple(name for name in SECTIONS if name in parts and can.get(name, True))


def _sections(writer: Writer, parts: tuple[str, ...]) -> tuple[list[str], dict[str, Section]]:
    """The lines of a script after the reading of its table, and the sections they come from."""
    table, lang = writer.table, writer.lang
    lines = [*constants(writer), "", *who_is_in(table, lang), "", *groups(table, lang)]
    lines += stratum_lines(table, lang)
    found = {name: SECTIONS[name](writer) for name in parts}
    if any(found[name].lines for name in WITH_MODELS if name in found):
        lines += model_patients(table, lang)
    if any(found[name].lines for name in WITH_RESPONSE if name in found):
        lines += ["", *responder_lines(table, lang)]
    if any(found[name].lines for name in WITH_TERMS if name in found):
        lines += ["", *term_lines(table, lang)]
    for section in found.values():
        lines += ["", *section.lines]
    return lines, found


def _body(
    cohort: Cohort, parts: tuple[str, ...], lang: Language, file: str
) -> tuple[str, list[str]]:
    if cohort.spec.outcome == "locked":
        raise SpecError("outcome", "The outcome is locked", "Unlock it before you take the code")
    table = Table(cohort)
    had = _had(cohort, parts)
    lines, found = _sections(Writer(table, lang), had)
    missing = [f"the part '{name}'" for name in parts if name not in had]
    missing += [what for section in found.values() for what in section.missing]
    path = lang.text(file)
    if lang.name == "Python":
        opened = ["print_any_character()", f"TABLE = sys.argv[1] if len(sys.argv) > 1 else {path}"]
    else:
        opened = [
            "given <- commandArgs(trailingOnly = TRUE)",
            f"TABLE <- if (length(given)) given[1] else {path}",
        ]
    read = lang.call("read_table", ["TABLE", lang.texts(table.numbers())], "data")
    return "\n".join([*opened, read, "", *lines, "", "print_results()"]), missing


def _head(cohort: Cohort, parts: tuple[str, ...], missing: list[str], lang: Language) -> str:
    """Comments at the top; the first two lines hold no word of the user's."""
    data = cohort.dataset
    own = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    needs = "numpy, pandas and scipy" if lang.name == "Python" else "the package survival"
    program = "python" if lang.name == "Python" else "Rscript"
    texts = [
        f"An analysis by Stratiscope {own} as plain {lang.name}; needs {needs}.",
        f"Run it with: {program} THIS_FILE [TABLE.csv]",
        "The table holds the columns that are used here, cleaned. A file of the user's own can "
        "stand in its place where it is plain CSV with commas and has these columns and values.",
        f"Data: {data.name}, SHA-256 {data.digest}",
    ]
    if data.synthetic:
        texts.append(
            "The patients are made up (synthetic data): no conclusion holds for real ones."
        )
    if cohort.loaded is not None:
        texts.append("Variables that become known later have their values of the new start.")
    texts.append(f"Query: {canonical(cohort, parts).to_query()}")
    if missing:
        texts.append(f"Not in this script: {'; '.join(dict.fromkeys(missing))}.")
    ascii_only = lang.name == "R"
    return "\n".join(line for text in texts for line in comment(text, ascii_only=ascii_only))
