"""The layers of an application, and the middleware among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from consentkit.asgi.middleware import ConsentMiddleware
from consentkit.exceptions import ConfigurationError

if TYPE_CHECKING:
    from consentkit.asgi.deployment import Deployment

MARK: Final = "__consentkit__"
"""Attribute of the functions through which `with_consent` has an application called: the middleware."""

_MOST: Final = 100

# Where frameworks and middlewares keep what is below them.
_BELOW: Final = ("app", "asgi_app", "middleware_stack", "asgi_handler")


def deployment_of(app: object) -> Deployment:
    """Return how the policy is deployed by the middleware around or in an application.

    Raises:
        ConfigurationError: No middleware is found.
    """
    layers = [app]
    for layer in layers:  # which grows
        found = layer if isinstance(layer, ConsentMiddleware) else _marked(layer)
        if isinstance(found, ConsentMiddleware):
            return found.deployment
        layers += [one for one in _below(layer) if not any(one is known for known in layers)][:_MOST]
        if len(layers) > _MOST:
            break
    raise ConfigurationError(
        "no ConsentMiddleware is around this application: pass what with_consent(app, …) returned", path="app"
    )


def _marked(layer: object) -> object:
    call = next(
        (kind.__dict__["__call__"] for kind in type(layer).__mro__ if "__call__" in kind.__dict__), None
    )
    return getattr(layer, MARK, None) or getattr(call, MARK, None)


def _below(layer: object) -> Iterator[object]:
    for name in _BELOW:
        below = getattr(layer, name, None)
        if below is not None:
            yield below
    # Starlette puts its layers together at the first request.
    build = getattr(layer, "build_middleware_stack", None)
    if callable(build) and getattr(layer, "middleware_stack", None) is None:
        yield build()
