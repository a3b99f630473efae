"""The catalog of known vendors: hosts, inline signatures, first-party cookies, usual purpose.

It is used for matching only; what visitors read about vendors comes from the policy.
"""

from consentkit.catalog.catalog import Catalog, CookieTable, HostTable, default_catalog, is_shared
from consentkit.catalog.model import CONTAINER, HostRule, KnownVendor
from consentkit.catalog.urls import OWN_PAGE, UNREADABLE, URL, read_url, safe_path

__all__ = [
    "CONTAINER",
    "OWN_PAGE",
    "UNREADABLE",
    "URL",
    "Catalog",
    "CookieTable",
    "HostRule",
    "HostTable",
    "KnownVendor",
    "default_catalog",
    "is_shared",
    "read_url",
    "safe_path",
]
