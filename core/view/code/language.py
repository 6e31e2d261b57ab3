"""The two languages of the scripts: what differs between them in writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.spec import shortest
from core.view.code.names import python_text, r_text

MOST_WIDE = 100


@dataclass(frozen=True)
class Language:
    """How things are written in one language; what is not here is written alike in both."""

    name: str
    suffix: str
    sign: str
    true: str
    false: str
    none: str
    negation: str
    maximum: str
    vector_open: str
    vector_close: str
    list_open: str
    last_comma: str
    text: Callable[[str], str]

    def column(self, table: str, name: str) -> str:
        """A column of a table, to be read or to be assigned to."""
        inner = self.text(name)
        return f"{table}[{inner}]" if self.name == "Python" else f"{table}[[{inner}]]"

    def rows(self, table: str, which: str) -> str:
        """Some rows of a table."""
        return f"{table}[{which}]" if self.name == "Python" else f"{table}[{which}, ]"

    def boolean(self, value: bool) -> str:
        """A truth value."""
        return self.true if value else self.false

    def number(self, value: float) -> str:
        """A number in the fewest digits that give it back."""
        return shortest(float(value))

    def vector(self, parts: Sequence[str]) -> str:
        """A list of texts or of numbers that are written already."""
        return f"{self.vector_open}{', '.join(parts)}{self.vector_close}"

    def numbers(self, values: Sequence[float]) -> str:
        """A list of numbers."""
        return self.vector([self.number(v) for v in values])

    def texts(self, values: Sequence[str]) -> str:
        """A list of texts."""
        return self.vector([self.text(v) for v in values])

    def items(self, parts: Sequence[str]) -> str:
        """A list of objects."""
        return f"{self.list_open}{', '.join(parts)}{self.vector_close}"

    def assign(self, target: str, value: str) -> str:
        """An assignment."""
        return f"{target} {self.sign} {value}"

    def call(self, function: str, arguments: Sequence[str], target: str = "") -> str:
        """A call, over several lines where one would be too long; its value into a target."""
        start = f"{target} {self.sign} " if target else ""
        line = f"{start}{function}({', '.join(arguments)})"
        if len(line) <= MOST_WIDE:
            return line
        inner = [argument.replace("\n", "\n    ") for argument in arguments]
        return f"{start}{function}(\n    " + ",\n    ".join(inner) + f"{self.last_comma}\n)"


PYTHON = Language(
    "Python", "py", "=", "True", "False", "None", "~", "np.maximum", "[", "]", "[", ",", python_text
)
R = Language("R", "R", "<-", "TRUE", "FALSE", "NULL", "!", "pmax", "c(", ")", "list(", "", r_text)
