"""Decisions: what is asked of the log, in which order, and what holds when it cannot."""

from __future__ import annotations

import json
from hashlib import sha256

from consentkit.banner.banner import make_notice
from consentkit.consent.notice import Notice
from consentkit.exceptions import LogError, LogUnavailable
from consentkit.web.endpoints.effects import (
    Append,
    Honour,
    Invalidate,
    Notify,
    Published,
    ReadBody,
    Tell,
)
from consentkit.web.endpoints.submission import MAX_BODY
from web.endpoints.driver import AT, FORM, JSON, NOW, SUBJECT, Site, cookie_of, entry_id

ALL = ("analytics", "functional", "marketing")
AWAY = LogUnavailable("away")


def earlier(site: Site) -> Notice:
    """Return a notice that is not shown any more: another visitor's."""
    notice = make_notice(site.options.policy, site.exchange("/").consent, "de")
    assert notice.hash
    return notice


def test_another_site_is_refused_before_anything_is_asked_of_the_shell() -> None:
    driven = Site().ask("/_consent/decision", method="POST", headers={**FORM, "sec-fetch-site": "cross-site"})
    assert (driven.answer.status, driven.effects) == (403, [])


def test_operators_are_told_of_a_host_that_is_another() -> None:
    headers = {"content-type": FORM["content-type"], "origin": "https://example.com"}
    driven = Site().ask("/_consent/decision", method="POST", headers=headers)
    assert driven.answer.status == 403
    (told,) = driven.effects
    assert isinstance(told, Tell)
    assert (told.level, told.topic) == ("warning", "host")
    assert "Origin is 'https://example.com', Host is 'example.org'" in told.text


def test_a_body_that_says_it_is_too_long_is_not_read() -> None:
    headers = {**FORM, "content-length": str(MAX_BODY + 1)}
    driven = Site().ask("/_consent/decision", method="POST", headers=headers)
    assert (driven.answer.status, driven.effects) == (413, [])


def test_a_grant_is_appended_with_its_notice_and_then_told() -> None:
    site = Site()
    driven = site.decide({"action": "accept"})
    assert driven.effects[0] == ReadBody(MAX_BODY)
    assert driven.kinds == ["Append", "Notify"]
    append = driven.only(Append)
    entry = append.entry
    assert (entry.id, entry.at, entry.subject) == (entry_id(1), AT, SUBJECT)
    assert (entry.action, entry.source, entry.granted, entry.denied) == ("accept_all", "banner", ALL, ())
    assert append.bundle.hash == entry.notice == sha256(append.bundle.body).hexdigest()
    assert append.bundle.assets.keys()
    assert driven.only(Notify).decision.granted == frozenset(ALL)
    assert (driven.answer.status, driven.answer.body) == (303, b"")
    assert driven.all("location") == ["/story"]
    assert driven.all("clear-site-data") == ['"prefetchCache", "prerenderCache"']
    assert [line.partition("=")[0] for line in driven.all("set-cookie")] == ["consentkit", "consentkit-id"]
    assert site.exchange("/", headers={"cookie": cookie_of(driven)}).consent.granted >= {*ALL}


def test_a_notice_that_is_in_the_log_is_not_sent_again() -> None:
    site = Site()
    assert site.decide({"action": "accept"}).only(Append).bundle is not None
    assert site.decide({"action": "accept"}).only(Append).bundle is None


def test_a_log_that_was_restored_gets_the_notice_again() -> None:
    site = Site()
    site.decide({"action": "accept"})

    restored = LogError("names a notice that is not in the log")
    assert site.decide({"action": "accept"}, results={Append: restored}).answer.status == 503
    assert site.decide({"action": "accept"}).only(Append).bundle is not None


def test_a_refusal_goes_along_with_its_notice_every_time() -> None:
    """A log that was restored to an earlier moment may not have it any more."""
    site = Site()
    for _ in range(2):
        driven = site.decide({"action": "reject"})
        assert driven.kinds == ["Honour", "Notify"]
        assert driven.only(Honour).entry.subject is None
        assert driven.only(Honour).bundle is not None
        assert driven.answer.status == 303
        assert driven.cookies.keys() == {"consentkit"}


def test_a_refusal_that_the_log_does_not_take_holds_all_the_same() -> None:
    driven = Site().decide({"action": "reject"}, results={Honour: LogError("no")})
    assert driven.kinds == ["Honour", "Tell", "Notify"]
    text = "a refusal is honoured, but the consent log does not take it: no"
    assert driven.only(Tell) == Tell("error", text)
    assert driven.cookies.keys() == {"consentkit"}


def test_a_grant_that_the_log_does_not_take_is_not_honoured() -> None:
    driven = Site().decide({"action": "accept"}, results={Append: AWAY})
    assert driven.kinds == ["Append", "Tell"]
    text = "a grant is not honoured, because the consent log cannot take it: away"
    assert driven.only(Tell) == Tell("error", text)
    assert (driven.answer.status, driven.all("retry-after")) == (503, ["5"])
    assert driven.cookies == {}


def test_what_is_refused_beside_it_is_honoured() -> None:
    fields = {"action": "save", "was": "analytics marketing", "purpose": "analytics"}
    driven = Site().decide(fields, results={Append: AWAY})
    assert driven.kinds == ["Append", "Tell", "Honour", "Notify"]
    entry = driven.only(Honour).entry
    assert (entry.granted, entry.subject) == ((), None)
    assert "marketing" in entry.denied
    assert driven.answer.status == 503
    assert driven.cookies.keys() == {"consentkit"}


