"""The Django app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.checks import register  # type: ignore[import-untyped]
from django.core.signals import request_started  # type: ignore[import-untyped]

from consentkit.contrib.django.checks import check_middleware, check_server, watch_request

if TYPE_CHECKING:

    class AppConfig:
        """Django's, which has no types."""
else:
    from django.apps import AppConfig


class ConsentkitConfig(AppConfig):
    """Checks at start, and at the first request, that pages go through consentkit."""

    name = "consentkit.contrib.django"
    label = "consentkit"
    verbose_name = "consentkit"

    def ready(self) -> None:
        """Register the checks."""
        register(check_middleware)
        register(check_server)
        request_started.connect(watch_request, dispatch_uid=watch_request.__module__)
