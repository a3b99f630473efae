"""`with_consent`: around all of an application, which stays what its framework's tools expect."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, assert_type, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from asgi.client import BANNER, GATED, NAVIGATION, PAGE, POLICY, SECRET, browser
from asgi.test_lifespan import COMPLETE, live
from consentkit import ConfigurationError, ConsentLog, ConsentMiddleware, get_consent, with_consent

pytestmark = pytest.mark.anyio
OPTIONS: dict[str, Any] = {"secret_key": SECRET, "log": None, "policy": POLICY}


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


async def fail(request: Request) -> HTMLResponse:
    raise RuntimeError("a fault of the app")


async def error_page(request: Request, error: Exception) -> HTMLResponse:
    return HTMLResponse(PAGE, 500)


def starlette(**more: Any) -> Starlette:
    return Starlette(
        routes=[Route("/", page), Route("/fail", fail)], exception_handlers={500: error_page}, **more
    )


async def shows(app: Any, path: str = "/", **options: Any) -> tuple[int, bool, bool]:
    """Return the status of a page, whether it asks, and whether it is gated."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://example.org", **options) as client:
        answer = await client.get(path, headers=NAVIGATION)
    return answer.status_code, BANNER in answer.content, GATED in answer.content


async def test_error_pages_are_gated_and_ask() -> None:
    assert await shows(with_consent(starlette(), **OPTIONS), "/fail") == (500, True, True)


async def test_the_apps_own_exception_passes_through() -> None:
    async with browser(with_consent(starlette(), **OPTIONS)) as client:
        with pytest.raises(RuntimeError, match="a fault of the app"):
            await client.get("/fail")


async def test_it_is_the_same_object_of_the_same_type() -> None:
    made = starlette()
    app = with_consent(made, secret_key=SECRET, log=None)
    assert_type(app, Starlette)
    assert app is made
    assert (type(app) is Starlette, type(app).__name__) == (False, "Starlette")
    assert type(starlette()) is Starlette, "other applications stay as they are"


async def test_what_is_done_to_it_later_holds() -> None:
    app = with_consent(starlette(), **OPTIONS)
    app.state.number = 1
    app.add_exception_handler(404, error_page)

    async def tell(request: Request) -> HTMLResponse:
        return HTMLResponse(
            f"{request.app is app} {request.app.state.number} {get_consent(request).restricts}"
        )

    app.add_route("/later", tell)
    async with browser(app) as client:
        assert (await client.get("/later")).text == "True 1 True"
    assert await shows(app, "/nowhere") == (500, True, True)


class Extensible:
    """An app that takes a class with more in it while it lives, as BlackSheep's does at its first mount."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await HTMLResponse(PAGE)(scope, receive, send)

    def extend(self, mixin: type) -> None:
        self.__class__ = type(type(self).__name__, (mixin, type(self)), {})


class Mounts:
    """What is mounted below ``/sub``, and a lifespan of its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                await send({"type": f"{(await receive())['type']}.complete"})
        elif scope["path"].startswith("/sub/"):
            await HTMLResponse(PAGE)({**scope, "root_path": "/sub"}, receive, send)
        else:
            await super().__call__(scope, receive, send)  # type: ignore[misc]


class Named:
    """Something that changes no calls."""

    name = "site"


async def test_an_app_that_takes_a_class_with_more_in_it_keeps_consent(log: ConsentLog) -> None:
    app = with_consent(Extensible(), **{**OPTIONS, "log": log})
    app.extend(Named)
    app.extend(Mounts)
    assert await shows(app) == await shows(app, "/sub/") == (200, True, True)
    assert isinstance(app, Mounts)
    assert await live(app) == COMPLETE
    assert sum(log.observations("shown").values()) == 2


async def test_an_app_that_runs_already_can_be_given_it() -> None:
    app = starlette()
    assert await shows(app) == (200, False, False)
    with_consent(app, **OPTIONS)
    assert await shows(app) == (200, True, True)


async def test_lifespan_runs() -> None:
    assert await live(with_consent(starlette(), **OPTIONS)) == COMPLETE


async def test_twice_is_harmless() -> None:
    app = with_consent(with_consent(starlette(), **OPTIONS), **OPTIONS)
    async with browser(app) as client:
        content = (await client.get("/", headers=NAVIGATION)).content
    assert (content.count(BANNER), content.count(GATED)) == (1, 1)


