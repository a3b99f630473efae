"""Real servers for real browsers: the demo, or any small app, in processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp

from e2e.waiting import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[2]
ARTICLE = "/world/biden-authorizes-long-range-missiles"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Demo:
    """The example news site, run as `make demo` runs it."""

    def __init__(self, data: Path, *, port: int = 0, **environment: str) -> None:
        self.data = data
        self.port = port or free_port()
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def article(self) -> str:
        return self.url + ARTICLE

    def start(self) -> None:
        environment = {
            **os.environ,
            "PORT": str(self.port),
            "DEMO_DATA": str(self.data),
            **self._environment,
        }
        environment.pop("PYTHONDEVMODE", None)
        self._process = subprocess.Popen([sys.executable, "-m", "examples.news"], cwd=ROOT, env=environment)
        try:
            wait_until(self._answers)
        except BaseException:
            self.stop(signal.SIGKILL)
            raise

    def _answers(self) -> bool:
        assert self._process is not None
        try:
            with urllib.request.urlopen(f"{self.url}/_consent/state", timeout=5):
                return True
        except OSError:
            code = self._process.poll()
            assert code is None, f"the demo ended with code {code}"
            return False

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """End it, by default as Ctrl-C does; return its exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        code = self._process.wait(timeout=PATIENCE)
        self._process = None
        return code

    def restart(self, **environment: str) -> None:
        self.stop()
        self._environment |= environment
        self.start()

    def __enter__(self) -> Demo:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.stop()


class Served:
    """Any ASGI app behind a real server, in a thread."""

    def __init__(self, app: ASGIApp) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(app, log_level="error", lifespan="auto", timeout_graceful_shutdown=3)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Served:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=PATIENCE)
        self._socket.close()
