"""The visitor's decision, its cookie, and what holds now. Reads no clock: `now` is passed in."""

from consentkit.consent.choosing import accept, allow, choose, forget, reject
from consentkit.consent.codec import DecisionCodec, OnceCodec, SubjectCodec
from consentkit.consent.consent import UNTOLD, Consent
from consentkit.consent.cookies import (
    CookieOptions,
    check_cookie_domain,
    decision_cookie_name,
    expire_cookie,
    id_cookie_name,
    once_cookie_name,
    set_decision_cookie,
    set_id_cookie,
    set_once_cookie,
)
from consentkit.consent.decision import INVALID, ONCE_SECONDS, Decision, Invalid, Source
from consentkit.consent.notice import Notice
from consentkit.consent.resolving import resolve
from consentkit.consent.shown import Shown, ShownPurpose, ShownVendor
from consentkit.consent.terms import Terms, on_terms, read_terms

__all__ = [
    "INVALID",
    "ONCE_SECONDS",
    "UNTOLD",
    "Consent",
    "CookieOptions",
    "Decision",
    "DecisionCodec",
    "Invalid",
    "Notice",
    "OnceCodec",
    "Shown",
    "ShownPurpose",
    "ShownVendor",
    "Source",
    "SubjectCodec",
    "Terms",
    "accept",
    "allow",
    "check_cookie_domain",
    "choose",
    "decision_cookie_name",
    "expire_cookie",
    "forget",
    "id_cookie_name",
    "on_terms",
    "once_cookie_name",
    "read_terms",
    "reject",
    "resolve",
    "set_decision_cookie",
    "set_id_cookie",
    "set_once_cookie",
]
