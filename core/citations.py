"""Published cutoffs as a link has them: ``6.09 Zhao 2018``."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import SpecError
from core.spec import read_number, shortest


@dataclass(frozen=True)
class Citation:
    """A cutoff from the literature and where it is from (may be empty)."""

    value: float
    source: str

    def __str__(self) -> str:
        return f"{shortest(self.value)} {self.source}".strip()


def parse(texts: tuple[str, ...]) -> tuple[Citation, ...]:
    """Read the published cutoffs of a spec.

    Raises
    ------
    SpecError
        If one does not begin with a number.

    Examples
    --------
    >>> parse(("6.09 Zhao 2018",))
    (Citation(value=6.09, source='Zhao 2018'),)
    """
    found = []
    for text in texts:
        number, _, source = text.strip().partition(" ")
        try:
            value = read_number(number, "published_cut")
        except SpecError:
            raise SpecError(
                "published_cut",
                "A published cutoff does not begin with a number",
                "Write it like published_cut=6.09 Zhao 2018",
            ) from None
        found.append(Citation(value, source.strip()))
    return tuple(found)
