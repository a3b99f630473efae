"""Response headers that make browsers reach somebody: entries of parties that are not allowed are removed.

Each address is put to the page's gate as the tag that would reach as far, so that a header and an element are
never gated differently. What stays is the same bytes. A header that cannot be read is removed as long as
anything is denied. Every expression is possessive: each byte is looked at a bounded number of times.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from consentkit.gating.document import PageGate

Pairs = Sequence[tuple[bytes, bytes]]

_GATED: Final = frozenset(b"link nel refresh report-to reporting-endpoints speculation-rules".split())
_POLICIES: Final = frozenset((b"content-security-policy", b"content-security-policy-report-only"))
GATED_HEADERS: Final = _GATED | _POLICIES
"""Lower-case names of the headers that are looked at."""

_TOKEN = rb"[!#$%&*+.^_`|~0-9A-Za-z-]++"
_QUOTED = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]++|\\[\t\x20-\x7e])*+"'
# RFC 8288, section 3, with values as sites write them. An address beyond ASCII may be read in two ways.
_EQUALS = rb"[ \t]*+=[ \t]*+"
_BARE = rb"[^\"',;<>\\ \t]*+"
_PARAMETERS = rb"(?:[ \t]*+;[ \t]*+(?:%b(?:%b(?:%b|%b))?+)?+)*+" % (_TOKEN, _EQUALS, _QUOTED, _BARE)
_TARGET = rb"<([\t\x20-\x3b\x3d\x3f-\x7e]*+)>"
_LINK = re.compile(rb"[ \t,]*+(%b(%b))[ \t]*+(?:,[ \t,]*+|\Z)" % (_TARGET, _PARAMETERS))
# No group stands inside a possessive repetition: that trips CPython 3.11's engine.
_LINK_PARAMETER = re.compile(rb"(%b)(?:%b(?:(%b)|(%b)))?" % (_TOKEN, _EQUALS, _QUOTED, _BARE))

# RFC 9651, sections 3.1 to 3.3, without inner lists, which none of these headers has.
_SF_STRING = rb'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]++|\\["\\])*+"'
_SF_OTHER = rb"[*A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z:/-]*+|-?[0-9]++(?:\.[0-9]++)?+|\?[01]|:[A-Za-z0-9+/=]*+:"
_SF_KEY = rb"[a-z*][a-z0-9_.*-]*+"
_SF_PARAMETERS = rb"(?:;[ ]*+%b(?:=(?:%b|%b))?+)*+" % (_SF_KEY, _SF_STRING, _SF_OTHER)
_SF_END = rb"[ \t]*+(?:,[ \t]*+(?!\Z)|\Z)"
_SF_VALUE = rb"(?:(%b)|%b)" % (_SF_STRING, _SF_OTHER)
_SF_ITEM = re.compile(_SF_VALUE + _SF_PARAMETERS + _SF_END)
_SF_PAIR = re.compile(rb"%b(?:=%b)?%b%b" % (_SF_KEY, _SF_VALUE, _SF_PARAMETERS, _SF_END))

# WHATWG HTML, "shared declarative refresh steps".
_REFRESH = re.compile(
    rb"[\t\n\f\r ]*+(?:[0-9]++[0-9.]*+|\.[0-9.]*+)"
    rb"(?:\Z|(?=[;,\t\n\f\r ])[\t\n\f\r ]*+[;,]?+[\t\n\f\r ]*+"
    rb"(?:[uU][rR][lL][\t\n\f\r ]*+=[\t\n\f\r ]*+)?+"
    # Chromium goes on to the last quote, the standard to the next: only where that is the same can it stay.
    rb"(?:\"([^\"]*+)\"?+\Z|'([^']*+)'?+\Z|(?![\"'])([\x20-\x7e]*+\Z)))"
)
# CSP Level 3, sections 2.2 and 6.5.1: policies, with commas between them, of directives that end in ";".
_REPORT_URI = re.compile(rb"(?<![^;,])([\t\n\f\r ]*+report-uri)(?=[\t\n\f\r ])([^;,]*+)", re.I)
_URI = re.compile(rb"[\t\n\f\r ]++([^\t\n\f\r ]++)")
_BETWEEN = re.compile(r"[ \t,]*+")
_ESCAPED = re.compile(rb"\\(.)", re.S)

_Members = list[tuple[str, object]]
_Entries = list[tuple[bytes, bool]]


def names_address(name: bytes, value: bytes) -> bool:
    """Say whether a header may make browsers reach somebody.

    Args:
        name: Its name in lower case.
        value: Its value.
    """
    return name in _GATED or (name in _POLICIES and b"report-uri" in value.lower())


def gate_headers(headers: Pairs, gate: PageGate) -> list[tuple[bytes, bytes]]:
    """Return the headers without what must not be reached. Called while anything is denied.

    Args:
        headers: A response's headers.
        gate: The page's gate.
    """
    out: list[tuple[bytes, bytes]] = []
    groups: set[str] = set()
    for name, value in headers:
        kind = name.lower()
        kept: bytes | None = value
        if kind in _ENTRIES:
            kept = _keep(value, _ENTRIES[kind](value, gate))
        elif kind in _POLICIES:
            kept = _REPORT_URI.sub(lambda found: _reported(found, gate), value) or None
        elif kind == b"refresh":
            kept = value if _refreshes(value, gate) else None
        elif kind == b"report-to":
            kept = _keep(value, _groups(value, gate, groups))
        if kept is not None:
            out.append((name, kept))
    return [pair for pair in out if pair[0].lower() != b"nel" or _nel_group(pair[1]) in groups]


def gate_links(links: Sequence[bytes], gate: PageGate) -> list[bytes]:
    """Return the ``Link`` values of an early hint without what must not be reached (RFC 8297).

    Args:
        links: Values of ``Link`` headers.
        gate: The page's gate.
    """
    kept = [_keep(value, _links(value, gate)) for value in links]
    return [value for value in kept if value is not None]


def is_reached(address: str, gate: PageGate, *, rel: str = "preload", srcset: str = "") -> bool:
    """Say whether an address may be reached, as a ``link`` element of that kind would.

    Args:
        address: The URL as it stands in the header.
        gate: The page's gate.
        rel: Link types.
        srcset: The ``imagesrcset`` of a link, or nothing.
    """
    tag = f'<link rel="{html.escape(rel)}" href="{html.escape(address)}"'
    tag += f' imagesrcset="{html.escape(srcset)}">' if srcset else ">"
    return gate.admits(tag.encode("utf-8", "replace"))


def _keep(value: bytes, entries: _Entries | None) -> bytes | None:
    """Join what stays: the same bytes if all of it does, `None` if nothing does or it could not be read."""
    if entries is None:
        return None
    kept = [entry for entry, stays in entries if stays]
    if len(kept) == len(entries):
        return value
    return b", ".join(kept) or None


def _links(value: bytes, gate: PageGate) -> _Entries | None:
    matches = _all(_LINK, value)
    return None if matches is None else [(found[1].rstrip(), _link_stays(found, gate)) for found in matches]


def _link_stays(found: re.Match[bytes], gate: PageGate) -> bool:
    """Judge one link. The first ``rel`` counts (RFC 8288, section 3.3), and every set of images."""
    rel: str | None = None
    sets: list[str] = []
    for parameter in _LINK_PARAMETER.finditer(found[3]):
        key = parameter[1].lower()
        text = _unquote(parameter[2]) if parameter[2] else (parameter[3] or b"").decode("latin-1")
        if key == b"rel" and rel is None:
            rel = text
        elif key == b"imagesrcset":
            sets.append(text)
    address = found[2].decode("ascii")
    return all(is_reached(address, gate, rel=rel or "", srcset=srcset) for srcset in sets or [""])


def _structured(entry: re.Pattern[bytes], value: bytes, gate: PageGate) -> _Entries | None:
    matches = _all(entry, value.strip(b" \t"))
    if matches is None:
        return None
    return [
        (found[0].strip(b" \t,"), not found[1] or is_reached(_unquote(found[1]), gate)) for found in matches
    ]


_ENTRIES: Final[dict[bytes, Callable[[bytes, PageGate], _Entries | None]]] = {
    b"link": _links,
    # A dictionary of strings (W3C Reporting API, section 3.2).
    b"reporting-endpoints": partial(_structured, _SF_PAIR),
    # A list of strings; other members mean nothing to browsers.
    b"speculation-rules": partial(_structured, _SF_ITEM),
}


def _all(entry: re.Pattern[bytes], value: bytes) -> list[re.Match[bytes]] | None:
    """Match entries from end to end; `None` where something does not fit."""
    found = []
    at = 0
    while at < len(value):
        match = entry.match(value, at)
        if match is None or match.end() == at:
            return None
        found.append(match)
        at = match.end()
    return found


def _refreshes(value: bytes, gate: PageGate) -> bool:
    found = _REFRESH.match(value)
    if found is None:
        return False
    address = next((part for part in found.groups() if part is not None), b"")
    return address.isascii() and is_reached(address.decode("ascii"), gate)


def _reported(found: re.Match[bytes], gate: PageGate) -> bytes:
    """Return a ``report-uri`` directive without what must not be reached; nothing if that is all."""

    def keep(uri: re.Match[bytes]) -> bytes:
        stays = uri[1].isascii() and is_reached(uri[1].decode("ascii"), gate)
        return uri[0] if stays else b""

    kept = _URI.sub(keep, found[2])
    return found[1] + kept if kept.strip() else b""


def _groups(value: bytes, gate: PageGate, groups: set[str]) -> _Entries | None:
    """Read ``Report-To``: objects with commas between them. Adds the names of the groups that stay."""
    entries = []
    for raw, group in _objects(value):
        if group is None:
            return None
        stays = all(is_reached(text, gate) for text in _strings(group))
        if stays:
            groups.add(str(dict(group).get("group", "default")))
        entries.append((raw, stays))
    return entries


def _objects(value: bytes) -> Iterator[tuple[bytes, _Members | None]]:
    """Yield each JSON object as written and read; `None` for what is none."""
    decoder = json.JSONDecoder(object_pairs_hook=list)
    try:
        text = value.decode("ascii")
        at = _next(text, 0)
        while at < len(text):
            read, end = decoder.raw_decode(text, at)
            yield text[at:end].encode("ascii"), read if text[at] == "{" else None
            at = _next(text, end)
    except (ValueError, RecursionError):
        yield value, None


def _next(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _strings(read: object) -> Iterator[str]:
    """Yield every string in what was read: of keys that come twice, browsers may take either."""
    todo = [read]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, (list, tuple)):
            todo += item


def _nel_group(value: bytes) -> str | None:
    """Return the group that ``NEL`` reports to (W3C Network Error Logging, section 4.2)."""
    read = [group for _, group in _objects(value)]
    if len(read) != 1 or read[0] is None:
        return None
    named = [content for name, content in read[0] if name == "report_to"]
    return named[0] if len(named) == 1 and isinstance(named[0], str) else None


def _unquote(quoted: bytes) -> str:
    return _ESCAPED.sub(rb"\1", quoted[1:-1]).decode("latin-1")
