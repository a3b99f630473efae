"""The second Content-Security-Policy: what pages may load under a consent, and what browsers report of it.

All fetch directives would have the same sources, so there is one, `default-src`, from which they inherit (CSP
Level 3, section 6.8.3): nine times the bytes do not fit into what common proxies take for headers, and of
links that prefetch browsers ask `default-src` alone (section 4.2.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

from consentkit.catalog import URL, HostRule, HostTable, KnownVendor, default_catalog, read_url
from consentkit.consent.consent import Consent
from consentkit.policy import Policy, Vendor
from consentkit.web.request import Headers

CSPMode = Literal["off", "report-only", "enforce"]

# What the site's own policy is there for is let through here.
_OWN: Final = "'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' data: blob:"
# CSP Level 3, section 2.3.1: a host-source cannot be an IPv6 address, nor have an underscore.
_NAMEABLE: Final = re.compile(r"(?:[a-z0-9-]+\.)*[a-z0-9-]+")
_ADDRESS: Final = re.compile(r"[0-9.]+")
_NAME: Final = {"report-only": b"content-security-policy-report-only", "enforce": b"content-security-policy"}

_NONCE: Final = re.compile(r"'nonce-([A-Za-z0-9+/_-]{1,256}={0,2})'", re.I)
_SOURCE: Final = re.compile(
    r"(?:([a-z][a-z0-9+.-]*)://)?(\*|(?:\*\.)?[^:/'*]+)(?::([0-9]{1,5}|\*))?(?:/.*)?", re.I
)
# Where a directive is missing, the next one holds (CSP Level 3, section 6.8.3).
_SCRIPT: Final = ("script-src-elem", "script-src", "default-src")
_STYLE: Final = ("style-src-elem", "style-src", "default-src")
_CONNECT: Final = ("connect-src", "default-src")
_FORM: Final = ("form-action",)
_LEAVING: Final = ("allow-top-navigation", "allow-top-navigation-by-user-activation")
_PORTS: Final = {"http": 80, "https": 443}

Directives = Mapping[str, Sequence[str]]


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

    def undeclared_host(self, address: str, host: str) -> str:
        """Return the host of an address that a browser blocked, or nothing where it is declared or no host.

        Args:
            address: The address, or a word such as ``inline``.
            host: The site's own host.
        """
        url, own = read_url(address), read_url(f"//{host}")
        if url is None or not _NAMEABLE.fullmatch(url.host) or len(url.host) > 253:
            return ""  # inline, eval, data, the schemes of extensions, nonsense
        ours = own is not None and url.host == own.host
        return "" if ours or self._declared.find(url.host, url.path, url.query, url.port) else url.host

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


class Allowed(NamedTuple):
    """What may be put into a page.

    Attributes:
        script: The nonce that our script's tag carries, if any; ``None`` where the script may not run.
        style: The same for the style sheet's.
        choice: Whether a choice can be sent from the page, by form or by script.
        form: Whether it can be sent by form, as from frames of the page.
        leaving: Whether what stands in a frame of the page may lead elsewhere by its links and forms.
    """

    script: str | None = ""
    style: str | None = ""
    choice: bool = True
    form: bool = True
    leaving: bool = True


def read_allowed(headers: Iterable[tuple[bytes, bytes]], origin: str) -> Allowed:
    """Read what a response's own policies allow.

    Args:
        headers: The response's headers.
        origin: The page's origin, such as ``https://example.org``.
    """
    values = [value for name, value in headers if name.lower() == b"content-security-policy"]
    return _read(b",".join(values).decode("latin-1"), origin) if values else Allowed()


@lru_cache(maxsize=256)
def _read(text: str, origin: str) -> Allowed:
    policies = [_directives(policy) for policy in text.split(",")]
    own = read_url(origin) or URL()
    script, style = _nonce(policies, _SCRIPT, own), _nonce(policies, _STYLE, own)
    if not all(_sandbox(policy, "allow-scripts") for policy in policies):
        script = None
    # What a page without an origin of its own sends nobody takes.
    named = all(_sandbox(policy, "allow-same-origin") for policy in policies)
    fetch = all(_matches(_source_list(policy, _CONNECT), own) for policy in policies)
    form = all(
        _matches(_source_list(policy, _FORM), own) and _sandbox(policy, "allow-forms") for policy in policies
    )
    leaving = all(any(_sandbox(policy, flag) for flag in _LEAVING) for policy in policies)
    return Allowed(script, style, named and (form or (fetch and script is not None)), named and form, leaving)


def _directives(policy: str) -> Directives:
    """Read one policy; of directives that come twice the first counts (section 2.2.1)."""
    found: dict[str, Sequence[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            found.setdefault(words[0].lower(), words[1:])
    return found


def _source_list(policy: Directives, names: Iterable[str]) -> Sequence[str]:
    return next((policy[name] for name in names if name in policy), ("*",))


def _nonce(policies: Iterable[Directives], names: Iterable[str], own: URL) -> str | None:
    """Return the nonce of an element that loads a file of ours; ``None`` where no tag can load it."""
    listed = [_source_list(policy, names) for policy in policies]
    nonces = [[found[1] for found in map(_NONCE.fullmatch, sources) if found] for sources in listed]
    needed = [
        set(some)
        for some, sources in zip(nonces, listed, strict=True)
        if not _matches(sources, own) or (names is _SCRIPT and "'strict-dynamic'" in sources)
    ]
    every = {nonce for some in nonces for nonce in some}
    usable = sorted(every.intersection(*needed))
    return usable[0] if usable else None if needed else ""


def _sandbox(policy: Directives, flag: str) -> bool:
    return "sandbox" not in policy or flag in (word.lower() for word in policy["sandbox"])


def _matches(sources: Iterable[str], own: URL) -> bool:
    """Say whether a source list lets the page's own origin through; paths are not looked at (6.7.2.8)."""
    return any(source.lower() == "'self'" or _matches_one(source.lower(), own) for source in sources)


def _matches_one(source: str, own: URL) -> bool:
    if source.endswith(":"):
        return source[:-1] in (own.scheme, "http")
    found = _SOURCE.fullmatch(source)
    if found is None:
        return False
    scheme, host, port = found.groups()
    if scheme not in (None, own.scheme) and not (scheme == "http" and own.scheme == "https"):
        return False
    if host == "*" and port is None:
        return True
    actual = own.port or _PORTS.get(own.scheme)
    named = host == own.host or (host.startswith("*") and own.host.endswith(host[1:]))
    return named and (port == "*" or int(port or _PORTS.get(own.scheme, 0)) == actual)
