"""What the package knows of vendors: hosts, inline signatures, first-party cookies, usual purpose.

The catalog matches, it never declares: what visitors are told is the policy's business.
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
