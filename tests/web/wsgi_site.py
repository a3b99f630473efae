"""The demo's article behind `wsgi_shell`, and a server of the standard library for it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.validate import validator

import pytest
from starlette.requests import Request

from consentkit.consent.decision import Decision
from consentkit.log import ConsentLog, open_log
from consentkit.policy import Policy
from consentkit.record.entry import Entry
from consentkit.web.options import Options
from examples.news.site import HERE, read_site
from web.endpoints.driver import SECRET
from web.wsgi_shell import WSGIShell

POLICY = Policy.from_toml(HERE / "consent.toml")
HTML = [("Content-Type", "text/html; charset=utf-8")]
PATIENCE = 60.0


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each connection: browsers open more of them than they use."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class News:
    """A site of one article, as the demo makes it, and of a page that comes in two pieces.

    Attributes:
        environs: What it has been shown.
        onwards: Lets the second piece go.
        closed: Whether the iterable of the last page was closed.
    """

    def __init__(self) -> None:
        site = read_site(POLICY)
        story = site.stories[0]
        scope = {"type": "http", "method": "GET", "path": story.url, "headers": [], "query_string": b""}
        request = Request({**scope, "scheme": "http", "server": ("127.0.0.1", 8000)})
        context = {"section": story.section, "story": story, "others": site.stories[1:5]}
        self.article = bytes(site.templates.TemplateResponse(request, "article.html", context).body)
        self.path = story.url
        self.environs: list[WSGIEnvironment] = []
        self.onwards = threading.Event()
        self.closed = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.environs.append(environ)
        path = environ["PATH_INFO"]
        if path == "/streamed":
            start_response("200 OK", HTML)
            return self._pieces()
        if path != self.path:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"no such page"]
        start_response("200 OK", [*HTML, ("Content-Length", str(len(self.article))), ("ETag", '"1"')])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else self.article]

    def _pieces(self) -> Iterator[bytes]:
        try:
            half = self.article.index(b"<article")
            yield self.article[:half]
            assert self.onwards.wait(PATIENCE), "the first piece does not arrive by itself"
            yield self.article[half:]
        finally:
            self.closed.set()


class Site:
    """A site, its log and what its callback was told."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.path = folder / "consent.sqlite3"
        self.log = ConsentLog(self.path)
        self.news = News()
        self.decisions: list[Decision] = []
        self.shell = WSGIShell(
            validator(self.news),
            Options(secret_key=SECRET, policy=POLICY, keeps_log=True, **options),
            self.log,
            lambda decision, environ: self.decisions.append(decision),
        )

    def entries(self) -> list[Entry]:
        """Read the decisions back from the log, all of which is recomputed."""
        with open_log(self.path) as log:
            log.check()
            return [one.entry for one in log.entries() if one.entry and one.entry.type == "decision"]


@contextmanager
def served(app: WSGIApplication) -> Iterator[str]:
    """Serve an app, and say where."""
    with make_server("127.0.0.1", 0, app, Server, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.log.close()
