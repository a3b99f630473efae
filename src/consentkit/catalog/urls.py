"""Parser of URLs and hosts, as browsers read them.

URLs follow the WHATWG URL standard ("basic URL parser"). A gate that reads URLs differently from the browser
is a gate with a hole, so backslashes, tabs, newlines, missing or surplus slashes, userinfo, ports, case,
percent signs and international names are read here as the browser reads them. Character references are the
caller's business.

Hosts follow its "host parsing" (UTS 46 in the non-transitional form): whatever a browser would resolve to a
name, `read_host` gives that same name, so that no spelling of a host escapes its rule. Every code point was
held against Chromium's answer (``tests/e2e/catalog/host_recorder.py`` says how).
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


MAX_HOST: Final = 1024
"""Characters of a host that are looked at; names end at 253, spellings with percent signs are longer."""

UNREADABLE: Final = "?"
"""Stands for a host that a browser may take although it cannot be read here."""

# WHATWG URL, "forbidden domain code point": these never survive in a name. Quotes and braces do.
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f#%/:<>?@\[\\\]^|\x7f\ufffd]")
# What stands for bytes that are not UTF-8: what they mean, the page's charset says.
_LOST: Final = re.compile("[\ufffd\ud800-\udfff]")
# Where Chromium differs from the standard.
_CHROMIUM: Final = str.maketrans({" ": "%20", "*": "%2A"})
_PLAIN: Final = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z_-][a-z0-9_-]*\.?\Z")


@lru_cache(maxsize=2048)
def read_host(text: str) -> str | None:
    """Read a host as it stands in a URL.

    Args:
        text: What stands between userinfo and port, as written.

    Returns:
        The name in lower case, in ASCII and without trailing dots, an IPv4 address in dotted form, an IPv6
        address in brackets, `UNREADABLE`, or `None` where browsers refuse it.
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
        # Chromium drops some of these from a label that is not in ASCII.
        return None if name.isascii() and name != UNREADABLE else UNREADABLE
    labels = name.split(".")
    name = ".".join(one if one.isascii() else f"xn--{one.encode('punycode').decode()}" for one in labels)
    return _ipv4(name) if _ends_in_number(name) else name.translate(_CHROMIUM)


def _mapped(name: str) -> str:
    """Map a name as UTS 46 does; empty where it is refused."""
    import idna  # most pages name no such host

    try:
        return idna.uts46_remap(name, std3_rules=False)
    except idna.InvalidCodepoint as error:
        # One that is not assigned yet may be known to a newer browser.
        return UNREADABLE if unicodedata.category(chr(error.codepoint or 0)) == "Cn" else ""
    except idna.IDNAError:
        return UNREADABLE


def _ends_in_number(name: str) -> bool:
    last = name.rsplit(".", 1)[-1]
    return last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last) is not None


def _ipv4(name: str) -> str | None:
    """WHATWG URL, "IPv4 parser": one to four numbers, decimal, octal or hexadecimal."""
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
