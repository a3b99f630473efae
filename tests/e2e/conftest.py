from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright

from asgi.fixtures import log, store
from e2e import chromium as chromium_finder
from e2e.chromium import ARGUMENTS
from e2e.serving import Demo
from e2e.sink import Sink
from e2e.waiting import PATIENCE

__all__ = ["log", "store"]

PLACES = {
    "eu": {"CF-IPCountry": "DE"},
    "california": {"CF-IPCountry": "US", "CF-Region-Code": "CA"},
    "nowhere": {},
}
NewContext = Callable[..., BrowserContext]
NewProfile = Callable[..., BrowserContext]

expect.set_options(timeout=PATIENCE * 1000)


def patient(context: BrowserContext) -> BrowserContext:
    """Let a browser take its time."""
    context.set_default_timeout(PATIENCE * 1000)
    return context


def resolving(sink: Sink) -> str:
    """Return the argument by which every host but this machine is the sink."""
    return f"--host-resolver-rules=MAP * 127.0.0.1:{sink.port} , EXCLUDE 127.0.0.1 , EXCLUDE localhost"


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is."""
    path = chromium_finder.find()
    if path is None:
        pytest.skip(f"no Chromium: {chromium_finder.HOW}")
    return path


@pytest.fixture(scope="session")
def headless_path(chromium_path: str) -> str:
    """Where the Chromium is that most tests use: without windows, if there is one."""
    return chromium_finder.find_headless() or chromium_path


# Playwright's event loop counts as running in its thread until it is stopped: were it there for the whole
# session, no other test could run a loop of its own. Modules are never interleaved, so it lives for a module.
@pytest.fixture(scope="module")
def playwright_driver(chromium_path: str) -> Iterator[Playwright]:
    """Playwright, started once per module."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(playwright_driver: Playwright, headless_path: str) -> Iterator[Browser]:
    """A real Chromium that reaches this machine only."""
    rules = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"
    arguments = [*ARGUMENTS, rules]
    browser = playwright_driver.chromium.launch(executable_path=headless_path, args=arguments)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def wired(playwright_driver: Playwright, headless_path: str, sink: Sink) -> Iterator[Browser]:
    """A Chromium for which every host but this machine is the sink."""
    arguments = [*ARGUMENTS, resolving(sink)]
    browser = playwright_driver.chromium.launch(executable_path=headless_path, args=arguments)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def profile(
    playwright_driver: Playwright,
    chromium_path: str,
    headless_path: str,
    sink: Sink,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[NewProfile]:
    """Make a profile that is kept on disk, with or without JavaScript, in a browser with windows or without.

    Only one that is kept makes preconnections, in a browser with windows.
    """
    launched: list[BrowserContext] = []

    @cache
    def make(*, script: bool = True, windows: bool = True) -> BrowserContext:
        context = playwright_driver.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=chromium_path if windows else headless_path,
            args=[*ARGUMENTS, resolving(sink)],
            java_script_enabled=script,
        )
        launched.append(patient(context))
        return context

    yield make
    for context in launched:
        context.close()


@pytest.fixture
def visitor(wired: Browser, sink: Sink) -> Iterator[NewContext]:
    """Make visitors: fresh profiles at a place, with or without JavaScript."""
    contexts: list[BrowserContext] = []

    def make(place: str = "eu", **options: Any) -> BrowserContext:
        options.setdefault("extra_http_headers", {}).update(PLACES[place])
        contexts.append(patient(wired.new_context(locale="en-GB", **options)))
        sink.forget()
        return contexts[-1]

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with Demo(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for tests that only look at it as visitors of their own."""
    with Demo(tmp_path_factory.mktemp("demo")) as running:
        yield running
