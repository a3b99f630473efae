"""The resolver: from a request to what holds for it, remembered for as long as that cannot change."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Sequence
from functools import cache, cached_property
from itertools import chain
from typing import Final

import msgspec
from msgspec.structs import replace

from consentkit.banner.banner import make_notice
from consentkit.consent import cookies
from consentkit.consent.consent import RENEWAL, Consent
from consentkit.consent.consent import resolve as resolve_consent
from consentkit.consent.decision import INVALID, Decision, Invalid
from consentkit.policy import Place
from consentkit.web.options import Options
from consentkit.web.request import Headers, Request, choose_locale
from consentkit.web.request_kind import PRESENT, READ, Traits, read_traits

MAX_RESOLUTIONS: Final = 2048
"""Resolutions remembered. Full, all are forgotten: what comes again is soon known again."""
MAX_BYTES: Final = 4096
"""Bytes of what a visitor sends up to which it is remembered."""
MAX_HEADERS: Final = 128
"""The same in headers: browsers may send each cookie in one of its own (RFC 9113, section 8.2.3)."""


class Resolution(msgspec.Struct, frozen=True, eq=False, kw_only=True, dict=True):
    """What holds for all requests that say the same.

    With everything else the same, it changes at three points in time only: where the decision's grants
    lapse, where its refusals may be asked about again, and where its cookie is to be signed anew.

    Attributes:
        traits: What the request says of itself.
        consent: What the visitor allows.
        hidden: Names of the request's cookies that the app must not see.
        headers_unchanged: Whether the app sees the request as it came.
        may_set_cookies: Whether the response may set or expire cookies: a page's may; a fragment's, a frame's
            and one to a cross-site request may not.
        host: The ``Host`` header if it is one, else nothing.
        origin: The origin that the visitor sees, such as ``https://example.org``.
        base: Path of the package's own pages, root path included, without a slash at its end.
        language: ``Accept-Language``.
        since: Epoch seconds from which on this holds.
        until: Epoch seconds from which on it may not hold any more.
    """

    options: Options
    traits: Traits
    consent: Consent
    hidden: frozenset[str]
    headers_unchanged: bool
    may_set_cookies: bool
    host: str
    origin: str
    base: str
    language: bytes
    since: int
    until: float

    @cached_property
    def locale(self) -> str:
        """The language to speak where a page does not name its own."""
        return choose_locale("", self.language, self.options.locales)

    @cached_property
    def csp(self) -> Headers:
        """The second Content-Security-Policy for pages and workers; none where it is off."""
        return self.options.page_policy.headers(self.consent, self.host, self.base)

    @cached_property
    def denies(self) -> bool:
        """Whether anything at all is held back from this visitor."""
        return self.consent.restricts or self.options.gate.unclassified == "gate"

    @cached_property
    def shape(self) -> Hashable:
        """All that shapes a page but its bytes and its address: equal for visitors who are shown the same."""
        traits, consent = self.traits, self.consent
        kind = traits.asked if traits.wants_document else ""
        return consent.view, consent.made_for, self.locale, kind, self.origin, self.base

    @cached_property
    def fingerprint(self) -> bytes:
        """Hexadecimal digits of all that shapes a page, but for where it is and what it says."""
        consent, options, traits = self.consent, self.options, self.traits
        notice = make_notice(options.policy, consent, self.locale)
        kind = (traits.asked == "page", traits.wants_document)
        modes = (options.csp, options.gate.unclassified)
        parts = (package_version(), consent.view, consent.made_for, notice.hash, self.base, *kind, *modes)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12].encode("ascii")


class Exchange(msgspec.Struct, frozen=True, eq=False):
    """One request and what holds for it, from before the app runs until its answer has gone out.

    Attributes:
        options: How the policy is deployed.
        request: What the request says.
        resolution: What holds for it.
        consent: What the visitor allows.
        traits: What the request is.
        now: Epoch seconds.
    """

    options: Options
    request: Request
    resolution: Resolution
    consent: Consent
    traits: Traits
    now: int

    def locale_of(self, language: str) -> str:
        """Choose the language to speak.

        Args:
            language: The page's own, or what the visitor was shown; empty where it is not known.
        """
        if not language:
            return self.resolution.locale
        return choose_locale(language, self.resolution.language, self.options.locales)


class Resolver:
    """Resolves requests. This memo is the only one between a request and what holds for it.

    Args:
        options: How the policy is deployed.

    Attributes:
        known: What is remembered.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.known: dict[tuple[object, ...], Resolution] = {}

    def resolve(self, request: Request, place: Place | None, now: int) -> Exchange:
        """Find out what holds for a request.

        Args:
            request: The request.
            place: Where the visitor is; ``None``: not known, for which the strictest regime holds.
            now: Epoch seconds.
        """
        key: list[object] = [request.method, request.secure, request.root_path, place]
        for pair in request.headers:
            if pair[0] in READ:
                key += pair
        found = self.known.get(tuple(key))
        if found is None or not found.since <= now < found.until:
            found = self._find(request, place, now)
        return Exchange(self._options, request, found, found.consent, found.traits, now)

    def _find(self, request: Request, place: Place | None, now: int) -> Resolution:
        """Look once more by what matters of it, and resolve what is not known."""
        pairs = [(name, b"" if name in PRESENT else value) for name, value in request.headers if name in READ]
        where = (request.method, request.secure, request.root_path, place)
        keys: list[tuple[object, ...]] = [(*where, *chain.from_iterable(pairs))]
        if any(name == b"cookie" for name, _ in pairs):
            keys.append((*where, *_anonymous(request, pairs)))
        for key in keys:
            found = self.known.get(key)
            if found is not None and found.since <= now < found.until:
                break
        else:
            found = _resolve(self._options, request, pairs, place, now)
        size = len(request.method) + len(request.root_path) + sum(map(len, chain.from_iterable(pairs)))
        if size <= MAX_BYTES and len(pairs) <= MAX_HEADERS and now < found.until:
            for key in keys:
                if len(self.known) >= MAX_RESOLUTIONS:
                    self.known.clear()
                self.known[key] = found
        return found