def test_a_grant_whose_outcome_is_not_known_is_declared_void() -> None:
    fields = {"action": "save", "was": "analytics marketing", "purpose": "analytics"}
    driven = Site().decide(fields, results={Append: LogUnavailable("slow", unknown=True)})
    assert driven.kinds == ["Append", "Tell", "Invalidate", "Honour", "Notify"]
    assert driven.only(Invalidate) == Invalidate(driven.only(Append).entry, entry_id(2), AT)
    assert driven.only(Honour).entry.id == entry_id(3)


LATER = NOW + 170 * 86_400


def chosen(site: Site, fields: dict[str, str]) -> dict[str, str]:
    """Choose now; return the headers of that visitor."""
    return {"cookie": cookie_of(site.decide(fields))}


def test_what_is_granted_is_not_prolonged_without_an_entry() -> None:
    site = Site()
    before = chosen(site, {"action": "accept"})
    again = {"action": "accept", "return_to": "/_consent/settings"}
    driven = site.decide(again, headers=before, now=LATER, results={Append: AWAY})
    assert driven.kinds == ["Append", "Tell"]
    assert (driven.answer.status, driven.cookies) == (503, {})
    recorded = site.decide(again, headers=before, now=LATER)
    assert recorded.kinds == ["Append", "Notify"]
    assert recorded.only(Notify).decision.day == LATER // 86_400


def test_what_is_kept_beside_a_withdrawal_is_not_prolonged_without_an_entry() -> None:
    site = Site()
    before = chosen(site, {"action": "accept"})
    fields = {"action": "save", "was": "analytics marketing functional", "purpose": "analytics"}
    driven = site.decide(fields, headers=before, now=LATER, results={Append: AWAY})
    assert driven.kinds == ["Append", "Tell", "Honour", "Notify"]
    kept = driven.only(Notify).decision
    assert (kept.granted, kept.day) == ({"analytics"}, NOW // 86_400)
    assert driven.only(Honour).entry.expires == "2027-07-14T00:00:00Z"
    assert driven.answer.status == 303
    same_day = site.decide(fields, headers=before, results={Append: AWAY})
    assert same_day.kinds == ["Honour", "Notify"]
    older_page = site.decide({**fields, "notice": "0" * 64}, headers=before, now=LATER)
    assert older_page.only(Notify).decision.day == NOW // 86_400


def test_without_a_log_nothing_is_recorded() -> None:
    driven = Site(keeps_log=False).decide({"action": "accept"})
    assert driven.kinds == ["Notify"]
    assert driven.cookies.keys() == {"consentkit"}


def test_an_earlier_notice_is_looked_up() -> None:
    site = Site()
    notice = earlier(site)
    fields = {"action": "accept", "notice": notice.hash, "locale": "nonsense"}
    driven = site.decide(fields, results={Published: notice.body})
    assert driven.kinds == ["Published", "Append", "Notify"]
    assert driven.only(Published) == Published(notice.hash)
    assert (driven.only(Append).bundle, driven.only(Append).entry.locale) == (None, "de")


def test_a_notice_that_nobody_knows_grants_nothing() -> None:
    driven = Site().decide({"action": "accept", "notice": "0" * 64})
    assert (driven.kinds, driven.answer.status) == (["Published"], 409)
    refused = Site().decide({"action": "reject", "notice": "0" * 64}, results={Published: AWAY})
    assert refused.kinds == ["Published", "Tell", "Honour", "Notify"]
    assert refused.only(Tell) == Tell("warning", "an earlier notice cannot be looked up: away")
    assert refused.answer.status == 409
    assert refused.cookies.keys() == {"consentkit"}


def test_an_older_page_takes_no_refusal_back() -> None:
    site = Site()
    cookie = cookie_of(site.decide({"action": "reject"}))
    fields = {"action": "save", "was": "analytics", "purpose": "analytics", "made_for": ""}
    driven = site.decide(fields, headers={"cookie": cookie, "accept": "application/json"})
    assert (driven.kinds, driven.answer.status) == ([], 409)
    told = json.loads(driven.answer.body)
    assert told["reload"] is True
    assert set(told["denied"]) == {*ALL}


def test_an_embed_is_allowed_once() -> None:
    driven = Site().decide({"action": "allow", "vendor": "youtube", "once": "1"})
    assert driven.kinds == ["Append"]
    entry = driven.only(Append).entry
    assert (entry.action, entry.subject, entry.expires) == ("allow_vendor", None, "2027-01-15T08:01:00Z")
    assert driven.cookies.keys() == {"consentkit-once"}


def test_a_client_is_told_what_holds_now() -> None:
    site = Site()
    notice = make_notice(site.options.policy, site.exchange("/").consent, "en")
    body = json.dumps({"granted": ["analytics"], "notice": notice.hash, "locale": "en"}).encode()
    driven = site.ask("/_consent/decision", method="POST", headers=JSON, results={ReadBody: body})
    told = json.loads(driven.answer.body)
    assert (told["granted"], told["reload"], told["source"]) == (["analytics", "necessary"], True, "api")
    assert driven.all("content-type") == ["application/json"]
