"""The door of shared views and the headers of every page, asked over HTTP as a stranger would."""

from __future__ import annotations

import http.client
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.reading import examples
from core.sharing import snapshot
from core.sharing.places import place
from core.sharing.store import Store
from core.spec import AnalysisSpec
from pages.ui.sharing import door
from tests.support import ROOT, Served, serve

OWNER = "this computer"
PAGE = b"<!doctype html><title>The page of the view</title>"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/views.db"


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[Store]:
    made = Store(place({"STRATISCOPE_STORE": url}))
    yield made
    made.close()


@pytest.fixture(scope="module")
def served(url: str, store: Store) -> Iterator[Served]:
    with serve(ROOT / "asgi.py", env={"STRATISCOPE_STORE": url}) as found:
        yield found


class Answer:
    """What a server answered."""

    def __init__(self, reply: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = reply.status, reply.headers, reply.read()
        self.cookie = self.headers.get("set-cookie", "")


def ask(
    served: Served, path: str, *, method: str = "GET", headers: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
) -> Answer:  # fmt: skip
    parts = urllib.parse.urlsplit(served)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    body = None if form is None else urllib.parse.urlencode(form)
    kind = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request(method, path, body=body, headers=kind | (headers or {}))
        return Answer(connection.getresponse())
    finally:
        connection.close()


def saved(store: Store, *, passphrase: str = "", mode: str = "view") -> tuple[str, str, str]:
    """The token and the id of a new link, and the view that it opens."""
    found = snapshot.build(examples.load("gbsg2"), AnalysisSpec(group_by="horTh"))
    members = {**found.members, door.PAGE: PAGE, door.PLACE: b"/curves"}
    view = store.create("snapshot", members, owner=OWNER, title="GBSG2", passphrase=passphrase)
    link = store.link(view.view, owner=OWNER, mode=mode)  # type: ignore[arg-type]
    return link.token, link.id, view.view


def opened(served: Served, token: str, **form: str) -> Answer:
    return ask(served, f"/s/{token}", method="POST", form=form)


def test_the_door_greets_every_token_alike(served: Served, store: Store) -> None:
    token, _, view = saved(store)
    bodies = {ask(served, f"/s/{t}").body for t in (token, "x" * 32, "a")}
    assert len(bodies) == 1
    assert view.encode() not in bodies.pop()


def test_a_link_is_exchanged_for_a_cookie_and_opens_its_page(served: Served, store: Store) -> None:
    token, link, _ = saved(store)
    answer = opened(served, token)
    assert (answer.status, answer.headers["location"]) == (303, f"/view/{link}")
    name, _, rest = answer.cookie.partition("=")
    assert name == f"stratiscope_view_{link}"
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in rest.split(";")}
    assert token not in answer.cookie
    key = {"Cookie": answer.cookie.partition(";")[0]}
    shown = ask(served, f"/view/{link}", headers=key)
    assert (shown.status, shown.body) == (200, PAGE)
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert ask(served, f"/view/{link}").status == 404


def test_behind_a_proxy_with_https_the_cookie_is_secure(served: Served, store: Store) -> None:
    for proxy, secure in (({"X-Forwarded-Proto": "https"}, True), ({}, False)):
        token, _, _ = saved(store)
        answer = ask(served, f"/s/{token}", method="POST", headers=proxy)
        assert ("Secure" in answer.cookie.split("; ")) == secure


def test_a_view_to_try_goes_to_the_page_it_was_saved_on(served: Served, store: Store) -> None:
    token, link, _ = saved(store, mode="explore")
    assert opened(served, token).headers["location"] == f"/curves?view={link}"


def test_unknown_expired_ended_and_deleted_look_the_same(served: Served, store: Store) -> None:
    ended, _, view = saved(store)
    store.withdraw(view, owner=OWNER)
    deleted, _, gone = saved(store)
    store.delete(gone, owner=OWNER)
    short, _, view = saved(store)
    made = datetime.now(UTC) - timedelta(days=2)
    link = store.link(view, owner=OWNER, days=1, now=made)
    answers = [opened(served, t) for t in (ended, deleted, link.token, "y" * 32, "a")]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.body for answer in answers}) == 1
    assert opened(served, short).status == 303


def test_an_ended_link_closes_for_who_is_inside(served: Served, store: Store) -> None:
    token, link, view = saved(store)
    key = {"Cookie": opened(served, token).cookie.partition(";")[0]}
    assert ask(served, f"/view/{link}", headers=key).status == 200
    store.withdraw(view, owner=OWNER)
    assert ask(served, f"/view/{link}", headers=key).status == 404


def test_a_passphrase_is_asked_for(served: Served, store: Store) -> None:
    token, link, _ = saved(store, passphrase="correct horse battery")
    asked = opened(served, token)
    assert asked.status == 403
    assert b'type="password"' in asked.body
    wrong = opened(served, token, passphrase="<b>wrong</b>")
    assert wrong.status == 403
    assert b"not the right one" in wrong.body
    assert b"<b>wrong" not in wrong.body
    right = opened(served, token, passphrase="correct horse battery")
    assert right.status == 303
    key = {"Cookie": right.cookie.partition(";")[0]}
    assert ask(served, f"/view/{link}", headers=key).body == PAGE


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil"}],
)
def test_another_site_cannot_open_a_link(
    served: Served, store: Store, headers: dict[str, str]
) -> None:
    token, _, _ = saved(store)
    assert ask(served, f"/s/{token}", method="POST", headers=headers).status == 403


def test_no_token_is_written_anywhere(served: Served, store: Store, url: str) -> None:
    tokens = [saved(store)[0] for _ in range(3)]
    for token in tokens:
        ask(served, f"/s/{token}")
        opened(served, token)
    folder = Path(url.removeprefix("sqlite:///")).parent
    written = served.log().encode() + b"".join(p.read_bytes() for p in folder.iterdir())
    assert len(written) > 1_000
    assert not [t for t in tokens if t.encode() in written]


def test_every_page_has_the_headers(served: Served) -> None:
    answer = ask(served, "/")
    assert answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "img-src 'self' data: blob:" in policy
    scripts = policy.partition("script-src")[2].partition(";")[0]
    assert "unsafe-inline" not in scripts
    assert "unsafe-eval'" not in scripts.replace("'wasm-unsafe-eval'", "")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    for hidden in ("/_stcore/metrics", "/_stcore/agent/openapi.json"):
        assert (ask(served, hidden).status, ask(served, hidden).body) == (404, b"")
    assert ask(served, "/_stcore/health").body == b"ok"


def test_a_store_that_cannot_be_read_is_a_message(tmp_path: Path) -> None:
    broken = tmp_path / "views.db"
    broken.write_bytes(b"this is no database, and long enough to be looked at" * 200)
    with serve(ROOT / "asgi.py", env={"STRATISCOPE_STORE": f"sqlite:///{broken}"}) as served:
        answer = opened(served, "z" * 32)
        assert answer.status == 503
        assert b"damaged" in answer.body
        assert ask(served, "/").status == 200
