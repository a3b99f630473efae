"""What the site tells its visitors: purposes, vendors, regimes, texts. Declares, reads no request."""

from consentkit.policy.duration import Duration, read_duration
from consentkit.policy.jurisdictions import Link, Place
from consentkit.policy.lifetime import Validity
from consentkit.policy.model import Policy
from consentkit.policy.tables import (
    NECESSARY,
    Banner,
    ConsentMode,
    Cookie,
    Lifetime,
    Purpose,
    Regime,
    SignalRules,
    Site,
    Vendor,
    strictest,
)
from consentkit.policy.vendors import ListFile

__all__ = [
    "NECESSARY",
    "Banner",
    "ConsentMode",
    "Cookie",
    "Duration",
    "Lifetime",
    "Link",
    "ListFile",
    "Place",
    "Policy",
    "Purpose",
    "Regime",
    "SignalRules",
    "Site",
    "Validity",
    "Vendor",
    "read_duration",
    "strictest",
]
