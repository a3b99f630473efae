"""Record which responses browsers show as pages that run scripts, and in which charset.

Run by hand, never by a test. The output is ``recorded_responses.json``: for each of `CASES`, by browser, the
media type and the charset that a script in the response read of its document, or nothing where none ran.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

SCRIPT = b"<script>RUN</script>"
PAGE = (
    b'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>'
    + SCRIPT
    + b"</body></html>"
)
# Read as ISO-2022-JP there is no comment.
HIDDEN = b"\x1b$B<!--\x1b(B" + SCRIPT
META = b"<meta charset=iso-2022-jp>"
RUN = b'new Image().src="/ran/%d?"+document.contentType+"|"+document.characterSet'


class Case(NamedTuple):
    """One response; a header that comes twice is a pair of values."""

    headers: Mapping[str, str | tuple[str, str]]
    body: bytes = PAGE
    status: int = 200

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The headers line by line."""
        lines = ((name, value) for name, value in self.headers.items())
        return [
            (name, one) for name, value in lines for one in (value if isinstance(value, tuple) else (value,))
        ]


TYPES = """text/html|text/html charset=utf-8|text/html(x)|text/html,x|text/html, text/plain
text/plain, text/html|text/html/x|text/html;|text/htmlx|text/html\tx|text/html"x|text/html:x
text/html=x|text/html@x|text/html[x]|text/html;charset|text/html ;x|TEXT/HTML| text/html|"text/html"
application/xhtml+xml|text/html, */*|*/*|*/* x|application/xhtml+xml charset=utf-8
application/xhtml+xml(x)|unknown/unknown|unknown/unknown x|unknown/unknown;x|application/unknown
application/unknown x|html|utf-8|text|text/|/html|/|;charset=utf-8|charset=utf-8|text /html
text/ html|text html|text/xml|text/xml x|application/xml|application/xml(x)|text/xsl|text/xsl x
image/svg+xml|application/rss+xml|application/mathml+xml|application/foo+xml|foo/bar+xml
application/vnd.wap.xhtml+xml|foo/bar|text/plain|text/css|text/javascript|application/json
application/octet-stream|application/pdf|image/png|video/mp4|text/vnd.turbo-stream.html
text/html\x0bx|text/html\x0cx|text/html\xa0|text;/html|text;text/html|text(/html|,text/html
text/html,|text/plain,|text/plain;,text/html|text/plain;x=",text/html|text/plain;x="a,b",text/html
text/html;x=",text/plain|image/png, html|image/png, unknown/unknown|image/png, */*
image/png, text/html x"""
TWICE = """text/html+text/plain|text/plain+text/html|image/png+text/html|text/html+html|image/png+html
text/html+*/*|text/html+|+text/html|image/png+unknown/unknown"""
OPTIONS = "nosniff|foo, nosniff|nosniff, foo| NoSniff |nosniff;|nosniff foo|,nosniff|foo"
DISPOSITIONS = """attachment|attachment; filename="x.html"|attachment filename="x.html"|attachment;
attachment ;x|inline|inline; filename=attachment|ATTACHMENT|"attachment"|attachment=x|attachment; filename=
attachment; filename="x|attachment; filename=a b|attachment; a=b; a=b|attachment;;filename=x
filename=x|=x||attachment x|attachment/x|attachment:x|attachment\tx
attachment |attachment; filename*=x|attachment; filename=x"y|attachment(x)|attachment@|attachment\x0b
attachment; inline"""
CHARSETS = """charset=; charset=L|charset="iso-\\2022-jp"|a="x; charset=utf-8"; charset=L|charset=L
charset='L'|charset = L|charset= L|charset =L|charset=L x|x charset=L|charset=bogus; charset=L
charset=utf-8; charset=L|charset=L; charset=utf-8|charset="L|charset=""; charset=L
charset; charset=L|;charset=L| ;charset=L|=;charset=L|charset=\xa0; charset=L|charset=a b; charset=L
xcharset=L|charset="L"x|charset=L(x)|charset=\tL\t|CHARSET=L|a="; charset=L|a="\\"; charset=L"
a=b,text/html; charset=L|charset=L, text/html|charset=L,text/html;charset=utf-8
charset=utf-8, text/html; charset=L|charset=utf-8, text/html|a="b,c"; charset=L|charset=L,utf-8"""
BEGINNINGS = {
    "meta": META,
    "upper": META.upper(),
    "alias": b"<meta charset=csISO2022JP>",
    "quoted": b"<meta charset=' iso-2022-jp\t'>",
    "http-equiv": b'<meta http-equiv=content-type content="text/html; charset=iso-2022-jp">',
    "http-equiv behind": b'<meta content="text/html; charset=iso-2022-jp" http-equiv=content-type>',
    "head": b"<!doctype html><html lang=ja><head><title>x</title><meta name=a content=b>" + META,
    "reference": b"<meta charset=iso-2022-j&#112;>",
    "declaration": b'<?xml version="1.0" encoding="iso-2022-jp"?>',
    "text": b"a" * 900 + META,
    "far text": b"a" * 3000 + META,
    "far comment": b"<!--" + b"a" * 3000 + b"-->" + META,
    "far title": b"<head><title>" + b"a" * 3000 + b"</title>" + META,
    "far script": b"<script>" + b"/" * 3000 + b"</script>" + META,
    "far meta": b"<meta>" * 500 + META,
    "far body": b"<body><p>" + b"a" * 3000 + META,
    "comment": b"<!--" + META + b"-->",
    "script": b"<script>//" + META + b"\n</script>",
    "attribute": b"<p title='" + META + b"'>",
    "template": b"<template>" + META + b"</template>",
    "drawing": b"<svg>" + META + b"</svg>",
    "behind body": b"<html><head></head><body>" + META,
    "second": b"<meta charset=bogus>" + META,
    "behind utf-8": b"<meta charset=utf-8>" + META,
    "behind utf-16": b"<meta charset=utf-16>" + META,
    "name": b"<meta name='>' charset=iso-2022-jp>",
    "mark": b"\xef\xbb\xbf" + META,
    "none": b"",
}


