"""The functions that a script brings along: those of the pieces that it reaches, as they stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent / "pieces"
IMPORTS = (
    ("import csv", r"\bcsv\."),
    ("import io", r"\bio\."),
    ("import sys", r"\bsys\."),
    ("from collections.abc import Callable", r"\bCallable\["),
    ("from itertools import combinations", r"\bcombinations\("),
    ("from typing import NamedTuple", r"\bNamedTuple\b"),
    ("", ""),
    ("import numpy as np", r"\bnp\."),
    ("import pandas as pd", r"\bpd\."),
    ("from scipy import optimize", r"\boptimize\."),
    ("from scipy import sparse", r"\bsparse\."),
    ("from scipy import special", r"\bspecial\."),
    ("from scipy import stats", r"\bstats\."),
)
"""Everything that the pieces may import, and how its use is seen."""
_R_WORDLESS = re.compile(r'"(?:[^"\\]|\\.)*"|#.*')
"""A string or a comment, whichever begins first."""
_R_BLOCK = re.compile(r"^(\w+) <- ", re.MULTILINE)


def python_functions(body: str, pieces: tuple[str, ...]) -> str:
    """The definitions that a body of Python needs, in the order of the pieces.

    Parameters
    ----------
    body : str
    pieces : tuple of str
        Names of modules of `core.view.code.pieces`.

    Examples
    --------
    >>> print(python_functions("x = one_group(d)", ("base",)).splitlines()[0])
    def one_group(d: pd.DataFrame) -> np.ndarray:
    """
    blocks = [b for piece in pieces for b in _python_blocks(_text(f"{piece}.py"))]
    return "\n\n\n".join(text.rstrip() for text in _reached(body, blocks, _python_names))


def r_functions(body: str, pieces: tuple[str, ...]) -> str:
    """The definitions that a body of R needs, in the order of the pieces.

    Examples
    --------
    >>> r_functions("x <- is_missing(x)", ("base",))
    'is_missing <- function(x) is.na(x)'
    """
    blocks = [b for piece in pieces for b in _r_blocks(_text(f"{piece}.R"))]
    return "\n\n".join(text.rstrip() for text in _reached(body, blocks, _r_names))


def python_imports(text: str) -> str:
    """The imports that a text of Python uses, after the rule of the order of imports."""
    used = [line for line, sign in IMPORTS if not sign or re.search(sign, text)]
    return "\n".join(["from __future__ import annotations", "", *used])


def _text(file: str) -> str:
    return (FOLDER / file).read_text(encoding="utf-8")


def _python_blocks(text: str) -> list[tuple[str, str]]:
    """Name and source of every definition at the top of a module."""
    found, lines = [], text.splitlines()
    for node in ast.parse(text).body:
        above = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(decorator.lineno for decorator in above)])
        source = "\n".join(lines[first - 1 : node.end_lineno])
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append((node.name, source))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            found.append((ast.unparse(target), source))
    return found


def _r_blocks(text: str) -> list[tuple[str, str]]:
    starts = [*_R_BLOCK.finditer(text)]
    ends = [*(m.start() for m in starts[1:]), len(text)]
    return [(m[1], text[m.start() : end]) for m, end in zip(starts, ends, strict=True)]


def _python_names(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def _r_names(text: str) -> set[str]:
    """Words outside strings and comments."""
    return set(re.findall(r"\w+", _R_WORDLESS.sub("", text)))


def _reached(
    body: str, blocks: list[tuple[str, str]], names: Callable[[str], set[str]]
) -> list[str]:
    """Sources of the blocks whose names are used, by the body or by a block that is."""
    found: set[int] = set()
    words = names(body)
    while True:
        more = {i for i, (name, _) in enumerate(blocks) if name in words} - found
        if not more:
            return [source for i, (_, source) in enumerate(blocks) if i in found]
        found |= more
        for i in more:
            words |= names(blocks[i][1])
