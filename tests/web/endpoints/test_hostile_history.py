"""Visitors who want to keep the log busy, and ids that are not theirs."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from asgi.client import SECRET, browser, post, wrap
from consentkit import ConsentLog
from consentkit.consent.cookies import SubjectCodec
from consentkit.log import evidence
from consentkit.log import log as consentlog
from consentkit.record.entry import uuid7
from consentkit.record.receipt import verify_receipt
from log.samples import BUNDLE, make_entry
from web.endpoints.test_history import HTML, SETTINGS, erase

pytestmark = pytest.mark.anyio


async def test_granting_and_erasing_in_turns_costs_the_same_each_time(log: ConsentLog) -> None:
    """However many others have decided on the same day."""
    log.commit([BUNDLE, *(make_entry(locale=f"xx-{number}", subject=None) for number in range(10, 90))])
    sizes = []
    async with browser(wrap(log=log)) as client:
        for _ in range(4):
            await post(client, {"action": "accept"})
            before = log.head().size
            await erase(client)
            sizes.append(sum(len(one.body or b"") for one in log.entries(before)))
    assert max(sizes[1:]) < 1000


async def test_a_history_without_end_is_shown_from_its_end(
    log: ConsentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consentlog, "LATEST", 3)
    monkeypatch.setattr(evidence, "LATEST", 2)
    async with browser(wrap(log=log)) as client:
        for _ in range(3):
            await post(client, {"action": "accept"})
            await post(client, {"action": "reject"})
        page = BeautifulSoup((await client.get(SETTINGS, headers=HTML)).text, "html.parser")
        receipt = verify_receipt((await client.get("/_consent/receipt")).content)
        assert len(page.select("section[aria-labelledby=consentkit-history] [role=listitem]")) == 3
        assert [entry.action for entry in receipt.entries] == ["accept_all", "reject_all"]
        await erase(client)
    assert all(one.entry is None or one.entry.subject is None for one in log.entries())


@pytest.mark.parametrize("value", ["{id}", "{id}.", "{id}.x", "{foreign}", "", "." * 5000, "\udcff"])
async def test_an_id_that_the_site_did_not_sign_erases_nothing(log: ConsentLog, value: str) -> None:
    victim = make_entry(id=uuid7(1))
    log.commit([BUNDLE, victim])
    foreign = SubjectCodec(SECRET[::-1] + "other").dumps(victim.subject or "")
    text = value.format(id=victim.subject, foreign=foreign).encode("utf-8", "surrogateescape")
    async with browser(wrap(log=log)) as client:
        headers = {
            b"cookie": b"consentkit-id=" + text,
            b"sec-fetch-site": b"same-origin",
            b"accept": b"text/html",
        }
        await client.post("/_consent/erase", data={"action": "erase"}, headers=headers)
    found = log.find(victim.id)
    assert found is not None and found.entry == victim


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_only_a_form_that_is_sent_erases(log: ConsentLog, method: str) -> None:
    async with browser(wrap(log=log)) as client:
        await post(client, {"action": "accept"})
        answer = await client.request(method, "/_consent/erase?action=erase")
        assert answer.status_code == 405
    assert any(one.entry is not None and one.entry.subject for one in log.entries())