async def test_two_apps_of_one_class_are_told_apart() -> None:
    first, second = with_consent(starlette(), **OPTIONS), with_consent(starlette(), prefix="/x", **OPTIONS)
    async with browser(first) as one, browser(second) as other:
        assert (await one.get("/_consent/state")).status_code == 200
        assert (await other.get("/_consent/state")).status_code == 404
        assert (await other.get("/x/state")).status_code == 200


async def test_mounted_it_asks_below_its_mount() -> None:
    app = Starlette(routes=[Mount("/shop", with_consent(starlette(), **OPTIONS)), Route("/", page)])
    assert await shows(app, "/shop/") == (200, True, True)
    assert await shows(app, "/") == (200, False, False)
    async with browser(app) as client:
        assert b'action="/shop/_consent/decision"' in (await client.get("/shop/", headers=NAVIGATION)).content
        assert (await client.get("/shop/_consent/state")).status_code == 200


async def test_around_a_function_comes_a_function() -> None:
    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await HTMLResponse(PAGE)(scope, receive, send)

    app = with_consent(site, **OPTIONS)
    assert inspect.iscoroutinefunction(app) and (app.__name__, app.__doc__) == ("site", "Answer.")
    assert await shows(app) == (200, True, True)
    assert await shows(site) == (200, False, False)


async def test_around_a_method_comes_a_function() -> None:
    assert await shows(with_consent(starlette().__call__, **OPTIONS)) == (200, True, True)


async def test_around_what_can_have_no_other_class_comes_a_function() -> None:
    class Sealed:
        __slots__ = ()

        def __init_subclass__(cls) -> None:
            raise TypeError("nothing is derived from it")

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await HTMLResponse(PAGE)(scope, receive, send)

    assert await shows(with_consent(Sealed(), **OPTIONS)) == (200, True, True)


async def test_slots_stay_slots() -> None:
    class Slotted:
        __slots__ = ("body",)

        def __init__(self) -> None:
            self.body = PAGE

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await HTMLResponse(self.body)(scope, receive, send)

    app = with_consent(Slotted(), **OPTIONS)
    assert not hasattr(app, "__dict__")
    assert await shows(app) == (200, True, True)


async def test_what_traces_the_class_later_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    app, before = with_consent(starlette(), **OPTIONS), Starlette.__call__
    traced: list[str] = []

    async def trace(self: Starlette, scope: Scope, receive: Receive, send: Send) -> None:
        traced.append(scope["path"])
        await before(self, scope, receive, send)

    monkeypatch.setattr(Starlette, "__call__", trace)
    assert await shows(app) == (200, True, True)
    assert traced == ["/"]


async def test_frozen_stays_frozen() -> None:
    @dataclass(frozen=True)
    class Frozen:
        page: bytes = PAGE

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await HTMLResponse(self.page)(scope, receive, send)

    made = Frozen()
    assert with_consent(made, **OPTIONS) is made
    assert await shows(made) == (200, True, True)


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    return []


@pytest.mark.parametrize("app", [wsgi, Starlette, None, "site:app"])
@pytest.mark.parametrize("take", [with_consent, ConsentMiddleware])
async def test_what_is_no_asgi_application_is_refused(take: Callable[..., Any], app: Any) -> None:
    with pytest.raises(ConfigurationError, match="app: expected an ASGI application"):
        take(app, **OPTIONS)


async def test_it_takes_and_tells_what_the_middleware_takes() -> None:
    taken = inspect.signature(with_consent).parameters
    assert list(taken.values()) == list(inspect.signature(ConsentMiddleware).parameters.values())
    with pytest.raises(ConfigurationError, match="prefix"):
        with_consent(starlette(), secret_key=SECRET, log=None, prefix="wrong")


async def test_fastapi_keeps_overrides_and_its_test_client() -> None:
    from fastapi import Depends, FastAPI
    from fastapi.responses import HTMLResponse as Page

    def number() -> int:
        return 1

    app = with_consent(FastAPI(), **OPTIONS)
    assert_type(app, FastAPI)

    def tell(found: int = Depends(number)) -> str:
        return f"<!doctype html><p>number {found}</p>"

    app.get("/number", response_class=Page)(tell)
    app.dependency_overrides[number] = lambda: 2
    async with browser(app) as client:
        answer = await client.get("/number", headers=NAVIGATION)
        assert BANNER in answer.content and "number 2" in answer.text
        assert (await client.get("/openapi.json")).json()["paths"].keys() == {"/number"}


