"""What `lint_site` refuses before it visits."""

from __future__ import annotations

import sys

import pytest

from consentkit.exceptions import ConfigurationError, MissingExtra
from consentkit.scanner import lint_site


def test_without_playwright_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(MissingExtra, match=r"consentkit\[scan\]"):
        lint_site("http://news.example/")


@pytest.mark.parametrize(
    ("url", "rules", "said"),
    [
        ("news.example", (), "expected an address"),
        ("http://news.example", {17}, "not seen in a browser: rule 17"),
    ],
)
def test_what_cannot_be_is_refused(url: str, rules: set[int], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        lint_site(url, rules=rules)
