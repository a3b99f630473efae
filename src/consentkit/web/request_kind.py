"""What kind of answer a request asks for: a page, a frame, a fragment of a page, a worker's script …

A library that fetches fragments and names itself in a header has a row in `FRAGMENT_HEADERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from consentkit.signals import Signals, read_signals
from consentkit.web.request import SAFE_METHODS, Headers
from consentkit.web.response.content_encoding import acceptable


class FragmentHeader(NamedTuple):
    """A request header by which a script asks for a fragment of a page, where browsers do not tell.

    Attributes:
        name: The header.
        value: What it says for a fragment, in lower case; ``None`` for anything.
        unless: Another header with which a whole page is asked for all the same.
    """

    name: str
    value: bytes | None = None
    unless: str = ""


FRAGMENT_HEADERS: Final = (
    FragmentHeader("HX-Request", unless="HX-Boosted"),  # htmx; a boosted link brings a whole page
    FragmentHeader("Turbo-Frame"),
    FragmentHeader("X-Requested-With", value=b"xmlhttprequest"),  # jQuery and its like
)
"""What marks requests of libraries for fragments. Each is in ``Vary`` as well."""

ASKING_HEADERS: Final = (
    *("Sec-Fetch-Dest", "Sec-Fetch-Mode", "Accept", "Sec-Purpose", "Purpose"),
    *(name for row in FRAGMENT_HEADERS for name in (row.name, row.unless) if name),
)
"""Headers that say whether a page is asked for or a fragment of one."""

MAX_CODINGS: Final = 4096
"""Bytes of ``Accept-Encoding`` that count."""
_CONDITIONS: Final = frozenset((b"if-none-match", b"if-modified-since"))
RANGES: Final = frozenset((b"range", b"if-range"))
"""Request headers that ask for a part of the bytes."""
PRESENT: Final = _CONDITIONS | RANGES
"""Request headers of which only the presence is read: their values differ with every request."""
READ: Final = PRESENT.union(
    b"host cookie sec-gpc dnt accept-encoding accept-language sec-fetch-site origin".split(),
    (name.lower().encode("ascii") for name in ASKING_HEADERS),
)
"""Request headers that shape what holds for a request, and what a page in answer is."""

Asked = Literal["page", "frame", "part", "worker", "resource"]
"""What a response is for: a document in a window or a frame, something that a script takes, and so on."""

# By Sec-Fetch-Dest (W3C Fetch Metadata). What is not here is for a script.
_ASKED: Final[Mapping[bytes, Asked]] = {
    b"document": "page",
    **dict.fromkeys((b"iframe", b"frame", b"embed", b"object", b"fencedframe"), "frame"),
    **dict.fromkeys((b"worker", b"sharedworker", b"serviceworker"), "worker"),
    **dict.fromkeys(b"audio audioworklet font image manifest script style track video".split(), "resource"),
}
_FORWARDED = frozenset((b"navigate", b"same-origin"))  # Firefox says the second
_PORTS: Final[Mapping[bytes, bytes]] = {b"http": b":80", b"https": b":443"}
_TURBO = b"text/html, application/xhtml+xml"


class Traits(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What a request says of itself, whatever its address.

    Attributes:
        has_own_cookies: Whether a cookie of this package may be among its cookies.
        signals: What the browser says of its visitor.
        carries_lax_cookies: Whether a Lax cookie travels with it (RFC 6265bis, section 5.2).
        asked: What the response is for. A ``page`` is a document of its own, which takes the banner.
        wants_document: Whether the response may be shown as a document, in a window or a frame.
        wants_service_worker: Whether a service worker's script is wanted.
        asks_if_changed: Whether a GET or HEAD has a condition, so that 304 may be the answer.
        asks_for_range: Whether a part of the bytes is wanted.
        coding: The ``Accept-Encoding`` that the app is shown; ``None``: the visitor's own.
    """

    has_own_cookies: bool
    signals: Signals
    carries_lax_cookies: bool
    asked: Asked
    wants_document: bool
    wants_service_worker: bool
    asks_if_changed: bool
    asks_for_range: bool
    coding: bytes | None