def _split(text: str) -> list[str]:
    return text.replace("\n", "|").split("|")


def _cases() -> dict[str, Case]:
    made = {f"type {kind}": Case({"content-type": kind}) for kind in _split(TYPES)}
    for pair in _split(TWICE):
        first, _, second = pair.partition("+")
        made[f"types {pair}"] = Case({"content-type": (first, second)})
    for option in _split(OPTIONS):
        made[f"no type, {option}"] = Case({"x-content-type-options": option})
        made[f"html, {option}"] = Case({"content-type": "html", "x-content-type-options": option})
    for text in _split(DISPOSITIONS):
        made[f"disposition {text}"] = Case({"content-type": "text/html", "content-disposition": text})
    for status in (201, 203, 300, 301, 302, 303, 305, 306, 307, 308, 310, 399, 400, 404, 500):
        made[f"status {status}"] = Case({"content-type": "text/html", "location": "/away"}, status=status)
    for status, where in ((301, ""), (302, " ")):
        made[f"status {status} {where!r}"] = Case(
            {"content-type": "text/html", "location": where}, status=status
        )
    for name, begin in BEGINNINGS.items():
        made[f"begins {name}"] = Case({"content-type": "text/html"}, begin + HIDDEN)
    made["begins, bogus"] = Case({"content-type": "text/html; charset=bogus"}, META + HIDDEN)
    for text in _split(CHARSETS):
        named = {"content-type": "text/html;" + text.replace("L", "iso-2022-jp")}
        made[f"charset {text}"] = Case(named, HIDDEN)
        other = {
            "content-type": "text/html;" + text.replace("L", "utf-8").replace("iso-\\2022-jp", "utf-\\8")
        }
        made[f"charset {text}, meta"] = Case(other, META + HIDDEN)
    return made


CASES = _cases()
DRIVE = b"""<!doctype html><body><script>(async () => { for (let i = 0; i < %d; i++) {
const f = document.createElement("iframe"), shown = new Promise((go) => {
  f.onload = () => setTimeout(go, 60); setTimeout(go, 1200); });
f.src = "/case/" + i; document.body.append(f); await shown; f.remove(); } fetch("/done"); })()</script>"""


class Handler(BaseHTTPRequestHandler):
    """Serves the cases and takes note of what ran."""

    server: Recorder

    def do_GET(self) -> None:
        """Answer."""
        kind, _, rest = self.path[1:].partition("/")
        if kind == "case":
            case = [*CASES.values()][int(rest)]
            self._send(case.body.replace(b"RUN", RUN % int(rest)), case.pairs, case.status)
            return
        if kind == "ran":
            number, _, told = rest.partition("?")
            self.server.ran[int(number)] = told
        elif kind == "done":
            self.server.done.set()
        self._send(DRIVE % len(CASES) if kind == "drive" else b"", [("Content-Type", "text/html")], 200)

    def _send(self, body: bytes, pairs: list[tuple[str, str]], status: int) -> None:
        self.send_response_only(status, "x")
        for name, value in pairs:
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class Recorder(ThreadingHTTPServer):
    """Keeps what ran in one browser."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ran: dict[int, str] = {}
        self.done = threading.Event()


def record(command: list[str]) -> dict[int, str]:
    """Lead a browser through all cases; return what ran."""
    with Recorder() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/drive"
        with subprocess.Popen(
            [*command, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            server.done.wait(600)
            process.terminate()
        server.shutdown()
        return server.ran


def main() -> None:
    """Record both browsers."""
    found: dict[str, dict[int, str]] = {}
    for name, options in {
        "chromium": ("--headless=new", "--no-sandbox", "--no-first-run", "--user-data-dir={}"),
        "firefox-esr": ("--headless", "--no-remote", "--profile", "{}"),
    }.items():
        version = subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout
        with tempfile.TemporaryDirectory() as profile:
            found[version.split("built")[0].strip()] = record(
                [name, *(part.format(profile) for part in options)]
            )
    lines = [
        json.dumps(name)
        + ": "
        + json.dumps({browser: ran[at] for browser, ran in found.items() if at in ran})
        for at, name in enumerate(CASES)
    ]
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
