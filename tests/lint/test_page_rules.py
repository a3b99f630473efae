"""Rules of what a site answers: pages, and gpc.json."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.lint import lint_gpc, lint_page
from lint.findings import TODAY

# Pages

GTAG = '<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
CONTROL = '<a href="/_consent/">Privacy</a>'


def page_rules(body: str, **headers: str) -> list[int]:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    findings = lint_page(body.encode(), named, url="https://site.example/")
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        (GTAG, [35]),
        (f'<script src="/_consent/assets/vc.1.js" data-calls="google" data-says="{{}}"></script>{GTAG}', []),
        (f'<script src="/_consent/assets/vc.1.js" data-calls="uet" data-says="{{}}"></script>{GTAG}', [35]),
        (f'{GTAG}<script src="/_consent/assets/vc.1.js" data-calls="google"></script>', [35]),
        (GTAG.replace("<script", '<script type="text/plain"'), []),
        (GTAG.replace("src=", "data-consentkit-src="), []),
        ("<script>gtag('config', 'G-1'); gtag('consent', 'default', {})</script>", [35]),
        ("<script>gtag('consent', 'default', {}); gtag('config', 'G-1')</script>", []),
        (f"<script type=module>gtag('consent', 'default', {{}})</script>{GTAG}", [35]),
        (f"<!-- {GTAG} -->", []),
        (f"<textarea>{GTAG}</textarea>", []),
        ("<script>j.src = 'https://www.googletagmanager.com/gtm.js?id=' + i</script>", [35]),
        ('<script src="/own.js"></script><script src="https://[bad/x.js"></script>', []),
    ],
)
def test_who_comes_first(body: str, rules: list[int]) -> None:
    assert page_rules(CONTROL + body) == rules


BANNER = '<section id="consentkit-banner">'
CHOICE = '<script data-calls="google" data-says=\'{"now":["ads"]}\'></script>'


@pytest.mark.parametrize(
    ("body", "headers", "rules"),
    [
        (BANNER, {"cache_control": "public"}, [36]),
        (BANNER, {"cache_control": "S-MaxAge=60, max-age=0"}, [36]),
        (BANNER, {"cache_control": "private, max-age=60"}, []),
        (BANNER, {"cache_control": "public, no-store"}, []),
        (BANNER, {"cache_control": "private", "cdn_cache_control": "max-age=60"}, [36]),
        (BANNER, {"cache_control": "public", "cdn_cache_control": "no-store"}, []),
        (BANNER, {}, []),
        (BANNER.replace(">", " hidden>"), {"cache_control": "public"}, []),
        (CONTROL + CHOICE, {"cache_control": "public"}, [36]),
        (CONTROL, {"cache_control": "public", "set_cookie": "a=1"}, [36]),
        (CONTROL, {"cache_control": "public"}, []),
    ],
)
def test_what_shared_caches_may_keep(body: str, headers: dict[str, str], rules: list[int]) -> None:
    assert page_rules(body, **headers) == rules


def test_a_page_that_leads_nowhere_is_noticed() -> None:
    assert page_rules("<p>Hello.") == [13]
    assert page_rules('<button data-consentkit-action="settings">Privacy</button>') == []


@pytest.mark.parametrize(
    ("body", "kind", "problems"),
    [
        (b'{"gpc": true, "lastUpdate": "2026-11-22"}', "application/json; charset=utf-8", 0),
        (b'{"gpc": true, "lastUpdate": "2026-11-23"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "2026-11-22T23:59:60Z"}', "application/json", 0),
        (b'{"gpc": true, "lastUpdate": "2026-11-22t10:00:00.123456789z"}', "application/json", 0),
        (
            b'{"gpc": true, "lastUpdate": "2026-11-23T05:00:00+13:00"}',
            "application/json",
            0,
        ),  # the day before
        (b'{"gpc": true, "lastUpdate": "0001-01-01T00:00:00+13:00"}', "application/json", 0),
        (b'{"gpc": true, "lastUpdate": "2026-11-22T20:00:00-05:00"}', "application/json", 1),  # the day after
        (b'{"gpc": true, "lastUpdate": "2026-11-23T00:00:00Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "2026-11-22T10:00:00"}', "application/json", 1),  # where?
        (b'{"gpc": true, "lastUpdate": "2026-11-22T10:00Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "2026-11-22T24:00:00Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "2026-02-30T10:00:00Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "2026-W47-7T10:00:00Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "20261122T100000Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "soon"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": null}', "application/json", 1),
        (b"[" * 100_000, "application/json", 1),
        (b'{"gpc": "yes", "lastUpdate": "2026-11-22"}', "application/json", 1),
        (b"[]", "text/html", 2),
        (b"\xff", "application/json", 1),
    ],
)
def test_the_file_that_says_how_the_signal_is_honoured(body: bytes, kind: str, problems: int) -> None:
    findings = lint_gpc(body, kind, url="https://site.example/.well-known/gpc.json", today=TODAY)
    assert [finding.rule for finding in findings] == [30] * problems


def test_the_file_need_not_say_since_when() -> None:
    (finding,) = lint_gpc(b'{"gpc": true}', "application/json", url="https://site.example/", today=TODAY)
    assert (finding.rule, finding.level) == (30, "note")


@given(st.binary())
def test_any_page_can_be_looked_at(body: bytes) -> None:
    lint_page(body, [], url="https://site.example/")
