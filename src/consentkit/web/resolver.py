"""The resolver: works out the consent for a request, and caches it until it could change."""

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
"""Cache size, in resolutions. When the cache is full, it is cleared."""
MAX_BYTES: Final = 4096
"""Requests with more bytes of relevant headers are not cached."""
MAX_HEADERS: Final = 128
"""Requests with more headers are not cached: HTTP/2 may send one per cookie (RFC 9113, section 8.2.3)."""


class Resolution(msgspec.Struct, frozen=True, eq=False, kw_only=True, dict=True):
    """The cached result, shared by requests with the same relevant headers.

    With time it changes at three moments only: when the decision's grants expire, when the visitor may be
    asked again about refusals, and when the cookie must be signed again.

    Attributes:
        traits: Properties of the request.
        consent: What the visitor allows.
        hidden: Names of cookies that are removed from the request before the app sees it.
        headers_unchanged: Whether the app gets the request's headers unchanged.
        may_set_cookies: Whether the response may set or expire cookies: True for a full page that carries Lax
            cookies; False for fragments, frames and cross-site requests.
        host: The ``Host`` header if it is one, else nothing.
        origin: The origin that the visitor sees, such as ``https://example.org``.
        base: Path of the package's own pages, root path included, without a slash at its end.
        language: ``Accept-Language``.
        since: Epoch seconds from which this is valid.
        until: Epoch seconds at which it must be computed again.
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
        """The language for pages that do not name their own."""
        return choose_locale("", self.language, self.options.locales)

    @cached_property
    def csp(self) -> Headers:
        """The second Content-Security-Policy for pages and workers; empty if it is off."""
        return self.options.page_policy.headers(self.consent, self.host, self.base)

    @cached_property
    def denies(self) -> bool:
        """Whether anything is blocked for this visitor."""
        return self.consent.restricts or self.options.gate.unclassified == "gate"

    @cached_property
    def shape(self) -> Hashable:
        """Part of the page cache's key: everything about the visitor that affects a page."""
        traits, consent = self.traits, self.consent
        kind = traits.asked if traits.wants_document else ""
        return consent.view, consent.made_for, self.locale, kind, self.origin, self.base

    @cached_property
    def fingerprint(self) -> bytes:
        """Hexadecimal hash, for entity tags, of everything about the visitor that affects a page."""
        consent, options, traits = self.consent, self.options, self.traits
        notice = make_notice(options.policy, consent, self.locale)
        kind = (traits.asked == "page", traits.wants_document)
        modes = (options.csp, options.gate.unclassified)
        parts = (package_version(), consent.view, consent.made_for, notice.hash, self.base, *kind, *modes)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12].encode("ascii")


class Exchange(msgspec.Struct, frozen=True, eq=False):
    """One request with its resolution and the time, until its response has been sent.

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
    """Resolves requests. No other cache sits on this path.

    Args:
        options: How the policy is deployed.

    Attributes:
        known: The cache.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.known: dict[tuple[object, ...], Resolution] = {}

    def resolve(self, request: Request, place: Place | None, now: int) -> Exchange:
        """Resolve a request.

        Args:
            request: The request.
            place: Where the visitor is; ``None`` if unknown, then the strictest regime applies.
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
        """Second look-up by a reduced key; on a miss, compute."""
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
    """Yield the reduced key: without the values of other cookies, which differ between visitors."""
    for name, value in pairs:
        if name == b"cookie":
            yield b"consentkit" in value
        else:
            yield name
            yield value
    for cookie, content in request.cookies:
        yield cookie
        yield content if "consentkit" in cookie and not cookie.endswith("-id") else ""


def consent_with(exchange: Exchange, decision: Decision | Invalid | None) -> Consent:
    """Return the consent for a request with another decision."""
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
    """Return the consent, and until when it may be cached; `now` if it must not be cached."""
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
    # An invalid cookie may be from a machine whose clock is ahead, and become valid.
    return consent, now if decision is INVALID else _until(consent, now)


def _until(consent: Consent, now: int) -> float:
    """Return the next moment at which a consent may change; see `Resolution`."""
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
