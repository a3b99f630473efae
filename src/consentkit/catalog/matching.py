"""Finding who a request or a cookie belongs to, in time that does not grow with the number of rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from consentkit.catalog.model import HostRule

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
