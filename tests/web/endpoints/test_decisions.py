"""Decisions: no grant without an entry, no refusal lost, and no id for those who refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from starlette.types import Scope

from asgi.client import BANNER, GATED, NAVIGATION, POLICY, App, browser, post, shown, state_of, wrap
from consentkit import ConsentLog, CookieOptions, Decision, Policy, Purpose, Vendor
from consentkit.exceptions import LogError, LogUnavailable
from consentkit.policy import Banner
from consentkit.record.entry import Entry
from log.faults import FaultyStore

pytestmark = pytest.mark.anyio
EMBED = b'<iframe src="https://www.youtube.com/embed/x"></iframe>'


def entries(log: ConsentLog) -> list[Entry]:
    """Return the decisions in a log."""
    found = [recorded.entry for recorded in log.entries()]
    return [entry for entry in found if entry is not None and entry.type == "decision"]


@pytest.fixture
def faulty(store: FaultyStore) -> Iterator[FaultyStore]:
    """Put faults between a log and its store."""
    yield store
    store.before = lambda: None


def away() -> None:
    """Fail as a store that is away."""
    raise LogUnavailable("away")


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    """Return the Set-Cookie lines of an answer by name."""
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


async def json_post(client: httpx.AsyncClient, data: dict[str, Any]) -> httpx.Response:
    """Send a decision as a script does."""
    headers = {"sec-fetch-site": "same-origin"}
    return await client.post("/_consent/decision", json={**await shown(client), **data}, headers=headers)


@pytest.mark.parametrize(("base", "prefix"), [("http://example.org", ""), ("https://example.org", "__Host-")])
async def test_accepting_is_recorded_and_honoured(log: ConsentLog, base: str, prefix: str) -> None:
    async with browser(wrap(log=log), base) as client:
        assert BANNER.decode() in (await client.get("/", headers=NAVIGATION)).text
        answer = await post(client, {"action": "accept", "return_to": "/story"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/story")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["clear-site-data"] == '"prefetchCache", "prerenderCache"'
        lines = cookies_of(answer)
        assert lines.keys() == {f"{prefix}consentkit", f"{prefix}consentkit-id"}
        assert "HttpOnly" in lines[f"{prefix}consentkit-id"]
        assert "HttpOnly" not in lines[f"{prefix}consentkit"]
        assert all(("; Secure" in line) is bool(prefix) for line in lines.values())
        assert all("Path=/; SameSite=Lax" in line for line in lines.values())
        page = (await client.get("/", headers=NAVIGATION)).content
        assert GATED not in page
        assert BANNER not in page
    (entry,) = entries(log)
    assert (entry.action, entry.source, entry.regime) == ("accept_all", "banner", "opt-in")
    assert entry.granted == ("analytics", "functional", "marketing")
    assert entry.subject
    assert entry.notice
    assert log.notice(entry.notice)
    log.check()


@pytest.mark.parametrize("action", ["reject", "withdraw"])
async def test_who_refuses_gets_no_id(log: ConsentLog, action: str) -> None:
    async with browser(wrap(log=log)) as client:
        answer = await post(client, {"action": action})
        assert cookies_of(answer).keys() == {"consentkit"}
        assert "Max-Age=34560000" in cookies_of(answer)["consentkit"]
        assert (await state_of(client))["granted"] == ["necessary"]
    (entry,) = entries(log)
    assert entry.subject is None
    assert (entry.granted, entry.denied) == ((), ("analytics", "functional", "marketing"))


async def test_the_id_comes_with_the_first_grant_and_stays_after_a_withdrawal(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "reject"})
        settings = {"return_to": "/_consent/"}
        first = await post(client, {"action": "accept", **settings})
        assert "consentkit-id" in cookies_of(first)
        for action in ("withdraw", "accept"):
            assert cookies_of(await post(client, {"action": action, **settings})).keys() == {"consentkit"}
        assert client.cookies["consentkit-id"]
    subjects = [entry.subject for entry in entries(log)]
    assert subjects[0] is None
    assert len(set(subjects[1:])) == 1
    assert [entry.action for entry in entries(log)] == ["reject_all", "accept_all", "withdraw", "accept_all"]


async def test_without_a_log_nobody_gets_an_id() -> None:
    async with browser(wrap(log=None)) as client:
        assert cookies_of(await post(client, {"action": "accept"})).keys() == {"consentkit"}
        assert "marketing" in (await state_of(client))["granted"]


async def test_a_forged_id_is_replaced(log: ConsentLog) -> None:
    async with browser(wrap(log=log), cookies={"consentkit-id": "victim.forged"}) as client:
        assert "consentkit-id" in cookies_of(await post(client, {"action": "accept"}))
    (entry,) = entries(log)
    assert "victim" not in str(entry.subject)


async def test_single_purposes_and_vendors_are_saved(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        answer = await post(
            client, {"action": "save", "purpose": "analytics", "return_to": "/_consent/?saved=1"}
        )
        assert answer.status_code == 303
        state = await state_of(client)
        assert (state["granted"], state["source"]) == (["analytics", "necessary"], "settings")
        await post(client, {"action": "allow", "vendor": "youtube"})
        state = await state_of(client)
        assert state["granted"] == ["analytics", "necessary", "youtube"]
        assert state["source"] == "embed"


async def test_json_replaces_or_adds(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        answer = await json_post(client, {"granted": ["analytics"], "denied": ["marketing"]})
        assert answer.status_code == 200
        assert answer.json()["granted"] == ["analytics", "necessary"]
        assert answer.json()["reload"] is True
        assert answer.json()["source"] == "api"
        added = (await json_post(client, {"allow": ["functional"]})).json()
        assert added["granted"] == ["analytics", "functional", "necessary"]
        same = (await json_post(client, {"allow": ["functional"]})).json()
        assert same["reload"] is False
        replaced = (await json_post(client, {"granted": []})).json()
        assert replaced["granted"] == ["necessary"]
        assert replaced["denied"] == ["analytics", "functional", "marketing"]
    assert [entry.action for entry in entries(log)] == ["save", "allow_vendor", "allow_vendor", "save"]


async def test_a_form_sent_by_script_gets_json() -> None:
    async with browser(wrap()) as client:
        answer = await post(client, {"action": "accept"}, headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["reload"]) == (200, True)


async def test_a_refusal_of_what_is_not_shown_any_more_holds_and_a_grant_does_not() -> None:
    async with browser(wrap()) as client:
        assert (await post(client, {"action": "accept", "notice": "0" * 64})).status_code == 409
        assert (await state_of(client))["source"] == "regime"
        assert (await post(client, {"action": "reject", "notice": "0" * 64})).status_code == 409
        state = await state_of(client)
        assert (state["granted"], state["source"]) == (["necessary"], "banner")


# --- a deploy between the page and the click


async def deploy(log: ConsentLog, before: Policy, after: Policy, choice: dict[str, str]) -> dict[str, Any]:
    """Show a page, deploy, send what was chosen on it, and return the state."""
    async with browser(wrap(policy=before, log=log)) as client:
        seen = await shown(client)
        await post(client, {"action": "reject"})  # somebody else: the notice is in the log from now on
    async with browser(wrap(policy=after, log=log)) as client:
        answer = await post(client, {**choice, **seen})
        assert answer.status_code == 303
        state = await state_of(client)
    assert entries(log)[-1].notice == seen["notice"]
    log.check()
    return state


async def test_a_choice_on_an_older_notice_of_the_same_purposes_holds(log: ConsentLog) -> None:
    reworded = Policy(uses=POLICY.uses, banner=Banner(text={"en": {"opt-in": {"title": "New words"}}}))
    state = await deploy(log, POLICY, reworded, {"action": "accept"})
    assert state["granted"] == ["analytics", "functional", "marketing", "necessary"]
    assert state["needs_prompt"] is False


async def test_a_grant_on_an_older_notice_leaves_what_has_changed_to_be_asked(log: ConsentLog) -> None:
    more = Policy(uses=(*POLICY.uses, "hotjar"))  # a vendor more for statistics
    state = await deploy(log, POLICY, more, {"action": "accept"})
    assert state["granted"] == ["functional", "marketing", "necessary"]
    assert (state["denied"], state["needs_prompt"]) == (["analytics"], True)


async def test_a_grant_on_an_older_notice_grants_no_purpose_that_was_not_in_it(log: ConsentLog) -> None:
    news = Purpose(title="Newsletter", description="Shows the sign-up form.")
    state = await deploy(log, POLICY, Policy(uses=POLICY.uses, purposes={"news": news}), {"action": "accept"})
    assert ("news" in state["granted"], state["needs_prompt"]) == (False, True)
    assert "news" not in entries(log)[-1].granted


async def test_a_refusal_on_an_older_notice_holds_for_what_has_changed_and_is_asked_again(
    log: ConsentLog,
) -> None:
    more = Policy(uses=(*POLICY.uses, "hotjar"))
    state = await deploy(log, POLICY, more, {"action": "reject"})
    assert (state["granted"], state["needs_prompt"]) == (["necessary"], True)


async def test_a_grant_under_a_weaker_notice_counts_in_no_stricter_regime(log: ConsentLog) -> None:
    weak, strict = (Policy(uses=POLICY.uses, regimes={"default": name}) for name in ("opt-out", "opt-in"))
    state = await deploy(log, weak, strict, {"action": "accept"})
    assert (state["granted"], state["needs_prompt"]) == (["necessary"], True)


async def test_nobody_can_name_a_language_that_was_not_shown(log: ConsentLog) -> None:
    await deploy(log, POLICY, Policy(uses=(*POLICY.uses, "hotjar")), {"action": "reject"})
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "accept", "locale": "x" * 99, "notice": entries(log)[0].notice})
    assert {entry.locale for entry in entries(log)} == {"en"}


async def test_allowing_what_a_binding_signal_denies_says_so_and_changes_nothing(log: ConsentLog) -> None:
    policy = Policy(uses=("meta-pixel",), regimes={"default": "opt-out"})
    async with browser(wrap(policy=policy, log=log)) as client:
        client.headers["sec-gpc"] = "1"
        answer = await post(client, {"action": "allow", "vendor": "meta-pixel"})
        assert (answer.status_code, cookies_of(answer)) == (409, {})
        assert "Global Privacy Control" in answer.text
        once = await post(client, {"action": "allow", "vendor": "meta-pixel", "once": "1"})
        assert once.status_code == 303
    assert [entry.granted for entry in entries(log)] == [("meta-pixel",)]


# --- the log is away


async def test_a_grant_that_cannot_be_recorded_is_not_honoured(log: ConsentLog, faulty: FaultyStore) -> None:
    faulty.before = away
    async with browser(wrap(log=log)) as client:
        answer = await post(client, {"action": "accept", "return_to": "/story"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert 'href="/story"' in answer.text
        assert cookies_of(answer) == {}
        assert BANNER.decode() in (await client.get("/", headers=NAVIGATION)).text
        faulty.before = lambda: None
        assert (await post(client, {"action": "accept"})).status_code == 303
    assert [entry.granted for entry in entries(log)] == [("analytics", "functional", "marketing")]


async def test_a_refusal_is_honoured_and_recorded_when_the_log_is_back(
    log: ConsentLog, faulty: FaultyStore
) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "accept"})
        faulty.before = away
        assert (await post(client, {"action": "withdraw"})).status_code == 303
        assert (await state_of(client))["granted"] == ["necessary"]
        assert len(entries(log)) == 1
        faulty.before = lambda: None
        log.drain()
    assert [entry.action for entry in entries(log)] == ["accept_all", "withdraw"]


async def test_a_mixed_choice_keeps_its_denials_when_the_log_is_away(
    log: ConsentLog, faulty: FaultyStore
) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "save", "purpose": ["analytics", "functional"]})
        faulty.before = away
        answer = await post(client, {"action": "save", "purpose": ["functional", "marketing"]})
        assert answer.status_code == 503
        assert cookies_of(answer).keys() == {"consentkit"}
        assert (await state_of(client))["granted"] == ["functional", "necessary"]
        faulty.before = lambda: None
        log.drain()
    assert entries(log)[-1].granted == ("functional",)
    assert "analytics" in entries(log)[-1].denied


async def test_a_grant_whose_fate_is_unknown_is_noted_as_not_honoured(
    log: ConsentLog, faulty: FaultyStore
) -> None:
    def cut() -> None:
        raise LogUnavailable("the connection was cut", unknown=True)

    faulty.after = cut
    async with browser(wrap(log=log)) as client:
        assert (await post(client, {"action": "accept"})).status_code == 503
        assert (await state_of(client))["source"] == "regime"
        faulty.after = lambda: None
        log.drain()
    notes = [recorded.entry for recorded in log.entries() if recorded.entry]
    assert [entry.type for entry in notes] == ["notice", "decision", "invalidated"]
    assert notes[2].previous == notes[1].id


async def test_more_vendors_than_a_cookie_holds_are_refused_before_they_are_recorded(log: ConsentLog) -> None:
    vendors = {
        f"vendor-number-{n}-with-a-long-name": Vendor(name=f"V{n}", purpose="marketing") for n in range(150)
    }
    async with browser(wrap(log=log, policy=Policy(vendors=vendors))) as client:
        answer = await post(client, {"action": "save", "vendor": list(vendors)})
        assert answer.status_code == 413
        assert cookies_of(answer) == {}
    assert entries(log) == []


async def test_concurrent_decisions_are_each_recorded_once(log: ConsentLog) -> None:
    app = wrap(log=log)
    answers: list[int] = []

    async def decide(number: int) -> None:
        async with browser(app) as client:
            answers.append((await post(client, {"action": "accept" if number % 2 else "reject"})).status_code)

    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(decide, number)
    assert answers == [303] * 40
    subjects = [entry.subject for entry in entries(log)]
    assert len(subjects) == 40
    assert subjects.count(None) == 20
    assert len(set(subjects)) == 21
    log.check()


async def test_one_visitors_concurrent_decisions_each_have_an_entry(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client, anyio.create_task_group() as group:
        for action in ("accept", "reject") * 5:
            group.start_soon(post, client, {"action": action})
    assert len(entries(log)) == 10


async def test_a_refusal_holds_even_where_nothing_takes_its_entry(
    log: ConsentLog, faulty: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        raise LogError("never")

    faulty.before = refuse
    async with browser(wrap(log=log)) as client:
        with caplog.at_level("CRITICAL"):
            assert (await post(client, {"action": "reject"})).status_code == 303
        assert (await state_of(client))["source"] == "banner"


# --- the site's own callback


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_the_site_is_told_of_decisions(log: ConsentLog, kind: str) -> None:
    told: list[tuple[Decision, Scope]] = []
    recorded: list[int] = []

    def sync(decision: Decision, scope: Scope) -> None:
        told.append((decision, scope))
        recorded.append(len(entries(log)))

    async def later(decision: Decision, scope: Scope) -> None:
        await anyio.lowlevel.checkpoint()
        sync(decision, scope)

    async with browser(wrap(log=log, on_decision=sync if kind == "sync" else later)) as client:
        await post(client, {"action": "accept"})
        await post(client, {"action": "reject"})
    assert [sorted(decision.granted) for decision, _ in told] == [
        ["analytics", "functional", "marketing"],
        [],
    ]
    assert told[0][1]["path"] == "/_consent/decision"
    assert recorded == [1, 2]


async def test_a_callback_that_fails_undoes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail(decision: Decision, scope: Scope) -> None:
        raise RuntimeError("the site's own trouble")

    async with browser(wrap(on_decision=fail)) as client:
        with caplog.at_level("CRITICAL"):
            assert (await post(client, {"action": "accept"})).status_code == 303
        assert "marketing" in (await state_of(client))["granted"]


async def test_the_site_is_not_told_of_grants_that_do_not_hold(log: ConsentLog, faulty: FaultyStore) -> None:
    told: list[Decision] = []
    faulty.before = away
    async with browser(wrap(log=log, on_decision=lambda decision, scope: told.append(decision))) as client:
        await post(client, {"action": "accept"})
        assert told == []
        await post(client, {"action": "reject"})
    assert [decision.granted for decision in told] == [frozenset()]


# --- once


async def test_an_embed_is_loaded_once(log: ConsentLog) -> None:
    async with browser(wrap(App(EMBED), log=log)) as client:
        answer = await post(
            client, {"action": "allow", "vendor": "youtube", "once": "1", "return_to": "/story"}
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/story")
        assert cookies_of(answer).keys() == {"consentkit-once"}
        assert "Max-Age=60" in cookies_of(answer)["consentkit-once"]
        assert "HttpOnly" in cookies_of(answer)["consentkit-once"]
        loaded = await client.get("/story", headers=NAVIGATION)
        assert EMBED in loaded.content
        assert BANNER in loaded.content
        assert "consentkit-once=; Max-Age=0" in loaded.headers["set-cookie"]
        assert EMBED not in (await client.get("/story", headers=NAVIGATION)).content
    (entry,) = entries(log)
    assert (entry.granted, entry.subject) == (("youtube",), None)


async def test_a_redirect_in_between_does_not_spend_it() -> None:
    def old_address(scope: Scope) -> Any:
        if scope["path"] == "/old":
            return 302, [("content-type", "text/html"), ("location", "/story")], [b"moved"]
        return 200, [("content-type", "text/html")], [EMBED]

    async with browser(wrap(App(answer_to=old_address))) as client:
        await post(client, {"action": "allow", "vendor": "youtube", "once": "1", "return_to": "/old"})
        page = await client.get("/old", headers=NAVIGATION, follow_redirects=True)
        assert EMBED in page.content


async def test_what_is_marked_with_a_purpose_is_loaded_once_as_well() -> None:
    marked = b'<iframe data-consent="marketing" src="https://player.example/"></iframe>'
    async with browser(wrap(App(marked))) as client:
        await post(client, {"action": "allow", "purpose": "marketing", "once": "1"})
        assert marked in (await client.get("/", headers=NAVIGATION)).content
        assert marked not in (await client.get("/", headers=NAVIGATION)).content


async def test_a_kept_once_cookie_lasts_a_minute_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    app, now = wrap(App(EMBED)), 1_800_000_000
    monkeypatch.setattr("consentkit.asgi.dispatcher.seconds", lambda: float(now))
    async with browser(app) as client:
        answer = await post(client, {"action": "allow", "vendor": "youtube", "once": "1"})
        kept = re.findall("consentkit-once=([^;]*)", answer.headers["set-cookie"])[0]

    async def page(value: str) -> bytes:
        async with browser(app, cookies={"consentkit-once": value}) as client:
            return (await client.get("/", headers=NAVIGATION)).content

    assert EMBED in await page(kept)
    for forged in (kept[:-1], kept.replace("youtube", "x"), "youtube", "x" * 9999, ""):
        assert EMBED not in await page(forged)
    now += 61
    assert EMBED not in await page(kept)
    now -= 1000
    assert EMBED not in await page(kept)


async def test_an_id_cookie_is_no_once_cookie(log: ConsentLog) -> None:
    async with browser(wrap(App(EMBED), log=log)) as client:
        await post(client, {"action": "accept"})
        value = client.cookies["consentkit-id"]
    async with browser(wrap(App(EMBED)), cookies={"consentkit-once": value, "consentkit": value}) as client:
        assert EMBED not in (await client.get("/", headers=NAVIGATION)).content


async def test_once_is_not_given_where_it_cannot_be_recorded(log: ConsentLog, faulty: FaultyStore) -> None:
    faulty.before = away
    async with browser(wrap(App(EMBED), log=log)) as client:
        answer = await post(client, {"action": "allow", "vendor": "youtube", "once": "1"})
        assert answer.status_code == 503
        assert cookies_of(answer) == {}


async def test_a_site_with_a_shared_domain_has_one_decision(tmp_path: Path) -> None:
    app = wrap(log=tmp_path / "log.sqlite3", cookies=CookieOptions(domain="example.org"))
    async with browser(app, "https://www.example.org") as client:
        lines = cookies_of(await post(client, {"action": "accept"}))
        assert lines.keys() == {"__Secure-consentkit", "__Secure-consentkit-id"}
        assert all("Domain=example.org" in line for line in lines.values())
        shop = await client.get("https://shop.example.org/_consent/state")
        assert "marketing" in shop.json()["granted"]
    app.deployment.log.close()  # type: ignore[union-attr]


async def test_notices_are_published_once(log: ConsentLog) -> None:
    async with browser(wrap(log=log, policy=POLICY)) as client:
        for action in ("accept", "reject", "accept"):
            await post(client, {"action": action})
    kinds = [recorded.entry.type for recorded in log.entries() if recorded.entry]
    # What asks, and what has been answered.
    assert kinds == ["notice", "decision", "notice", "decision", "decision"]
