"""What a visitor is shown of the log: settings and receipt; erasing it; reports; proofs; files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consentkit.exceptions import LogError, LogUnavailable
from consentkit.record import Entry
from consentkit.web.endpoints.effects import (
    Erase,
    History,
    Notify,
    Observe,
    PublicProof,
    ReadBody,
    Receipt,
    Tell,
)
from web.endpoints.driving import AT, FORM, POLICY, SUBJECT, Site, cookie_of, entry_id

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


def erase(site: Site, cookie: str, **results: Any) -> Any:
    """Ask for everything to be forgotten."""
    return site.ask(
        "/_consent/erase",
        method="POST",
        headers={**FORM, "cookie": cookie},
        results={ReadBody: b"", **results.pop("results", {})},
    )


def test_entries_are_erased_and_grants_end() -> None:
    site = Site()
    cookie = cookie_of(site.decide({"action": "save", "was": "analytics marketing", "purpose": "analytics"}))
    driven = erase(site, cookie)
    assert driven.kinds == ["Erase", "Notify"]
    assert driven.only(Erase) == Erase(SUBJECT, AT)
    assert driven.only(Notify).decision.granted == frozenset()
    assert (driven.answer.status, driven.all("location")) == (303, ["/_consent/?erased=1"])
    assert "Max-Age=0" in driven.cookies["consentkit-id"]
    assert "Max-Age=0" not in driven.cookies["consentkit"]


def test_what_cannot_be_erased_stays() -> None:
    site = Site()
    driven = erase(site, site.id_cookie(), results={Erase: LogError("no")})
    assert (driven.answer.status, driven.kinds, driven.cookies) == (503, ["Erase", "Tell"], {})
    assert driven.only(Tell) == Tell("error", "a visitor's entries cannot be erased: no")


def test_erasing_is_asked_for_on_the_site_itself() -> None:
    headers = {**FORM, "sec-fetch-site": "same-site"}
    driven = Site().ask("/_consent/erase", method="POST", headers=headers)
    assert (driven.answer.status, driven.effects) == (403, [])
    assert Site(keeps_log=False).ask("/_consent/erase", method="POST", headers=FORM).answer.status == 404


def report(site: Site, host: str, **headers: str) -> Any:
    """Send a browser's report."""
    body = {"csp-report": {"blocked-uri": f"https://{host}/x.js", "effective-directive": "script-src"}}
    return site.ask(
        "/_consent/csp",
        method="POST",
        headers={"content-type": "application/csp-report", **headers},
        results={ReadBody: json.dumps(body).encode()},
    )


def test_reports_are_counted() -> None:
    driven = report(Site(csp="report-only"), "ads.example")
    assert driven.only(Observe) == Observe("csp", ["script-src ads.example"])
    assert (driven.answer.status, driven.answer.headers) == (204, [(b"cache-control", b"no-store")])
    assert report(Site(csp="report-only"), "example.org").kinds == []
    assert report(Site(csp="report-only", keeps_log=False), "ads.example").kinds == []
    elsewhere = report(Site(csp="report-only"), "ads.example", **{"sec-fetch-site": "cross-site"})
    assert (elsewhere.answer.status, elsewhere.effects) == (403, [])


@pytest.mark.parametrize(
    ("path", "media_type", "caching"),
    [
        ("checkpoint", "text/plain; charset=utf-8", "public, max-age=5"),
        ("notices", "application/json", "public, max-age=5"),
        (f"notices/{'0' * 64}", "application/json", "public, max-age=31536000, immutable"),
        ("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
    ],
)
def test_proofs(path: str, media_type: str, caching: str) -> None:
    driven = Site().ask(f"/_consent/log/{path}", results={PublicProof: b"proof"})
    assert driven.effects == [PublicProof(path)]
    assert (driven.answer.status, driven.answer.body) == (200, b"proof")
    assert (driven.all("content-type"), driven.all("cache-control")) == ([media_type], [caching])


def test_no_proof() -> None:
    path = "/_consent/log/checkpoint"
    assert Site().ask(path).answer.status == 404
    assert Site(keeps_log=False).ask(path).answer.status == 404
    away = Site().ask(path, results={PublicProof: AWAY})
    assert (away.answer.status, away.all("retry-after")) == (503, ["5"])
    assert away.only(Tell) == Tell("warning", "the log cannot be read for a proof: away")


def test_files_by_their_old_names_as_well() -> None:
    site = Site()
    name = next(iter(site.endpoints._assets._files))
    stem, _, kind = name.split(".")
    current, old = (site.ask(f"/_consent/assets/{one}") for one in (name, f"{stem}.{'0' * 12}.{kind}"))
    assert current.answer.body == old.answer.body
    assert current.all("cache-control") == ["public, max-age=31536000, immutable"]
    assert old.all("cache-control") == ["no-cache"]
