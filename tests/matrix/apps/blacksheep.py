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


app = content.consented(Application())
app.router.add_get("/", page)
app.router.add_get("/granted", granted)
app.router.add_get("/stream", stream)
app.router.add_get("/events", events)
app.router.add_ws("/socket", socket)
app.router.add_get("/broken", broken)
app.exceptions_handlers[500] = sorry
mounted = Application(router=Router())
mounted.router.add_get("/", sub)
app.mount("/sub", mounted)
