"""The kind of response that a request asks for: a page, a frame, a fragment, a worker's script …

Libraries that fetch fragments are in `FRAGMENT_HEADERS`, used only without ``Sec-Fetch-Dest``.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from consentkit.signals import Signals, read_signals
from consentkit.web.request import SAFE_METHODS, Headers
from consentkit.web.response.content_encoding import acceptable


class FragmentHeader(NamedTuple):
    """A header by which a library asks for a fragment; read only if there is no ``Sec-Fetch-Dest``.

    Attributes:
        name: The header.
        value: Its value for a fragment, in lower case; ``None`` for any value.
        unless: Another header; if it is present, a page is asked for.
    """

    name: str
    value: bytes | None = None
    unless: str = ""


FRAGMENT_HEADERS: Final = (
    FragmentHeader("HX-Request", unless="HX-Boosted"),  # htmx; a boosted link brings a whole page
    FragmentHeader("Turbo-Frame"),
    FragmentHeader("X-Requested-With", value=b"xmlhttprequest"),  # jQuery and its like
)
"""Headers of libraries that fetch fragments. Each is added to ``Vary``."""

ASKING_HEADERS: Final = (
    *("Sec-Fetch-Dest", "Sec-Fetch-Mode", "Accept", "Sec-Purpose", "Purpose"),
    *(name for row in FRAGMENT_HEADERS for name in (row.name, row.unless) if name),
)
"""Headers that decide whether a page or a fragment is asked for."""

MAX_CODINGS: Final = 4096
"""Bytes of ``Accept-Encoding`` that are read."""
_CONDITIONS: Final = frozenset((b"if-none-match", b"if-modified-since"))
RANGES: Final = frozenset((b"range", b"if-range"))
"""Request headers that ask for a part of the bytes."""
PRESENT: Final = _CONDITIONS | RANGES
"""Request headers of which only the presence matters, since their values differ with every request."""
READ: Final = PRESENT.union(
    b"host cookie sec-gpc dnt accept-encoding accept-language sec-fetch-site origin".split(),
    (name.lower().encode("ascii") for name in ASKING_HEADERS),
)
"""Request headers that affect the resolution of a request: the resolver's cache key."""

Asked = Literal["page", "frame", "part", "worker", "resource"]
"""What a response is for: a document in a window or a frame, a fragment for a script, and so on."""

# By Sec-Fetch-Dest (W3C Fetch Metadata). Other values: a part, for a script.
_ASKED: Final[Mapping[bytes, Asked]] = {
    b"document": "page",
    **dict.fromkeys((b"iframe", b"frame", b"embed", b"object", b"fencedframe"), "frame"),
    **dict.fromkeys((b"worker", b"sharedworker", b"serviceworker"), "worker"),
    **dict.fromkeys(b"audio audioworklet font image manifest script style track video".split(), "resource"),
}
_FORWARDED = frozenset((b"navigate", b"same-origin"))  # the second in Firefox
_PORTS: Final[Mapping[bytes, bytes]] = {b"http": b":80", b"https": b":443"}
_TURBO = b"text/html, application/xhtml+xml"


class Traits(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Properties of a request that follow from its method and headers.

    Attributes:
        has_own_cookies: Whether a cookie of this package may be among its cookies.
        signals: Sec-GPC and DNT.
        carries_lax_cookies: Whether a Lax cookie travels with it (RFC 6265bis, section 5.2).
        asked: What the response is for. A ``page`` gets the banner.
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
    """Return a request's traits. Of the headers only those in `READ` are needed."""
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
    """Say whether browsers send Lax cookies with a request: same-site, or a navigation from another site.

    A navigation forwarded by a service worker carries them unless it is for a frame; only the presence of our
    cookie shows which. Without fetch metadata (older browsers, plain http) ``Origin`` decides, which forms
    and cross-origin requests of scripts send. A subdomain is same-site but differs in ``Origin``: again our
    cookie shows it.
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
    """Say whether ``Origin`` and ``Host`` name the same host; either may omit the scheme's default port."""
    scheme, _, named = origin.lower().partition(b"://")
    port = _PORTS.get(scheme, b"")
    return bool(named) and named.removesuffix(port) == host.lower().removesuffix(port)


def _asked(first: Mapping[bytes, bytes]) -> Asked:
    """Return what a response is for.

    A worker that forwards a navigation sends ``empty``, but the browser's ``Accept``. Without fetch metadata
    (older browsers, plain http) a request is for a page if it accepts HTML and is not from a known library:
    htmx accepts anything, Turbo names two types, browsers always more.
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
