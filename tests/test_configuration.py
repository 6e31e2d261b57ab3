"""The shipped settings, and the pinned versions against the ranges that they were made from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from streamlit import config
from streamlit.config_option import ConfigOption

ROOT = Path(__file__).resolve().parents[1]
CONFIG: dict[str, Any] = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

SETTINGS = [
    ("browser", "gatherUsageStats", False),
    ("client", "showErrorDetails", "none"),
    ("client", "showErrorLinks", False),
    ("client", "toolbarMode", "minimal"),
    ("client", "showSidebarNavigation", False),
    ("global", "minCachedMessageSize", 1e15),
    ("runner", "magicEnabled", False),
    ("server", "address", "127.0.0.1"),
    ("server", "allowedHosts", ["localhost", "127.0.0.1"]),
    ("server", "enableCORS", True),
    ("server", "enableXsrfProtection", True),
    ("server", "enableStaticServing", False),
    ("server", "enableAgentApi", False),
    ("server", "maxUploadSize", 200),
    ("server", "disconnectedSessionTTL", 30),
    ("server", "fileWatcherType", "none"),
    ("server", "showEmailPrompt", False),
]


@pytest.mark.parametrize(("section", "option", "value"), SETTINGS)
def test_setting(section: str, option: str, value: object) -> None:
    shipped = CONFIG[section][option]
    assert (type(shipped), shipped) == (type(value), value)


def test_streamlit_knows_every_setting(tmp_path: Path) -> None:
    """An option that Streamlit has renamed would be dropped with no more than a warning."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
    shown = subprocess.run(
        [sys.executable, "-m", "streamlit", "config", "show"],
        cwd=ROOT,
        env={**clean, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.stdout)
    understood = dict(leaves(tomllib.loads("[global]" + text.partition("[global]")[2])))
    # `config show` keeps silent about hidden options; Streamlit has a list of its own for them.
    hidden = {name for name, option in config.get_config_options().items() if is_hidden(option)}
    ours = {name: value for name, value in leaves(CONFIG) if name not in hidden}
    assert ours.items() <= understood.items()
    assert set(dict(leaves(CONFIG))) - set(ours) == {"global.minCachedMessageSize"}


def is_hidden(option: ConfigOption) -> bool:
    return option.visibility == "hidden"


def leaves(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the full name and the written value of every option."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", repr(value)


# The theme ------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` as WCAG 2.2 defines it."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_by_hand() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("ink", ["textColor", "linkColor"])
def test_text_can_be_read_on_every_ground(mode: str, ink: str) -> None:
    theme = CONFIG["theme"][mode]
    for part in (theme, theme["sidebar"]):
        for ground in ("backgroundColor", "secondaryBackgroundColor"):
            assert contrast(theme[ink], part[ground]) >= 4.5, (mode, ink, part[ground])


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_primary_colour_is_seen_on_paper_and_carries_white_letters(mode: str) -> None:
    # No blue reaches 4.5 both ways on dark paper; it is a mark there, for which WCAG asks 3.
    theme = CONFIG["theme"][mode]
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 3
    assert contrast(theme["primaryColor"], "#ffffff") >= 3.9


def test_the_theme_fetches_nothing() -> None:
    assert "url" not in str(CONFIG["theme"]).lower()
    assert "http" not in str(CONFIG["theme"]).lower()


# The pins -------------------------------------------------------------------------------------


def requirements(path: str) -> list[Requirement]:
    """Return the lines of a list of pins, without its comments."""
    lines = (
        line.partition("#")[0].strip() for line in (ROOT / path).read_text("utf-8").splitlines()
    )
    return [Requirement(line) for line in lines if line]


def pinned(path: str, environment: dict[str, str]) -> dict[str, str]:
    """Return the versions that pip would install in an environment."""
    found: dict[str, str] = {}
    for line in requirements(path):
        if line.marker is None or line.marker.evaluate(environment):
            name = canonicalize_name(line.name)
            assert name not in found, f"{path} names {name} twice for {environment}"
            found[name] = str(line.specifier).removeprefix("==")
    return found


ENVIRONMENTS = [
    {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": system}
    for python in ("3.11", "3.12")
    for system in ("linux", "darwin", "win32")
]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda e: " ".join(e.values()))
def test_pins_lie_in_the_ranges(environment: dict[str, str]) -> None:
    run = pinned("requirements.txt", environment)
    test = pinned("tests/requirements.txt", environment)
    assert not run.keys() & test.keys()
    ranges = [Requirement(line) for line in PROJECT["dependencies"]]
    for wanted in ranges:
        assert wanted.specifier.contains(run[canonicalize_name(wanted.name)]), str(wanted)
    for line in PROJECT["optional-dependencies"]["test"]:
        wanted = Requirement(line)
        version = (run | test)[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), str(wanted)


@pytest.mark.parametrize("path", ["requirements.txt", "tests/requirements.txt"])
def test_pins_are_exact_and_name_no_place(path: str) -> None:
    for line in requirements(path):
        assert re.fullmatch(r"==[^,*]+", str(line.specifier)), str(line)
        assert line.url is None
    text = (ROOT / path).read_text("utf-8")
    assert "://" not in text
    assert "--" not in re.sub(r"#.*", "", text)


def test_both_pythons_are_admitted() -> None:
    admitted = Requirement(f"python{PROJECT['requires-python']}").specifier
    assert [v for v in ("3.10", "3.11", "3.12", "3.13") if v in admitted] == ["3.11", "3.12"]
    assert Marker("python_version >= '3.11'").evaluate({"python_version": "3.11"})
