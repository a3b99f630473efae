from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect

from conftest import CHROMIUM_ARGUMENTS
from e2e.serving import Demo
from e2e.sink import Sink
from e2e.waiting import PATIENCE

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
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def wired(playwright_driver: Playwright, headless_path: str, sink: Sink) -> Iterator[Browser]:
    """A Chromium for which every host but this machine is the sink."""
    arguments = [*CHROMIUM_ARGUMENTS, resolving(sink)]
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
            args=[*CHROMIUM_ARGUMENTS, resolving(sink)],
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
