"""URLs as browsers read them (WHATWG URL, "basic URL parser"), as far as it matters who is asked.

A gate that reads URLs differently from the browser is a gate with a hole, so: entities are the caller's
business, but backslashes, tabs, newlines, missing or surplus slashes, userinfo, ports, case, percent signs
and international names are read here as the browser reads them.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import unquote

from consentkit.catalog.hostnames import UNREADABLE, read_host

DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
"""The network schemes ("special" in the standard, without `file`) and their ports."""

_C0_AND_SPACE: Final = "".join(map(chr, range(0x21)))
_REMOVED: Final = re.compile(r"[\t\n\r]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_AUTHORITY: Final = re.compile(r"[^/\\?#]*")
_TWO_SLASHES: Final = re.compile(r"[/\\]{2}")
_HOST_PORT: Final = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?\Z")
_SLASHES: Final = "/\\"
# What is dropped from a URL somewhere, or read as a slash.
_TREACHEROUS: Final = re.compile(r"[\x00-\x20\x7f\\]")


class URL(NamedTuple):
    """Where a request would go.

    Attributes:
        scheme: In lower case, without the colon; empty for the site's own page whose scheme is not known.
        host: As `read_host` gives it; empty for the site's own host, and where `readable` is false.
        port: `None` stands for the scheme's own.
        path: Dot segments resolved and percent signs decoded: for matching, not for sending.
        query: Without the question mark, percent signs decoded.
        readable: False where a browser may find a host that cannot be read here. Such a URL is never the
            site's own.
    """

    scheme: str = ""
    host: str = ""
    port: int | None = None
    path: str = "/"
    query: str = ""
    readable: bool = True

    @property
    def own(self) -> bool:
        """Whether the URL was relative to a page whose host was not given."""
        return self.readable and not self.host


OWN_PAGE: Final = URL()
"""A base for relative URLs where only the difference between own and foreign matters."""


def read_url(text: str, *, base: URL = OWN_PAGE) -> URL | None:
    """Read a URL, resolved against a base. Never raises.

    Args:
        text: The URL with character references already decoded.
        base: What relative URLs are resolved against.

    Returns:
        Where a request would go; `None` where none would: browsers refuse the URL, or its scheme reaches no
        network by itself (`data:`, `javascript:`, `blob:`, `about:`, `mailto:` …).
    """
    text = _REMOVED.sub("", text.strip(_C0_AND_SPACE))
    match = _SCHEME.match(text)
    if match is None:
        return _relative(text, base.scheme, base)
    scheme = match.group()[:-1].lower()
    if scheme not in DEFAULT_PORTS:
        return None
    rest = text[match.end() :]
    # "Special relative or authority state": the base's own scheme without slashes is a relative URL.
    if scheme == base.scheme and not rest.startswith("//"):
        return _relative(rest, scheme, base)
    return _absolute(rest.lstrip(_SLASHES), scheme)


def safe_path(path: str) -> str:
    """Return a path on this origin, ``/`` instead of anything that could lead elsewhere.

    Args:
        path: Path and query, as a visitor may have forged it.
    """
    local = path.startswith("/") and not path.startswith("//") and not _TREACHEROUS.search(path)
    return path if local else "/"


def _relative(text: str, scheme: str, base: URL) -> URL | None:
    if _TWO_SLASHES.match(text):
        return _absolute(text.lstrip(_SLASHES), scheme)
    path, query = _split(text)
    if not path:
        return base._replace(query=query or base.query)
    if path[0] not in _SLASHES:
        path = base.path.rpartition("/")[0] + "/" + path
    return base._replace(path=_resolve(path), query=query)


def _absolute(text: str, scheme: str) -> URL | None:
    authority = _AUTHORITY.match(text)
    end = authority.end() if authority else 0
    path, query = _split(text[end:])
    match = _HOST_PORT.match(text[:end].rpartition("@")[2])
    host = read_host(match.group(1)) if match else None
    port = int(match.group(2)[:9]) if match and match.group(2) else None
    if not host or (port or 0) > 65535:
        return None
    if host == UNREADABLE:
        return URL(scheme, readable=False)
    return URL(scheme, host, None if port == DEFAULT_PORTS.get(scheme) else port, _resolve(path), query)


def _split(text: str) -> tuple[str, str]:
    """Split what follows the authority into the path as written and the decoded query."""
    path, _, query = text.partition("#")[0].partition("?")
    return path, unquote(query)


def _resolve(path: str) -> str:
    """Resolve dot segments, which may be written with percent signs (``%2e``)."""
    segments: list[str] = []
    for segment in unquote(path).replace("\\", "/").split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment not in ("", "."):
            segments.append(segment)
    return "/" + "/".join(segments)
