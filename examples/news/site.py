"""The news site, with the consent middleware around it and the collector beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp

from consentkit import FromHeaders, Policy, with_consent
from consentkit.dashboard import Dashboard
from examples.news.collector import Collector
from examples.news.edge import PLACE_COOKIE, PLACES, HostRouter, PlaceHeaders
from examples.news.hits import Hits
from examples.news.settings import Settings
from examples.news.stories import (
    EDITIONS,
    FOOTER,
    SECTIONS,
    SEED,
    STORIES,
    Brief,
    Edition,
    Story,
    read_editions,
    read_seed,
    read_stories,
)

HERE = Path(__file__).parent
MONTH = 30 * 24 * 3600


def build(settings: Settings) -> ASGIApp:
    """Build the demo: site, middleware, dashboard and collector."""
    policy = Policy.from_toml(HERE / "consent.toml")
    site = read_site(policy)
    audit = Dashboard(settings.data / "consent.sqlite3", token=settings.audit) if settings.audit else None
    routes = [*([Mount("/audit", audit)] if audit else []), *site.routes()]
    news = with_consent(
        Starlette(routes=routes, exception_handlers={404: site.missing}),
        secret_key=settings.secret,
        secret_key_fallbacks=settings.fallbacks,
        log=settings.data / "consent.sqlite3",
        policy=policy,
        place=FromHeaders("CF-IPCountry", "CF-Region-Code"),
        exclude=["/audit"],
    )
    collector = Collector(Hits(settings.data / "hits.db")).app()
    return PlaceHeaders(HostRouter(news, {"localhost": collector}))


def read_site(policy: Policy) -> NewsSite:
    """Read what the site publishes, without the middleware."""
    stories, briefs = read_stories(STORIES.read_text())
    editions = read_editions(EDITIONS.read_text())
    return NewsSite([read_seed(SEED.read_text()), *stories], briefs, editions, policy)


class NewsSite:
    """The pages of the news site."""

    def __init__(
        self,
        stories: Sequence[Story],
        briefs: Sequence[Brief],
        editions: Mapping[str, Edition],
        policy: Policy,
    ) -> None:
        self.stories = stories
        self.briefs = briefs
        self.editions = editions
        self.policy = policy
        self.templates = Jinja2Templates(directory=HERE / "templates", context_processors=[_page_context])
        self.templates.env.filters["add_links"] = add_links
        self.templates.env.globals.update(editions=editions, footer=FOOTER)

    def routes(self) -> list[BaseRoute]:
        """Return the site's routes."""
        return [
            Route("/", self.front),
            Route("/privacy", self.privacy),
            Route("/place/{name}", self.change_place, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
            Route("/{section}", self.section),
            Route("/{section}/{slug}", self.article),
        ]

    async def front(self, request: Request) -> Response:
        """Show the front page."""
        lead, *others = self.stories
        return self._page(request, "front.html", lead=lead, others=others, briefs=self.briefs)

    async def section(self, request: Request) -> Response:
        """Show a section's stories, then some of the other sections; or the edition in a language."""
        section = request.path_params["section"]
        if section in self.editions:
            return self._page(request, "edition.html", edition=self.editions[section])
        if section not in SECTIONS:
            raise HTTPException(404)
        own = [story for story in self.stories if story.section == section]
        others = [story for story in self.stories if story.section != section]
        return self._page(request, "section.html", section=section, own=own, others=others[:4])

    async def article(self, request: Request) -> Response:
        """Show a story."""
        path = request.url.path
        story = next((story for story in self.stories if story.url == path), None)
        if story is None:
            raise HTTPException(404)
        others = [other for other in self.stories if other is not story]
        return self._page(request, "article.html", section=story.section, story=story, others=others[:4])

    async def privacy(self, request: Request) -> Response:
        """Tell what this demo uses."""
        return self._page(request, "privacy.html", policy=self.policy)

    async def missing(self, request: Request, error: Exception) -> Response:
        """Answer for a page that is not there."""
        return self._page(request, "missing.html", status=404, others=self.stories[:4])

    async def change_place(self, request: Request) -> Response:
        """Keep the choice of the footer's switch in a cookie, and go back to the page."""
        name = request.path_params["name"]
        response = RedirectResponse(_safe_path(request.query_params.get("back", "")), status_code=303)
        if name in PLACES:
            response.set_cookie(PLACE_COOKIE, name, httponly=True, samesite="lax")
        else:
            response.delete_cookie(PLACE_COOKIE, httponly=True, samesite="lax")
        return response

    def _page(self, request: Request, template: str, *, status: int = 200, **context: object) -> Response:
        response = self.templates.TemplateResponse(request, template, context, status_code=status)
        if "_nr_first" not in request.cookies:  # statistics set by the server: the gate drops it where denied
            response.set_cookie("_nr_first", request.url.path, max_age=MONTH, samesite="lax")
        return response


def add_links(line: str) -> Markup:
    """Turn the e-mail address and the handle in a line of text into links."""
    html = str(escape(line))
    html = re.sub(r"[\w.]+@[\w.]+\w", r'<a href="mailto:\g<0>">\g<0></a>', html)
    return Markup(re.sub(r"(?<!\w)@(\w+)", r'<a href="https://x.com/\1">\g<0></a>', html))


def _page_context(request: Request) -> dict[str, Any]:
    place = (request.headers.get("cf-ipcountry", ""), request.headers.get("cf-region-code", ""))
    return {
        "sections": SECTIONS,
        "collector": f"http://localhost:{request.scope['server'][1]}",
        "consent": getattr(request.state, "consent", None),
        "seen_from": next((name for name, known in PLACES.items() if known == place), "nowhere"),
        "place": "-".join(code for code in place if code),
    }


def _safe_path(path: str) -> str:
    """Return the path if it stays on this site, else the front page."""
    return path if re.fullmatch(r"/(?![/\\])[!-~]*", path) else "/"
