"""The application in FastAPI."""

from __future__ import annotations

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import HTMLResponse, StreamingResponse

from consentkit import get_consent
from matrix import content

app = content.consented(FastAPI(root_path=content.ROOT_PATH))
mounted = FastAPI()
app.mount("/sub", mounted)


@app.get("/")
async def page() -> HTMLResponse:
    return HTMLResponse(content.PAGE)


@app.get("/granted")
async def granted(request: Request) -> list[str]:
    return content.granted(get_consent(request))


@app.get("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(content.stream_async(), media_type="text/html")


@app.get("/events")
async def events() -> StreamingResponse:
    return StreamingResponse(content.events_async(), media_type="text/event-stream")


@app.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json(content.granted(get_consent(websocket)))
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


@mounted.get("/")
async def sub() -> HTMLResponse:
    return HTMLResponse(content.SUB)


@app.get("/broken")
async def broken() -> HTMLResponse:
    raise content.Broken


@app.exception_handler(Exception)
async def sorry(request: Request, error: Exception) -> HTMLResponse:
    return HTMLResponse(content.ERROR, status_code=500)
