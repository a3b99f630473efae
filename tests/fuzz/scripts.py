"""Inline scripts: whom Chromium asks when it runs a program, against what the gate read in its text.

A leak is a program for which Chromium asks a vendor's host, and in which the gate found nothing of that
vendor. Each program runs in a frame of its own, so that requests can be told apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from threading import Thread
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Frame, Request

from consentkit.gating import Gate
from consentkit.policy import Policy
from fuzz.programs import HOSTS, Program

BATCH: Final = 64
"""Programs on one page."""
ROUNDS: Final = 16
"""Times that a piece is looked for that can be taken out."""
NETWORK: Final = frozenset(("http", "https", "ws", "wss"))
_SETTLE: Final = """<script>
    errors = {}; settled = false;
    const drawn = () => new Promise(requestAnimationFrame);
    const rested = () => new Promise(done => setTimeout(done, 50));
    const settle = () => drawn().then(rested).then(drawn).then(() => settled = true);
    addEventListener("load", settle);
    setTimeout(settle, 4000);
</script>"""
_PAGE: Final = "<!doctype html><style>iframe{width:30px;height:30px}</style>" + _SETTLE
_HEAD: Final = (
    b"<!doctype html><meta charset=utf-8><body><div id=d>d</div>"
    b"<script>onerror = error => { parent.errors[%d] = error }</script>"
)
# Markup that takes the rest of the program out of its element.
_BREAKS_OUT: Final = re.compile(rb"</script|<!--.*<script", re.I | re.S)
# What a change of bytes may turn into something that never ends.
_LOOPS: Final = re.compile(rb"while|for|do\b|setInterval|debugger|history|open")

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
        """Whether a vendor was asked of whom the gate knows nothing."""
        return not {_owner(host) for host in self.asked} <= vendors(self.program.text)


def vendors(text: bytes) -> frozenset[str]:
    """Return the vendors that the gate finds in a script."""
    return frozenset(reason.party.vendor for reason in _gate.classifier.analyze(text).reach.reasons)


@cache
def _owner(host: str) -> str:
    (vendor,) = vendors(b"fetch('https://%s/q')" % host.encode())
    return vendor


def check(data: bytes) -> None:
    """Hold programs that once leaked against what is found in them; each is a line, as a string in JSON."""
    for line in data.splitlines():
        assert vendors(json.loads(line).encode()), f"nothing is found in {line!r}"


def fits(text: bytes) -> bool:
    """Tell whether a program can stand in a page as it is."""
    return _BREAKS_OUT.search(text) is None


def ends(text: bytes) -> bool:
    """Tell whether a program that was changed is sure to end."""
    return _LOOPS.search(text) is None


class Runner:
    """Runs programs in Chromium.

    Args:
        context: The browser's context; it must reach no host but 127.0.0.1.
        port: Where the pages are served.
        pages: What is served, by path.
    """

    def __init__(self, context: BrowserContext, port: int, pages: dict[str, bytes]) -> None:
        self._context = context
        self._base = f"http://127.0.0.1:{port}"
        self._pages = pages
        self._count = 0

    def outcomes(self, programs: Iterable[Program]) -> Iterator[Outcome]:
        """Run programs, as many on a page as fit."""
        left = iter(programs)
        while batch := list(islice(left, BATCH)):
            yield from self._run(batch)

    def shrink(self, program: Program) -> Program:
        """Return what is left of a program that leaks when as much as possible is taken out of it."""
        size = len(program.text) // 2
        for _ in range(ROUNDS):
            places = range(0, len(program.text), max(1, size // 2, len(program.text) // BATCH))
            shorter = (program.text[:at] + program.text[at + size :] for at in places)
            silent = [text for text in shorter if fits(text) and ends(text) and not vendors(text)]
            tried = self.outcomes(program._replace(text=text) for text in silent)
            left = next((outcome.program for outcome in tried if outcome.leaked), None)
            if left is not None:
                program = left
            elif size > 1:
                size //= 2
            else:
                break
        return program

    def _run(self, programs: Sequence[Program]) -> list[Outcome]:
        asked: dict[int, set[str]] = {}

        def note(request: Request) -> None:
            url = urlsplit(request.url)
            host = (url.hostname or "").rstrip(".")
            if url.scheme in NETWORK and host in HOSTS and not _leaves(request):
                asked.setdefault(_place(_frame(request)), set()).add(host)

        self._count += 1
        names = [f"/{self._count}/{index}" for index in range(len(programs))]
        for index, (name, program) in enumerate(zip(names, programs, strict=True)):
            kind = b" type=module" if program.module else b""
            self._pages[name] = _HEAD % index + b"<script%s>%s</script>" % (kind, program.text)
        frames = "".join(f"<iframe name=p{index} src={name}></iframe>" for index, name in enumerate(names))
        self._pages["/"] = (_PAGE + frames).encode()
        self._context.on("request", note)
        try:
            errors = self._errors()
        finally:
            self._context.remove_listener("request", note)
            self._pages.clear()
        return [
            Outcome(program, frozenset(asked.get(index, ())), errors.get(str(index), ""))
            for index, program in enumerate(programs)
        ]

    def _errors(self) -> dict[str, str]:
        """Run the page that is served, and return the first errors of its frames."""
        page = self._context.new_page()
        page.set_default_timeout(20_000)
        try:
            page.goto(self._base, wait_until="domcontentloaded")
            # Told in one answer: a page that is asked again may be busy for ever with a program by then.
            told = page.wait_for_function("window.settled && JSON.stringify(errors)").json_value()
            return {index: str(error) for index, error in json.loads(told).items()}
        finally:
            page.close(run_before_unload=False)


def _frame(request: Request) -> Frame | None:
    try:
        return request.frame
    except Error:  # a worker's
        return None


def _place(frame: Frame | None) -> int:
    """Return the number of the program to which a frame belongs, -1 where that cannot be told."""
    while frame is not None and not re.fullmatch(r"p\d+", frame.name):
        frame = frame.parent_frame
    return int(frame.name[1:]) if frame else -1


def _leaves(request: Request) -> bool:
    """Tell whether it is the program's own page that goes there, which loads nothing into it."""
    frame = _frame(request) if request.is_navigation_request() else None
    return frame is not None and re.fullmatch(r"p\d+", frame.name) is not None


@contextmanager
def runner(browser: Browser) -> Iterator[Runner]:
    """Serve pages while programs run."""
    pages: dict[str, bytes] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(pages.get))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    context = browser.new_context()
    try:
        yield Runner(context, server.server_address[1], pages)
    finally:
        context.close()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(find: Callable[[str, bytes], bytes]) -> type[BaseHTTPRequestHandler]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = find(self.path, b"")
            with suppress(ConnectionError):  # a frame that went elsewhere
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Pages
