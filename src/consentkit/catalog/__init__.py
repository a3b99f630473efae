"""The catalog of known vendors: hosts, inline signatures, first-party cookies, usual purpose.

It is used for matching only; what visitors read about vendors comes from the policy.
"""

from consentkit.catalog.catalog import Catalog as Catalog
from consentkit.catalog.catalog import CookieTable as CookieTable
from consentkit.catalog.catalog import HostTable as HostTable
from consentkit.catalog.catalog import default_catalog as default_catalog
from consentkit.catalog.catalog import is_shared as is_shared
from consentkit.catalog.model import CONTAINER as CONTAINER
from consentkit.catalog.model import HostRule as HostRule
from consentkit.catalog.model import KnownVendor as KnownVendor
from consentkit.catalog.urls import OWN_PAGE as OWN_PAGE
from consentkit.catalog.urls import UNREADABLE as UNREADABLE
from consentkit.catalog.urls import URL as URL
from consentkit.catalog.urls import read_url as read_url
from consentkit.catalog.urls import safe_path as safe_path
