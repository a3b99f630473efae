"""What a Content-Security-Policy keeps off the wire that no markup shows, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response as Answer
from starlette.routing import Route

from consentkit import ConsentLog, ConsentMiddleware, Policy, Vendor
from consentkit.testing import cookie_for
from consentkit.web.response.csp import CSPMode
from e2e.serving import Served
from e2e.sink import Sink
from e2e.tabs import go
from e2e.waiting import wait_until

pytestmark = pytest.mark.browser

Visitor = Callable[..., BrowserContext]

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
OWN = "script-src * 'unsafe-inline' 'unsafe-eval'; report-uri /own"
MARK = Vendor(name="Own network", purpose="necessary", hosts=("mark.example",))
TRACKER = Vendor(name="Tracker", purpose="analytics", hosts=("vendor.example",))
STRICT = Policy(vendors={"mark": MARK})
DECLARED = Policy(vendors={"mark": MARK, "tracker": TRACKER})

# Nothing here is in the page's markup: scripts of the site's own, its style sheet and its workers do it.
SCRIPT = """
const url = (name, scheme = "https") => `${scheme}://${name}.vendor.example/x`;
const settled = (target, ...events) =>
  new Promise((resolve) => events.forEach((name) => target.addEventListener(name, resolve)));
const add = (tag, properties) => {
  const element = Object.assign(document.createElement(tag), properties);
  document.head.append(element);
  return settled(element, "load", "error");
};
document.write(`<script src="${url("write")}"><` + `/script>`);
const image = new Image();
image.src = url("image");
const worker = new Worker("/worker.js");
const shared = new SharedWorker("/shared.js");
navigator.sendBeacon(url("beacon"), "x");
window.done = Promise.all([
  settled(image, "load", "error"),
  fetch(url("fetch")).catch(() => {}),
  import(url("import")).catch(() => {}),
  add("script", { src: url("script") }),
  add("link", { rel: "stylesheet", href: url("sheet") }),
  add("link", { rel: "prefetch", href: url("prefetch") }),
  settled(new WebSocket(url("socket", "wss")), "error"),
  settled(worker, "message"),
  new Promise((resolve) => { shared.port.onmessage = resolve; }),
  navigator.serviceWorker.register("/service.js").then(() => navigator.serviceWorker.ready),
]).then(() => true);
"""
IMPORTING = 'try { importScripts("https://%s.vendor.example/x"); } catch {}'
FILES = {
    "/": (
        "text/html",
        "<!doctype html><html><head><title>T</title><link rel=stylesheet href=/style.css></head>"
        "<body><script src=/script.js></script><p>A story</p></body></html>",
    ),
    "/script.js": ("text/javascript", SCRIPT),
    "/style.css": (
        "text/css",
        '@import "https://css-import.vendor.example/x";'
        "body { background: url(https://css-url.vendor.example/x) }",
    ),
    "/worker.js": ("text/javascript", IMPORTING % "worker" + "postMessage(1);"),
    "/shared.js": ("text/javascript", IMPORTING % "shared" + "onconnect = (e) => e.ports[0].postMessage(1);"),
    "/service.js": (
        "text/javascript",
        "addEventListener('install', (event) => event.waitUntil("
        "fetch('https://service.vendor.example/x', { mode: 'no-cors' }).catch(() => {})));",
    ),
}
KEPT = """
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("message", (event) => event.waitUntil(
  fetch(event.data, { mode: "no-cors" }).catch(() => {}).then(() => event.source.postMessage(1))));
