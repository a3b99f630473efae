"""The second Content-Security-Policy: what pages may load under a consent, and what browsers report of it.

All fetch directives would have the same sources, so there is one, `default-src`, from which they inherit (CSP
Level 3, section 6.8.3): nine times the bytes do not fit into what common proxies take for headers, and of
links that prefetch browsers ask `default-src` alone (section 4.2.2).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

from consentkit.catalog import HostRule, HostTable, KnownVendor, default_catalog, read_url
from consentkit.consent import Consent
from consentkit.exceptions import BadRequest
from consentkit.policy import Policy, Vendor
from consentkit.web.request import Headers, Request

CSPMode = Literal["off", "report-only", "enforce"]

DIRECTIVES: Final = frozenset(
    {"default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem"}
    | {"style-src-attr", "img-src", "font-src", "media-src", "object-src", "frame-src", "fenced-frame-src"}
    | {"child-src", "connect-src", "worker-src", "manifest-src"}
)
"""What a report may name as violated: everything that inherits from `default-src`."""

# What the site's own policy is there for is let through here.
_OWN: Final = "'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' data: blob:"
# CSP Level 3, section 2.3.1: a host-source cannot be an IPv6 address, nor have an underscore.
_NAMEABLE: Final = re.compile(r"(?:[a-z0-9-]+\.)*[a-z0-9-]+")
_ADDRESS: Final = re.compile(r"[0-9.]+")
_NAME: Final = {"report-only": b"content-security-policy-report-only", "enforce": b"content-security-policy"}
_REPORT_TYPES: Final = (b"application/csp-report", b"application/reports+json")


class PagePolicy:
    """Makes the header for a consent.

    Args:
        policy: What is declared.
        mode: Whether to restrict, to ask for reports only, or neither.
        path: Path of the endpoint that takes reports, below the package's own pages.
    """

    def __init__(self, policy: Policy, mode: CSPMode, path: str) -> None:
        self._policy = policy
        self.mode = mode
        self._path = path
        self._rules = {ident: _rules(vendor) for ident, vendor in policy.vendors_declared.items()}
        self._declared = HostTable((rule, ident) for ident, rules in self._rules.items() for rule in rules)

    def headers(self, consent: Consent, host: str, base: str) -> Headers:
        """Return the header for a page or a worker's script, or none.

        Args:
            consent: What holds for the visitor.
            host: The site's own host.
            base: Path of the package's own pages.
        """
        if self.mode == "off":
            return []
        return [(_NAME[self.mode], self._value(consent, _own_host(host), base))]

    def undeclared(self, request: Request, body: bytes) -> list[str]:
        """Read what browsers report; keep directive and host of what nobody declared.

        Args:
            request: Its ``Content-Type`` says which of the two shapes the body has.
            body: The body.

        Returns:
            ``<directive> <host>`` for each violation.

        Raises:
            BadRequest: 400 where it cannot be read, 415 where it is something else.
        """
        own = read_url(f"//{request.host}")
        found = (self._key(violation, own.host if own else "") for violation in _violations(request, body))
        return [key for key in found if key]

    def _key(self, violation: _Violation, own: str) -> str:
        url = read_url(violation.blocked)
        if url is None or not _NAMEABLE.fullmatch(url.host) or len(url.host) > 253:
            return ""  # inline, eval, data, the schemes of extensions, nonsense
        ours = url.host == own or self._declared.find(url.host, url.path, url.query, url.port)
        return "" if ours or violation.directive not in DIRECTIVES else f"{violation.directive} {url.host}"

    def _value(self, consent: Consent, own: str, base: str) -> bytes:
        known = default_catalog().vendors
        declared = self._policy.vendors_declared
        # A vendor in advanced mode is loaded before the choice, and told of it.
        early = {ident for ident, vendor in declared.items() if vendor.consent_mode == "advanced"}
        rules = {
            ident: some for ident, some in self._rules.items() if ident in early or consent.allows(ident)
        }
        singly = [known[ident] for ident in consent.vendors_granted - self._rules.keys() if ident in known]
        rules |= {v.id: v.hosts for v in singly if consent.allows_known(v.id, v.purpose)}
        allowed = [rule for some in rules.values() for rule in some]
        denied = [rule for ident, some in self._rules.items() if ident not in rules for rule in some]
        # Pages may load from below their own host, but for what is denied there, which no source can except.
        if "." in own and not _ADDRESS.fullmatch(own) and not any(_is_below(r.host, own) for r in denied):
            allowed.append(HostRule(host=own))
        where = quote(base + self._path, safe="/:@!$&()*+=~-._%")
        sources = sorted(set(_sources(allowed)))
        return "; ".join([" ".join(["default-src", _OWN, *sources]), f"report-uri {where}"]).encode("ascii")


def _rules(vendor: Vendor) -> tuple[HostRule, ...]:
    known: KnownVendor | None = default_catalog().vendors.get(vendor.id)
    return (*map(HostRule.parse, vendor.hosts), *(known.hosts if known else ()))


def _own_host(host: str) -> str:
    url = read_url(f"//{host}")
    return url.host.removeprefix("www.") if url else ""


def _is_below(host: str, domain: str) -> bool:
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _sources(rules: Sequence[HostRule]) -> Iterator[str]:
    """Name what rules match: hosts with all below them, ports, paths. What cannot be named is widened.

    Queries cannot be named. Chromium does not match ``wss:`` where a source has no scheme.
    """
    whole = {rule.host for rule in rules if not rule.path and rule.port is None}
    for rule in rules:
        narrower = bool(rule.path) or rule.port is not None
        if _NAMEABLE.fullmatch(rule.host) and not _is_covered(rule.host, whole, itself=narrower):
            hosts = [rule.host] if _ADDRESS.fullmatch(rule.host) else [rule.host, f"*.{rule.host}"]
            for host in hosts:
                yield from _host_sources(f"{host}:{rule.port or '*'}", rule.path)


def _is_covered(host: str, whole: set[str], *, itself: bool) -> bool:
    labels = host.split(".")
    return any(".".join(labels[start:]) in whole for start in range(0 if itself else 1, len(labels)))


def _host_sources(authority: str, path: str) -> Iterable[str]:
    if not path:
        return (authority, f"ws://{authority}")
    # A path without a slash at its end matches itself only, one with it all that begins so (CSP3, 6.7.2.12).
    written = quote(path, safe="/:@!$&()*+=~-._")
    return (authority + written, f"{authority}{written}/")


class _Violation(NamedTuple):
    directive: str
    blocked: str


def _violations(request: Request, body: bytes) -> list[_Violation]:
    kind = request.header(b"content-type").split(b";")[0].strip().lower()
    if kind not in _REPORT_TYPES:
        raise BadRequest(415, "Send application/csp-report or application/reports+json.")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(400, "The body is not valid JSON.") from error
    if kind == _REPORT_TYPES[0]:
        reports = [_table(data, "csp-report")]
        return [_violation(report, "blocked-uri", "effective-directive") for report in reports]
    if not isinstance(data, list):
        raise BadRequest(400, "Expected a list of reports.")
    reports = [_table(one, "body") for one in data if _type(one) == "csp-violation"]
    return [_violation(report, "blockedURL", "effectiveDirective") for report in reports]


def _type(report: Any) -> object:
    return report.get("type") if isinstance(report, dict) else None


def _table(data: Any, key: str) -> dict[str, Any]:
    table = data.get(key) if isinstance(data, dict) else None
    if not isinstance(table, dict):
        raise BadRequest(400, f'Expected an object with "{key}".')
    return table


def _violation(report: dict[str, Any], blocked: str, directive: str) -> _Violation:
    """Browsers before CSP Level 3 name the directive in ``violated-directive`` only, with its sources."""
    named = str(report.get(directive) or report.get("violated-directive") or "").split()
    return _Violation(named[0].lower() if named else "", str(report.get(blocked, "")))
