"""One visit: a fresh browser profile that opens pages, clicks, and records requests and storage."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from playwright import sync_api
from playwright.sync_api import Browser, Error, Frame, Page, Request, sync_playwright

from consentkit.exceptions import ConfigurationError, ScanError
from consentkit.lint.facts import Control, Layer, PageView, PageVisit, State, StorageKind, Stored
from consentkit.policy import Policy, Regime
from consentkit.scanner import labels
from consentkit.scanner.origin_headers import OriginHeaders, origin

PRESS: Final = 3_000
"""Milliseconds to wait until a control can be pressed."""
LOAD: Final = 20_000
"""Milliseconds to wait until a page has loaded."""
POLL: Final = 20
"""Milliseconds between checks for pending requests."""
SILENCE: Final = 5.0
"""Maximum seconds to wait until a page makes no more requests."""
WINDOW: Final[sync_api.ViewportSize] = {"width": 1280, "height": 800}

_GPC: Final = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Without requests that the browser makes by itself.
_ARGUMENTS: Final = (
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"
)  # fmt: skip
# Headers that Chromium's network service sets itself and cannot be overridden.
_BROWSERS_OWN: Final = re.compile(
    "host|content-length|connection|keep-alive|te|trailer|transfer-encoding|upgrade|cookie2|proxy-.*", re.I
)
_HOOKS: Final = frozenset({"accept", "reject", "settings", "save", "withdraw"})
_FILES: Final = frozenset(
    {"pdf", "zip", "jpg", "jpeg", "png", "gif", "svg", "webp", "avif", "mp4", "mp3", "xml", "json", "txt"}
)


# --- the browser


@contextmanager
def launch_chromium(executable: str | Path | None = None) -> Iterator[Browser]:
    """Start a Chromium, and stop it at the end.

    Without a path: the one in the variable CHROMIUM, the system's, or Playwright's own.

    Raises:
        ScanError: No Chromium can be started.
    """
    installed = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    # Chromium does not start as root with its sandbox.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if is_root else [])]
    with ExitStack() as stack:
        try:
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=executable or installed, args=arguments)
        except Error as error:
            raise ScanError(f"no Chromium can be started: {first_line(error)}") from error
        stack.callback(browser.close)
        yield browser


def first_line(error: Exception) -> str:
    """Return the first line of an error's message; the rest is Playwright's log."""
    return str(error).partition("\n")[0]


@contextmanager
def _sending(browser: Browser, headers: OriginHeaders) -> Iterator[None]:
    """Make a browser send headers to their origin with all requests: of pages, frames, workers, redirects.

    Raises `ConfigurationError` for a header that browsers set themselves.
    """
    for name in filter(_BROWSERS_OWN.fullmatch, headers.headers):
        raise ConfigurationError(f"a browser sets the header {name} by itself: leave it out")
    if not headers.headers:
        yield
        return
    # A session of the whole browser: a page's session does not include its frames and workers. Each step of a
    # redirect is paused separately, without headers that were added to the step before.
    session = browser.new_browser_cdp_session()
    session.on("Fetch.requestPaused", partial(_add_headers, session, headers))
    session.send("Fetch.enable", {"patterns": [{"urlPattern": f"{origin(headers.url)}/*"}]})
    try:
        yield
    finally:
        with suppress(Error):  # the browser was closed
            session.detach()


def _add_headers(session: sync_api.CDPSession, headers: OriginHeaders, event: dict[str, Any]) -> None:
    request = event["request"]
    sent = headers.added(request["url"], request["headers"])
    named = [{"name": name, "value": value} for name, value in sent.items()]
    with suppress(Error):  # the request was cancelled meanwhile
        session.send("Fetch.continueRequest", {"requestId": event["requestId"], "headers": named})


# --- the visit


class VisitPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the visits to a site.

    Attributes:
        url: The start page.
        policy: The site's policy; without it, vendors are recognised by the catalog alone.
        headers: Sent only to the origin of `url`.
        prefix: Path of the site's consent endpoints.
        regime: The visitor's regime; by default what the site says, else ``opt-in``.
        pages: Number of pages to visit: the start page, and some that it links to.
        quiet: Seconds without a request after which a page counts as settled.
        axe: axe-core's script; by default that of `axe-playwright-python`, if installed.
        autoconsent: ``dist/autoconsent.playwright.js`` of the npm package, for rule 34.
    """

    url: str
    policy: Policy | None = None
    headers: OriginHeaders
    prefix: str = "/_consent"
    regime: Regime | None = None
    pages: int = 3
    quiet: float = 1.0
    axe: Path | None = None
    autoconsent: Path | None = None


