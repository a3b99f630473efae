"""Work on lists of ASGI headers: order kept, names as the app wrote them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

Headers = list[tuple[bytes, bytes]]

_CDN = frozenset((b"cdn-cache-control", b"surrogate-control", b"x-accel-expires"))
_PUBLIC = frozenset((b"public", b"s-maxage"))
# What describes bytes that were rewritten (RFC 9110, sections 8.6, 8.8.2 and 14.3; RFC 9530; RFC 3230).
_STALE = frozenset(
    b"last-modified accept-ranges content-length content-digest repr-digest digest content-md5".split()
)
_OWN_RULES = _CDN | _STALE | {b"vary", b"cache-control"}

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
    found = {name.lower(): value for name, value in headers}
    if len(found) < len(headers):
        found = {}
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
    headers: Iterable[tuple[bytes, bytes]], vary: tuple[str, ...], *, rewritten: bool = False
) -> Headers:
    """Return the headers of what is made for one visitor: ``Vary`` extended, and no shared cache keeps it.

    Args:
        headers: The response's headers.
        vary: The request headers that shaped it.
        rewritten: Whether its bytes are other than the app's, so that what describes those goes.
    """
    varying: list[bytes] = []
    caching: list[bytes] = []
    out: Headers = []
    for header in headers:
        kind = header[0].lower()
        if kind not in _OWN_RULES:
            out.append(header)
        elif kind == b"vary":
            varying.append(header[1])
        elif kind == b"cache-control":
            caching.append(header[1])
        elif kind not in _CDN and not rewritten:
            out.append(header)
    out.append((b"vary", _varied(b", ".join(varying), vary)))
    out.append((b"cache-control", _private(b",".join(caching))))
    return out


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
    kept = [
        part.strip()
        for part in given.split(b",")
        if part.strip() and part.split(b"=")[0].strip().lower() not in _PUBLIC
    ]
    names = {part.split(b"=")[0].lower() for part in kept}
    if not names & {b"private", b"no-store"}:
        kept.insert(0, b"private")
    return b", ".join(kept)


_TAG = re.compile(rb'(?:W/)?"([^"]*)"')
_TAG_OR_STAR = re.compile(rb'(?:W/)?"[^"]*"|\*')
_MARK = b";ck-"


def mark(tag: bytes, fingerprint: bytes) -> bytes:
    """Return the weak tag with the fingerprint, or nothing where ``tag`` is no entity tag."""
    found = _TAG.fullmatch(tag.strip())
    return b'W/"' + found[1] + _MARK + fingerprint + b'"' if found else b""


def is_ours(headers: Headers) -> bool:
    """Say whether a tag that comes back bears a fingerprint."""
    return any(name == b"if-none-match" and _MARK in value for name, value in headers)


def unmark(headers: Headers, fingerprint: bytes, *, document: bool) -> tuple[Headers, bool]:
    """Map the conditions of a GET or HEAD back to what the app knows.

    Args:
        headers: The request's headers. Those of other methods guard what they write, and are left alone.
        fingerprint: Of what would shape the page now.
        document: Whether the response may be a page. If so, tags without a fingerprint do not count either:
            they stem from a time when pages went out unexamined.

    Returns:
        The headers to show to the app, and whether a tag of ours is among them.
    """
    if not any(name in (b"if-none-match", b"if-modified-since") for name, _ in headers):
        return headers, False
    kept: list[bytes] = []
    ours = foreign = False
    for tag in _tags(headers):
        original, separator, print_ = tag.rpartition(_MARK)
        if not separator:
            kept += [] if document else [tag]
        elif print_ == fingerprint + b'"':
            ours = True
            kept.append(original + b'"')
        else:
            foreign = True
    dropped = {b"if-none-match"} | ({b"if-modified-since"} if document or foreign or ours else set())
    result = [(name, value) for name, value in headers if name not in dropped]
    if kept:
        result.append((b"if-none-match", b", ".join(kept)))
    return result, ours


def _tags(headers: Headers) -> list[bytes]:
    values = [value for name, value in headers if name == b"if-none-match"]
    return [found[0] for value in values for found in _TAG_OR_STAR.finditer(value)]
