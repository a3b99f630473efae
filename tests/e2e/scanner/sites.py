"""A tiny site that asks as it should, by a template of its own, and ways to break it, one rule at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

STATISTICS = '<script async src="https://www.google-analytics.com/analytics.js"></script>'
ADVERTISING = '<script async src="https://connect.facebook.net/en_US/fbevents.js"></script>'
COOKIE = "<script>document.cookie = '_ga=GA1.1.23; path=/; max-age=600'</script>"
STYLE = """<style>
body { margin: 0; padding-bottom: 14rem } html { scroll-padding-bottom: 14rem }
.ask { position: fixed; inset: auto 0 0; box-sizing: border-box; max-height: 12rem; padding: 1rem;
  overflow: auto; background: #fff; color: #222; border-top: 1px solid #555 }
.ask button, .ask a { font: 600 16px sans-serif; padding: 10px 16px; min-height: 44px; color: #fff;
  background: #064; border: 0; display: inline-block; box-sizing: border-box }
.ask button { width: 9rem } main button, footer a { display: inline-block; min-height: 44px; margin: 9px }
</style>"""
ACCEPT = '<button name="answer" value="yes">Accept all</button>'
REJECT = '<button name="answer" value="no">Reject all</button>'
MORE = '<a href="/settings">Settings</a>'
NOTICE = "<p>We use cookies for statistics and advertising. You decide whether we may.</p>"
SETTINGS = f"""<p>Now: {{state}}.</p><form method="post" action="/choose">
<p><label><input type="checkbox" name="kind" value="statistics"{{checked}}> Statistics</label></p>
<p><label><input type="checkbox" name="kind" value="advertising"{{checked}}> Advertising</label></p>
{ACCEPT} {REJECT} <button name="answer" value="">Save my choices</button></form>"""
STORY = "<p>A sentence of the story, with <a href='#more'>a link</a> and some words more.</p>" * 30


@dataclass(frozen=True)
class Tiny:
    """A site with three pages, a form in a banner, and a cookie that keeps the answer.

    Attributes:
        language: Of the page.
        layer: What asks, without its form and attributes.
        around: The element around it.
        opening: Attributes of the layer.
        head: In the head of every page.
        script: At the end of pages that ask.
        settings: The form on the page of settings.
        link: What opens the settings, on every page.
        about: The same on the page "about".
        wall: What stands in place of the story for those who have refused.
        policy: Status of the privacy policy.
        policy_head: In the head of the privacy policy.
        before: Whether tags run before a choice, which is the regime `opt-out`.
        after_no: Whether tags run after a refusal.
        keeps_cookie: Whether the statistics' cookie outlives a refusal.
        signal: What Sec-GPC does: ``opts out``, ``nothing``, ``grants``, ``is outlived`` by stored grants.
        says: Whether the page says that the signal was honoured.
        asks_with_signal: Whether somebody with the signal is asked.
        french: Whether the layer follows the browser's language.
    """

    language: str = "en"
    layer: str = NOTICE + ACCEPT + REJECT + MORE
    around: str = "section"
    opening: str = 'class="ask" aria-label="Cookies"'
    head: str = ""
    script: str = ""
    settings: str = SETTINGS
    link: str = '<a href="/settings">Cookie settings</a>'
    about: str | None = None
    wall: str | None = None
    policy: int = 200
    policy_head: str = ""
    before: bool = False
    after_no: bool = False
    keeps_cookie: bool = False
    signal: str = "opts out"
    says: bool = True
    asks_with_signal: bool = True
    french: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._choose(request) if request.url.path == "/choose" else self._page(request)
        await response(scope, receive, send)

    async def _choose(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        given = form.get("answer") or request.query_params.get("answer")
        response = RedirectResponse("/", 303)
        response.set_cookie("choice", given or ("yes" if form.get("kind") else "no"), max_age=600)
        if given != "yes" and not self.keeps_cookie:
            response.delete_cookie("_ga")
        return response

    def _page(self, request: Request) -> Response:
        path, choice = request.url.path, request.cookies.get("choice", "")
        gpc = request.headers.get("sec-gpc") == "1"
        granted = {"yes": True, "no": self.after_no, "": self.before}[choice] or (
            gpc and self.signal == "grants"
        )
        opted_out = gpc and (self.signal == "opts out" or (self.signal == "is outlived" and choice != "yes"))
        head = self.head + (STATISTICS + COOKIE if granted else "")
        head += ADVERTISING if granted and not opted_out else ""
        body = self._body(path, choice)
        if gpc and self.says:
            body += "<p>Opt-out request honoured: your browser sends Global Privacy Control.</p>"
        if not choice and path not in ("/settings", "/privacy") and (self.asks_with_signal or not gpc):
            body = self._layer(request) + body
        status = self.policy if path == "/privacy" else 200
        head += self.policy_head if path == "/privacy" else ""
        return HTMLResponse(
            f'<!doctype html><html lang="{self.language}"><head><title>A page</title>'
            '<meta name="viewport" content="width=device-width">'
            f"{STYLE}{head}</head><body>{body}</body></html>",
            status,
        )

    def _body(self, path: str, choice: str) -> str:
        story = self.wall if self.wall is not None and choice == "no" and path != "/settings" else STORY
        if path == "/settings":
            on = choice == "yes"
            story = self.settings.format(
                state="allowed" if on else "denied", checked=" checked" if on else ""
            )
        link = self.about if path == "/about" and self.about is not None else self.link
        links = f'<a href="/about">About</a> <a href="/privacy">Privacy policy</a> {link}'
        return f"<main><h1>A page</h1>{story}</main><footer>{links}</footer>"

    def _layer(self, request: Request) -> str:
        opening = self.opening
        if self.french and request.headers.get("accept-language", "").startswith("fr"):
            opening += ' lang="fr"'
        form = f'<form method="post" action="/choose">{self.layer}</form>'
        return f"<{self.around} {opening}>{form}</{self.around}>{self.script}"


def granting(event: str, when: str = "true", target: str = "document") -> str:
    """Write a script that takes an event for a yes."""
    grant = "document.cookie = 'choice=yes; path=/; max-age=600'"
    return f"<script>{target}.addEventListener('{event}', (event) => {{ if ({when}) {grant} }})</script>"


TINY = Tiny()
OPT_OUT = Tiny(before=True)


def layer(accept: str = ACCEPT, reject: str = REJECT, more: str = MORE) -> Tiny:
    """Change what the layer offers."""
    return replace(TINY, layer=NOTICE + accept + reject + more)


def styled(declarations: str) -> str:
    """Make the reject button look different."""
    return REJECT.replace("<button", f'<button style="{declarations}"')
