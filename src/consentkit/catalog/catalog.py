"""The catalog: known vendors, and look-up tables for requests and cookies.

Unknown trackers are recognised by words: ``pixel.`` in a host, ``/analytics.js`` in a path. Only whole words
match, and in a path only directories and the names of scripts and pixels, since pictures and articles may
have any name.
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
"""Hosts that deliver anybody's programs, under names that say nothing of what the host does. Those of two
labels stand for all below them, too."""

_PROGRAM: Final = re.compile(r"(.+)\.(?:js|mjs|gif|php|aspx?|ashx|cgi|fcgi|jsp|pl)\Z", re.IGNORECASE)
_PART: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_DIGITS: Final = "0123456789"
# A package in a path, without its version: `name` or `@scope/name`, behind `npm/`, `npm:`, a comma or `*`.
_PACKAGE: Final = re.compile(r"(?<![^/,:*])(?:@[^/@,]+/)?[^/@,:*&]+")


class HostTable(Generic[T]):
    """Host rules, each with what it stands for.

    The longest host wins; among rules of one host the longest path, then the longest query; among equals
    the one that came first.

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
            host: A host as `read_url` gives it. Names match on label boundaries.
            path: The request's path.
            query: The request's query.
            port: The request's port, `None` for the scheme's own.

        Returns:
            The rule and what it stands for, or `None`.
        """
        labels = host.split(".")
        for start in range(max(0, len(labels) - self._depth), len(labels)):
            for rule, value in self._rules.get(".".join(labels[start:]), ()):
                if rule.holds(path, query, port):
                    return rule, value
        return None


class CookieTable(Generic[T]):
    """Cookie names and beginnings of names, each with what it stands for.

    A whole name wins over a beginning, a longer beginning over a shorter one, and among equals the one that
    came first. Names are case-sensitive, as cookies are.

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
        """Find what a cookie's name stands for, or `None`."""
        if name in self._names:
            return self._names[name]
        for length in self._lengths:
            if length <= len(name) and (beginning := name[:length]) in self._beginnings:
                return self._beginnings[beginning]
        return None


class WordTable(Generic[T]):
    """The words, packages and programs of vendors, each with what it stands for.

    Args:
        vendors: Vendors in order of precedence, each with what it stands for.
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
        """Find what the words of an address stand for.

        The last two labels of a name say nothing: they are a trade mark, or a country's.

        Args:
            host: A host as `read_url` gives it.
            path: The request's path.

        Returns:
            The word and what it stands for, or `None`.
        """
        if is_shared(host) or host.startswith("["):
            return None
        parts = (part.rstrip(_DIGITS) for label in host.split(".")[:-2] for part in label.split("-"))
        return _first(self._labels, parts) or _first(self._words, _words(path[:MAX_PATH]))

    def find_packages(self, host: str, path: str, rule: HostRule | None = None) -> dict[str, T]:
        """Find the packages that a host of anybody's programs is asked for, in any version.

        Args:
            host: A host as `read_url` gives it.
            path: The request's path.
            rule: The most specific rule that the request falls under; it settles the packages that it names.

        Returns:
            Names of packages, each with what it stands for.
        """
        names = _PACKAGE.findall(path.lower()) if is_shared(host) else ()
        settled = _PACKAGE.findall(rule.path.lower()) if rule else ()
        known = self._packages
        return {name: known[name] for name in names if name in known and name not in settled}

    def find_program(self, path: str, query: str) -> tuple[str, T] | None:
        """Find the script or frame that an address ends with, on whatever host, and what it stands for."""
        named = self._programs.get(path.rpartition("/")[2], ())
        for rule, value in (*named, *(self._programs.get("", ()) if query else ())):
            if path.endswith(rule.path) and rule.holds(rule.path, query, None):
                return str(rule).removeprefix("any").lstrip("/"), value
        return None


class Catalog:
    """Known vendors, and who a request or a cookie belongs to.

    Args:
        vendors: The vendors; where rules are equally specific, the first one wins.

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


@cache
def default_catalog() -> Catalog:
    """Read the catalog that comes with the package; read once per process."""
    folder = Path(__file__).with_name("data")
    return Catalog(
        vendor
        for purpose in PURPOSES
        for vendor in read_checked((folder / f"{purpose}.toml").read_text("utf-8"), purpose=purpose)
    )


def is_shared(host: str) -> bool:
    """Tell whether a host delivers anybody's programs."""
    return host in SHARED or ".".join(host.rsplit(".", 2)[-2:]) in SHARED


def _first(table: dict[str, T], words: Iterable[str]) -> tuple[str, T] | None:
    return next(((word, table[word]) for word in words if word in table), None)


def _words(path: str) -> Iterator[str]:
    """Yield whole directories, and the words in the name of a program or pixel; none of other files."""
    *directories, name = path.split("/")
    program = _PROGRAM.match(name)
    if program is None and "." in name:
        return
    yield from map(str.lower, directories)
    yield (program[1] if program else name).lower()
    if program:
        yield from (part.lower() for part in _PART.findall(program[1]))
