"""Logins: who is let in and for how long, and a real OpenID provider on this computer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from core.sharing import logins
from core.sharing.logins import Refused, check, key
from core.sharing.places import place
from core.sharing.store import Store
from tests.support import ROOT, Served, free_port, need, serve

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def claims(hours: float = 1.0, **more: Any) -> dict[str, Any]:
    began = (NOW - timedelta(hours=hours)).timestamp()
    return {"iat": began, "iss": "https://op", "sub": "7", "email": "ann@ward.org", **more}


@pytest.mark.parametrize("allowed", ["ann@ward.org", "@ward.org", "bob@x.org, ANN@ward.org", "*"])
def test_who_is_on_the_list_is_let_in(allowed: str) -> None:
    check(claims(), allowed, NOW)


@pytest.mark.parametrize(
    ("said", "allowed", "why"),
    [
        (claims(), "", "lets nobody in yet"),
        (claims(), "bob@ward.org", "not on the list"),
        (claims(email="ann@evil-ward.org"), "@ward.org", "not on the list"),
        (claims(email="ann@ward.org.evil"), "@ward.org", "not on the list"),
        (claims(email="@ward.org@evil"), "@ward.org", "not on the list"),
        (claims(email=None), "@ward.org", "not on the list"),
        (claims(email_verified=False), "@ward.org", "not on the list"),
        (claims(hours=logins.HOURS), "*", "has ended"),
        (claims(hours=-1), "*", "has ended"),
        ({"email": "ann@ward.org"}, "*", "has ended"),
        (claims(iat="yesterday"), "*", "has ended"),
    ],
)
def test_all_others_are_refused(said: dict[str, Any], allowed: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check(said, allowed, NOW)


def test_an_ended_login_stays_ended(tmp_path: Path) -> None:
    url = place({"STRATISCOPE_STORE": f"sqlite:///{tmp_path}/views.db"})
    here, there = Store(url), Store(url)
    name = key(claims())
    assert not there.login_ended(name)
    here.end_login(name)
    here.end_login(name)  # twice is no fault
    assert there.login_ended(name)
    assert not there.login_ended(key(claims(hours=2)))
    assert "ann" not in (tmp_path / "views.db").read_bytes().decode("latin-1")


# A real provider ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def provider(chromium: Browser) -> Iterator[str]:
    """An OpenID provider with two persons."""
    port = free_port()
    people = [
        {"sub": "ann", "email": "ann@ward.org", "email_verified": True, "name": "Ann"},
        {"sub": "eve", "email": "eve@evil.org", "email_verified": True, "name": "Eve"},
    ]
    given = [part for one in people for part in ("--user-claims", json.dumps(one))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *given]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        base = f"http://127.0.0.1:{port}"
        _wait(f"{base}/.well-known/openid-configuration")
        yield base
        running.terminate()


def _wait(url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + 30
    while True:
        try:
            opener.open(url, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > until:
                pytest.fail("the provider did not start")
            time.sleep(0.1)


@pytest.fixture(scope="module")
def served(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    port, folder = free_port(), tmp_path_factory.mktemp("login")
    secrets = folder / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        f'cookie_secret = "{"s" * 48}"\nclient_id = "stratiscope"\nclient_secret = "secret"\n'
        f'server_metadata_url = "{provider}/.well-known/openid-configuration"\n'
    )
    env = {logins.SETTING: "@ward.org", "STRATISCOPE_STORE": f"sqlite:///{folder}/views.db"}
    options = ("--secrets.files", str(secrets))
    with serve(ROOT / "asgi.py", port=port, env=env, options=options) as found:
        yield found


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    made = chromium.new_context(viewport={"width": 1200, "height": 900})
    made.set_default_timeout(30_000)
    yield made
    made.close()


def log_in(page: Page, served: Served, who: str) -> None:
    page.goto(f"{served}/curves?data=gbsg2&group_by=horTh")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_selector("input[name=sub], button:has-text('ann')")
    person = page.locator(f"button:has-text('{who}'), a:has-text('{who}')")
    if person.count():
        person.first.click()
    else:
        page.fill("input[name=sub]", who)
        page.locator("button[type=submit], input[type=submit]").first.click()
    page.wait_for_url(f"{served}/**")


def test_nothing_is_shown_before_the_login(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.goto(f"{served}/curves?data=gbsg2&group_by=horTh")
    page.get_by_role("button", name="Log in").wait_for()
    assert page.locator("[data-testid=stVegaLiteChart]").count() == 0
    assert "GBSG" not in page.inner_text("body")


def test_who_is_on_the_list_works_and_logs_out_for_good(
    context: BrowserContext, served: Served, chromium: Browser
) -> None:
    page = context.new_page()
    log_in(page, served, "ann")
    page.wait_for_selector("text=Logged in as Ann")
    page.goto(f"{served}/curves?data=gbsg2&group_by=horTh")
    page.wait_for_selector("[data-testid=stVegaLiteChart]")
    copied = context.cookies()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/end_session?**")  # the provider's own page
    page.goto(f"{served}/")
    page.get_by_role("button", name="Log in").wait_for()
    # Somebody who kept a copy of the cookie.
    thief = chromium.new_context()
    thief.add_cookies(copied)  # type: ignore[arg-type]
    stolen = thief.new_page()
    stolen.goto(f"{served}/curves?data=gbsg2&group_by=horTh")
    stolen.wait_for_selector("text=Your login has ended")
    assert stolen.locator("[data-testid=stVegaLiteChart]").count() == 0
    thief.close()


def test_who_is_not_on_the_list_sees_nothing(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    log_in(page, served, "eve")
    page.wait_for_selector("text=not on the list")
    assert page.locator("[data-testid=stVegaLiteChart]").count() == 0
    assert "GBSG" not in page.inner_text("body")
