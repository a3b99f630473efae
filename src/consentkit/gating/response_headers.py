"""Gates response headers that make browsers contact a host: removes entries of denied parties.

To gate another header, add a line to `HEADER_GATES` and the function that filters its value. Report-To and
NEL refer to each other, so `gate_headers` treats them together. Each address is judged by the page's gate as
a tag with the same effect would be. Values that stay keep their bytes; a header that cannot be parsed is
removed while anything is denied. Every expression is possessive, so matching takes linear time.
"""

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from consentkit.gating.document import PageGate

_TOKEN = rb"[!#$%&*+.^_`|~0-9A-Za-z-]++"
_QUOTED = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]++|\\[\t\x20-\x7e])*+"'
# RFC 8288, section 3, extended to values that sites write. Addresses must be ASCII: others are ambiguous.
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
    # The URL ends at the last quote in Chromium, at the next one in the standard: both must be the same.
    rb"(?:\"([^\"]*+)\"?+\Z|'([^']*+)'?+\Z|(?![\"'])([\x20-\x7e]*+\Z)))"
)
# CSP Level 3, sections 2.2 and 6.5.1: policies, with commas between them, of directives that end in ";".
_REPORT_URI = re.compile(rb"(?<![^;,])([\t\n\f\r ]*+report-uri)(?=[\t\n\f\r ])([^;,]*+)", re.I)
_URI = re.compile(rb"[\t\n\f\r ]++([^\t\n\f\r ]++)")
_BETWEEN = re.compile(r"[ \t,]*+")
_ESCAPED = re.compile(rb"\\(.)", re.S)

_Keep = Callable[[bytes, PageGate], bytes | None]
"""Returns the part of a header's value that stays, if any."""
_Members = list[tuple[str, object]]
_Entries = list[tuple[bytes, bool]]
"""Entries of a header as written, each with whether it stays."""


def names_address(name: bytes, value: bytes) -> bool:
    """Say whether a header may make browsers contact a host.

    Args:
        name: Its name in lower case.
        value: Its value.
    """
    return name in INSPECTED_HEADERS and (
        HEADER_GATES.get(name) is not _policy or b"report-uri" in value.lower()
    )


def gate_headers(headers: Sequence[tuple[bytes, bytes]], gate: PageGate) -> list[tuple[bytes, bytes]]:
    """Return the headers without entries of denied parties. Called while anything is denied.

    Args:
        headers: A response's headers.
        gate: The page's gate.
    """
    out = []
    groups: set[str] = set()
    gates: dict[bytes, _Keep] = {**HEADER_GATES, b"report-to": partial(_report_to, groups=groups)}
    for name, value in headers:
        kind = name.lower()
        kept = gates[kind](value, gate) if kind in gates else value
        if kept is not None:
            out.append((name, kept))
    return [pair for pair in out if pair[0].lower() != b"nel" or _nel_group(pair[1]) in groups]


def gate_links(links: Sequence[bytes], gate: PageGate) -> list[bytes]:
    """Return the ``Link`` values of an early hint without entries of denied parties (RFC 8297).

    Args:
        links: Values of ``Link`` headers.
        gate: The page's gate.
    """
    return [kept for value in links if (kept := _link(value, gate)) is not None]


def is_reached(address: str, gate: PageGate, *, rel: str = "preload", srcset: str = "") -> bool:
    """Say whether an address is allowed, judged as a ``link`` element of that kind.

    Args:
        address: The URL as it stands in the header.
        gate: The page's gate.
        rel: Link types.
        srcset: The ``imagesrcset`` of a link, or nothing.
    """
    tag = f'<link rel="{html.escape(rel)}" href="{html.escape(address)}"'
    tag += f' imagesrcset="{html.escape(srcset)}">' if srcset else ">"
    return gate.admits(tag.encode("utf-8", "replace"))


def _keep(value: bytes, entries: _Entries) -> bytes | None:
    """Join the entries that stay: the same bytes if all do, `None` if none does."""
    kept = [entry for entry, stays in entries if stays]
    return value if len(kept) == len(entries) else b", ".join(kept) or None


def _match_all(pattern: re.Pattern[bytes], value: bytes) -> list[re.Match[bytes]] | None:
    """Match entries without gaps; `None` if something does not match."""
    found = []
    at = 0
    while at < len(value):
        match = pattern.match(value, at)
        if match is None or match.end() == at:
            return None
        found.append(match)
        at = match.end()
    return found


