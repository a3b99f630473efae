"""What a visitor's browser sees of a page, and whom it asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request
from playwright.sync_api import Error as BrowserError

from e2e.sink import Sink
from e2e.waiting import comes, wait_until
from frameworks.sites import Site

# Seconds that a page has to answer, and milliseconds in which it might still ask somebody.
_PATIENCE, _REST = 8, 1500
# What the network and a policy have to say is no error of the page.
_NOT_THE_PAGES = ("Failed to load resource", "Content Security Policy", "net::ERR_")


class Seen(NamedTuple):
    """One page view.

    Attributes:
        works: Whether the button is answered.
        banner: Whether the banner is there.
        errors: What the page's scripts threw, or wrote as an error.
        loaded: Foreign hosts that were asked for something before the button was pressed.
        asked: Those that were asked in all.
        reached: Hosts to which a connection was opened, with or without a request on it.
    """

    works: bool
    banner: bool
    errors: frozenset[str]
    loaded: frozenset[str]
    asked: frozenset[str]
    reached: frozenset[str]


class Visitor:
    """A fresh profile that looks at one site, each time in a new tab."""

    def __init__(self, context: BrowserContext, url: str, site: Site, sink: Sink) -> None:
        self._context, self._url, self._site, self._sink = context, url, site, sink
        self._errors: set[str] = set()
        self._requests: list[Request] = []
        for address, path in site.local().items():
            context.route(address, lambda route, _request, path=path: route.fulfill(path=path))

    def look(self, expected: frozenset[str] = frozenset(), *, choose: str | None = None) -> Seen:
        """Open the page, press its button, wait for hosts that are expected; then press one of the banner."""
        page = self._open()
        loaded = self._asked()
        works = comes(lambda: self._answers(page), _PATIENCE)
        page.wait_for_timeout(_REST)
        comes(lambda: self._sink.hosts >= expected, _PATIENCE)
        banner = page.locator("#consentkit-banner").is_visible()
        reached = frozenset(self._sink.hosts)
        seen = Seen(works, banner, frozenset(self._errors), loaded, self._asked(), reached)
        if choose is not None and banner:
            page.locator(f"#consentkit-banner button[data-consentkit-action={choose}]:visible").first.click()
            wait_until(lambda: bool(self._context.cookies()))
            page.wait_for_timeout(_REST)  # it may reload, and closing it meanwhile can block Chromium
        page.close()
        return seen

    def _open(self) -> Page:
        self._sink.forget()
        self._errors.clear()
        self._requests.clear()
        page = self._context.new_page()
        page.on("pageerror", lambda error: self._errors.add(str(error)))
        page.on("console", self._listen)
        page.on("request", lambda request: self._requests.append(request))
        page.goto(self._url, wait_until="load")
        page.wait_for_timeout(_REST)
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in _NOT_THE_PAGES):
            self._errors.add(message.text)

    def _asked(self) -> frozenset[str]:
        """Return the foreign hosts that were asked: what a policy blocks is never sent."""
        sent = [request.url for request in self._requests if request.failure != "csp"]
        hosts = {urlsplit(url).hostname for url in sent if url.startswith("http")}
        return frozenset(host for host in hosts if host and host != "127.0.0.1")

    def _answers(self, page: Page) -> bool:
        """Press the button once and say whether what it shows has changed shortly after."""
        try:
            before = page.evaluate(self._site.shown)
            page.locator(self._site.button).first.click(timeout=1000)
            return comes(lambda: bool(page.evaluate(self._site.shown) != before), 1)
        except BrowserError:
            return False


@contextmanager
def visitor(browser: Browser, url: str, site: Site, sink: Sink) -> Iterator[Visitor]:
    """Lend a visitor with a fresh profile."""
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(_PATIENCE * 1000)
    try:
        yield Visitor(context, url + site.path, site, sink)
    finally:
        context.close()
