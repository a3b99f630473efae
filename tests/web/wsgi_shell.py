"""A toy WSGI shell over the core (PEP 3333), without an event loop: the proof that it knows no server."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http.client import responses
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from consentkit.exceptions import BadRequest, LogError
from consentkit.log.counters import SHOWN
from consentkit.log.evidence import collect, read_public
from consentkit.log.log import LATEST, ConsentLog
from consentkit.record.entry import Entry, uuid7
from consentkit.record.receipt import make_receipt
from consentkit.web.endpoints import effects
from consentkit.web.endpoints.router import Endpoints
from consentkit.web.options import Options
from consentkit.web.request import Headers, Request
from consentkit.web.resolver import Exchange, Resolver
from consentkit.web.response.gated_response import Dropped, GatedResponse, Outcome, Pass, Stamped
from consentkit.web.response.page import PageResponse

_OF_BODIES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_IDS = effects.Ids(lambda: uuid7(time.time_ns() // 1_000_000), lambda: secrets.token_urlsafe(18))


class WSGIShell:
    """Puts consent around a WSGI application; its ``environ`` has the visitor's as ``consentkit.consent``."""

    def __init__(self, app: WSGIApplication, options: Options, log: ConsentLog, notify: Any = None) -> None:
        self._app, self._options, self.log, self._notify = app, options, log, notify
        self._resolver, self._endpoints = Resolver(options), Endpoints(options)
        self._told: set[str] = set()
        self.lock = threading.Lock()  # the core remembers pages for one thread at a time

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = read_request(environ, self._options.cookies.https_only)
        exchange = self._resolver.resolve(request, None, int(time.time()))
        environ["consentkit.consent"] = exchange.consent
        if self._endpoints.owns(request.path):
            answer: effects.Answer = self._perform_all(exchange, environ)
            start_response(f"{answer.status} {responses[answer.status]}", _as_text(answer.headers))
            return [answer.body if request.method != "HEAD" else b""]
        if self._options.excludes(request.path):
            return self._app(environ, start_response)
        response = Response(self, exchange, start_response)
        response.body = self._app(show(environ, response.gated.request_headers()), response.start)
        return response

    def tell(self, level: str, text: str, topic: str = "") -> None:
        """Log something; of one topic only what comes first."""
        if topic not in self._told:
            self._told |= {topic} - {""}
            logging.getLogger("consentkit").log(logging.getLevelNamesMapping()[level.upper()], "%s", text)

    def _perform_all(self, exchange: Exchange, environ: WSGIEnvironment) -> Any:
        steps = self._endpoints.answer(exchange, _IDS)
        try:
            effect = next(steps)
            while True:
                try:
                    result = self._perform(effect, exchange, environ)
                except (BadRequest, LogError) as error:
                    effect = steps.throw(error)
                else:
                    effect = steps.send(result)
        except StopIteration as stop:
            return stop.value

    def _perform(self, effect: effects.Effect, exchange: Exchange, environ: WSGIEnvironment) -> Any:
        match effect:
            case effects.ReadBody():  # the core has held the declared length against its limit
                declared = exchange.request.header(b"content-length")
                length = int(declared[:18]) if declared.isdigit() else 0
                if len(body := environ["wsgi.input"].read(length)) < length:
                    raise BadRequest(400, effects.CUT_OFF)
                return body
            case effects.Published(notice):
                return self.log.notice(notice)
            case effects.Append(entry, bundle) | effects.Honour(entry, bundle):
                # No outbox: while the log is away, the core is told so, and tells that a refusal is lost.
                return self.log.commit([bundle, entry] if bundle else [entry])
            case effects.Invalidate(entry, id, at):
                note = Entry(id=id, type="invalidated", at=at, subject=entry.subject, previous=entry.id)
                with suppress(LogError):
                    self.log.commit([note])
            case effects.Erase(subject, at):
                return self.log.erase_now(subject, at=at)
            case effects.History(subject):
                return [row.entry for row in self.log.of_subject(subject, last=LATEST) if row.entry]
            case effects.Receipt(subject=subject, site=site, settings=address, id=id, at=at):
                found = collect(self.log, subject)
                return found and make_receipt(found, site=site, settings=address, id=id, at=at)
            case effects.PublicProof(path):
                return read_public(self.log, path)
            case effects.Observe(kind, keys):
                self.log.observed.add(kind, keys, now=exchange.now)
            case effects.Notify(decision) if self._notify:
                try:
                    self._notify(decision, environ)
                except Exception:
                    logging.getLogger("consentkit").exception("notify failed; the decision holds")
            case effects.Tell(level, text, topic):
                self.tell(level, text, topic)


