"""Inline scripts: an address counts where it reaches what loads, and nowhere else."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from consentkit.gating import Gate
from consentkit.policy import Policy
from gating.pages import CLASSIFIER

EXACT = Gate(Policy(), unclassified="gate")

CASES = tomllib.loads(Path(__file__).with_name("scripts.toml").read_text("utf-8"))


def parties(text: str) -> list[str]:
    return [reason.party.vendor for reason in CLASSIFIER.analyze(text.encode()).reach.reasons]


@pytest.mark.parametrize("text", CASES["live"])
def test_what_reaches_no_loader_stays_live(text: str) -> None:
    assert parties(text) == []


@pytest.mark.parametrize("text", CASES["held"])
def test_what_reaches_a_loader_is_found(text: str) -> None:
    assert parties(text) != []


@pytest.mark.parametrize("text", CASES["held"])
def test_other_code_around_a_loader_changes_nothing(text: str) -> None:
    around = "var menu={open:function(a,b){return a+b}};menu.open(1,2);\n%s\n;[1,2].forEach(n=>{menu.last=n})"
    assert parties(around % text) != []


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (
            "s.src = 'https://' + ['a', 'b'][n] + '.third.example/x.js'",
            {"a.third.example", "b.third.example"},
        ),
        ("start({photo: 'https://photos.example/1.jpg'})", set()),
        ("loadjs('https://cdn.example/lib.js')", {"cdn.example"}),
        ("track('https://cdn.example/page')", set()),
        ("fetch('/own'); var where = 'https://elsewhere.example/'", set()),
    ],
)
def test_unknown_hosts_count_where_they_are_loaded(text: str, hosts: set[str]) -> None:
    assert set(EXACT.classifier.analyze(text.encode()).reach.hosts) == hosts


def test_what_is_found_comes_in_one_order_in_every_process() -> None:
    text = b"s.src = 'https://' + ['d', 'a', 'f', 'c', 'e', 'b'][n] + '.third.example/x.js'"
    assert EXACT.classifier.analyze(text).reach.hosts == tuple(
        f"{letter}.third.example" for letter in "abcdef"
    )


def test_a_character_reference_of_any_length_is_read() -> None:
    assert parties("el.innerHTML='<img src=x>&#%s;';fetch('https://connect.facebook.net/q')" % ("1" * 5000))


def test_a_script_that_names_a_vendor_without_loading_it_mentions_it() -> None:
    text = b"fetch('/own'); var there = {api: 'https://connect.facebook.net/x'}"
    assert CLASSIFIER.analyze(text).mentioned == ("connect.facebook.net",)


def test_a_queue_that_is_told_of_a_script_by_its_address_loads_it() -> None:
    assert parties('(self.q=self.q||[]).push(["https://www.googletagmanager.com/gtag/js?id=G-1",{}])') != []
    assert parties('self.q.push([1,"https://www.googletagmanager.com/gtag/js?id=G-1"])') == []


def test_a_signature_counts_as_code_and_not_as_text() -> None:
    assert parties("fbq('init','1')") == ["meta-pixel"]
    for text in (
        "var a=\"fbq('init','1')\"",
        "// fbq('init','1')",
        "/fbq('init','1')/.test(x)",
        "var a=`fbq('init','1')`",
    ):
        assert parties(text) == []


def test_a_queue_counts_with_what_loads_its_reader() -> None:
    push = "_paq.push(['trackPageView']);"
    assert parties(push) == []
    assert parties("var _paq = window._paq || [];" + push) == ["matomo"]
    assert parties("var _paq = window._paq || [];" + push + "openMenu()") == []
    assert set(parties(push + "var g=document.createElement('script');g.src='/m/matomo.js'")) == {"matomo"}
    assert parties(push + "var g=document.createElement('script');g.src='/app.js'") == []


def test_a_library_of_the_sites_own_reaches_whom_it_is_told() -> None:
    start = "import * as Sentry from '/sentry.js'; Sentry.init({dsn: %r}); import('/app.js')"
    assert parties(start % "") == []
    assert parties(start % "https://k@o1.ingest.sentry.io/2") == ["sentry"]
