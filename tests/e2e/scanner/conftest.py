from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser
from starlette.types import ASGIApp, Receive, Scope, Send

from consentkit.lint import Finding
from consentkit.scanner import lint_site
from e2e.scanner.sites import TINY, Tiny
from e2e.serving import Served

Lint = Callable[..., list[Finding]]

QUIET = 0.1
"""Seconds of silence after which a page on this machine has settled."""


class Stage:
    """A server on which one site after the other stands."""

    def __init__(self) -> None:
        self.site: ASGIApp = TINY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.site(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Stage:
    return Stage()


@pytest.fixture(scope="session")
def served(stage: Stage) -> Iterator[Served]:
    with Served(stage) as running:
        yield running


@pytest.fixture
def lint(stage: Stage, served: Served, chromium: Browser) -> Lint:
    """Hold a tiny site against some rules, or all."""

    def run(site: Tiny, *rules: int, **options: object) -> list[Finding]:
        stage.site = site
        options = {"pages": 2, "quiet": QUIET, "regime": "opt-out" if site.before else "opt-in", **options}
        url = served.url + "/"
        return lint_site(url, rules=rules or None, browser=chromium, **options)  # type: ignore[arg-type]

    return run
