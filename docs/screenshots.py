"""Make the pictures of this documentation: ``.venv/bin/python -m docs.screenshots``.

Runs the demo on a free port with data of its own, drives Chromium through it, and writes ``docs/images``. For
the layouts it runs the same site once for each. Chromium can reach this machine only.
"""

from __future__ import annotations

import base64
import html
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp

from consentkit import ConsentMiddleware, Policy
from consentkit.asgi.clock import epoch
from consentkit.dashboard import Dashboard
from docs.invented import invent
from examples.news.site import HERE, read_site

ROOT: Final = Path(__file__).resolve().parent.parent
IMAGES: Final = ROOT / "docs" / "images"
ARTICLE: Final = "/world/biden-authorizes-long-range-missiles"
READ: Final = ("/", ARTICLE, "/world", "/business", ARTICLE, "/", "/culture", "/sport", ARTICLE)

EU: Final = {"CF-IPCountry": "DE"}
CALIFORNIA: Final = {"CF-IPCountry": "US", "CF-Region-Code": "CA"}
DESKTOP: Final = {"width": 1200, "height": 800}
SMALL: Final = {"width": 1024, "height": 600}
PHONE: Final = {"width": 390, "height": 800}
LAYOUTS: Final = ("bar", "box", "corner", "modal")

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ONLY_HERE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"
_START_SECONDS = 30.0
_logger = logging.getLogger("screenshots")


@contextmanager
def demo() -> Iterator[int]:
    """Run the demo and yield its port."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as data:
        environment = {**os.environ, "PORT": str(port), "DEMO_DATA": data}
        process = subprocess.Popen([sys.executable, "-m", "examples.news"], cwd=ROOT, env=environment)
        try:
            _wait(f"http://127.0.0.1:{port}/_consent/state", process)
            yield port
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


@contextmanager
def demo_in(layout: str) -> Iterator[int]:
    """Run the demo's site with another layout of the banner, keeping nothing, and yield its port."""
    configured = (HERE / "consent.toml").read_text("utf-8")
    policy = Policy.loads(configured.replace('layout = "bar"', f'layout = "{layout}"'))
    consent = Middleware(
        ConsentMiddleware, secret_key="Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2", log=None, policy=policy
    )
    app = Starlette(routes=read_site(policy).routes(), middleware=[consent])
    with served(app, "/_consent/state") as port:
        yield port


@contextmanager
def audit() -> Iterator[int]:
    """Run the auditor's pages of an invented log, and yield their port."""
    with tempfile.TemporaryDirectory() as data:
        invent(Path(data) / "consent.sqlite3", now=datetime.fromtimestamp(epoch(), UTC))
        pages = Dashboard(Path(data) / "consent.sqlite3", guard=lambda request: True)
        with served(Starlette(routes=[Mount("/audit", pages)]), "/audit/log") as port:
            yield port


@contextmanager
def served(app: ASGIApp, ready: str) -> Iterator[int]:
    """Serve an app until the block ends, and yield the port once the path `ready` answers."""
    port = _free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        _wait(f"http://127.0.0.1:{port}{ready}", thread)
        yield port
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _wait(url: str, server: subprocess.Popen[bytes] | threading.Thread) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            if not _runs(server) or time.monotonic() > until:
                raise
            time.sleep(0.1)


def _runs(server: subprocess.Popen[bytes] | threading.Thread) -> bool:
    return server.is_alive() if isinstance(server, threading.Thread) else server.poll() is None


