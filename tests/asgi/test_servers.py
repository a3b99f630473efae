"""Real servers, and frameworks' command lines: they stop in silence, and what was counted is written."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from asgi.client import NAVIGATION, SECRET
from consentkit.log import open_log

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
from consentkit import with_consent

PAGE = "<!doctype html><title>Home</title><p>Hello</p>"
CONSENT = dict(secret_key="{secret}", log="consent.sqlite3")
"""
SITES = {
    "starlette": """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route


async def page(request):
    return HTMLResponse(PAGE)


app = with_consent(Starlette(routes=[Route("/", page)]), **CONSENT)
""",
    "litestar": """
from litestar import Litestar, MediaType, get


@get("/", media_type=MediaType.HTML)
async def page() -> str:
    return PAGE


app = with_consent(Litestar([page]), **CONSENT)
""",
    "quart": """
from quart import Quart

app = with_consent(Quart(__name__), **CONSENT)


@app.get("/")
async def page():
    return PAGE
""",
}
SERVERS = {
    "uvicorn": ["-m", "uvicorn", "starlette_site:app", "--port"],
    "hypercorn": ["-m", "hypercorn", "starlette_site:app", "--bind"],
    "granian": [
        "-m",
        "granian",
        "--interface",
        "asgi",
        "starlette_site:app",
        "--host",
        "127.0.0.1",
        "--port",
    ],
    "daphne": ["-m", "daphne", "starlette_site:app", "-b", "127.0.0.1", "-p"],
    "litestar run": ["-m", "litestar", "--app", "litestar_site:app", "run", "--port"],
    "quart run": ["-m", "quart", "--app", "quart_site:app", "run", "--port"],
}
# What servers print if an app does not end as it should.
COMPLAINTS = ("Traceback", "CancelledError", "appears unsupported", "errored", "Error")


class Served(NamedTuple):
    """A server, its address, and the folder where its log is."""

    process: subprocess.Popen[str]
    url: str
    folder: Path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(name: str, folder: Path) -> Iterator[Served]:
    """Serve a site from a folder."""
    for framework, site in SITES.items():
        (folder / f"{framework}_site.py").write_text(HEAD.format(secret=SECRET) + site)
    port = _free_port()
    where = f"127.0.0.1:{port}" if name == "hypercorn" else str(port)
    path = os.pathsep.join((str(ROOT / "src"), str(folder)))
    with subprocess.Popen(
        [sys.executable, *SERVERS[name], where],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as server:
        try:
            yield Served(server, f"http://127.0.0.1:{port}", folder)
        finally:
            if server.poll() is None:
                os.killpg(server.pid, 9)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """All servers at once, since starting takes them longest."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(serving(name, tmp_path_factory.mktemp(name))) for name in SERVERS}


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_stops_and_what_was_counted_is_written(name: str, running: dict[str, Served]) -> None:
    server, url, folder = running[name]
    with httpx.Client(base_url=url, transport=httpx.HTTPTransport(retries=7)) as client:
        shown = client.get("/_consent/state").json()
        form = {"action": "reject", "notice": shown["notice"], "locale": shown["locale"]}
        assert client.post("/_consent/decision", data=form).status_code == 303
        client.cookies.clear()
        for _ in range(3):
            client.get("/", headers=NAVIGATION)
    server.terminate()
    printed, _ = server.communicate(timeout=30)
    assert [word for word in COMPLAINTS if word in printed] == [], printed
    counts = open_log(folder / "consent.sqlite3").observations("shown")
    assert {one.key: count for one, count in counts.items()} == {"opt-in en": 3}
