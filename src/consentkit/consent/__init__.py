"""The visitor's decision, its cookie, and what holds now. Reads no clock: `now` is passed in."""

from consentkit.consent.choosing import forget
from consentkit.consent.codec import DecisionCodec
from consentkit.consent.consent import UNTOLD, Consent
from consentkit.consent.cookies import CookieOptions, decision_cookie_name
from consentkit.consent.decision import INVALID, ONCE_SECONDS, Decision, Invalid, Source
from consentkit.consent.notice import Notice, Shown, ShownPurpose, ShownVendor, Terms, on_terms, read_terms
from consentkit.consent.resolving import resolve

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
    "Shown",
    "ShownPurpose",
    "ShownVendor",
    "Source",
    "Terms",
    "decision_cookie_name",
    "forget",
    "on_terms",
    "read_terms",
    "resolve",
]
