"""Lists of hosts that others publish: each form is read for what it says, or passed over by name."""

from __future__ import annotations

import pytest

from consentkit.catalog import read_url
from consentkit.catalog.hostlist import HostList


def found(text: str, address: str) -> tuple[str, ...]:
    url = read_url(address)
    assert url is not None
    return HostList(text).find(url)


@pytest.mark.parametrize(
    ("line", "on", "off"),
    [
        ("0.0.0.0 tracker.example", "https://tracker.example/", "https://othertracker.example/"),
        ("127.0.0.1\ttracker.example # a comment", "https://cdn.tracker.example/x", "https://example/"),
        (":: a.example b.tracker.example", "https://b.tracker.example/", "https://tracker.example/"),
        ("127.0.1.1 Tracker.Example", "https://TRACKER.example./", "https://tracker.example.org/"),
        ("tracker.example", "https://a.b.tracker.example/", "https://tracker.example.com/"),
        ("  tracker.example  # why", "https://tracker.example:8443/", "https://rtracker.example/"),
        ("bücher.example", "https://xn--bcher-kva.example/", "https://bucher.example/"),
        ("xn--bcher-kva.example", "https://BÜCHER.example/", "https://xn--bcher.example/"),
        ("||tracker.example^", "//tracker.example/", "//tracker.example.org/"),
        ("||TRACKER.example", "//x.tracker.example/a?b", "//xtracker.example/"),
        ("||tracker.example^*", "//tracker.example/a", "//example/"),
        ("||tracker.example/*", "//tracker.example/a", "//tracker.example.net/a"),
        ("||tracker.example^$third-party", "//tracker.example/", "//tracker.test/"),
        ("||tracker.example^$3p,important", "//tracker.example/", "//tracker.test/"),
        ("||tracker.example/$all", "//tracker.example/x", "//tracker.test/"),
        ("||tracker.example^$redirect=noop.js", "//tracker.example/x", "//tracker.test/"),
        ("||192.0.2.7^", "//192.0.2.7/x", "//192.0.2.70/"),
        ("||cdn.example/track", "//cdn.example/tracker.js", "//cdn.example/a/track"),
        ("||cdn.example/Track/", "//a.cdn.example/track/b.js", "//cdn.example/tracks/b.js"),
        ("||cdn.example/track/*", "//cdn.example/track/", "//cdn.example/trac"),
        ("||cdn.example/track.js^", "//cdn.example/track.js?v=2", "//cdn.example/track.json"),
        ("||cdn.example/track.js|", "//cdn.example/track.js", "//cdn.example/track.js?v=2"),
        ("||cdn.example/*/track.js", "//cdn.example/a/b/track.js", "//cdn.example/track.css"),
        ("||cdn.example^*.gif|", "//cdn.example/a.gif.gif", "//cdn.example/a.gif?x"),
        ("||cdn.example^*^id=", "//cdn.example/a?v=1&id=7", "//cdn.example/a?uid=7"),
        ("||cdn.example/?pixel=", "//cdn.example?pixel=1", "//cdn.example/a?pixel=1"),
        ("||cdn.example/a/?pixel=", "//cdn.example/a/?pixel=1", "//cdn.example/a?q"),
        ("||cdn.example/a%20b.js", "//cdn.example/a%20b.js", "//cdn.example/ab.js"),
        ("||cdn.example:8080^", "//cdn.example:8080/x", "//cdn.example/x"),
        ("||cdn.example/(a+)+$third-party", "//cdn.example/(a+)+", "//cdn.example/aaa"),
    ],
)
def test_what_counts(line: str, on: str, off: str) -> None:
    hosts = HostList(line)
    assert (hosts.used > 0, hosts.passed_over) == (True, {})
    assert found(line, on)
    assert found(line, off) == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("example.org##.banner", "element hiding"),
        ("##.banner", "element hiding"),
        ("example.org#@#.banner", "element hiding"),
        ("example.org#?#div:has(.ad)", "element hiding"),
        ("##+js(nowoif)", "element hiding"),
        ("/banner[0-9]+/", "regular expression"),
        ("@@/banner\\d/$script", "regular expression"),
        ("/banner/img.", "part of an address"),
        ("-analytics.js", "part of an address"),
        ("|https://tracker.example/", "part of an address"),
        ("https://tracker.example/a.js", "part of an address"),
        ("@@tracker", "part of an address"),
        ("&pixel=", "part of an address"),
        ("tracker.example$third-party", "part of an address"),
        ("||track*.example^", "no whole host"),
        ("||*.tracker.example^", "no whole host"),
        ("||tracker.example*/x", "no whole host"),
        ("||tracker.", "no whole host"),
        ("||tracker^", "no whole host"),
        ("*.tracker.example", "no whole host"),
        ("0.0.0.0 localhost", "no whole host"),
        ("192.168.1.5 nas.example", "unknown form"),
        ("address=/tracker.example/0.0.0.0", "part of an address"),
        ("tracker.example CNAME .", "unknown form"),
        ("!#include more.txt", "directive"),
        ("||tracker.example^$domain=news.example", "option domain"),
        ("||tracker.example^$domain=news.example|~a.news.example", "option domain"),
        ("||tracker.example^$script", "option script"),
        ("||tracker.example^$image,third-party", "option image"),
        ("||tracker.example^$~script", "option ~script"),
        ("||tracker.example^$~third-party", "option ~third-party"),
        ("||tracker.example^$popup", "option popup"),
        ("||tracker.example/p.gif$match-case", "option match-case"),
        ("||tracker.example^$badfilter", "option badfilter"),
        ("||tracker.example^$removeparam=x", "option removeparam"),
        ("@@||tracker.example^$script", "exception with option script"),
        ("@@||tracker.example^$generichide", "exception with option generichide"),
        ("@@||tracker.example^$domain=~news.example", "exception with option domain"),
    ],
)
def test_what_is_passed_over_has_a_name(line: str, kind: str) -> None:
    hosts = HostList(line)
    assert (hosts.used, hosts.passed_over) == (0, {kind: 1})
    assert found(line, "https://tracker.example/a.js") == ()


