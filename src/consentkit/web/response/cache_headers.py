"""Rules for response headers: look-up, caching and ``Vary`` of personal pages, entity tags.

Headers are lists as in ASGI: order is kept, and names as the app wrote them. A tag of the app's page is not a
tag of what was made of it for one visitor (RFC 9110, sections 8.8.3 and 13): the tags that go out are weak
and carry a fingerprint of everything that shaped the page. One that comes back with another fingerprint is
not shown to the app, so that a page made under a grant never survives a withdrawal through a 304.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from consentkit.web.request import Headers

# Each page's own are written anew; those for caches of the site's alone go.
_REWRITTEN = frozenset(b"vary cache-control cdn-cache-control surrogate-control x-accel-expires".split())
_PUBLIC = frozenset((b"public", b"s-maxage"))
# What describes bytes that were rewritten (RFC 9110, sections 8.6, 8.8.2 and 14.3; RFC 9530; RFC 3230).
_STALE = _REWRITTEN.union(
    b"last-modified accept-ranges content-length content-digest repr-digest digest content-md5".split()
)
_TAG = re.compile(rb'(?:W/)?"([^"]*)"')
_TAG_OR_STAR = re.compile(rb'(?:W/)?"[^"]*"|\*')
_MARK = b";ck-"

BLOCKING = (
    b"default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; "
    b"frame-src 'self'; object-src 'none'; base-uri 'self'"
)
"""A policy for pages that cannot be read: they may load from their own site only."""


def get(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """Return the first value of a header, or nothing."""
    return next((value for key, value in headers if key.lower() == name), b"")


def by_name(headers: Sequence[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Return all headers by their lower-case names; values of one name are joined (RFC 9110, section 5.3)."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = found[key] + b", " + value if key in found else value
    return found


def without(headers: Headers, names: Collection[bytes]) -> Headers:
    """Return the headers without those names."""
    return [(name, value) for name, value in headers if name.lower() not in names]


def replaced(headers: Headers, name: bytes, value: bytes) -> Headers:
    """Return the headers with one header of that name; none if the value is empty."""
    rest = without(headers, (name,))
    return [*rest, (name, value)] if value else rest


def personal(
    headers: Sequence[tuple[bytes, bytes]], vary: tuple[str, ...], *, rewritten: bool = False
) -> Headers:
    """Return the headers of what is made for one visitor: ``Vary`` extended, and no shared cache keeps it.

    Args:
        headers: The response's headers.
        vary: The request headers that shaped it.
        rewritten: Whether its bytes are other than the app's, so that what describes those goes.
    """
    dropped = _STALE if rewritten else _REWRITTEN
    kept = [header for header in headers if header[0].lower() not in dropped]
    named = by_name(headers)
    varied, cached = named.get(b"vary", b""), named.get(b"cache-control", b"")
    return [*kept, (b"vary", _varied(varied, vary)), (b"cache-control", _private(cached))]


@lru_cache(maxsize=256)
def _varied(present: bytes, names: tuple[str, ...]) -> bytes:
    """Extend ``Vary`` (RFC 9110, section 12.5.5)."""
    listed = [part.strip() for part in present.decode("latin-1").split(",") if part.strip()]
    if "*" in listed:
        return present
    known = {part.lower() for part in listed}
    listed += [name for name in names if name.lower() not in known]
    return ", ".join(listed).encode("latin-1")


@lru_cache(maxsize=256)
def _private(given: bytes) -> bytes:
    """Keep a page out of shared caches (RFC 9111, section 5.2.2.7).

    Stricter values of the app stay: ``no-store``, ``no-cache``, ``max-age`` and so on.
    """
    parts = [part.strip() for part in given.split(b",") if part.strip()]
    kept = [part for part in parts if part.split(b"=")[0].strip().lower() not in _PUBLIC]
    names = {part.split(b"=")[0].lower() for part in kept}
    return b", ".join(kept if names & {b"private", b"no-store"} else [b"private", *kept])


def mark(tag: bytes, fingerprint: bytes) -> bytes:
    """Return the weak tag with the fingerprint, or nothing where ``tag`` is no entity tag."""
    found = _TAG.fullmatch(tag.strip())
    return b'W/"' + found[1] + _MARK + fingerprint + b'"' if found else b""


def is_ours(headers: Headers) -> bool:
    """Say whether a tag that comes back bears a fingerprint."""
    return any(name == b"if-none-match" and _MARK in value for name, value in headers)


def unmark(headers: Headers, fingerprint: bytes, *, document: bool) -> tuple[Headers, bool]:
    """Map the conditions of a GET or HEAD back to what the app knows; say whether one has the fingerprint.

    Tags without one do not count for what may be a page (`document`): those went out unexamined.
    """
    kept: list[bytes] = []
    dropped = {b"if-none-match", b"if-modified-since"} if document else {b"if-none-match"}
    confirmed = False
    values = [value for name, value in headers if name == b"if-none-match"]
    for tag in _TAG_OR_STAR.findall(b",".join(values)):
        original, separator, print_ = tag.rpartition(_MARK)
        if not separator:
            kept += [] if document else [tag]
            continue
        dropped.add(b"if-modified-since")
        if print_ == fingerprint + b'"':
            confirmed = True
            kept.append(original + b'"')
    result = [(name, value) for name, value in headers if name not in dropped]
    return [*result, (b"if-none-match", b", ".join(kept))] if kept else result, confirmed
