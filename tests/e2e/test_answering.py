"""Tools that answer for people, with their own code in Chromium: they refuse, and accept where told to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from consentkit.log import open_log
from consentkit.record.entry import Entry
from e2e.answering import EVERYTHING, autoconsent, consent_o_matic
from e2e.serving import Demo
from e2e.sink import Sink
from e2e.tabs import go
from e2e.waiting import wait_until

pytestmark = pytest.mark.browser

Visitor = Callable[..., BrowserContext]

BANNER = "#consentkit-banner"
OPTIONAL = {"functional", "analytics", "marketing"}
ADVERTISERS = {"connect.facebook.net"}
COUNTERS = {"www.googletagmanager.com", "sb.scorecardresearch.com", "static.chartbeat.com"}
EMBEDS = {"www.youtube.com", "platform.twitter.com"}

places = pytest.mark.parametrize("place", ["eu", "california"])


def answered(page: Page, demo: Demo) -> set[str] | None:
    """Return which optional purposes were granted, `None` as long as the visitor is to be asked."""
    state = page.request.get(f"{demo.url}/_consent/state").json()
    return None if state["needs_prompt"] else OPTIONAL & set(state["granted"])


class Decided:
    """What the log of the demo, which other tests use too, holds since this was made."""

    def __init__(self, demo: Demo) -> None:
        self._path = demo.data / "consent.sqlite3"
        self._before = len(self._decisions()) if self._path.exists() else 0

    def _decisions(self) -> list[Entry]:
        with open_log(self._path) as log:
            entries = [recorded.entry for recorded in log.entries()]
        return [entry for entry in entries if entry is not None and entry.type == "decision"]

    def entry(self) -> Entry:
        """Return the one decision."""
        [decision] = self._decisions()[self._before :]
        return decision


@pytest.fixture
def demo(shared_demo: Demo) -> Demo:
    return shared_demo


@pytest.fixture
def decided(demo: Demo) -> Decided:
    return Decided(demo)


def read_again(page: Page, demo: Demo, sink: Sink) -> None:
    """Open the article anew, where nothing is asked any more, and read it to the end."""
    page.wait_for_load_state("networkidle")
    sink.forget()
    go(page, demo.article)
    expect(page.locator(BANNER)).to_have_count(0)
    page.keyboard.press("End")
    page.wait_for_load_state("networkidle")


@places
@pytest.mark.parametrize("ours", [False, True], ids=["heuristics", "rule"])
def test_autoconsent_refuses(
    demo: Demo, decided: Decided, sink: Sink, visitor: Visitor, place: str, ours: bool
) -> None:
    context = visitor(place)
    tool = autoconsent(context, ours=ours)
    page = context.new_page()
    page.goto(demo.article, wait_until="commit")
    wait_until(lambda: answered(page, demo) is not None and bool(tool.told("autoconsentDone")))
    rule = "consentkit" if ours else "HEURISTIC-REJECT"
    assert tool.told("popupFound") == tool.told("autoconsentDone") == [rule]
    assert (tool.told("optOutResult"), tool.told("autoconsentError")) == ([True], [])
    assert answered(page, demo) == set()
    entry = decided.entry()
    assert (entry.action, OPTIONAL & set(entry.granted)) == ("reject_all", set())
    read_again(page, demo, sink)
    assert sink.hosts == set()


@places
def test_autoconsent_accepts_where_told_to(
    demo: Demo, decided: Decided, sink: Sink, visitor: Visitor, place: str
) -> None:
    context = visitor(place)
    tool = autoconsent(context, ours=True, action="optIn")
    page = context.new_page()
    page.goto(demo.article, wait_until="commit")
    wait_until(lambda: answered(page, demo) is not None)
    assert (tool.told("popupFound"), tool.told("optInResult")) == (["consentkit"], [True])
    assert answered(page, demo) == OPTIONAL
    assert decided.entry().action == "accept_all"
    read_again(page, demo, sink)
    sink.wait_for(ADVERTISERS | COUNTERS | EMBEDS)


def test_the_rules_own_test_passes(demo: Demo, visitor: Visitor) -> None:
    """Where a refusal reloads the page, as in opt-out regimes, the test goes with it."""
    context = visitor("eu")
    tool = autoconsent(context, ours=True)
    page = context.new_page()
    page.goto(demo.article, wait_until="commit")
    wait_until(lambda: answered(page, demo) is not None and bool(tool.told("selfTestResult")))
    expect(page.locator(BANNER)).to_have_count(0)
    assert tool.told("selfTestResult") == [True]


@pytest.mark.parametrize(
    ("place", "allowed", "purposes", "hosts"),
    [
        ("eu", "", set(), set()),
        ("eu", "DE", set(), set()),
        ("eu", "A", {"functional"}, EMBEDS),
        ("eu", "DB", {"analytics"}, COUNTERS),
        ("eu", EVERYTHING, OPTIONAL, ADVERTISERS | COUNTERS | EMBEDS),
        ("california", "", set(), set()),
        ("california", "BX", {"analytics"}, COUNTERS),
        ("california", EVERYTHING, OPTIONAL, ADVERTISERS | COUNTERS | EMBEDS),
    ],
)
def test_consent_o_matic_gives_what_the_visitor_allows(
    demo: Demo,
    decided: Decided,
    sink: Sink,
    visitor: Visitor,
    place: str,
    allowed: str,
    purposes: set[str],
    hosts: set[str],
) -> None:
    context = visitor(place)
    tool = consent_o_matic(context, allowed=allowed)
    page = context.new_page()
    page.goto(demo.article, wait_until="commit")
    wait_until(lambda: answered(page, demo) is not None)
    assert answered(page, demo) == purposes
    assert tool.told("popupFound")[0] == "com_consentkit"
    assert decided.entry().action == ("save" if purposes else "reject_all")
    read_again(page, demo, sink)
    sink.wait_for(hosts)
    assert sink.hosts & (ADVERTISERS | COUNTERS | EMBEDS) == hosts


def test_consent_o_matic_leaves_alone_who_has_chosen(demo: Demo, visitor: Visitor) -> None:
    context = visitor("eu")
    page = context.new_page()
    page.goto(demo.article)
    page.locator(f"{BANNER} [data-consentkit-action=reject]").click()
    wait_until(lambda: answered(page, demo) == set())
    tool = consent_o_matic(context, allowed=EVERYTHING)
    page.goto(f"{demo.url}/_consent/?return_to=/")
    wait_until(lambda: bool(tool.told("init")))
    page.locator("input[name=purpose][value=analytics]").check()
    page.locator("[data-consentkit-action=save]").click()
    wait_until(lambda: answered(page, demo) != set())
    assert answered(page, demo) == {"analytics"}
    assert tool.told("cmpDetected") == []
