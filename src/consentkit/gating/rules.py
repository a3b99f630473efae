"""The addresses in scripts that are lists of rules: import maps, speculation rules and web bundles."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

# A pattern whose host can be read: the site's own, or one that it names (URL Pattern, "constructor string").
_READABLE: Final = re.compile(r"[/?.]|https?://[A-Za-z0-9.-]++(?::[0-9]++)?+/")

# The parts of a pattern that say nothing of the host.
_OWN: Final = frozenset({"hash", "pathname", "search"})


def addresses(kind: str, text: bytes) -> list[str] | None:
    """Return the addresses that a list of rules makes browsers ask, as written.

    Args:
        kind: The script's type: a key of `KINDS`.
        text: The script's text.

    Returns:
        `None` where it cannot be told whom it reaches: it is not JSON, or follows whatever the page links to.
    """
    try:
        return [item for item in KINDS[kind](_table(_parse(text))) if isinstance(item, str)]
    except (ValueError, RecursionError):
        return None


def rewrite_import_map(text: bytes, is_denied: Callable[[str], bool], stub: str) -> bytes | None:
    """Return an import map in which a stub takes the place of what is denied.

    The rest of it means the same. A module that is missing would end the script that imports it.

    Args:
        text: The script's text.
        is_denied: Tells it of an address as written.
        stub: URL of a module. What stands for a folder becomes this URL with a slash behind it, below which
            every URL has to answer with the module, too.

    Returns:
        `None` where the text cannot be read and written again.
    """
    try:
        whole = _table(_parse(text))
        for imports in _maps(whole):
            for name, address in imports.items():
                if isinstance(address, str) and is_denied(address):
                    imports[name] = stub + "/" * name.endswith("/")
        # Nothing in it may end the script.
        written = json.dumps(whole, ensure_ascii=False).replace("<", r"\u003c")
        return written.encode("utf-8", "surrogateescape")
    except (ValueError, RecursionError):
        return None


def _parse(text: bytes) -> object:
    return json.loads(text.decode("utf-8", "surrogateescape"))


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _maps(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the tables of an import map (WHATWG HTML 8.1.6.2): specifiers and their addresses."""
    yield from map(_table, (table.get("imports"), *_table(table.get("scopes")).values()))


def _speculations(table: Mapping[str, Any]) -> Iterator[object]:
    """Yield the addresses of speculation rules (WHATWG HTML 7.6.1), whatever is done with them."""
    for rule in map(_table, (rule for rules in table.values() for rule in _list(rules))):
        yield from _list(rule.get("urls"))
        if "where" in rule or rule.get("source") == "document":
            yield from _links(_table(rule.get("where")))


def _links(where: Mapping[str, Any]) -> Iterable[object]:
    """Return patterns of all links that meet a condition; `ValueError` where that may be any link."""
    if "or" in where:
        return [pattern for part in _list(where["or"]) for pattern in _links(_table(part))]
    given = where.get("href_matches")
    listed = given if isinstance(given, list) else [given]
    patterns = [one for one in listed if not (isinstance(one, dict) and one.keys() <= _OWN)]
    if all(isinstance(pattern, str) and _READABLE.match(pattern) for pattern in patterns):
        return patterns
    for part in _list(where.get("and")):
        with suppress(ValueError):
            return _links(_table(part))
    raise ValueError("any link")


KINDS: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterable[object]]]] = {
    "importmap": lambda table: [address for imports in _maps(table) for address in imports.values()],
    "speculationrules": _speculations,
    # WICG, "Subresource loading with Web Bundles".
    "webbundle": lambda row: [row.get("source"), *_list(row.get("scopes")), *_list(row.get("resources"))],
}
"""Types of such scripts, in lower case, each with what finds the addresses in it."""
