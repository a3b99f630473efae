"""With the garbage collector off, nothing of a finished response stays.

Python frees at once what nothing refers to. What refers to itself, however far round, waits for a collection,
which visitors then wait for.
"""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from types import CoroutineType, FrameType, FunctionType, GeneratorType
from typing import Any
from urllib.parse import urlencode

import anyio
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

import consentkit
from asgi.client import BANNER, GATED, HTML, NAVIGATION, PAGE, visit, wrap
from consentkit import ConsentLog

pytestmark = pytest.mark.anyio

PACKAGE = f"{Path(consentkit.__file__).parent}/"
TIMES = 100
WARM_UP = 10
"""Requests that fill what is kept on purpose.

All come from one visitor at one address: memos of visitors, cookies, headers, addresses and notices then hold
what they will hold. Pages are of one length and have their numbers in the same places. What grows with each
new page keeps nothing of ours: `PageCache` and the rewriter's memory note an integer for a page, or for a
passage with its surroundings, when they see it first, and keep it only when they see it again.
"""
STORY = PAGE.replace(b"<h1>Story", b"<iframe src=https://www.youtube.com/embed/x></iframe><h1>Story")


def ours() -> Counter[str]:
    """Count the objects whose type is defined in consentkit, functions made there, and calls under way.

    The collector lists objects of all classes but msgspec structs that hold only numbers and text, for which
    `gc.is_tracked` is false. These are found as what another refers to: alone they would be freed.
    """
    listed = gc.get_objects()
    everything = {id(one): one for one in (*listed, *gc.get_referents(*listed))}
    names = Counter(name for one in everything.values() if (name := _name(one)).startswith("consentkit."))
    del listed, everything
    return names


def _name(one: Any) -> str:
    kind: Any = type(one)  # `isinstance` would ask objects that are somebody's proxies
    if kind is FunctionType:
        return f"{one.__module__}.{one.__qualname__}()"
    if kind in (CoroutineType, GeneratorType):
        # Not by its frame: asking one that has not begun makes a frame, which the next count would find.
        code = one.cr_code if kind is CoroutineType else one.gi_code
        return f"{code.co_filename.replace(PACKAGE, 'consentkit.')}, {code.co_qualname}, frame"
    if kind is FrameType:
        return f"{one.f_globals.get('__name__')}.{one.f_code.co_qualname}, frame"
    return f"{kind.__module__}.{kind.__qualname__}"


def site() -> ASGIApp:
    """Make an app whose every answer is another: a page, one in three pieces, or JSON."""
    numbers = count(1000)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        number = b"%d" % next(numbers)
        bodies, kind = [STORY.replace(b"Story", b"Story " + number)], HTML
        if scope["path"] == "/streamed":
            bodies = [bodies[0][:50], bodies[0][50:120], bodies[0][120:]]
        elif scope["path"] == "/json":
            bodies, kind = [b'{"number": %s}' % number], ("content-type", "application/json")
        headers = [(kind[0].encode(), kind[1].encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for body in bodies:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


async def see_page(app: ASGIApp) -> None:
    """Read a page; it comes with the banner, and gated."""
    body = (await visit(app, "/page", headers=NAVIGATION)).body
    assert BANNER in body and GATED in body


async def see_streamed_page(app: ASGIApp) -> None:
    """Read a page that comes in pieces."""
    answer = await visit(app, "/streamed", headers=NAVIGATION)
    assert len(answer.bodies) > 1 and BANNER in answer.body and GATED in answer.body


async def see_json(app: ASGIApp) -> None:
    """Read what passes through."""
    assert json.loads((await visit(app, "/json", headers={"accept": "application/json"})).body)


async def accept(app: ASGIApp) -> None:
    """Choose, as a browser does without scripts."""
    state = json.loads((await visit(app, "/_consent/state")).body)
    fields = {"notice": state["notice"], "locale": state["locale"], "return_to": "/page", "action": "accept"}
    headers = {
        "accept": "text/html",
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "same-origin",
    }
    body = urlencode(fields).encode()
    answer = await visit(app, "/_consent/decision", method="POST", headers=headers, body=body)
    assert (answer.status, len(answer.all("set-cookie"))) == (303, 2)


@pytest.mark.parametrize("request_once", [see_page, see_streamed_page, see_json, accept])
async def test_nothing_stays(request_once: Callable[[ASGIApp], Awaitable[Any]], log: ConsentLog) -> None:
    app = wrap(site(), log=log)
    for _ in range(WARM_UP):
        await request_once(app)
    gc.collect()
    gc.disable()
    try:
        before = ours()
        for _ in range(TIMES):
            await request_once(app)
        for _ in range(10):
            if ours() <= before:
                break
            # A worker thread of anyio lets go of its work a moment after it has told the loop of the end.
            await anyio.sleep(0.1)
        assert ours() - before == Counter()
    finally:
        gc.enable()