class Camera:
    """Takes pictures of the demo."""

    def __init__(self, browser: Browser, port: int) -> None:
        self._browser = browser
        self._site = f"http://127.0.0.1:{port}"
        self._collector = f"http://localhost:{port}"

    def article_opt_in(self) -> None:
        """The article as a visitor from the EU meets it."""
        with self._visitor(EU, DESKTOP) as page:
            page.goto(self._site + ARTICLE)
            self._take(page, "article-opt-in")

    def phone_dark(self) -> None:
        """The same on a phone that prefers dark colours."""
        with self._visitor(EU, PHONE, color_scheme="dark") as page:
            page.goto(self._site + ARTICLE)
            self._take(page, "phone-dark")

    def phone_opt_out(self) -> None:
        """The notice that a visitor from California is shown."""
        with self._visitor(CALIFORNIA, PHONE) as page:
            page.goto(self._site + ARTICLE)
            self._take(page, "phone-california")

    def settings(self) -> None:
        """The settings page after statistics were allowed."""
        with self._visitor(EU, {"width": 900, "height": 1280}) as page:
            page.goto(f"{self._site}/_consent/?return_to={ARTICLE}")
            page.locator("input[name=purpose][value=analytics]").check()
            page.locator("[data-consentkit-action=save]").click()
            self._take(page, "settings")

    def dialog(self) -> None:
        """The settings over the page, on a desktop and on a phone."""
        for name, size in {"dialog": DESKTOP, "dialog-phone": PHONE}.items():
            with self._visitor(EU, size) as page:
                page.goto(self._site + ARTICLE)
                page.locator("#consentkit-banner [data-consentkit-action=settings]").click()
                page.frame_locator("#consentkit-dialog iframe").locator("h1").wait_for()
                self._take(page, name)

    def layout(self, name: str) -> None:
        """One layout in both themes, from left to right and from right to left, on one sheet."""
        pictures = {}
        for theme in ("light", "dark"):
            for path, way in {"/de": "left to right", "/ar": "right to left"}.items():
                with self._visitor({}, SMALL, color_scheme=theme) as page:
                    page.goto(self._site + path)
                    page.wait_for_load_state("networkidle")
                    pictures[f"{name}, {theme}, {way}"] = page.screenshot(animations="disabled")
        with self._visitor({}, {"width": 840, "height": 400}) as page:
            page.set_content(_sheet(pictures))
            self._take(page, f"layout-{name}", clip_to="body")

    def placeholder(self) -> None:
        """What stands in a video's place."""
        with self._visitor(EU, {"width": 900, "height": 800}) as page:
            page.goto(self._site + ARTICLE)
            page.locator("#consentkit-banner [data-consentkit-action=reject]").click()
            figure = page.locator("figure.video")
            figure.scroll_into_view_if_needed()
            page.frame_locator("figure.video iframe").locator("button").first.wait_for()
            self._take(page, "placeholder", clip_to="figure.video")

    def hits(self) -> None:
        """The live page after a visitor has accepted and read a little."""
        with self._visitor(EU, DESKTOP) as page:
            page.goto(self._site + ARTICLE)
            page.locator("#consentkit-banner [data-consentkit-action=accept]").click()
            page.locator("#consentkit-banner").wait_for(state="detached")
            for path in READ:
                page.goto(self._site + path)
                page.wait_for_timeout(1500)
            page.goto(self._collector + "/")
            self._take(page, "live-hits")

    def audit(self) -> None:
        """The auditor's overview, and an entry with its banner."""
        with self._visitor({}, {"width": 1200, "height": 960}) as page:
            page.goto(f"{self._site}/audit/?days=30")
            self._take(page, "audit-overview")
        with self._visitor({}, {"width": 960, "height": 1230}) as page:
            page.goto(f"{self._site}/audit/entries?action=accept_all")
            page.locator("tbody th a").nth(1).click()
            page.frame_locator("iframe.banner").locator("button").first.wait_for()
            self._take(page, "audit-entry")

    @contextmanager
    def _visitor(self, place: Mapping[str, str], size: Any, **options: Any) -> Iterator[Page]:
        options.setdefault("color_scheme", "light")
        context = self._browser.new_context(
            viewport=size,
            device_scale_factor=1,
            locale="en-GB",
            reduced_motion="reduce",
            extra_http_headers=dict(place),
            **options,
        )
        yield context.new_page()
        context.close()

    def _take(self, page: Page, name: str, *, clip_to: str = "") -> None:
        path = IMAGES / f"{name}.png"
        page.wait_for_load_state("networkidle")
        page.evaluate("document.fonts.ready")
        shooting = page.locator(clip_to) if clip_to else page
        shooting.screenshot(path=path, animations="disabled")
        _logger.info("%s  %d KB", path.relative_to(ROOT), path.stat().st_size // 1024)


def _sheet(pictures: Mapping[str, bytes]) -> str:
    """Return a page with pictures, two in a row."""
    figures = "".join(
        f'<figure><img src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for caption, picture in pictures.items()
    )
    style = """body { margin: 0; padding: 8px; display: grid; grid-template-columns: 1fr 1fr; gap: 6px 12px }
        figure { margin: 0 } img { width: 100%; display: block; outline: 1px solid #ccc }
        figcaption { font: 13px/1.8 sans-serif; color: #333 }"""
    return f"<style>{style}</style>{figures}"


def main() -> None:
    """Take every picture."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    IMAGES.mkdir(exist_ok=True)
    named = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    arguments = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", _ONLY_HERE]
    with demo() as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=named, args=arguments)
        camera = Camera(browser, port)
        camera.hits()  # first, since other visitors leave hits as well
        camera.article_opt_in()
        camera.phone_dark()
        camera.phone_opt_out()
        camera.settings()
        camera.dialog()
        camera.placeholder()
        for layout in LAYOUTS:
            with demo_in(layout) as other:
                Camera(browser, other).layout(layout)
        with audit() as other:
            Camera(browser, other).audit()
        browser.close()


if __name__ == "__main__":
    main()
