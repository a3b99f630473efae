"""Cookie consent and privacy middleware for ASGI applications."""

from typing import TYPE_CHECKING

from consentkit.asgi import ConsentMiddleware, get_consent, with_consent
from consentkit.consent.consent import Consent
from consentkit.consent.cookies import CookieOptions
from consentkit.consent.decision import Decision
from consentkit.exceptions import ConfigurationError, UnknownPurpose
from consentkit.places import FromHeaders, FromMaxMind
from consentkit.policy import ListFile, Place, Policy, Purpose, Vendor

if TYPE_CHECKING:
    from consentkit.log import ConsentLog

__version__ = "0.1.0"

__all__ = [
    "ConfigurationError",
    "Consent",
    "ConsentLog",
    "ConsentMiddleware",
    "CookieOptions",
    "Decision",
    "FromHeaders",
    "FromMaxMind",
    "ListFile",
    "Place",
    "Policy",
    "Purpose",
    "UnknownPurpose",
    "Vendor",
    "get_consent",
    "with_consent",
]


def __getattr__(name: str) -> object:
    """Import `ConsentLog` on first use: it takes half as long to import as everything else here."""
    if name == "ConsentLog":
        from consentkit.log import ConsentLog

        return ConsentLog
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
