"""Addresses that name their work, such as ``pixel.`` in a host or ``/analytics.js`` in a path.

Nobody knows every tracker, but most say what they are. Only whole words count, and of a path only its
directories and the names of programs and pixels: a picture or an article may be called anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Generic, TypeVar

from consentkit.catalog.model import KnownVendor

T = TypeVar("T")

MAX_PATH: Final = 512
"""Characters of a path that are read."""

SHARED: Final = frozenset(
    {"ajax.aspnetcdn.com", "ajax.googleapis.com", "cdn.jsdelivr.net", "cdnjs.cloudflare.com"}
    | {"code.jquery.com", "cdn.skypack.dev", "esm.sh", "maxcdn.bootstrapcdn.com"}
    | {"stackpath.bootstrapcdn.com", "unpkg.com", "raw.githubusercontent.com", "github.com"}
    | {"web.archive.org", "www.w3.org"}
)
"""Hosts that deliver anybody's programs, under names that say nothing of what the host does."""

_PROGRAM: Final = re.compile(r"(.+)\.(?:js|mjs|gif|php|aspx?|ashx|cgi|fcgi|jsp|pl)\Z", re.IGNORECASE)
_PART: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_DIGITS: Final = "0123456789"


class WordTable(Generic[T]):
    """The words of vendors, each with what it stands for.

    Args:
        vendors: Vendors in order of precedence, each with what it stands for.
    """

    def __init__(self, vendors: Iterable[tuple[KnownVendor, T]]) -> None:
        self._labels: dict[str, T] = {}
        self._words: dict[str, T] = {}
        for vendor, value in vendors:
            for table, words in ((self._labels, vendor.labels), (self._words, vendor.words)):
                for word in words:
                    table.setdefault(word, value)

    def find(self, host: str, path: str = "/") -> tuple[str, T] | None:
        """Find what the words of an address stand for.

        The last two labels of a name say nothing: they are a trade mark, or a country's.

        Args:
            host: A host as `read_url` gives it.
            path: The request's path.

        Returns:
            The word and what it stands for, or `None`.
        """
        if host in SHARED or host.startswith("["):
            return None
        parts = (part.rstrip(_DIGITS) for label in host.split(".")[:-2] for part in label.split("-"))
        return _first(self._labels, parts) or _first(self._words, _words(path[:MAX_PATH]))


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
