"""The door of shared views: outside Streamlit, so that a link's token never reaches its address.

``/s/TOKEN`` answers everybody with the same page, which says nothing of the view: programs that
look at links in mails learn nothing and use nothing up. Its button exchanges the token for a visit
(a cookie) and goes on to the view: to the dashboard, where it may be tried out, or to ``/view/ID``,
a page that was made when the view was saved and runs nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from core.errors import StratiscopeError
from core.sharing.errors import Away, Gone, Locked, PassphraseNeeded, StoreError, WrongPassphrase
from core.sharing.saved import Opened
from core.sharing.store import Store
from core.sharing.visits import HOURS, VISITS, cookie

PAGE = "page.html"
"""The member of a saved view that a viewer is shown."""
PLACE = "place.txt"
"""The member that says on which page of the dashboard a view was saved."""
MOST_FORM = 4_096
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto; padding: 0 1rem;
       color: #1b2733; background: #fff; }
h1 { font-size: 1.3rem; } p { margin: .6rem 0; } .problem { color: #a3292d; }
label { display: block; margin: 1rem 0 .3rem; }
input { font: inherit; padding: .4rem .6rem; border: 1px solid #8494a5; border-radius: 4px;
        width: 100%; box-sizing: border-box; color: inherit; background: inherit; }
button { font: inherit; margin-top: 1rem; padding: .5rem 1.2rem; border: 0; border-radius: 4px;
         background: #0072B2; color: #fff; cursor: pointer; }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0f1720; } .problem { color: #ff9a9e; } }
"""


@lru_cache(maxsize=1)
def store() -> Store:
    """The store that the configuration names; opened at its first use."""
    return Store()


def routes() -> list[Route]:
    """What the door answers to."""
    return [
        Route("/s/{token}", greet, methods=["GET"]),
        Route("/s/{token}", enter, methods=["POST"]),
        Route("/view/{link}", look, methods=["GET"]),
    ]


async def greet(request: Request) -> Response:
    """The same page for every token."""
    return _page("A shared view", _form(""))


async def enter(request: Request) -> Response:
    """Exchange the token for a visit."""
    if not _from_here(request):
        return _problem("The request came from another site", "Open the link itself", 403)
    token = request.path_params["token"]
    passphrase = await _passphrase(request)
    try:
        opened = await run_in_threadpool(store().open, token, passphrase=passphrase)
    except Gone as error:
        return _problem(error.problem, error.hint, 404)
    except (PassphraseNeeded, WrongPassphrase, Locked) as error:
        said = "" if isinstance(error, PassphraseNeeded) else f"{error.problem}. {error.hint}."
        return _page("A shared view", _form(said, passphrase=True), 403)
    except StratiscopeError as error:
        return _problem(error.problem, error.hint, 503)
    link = opened.link.id
    tried = opened.link.mode == "explore" and opened.kind == "snapshot"
    place = f"{_place(opened)}?view={link}" if tried else f"/view/{link}"
    answer = RedirectResponse(place, 303, HEADERS)
    answer.set_cookie(
        cookie(link), VISITS.admit(link, token, passphrase), max_age=HOURS * 3600,
        httponly=True, samesite="strict", secure=_is_https(request),
    )  # fmt: skip
    return answer


async def look(request: Request) -> Response:
    """A view that is only looked at: the link is asked for each time."""
    link = request.path_params["link"]
    try:
        opened = await run_in_threadpool(visited, request.cookies.get(cookie(link), ""), link)
        page = opened.members.get(PAGE)
    except StoreError as error:
        return _problem(error.problem, error.hint, 503)
    except StratiscopeError as error:
        return _problem(error.problem, error.hint, 404)
    if page is None:
        return _problem(Gone().problem, Gone().hint, 404)
    return HTMLResponse(page, headers=HEADERS)


def visited(key: str, link: str) -> Opened:
    """Open the view of a visit.

    Raises
    ------
    Away
        If there is no such visit.
    Gone
        If the link opens nothing any more.
    """
    visit = VISITS.of(key, link)
    if visit is None:
        raise Away
    return store().open(visit.token, passphrase=visit.passphrase)


def _is_https(request: Request) -> bool:
    """Whether the browser speaks HTTPS, to us or to the proxy in front."""
    said = request.headers.get("x-forwarded-proto", request.url.scheme)
    return said.partition(",")[0].strip().lower() == "https"


def _place(opened: Opened) -> str:
    """The path of the page that a view was saved on."""
    said = opened.members.get(PLACE, b"/").decode("ascii", "replace")
    return said if re.fullmatch(r"/[a-z_]{0,40}", said) else "/"


def _from_here(request: Request) -> bool:
    """Whether a form was sent from our own page: the browser says so."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


async def _passphrase(request: Request) -> str:
    """The passphrase of the form, empty where there is none. Nothing is written to a disk."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM:
            return ""
    found = parse_qs(body.decode("utf-8", "replace")).get("passphrase", [""])
    return found[0]


def _form(said: str, *, passphrase: bool = False) -> str:
    problem = f'<p class="problem" role="alert">{escape(said)}</p>' if said else ""
    field = (
        '<label for="p">Passphrase</label><input id="p" name="passphrase" type="password" '
        'autocomplete="off" autofocus required>'
        if passphrase
        else ""
    )
    about = (
        "The view is protected. Its sender gave you a passphrase on another way."
        if passphrase
        else "Somebody sends you a view of a survival analysis. What it holds is shown after the "
        "next click, so that programs that look through mails do not see it."
    )
    return (
        f'<p>{about}</p>{problem}<form method="post">{field}'
        '<button type="submit">Open the view</button></form>'
    )


def _problem(problem: str, hint: str, status: int) -> Response:
    said = f'<p class="problem" role="alert">{escape(problem)}.</p><p>{escape(hint)}.</p>'
    return _page("This link", said, status)


def _page(title: str, body: str, status: int = 200) -> Response:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(title)} - Stratiscope</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(text, status, HEADERS)
