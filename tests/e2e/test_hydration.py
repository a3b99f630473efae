"""Pages that a framework takes over as a whole: the banner stays, and what is made anew stays inert."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Set
from typing import Any, Final

import anyio
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from starlette.types import Receive, Scope, Send

from consentkit import ConsentMiddleware, Policy
from e2e.serving import Served
from e2e.tabs import borrowed
from e2e.waiting import wait_until

pytestmark = pytest.mark.browser

BANNER: Final = "#consentkit-banner"
VIDEO: Final = "https://www.youtube.com/embed/x"
TAG: Final = "https://www.googletagmanager.com/gtag/js?id=G-1"
PIXEL: Final = "https://www.facebook.com/tr?id=1"
POLICY: Final = Policy(uses=("google-analytics", "meta-pixel", "youtube"))

Tree = list[Any]

HEAD: Final[Tree] = [
    "head",
    {},
    [
        ["meta", {"charset": "utf-8"}, []],
        ["title", {}, ["Story"]],
        ["script", {"async": "", "src": TAG}, []],
    ],
]
BODY: Final[Tree] = [
    "body",
    {},
    [
        ["nav", {}, [["a", {"href": "/"}, ["Home"]]]],
        ["section", {}, [["h1", {}, ["A story"]], ["button", {"id": "own"}, ["Press"]]]],
        ["iframe", {"title": "video", "src": VIDEO}, []],
        ["img", {"alt": "", "src": PIXEL}, []],
        ["div", {"class": "fb-page", "data-href": "https://www.facebook.com/x"}, []],
    ],
]
PAGE: Final[Tree] = ["html", {"lang": "en"}, [HEAD, BODY]]

# Goes over the document as such frameworks do: node by node, what comes last in head and body left alone.
# Where it does not find what it would have made, it makes all anew. Its own script it looks for by address.
APP: Final = """
const tree = TREE, mode = MODE;
window.mistakes = [];
document.__reactContainer$own = true;
const made = ([name, attributes, children]) => {
  const element = document.createElement(name);
  if (mode === "markup" && name === "iframe") {
    const box = document.createElement("div");
    box.innerHTML = `<iframe title="${attributes.title}" src="${attributes.src}"></iframe>`;
    return box.firstChild;
  }
  for (const key in attributes)
    if (mode === "property" && key === "src") element.src = attributes.src;
    else element.setAttribute(key, attributes[key]);
  children.forEach((one) => element.append(typeof one === "string" ? one : made(one)));
  return element;
};
const fits = (element, [name, , children]) => {
  if (element?.localName !== name) return false;
  let node = element.firstChild;
  for (const one of children) {
    const same = typeof one === "string" ? node?.nodeType === 3 && node.data === one : fits(node, one);
    if (!same) return false;
    node = node.nextSibling;
  }
  return !node || name === "head" || name === "body";
};
const press = () => (document.getElementById("own").onclick = () => (window.pressed = true));
setTimeout(() => {
  if (mode === "hoist") {
    const script = tree[2][0][2][2][1];
    if (!document.querySelector(`script[async][src="${script.src}"]`)) {
      const copy = document.createElement("script");
      for (const key in script) copy.setAttribute(key, script[key]);
      document.head.appendChild(copy);
    }
  } else if (!fits(document.documentElement, tree) || mode !== "whole") {
    if (mode === "whole") window.mistakes.push("made anew");
    const anew = made(tree);
    document.documentElement.remove();
    document.append(anew);
  }
  press();
  window.ready = true;
});
"""


def written(tree: Tree | str) -> str:
    if isinstance(tree, str):
        return tree
    name, attributes, children = tree
    opened = "".join(f' {key}="{value}"' for key, value in attributes.items())
    inner = "".join(map(written, children))
    return f"<{name}{opened}>" + ("" if name in ("img", "meta") else f"{inner}</{name}>")


def site(mode: str, *, slow: bool = False) -> ConsentMiddleware:
    """Make an app; a slow one sends the end of its page when the script has run."""
    page = (
        written(PAGE).removesuffix("</body></html>")
        + '<script type="module" src="/app.js" async=""></script>'
    )
    app = APP.replace("TREE", json.dumps(PAGE)).replace("MODE", json.dumps(mode))
    asked = anyio.Event()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        kind = b"text/javascript" if scope["path"] == "/app.js" else b"text/html; charset=utf-8"
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]}
        await send(start)
        if scope["path"] == "/done":
            asked.set()
        if scope["path"] != "/":
            body = app if scope["path"] == "/app.js" else ""
            await send({"type": "http.response.body", "body": body.encode()})
            return
        await send(
            {"type": "http.response.body", "body": b"<!doctype html>" + page.encode(), "more_body": True}
        )
        if slow:
            with anyio.move_on_after(20):
                await asked.wait()
        await send({"type": "http.response.body", "body": b"</body></html>"})

    return ConsentMiddleware(
        answer, secret_key="Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2", log=None, policy=POLICY, debug=True
    )


class Visit:
    """A page, and whom it asked besides its own site."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.asked: list[str] = []
        page.route("**/*", self._route)

    def _route(self, route: Route) -> None:
        if route.request.url.startswith(self.url):
            return route.continue_()
        self.asked.append(route.request.url)
        route.fulfill(body="")

    def go(self) -> None:
        self.page.goto(self.url, wait_until="commit")
        self.page.wait_for_function("window.ready")
        self.page.evaluate("fetch('/done')")
        self.page.wait_for_load_state("load")
        # Behind whatever waits for idle time.
        self.page.evaluate("new Promise((done) => requestIdleCallback(() => requestIdleCallback(done)))")

    def wait_for(self, addresses: Set[str]) -> None:
        """Wait until all of these were asked."""

        def all_were_asked() -> bool:
            self.page.wait_for_timeout(1)  # Requests reach `_route` only while Playwright runs.
            return addresses <= {*self.asked}

        wait_until(all_were_asked)