class Visit:
    """One visitor with a fresh profile.

    Args:
        browser: The browser.
        plan: The options of the visits.
        gpc: Whether the browser sends Sec-GPC.
        locale: The visitor's language.

    Attributes:
        page: The page (tab) of the visit.
        status: HTTP status of the page that was opened last.
    """

    def __init__(
        self, browser: Browser, plan: VisitPlan, *, gpc: bool = False, locale: str = "en-GB"
    ) -> None:
        self._plan = plan
        self._requests: list[Request] = []
        self._pending: set[Request] = set()
        self._latest = time.monotonic()
        self._sockets: list[str] = []
        self.status: int = 0
        self._stack = ExitStack()
        self._stack.enter_context(_sending(browser, plan.headers))
        self._context = browser.new_context(locale=locale, viewport=WINDOW)
        self._stack.callback(self._context.close)
        self._context.on("request", self._on_request)
        self._context.on("requestfinished", self._on_response)
        self._context.on("requestfailed", self._on_failure)
        if gpc:
            self.send_gpc()
        self.page: Page = self._context.new_page()
        self.page.on("websocket", lambda socket: self._sockets.append(socket.url))

    def close(self) -> None:
        """End the visit, and delete the profile."""
        self._stack.close()

    def send_gpc(self) -> None:
        """Send Sec-GPC from now on."""
        self._context.set_extra_http_headers({"Sec-GPC": "1"})
        self._context.add_init_script(_GPC)

    # --- requests

    def _on_request(self, request: Request) -> None:
        self._requests.append(request)
        self._pending.add(request)
        self._latest = time.monotonic()

    def _on_response(self, request: Request) -> None:
        self._pending.discard(request)
        self._latest = time.monotonic()

    def _on_failure(self, request: Request) -> None:
        self._on_response(request)
        # The site's own Content-Security-Policy stopped it before it reached the network.
        if "csp" in (request.failure or "").lower() and request in self._requests:
            self._requests.remove(request)

    def forget_requests(self) -> None:
        """Forget the requests so far."""
        self._requests.clear()
        self._sockets.clear()

    # --- actions

    def open(self, url: str) -> None:
        """Open a page and wait until it has settled.

        Raises:
            ScanError: It cannot be opened.
        """
        try:
            response = self.page.goto(url, wait_until="commit", timeout=LOAD)
        except Error as error:
            raise ScanError(f"cannot open {url}: {first_line(error)}") from error
        self.status = response.status if response else 0
        self._wait_for_load()
        self._wait_for_silence()

    def visit_page(self, url: str) -> PageVisit:
        """Open a page, and return the result of that alone."""
        self.forget_requests()
        self.open(url)
        return self.trace()

    def settle(self) -> None:
        """Wait until there was no request for a while, and a new page, if any, has loaded."""
        self._wait_for_silence()
        before = self._latest
        self._wait_for_load()
        if self._latest > before:
            self._wait_for_silence()

    def _wait_for_load(self) -> None:
        with suppress(sync_api.TimeoutError):
            self.page.wait_for_load_state("load", timeout=LOAD)

    def _wait_for_silence(self) -> None:
        start = self._latest = time.monotonic()
        while time.monotonic() - start < SILENCE:
            left = self._plan.quiet - (time.monotonic() - self._latest)
            if self._pending or left > 0:
                self.page.wait_for_timeout(POLL if self._pending else left * 1000)
            elif not self._is_busy():
                return
        self._pending.clear()

    def _is_busy(self) -> bool:
        """Let the page run pending timers, and say whether it then makes requests."""
        before = self._latest
        try:
            self.page.evaluate("() => new Promise((done) => setTimeout(done))")
        except Error:  # the page was left meanwhile
            return True
        return self._latest > before or bool(self._pending)

    def press(self, control: Control, frame: Frame | None = None) -> None:
        """Click a control, and wait until the page has settled."""
        (frame or self.page.main_frame).locator(control.path).first.click(timeout=PRESS)
        self.settle()

    def wait_until(self, holds: Callable[[], bool], *, patience: float = 2.0) -> bool:
        """Wait until a condition holds; say whether it does."""
        end = time.monotonic() + patience
        while not holds():
            if time.monotonic() > end:
                return False
            self.page.wait_for_timeout(50)
        return True

    # --- observations

    def look(self) -> PageView:
        """Return the page as it is seen; if it is left meanwhile, the next one."""
        try:
            return look(self.page.main_frame)
        except Error:
            self.settle()
            return look(self.page.main_frame)

    def trace(self) -> PageVisit:
        """Return the page, its requests since `forget_requests`, each once, and the storage."""
        view = self.look()
        requests = dict.fromkeys([*(request.url for request in self._requests), *self._sockets])
        return PageVisit(url=self.page.url, view=view, requests=tuple(requests), stored=self.stored())

    def stored(self) -> tuple[Stored, ...]:
        """Return the browser's storage: cookies of all sites, and other storage of the page's site."""
        cookies: Any = self._context.cookies()
        found = [
            Stored(kind="cookie", name=one["name"], value=one["value"], domain=one["domain"].lstrip("."))
            for one in cookies
        ]
        host = urlsplit(self.page.url).hostname or ""
        kept: Mapping[StorageKind, list[tuple[str, str]]] = self.page.evaluate(read_script("stored"))
        for kind, entries in kept.items():
            found += [Stored(kind=kind, name=name, value=value, domain=host) for name, value in entries]
        return tuple(found)

    def state(self) -> State | None:
        """Fetch the visitor's state from the site; ``None`` if it does not run this package."""
        parts = urlsplit(self.page.url)
        url = f"{parts.scheme}://{parts.netloc}{self._plan.prefix}/state"
        try:
            # This request is not made by the browser, which would add the headers.
            sent = self._plan.headers.added(url, {})
            answer = self._context.request.get(url, headers=sent, timeout=PRESS, max_redirects=0)
            return msgspec.json.decode(answer.body(), type=State) if answer.ok else None
        except (Error, msgspec.MsgspecError):
            return None


