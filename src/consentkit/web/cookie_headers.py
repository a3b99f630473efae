"""``Cookie`` and ``Set-Cookie`` headers: filters those of the app, and writes those of this package.

A script may have set a cookie for any parent domain of its page, under ``/`` or the folder of the page: each
of these is expired. A cookie under another path is expired when a page there is visited.
"""

import re
from collections.abc import Iterable
from typing import Final

from consentkit.consent import cookies
from consentkit.consent.decision import Decision
from consentkit.web.request import Headers
from consentkit.web.resolver import Exchange

MAX_EXPIRED: Final = 2048
"""Maximum bytes of expiring headers in one response; the rest follow with the next."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"[A-Za-z0-9/._~%-]{1,200}")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def hide_cookies(exchange: Exchange, headers: Headers) -> Headers:
    """Return the request's headers without cookies of denied purposes; the same list if there are none."""
    hidden = exchange.resolution.hidden
    if not hidden:
        return headers
    pairs = [pair for pair in exchange.request.cookies if pair[0] not in hidden]
    kept = "; ".join(f"{name}={value}" if name or "=" in value else value for name, value in pairs)
    rest = [(name, value) for name, value in headers if name != b"cookie"]
    return [*rest, (b"cookie", kept.encode("latin-1"))] if kept else rest


def gate_cookies(exchange: Exchange, headers: Headers) -> Headers:
    """Return a response's headers without cookies of denied purposes; the same list if there are none."""
    drop, consent = exchange.options.gate.drop_cookie, exchange.consent
    set_here = [pair for pair in headers if pair[0].lower() == b"set-cookie"]
    dropped = [pair for pair in set_here if drop(consent, pair[1].decode("latin-1"))]
    return [pair for pair in headers if pair not in dropped] if dropped else headers


def visit_cookies(exchange: Exchange) -> Headers:
    """Return the ``Set-Cookie`` headers of a page: they renew a refusal and expire cookies."""
    lines: list[str] = []
    if exchange.traits.has_own_cookies:
        consent = exchange.consent
        if consent.renew and consent.decision is not None:
            lines.append(decision_line(exchange, consent.decision))
        lines += expire_spent(exchange)
    return [*as_headers(lines), *expire_hidden(exchange)]


def decision_line(exchange: Exchange, decision: Decision) -> str:
    """Return the ``Set-Cookie`` value of a decision, with the ``Max-Age`` for which it is valid."""
    options, now = exchange.options, exchange.now
    value = options.decisions.dumps(decision, now=now)
    age, domain = decision.max_age(exchange.consent.validity, now=now), options.cookies.domain
    return cookies.set_decision_cookie(value, max_age=age, secure=exchange.request.secure, domain=domain)


def expire_plain(exchange: Exchange) -> list[str]:
    """Return the ``Set-Cookie`` values that remove, on https, a decision under its plain name."""
    request, domain = exchange.request, exchange.options.cookies.domain
    if not (request.secure and request.cookie_values("consentkit")):
        return []
    domains = [None, domain] if domain else [None]
    return [cookies.expire_cookie("consentkit", secure=False, domain=one) for one in domains]


def expire_spent(exchange: Exchange) -> list[str]:
    """Return the values that remove used cookies: a plain decision on https, and the once cookie."""
    secure, lines = exchange.request.secure, expire_plain(exchange)
    if exchange.request.cookie_values(cookies.once_cookie_name(secure)):
        lines.append(cookies.set_once_cookie("", secure=secure))
    return lines


def expire_hidden(exchange: Exchange) -> Headers:
    """Return ``Set-Cookie`` headers that remove the cookies of denied purposes.

    Nothing is removed if the request could not carry the decision cookie: then the decision is unknown.
    """
    names = exchange.resolution.hidden
    if not (names and exchange.traits.carries_lax_cookies):
        return []
    room, found = MAX_EXPIRED, list[str]()
    paths, variants = _paths(exchange), _variants(exchange)
    for name in sorted(names):
        lines = [f"{name}=; Max-Age=0; Path={path}{variant}" for path in paths for variant in variants]
        size = sum(map(len, lines))
        if _NAME.fullmatch(name) and size <= room:
            room -= size
            found += lines
    return as_headers(found)


def as_headers(lines: Iterable[str]) -> Headers:
    """Return ``Set-Cookie`` headers of those values."""
    return [(b"set-cookie", line.encode("ascii")) for line in lines]


def subject_of(exchange: Exchange) -> str | None:
    """Return the visitor's id; ``None`` if there is none, or none with a valid signature."""
    name = cookies.id_cookie_name(exchange.request.secure, exchange.options.cookies.domain)
    return exchange.options.subjects.loads(exchange.request.cookie_values(name))


def _paths(exchange: Exchange) -> list[str]:
    """Return the root and the default path of cookies set here (RFC 6265, section 5.1.4)."""
    request = exchange.request
    folder = request.here.partition("?")[0].rpartition("/")[0]
    ours = request.root_path + exchange.options.prefix
    return ["/", folder] if folder not in ("", ours) and _PATH.fullmatch(folder) else ["/"]


def _variants(exchange: Exchange) -> list[str]:
    """Return the attributes that a cookie may have been set with: each possible domain, ``Partitioned``."""
    host = exchange.resolution.host.partition(":")[0].lower()
    secure = "; Secure" if exchange.request.secure else ""
    labels = host.split(".") if _HOST.fullmatch(host) and not host.replace(".", "").isdigit() else []
    domains = ["; Domain=" + ".".join(labels[index:]) for index in range(len(labels) - 1)]
    variants = [domain + secure for domain in ("", *domains)]
    return variants + ([secure + "; Partitioned; SameSite=None"] if secure else [])
