"""The application in Litestar."""

from __future__ import annotations

from typing import Any, cast

from litestar import Litestar, MediaType, Request, Response, WebSocket, asgi, get, websocket
from litestar.response import Stream
from starlette.types import ASGIApp, Receive, Scope, Send

from consentkit import get_consent
from matrix import content


@get("/", media_type=MediaType.HTML)
async def page() -> str:
    return content.PAGE


@get("/granted")
async def granted(request: Request[Any, Any, Any]) -> list[str]:
    return content.granted(get_consent(request))


@get("/stream")
async def stream() -> Stream:
    return Stream(content.stream_async(), media_type=MediaType.HTML)


@get("/events")
async def events() -> Stream:
    return Stream(content.events_async(), media_type="text/event-stream")


@websocket("/socket")
async def socket(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.send_json(content.granted(get_consent(socket)))
    await socket.send_text(await socket.receive_text())
    await socket.close()


@get("/", media_type=MediaType.HTML)
async def sub_page() -> str:
    return content.SUB


mounted = Litestar([sub_page], openapi_config=None)


@asgi("/sub", is_mount=True, copy_scope=True)
async def sub(scope: Scope, receive: Receive, send: Send) -> None:
    await cast(ASGIApp, mounted)(scope, receive, send)


@get("/broken")
async def broken() -> None:
    raise content.Broken


def sorry(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    return Response(content.ERROR, media_type=MediaType.HTML, status_code=500)


site = Litestar(
    [page, granted, stream, events, socket, sub, broken],
    exception_handlers={500: sorry},
    openapi_config=None,
)
app = content.consented(site)