def _anonymous(request: Request, pairs: Headers) -> Iterator[object]:
    """Yield what a request says without the values of other cookies: visitors differ in them."""
    for name, value in pairs:
        yield from (b"consentkit" in value,) if name == b"cookie" else (name, value)
    for cookie, content in request.cookies:
        yield from (cookie, content if "consentkit" in cookie and not cookie.endswith("-id") else "")


def consent_with(exchange: Exchange, decision: Decision | Invalid | None) -> Consent:
    """Return what would hold for a request with another decision."""
    return _consent(exchange.options, exchange.traits, decision, exchange.consent.place, exchange.now)


def _resolve(options: Options, request: Request, pairs: Headers, place: Place | None, now: int) -> Resolution:
    traits = read_traits(request.method, pairs)
    consent, until = _decided(options, request, traits, place, now)
    hidden = options.gate.hidden_cookies(consent, {name for name, _ in request.cookies})
    stamped = traits.wants_service_worker and options.csp != "off"
    looks = traits.asks_if_changed or traits.asks_for_range or traits.coding is not None
    return Resolution(
        options=options,
        traits=traits,
        consent=consent,
        hidden=hidden,
        headers_unchanged=not (looks or hidden or stamped),
        may_set_cookies=traits.carries_lax_cookies
        and traits.asked == "page"
        and (traits.has_own_cookies or bool(hidden)),
        host=request.host,
        origin=request.origin,
        base=request.mount + options.prefix,
        language=request.header(b"accept-language"),
        since=now,
        until=until,
    )


def _decided(
    options: Options, request: Request, traits: Traits, place: Place | None, now: int
) -> tuple[Consent, float]:
    """Return what is allowed, and until when it may be remembered: `now` for what may not at all."""
    if not traits.has_own_cookies:
        return _consent(options, traits, None, place, now), float("inf")
    name = cookies.decision_cookie_name(request.secure, options.cookies.domain)
    decision = options.decisions.loads(request.cookie_values(name), now=now)
    consent = _consent(options, traits, decision, place, now)
    others = cookies.other_cookie_names(request.secure, options.cookies.domain)
    if any(name in others for name, _ in request.cookies):
        consent = replace(consent, elsewhere=True)
    once = request.cookie_values(cookies.once_cookie_name(request.secure))
    if once and traits.carries_lax_cookies:
        return _with_once(options, consent, once, now), now
    # One that cannot be believed may be from a machine whose clock is ahead.
    return consent, now if decision is INVALID else _until(consent, now)


def _until(consent: Consent, now: int) -> float:
    """Return the next moment at which a consent may turn; see `Resolution`."""
    decision, validity = consent.decision, consent.validity
    if decision is None:
        return float("inf")
    lapses, asks_again = decision.expires_at(validity), decision.asks_again_at(validity)
    turns = (at for at in (lapses, asks_again, decision.signed_at + RENEWAL) if at > now)
    return min(turns, default=float("inf"))


def _consent(
    options: Options, traits: Traits, decision: Decision | Invalid | None, place: Place | None, now: int
) -> Consent:
    policy = options.policy
    consent = resolve_consent(
        policy,
        policy.regimes_at(place),
        decision,
        traits.signals,
        now=now,
        carries_lax_cookies=traits.carries_lax_cookies,
        validity=policy.validity_at(place),
        gpc_binding=policy.gpc_binding(place),
        gpc_override=policy.gpc_override(place),
        narrow=policy.narrow_at(place),
        required_links=policy.required_links_at(place),
    )
    return replace(consent, place=place)


def _with_once(options: Options, consent: Consent, values: Sequence[str], now: int) -> Consent:
    """Add what the visitor allowed for this one page."""
    allowed = frozenset(name for value in values for name in options.once.loads(value, now=now))
    purposes = allowed & options.policy.purposes.keys()
    return replace(
        consent,
        granted=consent.granted | purposes,
        denied=consent.denied - purposes,
        vendors_granted=consent.vendors_granted | (allowed - purposes),
    )


@cache
def package_version() -> str:
    """Return the package's version: a new one may know more vendors."""
    from importlib.metadata import PackageNotFoundError, version  # costs more than the rest of the room

    try:
        return version("consentkit")
    except PackageNotFoundError:
        return ""
