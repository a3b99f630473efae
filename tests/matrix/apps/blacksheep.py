"""The application in BlackSheep."""

from __future__ import annotations

from blacksheep import (  # type: ignore[import-not-found]
    Application,
    Request,
    Response,
    Router,
    StreamedContent,
    WebSocket,
    html,
    json,
)

from consentkit import get_consent
from matrix import content


async def page() -> Response:
    return html(content.PAGE)


async def granted(request: Request) -> Response:
    return json(content.granted(get_consent(request)))


async def stream() -> Response:
    return Response(200, content=StreamedContent(b"text/html", content.stream_async))


async def events() -> Response:
    return Response(200, content=StreamedContent(b"text/event-stream", content.events_async))


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json(content.granted(get_consent(websocket)))
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


async def sub() -> Response:
    return html(content.SUB)


async def broken() -> Response:
    raise content.Broken


async def sorry(app: Application, request: Request, error: Exception) -> Response:
    return html(content.ERROR, 500)


bare = Application()
bare.router.add_get("/", page)
bare.router.add_get("/granted", granted)
bare.router.add_get("/stream", stream)
bare.router.add_get("/events", events)
bare.router.add_ws("/socket", socket)
bare.router.add_get("/broken", broken)
bare.exceptions_handlers[500] = sorry
mounted = Application(router=Router())
mounted.router.add_get("/", sub)
bare.mount("/sub", mounted)
app = content.consented(bare)
