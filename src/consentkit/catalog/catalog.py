"""The catalog: known vendors, and look-up tables for requests and cookies.

Unknown trackers are recognised by words: ``pixel.`` in a host, ``/analytics.js`` in a path. Only whole words
match; in a path only directories and the names of scripts and pixels, since pictures and articles may have
any name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, Generic, TypeVar

from consentkit.catalog.model import HostRule, KnownVendor
from consentkit.catalog.vendor_files import PURPOSES, read_checked
from consentkit.exceptions import ConfigurationError

T = TypeVar("T")

MAX_PATH: Final = 512
"""Characters of a path that are read."""

SHARED: Final = frozenset(
    {"ajax.aspnetcdn.com", "ajax.googleapis.com", "jsdelivr.net", "cdnjs.cloudflare.com", "cdnjs.com"}
    | {"code.jquery.com", "skypack.dev", "esm.sh", "esm.run", "jspm.io", "jspm.dev", "unpkg.com"}
    | {"maxcdn.bootstrapcdn.com", "stackpath.bootstrapcdn.com", "raw.githubusercontent.com", "github.com"}
    | {"githack.com", "statically.io", "pika.dev", "bundle.run", "bootcdn.net", "bootcss.com", "baomitu.com"}
    | {"staticfile.org", "staticfile.net", "npmmirror.com", "elemecdn.com", "jsdmirror.com"}
    | {"web.archive.org", "www.w3.org"}
)
"""Hosts (CDNs) that deliver scripts of anybody, so that words in their addresses prove nothing. Names of two
labels include their subdomains."""

_PROGRAM: Final = re.compile(r"(.+)\.(?:js|mjs|gif|php|aspx?|ashx|cgi|fcgi|jsp|pl)\Z", re.IGNORECASE)
_PART: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_DIGITS: Final = "0123456789"
# A package in a path, without its version: `name` or `@scope/name`, after `npm/`, `npm:`, a comma or `*`.
_PACKAGE: Final = re.compile(r"(?<![^/,:*])(?:@[^/@,]+/)?[^/@,:*&]+")


class HostTable(Generic[T]):
    """Host rules with values, such as vendors.

    The longest host wins; among rules of one host the longest path, then the longest query; among equals the
    first one.

    Args:
        rules: Rules in order of precedence.
    """

    def __init__(self, rules: Iterable[tuple[HostRule, T]]) -> None:
        self._rules: dict[str, list[tuple[HostRule, T]]] = {}
        for rule, value in rules:
            self._rules.setdefault(rule.host, []).append((rule, value))
        for same_host in (rules for rules in self._rules.values() if len(rules) > 1):
            same_host.sort(key=lambda pair: pair[0].weight, reverse=True)  # stable: the first stays first
        self._depth = max((host.count(".") + 1 for host in self._rules), default=0)

    def find(
        self, host: str, path: str = "/", query: str = "", port: int | None = None
    ) -> tuple[HostRule, T] | None:
        """Find the most specific rule.

        Args:
            host: A host from `read_url`. Names match on label boundaries.
            path: The request's path.
            query: The request's query.
            port: The request's port, `None` for the scheme's own.

        Returns:
            The rule and its value, or `None`.
        """
        labels = host.split(".")
        for start in range(max(0, len(labels) - self._depth), len(labels)):
            for rule, value in self._rules.get(".".join(labels[start:]), ()):
                if rule.holds(path, query, port):
                    return rule, value
        return None


class CookieTable(Generic[T]):
    """Cookie names and beginnings of names, with values.

    A whole name wins over a beginning, a longer beginning over a shorter one, and among equals the first one.
    Names are case-sensitive, as cookies are.

    Args:
        patterns: Names, or beginnings followed by ``*``, in order of precedence.
    """

    def __init__(self, patterns: Iterable[tuple[str, T]]) -> None:
        self._names: dict[str, T] = {}
        self._beginnings: dict[str, T] = {}
        for pattern, value in patterns:
            table = self._beginnings if pattern.endswith("*") else self._names
            table.setdefault(pattern.removesuffix("*"), value)
        self._lengths = sorted({len(beginning) for beginning in self._beginnings}, reverse=True)

    def find(self, name: str) -> T | None:
        """Find the value of a cookie's name, or `None`."""
        if name in self._names:
            return self._names[name]
        for length in self._lengths:
            if length <= len(name) and (beginning := name[:length]) in self._beginnings:
                return self._beginnings[beginning]
        return None


