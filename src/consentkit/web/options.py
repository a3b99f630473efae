"""Options of the middleware, checked once at start."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from consentkit.banner.pages import check_templates
from consentkit.banner.texts import available_locales, read_words
from consentkit.consent.cookies import CookieOptions, DecisionCodec, OnceCodec, SubjectCodec
from consentkit.exceptions import ConfigurationError
from consentkit.gating import Gate, Unclassified
from consentkit.policy import Policy
from consentkit.web.request_kind import ASKING_HEADERS
from consentkit.web.response.csp import CSPMode, PagePolicy
from consentkit.web.response.page_cache import PageCache

_SHAPING: Final = ("Cookie", "Sec-GPC", "Accept-Language", "Sec-Fetch-Site")
_PREFIX = re.compile(r"(?:/(?!\.\.?(?:/|\Z))[A-Za-z0-9._~-]+)+")
_CLIMBS = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|\Z)")


@dataclass(kw_only=True, eq=False, repr=False)
class Options:
    """The middleware's options. Arguments as in :class:`consentkit.ConsentMiddleware`, except two.

    Args:
        keeps_log: Whether decisions are recorded; without a log no id cookie is set.
        place_headers: Names of the request headers that `place` reads, for ``Vary``.

    Attributes:
        decisions, subjects, once: Write and read the three cookies.
        gate: The policy and the catalog, compiled.
        page_policy: Makes the second Content-Security-Policy.
        locales: The banner's languages.
        vary: Names of the request headers that shape pages.
        pages: Pages that repeat. Without it a prerendered page costs a rewrite (`make bench NAMES=asgi`).

    Raises:
        ConfigurationError: An argument is invalid.
    """

    secret_key: str
    secret_key_fallbacks: Sequence[str] = ()
    policy: Policy
    keeps_log: bool = False
    place_headers: Sequence[str] = ()
    prefix: str = "/_consent"
    exclude: Sequence[str] = ()
    unclassified: Unclassified | None = None
    csp: CSPMode = "off"
    cookies: CookieOptions = field(default_factory=CookieOptions)
    enforce: bool = True
    debug: bool = False

    def __post_init__(self) -> None:
        keys = self.secret_key, self.secret_key_fallbacks
        self.decisions: DecisionCodec = DecisionCodec(*keys)
        self.subjects: SubjectCodec = SubjectCodec(*keys)
        self.once: OnceCodec = OnceCodec(*keys)
        if not _PREFIX.fullmatch(self.prefix):
            problem = 'expected a path such as "/_consent", without a slash at its end'
            raise ConfigurationError(problem, path="prefix")
        self.exclude = _check_exclude(self.exclude)
        if self.csp not in get_args(CSPMode):
            raise ConfigurationError('expected "off", "report-only" or "enforce"', path="csp")
        self.page_policy: PagePolicy = PagePolicy(self.policy, self.csp)
        self.gate: Gate = Gate(self.policy, unclassified=_check_unclassified(self.unclassified, self.csp))
        self.locales: frozenset[str] = available_locales(self.policy)
        check_templates(self.policy)
        for locale in self.policy.banner.text:
            read_words(self.policy, locale)
        signals = ("DNT",) if self.policy.signals.dnt else ()
        self.vary: tuple[str, ...] = (*_SHAPING, *signals, *ASKING_HEADERS, *self.place_headers)
        self.pages: PageCache = PageCache()

    def excludes(self, path: str) -> bool:
        """Say whether a path is excluded. A path with segments that an app may still resolve is not."""
        below = any(path == part or path.startswith(part + "/") for part in self.exclude)
        return below and not _CLIMBS.search(path)


def _check_unclassified(given: Unclassified | None, csp: CSPMode) -> Unclassified:
    """Return the mode for unclassified third parties. A CSP cannot name what to deny."""
    if csp != "enforce":
        return "report" if given is None else given
    if given not in (None, "gate"):
        problem = f'"{given}" cannot hold with csp="enforce", which lets browsers load declared hosts only'
        fix = 'leave it out, or say csp="report-only"'
        raise ConfigurationError(f"{problem}: {fix}", path="unclassified")
    return "gate"


def _check_exclude(exclude: Sequence[str]) -> tuple[str, ...]:
    if isinstance(exclude, (str, bytes)):
        raise ConfigurationError('expected a list of path prefixes such as ["/api"]', path="exclude")
    for index, part in enumerate(exclude):
        if not str(part).startswith("/"):
            raise ConfigurationError('expected a path prefix such as "/api"', path=f"exclude[{index}]")
    return tuple(str(part).rstrip("/") for part in exclude)
