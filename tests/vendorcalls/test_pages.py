"""Which pages tell vendors what holds, and where on them."""

from __future__ import annotations

import re

import pytest

from asgi.client import HTML, NAVIGATION, Answer, App, cookie, visit, wrap
from consentkit import Policy

pytestmark = pytest.mark.anyio

GTAG = b'<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
CONFIG = b"<script>function gtag(){dataLayer.push(arguments)} gtag('config', 'G-1')</script>"
PIXEL = b"<script>fbq('init', '1')</script>"
CALLS = re.compile(
    rb"<script src=\"([^\"]*)\" data-calls=\"([a-z-]+)\" data-says='[^']*'( nonce=\"[^\"]*\")?></script>"
)
POLICY = Policy(uses=("google-analytics", "google-ads", "meta-pixel"))
ADVANCED = Policy.loads('vendors.google-analytics.consent_mode = "advanced"')


def page(*parts: bytes) -> bytes:
    return b"<!DOCTYPE html><title>Story</title><p>" + b"<p>".join(parts)


async def get(
    *parts: bytes,
    policy: Policy = POLICY,
    granted: str = "",
    headers: dict[str, str] | None = None,
    csp: str = "",
) -> Answer:
    choice = {"cookie": cookie(granted.split(), policy=policy)} if granted else {}
    own = [("content-security-policy", csp)] if csp else []
    site = wrap(App(page(*parts), headers=[HTML, *own]), policy=policy)
    return await visit(site, headers={**NAVIGATION, **choice, **(headers or {})})


def told(answer: Answer) -> list[bytes]:
    return [match[2] for match in CALLS.finditer(answer.body)]


async def test_calls_stand_directly_before_the_first_script_of_their_vendors() -> None:
    answer = await get(GTAG, CONFIG, PIXEL, granted="analytics marketing")
    assert told(answer) == [b"google", b"meta"]
    rest = CALLS.split(answer.body)
    assert rest[0].endswith(b"<p>") and rest[4].startswith(GTAG + b"<p>" + CONFIG)
    assert rest[8].startswith(PIXEL)
    assert CALLS.sub(b"", answer.body).endswith(page(GTAG, CONFIG, PIXEL)[-200:])


async def test_pages_without_such_a_vendor_have_none() -> None:
    other = b'<script src="https://www.youtube.com/iframe_api"></script><script>var dataLayer = []</script>'
    assert told(await get(other, granted="analytics marketing functional")) == []


async def test_nothing_that_is_held_back_needs_to_be_told() -> None:
    assert told(await get(GTAG, CONFIG, PIXEL)) == []
    assert told(await get(GTAG, CONFIG, PIXEL, granted="analytics")) == [b"google"]


async def test_calls_come_before_what_stands_in_for_a_gated_snippet() -> None:
    ads = b"<script>var dataLayer = []; function gtag(){} gtag('config', 'AW-1')</script>"
    answer = await get(ads, GTAG, granted="analytics")
    assert told(answer) == [b"google"]
    assert (
        answer.body.index(b"data-calls")
        < answer.body.index(b"data-consentkit-stubs")
        < answer.body.index(b"AW-1")
    )


@pytest.mark.parametrize("script", [GTAG, CONFIG], ids=["address", "text"])
async def test_what_a_marker_names_by_its_purpose_is_heard_as_well(script: bytes) -> None:
    marked = script.replace(b"<script", b'<script type="text/plain" data-consent="analytics"')
    answer = await get(marked, granted="analytics")
    assert told(answer) == [b"google"]
    assert answer.body.index(b"data-calls") < answer.body.index(b"data-consentkit-type")
    assert marked in (await get(marked, granted="marketing")).body


async def test_advanced_mode_lets_the_vendor_run_with_its_calls_before_each_script() -> None:
    answer = await get(GTAG, CONFIG, PIXEL, policy=ADVANCED)
    assert told(answer) == [b"google", b"google"]
    assert GTAG in answer.body and CONFIG in answer.body and PIXEL not in answer.body
    assert b'"analytics_storage":"granted"' not in answer.body
    assert b"consentkit-gated" not in answer.body


async def test_advanced_mode_lets_nobody_else_run() -> None:
    both = b"<script>gtag('config', 'G-1'); fbq('init', '1')</script>"
    image = b'<img src="https://www.google-analytics.com/collect?v=1">'
    marked = b'<script data-consent="marketing">gtag("config", "G-1")</script>'
    answer = await get(both, image, marked, policy=ADVANCED)
    for part in (both, image, marked):
        assert part not in answer.body


@pytest.mark.parametrize(
    ("headers", "parts"),
    [
        ({"sec-fetch-dest": "empty", "hx-request": "true"}, (GTAG,)),
        ({"sec-fetch-dest": "empty"}, (GTAG,)),
        ({}, (b"<svg>" + GTAG + b"</svg>",)),
        ({}, (b"<noscript>" + GTAG + b"</noscript>",)),
    ],
    ids=["fragment", "fetched", "svg", "noscript"],
)
async def test_advanced_mode_holds_back_what_cannot_be_told(
    headers: dict[str, str], parts: tuple[bytes]
) -> None:
    answer = await get(*parts, policy=ADVANCED, headers=headers)
    assert told(answer) == []
    assert GTAG not in answer.body


async def test_frames_are_told_as_well() -> None:
    answer = await get(
        GTAG, policy=ADVANCED, headers={"sec-fetch-dest": "iframe", "sec-fetch-site": "same-origin"}
    )
    assert told(answer) == [b"google"]


async def test_the_sites_own_policy_is_respected() -> None:
    refused = await get(GTAG, policy=ADVANCED, csp="script-src https://www.googletagmanager.com")
    assert told(refused) == []
    assert GTAG not in refused.body
    nonce = await get(GTAG, policy=ADVANCED, csp="script-src 'nonce-abc123' 'strict-dynamic'")
    found = CALLS.search(nonce.body)
    assert found is not None and found[3] == b' nonce="abc123"'


async def test_the_file_is_immutable_and_the_same_for_all() -> None:
    bodies = []
    for policy in (POLICY, ADVANCED):
        site = wrap(App(page(GTAG)), policy=policy)
        shown = await visit(site, headers={**NAVIGATION, "cookie": cookie("all", policy=policy)})
        match = CALLS.search(shown.body)
        assert match is not None
        file = await visit(site, match[1].decode())
        assert "immutable" in file.header("cache-control")
        assert file.header("content-type").startswith("text/javascript")
        bodies.append((match[1], file.body))
    assert bodies[0] == bodies[1]


async def test_what_is_not_enforced_puts_nothing_in() -> None:
    site = wrap(App(page(GTAG)), policy=ADVANCED, enforce=False)
    assert (await visit(site, headers=NAVIGATION)).body == page(GTAG)


async def test_a_part_of_a_page_is_not_kept_for_a_frame() -> None:
    site = wrap(App(page(GTAG)), policy=ADVANCED)
    frame = {**NAVIGATION, "sec-fetch-dest": "iframe", "sec-fetch-site": "same-origin"}
    part = {**frame, "sec-fetch-dest": "empty"}
    for headers, expected in ((part, []), (frame, [b"google"])) * 3:
        assert told(await visit(site, headers=headers)) == expected
