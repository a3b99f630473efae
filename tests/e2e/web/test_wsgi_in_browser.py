"""A choice in a browser, on a site behind WSGI."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from e2e.tabs import borrowed
from web.wsgi_site import PATIENCE, Site, served, site

__all__ = ["site"]


@pytest.mark.browser
def test_a_reader_accepts_in_a_browser(chromium: Browser, site: Site) -> None:
    with served(site.shell) as url, borrowed(chromium) as page:
        page.goto(url + site.news.path)
        banner = page.locator("#consentkit-banner")
        expect(banner).to_be_visible(timeout=PATIENCE * 1000)
        with page.expect_navigation():
            banner.get_by_role("button", name="Accept all").click()
        expect(banner).to_have_count(0)
        names = {cookie["name"] for cookie in page.context.cookies()}
        assert {"consentkit", "consentkit-id"} <= names
    assert [entry.action for entry in site.entries()] == ["accept_all"]
