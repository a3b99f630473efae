"""Real servers: they stop at once, in silence, and what was counted is written by then."""

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

from asgi.visiting import NAVIGATION, SECRET
from consentkit.log import open_log

ROOT = Path(__file__).resolve().parents[2]
SITE = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from consentkit import ConsentMiddleware


async def page(request):
    return HTMLResponse("<!doctype html><title>Home</title><p>Hello</p>")


site = Starlette(routes=[Route("/", page)])
app = ConsentMiddleware(site, secret_key="{secret}", log="consent.sqlite3")
"""
SERVERS = {
    "uvicorn": ["-m", "uvicorn", "site_of_test:app", "--host", "127.0.0.1", "--port"],
    "hypercorn": ["-m", "hypercorn", "site_of_test:app", "--bind"],
    "granian": ["-m", "granian", "--interface", "asgi", "site_of_test:app", "--host", "127.0.0.1", "--port"],
    "daphne": ["-m", "daphne", "site_of_test:app", "-b", "127.0.0.1", "-p"],
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
    """Serve the site from a folder."""
    (folder / "site_of_test.py").write_text(SITE.format(secret=SECRET))
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
    with httpx.Client(base_url=url, transport=httpx.HTTPTransport(retries=6)) as client:
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
