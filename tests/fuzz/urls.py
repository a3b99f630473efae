"""URLs: never an exception, one answer, linear work, and the host that a browser would ask.

The second opinion is ada, the URL parser of Node.js. What matters is that no spelling hides a vendor: where
ada finds a host of ASCII letters, or one of the catalog's, the reader must find that same host.
"""

from __future__ import annotations

import zlib
from typing import Final

import ada_url

from consentkit.catalog import OWN_PAGE, URL, default_catalog, read_url
from fuzz.metering import is_linear, metered

OWN: Final = "www.site.example"
PAGES: Final = (f"http://{OWN}/dir/page?q#f", f"https://{OWN}/dir/page?q#f")
BASE: Final = URL("https", OWN, None, "/dir/page", "q")
NETWORK: Final = frozenset(("http:", "https:", "ws:", "wss:", "ftp:"))
GROWN: Final = 2048
LONGEST_NAME: Final = 253
"""Characters of a name that can be resolved (RFC 1035, section 2.3.4)."""

_TOKENS: Final = (
    "http:", "https:", "HTTPS:", "ws:", "ftp:", "data:", "javascript:", "blob:", "file:", "about:", "//",
    "/", "\\", "\\\\", "///", "/\\", "..", ".", "./", "%2e", "%2E%2e", "?", "#", "@", ":", ":443", ":80",
    ":0", ":65536", ":8443", "::", "[", "]", "[::1]", "[::ffff:1.2.3.4]", "127.0.0.1", "0x7f.1",
    "017700000001", "2130706433", "0", "1.2.3", "256", "08", "0x", "www.google-analytics.com",
    "WWW.GOOGLE-ANALYTICS.COM.", "google-analytics", "com", "%67oogle", "%E3%80%82", "\u3002", "\uff0e",
    "\uff47oogle", "\u00df", "\u0130", "xn--", "xn--fsq", "\u00ad", "\u200d", "\u200b", "\u212a", "user",
    "pw", " ", "\t", "\n", "\r", "\x00", "\x1f", "%", "%00", "%20", "%2f", "%5c", "%40", "%zz", "-", "_",
    "\ud800", "\U0001f4a9", "e\u0301", "a", "example", ".example", "youtube.com", "m.youtube.com.", "id=G-1",
    "&", "=", "|", "^", "<", ">", '"', "'",
)  # fmt: skip
TOKENS: Final = tuple(token.encode("utf-8", "surrogatepass") for token in _TOKENS)


def check(data: bytes) -> None:
    """Hold one URL against everything that is promised."""
    text = bytes(data).decode("utf-8", "replace")
    for base, pages in ((OWN_PAGE, PAGES), (BASE, PAGES[1:])):
        url = read_url(text, base=base)
        assert url == read_url(text, base=base), "two answers"
        if url is not None:
            _is_stable(url)
        _agrees(text, url, pages)
    if not zlib.crc32(data) % 8:
        _is_linear(text)


def _is_stable(url: URL) -> None:
    """Hold what was read against reading it again."""
    if 0 < len(url.host) <= LONGEST_NAME:
        port = "" if url.port is None else f":{url.port}"
        again = read_url(f"{url.scheme and url.scheme + ':'}//{url.host}{port}/")
        assert again is not None
        assert again[:3] == url[:3], f"not stable: {url} became {again}"
        assert url.readable
    assert url.readable or url == URL(url.scheme, readable=False)
    assert url.path.startswith("/")


def _agrees(text: str, url: URL | None, pages: tuple[str, ...]) -> None:
    """Hold what was read against ada: on one of these pages a browser would do the same."""
    theirs = [found for page in pages if (found := _ada(text, page))]
    hosts = {found.hostname.removesuffix(".") for found in theirs}
    foreign = hosts - {OWN}
    if not hosts or "" in hosts:
        return
    if not foreign and len(theirs) == len(pages):
        assert url is not None, "the page itself was not seen"
        assert url.own or url.host == OWN, f"there is no third party in {url}"
    elif foreign and all(_comparable(host) for host in foreign):
        assert url is not None, f"{foreign} were not seen"
        if not url.readable and not any(_is_known(host.rstrip(".")) for host in foreign):
            return  # counts as nobody's, which is never the page's own
        assert url.host in {host.rstrip(".") for host in foreign}, f"{url} instead of {foreign}"
        ports = {int(found.port) if found.port else None for found in theirs}
        assert url.port in ports, f"{url.port} instead of {ports}"


def _ada(text: str, page: str) -> ada_url.URL | None:
    try:
        found = ada_url.URL(text, base=page)
    except ValueError:
        return None
    return found if found.protocol in NETWORK else None


def _comparable(host: str) -> bool:
    """Say whether neither the versions of Unicode matter, nor where Chromium differs from the standard."""
    same = host.isascii() and "xn--" not in host and not host.endswith(".")
    return "*" not in host and (same or _is_known(host.rstrip(".")))


def _is_known(host: str) -> bool:
    return default_catalog().match_host(host) is not None


def _is_linear(text: str) -> None:
    """Hold the work for many times the text against the work for twice as many times."""
    count = GROWN // max(len(text), 1)
    with metered("consentkit.catalog") as meter:
        once, twice = (meter.work(lambda n=n: read_url(text * n)) for n in (count, 2 * count))  # type: ignore[misc]
    assert is_linear(once, twice), f"not linear: {once}, {twice}"
