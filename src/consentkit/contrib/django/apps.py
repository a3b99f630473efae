"""The Django app: checks that a site's pages go through consentkit."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from django.conf import settings  # type: ignore[import-untyped]
from django.contrib.staticfiles.handlers import StaticFilesHandlerMixin  # type: ignore[import-untyped]
from django.core import checks  # type: ignore[import-untyped]
from django.core.handlers.asgi import ASGIHandler  # type: ignore[import-untyped]
from django.core.handlers.wsgi import WSGIHandler  # type: ignore[import-untyped]
from django.core.management import get_commands  # type: ignore[import-untyped]
from django.core.signals import request_started  # type: ignore[import-untyped]

from consentkit.consent.consent import Consent

if TYPE_CHECKING:

    class AppConfig:
        """Django's class, which has no types."""
else:
    from django.apps import AppConfig


_WRAP: Final = "In asgi.py: application = with_consent(get_asgi_application(), …)"
_SERVE: Final = (
    'Put "daphne" first in INSTALLED_APPS and set ASGI_APPLICATION = "{0}.asgi.application", or run an ASGI '
    "server: uvicorn {0}.asgi:application --reload"
)
_NO_ASGI: Final = "Pages are served by WSGI, where consentkit cannot see them: no banner, nothing is gated."
_BARE: Final = "Pages are served without consentkit around the application: no banner, nothing is gated."
# Whose `runserver` knows WSGI only.
_WSGI_COMMANDS: Final = frozenset(("django.core", "django.contrib.staticfiles"))

_Facts: TypeAlias = Mapping[str, Any] | None

_logger = logging.getLogger("consentkit")


def check_middleware(**_: Any) -> list[checks.CheckMessage]:
    """Report consentkit's ASGI middleware in ``MIDDLEWARE``, which takes only Django's own."""
    named = [name for name in settings.MIDDLEWARE if name.startswith("consentkit.")]
    problem = "MIDDLEWARE names {}, which is ASGI middleware and goes around the whole application."
    return [checks.Error(problem.format(name), hint=_WRAP, id="consentkit.E001") for name in named]


def check_server(**_: Any) -> list[checks.CheckMessage]:
    """Report a development server that serves WSGI."""
    starting = sys.argv[1:2] == ["runserver"]
    if not starting or get_commands().get("runserver") not in _WSGI_COMMANDS:
        return []
    return [checks.Warning(_NO_ASGI, hint=_how_to_serve(), id="consentkit.W001")]


def watch_request(sender: type, environ: _Facts = None, scope: _Facts = None, **_: Any) -> None:
    """Log an error if the first request has no consent; a receiver of ``request_started``.

    Args:
        sender: The handler's class. Tests and static files are not checked.
        environ: Its environ, if it came by WSGI. Adapters put the ASGI scope into it.
        scope: Its scope, if it came by ASGI.
    """
    if not issubclass(sender, WSGIHandler | ASGIHandler) or issubclass(sender, StaticFilesHandlerMixin):
        return
    request_started.disconnect(dispatch_uid=watch_request.__module__)
    found = scope if scope is not None else (environ or {}).get("asgi.scope")
    if found is None:
        _logger.error("%s %s", _NO_ASGI, _how_to_serve())
    elif not isinstance(found.get("state", {}).get("consent"), Consent):
        _logger.error("%s %s", _BARE, _WRAP)


def _how_to_serve() -> str:
    return _SERVE.format(settings.ROOT_URLCONF.partition(".")[0])


class ConsentkitConfig(AppConfig):
    """Checks at start, and at the first request, that pages go through consentkit."""

    name = "consentkit.contrib.django"
    label = "consentkit"
    verbose_name = "consentkit"

    def ready(self) -> None:
        """Register the checks."""
        checks.register(check_middleware)
        checks.register(check_server)
        request_started.connect(watch_request, dispatch_uid=watch_request.__module__)