class Response:
    """One response of the application: its ``start_response``, and what the server iterates over."""

    body: Iterable[bytes] = ()
    _outcome: Outcome | None = None
    _begun = False

    def __init__(self, shell: WSGIShell, exchange: Exchange, start_response: StartResponse) -> None:
        self.gated = GatedResponse(exchange)
        self._shell, self._now, self._start_response = shell, exchange.now, start_response

    def start(self, status: str, headers: Any, error: Any = None, /) -> Callable[[bytes], object]:
        """Take the application's status and headers; again for an error, unless bytes have gone out."""
        if self._begun or (self._outcome is not None and not error):
            raise error[1] if error else RuntimeError("start_response was called twice, and for no error")
        given = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        made = self._outcome = self.gated.classify(int(status[:3]), given)
        self._left = float(next((value for name, value in given if name.lower() == b"content-length"), "inf"))
        self._status = f"{made.status} {responses[made.status]}" if isinstance(made, Dropped) else status
        if isinstance(made, Pass) and made.problem:
            self._shell.tell("warning", made.problem, topic=made.problem)
        return self._take

    def __iter__(self) -> Iterator[bytes]:
        for data in self.body:
            yield self._turn(data)  # empty where nothing is decided yet, as PEP 3333 has it
        yield self._turn(b"", ends=True)

    def close(self) -> None:
        """Close what the application returned."""
        getattr(self.body, "close", bool)()

    def _take(self, data: bytes) -> None:
        turned = self._turn(data)
        self._write(turned)  # the server's, known once the first bytes are turned

    def _turn(self, data: bytes, *, ends: bool = False) -> bytes:
        outcome, begins, self._begun = self._outcome, not self._begun, True
        assert outcome is not None, "the application sent bytes before it called start_response"
        if not begins and not self._left:
            return b""  # servers take no more than was declared either
        self._left = max(0.0, self._left - len(data))
        more = self._left > 0 and not ends
        headers = outcome.headers
        if isinstance(outcome, PageResponse):
            with self._shell.lock:
                part = outcome.turn(data, more=more)
            data, headers = part.body, part.headers
            if part.problem:
                self._shell.tell("error", part.problem)
            if part.asked:
                self._shell.log.observed.add(SHOWN, (part.asked,), now=self._now)
        elif isinstance(outcome, Dropped):
            data = b""
        elif isinstance(outcome, Stamped) and not more:
            data += outcome.stamp
        if begins:
            self._write = self._start_response(self._status, _as_text(headers))
        return data


def read_request(environ: WSGIEnvironment, https_only: bool | None) -> Request:
    """Read what the core needs of a request."""
    named = {key[5:].replace("_", "-").lower(): environ[key] for key in environ if key.startswith("HTTP_")}
    named |= {name: environ[key] for name, key in _OF_BODIES.items() if environ.get(key)}
    path, root = (environ.get(key, "").encode("latin-1") for key in ("PATH_INFO", "SCRIPT_NAME"))
    return Request(
        method=environ["REQUEST_METHOD"],
        path=path.decode("utf-8", "replace"),
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()],
        query=environ.get("QUERY_STRING", "").encode("latin-1"),
        root_path=root.decode("utf-8", "replace").rstrip("/"),
        secure=environ["wsgi.url_scheme"] == "https" if https_only is None else https_only,
    )


def show(environ: WSGIEnvironment, headers: Headers) -> WSGIEnvironment:
    """Return an ``environ`` for the application, with those headers."""
    shown: dict[str, Any] = {key: environ[key] for key in environ if not key.startswith("HTTP_")}
    named = ((name.upper().replace("-", "_"), value) for name, value in _as_text(headers))
    return shown | {f"HTTP_{name}": value for name, value in named if name not in shown}


def _as_text(headers: Headers) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
