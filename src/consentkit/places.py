"""Finds a visitor's place: from trusted headers, or from the IP address and a MaxMind file."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, MutableMapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from consentkit.exceptions import ConfigurationError, MissingExtra
from consentkit.policy import Place

if TYPE_CHECKING:
    from maxminddb import Reader

CHECK_SECONDS: Final = 60
"""Seconds between two checks whether the file was replaced."""

Scope: TypeAlias = MutableMapping[str, Any]
Client: TypeAlias = Callable[[Scope], "str | None"]

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2: token
_logger = logging.getLogger("consentkit")


class FromHeaders:
    """Read the place from headers that a proxy or CDN in front of the site sets.

    Name only headers that your proxy overwrites: a visitor can send any other. A header that is missing,
    repeated with different values, or no ISO 3166 code leaves the place unknown: the strictest regime
    applies.

    Args:
        country: Header with the ISO 3166-1 alpha-2 code, such as ``CF-IPCountry``.
        region: Header with the ISO 3166-2 part, such as ``CF-Region-Code``; ``None`` where there is none.

    Raises:
        ConfigurationError: A name that no header can have.
    """

    def __init__(self, country: str, region: str | None = None) -> None:
        for name in (country, region):
            if name is not None and not _HEADER.fullmatch(name):
                problem = f"expected a header name such as CF-IPCountry, got {name!r}"
                raise ConfigurationError(problem, path="place")
        self._country = country.lower().encode("ascii")
        self._region = region.lower().encode("ascii") if region else None
        self.headers: tuple[str, ...] = tuple(name for name in (country, region) if name)
        """Names of the headers, for ``Vary``."""

    def __call__(self, scope: Scope) -> Place | None:
        """Return the place, or ``None`` if the headers do not say."""
        country = _single_value(scope, self._country)
        if not country:
            return None
        return Place(country=country, region=_single_value(scope, self._region) if self._region else "")


def _single_value(scope: Scope, header: bytes) -> str:
    values = {value for name, value in scope["headers"] if name == header}
    return values.pop().decode("latin-1") if len(values) == 1 else ""


class FromMaxMind:
    """Look the visitor's address up in a MaxMind DB file, such as GeoLite2-City or GeoLite2-Country.

    A new file is noticed within a minute; while it cannot be read, the old one stays in use. Replace the file
    by renaming, as MaxMind's own updater does, and never write into it: it is mapped into memory.

    The address is neither kept nor logged. One that is not public, such as a proxy's in your own network,
    leaves the place unknown: the strictest regime applies.

    Args:
        path: The file.
        client: Finds the address in the ASGI scope. By default it is ``scope["client"]``; no header is read.

    Raises:
        ConfigurationError: The file is missing or is none of that format.
        MissingExtra: The library ``maxminddb`` is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], *, client: Client | None = None) -> None:
        self._path = Path(path)
        self._client = client or _peer
        self.headers: tuple[str, ...] = tuple(getattr(client, "headers", ()))
        """Names of the headers that `client` says it reads, for ``Vary``."""
        self._stamp = _stamp(self._path)
        self._reader = _open(self._path)  # mapped read-only: forked processes share it
        self._due = monotonic() + CHECK_SECONDS
        self._reported = ""

    def __call__(self, scope: Scope) -> Place | None:
        """Return the place, or ``None`` if the file does not know the address."""
        address = _public_address(self._client(scope))
        if address is None:
            return None
        if monotonic() >= self._due:
            self._reload()
        try:
            return _place(self._reader.get(address))
        except ValueError:  # an IPv6 address, and a file with IPv4 only
            return None
        except RuntimeError:  # maxminddb.InvalidDatabaseError
            self._report(f"place: the file {str(self._path)!r} is damaged")
            return None

    def _reload(self) -> None:
        """Open the file if it was replaced."""
        # Set first, so that other threads go on with the old file meanwhile.
        self._due = monotonic() + CHECK_SECONDS
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._reader, self._stamp, self._reported = _open(self._path), stamp, ""
        except ConfigurationError as error:
            self._report(f"{error}; the old one serves on")

    def _report(self, problem: str) -> None:
        """Log a problem once."""
        if problem != self._reported:
            self._reported = problem
            _logger.error("%s", problem)


class _Named(msgspec.Struct, frozen=True):
    iso_code: str = ""


class _Record(msgspec.Struct, frozen=True):
    """The fields that are read from a record of the file."""

    country: _Named = _Named()
    subdivisions: tuple[_Named, ...] = ()


def _place(found: object) -> Place | None:
    try:
        record = msgspec.convert(found, type=_Record)
    except msgspec.ValidationError:
        return None
    region = record.subdivisions[0].iso_code if record.subdivisions else ""
    return Place(country=record.country.iso_code, region=region) if record.country.iso_code else None


def _peer(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _public_address(text: str | None) -> IPv4Address | IPv6Address | None:
    """Read an address; ``None`` if it is invalid or not public."""
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    return address if address.is_global else None


def _stamp(path: Path) -> object:
    """Return a value that changes when the file is replaced; ``None`` if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _open(path: Path) -> Reader:
    try:
        import maxminddb
    except ImportError as error:
        raise MissingExtra("FromMaxMind", extra="maxmind") from error
    try:
        return maxminddb.open_database(path)
    except OSError as error:
        problem = f"there is no file {str(path)!r} that can be read: put MaxMind's database there"
        raise ConfigurationError(problem, path="place") from error
    except (maxminddb.InvalidDatabaseError, LookupError, TypeError, ValueError) as error:
        expected = "expected an unpacked MaxMind DB file such as GeoLite2-City.mmdb"
        raise ConfigurationError(f"{expected}, and {str(path)!r} is none", path="place") from error
