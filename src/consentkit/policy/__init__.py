"""What the site tells its visitors: purposes, vendors, regimes, texts. Declares, reads no request."""

from consentkit.policy.duration import Duration, read_duration
from consentkit.policy.jurisdictions import Link
from consentkit.policy.lifetime import Validity
from consentkit.policy.lists import ListFile
from consentkit.policy.model import Policy
from consentkit.policy.place import Place
from consentkit.policy.regime import Regime, strictest
from consentkit.policy.tables import (
    NECESSARY,
    Banner,
    ConsentMode,
    Cookie,
    Lifetime,
    Purpose,
    SignalRules,
    Site,
    Vendor,
)

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
