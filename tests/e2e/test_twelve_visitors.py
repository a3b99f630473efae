"""Twelve visitors of the demo: what each is shown, what runs, what is logged.

The table in the documentation is what this test saw: with ``WRITE_DOCS=1`` it writes it, else it compares.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from consentkit.log import open_log
from consentkit.record.entry import Entry
from docs.documents import find_page
from e2e.conftest import patient
from e2e.serving import ARTICLE, Demo
from e2e.sink import Sink

pytestmark = pytest.mark.browser

PAGE = find_page("twelve-visitors")
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
HEADS = ("place", "signal", "chose before", "page", "is shown", "runs", "is logged")

VENDORS = {
    "www.googletagmanager.com": "Google Analytics",
    "connect.facebook.net": "Meta",
    "sb.scorecardresearch.com": "Scorecard Research",
    "static.chartbeat.com": "Chartbeat",
    "www.youtube.com": "YouTube",
    "platform.twitter.com": "X",
}
STATISTICS = frozenset(("www.googletagmanager.com", "sb.scorecardresearch.com", "static.chartbeat.com"))
EMBEDS = frozenset(("www.youtube.com", "platform.twitter.com"))
ADVERTISING = frozenset(("connect.facebook.net",))
EVERYTHING = STATISTICS | EMBEDS | ADVERTISING
NOTHING: frozenset[str] = frozenset()

Act = Callable[[Page], None]


class Visitor(NamedTuple):
    """One visitor; `runs` is what must have arrived before anybody looks."""

    place: str
    runs: frozenset[str]
    signal: str = ""
    chose: str = ""
    path: str = ARTICLE
    language: str = "en-GB"

    @property
    def headers(self) -> dict[str, str]:
        country, _, region = self.place.partition("-")
        named = {"CF-IPCountry": country, "CF-Region-Code": region}
        return {name: value for name, value in named.items() if value}


TWELVE = (
    Visitor("DE", NOTHING),
    Visitor("DE", NOTHING, signal="GPC", path="/de"),
    Visitor("DE", EVERYTHING, chose="accepted"),
    Visitor("GB", NOTHING, path="/ar"),
    Visitor("FR", NOTHING, chose="refused", path="/fr"),
    Visitor("US-CA", EVERYTHING),
    Visitor("US-CA", STATISTICS | EMBEDS, signal="GPC"),
    Visitor("US-CA", NOTHING, chose="refused"),
    Visitor("US-CA", STATISTICS | EMBEDS, signal="GPC", chose="accepted before the signal"),
    Visitor("US-CA", EVERYTHING, signal="GPC", chose="accepted in settings, told of the signal"),
    Visitor("US-AZ", STATISTICS | ADVERTISING, path="/de", language="fr-FR"),
    Visitor("", NOTHING, signal="GPC", language="fr-FR"),
)


def press(page: Page, action: str) -> None:
    page.locator(f"#consentkit-banner [data-consentkit-action={action}]").click()
    expect(page.locator("#consentkit-banner")).to_have_count(0)


def choose(page: Page, demo: Demo, visitor: Visitor, signal: dict[str, str]) -> None:
    """Make the choice that the visitor comes with."""
    if not visitor.chose:
        return
    if "settings" in visitor.chose:
        page.context.set_extra_http_headers({**visitor.headers, **signal})
        page.goto(f"{demo.url}/_consent/?return_to={visitor.path}")
        page.locator("[data-consentkit-action=accept]").click()
        page.wait_for_url("**saved=1*")
        return
    page.goto(demo.url + visitor.path)
    press(page, "reject" if visitor.chose == "refused" else "accept")


def shown(page: Page) -> str:
    """Say what the visitor sees of consentkit."""
    banner, link = page.locator("#consentkit-banner"), page.locator("#consentkit-link")
    part = banner if banner.count() else link
    language = part.get_attribute("lang")
    if part is banner:
        labels = [text.strip() for text in banner.locator("[data-consentkit-action]").all_inner_texts()]
        seen = f"banner in `{language}`: {', '.join(labels)}"
    elif link.is_visible():
        seen = f"link in `{language}`: {link.locator('a').inner_text().strip()}"
    else:
        seen = "the page's own link"
    signal = part.locator(".consentkit-signal")
    return f"{seen}; “{signal.inner_text()}”" if signal.count() and signal.is_visible() else seen


def logged(entries: list[Entry]) -> str:
    """Say what the log has of it."""
    lines = [
        f"`{entry.action}` in {entry.source}, {entry.regime}, {entry.country or 'no place'}"
        + (f", signal {', '.join(entry.signals)}" if entry.signals else "")
        + (", with a subject" if entry.subject else ", no subject")
        for entry in entries
    ]
    return "; ".join(lines) or "nothing"


def decisions(demo: Demo) -> list[Entry]:
    path = Path(demo.data) / "consent.sqlite3"
    if not path.exists():
        return []
    with open_log(path) as log:
        found = [recorded.entry for recorded in log.entries()]
    return [entry for entry in found if entry is not None and entry.type == "decision"]


@pytest.fixture
def arrive(wired: Browser) -> Iterator[Callable[[Visitor], BrowserContext]]:
    contexts: list[BrowserContext] = []

    def make(visitor: Visitor) -> BrowserContext:
        options: dict[str, Any] = {"locale": visitor.language, "extra_http_headers": visitor.headers}
        contexts.append(patient(wired.new_context(**options)))
        return contexts[-1]

    yield make
    for context in contexts:
        context.close()


def observe(
    visitor: Visitor, demo: Demo, sink: Sink, arrive: Callable[[Visitor], BrowserContext]
) -> tuple[str, ...]:
    """Let a visitor come, and return the row of the table."""
    before = len(decisions(demo))
    signal = {"Sec-GPC": "1"} if visitor.signal else {}
    page = arrive(visitor).new_page()
    choose(page, demo, visitor, signal)
    page.context.set_extra_http_headers({**visitor.headers, **signal})
    page.goto("about:blank")
    sink.forget()
    page.goto(demo.url + visitor.path)
    page.keyboard.press("End")
    page.wait_for_load_state("networkidle")
    sink.wait_for(visitor.runs)
    ran = [name for host, name in VENDORS.items() if host in sink.hosts]
    assert sink.hosts <= VENDORS.keys()
    return (
        visitor.place or "not known",
        visitor.signal or "–",
        visitor.chose or "–",
        f"`{visitor.path}`" if visitor.path != ARTICLE else "article, `en`",
        shown(page),
        ", ".join(ran) or "nothing",
        logged(decisions(demo)[before:]),
    )


def written() -> list[str]:
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip().splitlines()


def test_the_documentation_shows_what_twelve_visitors_met(
    shared_demo: Demo, sink: Sink, arrive: Callable[[Visitor], BrowserContext]
) -> None:
    rows = [observe(visitor, shared_demo, sink, arrive) for visitor in TWELVE]
    numbered = [("", *HEADS), ("---",) * (len(HEADS) + 1)]
    numbered += [(str(number), *row) for number, row in enumerate(rows, start=1)]
    lines = [f"| {' | '.join(cells)} |" for cells in numbered]
    if os.environ.get("WRITE_DOCS"):
        head, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        table = "\n".join(lines)
        PAGE.write_text(f"{head}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", "utf-8")
    assert written() == lines
