"""A parsed request: method, address, headers, cookies, languages."""

import re
from collections.abc import Collection
from functools import cached_property, lru_cache
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import msgspec

from consentkit.banner.languages import MAX_TAG, find_locale, guess_locale
from consentkit.banner.texts import FALLBACK

Headers = list[tuple[bytes, bytes]]

MAX_HERE: Final = 4096
"""Maximum characters of a page's own address in its forms: three times that fits into a decision's body."""
MAX_LANGUAGES: Final = 200
"""Bytes of ``Accept-Language`` that are read."""
SAFE_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))  # RFC 9110, section 9.2.1

# Characters that need no escape in a path (RFC 3986, section 3.3). "%" is not among them: paths are decoded.
_PATH_SAFE = "/:@!$&'()*+,;=~-._"
# RFC 9110, sections 12.4.2 and 12.5.4.
_RANGE = re.compile(r"\s*(\*|[a-z][\w.@-]*)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]*)?)\s*)?", re.I)
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Request(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The parts of a request that are needed to resolve consent.

    They are read before the app runs, since routers change paths and apps change headers.

    Attributes:
        method: The method, in capitals.
        path: The path below `root_path`, decoded.
        headers: Names in lower case, and values, in order.
        query: The query string.
        root_path: The path at which the app is mounted, without a slash at its end.
        secure: Whether the visitor's side of the connection is encrypted.
    """

    method: str
    path: str
    headers: Headers
    query: bytes = b""
    root_path: str = ""
    secure: bool = False

    def header(self, name: bytes) -> bytes:
        """Return the first value of a header, or nothing."""
        for key, value in self.headers:
            if key == name:
                return value
        return b""

    @cached_property
    def cookies(self) -> list[tuple[str, str]]:
        """Return all cookies in order, duplicates included, values untouched (RFC 6265, section 5.4)."""
        found = []
        for header, value in self.headers:
            for part in value.decode("latin-1").split(";") if header == b"cookie" else ():
                key, separator, content = part.strip(" \t").partition("=")
                found.append((key.rstrip(" \t"), content) if separator else ("", key))
        return found

    @property
    def media_type(self) -> bytes:
        """Return type and subtype of the ``Content-Type``, in lower case."""
        return self.header(b"content-type").partition(b";")[0].strip().lower()

    def cookie_values(self, name: str) -> list[str]:
        """Return all values of the cookies with a name."""
        return [value for key, value in self.cookies if key == name]

    @property
    def mount(self) -> str:
        """Return the root path as a same-origin reference, without a slash at its end."""
        root = self.root_path
        return quote("/" + root.lstrip("/"), safe=_PATH_SAFE) if root else ""

    @property
    def is_safe(self) -> bool:
        """Say whether the method is safe (RFC 9110, section 9.2.1)."""
        return self.method in SAFE_METHODS

    @property
    def here(self) -> str:
        """Return path and query as a same-origin reference, shortened if it is too long.

        For the response to a form it is the page with the form, so that the form is not submitted again.
        """
        if not self.is_safe:
            return _referrer(self.header(b"referer")[:MAX_HERE], self.host) or f"{self.mount}/"
        return _written(self.root_path + self.path, self.query) or f"{self.mount}/"

    @property
    def host(self) -> str:
        """Return the ``Host`` header if it is valid, else nothing."""
        host = self.header(b"host")
        return host.decode("ascii") if _HOST.fullmatch(host) else ""

    @property
    def origin(self) -> str:
        """Return the origin that the visitor sees, such as ``https://example.org``."""
        return f"{'https' if self.secure else 'http'}://{self.host}" if self.host else ""


def _referrer(referrer: bytes, host: str) -> str | None:
    """Return path and query of a ``Referer`` on this host."""
    try:
        parts = urlsplit(referrer.decode("ascii"))
    except ValueError:
        return None
    own = bool(host) and parts.netloc.lower() == host.lower()
    return _written(unquote(parts.path), parts.query.encode("ascii")) if own else None


def _written(path: str, query: bytes) -> str | None:
    """Write a same-origin reference; without its query, or not at all, if it is too long."""
    path = quote("/" + path.lstrip("/"), safe=_PATH_SAFE)
    asked = quote(query, safe=_PATH_SAFE + "?%[]")
    candidates = (f"{path}?{asked}" if asked else path, path)
    return next((here for here in candidates if len(here) <= MAX_HERE), None)


def choose_locale(page: str, header: bytes, available: Collection[str]) -> str:
    """Choose the language: the page's own, then those the browser accepts, then languages close to these.

    Args:
        page: The page's language tag, as written; empty if unknown.
        header: ``Accept-Language`` (RFC 9110, section 12.5.4).
        available: The locales there are.

    Returns:
        One of them; English if none matches.
    """
    return _choose(page[:MAX_TAG], header[: MAX_LANGUAGES + 1], frozenset(available))


@lru_cache(maxsize=1024)
def _choose(page: str, header: bytes, available: frozenset[str]) -> str:
    wanted, refused = _preferences(header)
    acceptable = available - {locale for tag in refused if (locale := find_locale(tag, available))}
    tried = [(page, acceptable), (page, available), *((tag, acceptable) for tag in wanted)]
    for find in (find_locale, guess_locale):
        for tag, among in tried:
            if (found := find(tag, among)) is not None:
                return found
    return FALLBACK if FALLBACK in available or not available else min(available)


def _preferences(header: bytes) -> tuple[list[str], list[str]]:
    """Return the accepted languages, best first, and the rejected ones (``q=0``)."""
    text = header.decode("latin-1")
    if len(text) > MAX_LANGUAGES:
        text = text.rpartition(",")[0]  # the last one may be cut
    ranges = [found for part in text.split(",") if (found := _RANGE.fullmatch(part))]
    weighed = {found[1]: float(found[2] or 1) for found in reversed(ranges)}
    wanted = sorted((tag for tag in reversed(weighed) if weighed[tag] > 0), key=lambda tag: -weighed[tag])
    if "*" in wanted:
        # "*" accepts every other language: those with a lower weight do not matter.
        at = wanted.index("*")
        wanted = wanted[:at] + wanted[at + 1 :] if FALLBACK in weighed else wanted[:at]
    less = (tag for tag, weight in weighed.items() if not weight and tag != "*")
    # Rejecting a language except for one of its regions does not reject the language.
    return wanted, [tag for tag in less if not any(one.startswith(f"{tag}-") for one in wanted)]
