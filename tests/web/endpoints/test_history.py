"""A visitor's own history: shown, taken home, erased; without an account, and by nobody else."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup
from starlette.types import Scope

from asgi.client import BANNER, NAVIGATION, SECRET, browser, post, state_of, visit, wrap
from consentkit import ConsentLog, CookieOptions, Decision, Policy
from consentkit.consent.cookies import SubjectCodec
from consentkit.exceptions import LogUnavailable
from consentkit.record.entry import Entry
from consentkit.record.receipt import verify_receipt
from log.faults import FaultyStore, nothing

pytestmark = pytest.mark.anyio

HTML = {"accept": "text/html"}
FORM = {"sec-fetch-site": "same-origin", **HTML}
SETTINGS = "/_consent/?return_to=%2Fstory"


def away() -> None:
    """Fail as a store that is away."""
    raise LogUnavailable("away")


class Away:
    """A store that cannot even be read."""

    def __init__(self, store: FaultyStore) -> None:
        self._store, self._snapshot = store, store.snapshot

    def __enter__(self) -> None:
        self._store.before = away
        self._store.snapshot = lambda: away()  # type: ignore[assignment,return-value]

    def __exit__(self, *_: object) -> None:
        self._store.before, self._store.snapshot = nothing, self._snapshot


@pytest.fixture
def subjects() -> SubjectCodec:
    """What signs ids."""
    return SubjectCodec(SECRET)


def decisions(log: ConsentLog) -> list[Entry]:
    """Return the decisions that can still be read."""
    found = [recorded.entry for recorded in log.entries()]
    return [entry for entry in found if entry is not None and entry.type == "decision"]


async def section(client: httpx.AsyncClient, path: str = SETTINGS) -> str:
    """Return what the settings page says of the history."""
    page = BeautifulSoup((await client.get(path, headers=HTML)).text, "html.parser")
    found = page.select_one("section[aria-labelledby=consentkit-history]")
    return "" if found is None else " ".join(found.get_text(" ").split())


async def erase(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    """Press the button."""
    return await client.post("/_consent/erase", data={"action": "erase", **fields}, headers=FORM)


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    """Return the Set-Cookie lines of an answer by name."""
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


# --- history


async def test_a_visitor_sees_their_own_choices_newest_first(log: ConsentLog) -> None:
    app = wrap(log=log)
    async with browser(app) as other:
        await post(other, {"action": "accept"})
    async with browser(app) as client:
        await post(client, {"action": "accept"})
        await post(client, {"action": "save", "purpose": "analytics", "return_to": SETTINGS})
        said = await section(client)
        assert said.count("UTC") == 2
        assert said.index("Privacy settings") < said.index("On a page of this website")
        assert "Allowed Statistics Refused Functional, Advertising" in said
        assert said.count("Advertising") == 2


async def test_a_grant_that_was_not_honoured_is_not_told_as_one(log: ConsentLog, store: FaultyStore) -> None:
    def cut() -> None:
        raise LogUnavailable("the connection was cut", unknown=True)

    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "save", "purpose": "analytics", "return_to": SETTINGS})
        store.after = cut
        assert (await post(client, {"action": "accept", "return_to": SETTINGS})).status_code == 503
        store.after = nothing
        log.drain()
        said = await section(client)
        assert (said.count("UTC"), "Allowed Statistics Refused" in said) == (1, True)
    assert len(decisions(log)) == 2


async def test_who_refused_has_no_history(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "reject"})
        assert await section(client) == "No record of your choices is linked to this browser."
    assert len(decisions(log)) == 1


async def test_a_forged_id_opens_nothing(log: ConsentLog) -> None:
    app = wrap(log=log)
    async with browser(app) as client:
        await post(client, {"action": "accept"})
    (entry,) = decisions(log)
    for forged in (
        str(entry.subject),
        f"{entry.subject}.x",
        SubjectCodec("Hn2r_5tGyB9wQ-xK7vM4zD1aPjE8sCf6").dumps(str(entry.subject)),
    ):
        async with browser(app, cookies={"consentkit-id": forged}) as thief:
            assert await section(thief) == "No record of your choices is linked to this browser."
            assert (await thief.get("/_consent/receipt")).status_code == 404
            assert (await erase(thief)).status_code == 303
    assert decisions(log) == [entry]


async def test_without_a_log_there_is_none_of_it() -> None:
    async with browser(wrap(log=None)) as client:
        await post(client, {"action": "accept"})
        assert await section(client) == ""
        assert (await client.get("/_consent/receipt")).status_code == 404
        assert (await erase(client)).status_code == 404
        assert "marketing" in (await state_of(client))["granted"]


async def test_while_the_log_is_away_the_settings_work_and_say_so(
    log: ConsentLog, store: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "accept"})
        (entry,) = decisions(log)
        with Away(store):
            assert "neither shown nor erased" in await section(client)
            answer = await client.get(
                f"/_consent/receipt?{SETTINGS.partition('?')[2]}&framed=1", headers=HTML
            )
            assert answer.status_code == 503
            assert "neither shown nor erased" in answer.text
            assert 'class="consentkit-framed"' in answer.text
        assert "Allowed" in await section(client)
    assert str(entry.subject) not in caplog.text


# --- receipt


@pytest.mark.parametrize("root", ["", "/site"])
async def test_the_receipt_is_downloaded_and_proves_itself(log: ConsentLog, root: str) -> None:
    policy = Policy.loads('[site]\ncontroller = "Odu News"')
    async with browser(wrap(log=log, policy=policy), "https://example.org") as client:
        await post(client, {"action": "accept"})
        id_cookie = f"__Host-consentkit-id={client.cookies['__Host-consentkit-id']}"
    answer = await visit(
        wrap(log=log, policy=policy),
        f"{root}/_consent/receipt",
        scheme="https",
        root_path=root,
        headers={"cookie": id_cookie},
    )
    assert answer.status == 200
    assert answer.header("content-type") == "application/ld+json"
    assert answer.header("content-disposition").startswith("attachment;")
    assert answer.header("cache-control") == "no-store"
    verify_receipt(answer.body, ())
    receipt = answer.body.decode()
    assert "Odu News" in receipt
    assert f"https://example.org{root}/_consent/" in receipt
    (entry,) = decisions(log)
    assert json.dumps(entry.encode().decode(), ensure_ascii=False) in receipt


async def test_without_an_id_there_is_no_receipt(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "reject"})
        page = await client.get("/_consent/receipt?return_to=%2Fstory&locale=de", headers=HTML)
        assert page.status_code == 404
        assert "keine Aufzeichnung Ihrer Auswahl" in BeautifulSoup(page.text, "html.parser").get_text()
        assert 'href="/story"' in page.text
        told = await client.get("/_consent/receipt", headers={"accept": "application/json"})
        assert told.json() == {"error": "No record of your choices is linked to this browser."}


# --- erasure


@pytest.mark.parametrize(("base", "prefix"), [("http://example.org", ""), ("https://example.org", "__Host-")])
async def test_erasing_ends_entries_id_and_grants(log: ConsentLog, base: str, prefix: str) -> None:
    async with browser(wrap(log=log), base) as client:
        await post(client, {"action": "accept"})
        await post(client, {"action": "accept", "return_to": SETTINGS})
        answer = await erase(client, return_to="/_consent/?erased=1&return_to=/story")
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            "/_consent/?erased=1&return_to=/story",
        )
        assert answer.headers["cache-control"] == "no-store"
        lines = cookies_of(answer)
        assert lines.keys() == {f"{prefix}consentkit", f"{prefix}consentkit-id"}
        assert all("Max-Age=0" in line for line in lines.values())
        assert all(("; Secure" in line) is bool(prefix) for line in lines.values())
        assert not client.cookies
        assert (await state_of(client))["granted"] == ["necessary"]
        assert BANNER in (await client.get("/", headers=NAVIGATION)).content
        page = await client.get(answer.headers["location"], headers=HTML)
        assert "Your history is erased." in page.text
        assert await section(client) == "No record of your choices is linked to this browser."
    assert decisions(log) == []
    log.check()


async def test_refusals_outlive_the_history(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "save", "purpose": "analytics", "return_to": SETTINGS})
        answer = await erase(client)
        assert answer.headers["location"] == "/_consent/?erased=1"
        assert "Max-Age=34560000" in cookies_of(answer)["consentkit"]
        state = await state_of(client)
        assert (state["granted"], state["needs_prompt"]) == (["necessary"], True)
        # Only what was allowed is asked again.
        page = (await client.get("/", headers=NAVIGATION)).text
        assert "allow them: Statistics." in page


async def test_what_only_refuses_stays_as_it_is(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "accept"})
        await post(client, {"action": "withdraw", "return_to": SETTINGS})
        assert cookies_of(await erase(client)).keys() == {"consentkit-id"}
        state = await state_of(client)
        assert (state["granted"], state["needs_prompt"]) == (["necessary"], False)
    assert decisions(log) == []


async def test_others_keep_theirs(log: ConsentLog) -> None:
    app = wrap(log=log)
    async with browser(app) as other, browser(app) as client:
        await post(other, {"action": "accept"})
        await post(client, {"action": "accept"})
        await erase(client)
        assert "Allowed" in await section(other)
    assert len(decisions(log)) == 1


async def test_json_is_answered_with_the_state(log: ConsentLog) -> None:
    headers = {"sec-fetch-site": "same-origin"}
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "accept"})
        first = await client.post("/_consent/erase", json={}, headers=headers)
        assert first.status_code == 200
        assert first.json()["granted"] == ["necessary"]
        assert (first.json()["needs_prompt"], first.json()["source"]) == (True, "regime")
        assert first.json()["reload"] is True
        again = await client.post("/_consent/erase", json={}, headers=headers)
        assert (again.status_code, again.json()["reload"]) == (200, False)
        assert "set-cookie" not in again.headers
        assert (await client.post("/_consent/erase", json={"x": 1}, headers=headers)).status_code == 400


async def test_while_the_log_is_away_nothing_is_erased_and_nothing_changes(
    log: ConsentLog, store: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "accept"})
        (entry,) = decisions(log)
        with Away(store), caplog.at_level(logging.DEBUG):
            answer = await erase(client, return_to="/_consent/?erased=1&return_to=/story", locale="en")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "neither shown nor erased" in answer.text
        assert 'href="/story"' in answer.text
        assert "set-cookie" not in answer.headers
        assert "marketing" in (await state_of(client))["granted"]
    assert decisions(log) == [entry]
    assert str(entry.subject) not in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
    ],
)
async def test_no_other_site_can_have_it_erased(log: ConsentLog, headers: dict[str, str]) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "accept"})
        answer = await client.post("/_consent/erase", data={"action": "erase"}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert len(decisions(log)) == 1


async def test_the_way_back_is_on_this_site(log: ConsentLog) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "accept"})
        assert (await erase(client, return_to="//evil.example")).status_code == 400
    assert len(decisions(log)) == 1


async def test_every_id_that_came_is_erased(log: ConsentLog, subjects: SubjectCodec) -> None:
    """A site that began to share its cookies with subdomains has visitors with two."""
    for _ in range(2):
        async with browser(wrap(log=log), "https://www.example.org") as client:
            await post(client, {"action": "accept"})
    first, second = (subjects.dumps(str(entry.subject)) for entry in decisions(log))
    headers = {
        "host": "www.example.org",
        "content-type": "application/x-www-form-urlencoded",
        "cookie": f"__Host-consentkit-id={first}; __Secure-consentkit-id={second}; consentkit-id={second}",
    }
    app = wrap(log=log, cookies=CookieOptions(domain="example.org"))
    answer = await visit(app, "/_consent/erase", method="POST", scheme="https", headers=headers)
    assert answer.status == 303
    assert set(answer.all("set-cookie")) == {
        "__Host-consentkit-id=; Max-Age=0; Path=/; SameSite=Lax; Secure",
        "__Secure-consentkit-id=; Max-Age=0; Path=/; SameSite=Lax; Domain=example.org; Secure",
        "consentkit-id=; Max-Age=0; Path=/; SameSite=Lax",
        "consentkit-id=; Max-Age=0; Path=/; SameSite=Lax; Domain=example.org",
    }
    assert decisions(log) == []


async def test_the_site_is_told_that_grants_ended(log: ConsentLog) -> None:
    told: list[Decision] = []

    def on_decision(decision: Decision, scope: Scope) -> None:
        told.append(decision)

    async with browser(wrap(log=log, on_decision=on_decision)) as client:
        await post(client, {"action": "accept"})
        await erase(client)
        assert [bool(decision.granted) for decision in told] == [True, False]
        await erase(client)
    assert len(told) == 2


async def test_what_waited_in_the_outbox_is_erased_with_the_rest(
    log: ConsentLog, store: FaultyStore, tmp_path: Path
) -> None:
    with ConsentLog(tmp_path / "other.sqlite3", outbox=tmp_path / "outbox") as log:
        async with browser(wrap(log=log)) as client:
            await post(client, {"action": "accept"})
            with Away(store):
                await post(client, {"action": "withdraw", "return_to": SETTINGS})
            await erase(client)
        log.drain()
        assert decisions(log) == []
