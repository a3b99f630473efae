"""A site without a server: pages and files are answered inside the browser."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from msgspec.structs import replace
from playwright.sync_api import Browser, Page, Route

from consentkit.banner.assets import read_assets
from consentkit.banner.settings import render_settings
from consentkit.consent.consent import Consent
from consentkit.consent.decision import Decision
from consentkit.policy import Place, Policy
from e2e.tabs import borrowed

CALIFORNIA = Place(country="US", region="CA")
ORIGIN = "http://news.example"
CSP = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
)
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 20"><path fill="#777" d="M0 0h80v20H0z"/></svg>'
)
CHOSEN = "consentkit=1:opt-in:banner:0:20787:analytics!da5322.x.y; Path=/"
PLAINLY = "<!doctype html><title>Answered plainly</title>"


class Site:
    """Answers whatever a page asks for.

    Attributes:
        policy: What the settings page tells; `know` adds the files of others.
        consent: What the settings page says holds.
        pages: Markup by path.
        csp: The Content-Security-Policy of every page.
        headers: What the settings page is sent with besides.
        answer: What the script is answered, status and JSON; with ``None`` its request fails.
        posts: Who sent a choice, ``script`` or ``form``, and the fields.
        loads: The pages that were asked for.
    """

    def __init__(self, policy: Policy, consent: Consent) -> None:
        self.policy = policy
        self.consent = consent
        self.pages: dict[str, str] = {}
        self.csp = CSP
        self.headers: dict[str, str] = {}
        self.answer: tuple[int, dict[str, Any]] | None = (200, {"reload": False})
        self.posts: list[tuple[str, str]] = []
        self.loads: list[str] = []
        self._assets = {asset.name: asset for asset in read_assets(policy)}

    def know(self, *policies: Policy) -> None:
        """Serve the files of other policies, too."""
        for policy in policies:
            self._assets |= {asset.name: asset for asset in read_assets(policy)}

    def serve(self, route: Route) -> None:
        """Answer one request."""
        request = route.request
        url = urlsplit(request.url)
        if url.path.startswith("/_consent/assets/"):
            asset = self._assets[url.path.rpartition("/")[2]]
            route.fulfill(body=asset.body, content_type=asset.media_type)
        elif url.path == "/logo.svg":
            route.fulfill(body=LOGO, content_type="image/svg+xml")
        elif request.method == "POST":
            self._decide(route)
        else:
            self.loads.append(url.path)
            self._html(
                route, self._page(url.path, url.query), self.headers if url.path == "/_consent/" else {}
            )

    def _page(self, path: str, query: str) -> str:
        if path != "/_consent/":
            return self.pages.get(path, "<!doctype html><title>Elsewhere</title>")
        asked = parse_qs(query)
        consent = self.consent
        if "saved" in asked and consent.decision is None:
            consent = replace(consent, decision=Decision(regime=consent.regime, day=20_787))
        return render_settings(
            self.policy,
            consent,
            locale=asked["locale"][0],
            prefix="/_consent",
            return_to=asked["return_to"][0],
            saved="saved" in asked,
            framed="framed" in asked,
        )

    def _decide(self, route: Route) -> None:
        fields = route.request.post_data or ""
        script = route.request.headers["accept"] == "application/json"
        self.posts.append(("script" if script else "form", fields))
        if not script:
            self._html(route, PLAINLY + self._way_back(fields), {"set-cookie": CHOSEN})
        elif self.answer is None:
            route.abort()
        else:
            status, body = self.answer
            headers = {"content-type": "application/json"}
            if status == 200:
                headers["set-cookie"] = CHOSEN
            route.fulfill(status=status, body=json.dumps(body), headers=headers)

    def _way_back(self, fields: str) -> str:
        """Lead back to the settings; what a redirect leads to would not be answered here."""
        [back] = parse_qs(fields)["return_to"]
        refresh = f'<meta http-equiv="refresh" content="0;url={html.escape(back)}">'
        return refresh if back.startswith("/_consent/") else ""

    def _html(self, route: Route, body: str, headers: dict[str, str]) -> None:
        sent = {"content-type": "text/html; charset=utf-8", "content-security-policy": self.csp, **headers}
        route.fulfill(body=body, headers=sent)


@contextmanager
def visiting(
    browser: Browser, site: Site, *, viewport: tuple[int, int] = (1280, 800), java_script_enabled: bool = True
) -> Iterator[Page]:
    """Open a page of a site as its first visitor; an error in a script fails the test."""
    with borrowed(browser, script=java_script_enabled) as page:
        page.set_viewport_size({"width": viewport[0], "height": viewport[1]})
        page.route("**/*", site.serve)
        yield page


def go(page: Page, path: str) -> None:
    """Load a page of the site."""
    page.goto(ORIGIN + path)