"""
FILES |= {
    "/empty": ("text/html", "<!doctype html><html><head><title>T</title></head><body></body></html>"),
    "/kept.js": ("text/javascript", KEPT),
    "/cached.js": ("text/javascript", IMPORTING % "cached" + "postMessage(1);"),
}
WORK = """async (name) => {
  const container = navigator.serviceWorker;
  const registration = await container.register("/kept.js");
  await container.ready;
  await registration.update();
  for (let worker; (worker = registration.installing || registration.waiting); )
    await new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
  await new Promise((resolve) => {
    container.onmessage = resolve;
    registration.active.postMessage(`https://${name}.vendor.example/x`);
  });
  await new Promise((resolve) => { new Worker("/cached.js").onmessage = resolve; });
  return true;
}"""
DIRECTIVES = {
    "write": "script-src-elem",
    "image": "img-src",
    "beacon": "connect-src",
    "fetch": "connect-src",
    "import": "script-src-elem",
    "script": "script-src-elem",
    "sheet": "style-src-elem",
    "css-import": "style-src-elem",
    "css-url": "img-src",
    "prefetch": "default-src",
    "socket": "connect-src",
    "worker": "script-src-elem",
    "shared": "script-src-elem",
    "service": "connect-src",
}
VENDOR = {f"{name}.vendor.example" for name in DIRECTIVES}


async def answer(request: Request) -> Answer:
    media_type, text = FILES[request.url.path]
    headers = {"content-security-policy": OWN}
    if request.url.path == "/cached.js":
        headers["cache-control"] = "public, max-age=31536000, immutable"
    return Answer(text, media_type=media_type, headers=headers)


@contextmanager
def site(csp: CSPMode, policy: Policy = DECLARED, log: ConsentLog | None = None) -> Iterator[Served]:
    """A site of which nothing is in the catalog."""
    app = Starlette(routes=[Route(path, answer) for path in FILES])
    with Served(ConsentMiddleware(app, secret_key=SECRET, log=log, policy=policy, csp=csp)) as running:
        yield running


def choose(context: BrowserContext, served: Served, granted: tuple[str, ...]) -> None:
    name, value = cookie_for(DECLARED, secret_key=SECRET, granted=granted)
    context.add_cookies([{"name": name, "value": value, "url": served.url}])


def open_page(
    context: BrowserContext, served: Served, sink: Sink, *, granted: tuple[str, ...] = ()
) -> Response:
    """Let the page do all it can; when the mark has reached the wire, everything before it has."""
    if granted:
        choose(context, served, granted)
    page = context.new_page()
    response = page.goto(served.url)
    assert page.evaluate("done")
    page.evaluate("fetch('https://mark.example/x', { mode: 'no-cors' }).catch(() => {})")
    sink.wait_for({"mark.example"})
    assert response is not None
    return response


def test_without_it_everything_leaks(sink: Sink, visitor: Visitor) -> None:
    with site("off") as served:
        open_page(visitor(), served, sink)
        sink.wait_for(VENDOR)
        assert sink.hosts == VENDOR | {"mark.example"}


def test_enforced_nothing_reaches_a_denied_vendor(sink: Sink, visitor: Visitor) -> None:
    with site("enforce") as served:
        response = open_page(visitor(), served, sink)
        assert response.header_values("content-security-policy")[0] == OWN
        assert len(response.header_values("content-security-policy")) == 2
    assert sink.hosts == {"mark.example"}


def test_enforced_everything_reaches_a_granted_vendor(sink: Sink, visitor: Visitor) -> None:
    with site("enforce") as served:
        open_page(visitor(), served, sink, granted=("analytics",))
        sink.wait_for(VENDOR)
        assert sink.hosts == VENDOR | {"mark.example"}


def test_enforced_an_undeclared_vendor_is_never_reached(sink: Sink, visitor: Visitor) -> None:
    with site("enforce", STRICT) as served:
        open_page(visitor(), served, sink, granted=("analytics", "marketing", "functional"))
    assert sink.hosts == {"mark.example"}


def test_workers_that_outlive_their_page_follow_a_withdrawal_and_a_new_grant(
    sink: Sink, visitor: Visitor
) -> None:
    context = visitor()
    with site("enforce") as served:
        page = context.new_page()
        for granted, name in ((("analytics",), "first"), ((), "second"), (("analytics",), "third")):
            choose(context, served, granted)
            go(page, f"{served.url}/empty")
            sink.forget()
            assert page.evaluate(WORK, name)
            page.evaluate("fetch('https://mark.example/x', { mode: 'no-cors' }).catch(() => {})")
            sink.wait_for({"mark.example"})
            loaded = {f"{name}.vendor.example", "cached.vendor.example"} if granted else set()
            sink.wait_for(loaded)
            assert sink.hosts - {"mark.example"} == loaded


@pytest.mark.parametrize("mode", ["report-only", "enforce"])
def test_what_browsers_report_is_counted(sink: Sink, visitor: Visitor, tmp_path: Path, mode: CSPMode) -> None:
    expected = {f"{directive} {name}.vendor.example" for name, directive in DIRECTIVES.items()}
    if mode == "report-only":
        expected.remove("default-src prefetch.vendor.example")  # Chromium reports it where it is blocked only
    with ConsentLog(tmp_path / "consent.sqlite3") as log, site(mode, STRICT, log) as served:
        open_page(visitor(), served, sink)

        def counted() -> set[str]:
            log.write_observations()
            return {one.key for one in log.observations("csp")}

        wait_until(lambda: counted() >= expected)
        assert counted() == expected
    reached = {"mark.example"} if mode == "enforce" else VENDOR | {"mark.example"}
    sink.wait_for(reached)
    assert sink.hosts == reached
