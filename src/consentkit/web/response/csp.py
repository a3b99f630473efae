"""Content-Security-Policy: makes the second policy of pages, and reads what the site's own allows.

Sections are of Level 3. The second policy has one directive, `default-src`: all fetch directives would have
the same sources and inherit from it (section 6.8.3). Nine directives would exceed the header limits of
common proxies, and prefetching links obey `default-src` alone (section 4.2.2).

An insertion must be allowed by every policy in every header of the site. A ``<meta>`` in the page is not
read: whether it counts depends on where a browser finds it. If the browser blocks our script after all, it
writes a message to its console, and the banner works by plain forms.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

from consentkit.catalog import URL, HostRule, HostTable, default_catalog, read_url
from consentkit.catalog.urls import DEFAULT_PORTS
from consentkit.consent.consent import Consent
from consentkit.policy import Policy
from consentkit.web.request import Headers

CSPMode = Literal["off", "report-only", "enforce"]

# Everything that is not a third party; restricting that is up to the site's own policy.
_OWN: Final = "'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' data: blob:"
# Section 2.3.1: a host-source cannot be an IPv6 address, nor have an underscore.
_NAMEABLE: Final = re.compile(r"(?:[a-z0-9-]+\.)*[a-z0-9-]+")
_ADDRESS: Final = re.compile(r"[0-9.]+")
_HEADER: Final = {
    "report-only": b"content-security-policy-report-only",
    "enforce": b"content-security-policy",
}
_PATH_SAFE: Final = "/:@!$&()*+=~-._"

_NONCE: Final = re.compile(r"'nonce-([A-Za-z0-9+/_-]{1,256}={0,2})'", re.I)
_SOURCE: Final = re.compile(
    r"(?:([a-z][a-z0-9+.-]*)://)?(\*|(?:\*\.)?[^:/'*]+)(?::([0-9]{1,5}|\*))?(?:/.*)?", re.I
)
# If a directive is missing, the next one applies (section 6.8.3).
_SCRIPT: Final = ("script-src-elem", "script-src", "default-src")
_STYLE: Final = ("style-src-elem", "style-src", "default-src")
_LEAVING: Final = ("allow-top-navigation", "allow-top-navigation-by-user-activation")

Directives = Mapping[str, Sequence[str]]


# --- the second policy


class PagePolicy:
    """Makes the header for a consent.

    Args:
        policy: What is declared.
        mode: Whether to restrict, to ask for reports only, or neither.
    """

    def __init__(self, policy: Policy, mode: CSPMode) -> None:
        self._vendors, self._mode = policy.vendors_declared, mode
        known = default_catalog().vendors
        self._rules = {
            ident: (*map(HostRule.parse, vendor.hosts), *(known[ident].hosts if ident in known else ()))
            for ident, vendor in self._vendors.items()
        }
        self._declared = HostTable((rule, ident) for ident, rules in self._rules.items() for rule in rules)

    def headers(self, consent: Consent, host: str, base: str) -> Headers:
        """Return the header for a page or a worker's script, or none.

        Args:
            consent: The visitor's consent.
            host: The site's own host.
            base: Path of the package's own pages.
        """
        if self._mode == "off":
            return []
        url = read_url(f"//{host}")
        sources = sorted(set(self._sources(consent, url.host.removeprefix("www.") if url else "")))
        where = quote(f"{base}/csp", safe=_PATH_SAFE + "%")
        value = "; ".join([" ".join(["default-src", _OWN, *sources]), f"report-uri {where}"])
        return [(_HEADER[self._mode], value.encode("ascii"))]

    def undeclared_host(self, address: str, host: str) -> str:
        """Return the host of a blocked address; empty if it is declared or not a host.

        Args:
            address: The address, or a word such as ``inline``.
            host: The site's own host.
        """
        url, own = read_url(address), read_url(f"//{host}")
        if url is None or not _NAMEABLE.fullmatch(url.host) or len(url.host) > 253:
            return ""  # inline, eval, data, the schemes of extensions, nonsense
        ours = own is not None and url.host == own.host
        return "" if ours or self._declared.find(url.host, url.path, url.query, url.port) else url.host

    def _sources(self, consent: Consent, own: str) -> Iterator[str]:
        known = default_catalog().vendors
        # Vendors in advanced consent mode are loaded before the choice.
        advanced = {ident for ident, vendor in self._vendors.items() if vendor.consent_mode == "advanced"}
        loaded = advanced.union(filter(consent.allows, self._vendors))
        singly = [known[ident] for ident in consent.vendors_granted - self._rules.keys() if ident in known]
        allowed = [rule for ident in loaded for rule in self._rules[ident]]
        allowed += [rule for one in singly if consent.allows_known(one.id, one.purpose) for rule in one.hosts]
        denied = [f".{rule.host}" for ident in self._rules.keys() - loaded for rule in self._rules[ident]]
        # Pages may load from subdomains of their own host, unless one is denied: CSP has no exceptions.
        below = "." in own and not _ADDRESS.fullmatch(own)
        if below and not any(host.endswith(f".{own}") for host in denied):
            allowed.append(HostRule(host=own))
        return _host_sources(allowed)


def _host_sources(rules: Sequence[HostRule]) -> Iterator[str]:
    """Write rules as CSP sources: hosts with subdomains, ports, paths; without an exact source, a wider one.

    Queries cannot be expressed. Chromium does not match ``wss:`` against a source without a scheme. A path
    matches exactly, or as a prefix if it ends with a slash (section 6.7.2.12).
    """
    whole = {rule.host for rule in rules if not rule.path and rule.port is None}
    for rule in rules:
        labels, narrower = rule.host.split("."), bool(rule.path) or rule.port is not None
        above = {".".join(labels[start:]) for start in range(0 if narrower else 1, len(labels))}
        if not _NAMEABLE.fullmatch(rule.host) or above & whole:
            continue
        for host in [rule.host] if _ADDRESS.fullmatch(rule.host) else [rule.host, f"*.{rule.host}"]:
            source = f"{host}:{rule.port or '*'}"
            path = source + quote(rule.path, safe=_PATH_SAFE)
            yield from (path, f"{path}/") if rule.path else (source, f"ws://{source}")


# --- the site's own policy


class Allowed(NamedTuple):
    """What the site's own policy allows to insert into a page.

    Attributes:
        script: The nonce for our script's tag, if any; ``None`` if the script is blocked.
        style: The same for the style sheet's.
        choice: Whether a choice can be sent from the page, by form or by script.
        form: Whether it can be sent by form, as from frames of the page.
        leaving: Whether links and forms in a frame of the page may navigate the whole window.
    """

    script: str | None = ""
    style: str | None = ""
    choice: bool = True
    form: bool = True
    leaving: bool = True


def read_allowed(headers: Iterable[tuple[bytes, bytes]], origin: str) -> Allowed:
    """Read the Content-Security-Policy headers of a response.

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

    def lets(flag: str) -> bool:
        return all(_sandbox(policy, flag) for policy in policies)

    def reaches(names: Sequence[str]) -> bool:
        return all(_matches(_listed(policy, names), own) for policy in policies)

    script = _nonce(policies, _SCRIPT, own) if lets("allow-scripts") else None
    # Without allow-same-origin the page's origin is opaque, and its requests are rejected.
    named, form = lets("allow-same-origin"), reaches(["form-action"]) and lets("allow-forms")
    sent = form or (reaches(["connect-src", "default-src"]) and script is not None)
    leaving = all(any(_sandbox(policy, flag) for flag in _LEAVING) for policy in policies)
    return Allowed(script, _nonce(policies, _STYLE, own), named and sent, named and form, leaving)


def _directives(policy: str) -> Directives:
    """Read one policy; of directives that come twice the first counts (section 2.2.1)."""
    words = [part.split() for part in policy.split(";") if part.strip()]
    return {name.lower(): sources for name, *sources in reversed(words)}


def _listed(policy: Directives, names: Iterable[str]) -> Sequence[str]:
    return next((policy[name] for name in names if name in policy), ("*",))


def _nonce(policies: Iterable[Directives], names: Iterable[str], own: URL) -> str | None:
    """Return the nonce for an element that loads a file of ours; ``None`` if that is blocked."""
    listed = [_listed(policy, names) for policy in policies]
    nonces = [{found[1] for found in map(_NONCE.fullmatch, sources) if found} for sources in listed]
    needed = [
        some
        for some, sources in zip(nonces, listed, strict=True)
        if not _matches(sources, own) or (names is _SCRIPT and "'strict-dynamic'" in sources)
    ]
    usable = sorted(set().union(*nonces).intersection(*needed))
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
    default = DEFAULT_PORTS.get(own.scheme)
    named = host == own.host or (host.startswith("*") and own.host.endswith(host[1:]))
    return named and (port == "*" or int(port or default or 0) == (own.port or default))
