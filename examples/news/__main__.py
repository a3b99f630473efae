"""``python -m examples.news``: serve the demo on this machine until Ctrl-C."""

from __future__ import annotations

import os
import socket
import sys

import uvicorn

from examples.news.settings import Settings

WELCOME = """
  OduNews, a news site that asks.

  The site       http://127.0.0.1:{port}/
  The article    http://127.0.0.1:{port}/world/biden-authorizes-long-range-missiles
  Live hits      http://localhost:{port}/     open beside it, then choose in the banner
  For auditors   http://127.0.0.1:{port}/audit/   token: {audit}

  Data in {data}. Ctrl-C ends it.
"""


def main() -> int:
    """Serve until interrupted.

    Returns:
        Exit code: 0 after Ctrl-C, 1 where the port is taken, 2 where the environment says something wrong.
    """
    try:
        settings = Settings.from_environ(os.environ)
    except ValueError as error:
        return _fail(str(error), code=2)
    if problem := port_problem(settings.port):
        return _fail(problem, code=1)
    print(WELCOME.format(port=settings.port, data=settings.data, audit=settings.audit), flush=True)
    uvicorn.run(
        "examples.news.app:app",
        host="127.0.0.1",
        port=settings.port,
        workers=settings.workers,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    return 0


def port_problem(port: int) -> str:
    """Say why the port cannot be had; empty where it can."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError as error:
            return f"cannot use port {port}: {error.strerror}. Choose another: PORT=8001 make demo"
    return ""


def _fail(problem: str, *, code: int) -> int:
    print(f"demo: {problem}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
