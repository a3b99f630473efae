"""What a request's headers say, read once for each set of those that matter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import msgspec

from consentkit.asgi.bounded import Bounded
from consentkit.asgi.coding import acceptable
from consentkit.signals import Signals, read_signals

MEMO: Final = 2048
"""Sets of headers that are remembered as read."""
MAX_MEMO: Final = 4096
"""Bytes of what a visitor sends up to which it is remembered as read."""
MAX_PAIRS: Final = 128
"""The same in headers: browsers may send each cookie in one of its own (RFC 9113, section 8.2.3)."""
FRAGMENT_HEADERS: Final = ("HX-Request", "HX-Boosted", "Turbo-Frame", "X-Requested-With")
"""Headers by which scripts ask for a part of a page."""

_CONDITIONS = frozenset((b"if-none-match", b"if-modified-since"))
_RANGES = frozenset((b"range", b"if-range"))
# That these are there is all that is read of them here; what they say differs with every request.
_PRESENT = _CONDITIONS | _RANGES
_READ = _PRESENT | frozenset(
    (
        *(b"cookie", b"sec-gpc", b"dnt", b"accept", b"accept-encoding", b"sec-fetch-dest", b"sec-fetch-site"),
        *(name.lower().encode("ascii") for name in FRAGMENT_HEADERS),
    )
)
_DOCUMENT = frozenset((b"document", b""))
_FRAMES = frozenset((b"iframe", b"frame", b"embed", b"object", b"fencedframe"))
_WORKERS = frozenset((b"worker", b"sharedworker", b"serviceworker"))
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))  # RFC 9110, section 9.2.1
_SUBRESOURCES = frozenset(b"audio audioworklet font image manifest script style track video worker".split())

Pairs = list[tuple[bytes, bytes]]


class Traits(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What a request says of itself, wherever it goes.

    Attributes:
        raw_cookies: The values of all ``Cookie`` headers.
        has_own_cookies: Whether a cookie of this package may be among them.
        signals: What the browser says of its visitor.
        travels: Whether a Lax cookie travels with it (RFC 6265bis, section 5.2).
        wants_document: Whether the response may be shown as a page, in a window or a frame.
        wants_worker: Whether a worker's script is wanted, whose response has a policy for what it loads.
        wants_service_worker: Whether that is a service worker's.
        takes_markup: Whether the response may be markup, as a page or for a script that puts it into one.
        takes_banner: Whether a page in answer is a document of its own: no fragment, in no frame.
        asks_if_changed: Whether it is wanted only if the visitor has another; conditions of writes are no
            such.
        asks_for_range: Whether a part of something is wanted.
        coding: The ``Accept-Encoding`` that the app is shown; ``None``: the visitor's own.
        is_short: Whether all this is short enough for memos.
    """

    raw_cookies: tuple[bytes, ...]
    has_own_cookies: bool
    signals: Signals
    travels: bool
    wants_document: bool
    wants_worker: bool
    wants_service_worker: bool
    takes_markup: bool
    takes_banner: bool
    asks_if_changed: bool
    asks_for_range: bool
    coding: bytes | None
    is_short: bool

    @property
    def passes(self) -> bool:
        """Say whether nothing of it concerns the gate but its cookies."""
        return not (self.asks_if_changed or self.asks_for_range or self.coding is not None)


def read_traits(method: str, headers: Sequence[tuple[bytes, bytes]]) -> Traits:
    """Read what a request says of itself.

    Args:
        method: The request's method.
        headers: Its headers, names in lower case.
    """
    told: list[Any] = [method]
    for pair in headers:
        if pair[0] in _READ:
            told += pair
    key = tuple(told)
    return _known.get(key) or _read(method, list(zip(key[1::2], key[2::2], strict=True)))


_known: Bounded[tuple[Any, ...], Traits] = Bounded(MEMO)


def _read(method: str, pairs: Pairs) -> Traits:
    pairs = [(name, b"" if name in _PRESENT else value) for name, value in pairs]
    key: tuple[Any, ...] = (method, *chain.from_iterable(pairs))
    traits = _known.get(key)
    if traits is None:
        is_short = sum(map(len, key)) <= MAX_MEMO and len(pairs) <= MAX_PAIRS
        traits = _make(method, pairs, is_short=is_short)
        if is_short:
            _known.keep(key, traits)
    return traits


def _make(method: str, pairs: Pairs, *, is_short: bool) -> Traits:
    first = dict(reversed(pairs))
    get = first.get
    dest, accept = get(b"sec-fetch-dest", b""), get(b"accept", b"")
    partial = bool(get(b"hx-request") and not get(b"hx-boosted"))
    partial = partial or bool(get(b"turbo-frame") or get(b"x-requested-with"))
    if dest:
        wants_document = dest == b"document" or dest in _FRAMES
    else:
        wants_document = not partial and b"html" in (accept or b"html")
    cookies = tuple([value for name, value in pairs if name == b"cookie"])
    takes_markup = dest not in _SUBRESOURCES
    return Traits(
        raw_cookies=cookies,
        has_own_cookies=b"consentkit" in b";".join(cookies),
        signals=read_signals(pairs),
        travels=get(b"sec-fetch-site", b"") != b"cross-site"
        or (method in SAFE_METHODS and dest in _DOCUMENT),
        wants_document=wants_document,
        wants_worker=dest in _WORKERS,
        wants_service_worker=dest == b"serviceworker",
        takes_markup=takes_markup,
        takes_banner=not partial and dest in _DOCUMENT,
        asks_if_changed=method in ("GET", "HEAD") and not _CONDITIONS.isdisjoint(first),
        asks_for_range=not _RANGES.isdisjoint(first),
        coding=_narrowed(pairs) if takes_markup else None,
        is_short=is_short,
    )


def _narrowed(pairs: Pairs) -> bytes | None:
    accepted = b", ".join([value for name, value in pairs if name == b"accept-encoding"])
    narrowed = acceptable(accepted[:MAX_MEMO])
    return None if narrowed == accepted else narrowed
