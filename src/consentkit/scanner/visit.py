"""A visit: a fresh profile that opens pages, presses what is there, and sees what is asked and stored."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from consentkit.exceptions import MissingExtra, ScanError
from consentkit.lint.facts import Control, State, StorageKind, Stored, Trace, View
from consentkit.scanner.origin_headers import OriginHeaders
from consentkit.scanner.page_view import look, read_script

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page, Request

PRESS: Final = 3_000
"""Milliseconds that something that is pressed has to be reachable."""
LOAD: Final = 20_000
"""Milliseconds that a page has to load."""
POLL: Final = 20
"""Milliseconds between looks at what has not been answered yet."""
SILENCE: Final = 5.0
"""Seconds after which a page that never falls silent is taken as it is."""

_SIGNAL: Final = {"Sec-GPC": "1"}
_GPC: Final = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Nothing that the browser asks for by itself is the site's doing.
_ARGUMENTS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def launch_chromium(executable: str | Path | None = None) -> Iterator[Browser]:
    """Start a Chromium and stop it in the end.

    Args:
        executable: Its path; by default the variable CHROMIUM, the system's, or Playwright's own.

    Raises:
        MissingExtra: Playwright is not installed.
        ScanError: No Chromium can be started.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise MissingExtra("visiting a site in a browser", extra="scan") from error
    # As root Chromium has no sandbox.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if is_root else [])]
    with ExitStack() as stack:
        try:
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=executable or _installed(), args=arguments)
        except Error as error:
            raise ScanError(f"no Chromium can be started: {str(error).partition(chr(10))[0]}") from error
        stack.callback(browser.close)
        yield browser


def _installed() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


class Visit:
    """One visitor, from a fresh profile on.

    Args:
        browser: The browser.
        headers: Sent to one origin.
        prefix: Where the consent endpoints of the site are.
        quiet: Seconds without a request after which a page has settled.
        gpc: Whether the browser sends Sec-GPC.
        locale: The visitor's language.
    """

    def __init__(
        self,
        browser: Browser,
        *,
        headers: OriginHeaders,
        prefix: str,
        quiet: float,
        gpc: bool = False,
        locale: str = "en-GB",
    ) -> None:
        self._headers = headers
        self._prefix = prefix
        self._quiet = quiet
        self._requests: list[Request] = []
        self._pending: set[Request] = set()
        self._latest = time.monotonic()
        self._sockets: list[str] = []
        self.status: int = 0
        self._stack = ExitStack()
        self._stack.enter_context(headers.sent_by(browser))
        self._context = browser.new_context(locale=locale, viewport={"width": 1280, "height": 800})
        self._stack.callback(self._context.close)
        self._context.on("request", self._asked)
        self._context.on("requestfinished", self._answered)
        self._context.on("requestfailed", self._failed)
        if gpc:
            self.send_gpc()
        self.page: Page = self._context.new_page()
        self.page.on("websocket", lambda socket: self._sockets.append(socket.url))

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def send_gpc(self) -> None:
        """Send Sec-GPC from now on."""
        self._context.set_extra_http_headers(_SIGNAL)
        self._context.add_init_script(_GPC)

    # --- what is asked

    def _asked(self, request: Request) -> None:
        self._requests.append(request)
        self._pending.add(request)
        self._latest = time.monotonic()

    def _answered(self, request: Request) -> None:
        self._pending.discard(request)
        self._latest = time.monotonic()

    def _failed(self, request: Request) -> None:
        self._answered(request)
        # The site's own Content-Security-Policy stopped it before it reached the network.
        if "csp" in (request.failure or "").lower() and request in self._requests:
            self._requests.remove(request)

    def mark(self) -> None:
        """Forget what was asked until now."""
        self._requests.clear()
        self._sockets.clear()

    @property
    def requests(self) -> tuple[str, ...]:
        """Addresses that were asked for since the mark, each once."""
        return tuple(dict.fromkeys([*(request.url for request in self._requests), *self._sockets]))

    # --- what a visitor does

    def open(self, url: str) -> None:
        """Open a page and wait until it has settled.

        Raises:
            ScanError: It cannot be opened.
        """
        from playwright.sync_api import Error

        try:
            response = self.page.goto(url, wait_until="commit", timeout=LOAD)
        except Error as error:
            raise ScanError(f"cannot open {url}: {str(error).partition(chr(10))[0]}") from error
        self.status = response.status if response else 0
        self._loaded()
        self._silence()

    def settle(self) -> None:
        """Wait until nothing has been asked for a while, and a page that has begun meanwhile has loaded."""
        self._silence()
        before = self._latest
        self._loaded()
        if self._latest > before:
            self._silence()

    def _loaded(self) -> None:
        from playwright.sync_api import TimeoutError as Waited

        try:
            self.page.wait_for_load_state("load", timeout=LOAD)
        except Waited:
            return

    def _silence(self) -> None:
        start = self._latest = time.monotonic()
        while time.monotonic() - start < SILENCE:
            left = self._quiet - (time.monotonic() - self._latest)
            if self._pending or left > 0:
                self.page.wait_for_timeout(POLL if self._pending else left * 1000)
            elif not self._stirs():
                return
        self._pending.clear()

    def _stirs(self) -> bool:
        """Let the page do what it has begun, however busy the machine; say whether it asks for something."""
        from playwright.sync_api import Error

        before = self._latest
        try:
            self.page.evaluate("() => new Promise((done) => setTimeout(done))")
        except Error:  # the page went away meanwhile
            return True
        return self._latest > before or bool(self._pending)

    def press(self, control: Control, frame: Frame | None = None) -> None:
        """Press something, and wait until what comes of it has come."""
        (frame or self.page.main_frame).locator(control.path).first.click(timeout=PRESS)
        self.settle()

    def wait_until(self, holds: Callable[[], bool], *, patience: float = 2.0) -> bool:
        """Wait until something on the page holds; say whether it does."""
        end = time.monotonic() + patience
        while not holds():
            if time.monotonic() > end:
                return False
            self.page.wait_for_timeout(50)
        return True

    # --- what there is

    def look(self) -> View:
        """Look at the page; if it goes away meanwhile, at the one that comes."""
        from playwright.sync_api import Error

        try:
            return look(self.page.main_frame)
        except Error:
            self.settle()
            return look(self.page.main_frame)

    def trace(self) -> Trace:
        """Return what came of the page since the mark."""
        return Trace(url=self.page.url, view=self.look(), requests=self.requests, stored=self.stored())

    def stored(self) -> tuple[Stored, ...]:
        """Return what is in the browser: cookies of all sites, and storage of the page's own."""
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
        """Ask the site what holds for this visitor; nothing if it does not run this package."""
        from playwright.sync_api import Error

        parts = urlsplit(self.page.url)
        url = f"{parts.scheme}://{parts.netloc}{self._prefix}/state"
        try:
            # Made beside the browser, which would add the headers.
            sent = self._headers.added(url, {})
            answer = self._context.request.get(url, headers=sent, timeout=PRESS, max_redirects=0)
            return msgspec.json.decode(answer.body(), type=State) if answer.ok else None
        except (Error, msgspec.MsgspecError):
            return None
