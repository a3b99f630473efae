"""Cookie names, Set-Cookie values, and finding cookies in headers."""

from __future__ import annotations

import pytest

from consentkit.consent.cookies import (
    CookieOptions,
    decision_cookie_name,
    expire_cookie,
    id_cookie_name,
    once_cookie_name,
    set_decision_cookie,
    set_id_cookie,
    set_once_cookie,
)
from consentkit.consent.decision import Decision
from consentkit.exceptions import ConfigurationError
from consentkit.policy import Regime, Validity


@pytest.mark.parametrize(
    ("secure", "domain", "name"),
    [
        (True, None, "__Host-consentkit"),
        (True, "example.org", "__Secure-consentkit"),
        (False, None, "consentkit"),
        (False, "example.org", "consentkit"),
    ],
)
def test_names(secure: bool, domain: str | None, name: str) -> None:
    assert decision_cookie_name(secure, domain) == name
    assert id_cookie_name(secure, domain) == f"{name}-id"
    assert domain or once_cookie_name(secure) == f"{name}-once"


def test_set_cookie_values() -> None:
    assert set_decision_cookie("1:x", max_age=60, secure=True) == (
        "__Host-consentkit=1:x; Max-Age=60; Path=/; SameSite=Lax; Secure"
    )
    assert set_decision_cookie("1:x", max_age=60, secure=False) == (
        "consentkit=1:x; Max-Age=60; Path=/; SameSite=Lax"
    )
    domain = CookieOptions(domain=".Example.org").domain
    assert set_id_cookie("s", secure=True, domain=domain) == (
        "__Secure-consentkit-id=s; Max-Age=34560000; Path=/; SameSite=Lax; "
        "Domain=example.org; Secure; HttpOnly"
    )
    assert set_once_cookie("v", secure=True) == (
        "__Host-consentkit-once=v; Max-Age=60; Path=/; SameSite=Lax; HttpOnly; Secure"
    )
    assert set_once_cookie("", secure=False) == (
        "consentkit-once=; Max-Age=0; Path=/; SameSite=Lax; HttpOnly"
    )
    assert expire_cookie("consentkit", secure=True) == (
        "consentkit=; Max-Age=0; Path=/; SameSite=Lax; Secure"
    )


@pytest.mark.parametrize(("asked", "given"), [(10**9, 34_560_000), (-5, 0), (0, 0)])
def test_max_age_stays_within_what_browsers_allow(asked: int, given: int) -> None:
    assert f"Max-Age={given};" in set_decision_cookie("x", max_age=asked, secure=True)


@pytest.mark.parametrize("value", ["a;b", "a b", "a,b", 'a"b', "a\\b", "a\r\nSet-Cookie: b", "é"])
def test_a_value_cannot_leave_its_place(value: str) -> None:
    with pytest.raises(ConfigurationError):
        set_decision_cookie(value, max_age=1, secure=True)


@pytest.mark.parametrize("domain", ["org", "a..b", "-a.org", "a b.org", "a.org; Path=/x", "a.org\n", "é.org"])
def test_a_domain_must_be_one(domain: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^cookies\.domain: "):
        CookieOptions(domain=domain)


def test_refusals_are_kept_longer_than_grants() -> None:
    half = Validity(grant_days=180, refusal_days=180)
    granted = Decision(regime=Regime.OPT_IN, day=100, granted=frozenset({"analytics"}))
    denied = Decision(regime=Regime.OPT_IN, day=100, denied=frozenset({"analytics"}))
    assert granted.max_age(half, now=100 * 86_400) == 180 * 86_400
    assert granted.max_age(half, now=200 * 86_400) == 80 * 86_400
    assert granted.max_age(Validity(90, 180), now=200 * 86_400) == 0
    assert denied.max_age(half, now=500 * 86_400) == 400 * 86_400 == 34_560_000