async def test_litestar_stays_one_for_its_command_line() -> None:
    from litestar import Litestar, MediaType, get
    from litestar.testing import AsyncTestClient

    async def home() -> str:
        return PAGE.decode()

    app = with_consent(Litestar([get("/", media_type=MediaType.HTML)(home)], openapi_config=None), **OPTIONS)
    assert_type(app, Litestar)
    assert isinstance(app, Litestar)
    async with AsyncTestClient(app) as client:
        answer = await client.get("/", headers=NAVIGATION)
        assert (BANNER in answer.content, GATED in answer.content) == (True, True)
        assert (await client.get("/_consent/state")).status_code == 200


async def test_quarts_own_test_client_meets_the_banner() -> None:
    from quart import Quart

    async def home() -> str:
        return PAGE.decode()

    app = with_consent(Quart(__name__), **OPTIONS)
    assert_type(app, Quart)
    app.route("/")(home)
    client = app.test_client()
    assert BANNER in await (await client.get("/", headers=NAVIGATION)).get_data(as_text=False)
    assert (await client.get("/_consent/state")).status_code == 200


async def test_flask_behind_an_adapter_asks_and_reads_consent() -> None:
    from a2wsgi import WSGIMiddleware
    from flask import Flask, request

    site = Flask(__name__)

    def home() -> str:
        return PAGE.decode()

    def allowed() -> str:
        return str(get_consent(request).allows("analytics"))

    site.route("/")(home)
    site.route("/allowed")(allowed)
    app: Any = with_consent(WSGIMiddleware(cast(Any, site)), **OPTIONS)
    assert await shows(app) == (200, True, True)
    async with browser(app) as client:
        assert (await client.get("/allowed")).text == "False"
    assert await live(app) == COMPLETE


def around(app: Any) -> Any:
    return ConsentMiddleware(app, **OPTIONS)


def starlette_route() -> Any:
    from starlette.middleware import Middleware

    return Starlette(routes=[Route("/", page, middleware=[Middleware(ConsentMiddleware, **OPTIONS)])])


def litestar_layer() -> Any:
    from litestar import Litestar, MediaType, get
    from litestar.middleware import DefineMiddleware

    async def home() -> str:
        return PAGE.decode()

    handlers = [get("/", media_type=MediaType.HTML)(home)]
    layer = DefineMiddleware(cast(Any, ConsentMiddleware), **OPTIONS)
    return Litestar(handlers, middleware=[layer], openapi_config=None, logging_config=None)


def in_litestars_mount() -> Any:
    from litestar import Litestar
    from litestar import asgi as mounted

    async def site(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, "path": scope["path"] or "/"}, receive, send)

    inner: Callable[[Any, Any, Any], Awaitable[None]] = around(starlette())
    return Litestar(
        [mounted("/", is_mount=True, copy_scope=True)(site)], openapi_config=None, logging_config=None
    )


@pytest.mark.parametrize("make", [starlette_route, litestar_layer, in_litestars_mount])
async def test_behind_a_route_it_says_what_to_do(
    make: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    app = make()
    with caplog.at_level(logging.ERROR, "consentkit"):
        for _ in range(2):
            assert await shows(app) == (200, True, True)
    assert len(caplog.messages) == 1
    assert "/_consent/ cannot be reached" in caplog.text and "with_consent(app" in caplog.text


def in_a_mount() -> Any:
    from starlette.middleware import Middleware

    layer = Middleware(ConsentMiddleware, **OPTIONS)
    return Starlette(routes=[Mount("/", routes=[Route("/", page)], middleware=[layer])])


def in_a_router() -> Any:
    from starlette.middleware import Middleware
    from starlette.routing import Router

    layer = Middleware(ConsentMiddleware, **OPTIONS)
    return Starlette(routes=[Mount("/", Router([Route("/", page)], middleware=[layer]))])


def behind_a_route_for_everything() -> Any:
    return Starlette(routes=[Route("/{path:path}", around(starlette()))])


@pytest.mark.parametrize("make", [in_a_mount, in_a_router, behind_a_route_for_everything])
async def test_where_its_pages_are_reached_nothing_is_said(
    make: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    app = make()
    with caplog.at_level(logging.ERROR, "consentkit"):
        assert await shows(app) == (200, True, True)
    assert caplog.messages == []
    async with browser(app) as client:
        assert (await client.get("/_consent/state")).status_code == 200
