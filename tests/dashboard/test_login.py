"""Nobody sees the log but whom the site's guard lets in, or who has the token."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from starlette.datastructures import Secret
from starlette.exceptions import HTTPException
from starlette.requests import Request

from consentkit import ConfigurationError, ConsentLog
from consentkit.dashboard import Dashboard, login
from consentkit.dashboard.login import (
    ATTEMPT_SECONDS,
    MAX_ATTEMPTS,
    MAX_CLIENTS,
    SESSION_SECONDS,
    RateLimit,
    Sessions,
)
from consentkit.web.request import Request as AuditRequest
from dashboard.auditor import BEARER, SITE, TOKEN, audited, auditing, mounted, read, visiting

pytestmark = pytest.mark.anyio
PAGES = ["/audit/", "/audit/entries", "/audit/entries/1", "/audit/log", "/audit/exports"]
FILES = ["/audit/exports/entries.csv", "/audit/entries/1/proof", "/audit/nothing"]


def asked(root_path: str = "") -> AuditRequest:
    """Make a request that came over https."""
    return AuditRequest("POST", "/sign-in", [], root_path=root_path, secure=True)


async def sign_in(client: httpx.AsyncClient, token: str = TOKEN, **fields: str) -> httpx.Response:
    return await client.post("/audit/sign-in", data={"token": token, **fields})


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "a token or a guard, and not both"),
        ({"token": None, "guard": None}, "a token or a guard, and not both"),
        ({"token": TOKEN, "guard": lambda request: True}, "a token or a guard, and not both"),
        ({"token": ""}, "at least 32 characters"),
        ({"token": "x" * 31}, "at least 32 characters"),
        ({"token": "x" * 40}, "it can be guessed"),
        ({"token": b"x" * 40}, "at least 32 characters"),
        ({"guard": "admin"}, "something that can be called"),
        ({"token": TOKEN, "vkeys": "one+two+three"}, "a list of public keys"),
        ({"token": TOKEN, "vkeys": ["nonsense"]}, "vkeys"),
    ],
)
async def test_it_refuses_to_be_made_without_a_lock(
    log: ConsentLog, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem) as raised:
        Dashboard(log, **options)
    assert "xxxx" not in str(raised.value)


@pytest.mark.parametrize("wrong", [3, None, "mysql://somewhere/else", ["consent.sqlite3"]])
async def test_it_refuses_what_is_no_log(wrong: Any) -> None:
    with pytest.raises(ConfigurationError):
        Dashboard(wrong, token=TOKEN)


@pytest.mark.parametrize("path", PAGES + FILES)
async def test_without_the_token_there_is_a_form_and_nothing_else(log: ConsentLog, path: str) -> None:
    async with visiting(audited(log)) as client:
        answer = await client.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert 'type="password"' in answer.text and "nav" not in answer.text
        assert not re.search(r"decision|accept", answer.text)
        assert not answer.cookies


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("how", [TOKEN, f" {TOKEN} "])
async def test_the_token_opens_every_page(log: ConsentLog, path: str, how: str) -> None:
    async with visiting(audited(log, token=Secret(TOKEN))) as client:
        signed = await sign_in(client, how, back=path)
        assert (signed.status_code, signed.headers["location"]) == (303, path)
        assert (await client.get(path)).status_code == 200


async def test_the_session_is_for_the_mount_only_and_for_some_hours(log: ConsentLog) -> None:
    async with visiting(audited(log), base="https://site.example") as client:
        cookie = (await sign_in(client)).headers["set-cookie"]
    assert re.fullmatch(
        r"__Secure-consentkit-audit=[\w.~-]+; Max-Age=28800; Path=/audit; SameSite=Strict; HttpOnly; Secure",
        cookie,
    )
    assert TOKEN not in cookie


@pytest.mark.parametrize(("https_only", "secure"), [(True, True), (None, False)])
async def test_behind_a_proxy_the_cookie_is_secure_where_the_site_says_so(
    log: ConsentLog, https_only: bool | None, secure: bool
) -> None:
    async with visiting(audited(log, https_only=https_only)) as client:
        assert ("; Secure" in (await sign_in(client)).headers["set-cookie"]) is secure


async def test_no_path_can_widen_the_session() -> None:
    cookie = Sessions(TOKEN).set_cookie(asked("/x;Path=/;/audit"), now=1)
    assert "; Path=/x%3BPath=/%3B/audit; SameSite=Strict;" in cookie


async def test_signing_out_ends_the_session_in_that_browser(log: ConsentLog) -> None:
    async with visiting(audited(log)) as client:
        await sign_in(client)
        assert read(await client.get("/audit/")).find("button", string="Sign out")
        answer = await client.post("/audit/sign-out")
        assert (answer.status_code, answer.headers["location"]) == (303, "/audit/")
        assert (await client.get("/audit/")).status_code == 401


async def test_another_token_ends_every_session(log: ConsentLog) -> None:
    async with visiting(audited(log)) as client:
        cookie = (await sign_in(client)).headers["set-cookie"].partition(";")[0]
    async with visiting(audited(log, token=TOKEN + "2"), cookie=cookie) as client:
        assert (await client.get("/audit/")).status_code == 401


def test_a_session_ends_after_some_hours_and_cannot_be_made_up() -> None:
    sessions = Sessions(TOKEN)
    value = sessions.set_cookie(asked(), now=1_000_000).partition(";")[0].partition("=")[2]
    assert sessions.contains(["nonsense", value], now=1_000_000 + SESSION_SECONDS - 1)
    assert not sessions.contains([value], now=1_000_000 + SESSION_SECONDS)
    assert not sessions.contains([value], now=1_000_000 - 3600)
    assert not sessions.contains([], now=1_000_000)
    for forged in (value[:-1], value[:-2] + "AA", "2" + value[1:], value * 9, "\udcff", "1..", ""):
        assert not sessions.contains([forged], now=1_000_001)


@pytest.mark.parametrize("wrong", ["", "x" * 32, TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é" * 40, "\udcff"])
async def test_a_wrong_token_is_told_so_and_opens_nothing(log: ConsentLog, wrong: str) -> None:
    async with visiting(audited(log)) as client:
        body = b"token=" + wrong.encode("utf-8", "surrogateescape")
        form = {"content-type": "application/x-www-form-urlencoded"}
        answer = await client.post("/audit/sign-in", content=body, headers=form)
        assert answer.status_code in (400, 403)
        assert "set-cookie" not in answer.headers
        bearer = [(b"authorization", b"Bearer " + wrong.encode("utf-8", "surrogateescape"))]
        assert (await client.get("/audit/", headers=bearer)).status_code == 401


async def test_programs_send_it_in_a_header(log: ConsentLog) -> None:
    async with visiting(audited(log)) as client:
        answer = await client.get("/audit/exports/entries.jsonl", headers=BEARER)
        assert answer.status_code == 200
        other = {"authorization": f"Basic {TOKEN}"}
        assert (await client.get("/audit/", headers=other)).status_code == 401


@pytest.mark.parametrize("address", ["/audit/sign-in", "/audit/sign-out"])
@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}],
)
async def test_no_other_site_can_sign_anybody_in_or_out(
    log: ConsentLog, address: str, headers: dict[str, str]
) -> None:
    async with visiting(audited(log)) as client:
        answer = await client.post(address, data={"token": TOKEN}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example/",
        "https://evil.example",
        "/elsewhere",
        "/auditor",
        "/audit",
        "\\\\evil",
        "/audit/\\x",
        "",
    ],
)
async def test_signing_in_leads_nowhere_else(log: ConsentLog, back: str) -> None:
    async with visiting(audited(log)) as client:
        assert (await sign_in(client, back=back)).headers["location"] == "/audit/"


async def test_the_page_that_was_asked_for_is_shown_after_signing_in(log: ConsentLog) -> None:
    async with visiting(audited(log)) as client:
        form = await client.get("/audit/entries?action=save&day=")
        assert 'name="back" value="/audit/entries?action=save&amp;day="' in form.text


async def test_guessing_is_slowed_down(log: ConsentLog, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000
    monkeypatch.setattr(login, "epoch", lambda: now)
    async with visiting(audited(log)) as client:
        for _ in range(MAX_ATTEMPTS):
            assert (await sign_in(client, "x" * 40)).status_code == 403
        answer = await sign_in(client)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert (await client.get("/audit/", headers=BEARER)).status_code == 429
        now += ATTEMPT_SECONDS
        assert (await sign_in(client)).status_code == 303


def test_clients_do_not_lock_each_other_out_and_are_not_remembered_for_ever() -> None:
    limit = RateLimit()
    guesser, other = {"client": ("192.0.2.1", 1)}, {"client": ("192.0.2.2", 1)}
    for _ in range(MAX_ATTEMPTS):
        limit.count(guesser, now=0)
    assert limit.is_exhausted(guesser, now=1)
    assert not limit.is_exhausted(other, now=1)
    assert not limit.is_exhausted({"client": None}, now=1)
    for number in range(MAX_CLIENTS):
        limit.count({"client": (f"198.51.{number // 256}.{number % 256}", 1)}, now=1)
    assert not limit.is_exhausted(guesser, now=1)
    assert len(limit) == MAX_CLIENTS


def test_one_network_of_ipv6_is_one_client() -> None:
    limit = RateLimit()
    for number in range(MAX_ATTEMPTS):
        limit.count({"client": (f"2001:db8::{number:x}", 1)}, now=0)
    assert limit.is_exhausted({"client": ("2001:db8:0:0:ffff::1", 1)}, now=1)
    assert not limit.is_exhausted({"client": ("2001:db8:0:1::1", 1)}, now=1)


async def test_a_body_that_is_no_form_is_refused(log: ConsentLog) -> None:
    async with visiting(audited(log)) as client:
        for body, status in ((b"\xff", 400), (b"&".join([b"a=1"] * 11), 400), (b"x" * 20_000, 413)):
            assert (await client.post("/audit/sign-in", content=body)).status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_nothing_but_reading_is_answered(log: ConsentLog, method: str) -> None:
    async with auditing(log) as client:
        for path in ("", "entries", "entries/1", "log", "exports/entries.csv"):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
        assert (await client.head("log")).status_code == 200


async def asynchronous(request: Request) -> bool:
    return request.headers.get("x-user") == "auditor"


@pytest.mark.parametrize("guard", [asynchronous, lambda request: request.headers.get("x-user") == "auditor"])
async def test_the_sites_own_guard_decides(log: ConsentLog, guard: Any) -> None:
    app = mounted(Dashboard(log, guard=guard))
    async with visiting(app) as client:
        assert (await client.get("/audit/")).status_code == 403
        assert (await client.get("/audit/", headers=BEARER)).status_code == 403
        page = read(await client.get("/audit/", headers={"x-user": "auditor"}))
        assert page.find("button", string="Sign out") is None
        assert (await client.post("/audit/sign-in", headers={"x-user": "auditor"})).status_code == 405


@pytest.mark.parametrize("verdict", [None, 0, 1, "yes", object(), False])
async def test_a_guard_that_does_not_say_true_lets_nobody_in(log: ConsentLog, verdict: Any) -> None:
    async with visiting(mounted(Dashboard(log, guard=lambda request: verdict))) as client:
        assert (await client.get("/audit/")).status_code == 403


async def test_a_guard_may_ask_for_a_password_itself(log: ConsentLog) -> None:
    def guard(request: Request) -> bool:
        raise HTTPException(401, "Who are you?", headers={"WWW-Authenticate": "Basic"})

    async with visiting(mounted(Dashboard(log, guard=guard))) as client:
        answer = await client.get("/audit/")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Basic")
        assert "Who are you?" in answer.text


async def test_what_else_a_guard_raises_passes_through(log: ConsentLog) -> None:
    def guard(request: Request) -> bool:
        raise RuntimeError("no database")

    async with visiting(mounted(Dashboard(log, guard=guard))) as client:
        with pytest.raises(RuntimeError, match="no database"):
            await client.get("/audit/")


@pytest.mark.parametrize("path", [*PAGES, "/audit/sign-in", "/audit/nothing"])
async def test_pages_are_not_kept_not_found_and_cannot_run_anything(log: ConsentLog, path: str) -> None:
    for headers in (BEARER, {}):
        async with visiting(audited(log), **headers) as client:
            answer = await client.get(path)
            policy = answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
            assert "noindex" in answer.headers["x-robots-tag"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
            assert "script" not in policy and "unsafe" not in policy
            assert "<script" not in answer.text and " style=" not in answer.text


async def test_the_style_sheet_is_for_everybody_and_may_be_kept(log: ConsentLog) -> None:
    async with visiting(audited(log)) as client:
        link = re.search(r'rel="stylesheet" href="([^"]+)"', (await client.get("/audit/")).text)
        assert link is not None
        sheet = await client.get(link[1])
        assert sheet.status_code == 200 and sheet.headers["content-type"].startswith("text/css")
        assert "immutable" in sheet.headers["cache-control"]


async def test_it_works_as_an_app_of_its_own_and_below_other_paths(log: ConsentLog) -> None:
    dashboard = Dashboard(log, token=TOKEN)
    async with visiting(dashboard, **BEARER) as client:
        assert 'href="/entries"' in (await client.get("/")).text
        assert (await client.get("/nothing")).status_code == 404
    async with visiting(mounted(mounted(dashboard, "/b"), "/a"), **BEARER) as client:
        page = (await client.get("/a/b/")).text
        assert 'href="/a/b/entries"' in page
        found = await client.get("/a/b/entries", params={"id": "0" * 64})
        assert found.status_code == 404
    transport = httpx.ASGITransport(dashboard, root_path="/proxied")
    async with httpx.AsyncClient(transport=transport, base_url=SITE, headers=BEARER) as client:
        assert 'href="/proxied/entries"' in (await client.get("/proxied/")).text
