"""Whatever visitors send of themselves, none of it is in log, outbox, key, exports, proofs or messages."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from asgi.client import NAVIGATION, post, shown, wrap
from consentkit import ConsentLog
from consentkit.exceptions import LogUnavailable
from consentkit.log.export import plain, proved, write_csv_lines, write_json_lines
from consentkit.log.stores.sqlite import SQLiteStore
from log.faults import FaultyStore

pytestmark = pytest.mark.anyio

CLIENT = "203.0.113.77"
FORWARDED = "198.51.100.23"
FORWARDED_6 = "2001:db8::feed"
PLANTED = {
    "x-forwarded-for": f"{FORWARDED}, {FORWARDED_6}",
    "forwarded": f'for="[{FORWARDED_6}]"',
    "x-real-ip": FORWARDED,
    "user-agent": "Mozilla/5.0 (PlantedSystem 7.1) PlantedBrowser/99.42",
    "referer": "http://example.org/planted-diary/entry?patient=planted-name",
    "authorization": "Bearer planted-token",
    "accept-language": "de-AT,de;q=0.9,x-planted;q=0.1",
    "x-request-id": "planted-request",
    "from": "planted@example.net",
}
COOKIES = {"session": "planted-session", "theme": "planted-theme"}
NEEDLES = (CLIENT, FORWARDED, FORWARDED_6, "Mozilla", "atient=", "lanted", "LANTED", "example.net")
RETURN_TO = "/planted-page?q=planted-query#planted-fragment"
REPORT = {
    "blocked-uri": "https://tracker.example/planted-path?planted=1",
    "effective-directive": "script-src",
    "document-uri": "http://example.org/planted-diary?patient=planted-name",
    "referrer": "http://planted.example/",
    "source-file": "http://example.org/planted.js?planted",
    "script-sample": "var planted = 1",
}


class Site:
    """A site whose log and outbox are in a folder, and a visitor who tells too much."""

    def __init__(self, folder: Path) -> None:
        path = folder / "consent.sqlite3"
        self.faulty = FaultyStore(SQLiteStore(path))
        self.log = ConsentLog(path, outbox=folder / "outbox", store=self.faulty)
        self.app = wrap(log=self.log, csp="report-only", debug=True)

    @contextmanager
    def away(self, *, unknown: bool) -> Iterator[None]:
        """Break the store, before what it does or after."""

        def fail() -> None:
            raise LogUnavailable("away", unknown=unknown)

        setattr(self.faulty, "after" if unknown else "before", fail)
        yield
        self.faulty.before = self.faulty.after = lambda: None

    def visitor(self, base: str) -> httpx.AsyncClient:
        """Make a visitor with a cookie jar."""
        transport = httpx.ASGITransport(self.app, client=(CLIENT, 51_515))
        return httpx.AsyncClient(transport=transport, base_url=base, headers=PLANTED, cookies=COOKIES)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Make the site."""
    made = Site(tmp_path)
    yield made
    made.log.close()


async def decide(client: httpx.AsyncClient) -> None:
    """Decide in every way that there is."""
    await client.get("/planted-page?q=planted-query", headers=NAVIGATION)
    for fields in (
        {"action": "reject"},
        {"action": "accept"},
        {"action": "save", "purpose": "analytics"},
        {"action": "allow", "vendor": "youtube"},
        {"action": "allow", "vendor": "meta-pixel", "once": "1"},
        {"action": "withdraw"},
        {"action": "planted-action"},
        {"action": "allow", "vendor": "planted-vendor"},
        {"action": "accept", "notice": "0" * 64},
        {"action": "reject", "locale": "planted-LOCALE-\n"},
    ):
        headers = {"sec-gpc": "1"} if fields["action"] == "reject" else {}
        await post(client, {"return_to": RETURN_TO, "planted-field": "planted", **fields}, headers=headers)
    data = {**await shown(client), "allow": ["functional"], "deny": ["marketing"], "planted": "planted"}
    await client.post("/_consent/decision", json=data, headers={"sec-fetch-site": "same-origin"})


async def everything(site: Site) -> str:
    """Visit, decide, report, fail, take home and erase; return what the site answered of the log."""
    told = ""
    for base in ("http://example.org", "https://example.org"):
        async with site.visitor(base) as client:
            await decide(client)
            for unknown in (False, True):
                with site.away(unknown=unknown):
                    await decide(client)
            await decide(client)
            for kind, body in (
                ("csp-report", {"csp-report": REPORT}),
                ("reports+json", [{"type": "csp-violation", "body": REPORT, "user_agent": "Mozilla"}]),
            ):
                await client.post(
                    "/_consent/csp", content=json.dumps(body), headers={"content-type": f"application/{kind}"}
                )
            receipt = await client.get("/_consent/receipt")
            assert receipt.status_code == 200
            told += receipt.text
            await client.get(f"/_consent/log/tile/0/000?planted={CLIENT}")
            for path in ("checkpoint", "tile/0/000.p/1"):
                answer = await client.get(f"/_consent/log/{path}")
                assert answer.status_code == 200
                told += answer.content.decode("latin-1")
            if base.startswith("https"):
                answer = await client.post(
                    "/_consent/erase", data={"action": "erase"}, headers={"sec-fetch-site": "same-origin"}
                )
                assert answer.status_code == 303
    return told


def exports(log: ConsentLog) -> str:
    """Return the log as other programs get it."""
    file = io.StringIO()
    write_json_lines(plain(log.entries()), file)
    write_csv_lines(plain(log.entries()), file)
    write_json_lines(proved(log.entries(), log), file)
    return file.getvalue()


def contents(folder: Path) -> dict[str, str]:
    """Return every file of a folder."""
    return {file.name: file.read_bytes().decode("latin-1") for file in folder.iterdir()}


async def test_nothing_of_a_visitor_is_kept_but_the_choice(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = {"answers": await everything(site)}
    with site.away(unknown=False):
        # The outbox has something in it when it is looked at.
        async with site.visitor("http://example.org") as client:
            await decide(client)
        told |= contents(tmp_path)
    assert {"consent.sqlite3", "consent.sqlite3-wal", "consent.sqlite3.key", "outbox"} <= told.keys()
    assert '"action":"reject_all"' in told["outbox"]
    site.log.drain()
    site.log.close()
    kinds = {one.entry.action or one.entry.type for one in site.log.entries() if one.entry is not None}
    assert kinds >= {"accept_all", "reject_all", "save", "withdraw", "allow_vendor", "erasure", "invalidated"}
    assert [one.key for one in site.log.observations("csp")] == ["script-src tracker.example"]
    told |= {f"{name} at the end": content for name, content in contents(tmp_path).items()}
    records = [record for record in caplog.records if record.name.startswith("consentkit")]
    told |= {"exports": exports(site.log), "messages": repr([vars(record) for record in records])}
    assert "a grant is not honoured" in told["messages"]
    assert [(name, needle) for name, content in told.items() for needle in NEEDLES if needle in content] == []
    keys = site.log.keys()
    assert keys is not None
    site.log.check(keys=keys.accepted)
