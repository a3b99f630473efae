"""What kind of response it is, as far as browsers will read it as a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.asgi import headers as work
from consentkit.asgi.charset import charset_of
from consentkit.asgi.coding import coding_of
from consentkit.gating.headers import GATED_HEADERS

HTML: Final = b"text/html"
XHTML: Final = b"application/xhtml+xml"
SVG: Final = b"image/svg+xml"

GUESSED: Final = frozenset((b"", b"unknown/unknown", b"application/unknown", b"*/*"))
"""Types that browsers do not take for one (MIME Sniffing Standard, section 7)."""

SCRIPTABLE: Final = frozenset((SVG, b"application/xml", b"text/xml"))
"""What is no page, but runs scripts where it is shown as a document of its own."""

BODILESS: Final = frozenset((204, 205, 304))
"""Statuses without content (RFC 9110, section 6.4.1)."""

REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
"""Statuses with which browsers go on to ``Location`` (WHATWG Fetch, "redirect status")."""

_LOOKED_AT = GATED_HEADERS | {b"set-cookie"}
_MARKUP = frozenset((HTML, XHTML)) | SCRIPTABLE | GUESSED


def passes(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Say whether nothing in the headers asks for work, whatever the request was.

    In doubt, that is where pairs are no tuples or there is not exactly one type, it does.
    """
    typed = False
    for pair in headers:
        if type(pair) is not tuple:
            return False
        name, value = pair[0].lower(), pair[1]
        if name in _LOOKED_AT:
            return False
        if name == b"content-type":
            if typed or not _is_data(value):
                return False
            typed = True
    return typed


@lru_cache(maxsize=256)
def _is_data(content_type: bytes) -> bool:
    return _MARKUP.isdisjoint(_types(content_type))


def media_types(headers: Mapping[bytes, bytes]) -> frozenset[bytes]:
    """Return what the body may be read as; nothing stands for a type that is missing and may be guessed.

    Args:
        headers: All headers by name, here and below.
    """
    given = headers.get(b"content-type")
    if given is None and b"nosniff" in headers.get(b"x-content-type-options", b"").lower():
        return frozenset()
    return _types(given or b"")


@lru_cache(maxsize=256)
def _types(value: bytes) -> frozenset[bytes]:
    return frozenset(part.split(b";")[0].strip().lower() for part in value.split(b","))


def is_shown(status: int, headers: Mapping[bytes, bytes]) -> bool:
    """Say whether a browser shows the body, rather than saving it or going elsewhere."""
    if 300 <= status < 400 and headers.get(b"location"):
        return False
    return not headers.get(b"content-disposition", b"").lower().lstrip().startswith(b"attachment")


class Read(NamedTuple):
    """How a page is read.

    Attributes:
        kind: Its media type.
        coding: The content coding around it: nothing for none, ``None`` for one that cannot be undone.
        charset: The charset that its media type names, or nothing.
    """

    kind: bytes
    coding: bytes | None
    charset: bytes


class Shown(NamedTuple):
    """What a response's status and headers say of what a browser shows.

    Attributes:
        page: How it is read, if it is markup that can be.
        kinds: What the body may be read as; empty where it is not shown.
        tagged: Whether it has an entity tag.
        restricted: Whether it has a Content-Security-Policy of the site's own.
        gated: Whether it has headers that name third parties.
        cookies: Whether it sets cookies.
        headers: Its headers, personal and without what describes the bytes.
    """

    page: Read | None
    kinds: frozenset[bytes]
    tagged: bool = False
    restricted: bool = False
    gated: bool = False
    cookies: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()


@lru_cache(maxsize=256)
def read_shown(status: int, headers: tuple[tuple[bytes, bytes], ...], vary: tuple[str, ...]) -> Shown:
    """Read what is shown. Remembered, since the headers of pages that repeat do as well.

    Args:
        status: The response's status.
        headers: Its headers.
        vary: The request headers that shape pages.
    """
    named = work.by_name(headers)
    cookies, gated = b"set-cookie" in named, not GATED_HEADERS.isdisjoint(named)
    if not is_shown(status, named):
        return Shown(None, frozenset(), gated=gated, cookies=cookies)
    kinds = media_types(named)
    kind = next((kind for kind in (HTML, XHTML, SVG) if kind in kinds), None)
    if kind is None:
        return Shown(None, kinds, gated=gated, cookies=cookies)
    read = Read(
        kind, coding_of(named.get(b"content-encoding", b"")), charset_of(named.get(b"content-type", b""))
    )
    return Shown(
        page=read,
        kinds=kinds,
        tagged=b"etag" in named,
        restricted=b"content-security-policy" in named,
        gated=gated,
        cookies=cookies,
        headers=tuple(work.personal(headers, vary, rewritten=True)),
    )
