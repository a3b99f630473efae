"""Header fields and bodies that visitors and applications send, through the whole middleware.

An input is lines: ``POST /path`` first if it is to be another request than a navigation, ``>name: value`` for
the request, ``<name: value`` for the application's response, anything else for whichever body is sent.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
import re
import zlib
from typing import Any, Final, NamedTuple

from starlette.types import Message, Receive, Scope, Send

from asgi.client import VENDOR, scope_of, wrap
from consentkit.catalog import default_catalog
from fuzz.metering import is_linear, metered
from live_tags import is_gated, srcset

_BAD: Final = f"https://{VENDOR}/gtag/js".encode()
_RUNNER: Final = asyncio.Runner()
atexit.register(_RUNNER.close)
GROWN: Final = 16_384

_COUNT: Final = itertools.count()
_STATUS: Final = frozenset((200, 303, 308, 400, 403, 404, 405, 409, 413, 415))
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TAG: Final = re.compile(rb"[^\x21-\x7e\x80-\xff ]")
_LINK: Final = re.compile(r'<([^>]*)>((?:[^",<]|"(?:\\.|[^"\\])*")*)')
_REL: Final = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.I)
_SETS: Final = re.compile(r';\s*imagesrcset\s*=\s*"([^"]*)"', re.I)
_FETCHING: Final = frozenset(
    ("preload", "modulepreload", "preconnect", "dns-prefetch", "prefetch", "stylesheet")
)
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
# Parameters of a member are no addresses (RFC 9651, section 3.1.2).
_STRING: Final = re.compile(
    rf';[ ]*[a-z*][a-z0-9_.*-]*(?:={_QUOTED.replace("(", "(?:", 1)}|=[^",;]*)?|{_QUOTED}'
)

TOKENS: Final[tuple[bytes, ...]] = (
    b"POST /_consent/decision\n", b"GET /_consent/state\n", b"HEAD /\n", b"GET /a?b\n", b"GET /_consent/\n",
    b"\n", b"\n>", b"\n<", b": ", b",", b", ", b";", b"; ", b"=", b'"', b"<", b">", b"\\", b" ", b"\t", b"*",
    b"W/", b"'", b"\n>cookie: _ga=1; _fbp=2; a=b", b"\n>cookie: consentkit=", b"\n>cookie: consentkit-once=",
    b"_ga=", b"_gid", b"\n>accept-language: de;q=0.5, en-GB, *", b"q=0.", b"q=nan",
    b"\n>accept-encoding: gzip, br;q=0, *", b'\n>if-none-match: W/"a;ck-0123456789ab"', b";ck-",
    b"\n>if-modified-since: x", b"\n>sec-gpc: 1", b"\n>dnt: 1", b"\n>sec-fetch-dest: document",
    b"\n>sec-fetch-dest: iframe", b"\n>sec-fetch-site: cross-site", b"\n>host: ",
    b"\n>sec-fetch-site: same-origin", b"\n>origin: http://example.org", b"\n>range: bytes=0-1",
    b"\n>te: trailers", b"\n>hx-request: 1", b"\n>content-type: application/json",
    b"\n>content-length: 99999999999999999999", b"\n>content-type: application/x-www-form-urlencoded",
    b"\n>accept: text/html", b"\n>cf-ipcountry: DE", b'{"granted":[],"denied":[]}', b'{"allow":["youtube"]}',
    b"action=accept", b"&purpose=", b"&notice=", b"&locale=en", b"&return_to=//evil.example",
    b"&return_to=/a", b"action=allow&vendor=youtube&once=1", b"&was=analytics", b"%00",
    b"\n<content-type: text/html", b"\n<content-type: text/html; charset=utf-16",
    b"\n<content-type: text/plain", b"\n<content-type: application/xhtml+xml", b"\n<content-encoding: gzip",
    b"\n<content-encoding: deflate", b"\n<content-encoding: br", b"\n<content-encoding: zstd",
    b'\n<etag: "x"', b"\n<vary: *", b"\n<vary: Cookie", b"\n<cache-control: public, max-age=60, s-maxage=1",
    b"\n<set-cookie: _ga=GA1.2; Path=/", b"\n<set-cookie: s=1", b"\n<link: <" + _BAD + b">; rel=preload",
    b"\n<link: </a>; rel=canonical", b"<" + _BAD + b">", b"; rel=preconnect", b'; rel="stylesheet preload"',
    b'; imagesrcset="' + _BAD + b' 2x"', b"; title*=UTF-8''x", b"\n<refresh: 0; url=",
    b"\n<refresh: 5;" + _BAD, b'\n<speculation-rules: "' + _BAD + b'"',
    b'\n<reporting-endpoints: a="' + _BAD + b'"',
    b'\n<report-to: {"group":"g","endpoints":[{"url":"' + _BAD + b'"}]}', b'\n<nel: {"report_to":"g"}', _BAD,
    b"//", b"\n<content-security-policy: script-src 'nonce-abc'", b"\n<content-disposition: attachment",
    b"\n<location: /", b"\n<transfer-encoding: chunked", b"\x1f\x8b\x08\x00", b"\xff\xfe", b"\xef\xbb\xbf",
    b"<script src=", b"\x00",
)  # fmt: skip


class Exchange(NamedTuple):
    """One request and what the application answers."""

    method: str
    path: str
    asked: list[tuple[bytes, bytes]]
    answered: list[tuple[bytes, bytes]]
    body: bytes


def read(data: bytes) -> Exchange:
    """Read an input, as far as a server would have let it through (RFC 9110, section 5)."""
    method, path = "GET", "/"
    asked: list[tuple[bytes, bytes]] = []
    answered: list[tuple[bytes, bytes]] = []
    body = []
    for number, line in enumerate(bytes(data).split(b"\n")):
        name, colon, value = line[1:].partition(b":")
        if not number and re.fullmatch(rb"(?:GET|POST|HEAD|PUT) /[\x21-\x7e]*", line):
            method, path = line.decode("ascii").split(" ")
        elif line[:1] in b"<>" and colon and _NAME.fullmatch(name):
            into = asked if line[:1] == b">" else answered
            into.append((name.lower(), _TAG.sub(b"", value).strip()))
        else:
            body.append(line)
    return Exchange(method, path, asked, answered, b"\n".join(body))


class App:
    """Answers with what the input says, and remembers what it was asked."""

    exchange: Exchange
    seen: Scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen = scope
        await send({"type": "http.response.start", "status": 200, "headers": self.exchange.answered})
        half = len(self.exchange.body) // 2
        await send({"type": "http.response.body", "body": self.exchange.body[:half], "more_body": True})
        await send({"type": "http.response.body", "body": self.exchange.body[half:]})


APP: Final = App()
SITE: Final = wrap(APP)


def send(exchange: Exchange) -> list[Message]:
    """Send a request through the middleware and return the messages that come back."""
    messages: list[Message] = []
    scope: dict[str, Any] = dict(scope_of(exchange.path, method=exchange.method))
    scope["headers"] = [*scope["headers"], *exchange.asked]
    APP.exchange, APP.seen = exchange, {}

    async def receive() -> Message:
        return {"type": "http.request", "body": exchange.body, "more_body": False}

    async def take(message: Message) -> None:
        messages.append(dict(message))

    _RUNNER.run(SITE(scope, receive, take))
    return messages


def check(data: bytes) -> None:
    """Hold one exchange against everything that is promised."""
    exchange = read(data)
    messages = send(exchange)
    start = messages[0]
    assert [message["type"] for message in messages[:2]] == ["http.response.start", "http.response.body"]
    assert not messages[-1].get("more_body", False)
    assert start["status"] in _STATUS, start["status"]
    for name, value in start["headers"]:
        assert b"\n" not in name + value
        assert b"\r" not in name + value
    if APP.seen:
        _app_sees_nothing_denied()
        _nothing_denied_goes_out(start["headers"])
        _other_types_pass(exchange, messages)
    if not zlib.crc32(data) % 4:
        _is_linear(exchange)


def _app_sees_nothing_denied() -> None:
    """Look at what the application was shown."""
    for name, value in APP.seen["headers"]:
        if name == b"cookie":
            for part in value.decode("latin-1").split(";"):
                assert "=" not in part or not _denied(part.partition("=")[0].strip()), part
        elif name == b"if-none-match" and APP.exchange.method in ("GET", "HEAD"):
            # A mark is taken off once; what bore two came with the inner one from an application.
            asked = b", ".join(text for _, text in APP.exchange.asked)
            for tag in value.split(b", "):
                assert b";ck-" not in tag or tag[:-1] + b";ck-" in asked, value
        elif name == b"accept-encoding":
            codings = {part.split(b";")[0].strip().lower() for part in value.split(b",")}
            assert codings <= {b"gzip", b"x-gzip", b"deflate", b"identity", b"br", b"zstd"}, value
            assert value


def _denied(cookie: str) -> bool:
    found = default_catalog().cookies.find(cookie)
    return found is not None and found.purpose not in ("necessary",) and not cookie.startswith("consentkit")


def _nothing_denied_goes_out(headers: list[tuple[bytes, bytes]]) -> None:
    """Look at what the browser is told."""
    for name, raw in headers:
        value = raw.decode("latin-1")
        if name == b"set-cookie" and "max-age=0" not in value.lower():
            pair = value.partition(";")[0]
            assert "=" not in pair or not _denied(pair.partition("=")[0].strip()), value
        elif name == b"link":
            left = [address for address in _links(value) if is_gated(address, "http://example.org/")]
            assert not left, value
        elif name == b"refresh":
            address = re.sub(r"^\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?[\"']?", "", value, flags=re.I)
            assert not is_gated(address, "http://example.org/"), value
        elif name in (b"speculation-rules", b"reporting-endpoints"):
            left = [text for text in _STRING.findall(value) if is_gated(text, "http://example.org/")]
            assert not left, value


def _links(value: str) -> list[str]:
    found = []
    for address, parameters in _LINK.findall(value):
        rel = next((a or b for a, b in _REL.findall(parameters)), "")
        if not _FETCHING.isdisjoint(rel.lower().split()):
            found += [address, *(url for text in _SETS.findall(parameters) for url in srcset(text))]
    return found


def _other_types_pass(exchange: Exchange, messages: list[Message]) -> None:
    """What is said to be neither markup nor nothing goes out as it came."""
    kinds = [value for name, value in exchange.answered if name == b"content-type"]
    if len(kinds) == 1 and kinds[0].split(b";")[0].strip().lower() == b"text/plain":
        out = b"".join(m.get("body", b"") for m in messages[1:])
        assert exchange.method == "HEAD" or out == exchange.body


def _is_linear(exchange: Exchange) -> None:
    """Make the longest value grow, and count."""
    fields = [*((">", *field) for field in exchange.asked), *(("<", *field) for field in exchange.answered)]
    if not fields:
        return
    side, name, value = max(fields, key=lambda field: len(field[2]))
    if not value:
        return
    # Each value is a new one, so that nothing is remembered of it.
    count = GROWN // len(value)
    grown = [value * times + b"%d" % next(_COUNT) for times in (count, count, 2 * count)]
    asked = [
        exchange._replace(asked=[(name, text)]) if side == ">" else exchange._replace(answered=[(name, text)])
        for text in grown
    ]
    send(asked[0])
    with metered("consentkit") as meter:
        once, twice = (meter.work(lambda item=item: send(item)) for item in asked[1:])  # type: ignore[misc]
    assert is_linear(once, twice, 2048), f"not linear: {once}, {twice}"
