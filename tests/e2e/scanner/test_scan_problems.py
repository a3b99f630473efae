"""What can go wrong before a rule is looked at, and while one is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from consentkit import Policy
from consentkit.exceptions import ScanError
from consentkit.policy import Site
from consentkit.scanner import lint_site
from e2e.scanner.conftest import Lint
from e2e.scanner.sites import TINY
from e2e.serving import free_port

COVERED = '<div style="position: fixed; inset: 0; z-index: 9"></div>'


@pytest.mark.browser
def test_a_site_that_does_not_answer(chromium: Browser) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(ScanError, match="cannot open"):
        lint_site(url, browser=chromium)


@pytest.mark.browser
def test_what_is_no_page_is_left_out(lint: Lint) -> None:
    kept = (
        '<a href="data:,text" download>Data</a> <a href="/none.zip">All</a> <a href="//127.0.0.1:1/">Gone</a>'
    )
    assert lint(replace(TINY, link=kept + TINY.link), 9, 10, pages=9) == []


@pytest.mark.browser
def test_a_privacy_policy_that_cannot_be_opened(lint: Lint) -> None:
    policy = Policy(site=Site(privacy_policy=f"http://127.0.0.1:{free_port()}/"))
    [finding] = lint(TINY, 25, policy=policy)
    assert finding.level == "error" and "cannot be opened" in finding.message


@pytest.mark.browser
def test_a_rule_that_cannot_be_checked_is_a_warning(lint: Lint) -> None:
    [finding] = lint(replace(TINY, script=COVERED), 11)
    assert finding.level == "warning" and finding.message.startswith("could not be checked: ")


@pytest.mark.browser
def test_no_browser_where_one_was_named() -> None:
    with pytest.raises(ScanError, match="no Chromium can be started"):
        lint_site("http://127.0.0.1/", chromium="/nowhere/chromium")
