"""What the package knows of vendors: hosts, inline signatures, first-party cookies, usual purpose.

The catalog matches, it never declares: what visitors are told is the policy's business.
"""

from consentkit.catalog.catalog import Catalog, CookieTable, HostTable, default_catalog
from consentkit.catalog.hostnames import UNREADABLE
from consentkit.catalog.model import CONTAINER, HostRule, KnownVendor
from consentkit.catalog.urls import OWN_PAGE, URL, read_url, safe_path

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
    "read_url",
    "safe_path",
]
