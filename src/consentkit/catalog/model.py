"""Data of a known vendor: host rules, cookies, details."""

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from consentkit.catalog.urls import read_host
from consentkit.exceptions import ConfigurationError

CatalogPurpose = Literal["necessary", "functional", "analytics", "marketing"]
StubKind = Literal["call", "form", "queue"]

_RULE = re.compile(r"([^/?#:@*\s]+|\[[0-9a-f:]+\])(?::([0-9]{1,5}))?(/[^?#\s]*)?(?:\?([^#\s]+))?\Z")

CONTAINER: Final = re.compile(
    r"(?P<element>[a-z][a-z0-9-]*)?(?:(?P<sign>[.#])(?P<word>[\w-]{3,})(?P<open>\*)?)?"
    r"(?:\[(?P<attribute>[a-z][a-z0-9-]*)\])?\Z"
)
"""An element that a script fills: ``element.class``, ``#id``, ``[attribute]``; ``*`` is any end of a word."""


class HostRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests that belong to a vendor.

    Attributes:
        host: A name in lower-case ASCII. The rule holds for it and for every name below it.
        port: The only port the rule holds for, or `None` for all.
        path: A prefix that ends where a path segment ends; empty for all.
        query: What one of the query's parameters begins with, such as ``id=G-``; empty for all.
        linked: Other sites link to pages on this host, so that its name in the text of a script says
            nothing; it counts in the attributes of elements only.
    """

    host: str
    port: int | None = None
    path: str = ""
    query: str = ""
    linked: bool = False

    @classmethod
    def parse(cls, text: str, *, linked: bool = False) -> "HostRule":
        """Read a rule written as a URL without its scheme: ``host[:port][/path][?query]``.

        Raises:
            ConfigurationError: The text is not such a rule, or the host is not what a browser would make
                of it (capitals, percent signs).
        """
        match = _RULE.match(text)
        if match is None or (host := read_host(match[1])) is None:
            raise ConfigurationError(f"expected host[:port][/path][?query], found {text!r}")
        _, port, path, query = match.groups("")
        number = int(port) if port else None
        return cls(host=host, port=number, path=path.rstrip("/"), query=query, linked=linked)

    def holds(self, path: str, query: str, port: int | None) -> bool:
        """Tell whether the rule holds for a request to its host."""
        return (
            (self.port is None or self.port == port)
            and (not self.path or path == self.path or path.startswith(self.path + "/"))
            and (not self.query or any(part.startswith(self.query) for part in query.split("&")))
        )

    @property
    def weight(self) -> tuple[int, int, bool]:
        """How specific the rule is among those of the same host: path, then query, then port."""
        return len(self.path), len(self.query), self.port is not None

    def beats(self, other: "HostRule") -> bool:
        """Tell whether the rule is more specific than another that holds for the same request."""
        return (len(self.host), self.weight) > (len(other.host), other.weight)

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.host}{port}{self.path}{'?' if self.query else ''}{self.query}"


class KnownCookie(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cookie that a vendor's script sets on the site's own domain.

    Attributes:
        name: The name, or its beginning followed by ``*``. Particular to the vendor.
        retention: How long it lasts, in words, such as ``2 years``.
    """

    name: str
    retention: str = ""


class Details(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The known facts of a vendor, with the keys of the data files.

    Attributes:
        name: What the vendor calls the service.
        description: What it does for the site, one sentence.
        privacy_policy: URL of the vendor's own policy; empty where it has none any more.
        country: Seat of the vendor, ISO 3166-1 alpha-2.
        labels: Words of host names by which services without a name of their own are recognised.
        words: The same of directories, programs and pixels in paths.
        packages: Names of its packages, which any shared CDN may deliver.
        programs: ``[path][?query]`` at the end of an address, by which its scripts and frames are
            recognised on whatever host.
        inline: How its inline snippets begin to act, such as ``fbq('init'``; quotes and spaces vary.
        cookies: Its first-party cookies.
        stubs: Globals its inline snippet defines, and what stands in for them while it is inert.
        embed: Whether its frames show content, which deserves a placeholder.
        plays: Whether that is video or audio.
        containers: Elements of pages that its script fills, which deserve one, too.
        processor: Whether it works for the site alone and, by its own terms, makes no use of what it receives
            for itself. Where that is not certain it is not set.
    """

    name: str
    description: str = ""
    privacy_policy: str = ""
    country: str = ""
    labels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    cookies: tuple[KnownCookie, ...] = ()
    stubs: Mapping[str, StubKind] = {}
    embed: bool = False
    plays: bool = False
    containers: tuple[str, ...] = ()
    processor: bool = False


class KnownVendor(Details, frozen=True, kw_only=True):
    """One vendor of the catalog.

    Attributes:
        id: Lower-case letters, digits and hyphens.
        purpose: What the service is usually used for.
        hosts: Requests that belong to it.
    """

    id: str
    purpose: CatalogPurpose
    hosts: tuple[HostRule, ...] = ()