def _unquote(quoted: bytes) -> str:
    return _ESCAPED.sub(rb"\1", quoted[1:-1]).decode("latin-1")


# --- one function for each kind of header


def _link(value: bytes, gate: PageGate) -> bytes | None:
    matches = _match_all(_LINK, value)
    if matches is None:
        return None
    return _keep(value, [(found[1].rstrip(), _link_stays(found, gate)) for found in matches])


def _link_stays(found: re.Match[bytes], gate: PageGate) -> bool:
    """Judge one link: its first ``rel`` counts (RFC 8288, section 3.3), and every ``imagesrcset``."""
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


def _structured(pattern: re.Pattern[bytes], value: bytes, gate: PageGate) -> bytes | None:
    """Gate a list or dictionary of strings; browsers ignore other members."""
    matches = _match_all(pattern, value.strip(b" \t"))
    if matches is None:
        return None
    texts = [(found[0].strip(b" \t,"), found[1]) for found in matches]
    return _keep(value, [(entry, not text or is_reached(_unquote(text), gate)) for entry, text in texts])


def _refresh(value: bytes, gate: PageGate) -> bytes | None:
    found = _REFRESH.match(value)
    if found is None:
        return None
    address = next((part for part in found.groups() if part is not None), b"")
    return value if address.isascii() and is_reached(address.decode("ascii"), gate) else None


def _policy(value: bytes, gate: PageGate) -> bytes | None:
    """Gate the addresses in ``report-uri`` of a Content-Security-Policy."""

    def keep(uri: re.Match[bytes]) -> bytes:
        stays = uri[1].isascii() and is_reached(uri[1].decode("ascii"), gate)
        return uri[0] if stays else b""

    def directive(found: re.Match[bytes]) -> bytes:
        kept = _URI.sub(keep, found[2])
        return found[1] + kept if kept.strip() else b""

    return _REPORT_URI.sub(directive, value) or None


def _report_to(value: bytes, gate: PageGate, groups: set[str]) -> bytes | None:
    """Read ``Report-To``: objects with commas between them. Adds the names of the groups that stay."""
    entries = []
    for raw, group in _objects(value):
        if group is None:
            return None
        stays = all(is_reached(text, gate) for text in _strings(group))
        if stays:
            groups.add(str(dict(group).get("group", "default")))
        entries.append((raw, stays))
    return _keep(value, entries)


def _nel_group(value: bytes) -> str | None:
    """Return the group that ``NEL`` reports to (W3C Network Error Logging, section 4.2)."""
    read = [group for _, group in _objects(value)]
    if len(read) != 1 or read[0] is None:
        return None
    named = [content for name, content in read[0] if name == "report_to"]
    return named[0] if len(named) == 1 and isinstance(named[0], str) else None


def _objects(value: bytes) -> Iterator[tuple[bytes, _Members | None]]:
    """Yield each JSON object as written and read; `None` for what is none."""
    decoder = json.JSONDecoder(object_pairs_hook=list)
    try:
        text, end = value.decode("ascii"), 0
        while (found := _BETWEEN.match(text, end)) and (at := found.end()) < len(text):
            read, end = decoder.raw_decode(text, at)
            yield text[at:end].encode("ascii"), read if text[at] == "{" else None
    except (ValueError, RecursionError):
        yield value, None


def _strings(read: object) -> Iterator[str]:
    """Yield every string in parsed JSON, including those of duplicate keys: browsers may use either."""
    todo = [read]  # an explicit stack: JSON may nest deeper than Python's recursion limit
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, (list, tuple)):
            todo += item


HEADER_GATES: Final[Mapping[bytes, _Keep]] = {
    b"link": _link,
    b"refresh": _refresh,
    # W3C Reporting API, section 3.2.
    b"reporting-endpoints": partial(_structured, _SF_PAIR),
    b"speculation-rules": partial(_structured, _SF_ITEM),
    b"content-security-policy": _policy,
    b"content-security-policy-report-only": _policy,
}
"""Headers by their lower-case names, each with the function that returns the part of its value that stays."""
INSPECTED_HEADERS: Final = frozenset(HEADER_GATES) | {b"report-to", b"nel"}
"""Lower-case names of the headers that are inspected."""
