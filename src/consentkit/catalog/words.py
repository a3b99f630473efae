"""Addresses that name their work, such as ``pixel.`` in a host or ``/analytics.js`` in a path.

Nobody knows every tracker, but most say what they are. Only whole words count, and of a path only its
directories and the names of programs and pixels: a picture or an article may be called anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Generic, TypeVar

from consentkit.catalog.model import HostRule, KnownVendor

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
