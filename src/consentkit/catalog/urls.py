"""Parser of URLs and hosts, as browsers read them.

URLs follow the WHATWG URL standard ("basic URL parser"). If the gate read a URL differently from the browser,
it could be bypassed. So backslashes, tabs, newlines, missing or surplus slashes, userinfo, ports, case,
percent signs and international names are handled as in browsers. Character references must be decoded before.

Hosts follow its "host parsing" (UTS 46, non-transitional): all spellings that a browser maps to one name give
the same name here, so that none escapes its rule. Every code point was compared with Chromium
(``tests/e2e/catalog/host_recorder.py``).
"""

import re
import unicodedata
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
"""The network schemes ("special" in the standard, without `file`) and their ports."""

_C0_AND_SPACE: Final = "".join(map(chr, range(0x21)))
_REMOVED: Final = re.compile(r"[\t\n\r]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_AUTHORITY: Final = re.compile(r"[^/\\?#]*")
_TWO_SLASHES: Final = re.compile(r"[/\\]{2}")
_HOST_PORT: Final = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?\Z")
_SLASHES: Final = "/\\"
# Characters that some browsers drop from a URL or read as a slash.
_TREACHEROUS: Final = re.compile(r"[\x00-\x20\x7f\\]")


class URL(NamedTuple):
    """The target of a request.

    Attributes:
        scheme: In lower case, without the colon; empty for the site's own page if unknown.
        host: The result of `read_host`; empty for the site's own host, and if not `readable`.
        port: The port; `None` for the scheme's own.
        path: The path with dot segments resolved and percent signs decoded: for matching only.
        query: The query without the question mark, percent signs decoded.
        readable: False if a browser may find a host that cannot be parsed here. Such a URL is never the
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
"""A base for relative URLs if it only matters whether they are the site's own."""


def read_url(text: str, *, base: URL = OWN_PAGE) -> URL | None:
    """Read a URL, resolved against a base. Never raises.

    Args:
        text: The URL with character references already decoded.
        base: The base URL.

    Returns:
        The target; `None` if there is no request: browsers reject the URL, or its scheme does not use the
        network (`data:`, `javascript:`, `blob:`, `about:`, `mailto:` …).
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
    """Return a path on this origin; ``/`` instead of anything that could lead to another origin.

    Args:
        path: Path and query from a visitor, possibly forged.
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
    """Split the part after the authority into the path as written and the decoded query."""
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


MAX_HOST: Final = 1024
"""Maximum characters of a host; names have at most 253, but percent signs make them longer."""

UNREADABLE: Final = "?"
"""Stands for a host that a browser may accept although it cannot be parsed here."""

# WHATWG URL, "forbidden domain code point". Quotes and braces are allowed.
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f#%/:<>?@\[\\\]^|\x7f\ufffd]")
# Characters that replace bytes that are not UTF-8: their meaning depends on the page's charset.
_LOST: Final = re.compile("[\ufffd\ud800-\udfff]")
# Chromium differs from the standard here.
_CHROMIUM: Final = str.maketrans({" ": "%20", "*": "%2A"})
_PLAIN: Final = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z_-][a-z0-9_-]*\.?\Z")


@lru_cache(maxsize=2048)
def read_host(text: str) -> str | None:
    """Read the host of a URL.

    Args:
        text: The part between userinfo and port, as written.

    Returns:
        The name in lower-case ASCII without trailing dots, an IPv4 address in dotted form, an IPv6 address in
        brackets, `UNREADABLE`, or `None` if browsers reject it.
    """
    if _PLAIN.match(text):
        return text.rstrip(".")
    if len(text) > MAX_HOST or _LOST.search(text):
        return UNREADABLE
    if text.startswith("["):
        return _ipv6(text)
    name = unquote_to_bytes(text).decode("utf-8", "replace")
    name = (name.lower() if name.isascii() else _mapped(name)).rstrip(".")
    if not name or _FORBIDDEN.search(name):
        # Chromium drops some of these characters from non-ASCII labels.
        return None if name.isascii() and name != UNREADABLE else UNREADABLE
    labels = name.split(".")
    name = ".".join(one if one.isascii() else f"xn--{one.encode('punycode').decode()}" for one in labels)
    return _ipv4(name) if _ends_in_number(name) else name.translate(_CHROMIUM)


def _mapped(name: str) -> str:
    """Map a name by UTS 46; empty if it is invalid."""
    import idna  # imported here, since few pages need it

    try:
        return idna.uts46_remap(name, std3_rules=False)
    except idna.InvalidCodepoint as error:
        # An unassigned code point may be valid in newer browsers.
        return UNREADABLE if unicodedata.category(chr(error.codepoint or 0)) == "Cn" else ""
    except idna.IDNAError:
        return UNREADABLE


def _ends_in_number(name: str) -> bool:
    last = name.rsplit(".", 1)[-1]
    return last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last) is not None


def _ipv4(name: str) -> str | None:
    """Read one to four numbers, decimal, octal or hexadecimal (WHATWG URL, "IPv4 parser")."""
    *head, last = map(_number, name.split("."))
    octets = all(0 <= number < 256 for number in head)
    if len(head) > 3 or not octets or not 0 <= last < 256 ** (4 - len(head)):
        return None
    return str(IPv4Address(last + sum(number << (24 - 8 * place) for place, number in enumerate(head))))


def _number(text: str) -> int:
    base, digits = 10, text
    if text.startswith("0x"):
        base, digits = 16, text[2:] or "0"
    elif len(text) > 1 and text.startswith("0"):
        base, digits = 8, text[1:]
    allowed = {8: r"0*+[0-7]{0,64}", 10: r"[0-9]{1,64}", 16: r"0*+[0-9a-f]{0,64}"}[base]
    return int(digits, base) if re.fullmatch(allowed, digits) else -1


def _ipv6(text: str) -> str | None:
    try:
        return f"[{IPv6Address(text.removeprefix('[').removesuffix(']').partition('%')[0]).compressed}]"
    except ValueError:
        return None
