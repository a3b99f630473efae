"""What the law of the visitor's place changes on the wire: regimes, how long choices hold, signals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from asgi.client import BANNER, GATED, NAVIGATION, PAGE, POLICY, App, browser, post, state_of, visit, wrap
from consentkit import ConsentLog, ConsentMiddleware, FromHeaders, Policy
from consentkit.policy import Lifetime, SignalRules

pytestmark = pytest.mark.anyio
LONG = Policy(uses=POLICY.uses, lifetime=Lifetime(consent="1 year", refusal="400 days"))
HEARD = Policy(uses=POLICY.uses, signals=SignalRules(dnt=True))


def site(policy: Policy = POLICY, **options: Any) -> ConsentMiddleware:
    """Make a site that sets nothing but where the place comes from."""
    return wrap(policy=policy, place=FromHeaders("X-Country", "X-Region"), **options)


@pytest.mark.parametrize(
    ("place", "gated", "asked"),
    [
        ({}, True, True),
        ({"x-country": "FR"}, True, True),
        ({"x-country": "CA", "x-region": "QC"}, True, True),
        ({"x-country": "US", "x-region": "CA"}, False, True),
        ({"x-country": "US", "x-region": "CA", "sec-gpc": "1"}, False, True),  # statistics are no sale
        ({"x-country": "AU"}, False, True),
    ],
)
async def test_one_setting_and_every_visitor_gets_what_the_law_there_asks(
    place: dict[str, str], gated: bool, asked: bool
) -> None:
    answer = await visit(site(), headers={**NAVIGATION, **place})
    assert (GATED in answer.body) is gated
    assert (BANNER in answer.body) is asked


async def test_the_british_exception_is_for_whom_it_was_made() -> None:
    """Statistics without consent are for vendors that make no own use of them: nobody else slips through."""
    plausible = b'<script src="https://plausible.io/js/script.js"></script>'
    app = App(PAGE.replace(b"</body>", plausible + b"</body>"))
    policy = Policy(uses=("plausible",))
    there = {"x-country": "GB"}
    async with browser(
        wrap(app, policy=policy, place=FromHeaders("X-Country", "X-Region")), headers=there
    ) as client:
        page = (await client.get("/", headers=NAVIGATION)).content
        assert plausible in page and GATED in page  # the other is Google's, which nobody declared
        assert (await state_of(client))["regime"] == "opt-in"  # for advertising
        await post(client, {"action": "accept"})
        assert GATED not in (await client.get("/", headers=NAVIGATION)).content
        await post(client, {"action": "withdraw"})
        assert plausible not in (await client.get("/", headers=NAVIGATION)).content


@pytest.mark.parametrize(("country", "days"), [("FR", 180), ("BR", 365), ("", 180)])
async def test_an_entry_and_a_cookie_say_how_long_a_grant_holds_there(
    log: ConsentLog, country: str, days: int
) -> None:
    async with browser(site(LONG, log=log), headers={"x-country": country}) as client:
        answer = await post(client, {"action": "accept"})
        expires_at = (await state_of(client)).get("expires_at")
    (entry,) = [found.entry for found in log.entries() if found.entry and found.entry.type == "decision"]
    decided, expires = (datetime.fromisoformat(text) for text in (entry.at, entry.expires))
    assert (expires.date() - decided.date()).days == days
    assert expires_at in (None, int(expires.timestamp()))
    line = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("consentkit="))
    age = int(line.partition("Max-Age=")[2].partition(";")[0])
    assert (days - 1) * 86_400 <= age <= days * 86_400


@pytest.mark.parametrize(
    ("policy", "sent", "received"),
    [
        (HEARD, {"dnt": "1", "sec-gpc": "1"}, ("dnt", "gpc")),
        (HEARD, {"dnt": "1"}, ("dnt",)),
        (POLICY, {"dnt": "1"}, ()),
        (POLICY, {"dnt": "1", "sec-gpc": "1"}, ("gpc",)),
    ],
)
async def test_an_entry_names_the_signals_that_count(
    log: ConsentLog, policy: Policy, sent: dict[str, str], received: tuple[str, ...]
) -> None:
    async with browser(site(policy, log=log), headers=sent) as client:
        await post(client, {"action": "reject"})
    (entry,) = [found.entry for found in log.entries() if found.entry and found.entry.type == "decision"]
    assert entry.signals == received


async def test_dnt_is_honoured_at_the_first_byte_where_the_site_says_so() -> None:
    place = {"x-country": "US", "x-region": "CA", "dnt": "1"}
    for policy, denied in ((HEARD, ["marketing"]), (POLICY, [])):
        async with browser(site(policy), headers=place) as client:
            assert (await state_of(client))["denied"] == denied
        answer = await visit(site(policy), headers=NAVIGATION)
        assert ("DNT" in answer.header("vary")) is (policy is HEARD)
