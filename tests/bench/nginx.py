"""nginx with ``sub_filter``: the same pages as files over loopback, with none, one and five patterns."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from bench import clock
from bench.corpus import PAGES, paths

REQUESTS = 4
"""Requests per page and measurement."""

RULES = (
    "sub_filter '<script' '<script type=text/plain';",
    "sub_filter '<iframe' '<iframe data-held';",
    "sub_filter '<img' '<img data-held';",
    "sub_filter '<link' '<link data-held';",
    "sub_filter '</head>' '<!-- head --></head>';",
)
"""Where a gate makes its edits. Long patterns that seldom match would cost nginx a third of it."""

_LOCATIONS = {"nginx plain": "/0/", "nginx sub_filter 1": "/1/", "nginx sub_filter 5": "/5/"}
_CONF = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 16; }}
http {{
  access_log off; sendfile off; output_buffers 2 16k; keepalive_requests 1000000000;
  types {{ text/html html; }}
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
    sub_filter_once off;
    location /0/ {{ alias {pages}/; }}
    location /1/ {{ alias {pages}/; {one} }}
    location /5/ {{ alias {pages}/; {five} }}
  }}
}}
"""


def missing() -> str:
    """Say what is missing, and how to get it; nothing if all is there."""
    if _program() is None:
        return "needs nginx on the path (Debian: apt-get install nginx)"
    return "" if clock.reads_others() else "its processor time can be read on Linux only"


def _program() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


@contextmanager
def started() -> Iterator[dict[str, Callable[[int], float]]]:
    """Start nginx, and yield for each of its configurations what asks for a page by its number.

    Each returns nginx' own processor time for one response: HTTP, reading the file, and rewriting it.
    """
    with tempfile.TemporaryDirectory() as folder, closing(_free_socket()) as free:
        port = free.getsockname()[1]
        conf = Path(folder) / "nginx.conf"
        conf.write_text(
            _CONF.format(folder=folder, port=port, pages=PAGES, one=RULES[0], five=" ".join(RULES))
        )
        free.close()
        with subprocess.Popen([_program() or "nginx", "-p", folder, "-c", str(conf)]) as process:
            try:
                connection = _connect(process, port)
                yield {name: _asker(process.pid, connection, path) for name, path in _LOCATIONS.items()}
                connection.close()
            finally:
                process.terminate()


def _free_socket() -> socket.socket:
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    return free


def _connect(process: subprocess.Popen[bytes], port: int) -> http.client.HTTPConnection:
    for _ in range(500):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.connect()
            return connection
        except ConnectionRefusedError:
            if process.poll() is not None:
                break
            time.sleep(0.01)
    raise RuntimeError("nginx does not start")


def _asker(pid: int, connection: http.client.HTTPConnection, location: str) -> Callable[[int], float]:
    names = [quote(path.name) for path in paths()]

    def seconds(page: int) -> float:
        begin = clock.of_process(pid)
        for _ in range(REQUESTS):
            connection.request("GET", location + names[page])
            response = connection.getresponse()
            if not response.read() or response.status != 200:
                raise RuntimeError(f"nginx answers {response.status} to {location}{names[page]}")
        return (clock.of_process(pid) - begin) / REQUESTS

    return seconds
