"""Where in a TOML file a key path stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_BARE: Final = r"[A-Za-z0-9_-]+"
_KEY: Final = rf'(?:{_BARE}|"[^"\n]*"|\'[^\'\n]*\')'
_DOTTED: Final = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE: Final = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_PAIR: Final = re.compile(rf"\s*({_DOTTED})\s*=")
_INNER: Final = re.compile(rf"[{{,]\s*({_DOTTED})\s*=")
_PART: Final = re.compile(_KEY)
_INDEX: Final = re.compile(r"\[\d+\]")
_LONG: Final = re.compile("\"\"\"|'''")


def find_line(text: str, path: str) -> int | None:
    """Return the line, from 1, on which a key path stands in a TOML file, or the nearest table around it.

    Args:
        text: The file. Of what it leaves to defaults, nothing stands anywhere.
        path: A key path such as ``vendors.youtube.hosts[1]``.
    """
    wanted = _INDEX.sub("", path).split(".")
    lines = dict(reversed(list(_keys(text))))
    for length in range(len(wanted), 0, -1):
        if line := lines.get(tuple(wanted[:length])):
            if length < 2 and wanted[0] == "vendors":
                break
            return line
    return _find_use(text, wanted[1]) if wanted[0] == "vendors" and len(wanted) > 1 else None


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield every key and table with its line; what stands in strings of several lines is left out."""
    table: tuple[str, ...] = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if header := _TABLE.match(line):
            table = _parts(header[1])
            yield from _prefixes(table, number)
        elif pair := _PAIR.match(line):
            key = table + _parts(pair[1])
            yield from _prefixes(key, number)
            for inner in _INNER.finditer(line, pair.end()):
                yield key + _parts(inner[1]), number
        quotes = _LONG.findall(line)
        inside = quotes[0] if len(quotes) % 2 else ""


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _prefixes(key: tuple[str, ...], line: int) -> Iterator[tuple[tuple[str, ...], int]]:
    for length in range(1, len(key) + 1):
        yield key[:length], line


def _find_use(text: str, vendor: str) -> int | None:
    """Find a vendor that stands in `uses` only."""
    for number, line in enumerate(text.splitlines(), 1):
        if f'"{vendor}"' in line or f"'{vendor}'" in line:
            return number
    return None
