"""What a visitor is shown of the log: settings and receipt."""

from __future__ import annotations

from typing import Any

from consentkit.exceptions import LogUnavailable
from consentkit.record.entry import Entry
from consentkit.web.endpoints.effects import (
    History,
    Receipt,
    Tell,
)
from web.endpoints.driver import AT, POLICY, SUBJECT, Site, entry_id

AWAY = LogUnavailable("away")


def entry(number: int, **fields: Any) -> Entry:
    """Make an entry of the visitor's."""
    shape: dict[str, Any] = {"id": entry_id(number), "at": AT, "subject": SUBJECT}
    if "type" not in fields:
        shape |= {"regime": "opt-in", "action": "save", "source": "banner", "notice": "0" * 64}
        shape["granted"] = ("analytics",)
    return Entry(**{**shape, **fields})


def test_the_history_is_shown_without_what_never_held() -> None:
    site = Site()
    found = [
        entry(1, at="2026-01-01T08:00:00Z"),
        entry(2, at="2026-02-02T08:00:00Z"),
        entry(3, type="invalidated", previous=entry_id(2)),
        entry(4, at="2026-03-03T08:00:00Z"),
    ]
    driven = site.ask("/_consent/", headers={"cookie": site.id_cookie()}, results={History: found})
    assert driven.effects == [History(SUBJECT)]
    page = driven.answer.body.decode()
    assert page.index("2026-03-03") < page.index("2026-01-01")
    assert "2026-02-02" not in page


def test_a_history_that_is_away_is_no_reason_to_show_nothing() -> None:
    site = Site()
    driven = site.ask("/_consent/", headers={"cookie": site.id_cookie()}, results={History: AWAY})
    assert driven.answer.status == 200
    assert driven.only(Tell) == Tell("warning", "a visitor's history cannot be read: away")
    assert site.ask("/_consent/").effects == []


def test_a_receipt() -> None:
    site = Site()
    driven = site.ask("/_consent/receipt", headers={"cookie": site.id_cookie()}, results={Receipt: b"{}"})
    settings = "http://example.org/_consent/"
    assert driven.effects == [
        Receipt(subject=SUBJECT, site=POLICY.site, settings=settings, id=entry_id(1), at=AT)
    ]
    assert (driven.answer.status, driven.answer.body) == (200, b"{}")
    assert driven.all("content-type") == ["application/ld+json"]
    assert driven.all("content-length") == ["2"]


def test_no_receipt() -> None:
    site, headers = Site(), {"accept": "application/json"}
    nobody = site.ask("/_consent/receipt", headers=headers)
    assert (nobody.answer.status, nobody.effects) == (404, [])
    headers["cookie"] = site.id_cookie()
    assert site.ask("/_consent/receipt", headers=headers, results={Receipt: None}).answer.status == 404
    away = site.ask("/_consent/receipt", headers=headers, results={Receipt: AWAY})
    assert (away.answer.status, away.kinds) == (503, ["Receipt", "Tell"])
    assert away.only(Tell) == Tell("error", "a visitor's receipt cannot be made: away")
    assert Site(keeps_log=False).ask("/_consent/receipt", headers=headers).answer.status == 404
