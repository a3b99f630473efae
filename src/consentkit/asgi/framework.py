"""What frameworks say of the place of a wrapped app. None of them is imported.

A path that an app gives itself goes before the server's, as it does in the app: ``FastAPI(root_path=…)`` and
Django's ``FORCE_SCRIPT_NAME``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

from starlette.types import Scope

_MOST_LAYERS = 32
"""Middlewares between ours and the framework."""


def find_root_path(app: object) -> Callable[[], str] | None:
    """Return what tells the root path that an app gives itself; ``None`` for apps that give themselves none.

    Args:
        app: The wrapped app. Middlewares around it are seen through where they name it ``app``.
    """
    for _ in range(_MOST_LAYERS):
        app = getattr(app, "__self__", app)  # a method of the app
        kinds = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(app).__mro__]
        if "fastapi.applications.FastAPI" in kinds:
            return lambda app=app: str(getattr(app, "root_path", ""))  # type: ignore[misc]
        if "django.core.handlers.asgi.ASGIHandler" in kinds:
            return _script_name
        app = getattr(app, "app", None)
    return None


def _script_name() -> str:
    settings: Any = sys.modules["django.conf"].settings
    return str(settings.FORCE_SCRIPT_NAME or "")


def is_behind_route(scope: Scope, prefix: str) -> bool:
    """Say whether a router has led here by a route that does not lead to the package's own pages.

    Args:
        scope: A connection's scope.
        prefix: Path of those pages.
    """
    if "route_handler" in scope:  # Litestar, whose mounts change paths and set no root path
        return True
    route = scope.get("route")  # Starlette and FastAPI
    if route is None or hasattr(route, "routes"):  # as mounts and hosts have
        return False
    pattern, methods = getattr(route, "path_regex", None), getattr(route, "methods", None) or ("POST",)
    leads = isinstance(pattern, re.Pattern) and pattern.match(f"{prefix}/decision") is not None
    return not (leads and "POST" in methods)
