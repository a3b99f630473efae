"""Names and attributes of the three cookies, and building their Set-Cookie values.

`__Host-` on https, so that no subdomain can plant one; `__Secure-` where the site shares it with its
subdomains; a plain name on http only (RFC 6265bis, section 4.1.3).
"""

from __future__ import annotations

import re

import msgspec

from consentkit.consent.decision import MAX_AGE, ONCE_SECONDS
from consentkit.exceptions import ConfigurationError

_NAME = "consentkit"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+"
# RFC 6265, section 4.1.1: cookie-octet
_OCTETS = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")


class CookieOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the visitor's cookies hold.

    Args:
        domain: Share the decision among the subdomains of this domain, such as ``example.org``.
        https_only: Whether visitors come over https; ``None``: as the request's scheme says.

    Raises:
        ConfigurationError: `domain` is no domain name of at least two labels.
    """

    domain: str | None = None
    https_only: bool | None = None

    def __post_init__(self) -> None:
        domain = check_cookie_domain(self.domain) if self.domain else None
        msgspec.structs.force_setattr(self, "domain", domain)


def check_cookie_domain(domain: str) -> str:
    """Return a cookie domain in lower case and without a leading dot.

    Raises:
        ConfigurationError: It is no domain name of at least two labels.
    """
    normal = domain.lower().removeprefix(".")
    if not re.fullmatch(_DOMAIN, normal):
        raise ConfigurationError('expected a domain such as "example.org"', path="cookies.domain")
    return normal


def decision_cookie_name(secure: bool, domain: str | None = None) -> str:
    """Return the decision cookie's name on https (`secure`) or http, with or without a cookie domain."""
    if not secure:
        return _NAME
    return f"__Secure-{_NAME}" if domain else f"__Host-{_NAME}"


def other_cookie_names(secure: bool, domain: str | None = None) -> frozenset[str]:
    """Return the names that the decision cookie has elsewhere; arguments as in `decision_cookie_name`."""
    every = {prefix + _NAME for prefix in ("", "__Host-", "__Secure-")}
    return frozenset(every - {decision_cookie_name(secure, domain)})


def id_cookie_name(secure: bool, domain: str | None = None) -> str:
    """Return the id cookie's name on https (`secure`) or http, with or without a cookie domain."""
    return f"{decision_cookie_name(secure, domain)}-id"


def once_cookie_name(secure: bool) -> str:
    """Return the name of the cookie that allows an embed once: for one page, so no domain shares it."""
    return f"{decision_cookie_name(secure)}-once"


def set_decision_cookie(value: str, *, max_age: int, secure: bool, domain: str | None = None) -> str:
    """Build the Set-Cookie value for a decision, readable by scripts.

    Args:
        value: From `DecisionCodec.dumps`.
        max_age: Seconds, from `Decision.max_age`; cut at 400 days.
        secure: Whether the site is served over https.
        domain: The domain to share it with, if any.
    """
    return _build(decision_cookie_name(secure, domain), value, max_age, "Secure" * secure, domain=domain)


def set_id_cookie(value: str, *, secure: bool, domain: str | None = None) -> str:
    """Build the Set-Cookie value for a signed subject id: HttpOnly, kept for 400 days."""
    name, flags = id_cookie_name(secure, domain), ("Secure" * secure, "HttpOnly")
    return _build(name, value, MAX_AGE, *flags, domain=domain)


def set_once_cookie(value: str, *, secure: bool) -> str:
    """Build the Set-Cookie value for a value of `OnceCodec`: HttpOnly; an empty one removes the cookie."""
    flags = ("HttpOnly", "Secure" * secure)
    return _build(once_cookie_name(secure), value, ONCE_SECONDS if value else 0, *flags)


def expire_cookie(name: str, *, secure: bool, domain: str | None = None) -> str:
    """Build the Set-Cookie value that removes a cookie; `name` may be that of another scheme."""
    return _build(name, "", 0, "Secure" * secure, domain=domain)


def _build(name: str, value: str, max_age: int, *flags: str, domain: str | None = None) -> str:
    if not _OCTETS.fullmatch(value):
        raise ConfigurationError("a cookie value may hold only the characters of RFC 6265")
    parts = [f"{name}={value}", f"Max-Age={max(0, min(max_age, MAX_AGE))}", "Path=/", "SameSite=Lax"]
    if domain:
        parts.append(f"Domain={check_cookie_domain(domain)}")
    return "; ".join([*parts, *filter(None, flags)])
