"""Signals of browsers are honoured at the first byte, shown as processed, and told to scripts that ask."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from asgi.client import GATED, NAVIGATION, POLICY, App, browser, post, state_of, visit, wrap
from consentkit import FromHeaders, Policy
from consentkit.policy import SignalRules

pytestmark = pytest.mark.anyio

PLACE = FromHeaders("x-country", "x-region")
CALIFORNIA = {"x-country": "US", "x-region": "CA"}
TEXAS = {"x-country": "US", "x-region": "TX"}
GERMANY = {"x-country": "DE"}
GPC = {"sec-gpc": "1"}
PIXEL = b'<script src="https://connect.facebook.net/en_US/fbevents.js"></script>'
PAGE = b"<!doctype html><html lang=en><head>" + PIXEL + b"</head><body><p>x</p></body></html>"
HONOURED = b"Opt-out request honoured"


async def page(*headers: dict[str, str], policy: Policy = POLICY) -> bytes:
    sent = {name: value for some in headers for name, value in some.items()}
    return (await visit(wrap(App(PAGE), policy=policy, place=PLACE), headers={**NAVIGATION, **sent})).body


def gpp(body: bytes) -> dict[str, Any] | None:
    found = re.search(rb"data-gpp='([^']*)'", body)
    return json.loads(found[1]) if found else None


async def test_the_signal_counts_on_the_first_request_and_is_shown_as_processed() -> None:
    without, with_it = await page(CALIFORNIA), await page(CALIFORNIA, GPC)
    assert PIXEL in without and HONOURED not in without
    assert GATED in with_it and HONOURED in with_it


async def test_where_nothing_is_granted_anyway_there_is_nothing_to_show() -> None:
    body = await page(GERMANY, GPC)
    assert GATED in body and HONOURED not in body and b'id="consentkit-banner"' in body


@pytest.mark.parametrize("value", ["0", "true", "1, 1", " 1", "11", ""])
async def test_only_the_value_1_is_the_signal(value: str) -> None:
    assert PIXEL in await page(CALIFORNIA, {"sec-gpc": value})


async def test_do_not_track_counts_where_the_site_says_so() -> None:
    dnt, heeding = {"dnt": "1"}, Policy(uses=POLICY.uses, signals=SignalRules(dnt=True))
    assert PIXEL in await page(CALIFORNIA, dnt)
    body = await page(CALIFORNIA, dnt, policy=heeding)
    assert GATED in body and HONOURED in body
    async with browser(wrap(policy=heeding, place=PLACE), headers={**CALIFORNIA, **dnt}) as client:
        assert "Do Not Track" in (await client.get("/_consent/")).text


async def test_the_link_says_what_the_law_prescribes_and_stays_beside_the_pages_own() -> None:
    async with browser(wrap(App(PAGE), place=PLACE), headers={**CALIFORNIA, **GPC}) as client:
        await post(client, {"action": "accept"})
        body = (await client.get("/", headers=NAVIGATION)).text
        assert "Your Privacy Choices" in body and "Opt-out request honoured" in body
        assert 'data-required=""' in body
    async with browser(wrap(App(PAGE), place=PLACE), headers=GERMANY) as client:
        await post(client, {"action": "accept"})
        body = (await client.get("/", headers=NAVIGATION)).text
        assert "Privacy settings" in body and "data-required" not in body


async def test_the_site_says_that_it_honours_the_signal() -> None:
    policy = Policy(signals=SignalRules(gpc_updated="2025-04-15"))
    async with browser(wrap(policy=policy)) as client:
        answer = await client.get("/.well-known/gpc.json")
        assert answer.json() == {"gpc": True, "lastUpdate": "2025-04-15"}
        assert answer.headers["content-type"] == "application/json"
        assert (await client.head("/.well-known/gpc.json")).status_code == 200
        assert (await client.post("/.well-known/gpc.json")).status_code == 405
    async with browser(wrap(App(b"mine"), policy=policy, exclude=["/.well-known"])) as client:
        assert (await client.get("/.well-known/gpc.json")).content == b"mine"
    async with browser(wrap()) as client:
        updated = (await client.get("/.well-known/gpc.json")).json()["lastUpdate"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", updated)


# --- IAB GPP


async def test_scripts_are_told_in_gpp_where_its_law_holds_and_nowhere_else() -> None:
    assert gpp(await page(GERMANY)) is None
    assert gpp(await page()) is None
    california, texas = gpp(await page(CALIFORNIA)), gpp(await page(TEXAS))
    assert california is not None and texas is not None
    assert (california["sections"], texas["sections"]) == ([8], [7])
    assert california["parsed"]["usca"][0]["SaleOptOut"] == 2
    signalled = gpp(await page(CALIFORNIA, GPC))
    assert signalled is not None
    assert signalled["parsed"]["usca"][0]["SaleOptOut"] == 1
    assert signalled["parsed"]["usca"][1]["Gpc"] is True


async def test_two_states_are_told_apart_though_their_visitors_see_the_same_page() -> None:
    app = wrap(App(PAGE), place=PLACE)
    strings = set()
    for place in (CALIFORNIA, TEXAS) * 3:
        told = gpp((await visit(app, headers={**NAVIGATION, **place})).body)
        assert told is not None
        strings.add(told["string"])
    assert len(strings) == 2


async def test_the_script_comes_before_every_other_and_is_there() -> None:
    body = await page(CALIFORNIA)
    name = re.search(rb'src="(/_consent/assets/pp\.[^"]*)"', body)
    assert name is not None and body.index(b"data-gpp") < body.index(PIXEL)
    async with browser(wrap()) as client:
        answer = await client.get(name[1].decode())
        assert "immutable" in answer.headers["cache-control"]


async def test_what_was_chosen_is_in_the_state_for_who_listens() -> None:
    async with browser(wrap(place=PLACE), headers=CALIFORNIA) as client:
        before = (await state_of(client))["gpp"]["string"]
        await post(client, {"action": "reject"})
        after = (await state_of(client))["gpp"]
        assert after["string"] != before and after["parsed"]["usca"][0]["SaleOptOut"] == 1
    async with browser(wrap(place=PLACE), headers=GERMANY) as client:
        assert "gpp" not in await state_of(client)


async def test_a_site_that_sells_nothing_says_that_nothing_applies() -> None:
    told = gpp(await page(CALIFORNIA, policy=Policy(uses=("google-analytics",))))
    assert told is not None and told["parsed"]["usca"][0]["SaleOptOut"] == 0
