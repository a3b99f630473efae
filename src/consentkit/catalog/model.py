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
"""Selector of what a script fills: ``element.class``, ``#id``, ``[attribute]``; ``*`` at the end."""


class HostRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests that belong to a vendor.

    Attributes:
        host: A name in lower-case ASCII. The rule applies to it and its subdomains.
        port: The only port that the rule applies to, or `None` for all.
        path: A prefix of whole path segments; empty for all.
        query: The beginning of one of the query's parameters, such as ``id=G-``; empty for all.
        linked: Whether other sites link to pages on this host, so that its name in a script proves nothing;
            then it counts in attributes of elements only.
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
            ConfigurationError: The text is not such a rule, or its host is not a valid host.
        """
        match = _RULE.match(text)
        if match is None or (host := read_host(match[1])) is None:
            raise ConfigurationError(f"expected host[:port][/path][?query], found {text!r}")
        _, port, path, query = match.groups("")
        number = int(port) if port else None
        return cls(host=host, port=number, path=path.rstrip("/"), query=query, linked=linked)

    def holds(self, path: str, query: str, port: int | None) -> bool:
        """Say whether the rule applies to a request to its host."""
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
        """Say whether the rule is more specific than another one for the same request."""
        return (len(self.host), self.weight) > (len(other.host), other.weight)

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.host}{port}{self.path}{'?' if self.query else ''}{self.query}"


class KnownCookie(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cookie that a vendor's script sets on the site's own domain.

    Attributes:
        name: The name, or its beginning followed by ``*``. Never a generic name.
        retention: How long it lasts, such as ``2 years``.
    """

    name: str
    retention: str = ""


class Details(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The known facts of a vendor, with the keys of the data files.

    Attributes:
        name: The name of the service.
        description: What it does for the site, one sentence.
        privacy_policy: URL of the vendor's policy; empty if it no longer exists.
        country: Seat of the vendor, ISO 3166-1 alpha-2.
        labels: Words in host names by which unnamed services are recognised.
        words: Words in the directories, scripts and pixels of paths, for the same purpose.
        packages: Names of its packages on shared CDNs.
        programs: ``[path][?query]`` at the end of an address, by which its scripts and frames are recognised
            on any host.
        inline: Signatures of its inline snippets, such as ``fbq('init'``; quotes and spaces may differ.
        cookies: Its first-party cookies.
        stubs: Globals that its inline snippet defines, with the kind of stub that replaces each.
        embed: Whether its frames show content and get a placeholder.
        plays: Whether that content is video or audio.
        containers: Selectors of elements that its script fills; these get a placeholder, too.
        processor: Whether, by its own terms, it uses the data for the site only and not for itself. False if
            that is not certain.
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
