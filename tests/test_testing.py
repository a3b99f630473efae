"""`visitor_cookies` and `cookie_for`: a visitor who has chosen, for other people's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from litestar import Litestar
from quart import Quart
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from asgi.client import BANNER, NAVIGATION, App
from consentkit import ConsentMiddleware, CookieOptions, with_consent
from consentkit.consent.consent import Consent, resolve
from consentkit.consent.cookies import DecisionCodec
from consentkit.consent.decision import Decision
from consentkit.exceptions import ConfigurationError, UnknownPurpose
from consentkit.policy import Policy, Regime, Vendor
from consentkit.signals import Signals
from consentkit.testing import cookie_for, visitor_cookies

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
NOW = 1_795_392_000


class Secret:
    """Wraps a key and hides it, as Starlette's does."""

    def __str__(self) -> str:
        return SECRET


def consent(value: str, policy: Policy, *, now: int = NOW) -> Consent:
    decision = DecisionCodec(SECRET).loads([value], now=now)
    assert isinstance(decision, Decision)
    return resolve(policy, policy.regimes_at(None), decision, Signals(), now=now)


@pytest.mark.parametrize(
    ("arguments", "granted"),
    [
        ({}, {"necessary"}),
        ({"granted": "all"}, {"necessary", "functional", "analytics", "marketing"}),
        ({"granted": ["analytics", "necessary"]}, {"necessary", "analytics"}),
        ({"granted": "analytics"}, {"necessary", "analytics"}),
        ({"granted": "all", "denied": ["marketing"]}, {"necessary", "functional", "analytics"}),
    ],
)
def test_it_says_what_was_asked_for_and_needs_no_banner(arguments: dict[str, Any], granted: set[str]) -> None:
    name, value = cookie_for(secret_key=SECRET, now=NOW, **arguments)
    assert name == "consentkit"
    result = consent(value, Policy())
    assert result.granted == granted
    assert not result.needs_prompt


def test_without_now_it_is_this_moment() -> None:
    _, value = cookie_for(secret_key=Secret(), granted="all")
    assert isinstance(DecisionCodec(SECRET).loads([value], now=2**33), Decision)


def test_names_and_options() -> None:
    assert cookie_for(secret_key=SECRET, secure=True)[0] == "__Host-consentkit"
    assert cookie_for(secret_key=SECRET, secure=True, domain="example.org")[0] == "__Secure-consentkit"
    _, value = cookie_for(secret_key=SECRET, regime="opt-out", gpc_shown=True, source="api", now=NOW)
    decision = DecisionCodec(SECRET).loads([value], now=NOW)
    assert isinstance(decision, Decision)
    assert (decision.regime, decision.gpc_shown, decision.source) == (Regime.OPT_OUT, True, "api")


def test_vendors_of_a_policy() -> None:
    policy = Policy(vendors={"stats": Vendor(name="Stats", purpose="analytics")})
    _, value = cookie_for(policy, secret_key=SECRET, granted=["stats"], now=NOW)
    assert consent(value, policy).allows("stats")


def test_mistakes_are_said() -> None:
    with pytest.raises(UnknownPurpose):
        cookie_for(secret_key=SECRET, granted=["analitycs"])
    with pytest.raises(ConfigurationError):
        cookie_for(secret_key="short")


# --- visitor_cookies


POLICY = Policy(uses=("google-analytics",), vendors={"stats": Vendor(name="Stats", purpose="analytics")})
OPTIONS: dict[str, Any] = {"secret_key": SECRET, "log": None, "policy": POLICY}


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, which is all that Quart knows."""
    return "asyncio"


def page(request: object) -> HTMLResponse:
    return HTMLResponse("<!doctype html><title>Page</title><p>Hello")


def listed() -> ASGIApp:
    """An app with the middleware in Starlette's own list, among others, not yet put together."""
    middleware = [Middleware(GZipMiddleware), Middleware(ConsentMiddleware, **OPTIONS)]
    return Starlette(routes=[Route("/", page)], middleware=middleware)


def added() -> ASGIApp:
    app = FastAPI()
    app.get("/", response_class=HTMLResponse)(lambda: "<!doctype html><title>Page</title><p>Hello")
    app.add_middleware(ConsentMiddleware, **OPTIONS)
    return app


def assigned() -> ASGIApp:
    app: Any = Quart("site")
    app.route("/")(lambda: "<!doctype html><title>Page</title><p>Hello")
    app.asgi_app = ConsentMiddleware(app.asgi_app, **OPTIONS)
    return cast(ASGIApp, app)


WRAPPED: dict[str, Callable[[], ASGIApp]] = {
    "with_consent": lambda: with_consent(Starlette(routes=[Route("/", page)]), **OPTIONS),
    "a function": lambda: with_consent(App(b"<!doctype html><p>Hello").__call__, **OPTIONS),
    "ConsentMiddleware": lambda: ConsentMiddleware(App(b"<!doctype html><p>Hello"), **OPTIONS),
    "below another": lambda: GZipMiddleware(ConsentMiddleware(App(b"<!doctype html><p>Hello"), **OPTIONS)),
    "listed": listed,
    "added": added,
    "assigned": assigned,
}


@pytest.mark.anyio
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("make", WRAPPED.values(), ids=WRAPPED)
async def test_the_app_itself_says_what_its_cookie_must_be(make: Callable[[], ASGIApp], scheme: str) -> None:
    app = make()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"{scheme}://site.example", headers=NAVIGATION
    ) as client:
        assert BANNER.decode() in (await client.get("/")).text
        client.cookies.update(visitor_cookies(app, granted=["stats"]))
        answer = await client.get("/")
        assert answer.status_code == 200
        assert BANNER.decode() not in answer.text
        state = (await client.get("/_consent/state")).json()
    assert state["granted"] == ["necessary", "stats"]


def test_its_names_follow_scheme_and_domain() -> None:
    def names(**options: Any) -> set[str]:
        return set(visitor_cookies(with_consent(Starlette(), secret_key=SECRET, log=None, **options)))

    assert names() == {"consentkit", "__Host-consentkit"}
    assert names(cookies=CookieOptions(https_only=True)) == {"__Host-consentkit"}
    assert names(cookies=CookieOptions(https_only=False)) == {"consentkit"}
    assert names(cookies=CookieOptions(domain="site.example")) == {"consentkit", "__Secure-consentkit"}


APPS: list[object] = [Starlette(), Litestar(), App(b""), object()]


@pytest.mark.parametrize("app", APPS, ids=lambda app: type(app).__name__)
def test_an_app_without_consent_is_told(app: object) -> None:
    with pytest.raises(ConfigurationError, match=r"no ConsentMiddleware is around this application"):
        visitor_cookies(app)


def test_a_misspelt_grant_is_told_of_the_apps_own_policy() -> None:
    with pytest.raises(UnknownPurpose, match="'stats'"):
        visitor_cookies(with_consent(Starlette(), **OPTIONS), granted=["stat"])
