"""Headers of caching: ``Cache-Control``, ``Vary`` and entity tags; and helpers to read headers.

Headers are lists as in ASGI, in the app's order and spelling. The app's entity tag does not identify the page
made for one visitor (RFC 9110, sections 8.8.3 and 13): the tags that are sent are weak and contain a
fingerprint of everything that affected the page. A tag with another fingerprint is not passed to the app, so
a page made under a grant cannot be revalidated with 304 after a withdrawal.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from consentkit.web.request import Headers

# Written anew for each page; those for CDNs are removed.
_REWRITTEN = frozenset(b"vary cache-control cdn-cache-control surrogate-control x-accel-expires".split())
_PUBLIC = frozenset((b"public", b"s-maxage"))
# Headers that describe the original bytes (RFC 9110, sections 8.6, 8.8.2 and 14.3; RFC 9530; RFC 3230).
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
"""A Content-Security-Policy for pages that cannot be read: it allows only the site itself."""


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
    """Return the headers of a personal response: ``Vary`` extended, and no storage in shared caches.

    Args:
        headers: The response's headers.
        vary: The request headers that affected it.
        rewritten: Whether the body was changed; headers that describe the original bytes are then removed.
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
    """Return the weak tag with the fingerprint, or nothing if ``tag`` is not an entity tag."""
    found = _TAG.fullmatch(tag.strip())
    return b'W/"' + found[1] + _MARK + fingerprint + b'"' if found else b""


def is_ours(headers: Headers) -> bool:
    """Say whether a conditional request has a tag with a fingerprint."""
    return any(name == b"if-none-match" and _MARK in value for name, value in headers)


def unmark(headers: Headers, fingerprint: bytes, *, document: bool) -> tuple[Headers, bool]:
    """Map the conditions of a GET or HEAD back to the app's tags; say whether one has the fingerprint.

    For documents, tags without a fingerprint are removed: they are of responses that were not gated.
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
