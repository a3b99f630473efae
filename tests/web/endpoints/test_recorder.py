"""What is a grant and what is none: boxes that nobody touched, banners from before, signals, deploys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from asgi.client import NAVIGATION, PAGE, POLICY, App, browser, post, shown, state_of, wrap
from consentkit import ConsentLog, ConsentMiddleware, FromHeaders, Policy, Purpose, Vendor
from consentkit.exceptions import LogUnavailable
from consentkit.record.entry import Entry
from log.faults import FaultyStore

pytestmark = pytest.mark.anyio

GB, DE = {"x-country": "GB"}, {"x-country": "DE"}
CALIFORNIA = {"x-country": "US", "x-region": "CA"}
VIRGINIA = {"x-country": "US", "x-region": "VA"}
GPC = {"sec-gpc": "1"}
PLAUSIBLE = Policy(uses=("plausible", "meta-pixel"))


def site(policy: Policy = POLICY, **options: Any) -> ConsentMiddleware:
    return wrap(policy=policy, place=FromHeaders("X-Country", "X-Region"), **options)


def decisions(log: ConsentLog) -> list[Entry]:
    found = [recorded.entry for recorded in log.entries()]
    return [entry for entry in found if entry is not None and entry.type == "decision"]


def form(page: str) -> dict[str, Any]:
    """Read the settings form as it is shown: what pressing Save sends if nothing is touched."""
    fields: dict[str, Any] = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    for kind in ("purpose", "vendor"):
        boxes = re.findall(rf'<input type="checkbox"[^>]* name="{kind}" value="([^"]*)"([^>]*)>', page)
        fields[kind] = [name for name, rest in boxes if "checked" in rest and "disabled" not in rest]
    return {
        name: value.replace("&amp;", "&") if isinstance(value, str) else value
        for name, value in fields.items()
    }


async def settings(client: httpx.AsyncClient, **headers: str) -> dict[str, Any]:
    return form((await client.get("/_consent/", headers=headers)).text)


async def save(
    client: httpx.AsyncClient, fields: Mapping[str, Any], *, without: str = "", **headers: str
) -> httpx.Response:
    kept = {
        name: [one for one in value if one not in without.split()] if isinstance(value, list) else value
        for name, value in fields.items()
    }
    return await post(client, {**kept, "action": "save"}, headers=headers)


# --- boxes that were ticked by default


async def test_a_box_that_was_ticked_by_default_and_left_alone_is_no_grant(log: ConsentLog) -> None:
    async with browser(site(PLAUSIBLE, log=log)) as client:
        client.headers.update(GB)
        fields = await settings(client)
        assert fields["purpose"] == ["analytics"]
        await save(client, fields)
        here = await state_of(client)
        assert ("analytics" in here["granted"], here["needs_prompt"]) == (True, False)
        client.headers.update(DE)
        there = await state_of(client)
        assert ("analytics" in there["granted"], there["needs_prompt"]) == (False, True)
        assert "consentkit-id" not in client.cookies
    (entry,) = decisions(log)
    assert (entry.granted, entry.denied) == ((), ("functional", "marketing"))


async def test_it_lets_nobody_in_for_whom_the_exception_was_not_made() -> None:
    app = wrap(App(PAGE), policy=PLAUSIBLE, place=FromHeaders("X-Country", "X-Region"))
    async with browser(app) as client:
        client.headers.update(GB)
        await save(client, await settings(client))
        page = (await client.get("/", headers=NAVIGATION)).content
        assert b"data-consentkit-src" in page  # Google's, which nobody declared


async def test_a_box_that_was_left_on_stands_against_no_signal_elsewhere() -> None:
    async with browser(site()) as client:
        client.headers.update({**VIRGINIA, **GPC})  # where it does not bind
        await save(client, await settings(client), without="functional")
        client.headers.update(CALIFORNIA)
        assert "marketing" in (await state_of(client))["denied"]


async def test_a_box_that_the_visitor_ticked_is_a_grant_and_stays_one(log: ConsentLog) -> None:
    async with browser(site(log=log)) as client:
        client.headers.update(DE)
        fields = await settings(client)
        await save(client, {**fields, "purpose": ["analytics"], "vendor": []})
        await save(client, await settings(client))
        assert "analytics" in (await state_of(client))["granted"]
    assert [entry.granted for entry in decisions(log)] == [("analytics",), ("analytics",)]


# --- signals


async def test_who_was_not_told_of_the_signal_has_not_overruled_it() -> None:
    async with browser(site()) as client:
        client.headers.update(CALIFORNIA)
        before = await settings(client)  # opened before the browser sent the signal
        client.headers.update(GPC)
        await save(client, {**before, **await shown(client)})
        assert "marketing" in (await state_of(client))["denied"]
        told = await settings(client)
        assert told["signal"] == "gpc"
        await save(client, {**told, "purpose": [*told["purpose"], "marketing"]})
        assert "marketing" in (await state_of(client))["granted"]


async def test_the_signal_is_shown_as_honoured_to_who_has_refused_as_well() -> None:
    async with browser(wrap(App(PAGE), place=FromHeaders("X-Country", "X-Region"))) as client:
        client.headers.update({**CALIFORNIA, **GPC})
        await post(client, {"action": "reject"})
        assert "Opt-out request honoured" in (await client.get("/", headers=NAVIGATION)).text


# --- banners from before


async def test_pressing_accept_twice_grants_what_the_banner_asked_for_and_nothing_else(
    log: ConsentLog,
) -> None:
    again = Policy(
        uses=POLICY.uses,
        purposes={"analytics": Purpose(title="Statistics", description="Counts.", edition=2)},
    )
    async with browser(site(POLICY, log=log)) as client:
        client.headers.update(DE)
        await save(client, {**await settings(client), "purpose": ["analytics", "functional"]})
    async with browser(site(again, log=log), cookies=client.cookies) as later:
        later.headers.update(DE)
        page = (await later.get("/", headers=NAVIGATION)).text
        assert "Statistics" in page.partition("</section>")[0]
        assert "Advertising" not in page.partition("</section>")[0]
        banner = await shown(later)
        for _ in range(2):
            assert (await post(later, {"action": "accept", **banner})).status_code == 303
        assert (await state_of(later))["denied"] == ["marketing"]


async def test_a_banner_in_another_tab_grants_what_it_asks_though_it_was_refused_meanwhile() -> None:
    async with browser(site()) as client:
        client.headers.update(DE)
        banner = await shown(client)
        await post(client, {"action": "reject", **banner})
        assert (await post(client, {"action": "accept", **banner})).status_code == 303
        assert (await state_of(client))["denied"] == []


async def test_a_placeholder_of_a_page_from_before_the_refusal_still_loads_once() -> None:
    async with browser(site()) as client:
        client.headers.update(DE)
        page = await shown(client)
        await post(client, {"action": "reject", **page})
        once = await post(client, {"action": "allow", "vendor": "youtube", "once": "1", **page})
        assert once.status_code == 303


async def test_a_refusal_of_an_earlier_edition_does_not_stand_against_loading_once(log: ConsentLog) -> None:
    later = Purpose(title="Statistics", description="Counts.", edition=2)
    async with browser(site(log=log), headers=DE) as client:
        await post(client, {"action": "reject"})
    again = site(Policy(uses=POLICY.uses, purposes={"analytics": later}), log=log)
    async with browser(again, headers=DE, cookies=client.cookies) as back:
        assert (await state_of(back))["needs_prompt"] is True
        once = await post(back, {"action": "allow", "vendor": "youtube", "once": "1"})
        assert once.status_code == 303


# --- deploys


async def test_accept_on_an_earlier_notice_grants_only_what_that_banner_asked_for(log: ConsentLog) -> None:
    quiet = Policy(uses=POLICY.uses, regimes={"default": {"analytics": "none", "functional": "none"}})
    async with browser(wrap(policy=quiet, log=log)) as client:
        seen = await shown(client)
        await post(client, {"action": "reject"})
    async with browser(wrap(policy=Policy(uses=POLICY.uses), log=log)) as client:
        await post(client, {"action": "accept", **seen})
        state = await state_of(client)
        assert (state["granted"], state["needs_prompt"]) == (["marketing", "necessary"], True)


async def test_a_refusal_is_taken_though_a_deploy_removed_a_vendor_that_was_offered(log: ConsentLog) -> None:
    own = Vendor(name="Counter", purpose="analytics", hosts=("stats.example.net",))
    before = Policy(uses=POLICY.uses, vendors={"counter": own})
    async with browser(wrap(policy=before, log=log)) as client:
        await post(client, {"action": "accept"})
        fields = await settings(client)
        await post(client, {"action": "save", **fields})  # the settings' notice is published
    async with browser(wrap(policy=POLICY, log=log), cookies=client.cookies) as later:
        assert "marketing" in (await state_of(later))["granted"]
        answer = await save(later, {**fields, "purpose": [], "vendor": []})
        assert answer.status_code == 303
        assert (await state_of(later))["granted"] == ["necessary"]


@pytest.mark.parametrize("kept", [True, False], ids=["log-away", "no-log"])
async def test_what_is_withdrawn_on_a_notice_that_nobody_knows_is_off_all_the_same(
    log: ConsentLog, store: FaultyStore, kept: bool
) -> None:
    app = site(POLICY, log=log if kept else None)
    async with browser(app) as client:
        client.headers.update(DE)
        await post(client, {"action": "accept"})
        fields = {**await settings(client), "notice": "ab" * 32}
        if kept:
            store.before = away
        answer = await save(client, fields, without="marketing meta-pixel")
        assert answer.status_code == 409
        assert (await state_of(client))["granted"] == ["analytics", "functional", "necessary"]
        if kept:
            store.before = lambda: None


def away() -> None:
    raise LogUnavailable("away")


# --- allowing one by one


async def test_allowing_a_vendor_makes_no_old_grant_new(log: ConsentLog) -> None:
    def edition(number: int) -> Policy:
        functional = Purpose(title="Extras", description="Videos.", edition=number)
        return Policy(
            uses=("youtube",),
            vendors={"youtube": Vendor(purpose="functional")},
            purposes={"functional": functional},
        )

    async with browser(site(edition(1), log=log)) as client:
        client.headers.update(CALIFORNIA)
        await post(client, {"action": "accept"})
    async with browser(site(edition(2), log=log), cookies=client.cookies) as later:
        later.headers.update(CALIFORNIA)
        await post(later, {"action": "allow", "vendor": "youtube"})
        assert "functional" not in decisions(log)[-1].granted
        assert (await state_of(later))["needs_prompt"] is True
