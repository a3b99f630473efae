"""The application in Starlette."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from consentkit import get_consent
from matrix import content


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse(content.PAGE)


async def granted(request: Request) -> JSONResponse:
    return JSONResponse(content.granted(get_consent(request)))


async def stream(request: Request) -> StreamingResponse:
    return StreamingResponse(content.stream_async(), media_type="text/html")


async def events(request: Request) -> StreamingResponse:
    return StreamingResponse(content.events_async(), media_type="text/event-stream")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json(content.granted(get_consent(websocket)))
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


async def sub(request: Request) -> HTMLResponse:
    return HTMLResponse(content.SUB)


async def broken(request: Request) -> HTMLResponse:
    raise content.Broken


async def sorry(request: Request, error: Exception) -> HTMLResponse:
    return HTMLResponse(content.ERROR, status_code=500)


site = Starlette(
    routes=[
        Route("/", page),
        Route("/granted", granted),
        Route("/stream", stream),
        Route("/events", events),
        WebSocketRoute("/socket", socket),
        Mount("/sub", Starlette(routes=[Route("/", sub)])),
        Route("/broken", broken),
    ],
    exception_handlers={500: sorry},
)
app = content.consented(site)
