"""The entry of the server: Streamlit's pages behind our headers, and the door of shared views.

``make run`` and ``streamlit run asgi.py`` start it. `app.py` alone runs the same pages without the
links to saved views.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from pages.ui import login
from pages.ui.sharing import door, owner

HERE = Path(__file__).resolve().parent
HIDDEN = ("/_stcore/metrics", "/_stcore/agent")
"""Answers of Streamlit that nobody outside needs: sizes and counts of sessions, and an interface
for programs that is off."""


def _scripts() -> str:
    """The one script that stands in Streamlit's page, by its hash, so that no other one may."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page, flags=re.DOTALL)
    hashes = (base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in inline)
    return " ".join(f"'sha256-{digest}'" for digest in hashes)


POLICY = (
    f"default-src 'self'; script-src 'self' 'wasm-unsafe-eval' {_scripts()}; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
SHOWN = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
}


class Headers:
    """Adds what protects a page to every answer that does not say it itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith(HIDDEN):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = message.get("headers", ())
                if scope["path"].startswith("/media/"):  # files of one person
                    said = [h for h in said if h[0].lower() != b"cache-control"]
                    said.append((b"cache-control", b"no-store"))
                message["headers"] = [*said, *_missing(said)]
            await send(message)

        await self.app(scope, receive, with_headers)


def _missing(said: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    names = {name.lower() for name, _ in said}
    return [(name, value) for name, value in SHOWN.items() if name not in names]


LOGIN = "STRATISCOPE_LOGIN"
"""Environment variable: ``proxy`` says that a program in front of this one asks for a login."""


def _guard() -> None:
    """Refuse to open the dashboard to a network where nobody has to log in."""
    address = config.get_option("server.address")
    if address in owner.LOCAL or login.configured() or os.environ.get(LOGIN) == "proxy":
        return
    raise SystemExit(
        f"error: server.address is {address or 'open to every network'} and no login is set up. "
        "Name a provider in .streamlit/secrets.toml (README, 'A server for a team'), set "
        f"{LOGIN}=proxy where a proxy asks for a login, or leave the address at 127.0.0.1."
    )


_guard()
app = st.App(str(HERE / "app.py"), routes=door.routes(), middleware=[Middleware(Headers)])
