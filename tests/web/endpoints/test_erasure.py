"""A visitor's entries are erased, and grants with them."""

from __future__ import annotations

from consentkit.exceptions import LogError
from consentkit.web.endpoints.effects import Erase, Notify, ReadBody, Tell
from web.endpoints.driver import AT, FORM, SUBJECT, Driven, Results, Site, cookie_of


def erase(site: Site, cookie: str, results: Results | None = None) -> Driven:
    """Ask for everything to be forgotten."""
    headers = {**FORM, "cookie": cookie}
    return site.ask(
        "/_consent/erase", method="POST", headers=headers, results={ReadBody: b"", **(results or {})}
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
    driven = erase(site, site.id_cookie(), {Erase: LogError("no")})
    assert (driven.answer.status, driven.kinds, driven.cookies) == (503, ["Erase", "Tell"], {})
    assert driven.only(Tell) == Tell("error", "a visitor's entries cannot be erased: no")


def test_erasing_is_asked_for_on_the_site_itself() -> None:
    headers = {**FORM, "sec-fetch-site": "same-site"}
    driven = Site().ask("/_consent/erase", method="POST", headers=headers)
    assert (driven.answer.status, driven.effects) == (403, [])
    assert Site(keeps_log=False).ask("/_consent/erase", method="POST", headers=FORM).answer.status == 404
