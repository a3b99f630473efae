"""Where the visitor is: from headers that the site trusts, or from an address and a file of MaxMind's."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from consentkit.exceptions import ConfigurationError, MissingExtra
from consentkit.policy import Place

if TYPE_CHECKING:
    from maxminddb import Reader

CHECK_SECONDS: Final = 60
"""How long a file that was replaced may go unnoticed."""

Address: TypeAlias = "IPv4Address | IPv6Address"
Scope: TypeAlias = Mapping[str, Any]
Client: TypeAlias = Callable[[Scope], "str | None"]

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2: token
_logger = logging.getLogger("consentkit")


class FromHeaders:
    """Read the place from headers that a proxy or CDN in front of the site sets.

    Name only headers that your proxy overwrites: a visitor can send any other. A header that is missing,
    repeated with different values, or no ISO 3166 code leaves the place unknown, for which the strictest
    regime holds.

    Args:
        country: Header with the ISO 3166-1 alpha-2 code, such as ``CF-IPCountry``.
        region: Header with the ISO 3166-2 part, such as ``CF-Region-Code``; ``None`` where there is none.

    Raises:
        ConfigurationError: A name that no header can have.
    """

    def __init__(self, country: str, region: str | None = None) -> None:
        for name in (country, region):
            if name is not None and not _HEADER.fullmatch(name):
                raise ConfigurationError(
                    f"expected a header name such as CF-IPCountry, got {name!r}", path="place"
                )
        self._country = country.lower().encode("ascii")
        self._region = region.lower().encode("ascii") if region else None
        self.headers: tuple[str, ...] = tuple(name for name in (country, region) if name)
        """Names of the headers, for ``Vary``."""

    def __call__(self, scope: Scope) -> Place | None:
        """Return the place, or ``None`` where the headers do not tell."""
        country = _only(scope, self._country)
        if not country:
            return None
        return Place(country=country, region=_only(scope, self._region) if self._region else "")


class FromMaxMind:
    """Look the visitor's address up in a MaxMind DB file, such as GeoLite2-City or GeoLite2-Country.

    The file is opened once here, to see that it is one, and again by each process at the first look-up. A new
    one is noticed within a minute; while it cannot be read, the old one serves on. Rename the new file to its
    name, as MaxMind's own updater does: it is mapped into memory, so never write into it.

    The address is neither kept nor logged. One that is not public, such as a proxy's in your own network,
    leaves the place unknown, for which the strictest regime holds.

    Args:
        path: The file.
        client: Finds the address in the ASGI scope. By default it is ``scope["client"]``; no header is read.

    Raises:
        ConfigurationError: The file is missing or is none of that format.
        MissingExtra: The library ``maxminddb`` is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], *, client: Client | None = None) -> None:
        self._file = _File(Path(path))
        self._client = client or _peer
        self.headers: tuple[str, ...] = tuple(getattr(client, "headers", ()))
        """Names of the headers that `client` says it reads, for ``Vary``."""

    def __call__(self, scope: Scope) -> Place | None:
        """Return the place, or ``None`` where the file does not tell."""
        address = _public(self._client(scope))
        return None if address is None else _place(self._file.find(address))


class _File:
    """A file, opened again when it was replaced. Safe to use from any thread, and after a fork."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._forget()
        _open(path).close()

    def find(self, address: Address) -> object:
        """Return what the file says of an address, ``None`` for nothing."""
        reader = self._current()
        if reader is None:
            return None
        try:
            return reader.get(address)
        except ValueError:  # the file has addresses of the other version only
            return None
        except RuntimeError:  # what maxminddb's own error is
            self._say(f"place: the file {str(self._path)!r} is damaged")
            return None

    def _forget(self) -> None:
        """Begin anew: what the parent of a forked process has opened, or was about to, is the parent's."""
        self._process = os.getpid()
        self._guard = threading.Lock()
        self._reader: Reader | None = None
        self._stamp: object = None
        self._said = ""
        self._due = 0.0

    def _current(self) -> Reader | None:
        """Return what was opened last. One caller at a time looks for a new file; the others do not wait."""
        if self._process != os.getpid():
            self._forget()
        if monotonic() >= self._due and self._guard.acquire(blocking=self._reader is None):
            try:
                if monotonic() >= self._due:
                    self._renew()
            finally:
                self._guard.release()
        return self._reader

    def _renew(self) -> None:
        self._due = monotonic() + CHECK_SECONDS
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._reader, self._stamp, self._said = _open(self._path), stamp, ""
        except ConfigurationError as error:
            self._say(f"{error}; {'the old one serves on' if self._reader else 'no place is known'}")

    def _say(self, problem: str) -> None:
        """Log a problem once."""
        if problem != self._said:
            self._said = problem
            _logger.error("%s", problem)


def _peer(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _public(text: str | None) -> Address | None:
    """Read an address; one that is not valid, or says nothing of where anybody is, is none."""
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    return address if address.is_global else None


def _place(record: object) -> Place | None:
    country = _code(_part(record, "country"))
    regions = _part(record, "subdivisions")
    region = _code(regions[0]) if isinstance(regions, Sequence) and regions else ""
    return Place(country=country, region=region) if country else None


def _code(part: object) -> str:
    code = _part(part, "iso_code")
    return code if isinstance(code, str) else ""


def _part(record: object, key: str) -> object:
    return record.get(key) if isinstance(record, Mapping) else None


def _stamp(path: Path) -> object:
    """Return what differs between a file and the one that takes its place."""
    try:
        found = path.stat()
    except OSError as error:
        raise _missing(path) from error
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _open(path: Path) -> Reader:
    try:
        import maxminddb
    except ImportError as error:
        raise MissingExtra("FromMaxMind", extra="maxmind") from error
    try:
        return maxminddb.open_database(path)
    except OSError as error:
        raise _missing(path) from error
    except (maxminddb.InvalidDatabaseError, LookupError, TypeError, ValueError) as error:
        problem = (
            f"expected an unpacked MaxMind DB file such as GeoLite2-City.mmdb, and {str(path)!r} is none"
        )
        raise ConfigurationError(problem, path="place") from error


def _missing(path: Path) -> ConfigurationError:
    problem = f"there is no file {str(path)!r} that can be read: put MaxMind's database there"
    return ConfigurationError(problem, path="place")


def _only(scope: Scope, header: bytes) -> str:
    values = {value for name, value in scope["headers"] if name == header}
    return values.pop().decode("latin-1") if len(values) == 1 else ""
