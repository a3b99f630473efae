"""Inline scripts: what Chromium asks for when it runs a program, against what the gate read in its text.

A leak is a program for which Chromium asks a vendor's host and in which the gate found nothing of that
vendor. Every program runs in a frame and on a host of its own, so that requests can be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Error, Frame, Request, WebSocket

from consentkit.gating import Gate
from consentkit.policy import Policy
from fuzz.programs import HOSTS, Program

BATCH: Final = 64
"""Programs on one page."""
SETTLED: Final = """new Promise(done => {
    const settle = () => setTimeout(() => requestAnimationFrame(() => setTimeout(done, 50)), 50);
    document.readyState === "complete" ? settle() : addEventListener("load", settle);
    setTimeout(done, 4000)})"""
_HEAD: Final = b"<!doctype html><meta charset=utf-8><body><div id=d>d</div><script>onerror=e=>{parent.errors[%d]=e}</script>"
# Markup that takes the program's text out of its element.
_BREAKS_OUT: Final = re.compile(rb"</script|<!--.*<script", re.I | re.S)
_MARK: Final = re.compile(r"/q(\d+)")

_gate: Final = Gate(Policy())


class Outcome(NamedTuple):
    """What came of a program.

    Attributes:
        program: The program.
        asked: Vendors' hosts that Chromium asked.
        error: The first error, empty if there was none.
    """

    program: Program
    asked: frozenset[str]
    error: str

    @property
    def leaked(self) -> bool:
        """Whether a vendor was asked of which the gate knows nothing."""
        return not {vendor_of(host) for host in self.asked} <= vendors(self.program.text)


def vendors(text: bytes) -> frozenset[str]:
    """Return the vendors that the gate finds in a script."""
    return frozenset(reason.party.vendor for reason in _gate.read(text).found.reasons)


def vendor_of(host: str) -> str:
    """Return whose a host is."""
    (vendor,) = vendors(b"fetch('https://%s/q')" % host.encode())
    return vendor


def check(data: bytes) -> None:
    """Hold a program that once leaked against what it asks for."""
    assert vendors(data), "nothing was found in it"


def fits(program: Program) -> bool:
    """Tell whether a program can stand in a page as it is, and ends."""
    return _BREAKS_OUT.search(program.text) is None


class Runner:
    """Runs programs in Chromium.

    Args:
        context: The browser's context; it must reach no host but 127.0.0.1.
        port: Where the pages are served.
        pages: What is served.
    """

    def __init__(self, context: BrowserContext, port: int, pages: dict[str, bytes]) -> None:
        self._context = context
        self._port = port
        self._pages = pages
        self._batches = 0

    def run(self, programs: Sequence[Program]) -> list[Outcome]:
        """Run programs on one page."""
        asked: dict[int, set[str]] = {}

        def note(request: Request) -> None:
            if (host := urlsplit(request.url).hostname or "").rstrip(".") in HOSTS:
                frame = _frame(request)
                own = frame is not None and _place(frame) is not None
                if own and request.is_navigation_request():
                    return  # the program's own page went there
                asked.setdefault(_owner(frame, request.url), set()).add(host.rstrip("."))

        self._batches += 1
        base = f"/{self._batches}"
        frames = []
        for index, program in enumerate(programs):
            kind = b" type=module" if program.module else b""
            text = b"<script" + kind + b">" + program.text + b"</script>"
            self._pages[f"{base}/{index}"] = _HEAD % index + text
            frames.append(f"<iframe name=p{index} src={base}/{index}></iframe>")
        self._pages[base] = (
            "<!doctype html><style>iframe{width:30px;height:30px}</style><script>errors={};settled=false</script>"
            + "".join(frames)
        ).encode()
        page = self._context.new_page()
        page.set_default_timeout(20_000)
        self._context.on("request", note)
        errors: dict[str, str] = {}
        try:
            page.goto(f"http://127.0.0.1:{self._port}{base}", wait_until="domcontentloaded")
            page.evaluate(f"{SETTLED}.then(() => settled = true); 0")
            page.wait_for_function("window.settled")
            errors = page.evaluate("errors")
        except Error as error:
            errors = {"all": str(error)}
        finally:
            self._context.remove_listener("request", note)
            page.close(run_before_unload=False)
            self._pages.clear()
        return [
            Outcome(program, frozenset(asked.get(index, ())), str(errors.get("all", errors.get(str(index), ""))))
            for index, program in enumerate(programs)
        ]


def _frame(request: Request) -> Frame | None:
    try:
        return request.frame
    except Error:
        return None


def _place(frame: Frame) -> int | None:
    if frame.name.startswith("p") and frame.name[1:].isdigit():
        return int(frame.name[1:])
    return None


def _owner(frame: Frame | None, url: str) -> int:
    while frame is not None:
        place = _place(frame)
        if place is not None:
            return place
        frame = frame.parent_frame
    mark = _MARK.search(url)
    return int(mark[1]) if mark else -1


@contextmanager
def runner(context: BrowserContext) -> Iterator[Runner]:
    """Serve pages while programs run."""
    pages: dict[str, bytes] = {}

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0], b"")
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Runner(context, server.server_address[1], pages)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
