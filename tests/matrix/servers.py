"""The servers, each started as its own documentation says, and the running site."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, NamedTuple

from click.testing import CliRunner

from consentkit.cli.root import root as root_command
from e2e.serving import free_port
from e2e.waiting import comes

TESTS: Final = Path(__file__).resolve().parents[1]
PATIENCE: Final = 30.0
"""Seconds within which a server that was told to stop must have: Kubernetes waits as long before it kills."""


class Server(NamedTuple):
    """One server.

    Args:
        name: Its name, which is its module's and its package's as well.
        options: What it is given on the command line.
        root_option: The option that tells it a root path.
        status: What it exits with after SIGTERM.
        http2: Whether it is asked over HTTP/2.
    """

    name: str
    options: str
    root_option: str
    status: int = 0
    http2: bool = False

    @property
    def version(self) -> str:
        """The version that is installed."""
        return version(self.name)

    def command(self, app: str, port: int, root: str) -> list[str]:
        """Return how it is started."""
        rooted = [self.root_option, root] if root else []
        return [sys.executable, "-m", self.name, *self.options.format(port=port).split(), *rooted, app]


# uvicorn ends by the signal that stopped it.
SERVERS: Final = (
    Server("uvicorn", "--port {port}", "--root-path", status=-signal.SIGTERM),
    Server("hypercorn", "--bind 127.0.0.1:{port}", "--root-path", http2=True),
    Server("granian", "--interface asgi --port {port}", "--url-path-prefix"),
    Server("daphne", "--port {port}", "--root-path"),
)


class Way(NamedTuple):
    """How a site is served.

    Args:
        root: The path below which the public finds it.
        stripped: Whether a proxy takes that path away before it asks the server.
        told: Who is told that path, the server or the application.
    """

    root: str = ""
    stripped: bool = False
    told: Literal["server", "app"] = "server"


class Running:
    """An application on a server, in a process of its own.

    Args:
        server: The server.
        app: The application, as servers name it: ``module:attribute``.
        folder: An empty folder for its log, its gates and what it prints.
        way: How it is served.
        bare: Whether the application is without consentkit.

    Attributes:
        log: The path of its log.
        banners: How many pages with a banner it has shown, as visitors have seen.
    """

    def __init__(self, server: Server, app: str, folder: Path, *, way: Way, bare: bool = False) -> None:
        self.server = server
        self.way = way
        self.log = folder / "consent.sqlite3"
        self.banners = 0
        self._folder = folder
        self.port = free_port()
        self._output = folder / "output"
        named = ["log", "key", "new", "--log", str(self.log), "--origin", "matrix.example/consent"]
        CliRunner().invoke(root_command, named, catch_exceptions=False)
        environment = {**os.environ, "MATRIX_FOLDER": str(folder), **({"MATRIX_BARE": "1"} if bare else {})}
        if way.told == "app":
            environment["MATRIX_ROOT_PATH"] = way.root
        root = way.root if way.told == "server" else ""
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                server.command(app, self.port, root),
                cwd=TESTS,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        """What it printed until now."""
        return self._output.read_text("utf-8", "replace")

    @property
    def crash(self) -> str:
        """What it printed last of an error, if it ended by itself."""
        if self._process.poll() is None:
            return ""
        lines = [line for line in self.printed.splitlines() if "Error" in line]
        return f"it does not start: {lines[-1].strip() if lines else 'it says nothing of an error'}"

    def open(self, gate: str) -> None:
        """Let a response that waits at a gate go on."""
        (self._folder / gate).touch()

    def stop(self) -> int | None:
        """Send SIGTERM, as what runs servers does; return the exit status, or None if it does not end."""
        self._process.terminate()
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return None

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True

    def __enter__(self) -> Running:
        comes(lambda: bool(self.crash) or self._listens())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Its workers as well, where it has some.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
