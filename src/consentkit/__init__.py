"""Cookie consent and privacy middleware for ASGI applications."""

from typing import TYPE_CHECKING

from consentkit.asgi import ConsentMiddleware, FromHeaders, get_consent, with_consent
from consentkit.consent import Consent, Decision
from consentkit.exceptions import (
    BadRequest,
    ConfigurationError,
    ConsentkitError,
    LogCorrupt,
    LogError,
    LogMissing,
    LogUnavailable,
    MissingExtra,
    OutboxFull,
    ProofInvalid,
    RewriteError,
    ScanError,
    UnknownPurpose,
)
from consentkit.policy import (
    Banner,
    ConsentMode,
    Cookie,
    Lifetime,
    ListFile,
    Place,
    Policy,
    Purpose,
    Regime,
    SignalRules,
    Site,
    Vendor,
)

if TYPE_CHECKING:
    from consentkit.asgi import FromMaxMind
    from consentkit.log import ConsentLog

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
    "FromMaxMind",
    "Lifetime",
    "ListFile",
    "LogCorrupt",
    "LogError",
    "LogMissing",
    "LogUnavailable",
    "MissingExtra",
    "OutboxFull",
    "Place",
    "Policy",
    "ProofInvalid",
    "Purpose",
    "Regime",
    "RewriteError",
    "ScanError",
    "SignalRules",
    "Site",
    "UnknownPurpose",
    "Vendor",
    "get_consent",
    "with_consent",
]


def __getattr__(name: str) -> object:
    """Load what not everybody uses when it is asked for: whoever does not, does not pay for it."""
    if name == "ConsentLog":
        from consentkit.log import ConsentLog

        return ConsentLog
    if name == "FromMaxMind":
        from consentkit.asgi import FromMaxMind

        return FromMaxMind
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
