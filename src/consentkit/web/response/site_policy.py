"""The site's own Content-Security-Policy: what it lets this package put into a page (CSP Level 3).

Every policy of every header must allow it. A ``<meta>`` in the page is not looked at: whether it counts
depends on where a browser finds it. What is refused after all costs a message in the browser's console; the
banner works by plain forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.catalog import URL, read_url

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
    fetch = all(_matches(_sources(policy, _CONNECT), own) for policy in policies)
    form = all(
        _matches(_sources(policy, _FORM), own) and _sandbox(policy, "allow-forms") for policy in policies
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


def _sources(policy: Directives, names: Iterable[str]) -> Sequence[str]:
    return next((policy[name] for name in names if name in policy), ("*",))


def _nonce(policies: Iterable[Directives], names: Iterable[str], own: URL) -> str | None:
    """Return the nonce of an element that loads a file of ours; ``None`` where no tag can load it."""
    listed = [_sources(policy, names) for policy in policies]
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
