"""Where an app is, as its visitors see it: mounts, root paths, proxies, and apps that change the scope."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from asgi.client import BANNER, NAVIGATION, SECRET, browser, shown, visit
from asgi.django_site import FRAMED, ASGIHandler, django_settings
from consentkit import ConsentMiddleware, Policy, with_consent

pytestmark = pytest.mark.anyio
POLICY = Policy(uses=("google-analytics", "youtube"))
OPTIONS: dict[str, Any] = {"secret_key": SECRET, "log": None, "policy": POLICY}
GZIP = {**NAVIGATION, "accept-encoding": "gzip"}


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse(FRAMED, headers={"etag": '"x"'})


def addresses(body: bytes) -> set[str]:
    """Return where the package's own things of a page are said to be."""
    text = unescape(body.decode())
    return set(re.findall(r'(?:src|href|action)="([^"]*?)/_consent/', text))


def returns(body: bytes) -> set[str]:
    """Return where the forms of a page, and of placeholders in it, lead back to."""
    text = unescape(unescape(body.decode()))
    return set(re.findall(r'name="return_to" value="([^"]*)"', text))


def nested(_: Path | None = None) -> ASGIApp:
    inner = Mount("/in", routes=[Route("/page", page)])
    return Starlette(routes=[Mount("/out", routes=[inner])])


def static(tmp_path: Path) -> ASGIApp:
    (tmp_path / "in" / "page").mkdir(parents=True)
    (tmp_path / "in" / "page" / "index.html").write_bytes(FRAMED)
    return Starlette(routes=[Mount("/out", StaticFiles(directory=tmp_path, html=True))])


def flask(_: Path) -> ASGIApp:
    from a2wsgi import WSGIMiddleware
    from flask import Flask

    site = Flask(__name__)
    site.route("/page", endpoint="page")(lambda: FRAMED.decode())
    return Starlette(routes=[Mount("/out/in", cast(Any, WSGIMiddleware(cast(Any, site))))])


async def careless(scope: Scope, receive: Receive, send: Send) -> None:
    """Change everything in the scope, in place, before anything is answered."""
    for name in ("path", "root_path", "raw_path", "query_string", "scheme", "method"):
        scope[name] = type(scope[name])()
    scope["headers"][:] = [(b"host", b"elsewhere.example")]
    await HTMLResponse(FRAMED)(scope, receive, send)


async def replacing(scope: Scope, receive: Receive, send: Send) -> None:
    """Clear the scope."""
    scope.clear()
    scope["type"] = "http"
    await HTMLResponse(FRAMED)(scope, receive, send)


@pytest.mark.parametrize("headers", [NAVIGATION, GZIP])
@pytest.mark.parametrize("make", [nested, static, flask, lambda _: careless, lambda _: replacing])
async def test_what_the_app_does_to_the_scope_changes_nothing_of_ours(
    make: Callable[[Path], ASGIApp], headers: dict[str, str], tmp_path: Path
) -> None:
    app = ConsentMiddleware(make(tmp_path), **OPTIONS)
    path = "/out/in/page/" if make is static else "/out/in/page"
    async with browser(app) as client:
        for _ in range(3):  # from the third on the page is remembered
            answer = await client.get(f"{path}?a=b", headers=headers)
            assert BANNER in answer.content
            assert addresses(answer.content) == {""}
            assert returns(answer.content) == {f"{path}?a=b"}


async def test_where_the_base_is_foreign_the_host_is_the_one_that_was_asked() -> None:
    body = FRAMED.replace(b"<head>", b'<head><base href="https://cdn.example/">')

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        scope["headers"][:] = [(b"host", b"elsewhere.example")]
        await HTMLResponse(body)(scope, receive, send)

    answer = await visit(ConsentMiddleware(site, **OPTIONS), headers=NAVIGATION)
    assert addresses(answer.body) == {"", "http://example.org"}  # what comes before the base needs no host


async def test_fingerprints_are_of_the_address_that_was_asked_for() -> None:
    """What was sent with a tag under one root path is confirmed under it, and not under another."""
    app = ConsentMiddleware(nested(), **OPTIONS)
    first = (await visit(app, "/out/in/page", headers=NAVIGATION)).header("etag")
    again = (await visit(app, "/out/in/page", headers=GZIP)).header("etag")
    other = (await visit(app, "/app/out/in/page", root_path="/app", headers=NAVIGATION)).header("etag")
    assert first == again and first.startswith('W/"x;ck-') and other != first


async def test_cookies_are_expired_under_the_folder_that_was_asked_for() -> None:
    app = ConsentMiddleware(nested(), **OPTIONS)
    answer = await visit(app, "/out/in/page", headers={**NAVIGATION, "cookie": "_ga=1"})
    paths = {part for line in answer.all("set-cookie") for part in line.split("; ") if "Path" in part}
    assert paths == {"Path=/", "Path=/out/in"}


