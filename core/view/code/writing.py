"""What a section of a script is, and what it is written from."""

from __future__ import annotations

from dataclasses import dataclass

from core.cohort import Cohort
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.units import convert
from core.view.code.language import Language
from core.view.code.names import comment
from core.view.code.table import Table

FIRTH = "Firth's penalised Cox model"


@dataclass(frozen=True)
class Section:
    """Lines of a script, and what they do not cover of their part."""

    lines: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Writer:
    """What every section is written from."""

    table: Table
    lang: Language

    @property
    def cohort(self) -> Cohort:
        """The patients."""
        return self.table.cohort

    @property
    def spec(self) -> AnalysisSpec:
        """The question."""
        return self.table.cohort.spec

    def report(self, section: str, title: str, function: str, arguments: list[str]) -> str:
        """A line that prints a table."""
        made = self.lang.call(function, arguments)
        named = [self.lang.text(section), self.lang.text(title)]
        return self.lang.call("report", [*named, made])

    @property
    def rule(self) -> str:
        """The function that finds medians."""
        return "spss_quantile" if conventions(self.spec).median_ci == "spss" else "when_reached"


def constants(writer: Writer) -> list[str]:
    """Lines of what holds throughout."""
    lang, agreed, cohort = writer.lang, conventions(writer.spec), writer.cohort
    a, b = convert(cohort.unit, cohort.show_unit)
    scale = f"{lang.number(a)} / {lang.number(b)}"
    return [
        *comment(f"Times are in {cohort.unit}, and reported in {cohort.show_unit}"),
        lang.assign("SCALE", scale),
        lang.assign("LEVEL", lang.number(agreed.conf_level)),
        lang.assign("LIMITS", lang.text(agreed.conf_type)),
        lang.assign("TIES", lang.text(agreed.ties)),
    ]
