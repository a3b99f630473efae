"""How the policy is deployed: everything that holds for all requests, checked once."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Hashable, Sequence
from itertools import product
from typing import Final, TypeAlias, get_args

from msgspec.structs import replace
from starlette.types import Scope

from consentkit.asgi.bounded import Bounded
from consentkit.asgi.consents import MEMO, ConsentMemo, Held, Resolved
from consentkit.asgi.csp import CSPMode, PagePolicy
from consentkit.asgi.locales import choose_locale
from consentkit.asgi.memo import PageMemo
from consentkit.asgi.once import OnceCodec
from consentkit.asgi.request import Request
from consentkit.asgi.traits import ASKING_HEADERS
from consentkit.asgi.trial import Trial
from consentkit.banner import available_locales, check_templates, make_notice, read_words
from consentkit.consent import INVALID, Consent, Decision, Invalid, Notice, cookies, resolve
from consentkit.consent.codec import DecisionCodec, SubjectCodec
from consentkit.exceptions import ConfigurationError
from consentkit.gating import Gate, Unclassified
from consentkit.log import ConsentLog
from consentkit.policy import Place, Policy

PlaceResolver: TypeAlias = Callable[[Scope], Place | None]
OnDecision: TypeAlias = Callable[[Decision, Scope], Awaitable[None] | None]

MEMO_COOKIES: Final = 1024
"""``Cookie`` headers of which it is remembered what of them the app must not see."""

_SHAPING = ("Cookie", "Sec-GPC", "Accept-Language", "Sec-Fetch-Site")
_PREFIX = re.compile(r"(?:/(?!\.\.?(?:/|\Z))[A-Za-z0-9._~-]+)+")
_CLIMBS = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|\Z)")
_XML_HELD = (
    "an XML document (XHTML, SVG …) was asked for as a page: it has no banner, and a Content-Security-Policy "
    "keeps it from loading anything of other sites. Send it as text/html to have it gated like other pages, "
    "or exclude its path to leave it alone"
)
_HOST_DIFFERS = (
    "a choice was refused (403): Origin is %.200r, Host is %.200r, and there is no Sec-Fetch-Site, which "
    "browsers send over https. If your visitors meet this, a proxy changes Host: let it pass Host on (nginx: "
    "proxy_set_header Host $http_host), or serve the site over https. An Origin of 'null' is a sandboxed "
    "page or Referrer-Policy: no-referrer. Otherwise it was another site"
)
_logger = logging.getLogger("consentkit")


class Deployment:
    """One policy as it is deployed. Arguments as in :class:`consentkit.ConsentMiddleware`.

    Raises:
        ConfigurationError: An argument cannot hold.
    """

    def __init__(
        self,
        *,
        secret_key: str,
        secret_key_fallbacks: Sequence[str],
        log: ConsentLog | None,
        policy: Policy,
        place: PlaceResolver | None,
        prefix: str,
        exclude: Sequence[str],
        unclassified: Unclassified,
        csp: CSPMode,
        cookie_domain: str | None,
        https_only: bool | None,
        enforce: bool,
        debug: bool,
        on_decision: OnDecision | None,
    ) -> None:
        self.decisions: DecisionCodec = DecisionCodec(secret_key, secret_key_fallbacks)
        self.subjects: SubjectCodec = SubjectCodec(secret_key, secret_key_fallbacks)
        self.once: OnceCodec = OnceCodec(secret_key, secret_key_fallbacks)
        self.log = log
        self.policy = policy
        self.place = place
        self.prefix: str = _check_prefix(prefix)
        self.exclude: tuple[str, ...] = _check_exclude(exclude)
        self.csp: PagePolicy = PagePolicy(policy, _check_csp(csp), f"{self.prefix}/csp")
        self.cookie_domain: str | None = cookies.check_cookie_domain(cookie_domain) if cookie_domain else None
        self.https_only = https_only
        self.enforce = enforce
        self.debug = debug
        self.on_decision = on_decision
        if csp == "enforce" and unclassified == "allow":
            problem = '"allow" cannot hold with csp="enforce", which lets browsers load declared hosts only'
            fix = 'leave it out, or say csp="report-only"'
            raise ConfigurationError(f"{problem}: {fix}", path="unclassified")
        # A policy of browsers cannot name what to deny, only what to allow.
        self.gate: Gate = Gate(policy, unclassified="gate" if csp == "enforce" else unclassified)
        self.locales: frozenset[str] = available_locales(policy)
        check_templates(policy)
        for locale in policy.banner.text:
            read_words(policy, locale)
        signals = ("DNT",) if policy.signals.dnt else ()
        self.vary: tuple[str, ...] = (*_SHAPING, *signals, *ASKING_HEADERS, *getattr(place, "headers", ()))
        self.pages: PageMemo = PageMemo()
        self.trial: Trial = Trial()
        self._told_of_xml = self._told_of_host = False
        self._held: Bounded[Hashable, Held] = Bounded(MEMO)
        self._consents = ConsentMemo()
        self._hidden: Bounded[tuple[tuple[bytes, ...], str], frozenset[str]] = Bounded(MEMO_COOKIES)

    def excludes(self, path: str) -> bool:
        """Say whether a path is left alone. One that an app may yet resolve to another is not."""
        if not self.exclude or _CLIMBS.search(path):
            return False
        return any(path == part or path.startswith(part + "/") for part in self.exclude)

    def tell_of_xml(self) -> None:
        """Say once in the log what becomes of XML that is shown as a document."""
        if not self._told_of_xml:
            self._told_of_xml = True
            _logger.warning(_XML_HELD)

    def tell_of_host(self, origin: str, host: str) -> None:
        """Say once in the log that a browser and this application call the site by different names."""
        if not self._told_of_host:
            self._told_of_host = True
            _logger.warning(_HOST_DIFFERS, origin, host)

    def place_of(self, request: Request) -> Place | None:
        """Ask the resolver. One that fails leaves the place unknown, for which the strictest regime holds."""
        if self.place is None:
            return None
        try:
            place = self.place(request.scope)
            if place is not None and not isinstance(place, Place):
                raise TypeError(f"a place resolver returns a Place or None, not {type(place).__name__}")
            return place
        except Exception:
            _logger.exception("the place resolver failed; the place counts as unknown")
            return None

    def held_by(self, request: Request, *, now: int) -> Held:
        """Find out what holds for a request.

        Args:
            request: The request.
            now: Epoch seconds.
        """
        place = None if self.place is None else self.place_of(request)
        key = (request.traits, request.secure, place)
        held = self._held.get(key)
        if held is not None and held.since <= now < held.until:
            return held
        held = self._hold(request, place, now)
        if request.traits.is_short and now < held.until:
            self._held.keep(key, held)
        return held

    def _hold(self, request: Request, place: Place | None, now: int) -> Held:
        traits = request.traits
        found = self._consent_of(request, place, now)
        hidden = self.hidden_cookies(request, found.consent)
        stamped = traits.wants_service_worker and self.csp.mode != "off"
        passes = traits.passes and not (hidden or stamped)
        visits = traits.travels and traits.takes_banner and (traits.has_own_cookies or bool(hidden))
        return Held(found.consent, hidden, passes, visits, found.since, found.until)

    def _consent_of(self, request: Request, place: Place | None, now: int) -> Resolved:
        traits = request.traits
        raw = traits.raw_cookies if traits.has_own_cookies else ()
        key = (raw, request.secure, place, traits.signals, traits.travels)
        found = self._consents.find(key, now)
        if found is not None:
            return found
        name = cookies.decision_cookie_name(request.secure, self.cookie_domain)
        decision = self.decisions.loads(request.cookie_values(name), now=now) if raw else None
        consent = self._resolve(request, decision, place, now)
        others = cookies.other_cookie_names(request.secure, self.cookie_domain)
        if raw and any(name in others for name, _ in request.cookies):
            consent = replace(consent, elsewhere=True)
        once = request.cookie_values(self.once.cookie_name(request.secure)) if raw else ()
        if once and traits.travels:
            return Resolved(self._with_once(consent, once, now), now, now)
        # One that cannot be believed may be from a machine whose clock is ahead.
        if decision is INVALID or not (traits.is_short or not raw):
            return Resolved(consent, now, now)
        return self._consents.keep(key, consent, now)

    def consent_with(self, request: Request, decision: Decision | Invalid | None, *, now: int) -> Consent:
        """Resolve what a decision means for a request. Arguments as in `held_by`."""
        return self._resolve(request, decision, self.place_of(request), now)

    def _resolve(
        self, request: Request, decision: Decision | Invalid | None, place: Place | None, now: int
    ) -> Consent:
        consent = resolve(
            self.policy,
            self.policy.regimes_at(place),
            decision,
            request.traits.signals,
            now=now,
            travels=request.traits.travels,
            validity=self.policy.validity_at(place),
            gpc_binding=self.policy.gpc_binding(place),
            gpc_override=self.policy.gpc_override(place),
            narrow=self.policy.narrow_at(place),
            required_links=self.policy.required_links_at(place),
        )
        return replace(consent, place=place)

    def _with_once(self, consent: Consent, values: Sequence[str], now: int) -> Consent:
        """Add what the visitor allowed for this one page."""
        allowed = frozenset(name for value in values for name in self.once.loads(value, now=now))
        purposes = allowed & self.policy.purposes.keys()
        return replace(
            consent,
            granted=consent.granted | purposes,
            denied=consent.denied - purposes,
            vendors_granted=consent.vendors_granted | (allowed - purposes),
        )

    def hidden_cookies(self, request: Request, consent: Consent) -> frozenset[str]:
        """Return the names of the request's cookies that the app must not see."""
        raw = request.traits.raw_cookies
        if not raw:
            return frozenset()
        key = (raw, consent.key)
        found = self._hidden.get(key)
        if found is None:
            found = self.gate.hidden_cookies(consent, {name for name, _ in request.cookies})
            if request.traits.is_short:
                self._hidden.keep(key, found)
        return found

    def subject_of(self, request: Request) -> str | None:
        """Return the visitor's id; ``None`` where there is none, or none that can be believed."""
        name = cookies.id_cookie_name(request.secure, self.cookie_domain)
        return self.subjects.loads(request.cookie_values(name))

    def set_decision(self, request: Request, decision: Decision, before: Consent, *, now: int) -> str:
        """Return the ``Set-Cookie`` value that keeps a decision for as long as it holds."""
        value, age = self.decisions.dumps(decision, now=now), decision.max_age(before.validity, now=now)
        domain = self.cookie_domain
        return cookies.set_decision_cookie(value, max_age=age, secure=request.secure, domain=domain)

    def expire_plain(self, request: Request) -> list[str]:
        """Return the ``Set-Cookie`` values that remove, on https, a decision under its plain name."""
        if not (request.secure and request.cookie_values("consentkit")):
            return []
        domains = [None, self.cookie_domain] if self.cookie_domain else [None]
        return [cookies.expire_cookie("consentkit", secure=False, domain=domain) for domain in domains]

    def locale_of(self, request: Request, language: str = "") -> str:
        """Choose the language to speak.

        Args:
            request: Its ``Accept-Language`` counts where nothing else does.
            language: The page's own, or what the visitor was shown; empty where it is not known.
        """
        return choose_locale(language, request.header(b"accept-language"), self.locales)

    def notice_of(self, consent: Consent, locale: str) -> Notice:
        """Return the notice that such a visitor is shown."""
        return make_notice(self.policy, consent, locale)

    def known_notice(self, consent: Consent, hash: str, locale: str) -> Notice | None:
        """Return the notice of that hash if it is what is shown to such a visitor now."""
        if locale not in self.locales:
            return None
        every = [name for name, regime in consent.regimes.items() if regime.prompts]
        # The page may be from before another choice of this visitor's, or from one that lets no script run.
        for asked, scripted in product((consent.prompt_for, every, ()), (True, False)):
            notice = make_notice(self.policy, consent, locale, asked=asked, scripted=scripted)
            if notice.hash == hash:
                return notice
        return None


def _check_prefix(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        problem = 'expected a path such as "/_consent", without a slash at its end'
        raise ConfigurationError(problem, path="prefix")
    return prefix


def _check_csp(mode: CSPMode) -> CSPMode:
    if mode not in get_args(CSPMode):
        raise ConfigurationError('expected "off", "report-only" or "enforce"', path="csp")
    return mode


def _check_exclude(exclude: Sequence[str]) -> tuple[str, ...]:
    if isinstance(exclude, (str, bytes)):
        raise ConfigurationError('expected a list of path prefixes such as ["/api"]', path="exclude")
    for index, part in enumerate(exclude):
        if not str(part).startswith("/"):
            raise ConfigurationError('expected a path prefix such as "/api"', path=f"exclude[{index}]")
    return tuple(str(part).rstrip("/") for part in exclude)