class WordTable(Generic[T]):
    """The words, packages and programs of vendors, with values.

    Args:
        vendors: Vendors in order of precedence, with their values.
    """

    def __init__(self, vendors: Iterable[tuple[KnownVendor, T]]) -> None:
        self._labels: dict[str, T] = {}
        self._words: dict[str, T] = {}
        self._packages: dict[str, T] = {}
        self._programs: dict[str, list[tuple[HostRule, T]]] = {}
        for vendor, value in vendors:
            tables = (self._labels, vendor.labels), (self._words, vendor.words)
            for table, words in (*tables, (self._packages, vendor.packages)):
                for word in words:
                    table.setdefault(word, value)
            for rule in (HostRule.parse(f"any/{text}") for text in vendor.programs):
                self._programs.setdefault(rule.path.rpartition("/")[2], []).append((rule, value))

    def find(self, host: str, path: str = "/") -> tuple[str, T] | None:
        """Find an address by a word in it.

        The last two labels of a host are ignored: they are a brand or a country.

        Args:
            host: A host from `read_url`.
            path: The request's path.

        Returns:
            The word and its value, or `None`.
        """
        if is_shared(host) or host.startswith("["):
            return None
        parts = (part.rstrip(_DIGITS) for label in host.split(".")[:-2] for part in label.split("-"))
        return _first(self._labels, parts) or _first(self._words, _words(path[:MAX_PATH]))

    def find_packages(self, host: str, path: str, rule: HostRule | None = None) -> dict[str, T]:
        """Find the packages in an address on a shared host (`SHARED`), in any version.

        Args:
            host: A host from `read_url`.
            path: The request's path.
            rule: The most specific rule for the request; packages that it names are left out.

        Returns:
            Names of packages, with their values.
        """
        names = _PACKAGE.findall(path.lower()) if is_shared(host) else ()
        settled = _PACKAGE.findall(rule.path.lower()) if rule else ()
        known = self._packages
        return {name: known[name] for name in names if name in known and name not in settled}

    def find_program(self, path: str, query: str) -> tuple[str, T] | None:
        """Find an address by the script or frame at its end, on any host; return that and its value."""
        named = self._programs.get(path.rpartition("/")[2], ())
        for rule, value in (*named, *(self._programs.get("", ()) if query else ())):
            if path.endswith(rule.path) and rule.holds(rule.path, query, None):
                return str(rule).removeprefix("any").lstrip("/"), value
        return None


class Catalog:
    """Known vendors, and look-up of requests and cookies.

    Args:
        vendors: The vendors; of equally specific rules the first one wins.

    Attributes:
        vendors: The vendors by id.
        hosts: Their rules.
        words: Their words, packages and programs.
        cookies: The cookies that their scripts set on the site's own domain.

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
        self.cookies: CookieTable[KnownVendor] = CookieTable(
            (cookie.name, vendor) for vendor in known for cookie in vendor.cookies
        )

    def find(self, host: str, path: str = "/", query: str = "") -> tuple[HostRule | str, KnownVendor] | None:
        """Find the package or the most specific rule for a request, and its vendor.

        Args:
            host: A host from `read_url`.
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
        """Find the program or word by which an address without a rule is recognised; see `WordTable`.

        An empty host is the site's own, on which only programs count.
        """
        return self.words.find_program(path, query) or (self.words.find(host, path) if host else None)


@cache
def default_catalog() -> Catalog:
    """Return the package's own catalog; read once per process."""
    folder = Path(__file__).with_name("data")
    return Catalog(
        vendor
        for purpose in PURPOSES
        for vendor in read_checked((folder / f"{purpose}.toml").read_text("utf-8"), purpose=purpose)
    )


def is_shared(host: str) -> bool:
    """Say whether a host delivers scripts of anybody."""
    return host in SHARED or ".".join(host.rsplit(".", 2)[-2:]) in SHARED


def _first(table: dict[str, T], words: Iterable[str]) -> tuple[str, T] | None:
    return next(((word, table[word]) for word in words if word in table), None)


def _words(path: str) -> Iterator[str]:
    """Yield the directories, and the words in the name of a script or pixel; nothing for other files."""
    *directories, name = path.split("/")
    program = _PROGRAM.match(name)
    if program is None and "." in name:
        return
    yield from map(str.lower, directories)
    yield (program[1] if program else name).lower()
    if program:
        yield from (part.lower() for part in _PART.findall(program[1]))