def read_traits(method: str, pairs: Headers) -> Traits:
    """Read what a request says of itself by its method and its headers, of which `READ` are enough."""
    first = dict(reversed(pairs))
    asked = _asked(first)
    own = any(name == b"cookie" and b"consentkit" in value for name, value in pairs)
    return Traits(
        has_own_cookies=own,
        signals=read_signals(pairs),
        carries_lax_cookies=_carries_lax_cookies(method, first, own, asked),
        asked=asked,
        wants_document=asked in ("page", "frame"),
        wants_service_worker=first.get(b"sec-fetch-dest") == b"serviceworker",
        asks_if_changed=method in ("GET", "HEAD") and not _CONDITIONS.isdisjoint(first),
        asks_for_range=not RANGES.isdisjoint(first),
        coding=_narrowed(pairs) if asked not in ("worker", "resource") else None,
    )


def _carries_lax_cookies(method: str, first: Mapping[bytes, bytes], own: bool, asked: Asked) -> bool:
    """Say whether a Lax cookie travels with a request: on the same site, and with visits from others.

    It travels as well on what a worker forwards, unless that is for a frame, which nothing but the cookie
    tells. Without fetch metadata (older browsers, plain http) ``Origin`` tells, which stands on every form
    and on what scripts ask of other origins. A name of the same site may be among them: our cookie tells
    then.
    """
    site, origin = first.get(b"sec-fetch-site"), first.get(b"origin")
    if site is None and origin is not None:
        elsewhere = not own and not is_same_host(origin, first.get(b"host", b""))
    else:
        elsewhere = site == b"cross-site"
    dest = first.get(b"sec-fetch-dest", b"document" if origin is None else b"")
    visits = dest == b"document" or (asked == "page" and own)
    return not elsewhere or (method in SAFE_METHODS and visits)


def is_same_host(origin: bytes, host: bytes) -> bool:
    """Say whether ``Origin`` names what ``Host`` names; either may leave the scheme's own port out."""
    scheme, _, named = origin.lower().partition(b"://")
    port = _PORTS.get(scheme, b"")
    return bool(named) and named.removesuffix(port) == host.lower().removesuffix(port)


def _asked(first: Mapping[bytes, bytes]) -> Asked:
    """Say what a response is for.

    A worker that forwards a navigation says ``empty``, but keeps the ``Accept`` of the browser. Without fetch
    metadata (older browsers, plain http) a page is what asks for HTML and is not known as a script's request:
    htmx takes anything, Turbo names two types, browsers always more.
    """
    dest, accept = first.get(b"sec-fetch-dest", b""), first.get(b"accept", b"").lower()
    known = _ASKED.get(dest)
    if known is not None:
        return known
    if dest:
        purpose = first.get(b"sec-purpose") or first.get(b"purpose", b"")
        forwarded = purpose.lower().startswith(b"prefetch") or first.get(b"sec-fetch-mode") in _FORWARDED
        return "page" if forwarded and dest == b"empty" and accept.startswith(b"text/html") else "part"
    fragment = accept.endswith(_TURBO) or any(_marks(row, first) for row in FRAGMENT_HEADERS)
    return "page" if b"text/html" in accept and not fragment else "part"


def _marks(row: FragmentHeader, first: Mapping[bytes, bytes]) -> bool:
    value = first.get(row.name.lower().encode(), b"").lower()
    fits = bool(value) if row.value is None else value == row.value
    return fits and not first.get(row.unless.lower().encode())


def _narrowed(pairs: Headers) -> bytes | None:
    accepted = b", ".join([value for name, value in pairs if name == b"accept-encoding"])
    narrowed = acceptable(accepted[:MAX_CODINGS])
    return None if narrowed == accepted else narrowed
