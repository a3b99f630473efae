"""The catalog: known vendors, and who a request or a cookie belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

from consentkit.catalog.model import HostRule, KnownVendor
from consentkit.catalog.reading import PURPOSES, read_checked
from consentkit.catalog.words import WordTable
from consentkit.exceptions import ConfigurationError

T = TypeVar("T")


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
