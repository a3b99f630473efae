"""The application that the ASGI benches wrap: JSON, and a page of 46 KB rendered anew or kept."""

from __future__ import annotations

from itertools import count

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from consentkit import ConsentMiddleware

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{ title }}</title>
<link rel="stylesheet" href="/static/site.css">
<link rel="canonical" href="https://news.example/{{ number }}">
<script async src="https://www.googletagmanager.com/gtag/js?id=G-TEST"></script>
<script>
  window.dataLayer = window.dataLayer || [];
  function gtag(){dataLayer.push(arguments)}
  gtag('js', new Date()); gtag('config', 'G-TEST');
</script>
</head>
<body class="front">
<header><a href="/"><img src="/static/logo.svg" alt="News"></a>
<nav>{% for name in sections %}<a href="/{{ name | lower }}">{{ name }}</a>{% endfor %}</nav></header>
<main data-number="{{ number }}">
{% for story in stories %}
<article id="story-{{ loop.index }}" class="story {{ loop.cycle('left', 'right') }}">
  <h2><a href="/story/{{ story.slug }}?from=front&amp;place={{ loop.index }}">{{ story.title }}</a></h2>
  <figure><img src="/images/{{ story.slug }}.jpg" width="640" height="360" alt="{{ story.title }}"
    loading="lazy">
  <figcaption>{{ story.credit }}</figcaption></figure>
  {% for text in story.texts %}<p>{{ text }}</p>
  {% endfor %}
  <footer><time datetime="{{ story.date }}">{{ story.date }}</time>
  <a class="share" href="/share?u={{ story.slug | urlencode }}">Share</a></footer>
</article>
{% endfor %}
</main>
<iframe src="https://www.youtube.com/embed/abc" width="560" height="315"></iframe>
<script src="/static/site.js" defer></script>
</body>
</html>
"""
_TEXT = (
    "The council said on Monday that the bridge & its approaches will stay open; nobody expects “delays”. "
)
_TEMPLATE = Environment(autoescape=True).from_string(_PAGE)
_STORIES = [
    {
        "slug": f"bridge-and-river-{number}",
        "title": f"Bridge, river & town: part {number}",
        "credit": "Photograph: <staff>",
        "date": f"2026-11-{number % 28 + 1:02}",
        "texts": [_TEXT * 2, _TEXT * 3, _TEXT],
    }
    for number in range(38)
]
_SECTIONS = ("World", "Business", "Culture", "Sport", "Weather")
_numbers = count()


def render(number: int) -> str:
    """Render the page; the number makes it another."""
    return _TEMPLATE.render(title="News", sections=_SECTIONS, stories=_STORIES, number=number)


KEPT_TEXT = render(0)
KEPT = KEPT_TEXT.encode()


async def _json(request: Request) -> Response:
    return JSONResponse({"id": 7, "title": "Bridge", "tags": ["river", "town"], "open": True})


async def _anew(request: Request) -> Response:
    return HTMLResponse(render(next(_numbers)))


async def _same(request: Request) -> Response:
    return HTMLResponse(render(0))


async def _kept(request: Request) -> Response:
    return HTMLResponse(KEPT)


async def _kept_text(request: Request) -> Response:
    return HTMLResponse(KEPT_TEXT)


def bare() -> Starlette:
    """Make the application."""
    endpoints = {"/json": _json, "/anew": _anew, "/same": _same, "/kept": _kept, "/kept-text": _kept_text}
    return Starlette(routes=[Route(path, endpoint) for path, endpoint in endpoints.items()])


def wrapped(app: ASGIApp) -> ASGIApp:
    """Put the application behind consentkit, without a log."""
    return ConsentMiddleware(app, secret_key=SECRET, log=None)
