"""Which versions made a result."""

from __future__ import annotations

import platform
import tomllib
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
LIBRARIES = ("numpy", "scipy", "pandas", "lifelines", "scikit-survival", "numba", "altair")
"""What numbers and figures depend on."""


def versions() -> tuple[tuple[str, str], ...]:
    """Name and version of Stratiscope, of Python, and of what the numbers depend on.

    Returns
    -------
    tuple of (str, str)

    Examples
    --------
    >>> [name for name, _ in versions()][:2]
    ['Stratiscope', 'Python']
    """
    own = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    found = [(name, metadata.version(name)) for name in LIBRARIES]
    return (("Stratiscope", own), ("Python", platform.python_version()), *found)
