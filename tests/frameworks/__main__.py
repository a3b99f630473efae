"""Pages of real frameworks behind the middleware: ``make frameworks``, or with names of folders for some.

Each page is looked at without the middleware and with it, before a choice, after a refusal and after a grant.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Literal

from playwright.sync_api import Browser, sync_playwright
from starlette.types import ASGIApp, Receive, Scope, Send

import chromium
from consentkit import ConsentMiddleware, Policy, Vendor
from e2e.serving import Served
from e2e.sink import Sink
from frameworks.sites import Site, sites
from frameworks.visit import Seen, visitor

STATES = ("before", "refused", "granted")
MODES: tuple[Literal["off", "enforce"], ...] = ("off", "enforce")
# FastHTML begins with files from there, and its pages do not work without them.
CDN = "cdn.jsdelivr.net"
POLICY = Policy(
    uses=("google-analytics", "google-tag-manager", "gravatar", "meta-pixel", "youtube"),
    vendors={"jsdelivr": Vendor(name="jsDelivr", purpose="necessary", hosts=(CDN,))},
)
SECRET = "only for pages that nobody else sees"


class Switch:
    """An application in front of which the middleware can be put while it runs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = self.current = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app if scope["type"] == "lifespan" else self.current
        await app(scope, receive, send)


def look(browser: Browser, url: str, site: Site, sink: Sink, bare: Seen) -> dict[str, Seen]:
    """Return what visitors see in each state."""
    with visitor(browser, url, site, sink) as one:
        before = one.look(choose="reject")
        refused = one.look()
    with visitor(browser, url, site, sink) as other:
        other.look(choose="accept")
        return {"before": before, "refused": refused, "granted": other.look(bare.hosts)}


def faults(state: str, seen: Seen, bare: Seen) -> Iterator[str]:
    """Say what is wrong with a page in one state."""
    if not seen.works:
        yield "does not work"
    if seen.banner != (state == "before"):
        yield "the banner is there" if seen.banner else "no banner"
    yield from (f"error: {error[:200]}" for error in sorted(seen.errors - bare.errors))
    asked, vendors = seen.hosts - {CDN}, bare.hosts - {CDN}
    if state != "granted":
        yield from (f"asks {host}" for host in sorted(asked & seen.loaded))
        yield from (f"asks {host} once its button is pressed" for host in sorted(asked - seen.loaded))
    else:
        yield from (f"does not ask {host}" for host in sorted(vendors - asked))


def run(site: Site, browser: Browser, sink: Sink) -> bool:
    """Look at one framework's page in every way, print what is found, and say whether all is well."""
    app = site.make()
    switch = Switch(app)
    fine = True
    with Served(switch) as served:
        with visitor(browser, served.url, site, sink) as one:
            bare = one.look()
        print(f"{site.name} {site.version}: bare", bare, flush=True)
        for mode in MODES:
            switch.current = ConsentMiddleware(app, secret_key=SECRET, log=None, policy=POLICY, csp=mode)
            for state, seen in look(browser, served.url, site, sink, bare).items():
                found = list(faults(state, seen, bare))
                fine &= not found
                print(f"  csp={mode} {state}: {'; '.join(found) or 'fine'}", flush=True)
    return fine


def main(names: list[str]) -> int:
    """Run all sites, or those that are named, and return how many failed."""
    path = chromium.find()
    with sync_playwright() as playwright, Sink() as sink:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                f"--host-resolver-rules=MAP * 127.0.0.1:{sink.port} , EXCLUDE 127.0.0.1",
            ],
        )
        chosen = [site for site in sites() if not names or any(name in site.name.lower() for name in names)]
        failed = [site.name for site in chosen if not run(site, browser, sink)]
        browser.close()
    print("all as they should be" if not failed else f"failed: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