def test_what_is_no_rule_is_not_counted() -> None:
    text = "[Adblock Plus 2.0]\n! Title: x\n\n# hosts\n######\n  #0.0.0.0 off.example\n[uBlock Origin]\r\n#"
    assert (HostList(text).used, HostList(text).passed_over) == (0, {})


def test_rules_are_counted_by_kind() -> None:
    hosts = HostList("0.0.0.0 a.example b.example\n||c.example^\n##.ad\n##.pub\n/x/\n@@||d.example^")
    assert hosts.used == 4
    assert list(hosts.passed_over.items()) == [("element hiding", 2), ("regular expression", 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("||tracker.example^\n@@||tracker.example^", ()),
        ("0.0.0.0 tracker.example\n@@||tracker.example^$third-party", ()),
        ("||tracker.example^\n@@||example^", ("tracker.example",)),
        ("||tracker.example^\n@@||cdn.tracker.example/a.js", ()),
        ("||tracker.example^\n@@||cdn.tracker.example/b.js", ("tracker.example",)),
        ("||tracker.example^\n@@||tracker.example^$domain=a.example|B.example",
         ("tracker.example", "a.example", "b.example")),
        ("||tracker.example^$third-party,domain=~own.example", ("tracker.example", "own.example")),
        ("||tracker.example^\n||cdn.tracker.example^$domain=~own.example", ("tracker.example",)),
        ("||tracker.example/b^\n||tracker.example^$from=~own.example", ("tracker.example", "own.example")),
    ],
)  # fmt: skip
def test_exceptions_and_the_sites_that_are_spared(text: str, expected: tuple[str, ...]) -> None:
    assert found(text, "https://cdn.tracker.example/a.js") == expected


def test_its_digest_changes_with_the_text() -> None:
    assert HostList("a.example").digest == HostList("a.example").digest != HostList("b.example").digest
