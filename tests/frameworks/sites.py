"""The frameworks: what builds or serves each page, and how its button is pressed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import version
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from frameworks.builds import build, install
from frameworks.story import HERE

COUNT = "document.querySelector('#count').textContent"


class Site(NamedTuple):
    """One framework's page.

    Attributes:
        name: As the table calls it.
        version: The version that is pinned.
        make: Builds what must be built and returns the application.
        path: Where the page is.
        button: Selector of what is pressed.
        shown: An expression whose value changes when the page's own script answers.
        local: Foreign addresses that the framework itself begins with, answered from files.
        asks: Hosts whose addresses no markup of the server's holds, so that only a policy holds them back.
    """

    name: str
    version: str
    make: Callable[[], ASGIApp]
    path: str = "/"
    button: str = "#count"
    shown: str = COUNT
    local: Callable[[], Mapping[str, str]] = dict
    asks: frozenset[str] = frozenset()


def _built(name: str, folder: str, output: str, package: str) -> Site:
    """Return a site that npm builds into files."""

    def make() -> ASGIApp:
        return Starlette(routes=[Mount("/", StaticFiles(directory=build(folder, output), html=True))])

    lock = json.loads((HERE / folder / "package-lock.json").read_text("utf-8"))
    return Site(name, lock["packages"][f"node_modules/{package}"]["version"], make)


def _python(folder: str) -> Callable[[], ASGIApp]:
    """Return what makes the application of a framework in Python."""

    def make() -> ASGIApp:
        app: ASGIApp = import_module(f"frameworks.{folder}.app").make()
        return app

    return make


def _htmx() -> Mapping[str, str]:
    path = install("fasthtml") / "node_modules" / "htmx.org" / "dist" / "htmx.js"
    return {"https://cdn.jsdelivr.net/npm/htmx.org@*/dist/htmx.js": str(path)}


def sites() -> list[Site]:
    """Return every framework's page, as the table lists them."""
    return [
        _built("Next (App Router, export)", "next", "out", "next"),
        _built("SvelteKit (adapter-static)", "sveltekit", "build", "@sveltejs/kit"),
        _built("Nuxt (generate)", "nuxt", ".output/public", "nuxt"),
        _built("React Router (prerender)", "react_router", "build/client", "react-router"),
        _built("Astro (Preact island)", "astro", "dist", "astro"),
        _built("Angular (SSG)", "angular", "dist/browser", "@angular/core"),
        Site(
            "NiceGUI",
            version("nicegui"),
            _python("nicegui"),
            asks=frozenset(("www.facebook.com", "www.gravatar.com", "www.youtube.com")),
        ),
        Site("FastHTML", version("python-fasthtml"), _python("fasthtml"), local=_htmx),
        Site(
            "Datasette",
            version("datasette"),
            _python("datasette"),
            path="/news/stories",
            button="th .dropdown-menu-icon",
            shown="String(document.querySelector('.dropdown-menu')?.style.display)",
        ),
    ]
