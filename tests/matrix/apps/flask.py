"""The application in Flask, through a2wsgi. Its way to mount another is Werkzeug's dispatcher."""

from __future__ import annotations

from typing import cast

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from flask import Flask, Response, jsonify, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from consentkit import get_consent
from matrix import content

site = Flask("site")
mounted = Flask("mounted")


@site.get("/")
def page() -> str:
    return content.PAGE


@site.get("/granted")
def granted() -> Response:
    return jsonify(content.granted(get_consent(request)))


@site.get("/stream")
def stream() -> Response:
    return Response(content.stream(), mimetype="text/html")


@site.get("/events")
def events() -> Response:
    return Response(content.events(), mimetype="text/event-stream")


@mounted.get("/")
def sub() -> str:
    return content.SUB


@site.get("/broken")
def broken() -> str:
    raise content.Broken


@site.errorhandler(500)
def sorry(error: Exception) -> tuple[str, int]:
    return content.ERROR, 500


wsgi = cast(WSGIApp, DispatcherMiddleware(site, {"/sub": mounted}))
app = content.consented(WSGIMiddleware(wsgi))
