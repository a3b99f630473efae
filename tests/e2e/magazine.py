"""A small site for stories about pages that were made before a choice."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit import ConsentMiddleware, Policy

ROOT: Final = Path(__file__).resolve().parents[2]
MODULES: Final = ROOT / ".venv" / "node" / "node_modules"
VENDORS: Final = frozenset({"www.youtube.com", "www.googletagmanager.com"})
POLICY: Final = Policy(uses=("google-analytics", "youtube"))

_FILES: Final = {
    "/htmx-1.js": MODULES / "htmx-1" / "dist" / "htmx.min.js",
    "/htmx-2.js": MODULES / "htmx-2" / "dist" / "htmx.min.js",
    "/head-support.js": MODULES / "htmx-ext-head-support" / "head-support.js",
    "/turbo-8.js": MODULES / "@hotwired" / "turbo" / "dist" / "turbo.es2017-umd.js",
}
# Gives what it has, and asks for a newer one meanwhile: `only` never does, `forgets` has nothing after a
# choice, `apart` keeps pages under addresses of its own.
_WORKER: Final = """
const asked = new URL(location).searchParams, only = asked.has("only"), forgets = asked.has("forgets");
const key = ({ request }) => (asked.has("apart") ? "/kept" + new URL(request.url).pathname : request);
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (forgets && method === "POST" && url.includes("/_consent/")) event.waitUntil(caches.delete("pages"));
  if (event.request.mode !== "navigate" || event.request.url.includes("/_consent/")) return;
  event.respondWith((async () => {
    const cache = await caches.open("pages"), had = await cache.match(key(event));
    if (had && only) return had;
    const fresh = fetch(event.request).then((answer) => {
      cache.put(key(event), answer.clone());
      return answer;
    });
    event.waitUntil(fresh.catch(() => 0));
    return had || fresh;
  })());
});
"""
_STYLE: Final = "<style>p { min-height: 40px }</style>"
_EMBED: Final = (
    '<iframe title="video" width="320" height="200" src="https://www.youtube.com/embed/x"></iframe>'
)
_TRACKER: Final = """
<script data-consent="analytics">
window.ran = (window.ran || 0) + 1;
navigator.sendBeacon("/ran");
</script>
"""
_TAG: Final = '<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'


loads: Final[list[str]] = []
"""Paths that were asked for."""


async def magazine(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a page; its query says what is in it, and the folder in which language it is."""
    request = Request(scope, receive)
    path, asked = request.url.path, request.query_params
    loads.append(path)
    if path in _FILES:
        return await Response(_FILES[path].read_bytes(), media_type="text/javascript")(scope, receive, send)
    if path == "/worker.js":
        return await Response(_WORKER, media_type="text/javascript")(scope, receive, send)
    scripts = "".join(f'<script src="/{name}.js"></script>' for name in asked.getlist("use"))
    body = 'hx-boost="true" hx-push-url="true" hx-ext="head-support"' if "htmx" in scripts else ""
    query = f"?{request.url.query}" if request.url.query else ""
    language = "de" if path.startswith("/de") else "en"
    rules, target = asked.get("ahead", ""), "/ahead?use=remote" if "/remote.js" in scripts else "/ahead"
    ahead = (
        f'{{"{rules}": [{{"source": "list", "urls": ["{target}"], "eagerness": "immediate"}}]}}'
        if rules
        else ""
    )
    speculation = f'<script type="speculationrules">{ahead}</script>' if ahead else ""
    content = "" if "plain" in asked else _EMBED + _TRACKER + _TAG
    links = "".join(f'<a href="{way}{query}">{way}</a> ' for way in ("/one", "/two", "/de/drei"))
    page = (
        f"<!doctype html><html lang={language}><head><title>{path}</title>{_STYLE}{scripts}{speculation}"
        f"</head><body {body}>{asked.get('first', '')}<h1>{path}</h1><p>{links}<a href=/ahead>ahead</a></p>"
        f"{asked.get('last', '')}{content}</body></html>"
    )
    await HTMLResponse(page)(scope, receive, send)


def site(policy: Policy = POLICY) -> ConsentMiddleware:
    """Put consent around it, but for one page."""
    key = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
    return ConsentMiddleware(magazine, secret_key=key, log=None, policy=policy, exclude=["/outside"])


def for_browsers_that_forget_nothing(app: ASGIApp) -> ASGIApp:
    """Leave out the header by which browsers forget what they got ahead, as those do that do not know it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def pass_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                left = [pair for pair in message["headers"] if pair[0].lower() != b"clear-site-data"]
                message = {**message, "headers": left}
            await send(message)

        await app(scope, receive, pass_on)

    return answer
