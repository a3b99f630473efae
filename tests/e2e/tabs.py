"""Tabs that tests use one after the other: a window costs more than what a test does in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser, Error, Page

_left: WeakKeyDictionary[Browser, dict[bool, list[Page]]] = WeakKeyDictionary()


@contextmanager
def borrowed(browser: Browser, *, script: bool = True) -> Iterator[Page]:
    """Lend a tab with or without JavaScript, empty and without cookies; an uncaught error fails the test.

    What a test gives to the tab, such as listeners of other events and DevTools sessions, it takes away.
    """
    left = _left.setdefault(browser, {True: [], False: []})[script]
    page = left.pop() if left else _open(browser, script)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(media="null", color_scheme="light", forced_colors="none", reduced_motion="reduce")
    errors: list[str] = []

    def note(error: Error) -> None:
        errors.append(str(error))

    page.on("pageerror", note)
    yield page
    _leave(page)
    page.remove_listener("pageerror", note)
    left.append(page)
    assert errors == []


def go(page: Page, url: str, **how: Any) -> None:
    """Open an address, again where the page before went elsewhere meanwhile, as pages do after a choice."""
    try:
        page.goto(url, **how)
    except Error as error:
        if "interrupted" not in error.message and "ERR_ABORTED" not in error.message:
            raise
        page.wait_for_load_state("load")
        page.goto(url, **how)


def _open(browser: Browser, script: bool) -> Page:
    context = browser.new_context(java_script_enabled=script)
    context.set_default_timeout(60_000)
    return context.new_page()


def _leave(page: Page) -> None:
    for other in page.context.pages:
        if other is not page:
            other.close()
    go(page, "about:blank")
    page.unroute_all()
    page.mouse.move(0, 0)
    page.context.clear_cookies()
