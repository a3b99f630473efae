"""Pages of real frameworks behind the middleware: ``make frameworks``, or with parts of names for some.

Each page is looked at without the middleware and with it, before a choice, after a refusal and after a grant,
with and without a Content-Security-Policy. A run of all of them writes its table into
``docs/how-to/frameworks.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, sync_playwright
from starlette.types import ASGIApp, Receive, Scope, Send

from consentkit import ConsentMiddleware, Policy, Vendor
from docs.documents import fill, find_page
from e2e import chromium
from e2e.serving import Served
from e2e.sink import Sink
from frameworks.sites import Site, sites
from frameworks.visit import Seen, visitor

STATES = {"before": "before a choice", "refused": "after a refusal", "granted": "after a grant"}
MODES: tuple[Literal["off", "enforce"], ...] = ("off", "enforce")
# FastHTML begins with files from there, and its pages do not work without them.
CDN = "cdn.jsdelivr.net"
POLICY = Policy(
    uses=("google-analytics", "google-tag-manager", "gravatar", "meta-pixel", "youtube"),
    vendors={"jsdelivr": Vendor(name="jsDelivr", purpose="necessary", hosts=(CDN,))},
)
SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"


class Switch:
    """An application in front of which the middleware can be put while it runs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = self.current = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app if scope["type"] == "lifespan" else self.current
        await app(scope, receive, send)


class Row(NamedTuple):
    """What was found of one framework: by state what is wrong, by mode whom it asks before a grant."""

    site: Site
    faults: dict[str, list[str]]
    asked: dict[str, list[str]]


def look(browser: Browser, url: str, site: Site, sink: Sink, bare: Seen) -> dict[str, Seen]:
    """Return what visitors see in each state."""
    with visitor(browser, url, site, sink) as one:
        before = one.look(choose="reject")
        refused = one.look()
    with visitor(browser, url, site, sink) as other:
        other.look(choose="accept")
        return {"before": before, "refused": refused, "granted": other.look(bare.reached)}


def faults(site: Site, mode: str, state: str, seen: Seen, bare: Seen) -> Iterator[str]:
    """Say what is wrong with a page in one state."""
    if not seen.works:
        yield "does not work"
    if seen.banner != (state == "before"):
        yield "the banner is there" if seen.banner else "no banner"
    yield from (f"error: {error[:200]}" for error in sorted(seen.errors - bare.errors))
    if state == "granted":
        yield from (f"does not ask {host}" for host in sorted(bare.asked - seen.asked))
        return
    known = {CDN} | (site.asks if mode == "off" else set())
    yield from (f"asks {host}" for host in sorted(seen.asked - known))
    # A frame that a policy blocks may still open a connection.
    if mode == "off":
        yield from (f"connects to {host}" for host in sorted(seen.reached - seen.asked - known))


def run(site: Site, browser: Browser, sink: Sink) -> Row:
    """Look at one framework's page in every way, and print what is found."""
    print(f"{site.name} {site.version}", flush=True)
    app = site.make()
    switch = Switch(app)
    row = Row(site, {state: [] for state in STATES}, {})
    with Served(switch) as served:
        with visitor(browser, served.url, site, sink) as one:
            bare = one.look()
        print(
            f"  bare: {'works' if bare.works else 'does not work'}, asks {', '.join(sorted(bare.asked))}",
            flush=True,
        )
        if not bare.works:
            row.faults["before"].append("does not work without the middleware")
        for mode in MODES:
            switch.current = ConsentMiddleware(app, secret_key=SECRET, log=None, policy=POLICY, csp=mode)
            seen = look(browser, served.url, site, sink, bare)
            for state, what in seen.items():
                found = [f'csp="{mode}": {fault}' for fault in faults(site, mode, state, what, bare)]
                row.faults[state].extend(found)
                print(f'  csp="{mode}", {STATES[state]}: {"; ".join(found) or "fine"}', flush=True)
            asked = (seen["before"].asked | seen["refused"].asked) - {CDN}
            reached = (seen["before"].reached | seen["refused"].reached) - {CDN} - asked
            row.asked[mode] = [f"`{host}`" for host in sorted(asked)] or ["nobody"]
            row.asked[mode] += [f"connects to `{host}`" for host in sorted(reached)]
            print(f"    before a grant its scripts ask: {', '.join(row.asked[mode])}")
            if late := asked - seen["before"].loaded:
                print(f"    of these only when the button is pressed: {', '.join(sorted(late))}")
    return row


def table(rows: list[Row]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    asked = [f'its scripts ask before a grant, `csp="{mode}"`' for mode in MODES]
    yield f"| framework | {' | '.join([*STATES.values(), *asked])} |"
    yield "|---|---|---|---|---|---|"
    for site, wrong, asks in rows:
        cells = ["; ".join(wrong[state]) or "works" for state in STATES]
        cells += [", ".join(asks[mode]) for mode in MODES]
        yield f"| {site.name} {site.version} | {' | '.join(cells)} |"


def main(names: list[str]) -> int:
    """Run all sites, or those that are named, and return how many rows failed."""
    path = chromium.find()
    chosen = [
        site for site in sites() if not names or any(name.lower() in site.name.lower() for name in names)
    ]
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
        rows = [run(site, browser, sink) for site in chosen]
        print(f"\nChromium {browser.version}\n")
        browser.close()
    lines = list(table(rows))
    print("\n".join(lines))
    if not names:
        fill(find_page("frameworks"), "frameworks", lines)
    failed = [row for row in rows if any(row.faults.values())]
    print(f"\n{len(failed)} of {len(rows)} rows failed")
    return len(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
