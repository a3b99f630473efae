"""Django says at start what keeps consentkit from seeing its pages."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.apps import apps  # type: ignore[import-untyped]
from django.contrib.staticfiles.handlers import (  # type: ignore[import-untyped]
    ASGIStaticFilesHandler,
    StaticFilesHandler,
)
from django.core.checks import run_checks  # type: ignore[import-untyped]
from django.core.signals import request_started  # type: ignore[import-untyped]
from django.test import Client, RequestFactory  # type: ignore[import-untyped]

from asgi.client import SECRET, browser
from asgi.django_site import ASGIHandler, WSGIHandler, django_settings
from consentkit import ConfigurationError, get_consent, with_consent

ROOT = Path(__file__).resolve().parents[2]
APP = "consentkit.contrib.django"
HOW = "uvicorn asgi.asgi:application"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, which is all that Django knows."""
    return "asyncio"


@pytest.fixture
def installed() -> Iterator[None]:
    """Put the app among Django's."""
    with django_settings(INSTALLED_APPS=[APP]):
        apps.get_app_config("consentkit").ready()  # what another test's first request has ended begins anew
        yield


def found(kind: str = "consentkit") -> list[str]:
    """Return what the checks say."""
    return [f"{one.id} {one.msg} {one.hint}" for one in run_checks() if one.id.startswith(kind)]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("command", ["check", "migrate", "test"])
def test_other_commands_have_nothing_to_say(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(sys, "argv", ["manage.py", command])
    assert found() == []


@pytest.mark.usefixtures("installed")
def test_the_middleware_is_none_of_djangos() -> None:
    with django_settings(
        MIDDLEWARE=["consentkit.ConsentMiddleware", "django.middleware.common.CommonMiddleware"]
    ):
        (line,) = found()
    assert line.startswith("consentkit.E001") and "with_consent(get_asgi_application()" in line


def ask_by_wsgi(handler: Any, path: str = "/page", **environ: Any) -> None:
    """Send a request to a WSGI handler."""
    handler(RequestFactory().get(path, **environ).environ, lambda *_: None).close()


@pytest.mark.usefixtures("installed")
def test_wsgi_is_told_of_at_the_first_request(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        ask_by_wsgi(WSGIHandler())
    (line,) = [record.getMessage() for record in caplog.records if record.name == "consentkit"]
    assert "WSGI" in line and HOW in line


@pytest.mark.usefixtures("installed")
async def test_an_application_without_consent_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    async with browser(ASGIHandler()) as client:
        for _ in range(2):
            assert (await client.get("/page")).status_code == 200
    (line,) = [record.getMessage() for record in caplog.records if record.name == "consentkit"]
    assert "with_consent(get_asgi_application()" in line


@pytest.mark.usefixtures("installed")
async def test_with_consent_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async with browser(with_consent(ASGIHandler(), secret_key=SECRET, log=None)) as client:
        assert (await client.get("/page")).status_code == 200
        assert [(await client.get(path)).text for path in ("/allowed", "/allowed-async")] == ["False"] * 2
    assert [record for record in caplog.records if record.name == "consentkit"] == []
    assert request_started.has_listeners()


@pytest.mark.usefixtures("installed")
async def test_behind_an_adapter_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    from a2wsgi import WSGIMiddleware

    app: Any = with_consent(WSGIMiddleware(WSGIHandler()), secret_key=SECRET, log=None)
    async with browser(app) as client:
        assert (await client.get("/allowed")).text == "False"
    assert [record for record in caplog.records if record.name == "consentkit"] == []


@pytest.mark.usefixtures("installed")
async def test_tests_and_static_files_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    static = {"INSTALLED_APPS": [APP, "django.contrib.staticfiles"], "STATIC_URL": "static/"}
    with django_settings(DEBUG=True, **static):
        Client().get("/page")
        with caplog.at_level(logging.ERROR):
            ask_by_wsgi(StaticFilesHandler(WSGIHandler()), "/static/none.css")
            async with browser(ASGIStaticFilesHandler(ASGIHandler())) as client:
                await client.get("/static/none.css")
    assert [record for record in caplog.records if record.name == "consentkit"] == []


def test_consent_of_a_wsgi_request_is_a_clear_error() -> None:
    problem = r"did not come by ASGI.*asgi:application"
    with django_settings(), pytest.raises(ConfigurationError, match=problem):
        get_consent(RequestFactory().get("/page"))


MANAGE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
SETTINGS = """
SECRET_KEY = "of Django's own"
DEBUG = True
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = [{first} "django.contrib.staticfiles", "{app}"]
STATIC_URL = "static/"
ASGI_APPLICATION = "shop.asgi.application"
USE_TZ = True
"""
ASGI = """
import os
from django.core.asgi import get_asgi_application
from consentkit import with_consent
application = with_consent(get_asgi_application(), secret_key="{secret}", log=None)
"""
URLS = """
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse("<!doctype html><p>Hello</p>"))]
"""


@pytest.mark.parametrize(("first", "asks"), [("", False), ('"daphne",', True)])
def test_runserver_says_at_start_that_it_shows_no_banner(tmp_path: Path, first: str, asks: bool) -> None:
    (tmp_path / "shop").mkdir()
    settings = SETTINGS.format(first=first, app=APP)
    for name, text in (("settings", settings), ("asgi", ASGI.format(secret=SECRET)), ("urls", URLS)):
        (tmp_path / "shop" / f"{name}.py").write_text(text)
    (tmp_path / "manage.py").write_text(MANAGE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload", str(port)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=7)) as client:
                page = client.get(f"http://127.0.0.1:{port}/", headers={"accept": "text/html"})
            server.terminate()
            printed, _ = server.communicate(timeout=20)
        finally:
            server.kill()
    assert ("consentkit-banner" in page.text) is asks
    assert ("(consentkit.W001) Pages are served by WSGI" in printed) is not asks
    assert ("uvicorn shop.asgi:application" in printed) is not asks
