"""The visitor's decision, its cookie, and what holds now. Reads no clock: `now` is passed in."""

from consentkit.consent.choice import forget
from consentkit.consent.consent import UNTOLD, Consent, resolve
from consentkit.consent.cookies import ONCE_SECONDS, CookieOptions, DecisionCodec, decision_cookie_name
from consentkit.consent.decision import INVALID, Decision, Invalid, Source
from consentkit.consent.notice import Notice, Shown, ShownPurpose, ShownVendor, on_terms, read_terms

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
    "decision_cookie_name",
    "forget",
    "on_terms",
    "read_terms",
    "resolve",
]