# --- documents and their links


@cache
def read_script(name: str) -> str:
    """Read a script of this package as an expression for Playwright."""
    return Path(__file__).with_name(f"{name}.js").read_text("utf-8").rstrip().removesuffix(";")


def read_tool(path: Path, name: str) -> str:
    """Read a tool's script; raise `ConfigurationError` with the tool's name if that fails."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {name}'s script: {error}") from error


def look(frame: Frame) -> PageView:
    """Return a document as it is now, with the meaning of its labels and texts."""
    seen = frame.evaluate(read_script("probe"), labels.WORDS["about"])
    page = seen["language"] = labels.primary_language(seen["language"])
    for layer in seen["layers"]:
        language = layer["language"] = labels.primary_language(layer["language"])
        layer["spoken"] = labels.contradicting_language(layer["text"], page)
        layer["known"] = language in labels.WORDS["languages"]
    for control in (*seen["controls"], *(one for layer in seen["layers"] for one in layer["controls"])):
        label, hook = control["text"] or control["name"], control["hook"]
        control["action"] = hook if hook in _HOOKS else labels.read_label(label)
        control["refuses"] = labels.read_label(control["text"], shipped=False) == "reject"
        control["reopens"] = labels.reopens_settings(label)
    return msgspec.convert(seen, PageView)


def find_pages(frame: Frame, view: PageView, *, prefix: str, most: int) -> list[str]:
    """Find pages of the same site that a page links to, outside its first layer.

    Args:
        frame: The page.
        view: The page as it is seen.
        prefix: Path of the consent endpoints, which are not pages.
        most: Maximum number of pages.
    """
    here = urlsplit(frame.url)._replace(fragment="")
    links = [urlsplit(link)._replace(fragment="") for link, _ in _links(frame, view.layer)]
    # The first two parts are scheme and authority.
    own = [to for to in links if to[:2] == here[:2] and to != here and not to.path.startswith(prefix + "/")]
    pages = [to.geturl() for to in own if to.path.rpartition(".")[2].lower() not in _FILES]
    return list(dict.fromkeys(pages))[:most]


def find_policy(frame: Frame) -> str:
    """Return the target of the link to the site's privacy policy; empty if there is none."""
    here = urlsplit(frame.url).netloc
    found = [(href, text) for href, text in _links(frame) if labels.leads_to_policy(text)]
    # Not those of vendors, which are on other hosts and have longer labels.
    found.sort(key=lambda link: (urlsplit(link[0]).netloc != here, len(link[1])))
    return found[0][0] if found else ""


def _links(frame: Frame, layer: Layer | None = None) -> list[tuple[str, str]]:
    """Return the targets and texts of the links outside a layer."""
    links: list[tuple[str, str]] = frame.evaluate(read_script("links"), layer and layer.path)
    return [(href, text.strip()) for href, text in links if href.startswith("http")]
