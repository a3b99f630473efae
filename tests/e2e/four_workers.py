"""A site of four processes, each of which says in its answers which one it is.

Usage: ``python four_workers.py FOLDER PORT``. The log and its outbox are in the folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit import ConsentLog, ConsentMiddleware

WORKERS = 4
SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"


def make() -> ASGIApp:
    """Make one process's app."""
    folder = Path(os.environ["FOUR_WORKERS"])
    log = ConsentLog(folder / "consent.sqlite3", outbox=folder / "outbox")
    site = ConsentMiddleware(PlainTextResponse("Hello"), secret_key=SECRET, log=log)
    name = (b"worker", str(os.getpid()).encode())

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_name(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], name]}
            await send(message)

        await site(scope, receive, send_with_name)

    return app


if __name__ == "__main__":
    os.environ["FOUR_WORKERS"] = sys.argv[1]
    port = int(sys.argv[2])
    uvicorn.run("four_workers:make", factory=True, port=port, workers=WORKERS, log_level="error")
