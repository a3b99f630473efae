"""The same page and decision through the frameworks people use; none of them is known to the middleware."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, cast

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from asgi.client import BANNER, GATED, NAVIGATION, POLICY, SECRET, browser, post, wrap
from asgi.test_lifespan import COMPLETE, live
from consentkit import ConsentLog, ConsentMiddleware, get_consent, with_consent

pytestmark = pytest.mark.anyio
PAGE = """<!DOCTYPE html><html><head><title>Story</title></head><body><h1>Story</h1>
<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script></body></html>"""
Options = dict[str, Any]


def starlette(options: Options, events: list[str]) -> ASGIApp:
    """Make the site with Starlette, the middleware in its own list."""
    from contextlib import asynccontextmanager

    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, JSONResponse
    from starlette.routing import Route

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(PAGE)

    async def granted(request: Request) -> JSONResponse:
        assert get_consent(request) is request.state.consent
        return JSONResponse(sorted(request.state.consent.granted))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        events.append("startup")
        yield
        events.append("shutdown")

    routes = [Route("/", page), Route("/granted", granted)]
    return Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(ConsentMiddleware, **options)])


def fastapi(options: Options, events: list[str]) -> ASGIApp:
    """Make the site with FastAPI and `add_middleware`."""
    from contextlib import asynccontextmanager

    from fastapi import FastAPI, Request
    from fastapi.responses import HTMLResponse

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        events.append("startup")
        yield
        events.append("shutdown")

    app = FastAPI(lifespan=lifespan)
    app.add_middleware(ConsentMiddleware, **options)

    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE)

    async def granted(request: Any) -> list[str]:
        assert get_consent(request) is request.state.consent
        return sorted(get_consent(request).granted)

    granted.__annotations__["request"] = Request
    app.get("/", response_class=HTMLResponse)(page)
    app.get("/granted")(granted)
    return app


def litestar(options: Options, events: list[str]) -> ASGIApp:
    """Make the site with Litestar, consent around it."""
    from litestar import Litestar, MediaType, Request, get

    async def page() -> str:
        return PAGE

    async def granted(request: Any) -> list[str]:
        assert get_consent(request) is request.state.consent
        return sorted(get_consent(request).granted)

    granted.__annotations__["request"] = Request
    handlers = [get("/", media_type=MediaType.HTML)(page), get("/granted")(granted)]
    app = Litestar(
        handlers,
        on_startup=[lambda: events.append("startup")],
        on_shutdown=[lambda: events.append("shutdown")],
        openapi_config=None,
    )
    return cast(ASGIApp, with_consent(app, **options))


def quart(options: Options, events: list[str]) -> ASGIApp:
    """Make the site with Quart, consent around it."""
    from quart import Quart, jsonify, request

    app = Quart(__name__)

    async def page() -> str:
        return PAGE

    async def granted() -> Any:
        return jsonify(sorted(get_consent(request.scope).granted))

    async def starting() -> None:
        events.append("startup")

    async def stopping() -> None:
        events.append("shutdown")

    app.route("/")(page)
    app.route("/granted")(granted)
    app.before_serving(starting)
    app.after_serving(stopping)
    return cast(ASGIApp, with_consent(app, **options))


def django(options: Options, events: list[str]) -> ASGIApp:
    """Make the site with Django's ASGI handler, which knows HTTP only."""
    import django as package  # type: ignore[import-untyped]
    from django.conf import settings  # type: ignore[import-untyped]

    if not settings.configured:
        settings.configure(SECRET_KEY=SECRET, USE_TZ=True)
    from django.core.handlers.asgi import ASGIHandler  # type: ignore[import-untyped]
    from django.http import HttpResponse, JsonResponse  # type: ignore[import-untyped]
    from django.test.utils import override_settings  # type: ignore[import-untyped]
    from django.urls import path  # type: ignore[import-untyped]

    async def page(request: Any) -> HttpResponse:
        return HttpResponse(PAGE)

    async def granted(request: Any) -> JsonResponse:
        return JsonResponse(sorted(get_consent(request).granted), safe=False)

    urls = ModuleType("consentkit_test_urls")
    vars(urls)["urlpatterns"] = [path("", page), path("granted", granted)]
    sys.modules[urls.__name__] = urls
    with override_settings(ROOT_URLCONF=urls.__name__, ALLOWED_HOSTS=["*"]):
        package.setup(set_prefix=False)
        handler = ASGIHandler()

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        with override_settings(ROOT_URLCONF=urls.__name__, ALLOWED_HOSTS=["*"]):
            await handler(scope, receive, send)

    return ConsentMiddleware(site, **options)


FRAMEWORKS = [starlette, fastapi, litestar, quart, django]


@pytest.fixture(params=FRAMEWORKS, ids=lambda make: str(make.__name__))
def make(request: pytest.FixtureRequest) -> Iterator[Callable[[Options, list[str]], ASGIApp]]:
    """Make the site with each framework in turn."""
    yield request.param
    sys.modules.pop("consentkit_test_urls", None)


async def granted(client: httpx.AsyncClient) -> list[str]:
    """Ask the app what it reads."""
    answer: list[str] = (await client.get("/granted")).json()
    return answer


async def test_the_same_page_and_decision(
    make: Callable[[Options, list[str]], ASGIApp], log: ConsentLog
) -> None:
    app = make({"secret_key": SECRET, "log": log, "policy": POLICY}, [])
    async with browser(app) as client:
        before = await client.get("/", headers=NAVIGATION)
        assert before.status_code == 200
        assert (BANNER in before.content, GATED in before.content) == (True, True)
        # Quart ends every body with an empty message, which makes it a stream.
        assert before.headers.get("content-length") in (None, str(len(before.content)))
        assert await granted(client) == ["necessary"]
        answer = await post(client, {"action": "accept", "return_to": "/"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        after = await client.get("/", headers=NAVIGATION)
        assert (BANNER in after.content, GATED in after.content) == (False, False)
        assert await granted(client) == ["analytics", "functional", "marketing", "necessary"]
        await post(client, {"action": "withdraw"})
        assert GATED in (await client.get("/", headers=NAVIGATION)).content
        assert await granted(client) == ["necessary"]
    log.check()


async def test_lifespan_works(make: Callable[[Options, list[str]], ASGIApp]) -> None:
    events: list[str] = []
    app = make({"secret_key": SECRET, "log": None}, events)
    assert await live(app) == COMPLETE
    assert events == ([] if make is django else ["startup", "shutdown"])


async def test_wrapping_twice_is_harmless() -> None:
    async with browser(wrap(wrap())) as client:
        page = (await client.get("/", headers=NAVIGATION)).content
        assert GATED in page


@pytest.mark.parametrize("strict", [{"unclassified": "gate"}, {"csp": "enforce"}])
async def test_fastapis_own_documentation_is_left_alone_by_the_documented_line(strict: Options) -> None:
    from fastapi import FastAPI

    bare = await visit_pages(FastAPI())
    blank = await visit_pages(with_consent(FastAPI(), secret_key=SECRET, log=None, **strict))
    excluded = ["/docs", "/redoc"]
    left = await visit_pages(with_consent(FastAPI(), secret_key=SECRET, log=None, exclude=excluded, **strict))
    assert [page.text for page in left] == [page.text for page in bare]
    assert not [page for page in left if "content-security-policy" in page.headers]
    assert [page.text for page in blank] != [page.text for page in bare]


async def visit_pages(app: ASGIApp) -> list[httpx.Response]:
    """Get the pages that FastAPI makes of itself."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://site.example", headers=NAVIGATION
    ) as client:
        return [await client.get(path) for path in ("/docs", "/redoc")]
