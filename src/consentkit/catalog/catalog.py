"""The catalog: known vendors, and who a request or a cookie belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from consentkit.catalog.matching import CookieTable, HostTable
from consentkit.catalog.model import HostRule, KnownVendor
from consentkit.catalog.reading import PURPOSES, read_checked
from consentkit.catalog.words import WordTable
from consentkit.exceptions import ConfigurationError


class Catalog:
    """Known vendors, and who a request or a cookie belongs to.

    Args:
        vendors: The vendors; where rules are equally specific, the first one wins.

    Attributes:
        vendors: The vendors by id.
        hosts: Their rules.
        words: Their words, packages and programs.

    Raises:
        ConfigurationError: Two vendors have one id.
    """

    def __init__(self, vendors: Iterable[KnownVendor]) -> None:
        self.vendors: Mapping[str, KnownVendor] = {}
        for vendor in vendors:
            if vendor.id in self.vendors:
                raise ConfigurationError("this id is taken", path=vendor.id)
            self.vendors[vendor.id] = vendor
        known = self.vendors.values()
        self.hosts: HostTable[KnownVendor] = HostTable(
            (rule, vendor) for vendor in known for rule in vendor.hosts
        )
        self.words: WordTable[KnownVendor] = WordTable((vendor, vendor) for vendor in known)
        self._cookies = CookieTable((cookie.name, vendor) for vendor in known for cookie in vendor.cookies)

    def find(self, host: str, path: str = "/", query: str = "") -> tuple[HostRule | str, KnownVendor] | None:
        """Find the package or the most specific rule that a request falls under, and whose it is.

        Args:
            host: A host as `read_url` gives it.
            path: The request's path.
            query: The request's query.
        """
        found = self.hosts.find(host, path, query)
        return next(iter(self.words.find_packages(host, path, found and found[0]).items()), found)

    def match_host(self, host: str, path: str = "/", query: str = "") -> KnownVendor | None:
        """Find the vendor that a request belongs to; the arguments are those of `find`."""
        found = self.find(host, path, query)
        return found[1] if found else None

    def find_word(self, host: str, path: str = "/", query: str = "") -> tuple[str, KnownVendor] | None:
        """Find the program or word by which an address that no rule knows says what it is for.

        On the host of the site itself, which is left out, only programs say anything; see `WordTable`.
        """
        return self.words.find_program(path, query) or (self.words.find(host, path) if host else None)

    def match_cookie(self, name: str) -> KnownVendor | None:
        """Find the vendor whose script sets a cookie of this name on the site's own domain."""
        return self._cookies.find(name)


@cache
def default_catalog() -> Catalog:
    """Read the catalog that comes with the package; read once per process."""
    folder = Path(__file__).with_name("data")
    return Catalog(
        vendor
        for purpose in PURPOSES
        for vendor in read_checked((folder / f"{purpose}.toml").read_text("utf-8"), purpose=purpose)
    )
