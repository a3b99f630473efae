"""The application in Django, served by its own ASGI handler."""

from __future__ import annotations

from django.conf import settings  # type: ignore[import-untyped]
from django.core.asgi import get_asgi_application  # type: ignore[import-untyped]
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse  # type: ignore[import-untyped]
from django.urls import include, path  # type: ignore[import-untyped]

from consentkit import get_consent
from matrix import content

settings.configure(
    SECRET_KEY="of a site that lives for seconds",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    FORCE_SCRIPT_NAME=content.ROOT_PATH or None,
    USE_TZ=True,
)


async def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(content.PAGE)


async def granted(request: HttpRequest) -> JsonResponse:
    return JsonResponse(content.granted(get_consent(request)), safe=False)


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(content.stream_async())


async def events(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(content.events_async(), content_type="text/event-stream")


async def sub(request: HttpRequest) -> HttpResponse:
    return HttpResponse(content.SUB)


async def broken(request: HttpRequest) -> HttpResponse:
    raise content.Broken


def handler500(request: HttpRequest) -> HttpResponse:
    return HttpResponse(content.ERROR, status=500)


urlpatterns = [
    path("", page),
    path("granted", granted),
    path("stream", stream),
    path("events", events),
    path("sub/", include([path("", sub)])),
    path("broken", broken),
]
app = content.consented(get_asgi_application())
