"""Work on lists of ASGI headers: names in lower case, order kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

Headers = list[tuple[bytes, bytes]]

_CDN = frozenset((b"cdn-cache-control", b"surrogate-control", b"x-accel-expires"))
_PUBLIC = frozenset((b"public", b"s-maxage"))
_NONCE = re.compile(rb"'nonce-([A-Za-z0-9+/_-]{1,256}={0,2})'")
_SCRIPT_DIRECTIVES = (b"script-src-elem", b"script-src", b"default-src")

BLOCKING = (
    b"default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; "
    b"frame-src 'self'; object-src 'none'; base-uri 'self'"
)
"""A policy for pages that cannot be read: they may load from their own site only."""


def get(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """Return the first value of a header, or nothing."""
    return next((value for key, value in headers if key.lower() == name), b"")


def without(headers: Headers, names: Collection[bytes]) -> Headers:
    """Return the headers without those names."""
    return [(name, value) for name, value in headers if name.lower() not in names]


def replaced(headers: Headers, name: bytes, value: bytes) -> Headers:
    """Return the headers with one header of that name; none if the value is empty."""
    rest = without(headers, (name,))
    return [*rest, (name, value)] if value else rest


def with_vary(headers: Headers, names: Iterable[str]) -> Headers:
    """Return the headers with ``Vary`` extended (RFC 9110, section 12.5.5)."""
    present = b", ".join(value for name, value in headers if name.lower() == b"vary")
    listed = [part.strip() for part in present.decode("latin-1").split(",") if part.strip()]
    if "*" in listed:
        return headers
    known = {part.lower() for part in listed}
    listed += [name for name in names if name.lower() not in known]
    return replaced(headers, b"vary", ", ".join(listed).encode("latin-1"))


def made_private(headers: Headers) -> Headers:
    """Return the headers such that no shared cache keeps the page (RFC 9111, section 5.2.2.7).

    Stricter values of the app stay: ``no-store``, ``no-cache``, ``max-age`` and so on.
    """
    rest = without(headers, _CDN)
    given = b",".join(value for name, value in rest if name.lower() == b"cache-control")
    kept = [
        part.strip()
        for part in given.split(b",")
        if part.strip() and part.split(b"=")[0].strip().lower() not in _PUBLIC
    ]
    names = {part.split(b"=")[0].lower() for part in kept}
    if not names & {b"private", b"no-store"}:
        kept.insert(0, b"private")
    return replaced(rest, b"cache-control", b", ".join(kept))


def nonce(headers: Headers) -> str:
    """Return the nonce that the site's own policies ask of scripts, or nothing (CSP Level 3, 2.3.1)."""
    for name, value in headers:
        if name.lower() != b"content-security-policy":
            continue
        directives: dict[bytes, bytes] = {}
        for part in value.split(b";"):
            words = part.split(None, 1)
            if words:
                directives.setdefault(words[0].lower(), words[1] if len(words) > 1 else b"")
        for directive in _SCRIPT_DIRECTIVES:
            if directive in directives:
                found = _NONCE.search(directives[directive])
                if found:
                    return found[1].decode("ascii")
                break
    return ""