Open = Callable[..., Visit]


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Open]:
    servers: list[Served] = []
    with borrowed(chromium) as page:

        def make(mode: str, **how: bool) -> Visit:
            served = Served(site(mode, **how))
            servers.append(served)
            served.__enter__()
            return Visit(page, served.url)

        yield make
    for served in servers:
        served.__exit__(None, None, None)


@pytest.mark.parametrize("slow", [False, True], ids=["whole", "streamed"])
def test_such_a_page_is_taken_over_without_a_mistake(visit: Open, slow: bool) -> None:
    one = visit("whole", slow=slow)
    one.go()
    assert one.page.evaluate("window.mistakes") == []
    expect(one.page.locator(BANNER)).to_be_visible()
    one.page.locator("#own").click()
    assert one.page.evaluate("window.pressed")
    assert one.asked == []
    # What waited is back in the body, and the container has its placeholder again.
    assert one.page.evaluate("document.querySelector('#consentkit-banner').parentNode === document.body")
    assert one.page.locator(".fb-page > iframe[data-consentkit-fill]").count() == 1


def test_it_is_so_after_a_choice(visit: Open) -> None:
    one = visit("whole")
    one.go()
    one.page.get_by_role("button", name="Accept all").click()
    one.page.wait_for_function("!document.querySelector('#consentkit-banner') && window.ready")
    assert one.page.evaluate("window.mistakes") == []
    one.wait_for({TAG, VIDEO, PIXEL})
    expect(one.page.locator("#consentkit-link")).to_be_visible()


@pytest.mark.parametrize("mode", ["attribute", "property", "markup", "hoist"])
def test_what_is_made_anew_stays_inert(visit: Open, mode: str) -> None:
    one = visit(mode)
    one.go()
    assert one.asked == []
    expect(one.page.locator(BANNER)).to_be_visible()
    frame = one.page.locator('iframe[title="video"]')
    for last in (False, False, True):
        assert frame.get_attribute("data-consentkit-src") == VIDEO and frame.get_attribute("src") is None
        # On a busy machine a frame that is made anew may stay empty: inert, but without its placeholder.
        # Loaded again it has one.
        if last or frame.get_attribute("srcdoc"):
            break
        one.go()
    expect(one.page.frame_locator('iframe[title="video"]').get_by_role("button").first).to_be_visible()
    one.page.get_by_role("button", name="Reject all").click()
    expect(one.page.locator("#consentkit-link")).to_be_visible()
    assert one.asked == []


@pytest.mark.parametrize("mode", ["attribute", "hoist"])
def test_after_a_grant_everything_is_made(visit: Open, mode: str) -> None:
    one = visit(mode)
    one.go()
    one.page.get_by_role("button", name="Accept all").click()
    one.page.wait_for_function("!document.querySelector('#consentkit-banner') && window.ready")
    one.wait_for({TAG, VIDEO, PIXEL})


def test_other_addresses_of_own_scripts_are_no_business_of_the_guard(visit: Open) -> None:
    one = visit("whole")
    one.go()
    one.page.evaluate("document.body.append(Object.assign(new Image(), { src: '/own.png' }))")
    one.page.evaluate(
        "address => document.body.append(Object.assign(document.createElement('a'), { id: 'way' }))",
        VIDEO,
    )
    one.page.evaluate("address => document.getElementById('way').setAttribute('href', address)", VIDEO)
    assert one.page.locator("#way").get_attribute("href") == VIDEO
    with one.page.expect_request("**/other.js"):
        one.page.evaluate(
            "src => document.body.append(Object.assign(document.createElement('script'), { src }))",
            "https://cdn.example/other.js",
        )
