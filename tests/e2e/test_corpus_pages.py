"""Real pages in Chromium, nothing granted: nobody who is gated is asked, and the pages work."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from playwright.sync_api import BrowserContext, Error, Page
from playwright.sync_api import TimeoutError as Waited
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from consentkit import ConsentMiddleware
from consentkit.catalog import default_catalog
from e2e.conftest import NewProfile
from e2e.serving import Served
from e2e.sink import Sink

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "pages"
PAGES = (
    "article-author-tag", "bug-1255978", "buzzfeed-1", "cnet", "cnn", "ehow-2", "engadget", "folha",
    "lemonde-1", "lifehacker-working", "medicalnewstoday", "msn", "nytimes-2", "quanta-1", "salon-1",
    "seattletimes-1", "telegraph", "theverge", "tmz-1", "wapo-1",
)  # fmt: skip
SOME = ("article-author-tag", "bug-1255978", "buzzfeed-1", "cnet", "cnn", "lemonde-1", "tmz-1")
"""Those that ask most vendors between them, and the one of which something is open."""
OPEN: dict[str, str] = {}
AT_ONCE = 7
AGAIN = 3
"""How often a page is opened as it is, before what it throws counts as all that it throws."""
PATIENCE = 3_000
"""Milliseconds that a page has to fall silent; some never do."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real pages is not beside the repository"),
]

_STYLED = re.compile(r"(?:url\(|@import)\s*(?:&quot;|['\"])?\s*(?:https?:)?//([^/'\")&]+)")
Way = Literal["raw", "plain", "csp"]


class Seen(NamedTuple):
    """What came of visiting all pages in one way.

    Attributes:
        hosts: Hosts that were reached.
        errors: What each page threw and nobody caught.
    """

    hosts: frozenset[str]
    errors: dict[str, set[str]]

    @property
    def gated(self) -> set[str]:
        """Hosts of vendors that need consent."""
        found = {host: default_catalog().match_host(host) for host in self.hosts}
        return {host for host, vendor in found.items() if vendor and vendor.purpose != "necessary"}


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Send a page of the corpus; whatever else it asks of its own site is not there."""
    path = CORPUS / f"{scope['path'].rpartition('/')[2]}.html"
    if path.stem in PAGES:
        response = Response(path.read_bytes(), media_type="text/html; charset=utf-8")
    else:
        response = Response(status_code=404, media_type="text/plain")
    await response(scope, receive, send)


def _site() -> Served:
    secret = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
    sites: dict[str, ASGIApp] = {
        "plain": ConsentMiddleware(answer, secret_key=secret, log=None),
        "csp": ConsentMiddleware(answer, secret_key=secret, log=None, csp="enforce"),
    }

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        await sites.get(scope.get("path", "/").split("/")[1], answer)(scope, receive, send)

    return Served(choose)


def visit(context: BrowserContext, sink: Sink, url: str, way: Way, names: Sequence[str]) -> Seen:
    """Open pages, some at a time, and scroll to their ends."""
    sink.forget()
    errors: dict[str, set[str]] = {name: set() for name in names}
    for at in range(0, len(names), AT_ONCE):
        opened: list[Page] = []
        for name in names[at : at + AT_ONCE]:
            page = context.new_page()
            page.on("pageerror", _into(errors[name]))
            page.goto(f"{url}/{way}/{name}", wait_until="commit")
            opened.append(page)
        _settle(opened)
    return Seen(frozenset(sink.hosts), errors)


def visit_raw(context: BrowserContext, sink: Sink, url: str, gated: Seen) -> Seen:
    """Open pages as they are, again where one has not thrown what it threw with the gate.

    Some errors come late, or depend on what came first: the page has had its time when none is missing.
    """
    raw = visit(context, sink, url, "raw", tuple(gated.errors))
    for _ in range(AGAIN):
        behind = [name for name in gated.errors if gated.errors[name] - raw.errors[name]]
        again = visit(context, sink, url, "raw", behind)
        for name, errors in again.errors.items():
            raw.errors[name].update(errors)
    return raw


def _into(errors: set[str]) -> Callable[[Error], None]:
    return lambda error: errors.add(error.message)


def _settle(pages: Sequence[Page]) -> None:
    for page in pages:
        page.wait_for_load_state("domcontentloaded")
        page.keyboard.press("End")
    for page in pages:
        try:
            page.wait_for_load_state("networkidle", timeout=PATIENCE)
        except Waited:
            continue
    for page in pages:
        page.close()


@pytest.fixture(
    scope="module", params=[SOME, pytest.param(PAGES, marks=pytest.mark.soak)], ids=["some", "all"]
)
def seen(profile: NewProfile, sink: Sink, request: pytest.FixtureRequest) -> dict[str, Seen]:
    """Visit the pages with a policy enforced, in both profiles; gated, without JavaScript; as they are.

    Those that may ask most come last: a browser learns whom pages ask, and some connections come late.
    """
    names: Sequence[str] = request.param
    script, plain = profile(), profile(script=False)
    with _site() as site:
        enforced = visit(script, sink, site.url, "csp", names)
        return {
            "enforced": enforced,
            "enforced, no script": visit(plain, sink, site.url, "csp", names),
            "no script": visit(plain, sink, site.url, "plain", names),
            "raw": visit_raw(script, sink, site.url, enforced),
        }


def test_the_pages_ask_many_vendors(seen: dict[str, Seen]) -> None:
    assert len(seen["raw"].gated) > 40


def test_without_scripts_and_policy_only_style_sheets_ask(seen: dict[str, Seen]) -> None:
    """What stands in ``url()`` is the policy's business."""
    names = seen["no script"].errors
    sources = [(CORPUS / f"{name}.html").read_text("utf-8", "replace") for name in names]
    styled = {host for source in sources for host in _STYLED.findall(source)}
    assert seen["no script"].gated <= styled


@pytest.mark.parametrize("way", ["enforced", "enforced, no script"])
def test_nobody_is_asked_where_the_policy_is_enforced(seen: dict[str, Seen], way: str) -> None:
    """Scripts may put addresses together: what the gate cannot see, the browser holds back."""
    assert seen[way].hosts == set()


def test_the_pages_go_on_working(seen: dict[str, Seen]) -> None:
    """No error is uncaught that the page as it is does not have."""
    raw = seen["raw"].errors
    added = {name: errors - raw[name] for name, errors in seen["enforced"].errors.items()}
    assert {name: errors for name, errors in added.items() if errors and name not in OPEN} == {}
    assert all(added[name] for name in OPEN)
