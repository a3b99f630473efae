"""The catalog: its data files, read once and checked when they are read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, get_args

import msgspec

from consentkit.catalog.matching import CookieTable, HostTable
from consentkit.catalog.model import CatalogPurpose, HostRule, KnownCookie, KnownVendor, StubKind
from consentkit.exceptions import ConfigurationError

PURPOSES: Final[tuple[CatalogPurpose, ...]] = get_args(CatalogPurpose)

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_GLOBAL = re.compile(r"[A-Za-z_$][\w$]*\Z")
_SIGNATURE = re.compile(r"[\w$].{4,}\Z")
_COOKIE = re.compile(r"[^\s;,=*]{3,}\*?\Z")


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vendor as it stands in a data file."""

    name: str
    description: str
    privacy_policy: str
    country: str
    hosts: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    cookies: tuple[KnownCookie, ...] = ()
    stubs: dict[str, StubKind] = {}
    embed: bool = False


class Catalog:
    """Known vendors, and who a request or a cookie belongs to.

    Args:
        vendors: The vendors; where rules are equally specific, the first one wins.

    Attributes:
        vendors: The vendors by id.

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
        self._hosts = HostTable((rule, vendor) for vendor in known for rule in vendor.hosts)
        self._cookies = CookieTable((cookie.name, vendor) for vendor in known for cookie in vendor.cookies)

    def match_host(self, host: str, path: str = "/", query: str = "") -> KnownVendor | None:
        """Find the vendor that a request belongs to.

        Args:
            host: A host as `read_url` gives it.
            path: The request's path.
            query: The request's query.

        Returns:
            The vendor of the most specific rule, or `None`.
        """
        found = self._hosts.find(host, path, query)
        return found[1] if found else None

    def match_cookie(self, name: str) -> KnownVendor | None:
        """Find the vendor whose script sets a cookie of this name on the site's own domain."""
        return self._cookies.find(name)


@cache
def default_catalog() -> Catalog:
    """Read the catalog that comes with the package; read once per process."""
    folder = resources.files("consentkit.catalog") / "data"
    return Catalog(
        vendor
        for purpose in PURPOSES
        for vendor in read_vendors((folder / f"{purpose}.toml").read_text("utf-8"), purpose=purpose)
    )


def read_vendors(text: str, *, purpose: CatalogPurpose) -> Iterator[KnownVendor]:
    """Read one data file.

    Args:
        text: TOML, one table per vendor, sorted by id.
        purpose: The purpose of every vendor in it.

    Yields:
        The vendors in the file's order.

    Raises:
        ConfigurationError: The text is not TOML, or a vendor is not as it must be; names the vendor and key.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"not TOML: {error}", path=purpose) from error
    if list(tables) != sorted(tables):
        late = next(b for a, b in zip(tables, list(tables)[1:], strict=False) if a > b)
        raise ConfigurationError("vendors are sorted by id, this one is late", path=f"{purpose}.{late}")
    for vendor_id, table in tables.items():
        yield _vendor(vendor_id, table, purpose)


def _vendor(vendor_id: str, table: Any, purpose: CatalogPurpose) -> KnownVendor:
    path = f"{purpose}.{vendor_id}"
    try:
        entry = msgspec.convert(table, _Table)
    except msgspec.ValidationError as error:
        raise ConfigurationError(str(error), path=path) from error
    _require(_ID.match(vendor_id), f"expected lower-case words and hyphens, found {vendor_id!r}", path)
    _check(entry, path)
    return KnownVendor(
        id=vendor_id,
        name=entry.name,
        purpose=purpose,
        description=entry.description,
        privacy_policy=entry.privacy_policy,
        country=entry.country,
        hosts=_rules(entry, path),
        inline=entry.inline,
        cookies=entry.cookies,
        stubs=entry.stubs,
        embed=entry.embed,
    )


def _rules(entry: _Table, path: str) -> tuple[HostRule, ...]:
    try:
        rules = [HostRule.parse(text) for text in entry.hosts]
        rules += [HostRule.parse(text, linked=True) for text in entry.linked]
    except ConfigurationError as error:
        raise ConfigurationError(error.problem, path=f"{path}.hosts") from error
    for rule in rules:
        _require("." in rule.host, f"one label would match too much: {rule.host!r}", f"{path}.hosts")
    return tuple(rules)


def _check(entry: _Table, path: str) -> None:
    """Check what types do not say."""
    _require(entry.name.strip() and entry.description.strip(), "name and description are needed", path)
    _require(entry.privacy_policy.startswith("https://"), "expected an https URL", f"{path}.privacy_policy")
    _require(_COUNTRY.match(entry.country), "expected two capital letters", f"{path}.country")
    for cookie in entry.cookies:
        _require(_COOKIE.match(cookie.name), f"not a usable name: {cookie.name!r}", f"{path}.cookies")
    for name in entry.stubs:
        _require(_GLOBAL.match(name), f"not the name of a global: {name!r}", f"{path}.stubs")
    for signature in entry.inline:
        _require(_SIGNATURE.match(signature), f"expected a word and more: {signature!r}", f"{path}.inline")


def _require(condition: object, problem: str, path: str) -> None:
    if not condition:
        raise ConfigurationError(problem, path=path)