async def test_reports_are_for_the_address_that_was_asked_for() -> None:
    app = ConsentMiddleware(nested(), csp="enforce", **OPTIONS)
    answer = await visit(app, "/app/out/in/page", root_path="/app", headers=NAVIGATION)
    assert "report-uri /app/_consent/csp" in answer.header("content-security-policy")


# --- root paths: in the scope or in the app, in the path or not


def fastapi(root_path: str) -> ASGIApp:
    from fastapi import FastAPI

    app = FastAPI()
    app.root_path = root_path  # as FastAPI(root_path=…), which is deprecated
    app.add_route("/page", page)
    return app


def litestar() -> ASGIApp:
    from litestar import Litestar, MediaType, get

    async def home() -> bytes:
        return FRAMED

    return cast(ASGIApp, Litestar([get("/page", media_type=MediaType.HTML)(home)], openapi_config=None))


def starlette() -> ASGIApp:
    return Starlette(routes=[Route("/page", page), Mount("/sub", routes=[Route("/page", page)])])


async def journey(app: ASGIApp, path: str, **scope: Any) -> None:
    """Visit a page seen at ``/app/page``, refuse, and come back to it; then open the settings."""

    async def served(inner: Scope, receive: Receive, send: Send) -> None:
        await app({**inner, **scope, "path": path + inner["path"]}, receive, send)

    async with browser(served) as client:
        answer = await client.get("/page?a=b", headers=NAVIGATION)
        assert BANNER in answer.content
        assert addresses(answer.content) == {"/app"}
        assert returns(answer.content) == {"/app/page?a=b"}
        fields = {**await shown(client), "action": "reject", "return_to": "/app/page?a=b"}
        done = await client.post("/_consent/decision", data=fields)
        assert (done.status_code, done.headers["location"]) == (303, "/app/page?a=b")
        settings = await client.get("/_consent/", headers=NAVIGATION)
        assert addresses(settings.content) == {"/app"}
        assert (await client.get("/_consent")).headers["location"] == "/app/_consent/"


@pytest.mark.parametrize("make", [starlette, litestar])
@pytest.mark.parametrize(("path", "root_path"), [("", "/app"), ("/app", "/app"), ("", "/app/")])
async def test_a_root_path_counts_whether_or_not_the_server_puts_it_into_the_path(
    make: Callable[[], ASGIApp], path: str, root_path: str
) -> None:
    await journey(ConsentMiddleware(make(), **OPTIONS), path, root_path=root_path)


@pytest.mark.parametrize("path", ["", "/app"])
@pytest.mark.parametrize("served", ["", "/app", "/other"])
async def test_fastapi_says_where_it_is(path: str, served: str) -> None:
    """What the app says goes before the server's, as in FastAPI itself."""
    await journey(with_consent(fastapi("/app"), **OPTIONS), path, root_path=served)


async def test_fastapi_behind_other_middleware_and_inside_of_it() -> None:
    from starlette.middleware.cors import CORSMiddleware

    await journey(with_consent(CORSMiddleware(fastapi("/app")), **OPTIONS), "")
    app = cast(Any, fastapi("/app"))
    app.add_middleware(ConsentMiddleware, **OPTIONS)
    await journey(app, "")


async def test_a_folder_that_a_framework_calls_its_root_path_is_none() -> None:
    from quart import Quart

    async def home() -> str:
        return FRAMED.decode()

    app = with_consent(Quart(__name__), **OPTIONS)
    app.route("/page")(home)
    assert app.root_path == str(Path(__file__).parent)
    await journey(cast(ASGIApp, app), "/app", root_path="/app")
    async with browser(cast(ASGIApp, app)) as client:
        assert addresses((await client.get("/page", headers=NAVIGATION)).content) == {""}


async def test_a_path_that_only_begins_like_the_root_path_is_below_it() -> None:
    app = ConsentMiddleware(HTMLResponse(FRAMED), **OPTIONS)
    for path, expected in (("/apple", "/app/apple"), ("/app", "/app"), ("/app/", "/app/"), ("/", "/app/")):
        answer = await visit(app, path, root_path="/app", headers=NAVIGATION)
        assert (addresses(answer.body), returns(answer.body)) == ({"/app"}, {expected})


async def test_django_says_where_it_is() -> None:
    with django_settings(FORCE_SCRIPT_NAME="/app"):
        await journey(with_consent(ASGIHandler(), **OPTIONS), "")
    with django_settings():
        await journey(with_consent(ASGIHandler(), **OPTIONS), "/app", root_path="/app")
