"""What a request's headers say of it, wherever it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from consentkit.signals import Signals, read_signals
from consentkit.web.request import SAFE_METHODS, Headers
from consentkit.web.response.content_encoding import acceptable

MAX_CODINGS: Final = 4096
"""Bytes of ``Accept-Encoding`` that count."""
ASKING_HEADERS: Final = (
    *("Sec-Fetch-Dest", "Sec-Fetch-Mode", "Accept", "Sec-Purpose", "Purpose"),
    *("HX-Request", "HX-Boosted", "Turbo-Frame", "X-Requested-With"),
)
"""Headers that say whether a page is asked for or a part of one."""

_CONDITIONS: Final = frozenset((b"if-none-match", b"if-modified-since"))
RANGES: Final = frozenset((b"range", b"if-range"))
"""Request headers that ask for a part."""
PRESENT: Final = _CONDITIONS | RANGES
"""Request headers of which only that they are there is read: what they say differs with every request."""
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
_UNMARKED = frozenset(("worker", "resource"))
_FORWARDED = frozenset((b"navigate", b"same-origin"))  # Firefox says the second
_PORTS: Final[Mapping[bytes, bytes]] = {b"http": b":80", b"https": b":443"}
_TURBO = b"text/html, application/xhtml+xml"


class Traits(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What a request says of itself, wherever it goes.

    Attributes:
        has_own_cookies: Whether a cookie of this package may be among them.
        signals: What the browser says of its visitor.
        travels: Whether a Lax cookie travels with it (RFC 6265bis, section 5.2).
        asked: What the response is for.
        takes_banner: Whether a page in answer is a document of its own: no fragment, in no frame.
        wants_document: Whether the response may be shown as a document, in a window or a frame.
        wants_worker: Whether a worker's script is wanted, whose response has a policy for what it loads.
        wants_service_worker: Whether that is a service worker's.
        asks_if_changed: Whether it is wanted only if the visitor has another; conditions of writes are no
            such.
        asks_for_range: Whether a part of something is wanted.
        coding: The ``Accept-Encoding`` that the app is shown; ``None``: the visitor's own.
    """

    has_own_cookies: bool
    signals: Signals
    travels: bool
    asked: Asked
    takes_banner: bool
    wants_document: bool
    wants_worker: bool
    wants_service_worker: bool
    asks_if_changed: bool
    asks_for_range: bool
    coding: bytes | None


def read_traits(method: str, pairs: Headers) -> Traits:
    """Read what a request says of itself.

    Args:
        method: The request's method.
        pairs: Its headers, names in lower case; `READ` are enough.
    """
    first = dict(reversed(pairs))
    get = first.get
    asked = _asked(first)
    own = any(name == b"cookie" and b"consentkit" in value for name, value in pairs)
    # On what a worker forwards it travels as well, unless that is for a frame, which nothing but it can tell.
    # Without metadata it is a visit unless it names an origin, as what scripts ask of other sites does.
    dest = get(b"sec-fetch-dest", b"" if b"origin" in first else b"document")
    visits = dest == b"document" or (asked == "page" and own)
    return Traits(
        has_own_cookies=own,
        signals=read_signals(pairs),
        travels=not _comes_from_elsewhere(first, own) or (method in SAFE_METHODS and visits),
        asked=asked,
        takes_banner=asked == "page",
        wants_document=asked in ("page", "frame"),
        wants_worker=asked == "worker",
        wants_service_worker=get(b"sec-fetch-dest") == b"serviceworker",
        asks_if_changed=method in ("GET", "HEAD") and not _CONDITIONS.isdisjoint(first),
        asks_for_range=not RANGES.isdisjoint(first),
        coding=_narrowed(pairs) if asked not in _UNMARKED else None,
    )


def _comes_from_elsewhere(first: Mapping[bytes, bytes], own: bool) -> bool:
    """Say whether another site had the browser send this.

    Without fetch metadata (older browsers, plain http) ``Origin`` tells, which stands on every form and on
    what scripts ask of other origins. A name of the same site may be among them: our cookie tells then.
    """
    site, origin = first.get(b"sec-fetch-site"), first.get(b"origin")
    if site is not None or origin is None:
        return site == b"cross-site"
    return not own and not is_same_host(origin, first.get(b"host", b""))


def is_same_host(origin: bytes, host: bytes) -> bool:
    """Say whether ``Origin`` names what ``Host`` names; either may leave the scheme's own port out."""
    scheme, _, named = origin.lower().partition(b"://")
    port = _PORTS.get(scheme, b"")
    return bool(named) and named.removesuffix(port) == host.lower().removesuffix(port)


def _asked(first: Mapping[bytes, bytes]) -> Asked:
    """Say what a response is for: the table of what is a page.

    A worker that forwards a navigation says ``empty``, but keeps the ``Accept`` of the browser. Without fetch
    metadata (older browsers, plain http) a page is what asks for HTML and is not known as a script's request:
    htmx takes anything, Turbo names two types, browsers always more.
    """
    get = first.get
    dest, accept = get(b"sec-fetch-dest", b""), get(b"accept", b"").lower()
    known = _ASKED.get(dest)
    if known is not None:
        return known
    if dest:
        ahead = (get(b"sec-purpose") or get(b"purpose", b"")).lower().startswith(b"prefetch")
        forwarded = ahead or get(b"sec-fetch-mode") in _FORWARDED
        return "page" if forwarded and dest == b"empty" and accept.startswith(b"text/html") else "part"
    partial = bool(get(b"hx-request") and not get(b"hx-boosted")) or bool(get(b"turbo-frame"))
    partial = partial or get(b"x-requested-with", b"").lower() == b"xmlhttprequest" or accept.endswith(_TURBO)
    return "page" if b"text/html" in accept and not partial else "part"


def _narrowed(pairs: Headers) -> bytes | None:
    accepted = b", ".join([value for name, value in pairs if name == b"accept-encoding"])
    narrowed = acceptable(accepted[:MAX_CODINGS])
    return None if narrowed == accepted else narrowed
