"""The application in Quart. Its way to mount another is the dispatcher of Hypercorn, on which it is built."""

from __future__ import annotations

import json

from hypercorn.middleware import DispatcherMiddleware
from quart import Quart, Response, jsonify, request, websocket

from consentkit import get_consent
from matrix import content

site = Quart("site")
mounted = Quart("mounted")


@site.get("/")
async def page() -> str:
    return content.PAGE


@site.get("/granted")
async def granted() -> Response:
    return jsonify(content.granted(get_consent(request)))


@site.get("/stream")
async def stream() -> Response:
    return Response(content.stream_async(), mimetype="text/html")


@site.get("/events")
async def events() -> Response:
    return Response(content.events_async(), mimetype="text/event-stream")


@site.websocket("/socket")
async def socket() -> None:
    await websocket.send(json.dumps(content.granted(get_consent(websocket))))
    await websocket.send(await websocket.receive())


@mounted.get("/")
async def sub() -> str:
    return content.SUB


@site.get("/broken")
async def broken() -> str:
    raise content.Broken


@site.errorhandler(500)
async def sorry(error: Exception) -> tuple[str, int]:
    return content.ERROR, 500


app = content.consented(DispatcherMiddleware({"/sub": mounted, "": site}))
