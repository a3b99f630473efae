"""What must hold for each framework on each server: one suite, whatever is behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from consentkit import ConsentLog
from matrix.servers import PATIENCE, Running, Way
from matrix.visitor import Page, Visitor

PLAIN: Final = Way()
KEPT: Final = Way("/app")
STRIPPED: Final = Way("/app", stripped=True)
OWN: Final = Way("/app", stripped=True, told="app")
FAILING: Final = Way()  # a process of its own, since errors are printed
WAYS: Final = (PLAIN, KEPT, STRIPPED, OWN, FAILING)

_NECESSARY: Final = ["necessary"]
_ALL: Final = ["analytics", "functional", "marketing", "necessary"]
# What a server prints that was not started or stopped as it ought to be.
_UGLY: Final = (
    "appears unsupported",
    "CancelledError",
    "ERROR",
    "Exception",
    "Traceback",
    "WARN",
    "never awaited",
)


class Behaviour(NamedTuple):
    """One column of the matrix.

    Args:
        name: Its heading.
        way: How the site is served for it. All of one way meet one process, in their order.
        check: Raises where it does not hold. The visitor is new.
    """

    name: str
    way: Way
    check: Callable[[Running, Visitor], None]


def banner(site: Running, visitor: Visitor) -> None:
    """A page has the banner, all files of the banner are there, and the vendor's tag is held back."""
    page = visitor.get("/")
    _is_gated(page, 200)
    _has_its_files(page, visitor)
    _reads(visitor, _NECESSARY)


def choice(site: Running, visitor: Visitor) -> None:
    """The banner's form is taken: it leads back to the page, and the application knows."""
    page = visitor.submit(visitor.get("/"), "accept")
    _is_granted(page, visitor)


def entry(site: Running, visitor: Visitor) -> None:
    """The choice is in the log, which is sound."""
    with ConsentLog(site.log) as log:
        before = log.head().size
        visitor.submit(visitor.get("/"), "accept")
        added = [recorded.entry for recorded in log.entries(before) if recorded.entry is not None]
        assert [(one.action, one.source) for one in added if one.type == "decision"] == [
            ("accept_all", "banner")
        ]
        log.check()


def form(site: Running, visitor: Visitor) -> None:
    """The settings are a form as well; it keeps what is ticked."""
    page = visitor.submit(visitor.get("/_consent/"), "save", "analytics")
    assert page.path.startswith("/_consent/?saved=1"), f"the form leads to {page.path}"
    _reads(visitor, ["analytics", *_NECESSARY])


def stream(site: Running, visitor: Visitor) -> None:
    """The first bytes of a page are here before the last are made; those are gated, too."""
    with visitor.stream("/stream") as pieces:
        first = _read_until("first", pieces)
        site.open("stream")
        page = visitor.saw("/stream", 200, first + "".join(pieces))
    assert "last" in page.text
    _is_gated(page, 200)


def events(site: Running, visitor: Visitor) -> None:
    """Server-sent events come one by one, as they are."""
    with visitor.stream("/events", accept="text/event-stream") as pieces:
        assert _read_until("first", pieces) == "data: first\n\n"
        site.open("events")
        assert "".join(pieces) == "data: last\n\n"


def socket(site: Running, visitor: Visitor) -> None:
    """A WebSocket opens, and the application knows what is granted."""
    with visitor.socket("/socket") as socket:
        assert json.loads(socket.hear()) == _NECESSARY
        socket.say("word")
        assert socket.hear() == "word"


def mount(site: Running, visitor: Visitor) -> None:
    """The banner of a mounted application's page works, and its form leads back to that page."""
    page = visitor.get("/sub/")
    _is_gated(page, 200)
    _has_its_files(page, visitor)
    page = visitor.submit(page, "accept")
    assert page.path == "/sub/", f"the form leads to {page.path}"
    _is_granted(page, visitor)


def root_path(site: Running, visitor: Visitor) -> None:
    """Below a path, everything stays below it: files, forms, and where they lead."""
    page = visitor.get("/")
    _is_gated(page, 200)
    _has_its_files(page, visitor)
    page = visitor.submit(page, "accept")
    assert page.path == f"{visitor.root}/", f"the form leads to {page.path}"
    _is_granted(page, visitor)
    settings = visitor.get("/_consent/")
    _has_its_files(settings, visitor)
    page = visitor.follow(settings, settings.back)
    assert page.path == f"{visitor.root}/", f"the way back leads to {page.path}"
    page = visitor.submit(settings, "reject")
    assert page.path.startswith(f"{visitor.root}/_consent/?saved=1"), f"the form leads to {page.path}"
    _reads(visitor, _NECESSARY)


def error(site: Running, visitor: Visitor) -> None:
    """The framework's page for errors is a page like others."""
    _is_gated(visitor.get("/broken"), 500)


def stop(site: Running, visitor: Visitor) -> None:
    """SIGTERM ends the server in time and as it should end, though a browser's connection is open."""
    visitor.get("/")
    status = site.stop()
    assert status is not None, f"it did not end within {PATIENCE:g} seconds"
    assert status == site.server.status, f"it ended with status {status}, not {site.server.status}"
    ugly = [line for line in site.printed.splitlines() if any(word in line for word in _UGLY)]
    assert not ugly, f"it printed: {ugly[0].strip()}"


def counts(site: Running, visitor: Visitor) -> None:
    """All banners that were shown are counted in the log when the server has ended."""
    with ConsentLog(site.log) as log:
        shown = sum(log.observations("shown").values())
    assert shown == site.banners, f"{site.banners} banners were shown, and {shown} are counted"


BEHAVIOURS: Final = (
    Behaviour("banner", PLAIN, banner),
    Behaviour("choice", PLAIN, choice),
    Behaviour("entry", PLAIN, entry),
    Behaviour("form", PLAIN, form),
    Behaviour("stream", PLAIN, stream),
    Behaviour("SSE", PLAIN, events),
    Behaviour("WebSocket", PLAIN, socket),
    Behaviour("mount", PLAIN, mount),
    Behaviour("clean stop", PLAIN, stop),
    Behaviour("counts", PLAIN, counts),
    Behaviour("root path", KEPT, root_path),
    Behaviour("root path, proxy", STRIPPED, root_path),
    Behaviour("root path, setting", OWN, root_path),
    Behaviour("500 page", FAILING, error),
)


def _is_gated(page: Page, status: int) -> None:
    assert page.status == status, f"the page is answered with {page.status}"
    assert page.asks, "there is no banner"
    assert page.held, "the vendor's tag is live"


def _is_granted(page: Page, visitor: Visitor) -> None:
    assert page.status == 200, f"the page is answered with {page.status}"
    assert page.live, "the vendor's tag is held back after a grant"
    assert not page.asks, "the banner is there after a choice"
    _reads(visitor, _ALL)


def _reads(visitor: Visitor, expected: list[str]) -> None:
    granted = visitor.read("/granted")
    assert granted == expected, f"the application reads {', '.join(granted)}"


def _has_its_files(page: Page, visitor: Visitor) -> None:
    files = page.files
    assert files, "the page names no files of the banner"
    missing = [file for file in files if visitor.follow(page, file).status != 200]
    assert not missing, f"there is no {missing[0]}"


def _read_until(word: str, pieces: Iterator[str]) -> str:
    read = ""
    while word not in read:
        read += next(pieces)
    return read
