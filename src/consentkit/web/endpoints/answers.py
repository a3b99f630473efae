"""Builders of responses of the package's own endpoints: JSON, HTML, files, redirects, errors."""

import json
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from msgspec.structs import replace

from consentkit.banner.pages import problem_text, render_message
from consentkit.web.cookie_headers import as_headers
from consentkit.web.endpoints.effects import Answer
from consentkit.web.request import Headers, Request
from consentkit.web.resolver import Exchange

_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    b"form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
HEADERS: Final[Headers] = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Cookie, Sec-GPC, Accept-Language, Accept"),
]

# WICG, "Clear-Site-Data: prefetchCache and prerenderCache"; seen to work in Chromium 156.
_FORGET_AHEAD: Final = (b"clear-site-data", b'"prefetchCache", "prerenderCache"')
# Keys of the texts `problem`. Errors that only authors of clients see are in English.
_TITLES: Final = {403: "refused", 404: "missing", 409: "choose_again", 503: "try_again"}
_LOCATION_SAFE: Final = ":/%#?=@[]!$&'()*+,;"


def answer_json(content: object, status: int = 200, *, headers: Headers = HEADERS) -> Answer:
    """Answer with JSON."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return answer_with(text.encode(), b"application/json", status, headers)


def answer_page(page: str, status: int = 200, *, headers: Headers = HEADERS) -> Answer:
    """Answer with HTML."""
    return answer_with(page.encode(), b"text/html; charset=utf-8", status, headers)


def answer_file(body: bytes, media_type: str, caching: bytes) -> Answer:
    """Answer with a file that is the same for all visitors."""
    headers = [(b"cache-control", caching), (b"x-content-type-options", b"nosniff")]
    return answer_with(body, media_type.encode(), 200, headers)


def answer_with(body: bytes, media_type: bytes, status: int, headers: Headers) -> Answer:
    """Answer with a body; its length and type are appended to the headers."""
    added = [(b"content-length", b"%d" % len(body)), (b"content-type", media_type)]
    return Answer(status, [*headers, *added], body)


def redirect(location: str, status: int = 303) -> Answer:
    """Send the visitor to another address."""
    address = quote(location, safe=_LOCATION_SAFE).encode("ascii")
    return Answer(status, [*HEADERS, (b"content-length", b"0"), (b"location", address)])


def set_cookies(answer: Answer, lines: Iterable[str]) -> Answer:
    """Set the cookies of a choice, and make the browser drop prefetched and prerendered pages."""
    added = as_headers(lines)
    return replace(answer, headers=[*answer.headers, _FORGET_AHEAD, *added]) if added else answer


def wants_json(request: Request) -> bool:
    """Say whether the request accepts JSON, as scripts do."""
    accept = request.header(b"accept")
    sent = request.header(b"content-type").startswith(b"application/json")
    return b"text/html" not in accept and (b"application/json" in accept or sent)


def answer_problem(
    exchange: Exchange, status: int, text: str, *, title: str = "", return_to: str = "", language: str = ""
) -> Answer:
    """Answer with an error, as JSON or as a page with a link to `return_to`.

    `text` and `title` are keys of the texts `problem`, or sentences; the default title depends on the status.
    `language` is that of the page; empty if unknown.
    """
    request, policy = exchange.request, exchange.options.policy
    locale, headers = exchange.locale_of(language), [*HEADERS]
    if status == 405:
        posts = request.path.endswith(("/decision", "/csp", "/erase"))
        headers.append((b"allow", b"POST" if posts else b"GET, HEAD"))
    headers += [(b"retry-after", b"5")] if status == 503 else []
    if wants_json(request):
        return answer_json({"error": problem_text(policy, text, locale=locale)}, status, headers=headers)
    back, framed = _way_back(exchange, return_to)
    title, base = title or _TITLES.get(status, "title"), exchange.resolution.base
    page = render_message(policy, title, text, locale=locale, prefix=base, return_to=back, framed=framed)
    return answer_page(page, status, headers=headers)


def _way_back(exchange: Exchange, return_to: str) -> tuple[str, bool]:
    """Return the target of a message's link, and whether the message is shown in the settings dialog.

    Forms of the settings page return to the settings page; the link leads to the page before it.
    """
    inside = return_to.startswith(f"{exchange.resolution.base}/?")
    query = dict(parse_qsl(urlsplit(return_to).query)) if inside else {}
    back = query.get("return_to", "" if query else return_to) or exchange.request.mount + "/"
    return back, "framed" in query
