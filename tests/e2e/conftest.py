from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright

from conftest import CHROMIUM_ARGUMENTS
from e2e.serving import Demo
from e2e.sink import Sink

PLACES = {
    "eu": {"CF-IPCountry": "DE"},
    "california": {"CF-IPCountry": "US", "CF-Region-Code": "CA"},
    "nowhere": {},
}
NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def wired(playwright_driver: Playwright, chromium_path: str, sink: Sink) -> Iterator[Browser]:
    """A Chromium for which every host but this machine is the sink."""
    rules = f"--host-resolver-rules=MAP * 127.0.0.1:{sink.port} , EXCLUDE 127.0.0.1 , EXCLUDE localhost"
    arguments = [*CHROMIUM_ARGUMENTS, rules]
    browser = playwright_driver.chromium.launch(executable_path=chromium_path, args=arguments)
    yield browser
    browser.close()


@pytest.fixture
def visitor(wired: Browser, sink: Sink) -> Iterator[NewContext]:
    """Make visitors: fresh profiles at a place, with or without JavaScript."""
    contexts: list[BrowserContext] = []

    def make(place: str = "eu", **options: Any) -> BrowserContext:
        options.setdefault("extra_http_headers", {}).update(PLACES[place])
        contexts.append(wired.new_context(locale="en-GB", **options))
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
