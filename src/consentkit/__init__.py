"""Cookie consent and privacy middleware for ASGI applications."""

from consentkit.asgi import ConsentMiddleware, FromHeaders, get_consent
from consentkit.consent import Consent, Decision
from consentkit.exceptions import (
    BadRequest,
    ConfigurationError,
    ConsentkitError,
    LogCorrupt,
    LogError,
    LogUnavailable,
    MissingExtra,
    OutboxFull,
    RewriteError,
    UnknownPurpose,
)
from consentkit.log import ConsentLog
from consentkit.policy import Banner, ConsentMode, Cookie, Place, Policy, Purpose, Regime, Site, Vendor

__version__ = "0.1.0"

__all__ = [
    "BadRequest",
    "Banner",
    "ConfigurationError",
    "Consent",
    "ConsentLog",
    "ConsentMiddleware",
    "ConsentMode",
    "ConsentkitError",
    "Cookie",
    "Decision",
    "FromHeaders",
    "LogCorrupt",
    "LogError",
    "LogUnavailable",
    "MissingExtra",
    "OutboxFull",
    "Place",
    "Policy",
    "Purpose",
    "Regime",
    "RewriteError",
    "Site",
    "UnknownPurpose",
    "Vendor",
    "get_consent",
]
