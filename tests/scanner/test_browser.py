"""What there is to visit with."""

from __future__ import annotations

import sys

import pytest

from consentkit.exceptions import MissingExtra, ScanError
from consentkit.scanner import lint_site


def test_without_playwright_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(MissingExtra, match=r"consentkit\[scan\]"):
        lint_site("http://news.example/")


@pytest.mark.browser
def test_no_browser_where_one_was_named() -> None:
    with pytest.raises(ScanError, match="no Chromium can be started"):
        lint_site("http://127.0.0.1/", chromium="/nowhere/chromium")
