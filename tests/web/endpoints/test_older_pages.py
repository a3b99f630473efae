"""Pages from before the visitor's last choice: what they were made for, and what they may undo."""

from __future__ import annotations

import re
from typing import Final

import httpx
import pytest
from msgspec.structs import replace

from asgi.client import NAVIGATION, POLICY, browser, post, shown, state_of, wrap
from consentkit import ConsentLog, Vendor

pytestmark = pytest.mark.anyio

ACCEPT: Final = {"action": "accept"}
REJECT: Final = {"action": "reject"}
SCRIPT: Final = {"accept": "application/json"}


async def mark_of(client: httpx.AsyncClient, path: str = "/") -> str:
    """Return the mark that a page's form carries."""
    page = (await client.get(path, headers=NAVIGATION)).text
    found = re.search(r'name="made_for" value="([^"]*)"', page)
    assert found is not None
    return found[1]


async def old_page(client: httpx.AsyncClient) -> dict[str, str]:
    """Return what the form of a page carries that stays open while the visitor goes on elsewhere."""
    return {**await shown(client), "made_for": await mark_of(client)}


def saves(*purposes: str) -> dict[str, object]:
    """Return the settings form as it is saved; all boxes were empty."""
    was = "-functional -analytics -marketing"
    return {"action": "save", "purpose": [*purposes], "was": was, "return_to": "/_consent/"}


async def test_a_page_says_what_it_was_made_for_and_names_nobody(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        page = (await client.get("/", headers=NAVIGATION)).text
        assert re.search(r'<script defer="defer" src="[^"]+" data-made-for="">', page)
        assert await mark_of(client) == ""
        await post(client, {**saves("analytics"), "made_for": ""})
        page = (await client.get("/", headers=NAVIGATION)).text
        # Where something is on, the script runs before what follows.
        found = re.search(r'<script src="[^"]+" data-made-for="([^"]*)" data-opens="">', page)
        assert found is not None
        value = client.cookies["consentkit"]
        payload, _, signature = value.partition(".")
        names = payload.split(":", 5)[5]
        assert found[1] == f"consentkit=1:opt-in0:{names}" and signature not in page
        assert client.cookies["consentkit-id"] not in page
        assert await mark_of(client, "/_consent/") == found[1]


@pytest.mark.parametrize("name", ["__Secure-consentkit", "__Host-consentkit"])
async def test_a_decision_of_another_site_makes_no_page_older(log: ConsentLog, name: str) -> None:
    """Scripts cannot tell what a parent domain shares, or what this site called its cookie before."""
    async with browser(wrap(log=log)) as client:
        client.cookies[name] = "1:opt-in:banner:0:20787:analytics!da5322.x.y"
        page = (await client.get("/", headers=NAVIGATION)).text
        assert "data-made-for" not in page
        old = {**await shown(client), "made_for": await mark_of(client)}
        await post(client, {**REJECT, **old})
        # What is this site's own can be told, and is held against older pages.
        assert "data-made-for" in (await client.get("/", headers=NAVIGATION)).text
        assert (await post(client, {**ACCEPT, **old})).status_code == 409


async def test_a_choice_on_an_older_page_takes_back_nothing(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        old = await old_page(client)
        await post(client, {**REJECT, **old})
        answer = await post(client, {**ACCEPT, **old})
        assert answer.status_code == 409 and "older than your last choice" in answer.text
        assert (await state_of(client))["granted"] == ["necessary"]
        told = await post(client, {**ACCEPT, **old}, headers=SCRIPT)
        assert told.status_code == 409 and "set-cookie" not in told.headers
        assert told.json()["reload"] is True and told.json()["granted"] == ["necessary"]
        assert "older" in told.json()["error"]
        # The page that comes instead is as new as the choice.
        new = await mark_of(client, "/_consent/")
        assert (await post(client, {**ACCEPT, "made_for": new, "return_to": "/_consent/"})).status_code == 303
        assert "marketing" in (await state_of(client))["granted"]


async def test_what_such_a_choice_refuses_is_refused(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        old = await old_page(client)
        await post(client, {**saves("functional", "analytics"), **old})
        # It allows what is refused by now, and refuses what is allowed.
        answer = await post(client, {**saves("marketing", "analytics"), **old})
        assert answer.status_code == 409
        state = await state_of(client)
        assert state["granted"] == ["analytics", "necessary"]
        assert state["denied"] == ["functional", "marketing"] and not state["needs_prompt"]
        for refusal in (REJECT, {"action": "withdraw"}):
            assert (await post(client, {**refusal, **old})).status_code == 303
            assert (await state_of(client))["granted"] == ["necessary"]


async def test_a_choice_that_takes_nothing_back_holds_whatever_its_page(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        old = await old_page(client)
        await post(client, {"action": "allow", "vendor": "youtube"})
        assert (await post(client, {**ACCEPT, **old})).status_code == 303
        assert "marketing" in (await state_of(client))["granted"]
        # Once more the same, from another tab.
        assert (await post(client, {**ACCEPT, **old})).status_code == 303


async def test_who_says_nothing_of_a_page_is_taken_at_their_word(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        seen = await shown(client)
        await post(client, REJECT)
        assert (await post(client, {**ACCEPT, **seen})).status_code == 303
        assert "marketing" in (await state_of(client))["granted"]


async def test_a_vendor_refused_since_stays_refused(log: ConsentLog) -> None:
    vendors = {name: Vendor(name=name, purpose="analytics") for name in ("counter", "meter")}
    policy = replace(POLICY, vendors=vendors)
    async with browser(wrap(log=log, policy=policy)) as client:
        old = await old_page(client)
        await post(client, {**saves("analytics"), "vendor": "counter", "was": "~analytics ~counter ~meter"})
        answer = await post(client, {**ACCEPT, **old})
        assert answer.status_code == 409
        state = await state_of(client)
        assert "counter" not in state["denied"] and "meter" in state["denied"]


async def test_a_browser_that_keeps_no_cookie_is_told_that_nothing_was_saved(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        saved = await client.get("/_consent/?saved=1", headers=NAVIGATION)
        assert "Your browser has not kept your choice" in saved.text
        assert "Your choices are saved" not in saved.text
        await post(client, REJECT)
        saved = await client.get("/_consent/?saved=1", headers=NAVIGATION)
        assert "Your choices are saved" in saved.text
