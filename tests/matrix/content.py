"""What each application of the matrix serves, and how it is wrapped.

The routes are the same in each framework:

| path | is |
|---|---|
| `/` | a page with a vendor's tag |
| `/granted` | what the application reads of the visitor's consent, JSON |
| `/stream` | a page whose end is made when the client opens a gate |
| `/events` | server-sent events, the second behind a gate as well |
| `/socket` | WebSocket: says what is granted, then says back what it hears |
| `/sub/` | a page of a mounted application |
| `/broken` | raises; the framework's own page for errors has a vendor's tag |
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from consentkit import Consent, Policy, with_consent
from consentkit.asgi.application import A

FOLDER: Final = Path(os.environ.get("MATRIX_FOLDER", "."))
"""Where log and gates of this run are."""
ROOT_PATH: Final = os.environ.get("MATRIX_ROOT_PATH", "")
"""What a framework is told by its own setting, where it has one."""
BARE: Final = "MATRIX_BARE" in os.environ
"""Whether this run is without consentkit."""

_TAG = '<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'


def _page(title: str) -> str:
    head = f"<head><title>{title}</title>{_TAG}</head>"
    return f"<!DOCTYPE html><html lang=en>{head}<body><h1>{title}</h1></body></html>"


PAGE: Final = _page("Story")
SUB: Final = _page("Mounted")
ERROR: Final = _page("Sorry")

_STREAM = (
    "<!DOCTYPE html><html lang=en><head><title>Stream</title></head><body><p>first</p>",
    f"{_TAG}<p>last</p>",
)
_EVENTS = ("data: first\n\n", "data: last\n\n")


class Broken(Exception):
    """What `/broken` raises."""


def granted(consent: Consent) -> list[str]:
    """Return what `/granted` and `/socket` say."""
    return sorted(consent.granted)


def consented(app: A) -> A:
    """Put consentkit around an application, as its documentation says, unless the run is to be without it."""
    if BARE:
        return app
    return with_consent(
        app,
        secret_key="of sites that live for seconds: 3f9b1c8e7d",
        log=FOLDER / "consent.sqlite3",
        policy=Policy(uses=("google-analytics",)),
    )


def _gated(gate: str, parts: tuple[str, str]) -> Iterator[bytes]:
    yield parts[0].encode()
    while not (FOLDER / gate).exists():
        time.sleep(0.01)
    yield parts[1].encode()


async def _gated_async(gate: str, parts: tuple[str, str]) -> AsyncIterator[bytes]:
    yield parts[0].encode()
    while not (FOLDER / gate).exists():  # noqa: ASYNC110 - the client is another process
        await asyncio.sleep(0.01)
    yield parts[1].encode()


stream = partial(_gated, "stream", _STREAM)
events = partial(_gated, "events", _EVENTS)
stream_async = partial(_gated_async, "stream", _STREAM)
events_async = partial(_gated_async, "events", _EVENTS)
