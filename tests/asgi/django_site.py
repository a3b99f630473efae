"""A site of Django's: its settings, its addresses and its views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django  # type: ignore[import-untyped]
from django.conf import settings  # type: ignore[import-untyped]
from django.core.handlers.asgi import ASGIHandler  # type: ignore[import-untyped]
from django.core.handlers.wsgi import WSGIHandler  # type: ignore[import-untyped]
from django.http import HttpRequest, HttpResponse  # type: ignore[import-untyped]
from django.test.utils import override_settings  # type: ignore[import-untyped]
from django.urls import path  # type: ignore[import-untyped]

from asgi.client import PAGE, SECRET
from consentkit import get_consent

FRAMED = PAGE.replace(b"</body>", b'<iframe src="https://www.youtube.com/embed/x"></iframe></body>')


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(FRAMED)


def allowed(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(get_consent(request).allows("analytics")))


async def allowed_async(request: HttpRequest) -> HttpResponse:
    return allowed(request)


urlpatterns = [path("page", page), path("allowed", allowed), path("allowed-async", allowed_async)]


@contextmanager
def django_settings(**more: Any) -> Iterator[None]:
    """Set Django up with this site; `more` are settings."""
    if not settings.configured:
        settings.configure(SECRET_KEY=SECRET, USE_TZ=True)
        django.setup(set_prefix=False)
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], **more):
        yield


__all__ = ["ASGIHandler", "WSGIHandler", "django_settings"]
