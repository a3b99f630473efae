"""`with_consent`, which wraps a whole application, and the search for the middleware in an application."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from functools import update_wrapper
from types import FunctionType, MethodType, new_class
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast

from starlette.types import Receive, Scope, Send

from consentkit.asgi.middleware import ConsentMiddleware, check_app
from consentkit.exceptions import ConfigurationError

if TYPE_CHECKING:
    from consentkit.asgi.deployment import Deployment

A = TypeVar("A", bound=Callable[[Any, Any, Any], Awaitable[None]])
P = ParamSpec("P")
MARK: Final = "__consentkit__"
"""Attribute that holds the middleware, on the functions by which `with_consent` replaces ``__call__``."""

_MOST_LAYERS: Final = 100
# Where frameworks and middlewares keep what is below them.
_BELOW: Final = ("app", "asgi_app", "middleware_stack", "asgi_handler")


class WithArguments(Protocol[P]):
    """Takes an application and those arguments, and returns the application."""

    def __call__(self, app: A, /, *args: P.args, **kwargs: P.kwargs) -> A:
        """Return the application."""


def _arguments_of(
    made: Callable[Concatenate[Any, P], object],
) -> Callable[[Callable[..., Any]], WithArguments[P]]:
    """Give a function that takes an application the signature of another callable that does."""

    def typed(function: Callable[..., Any]) -> WithArguments[P]:
        signature = inspect.signature(made)
        vars(function)["__signature__"] = signature.replace(return_annotation=signature.empty)
        return function

    return typed


@_arguments_of(ConsentMiddleware)
def with_consent(app: A, /, **options: Any) -> A:
    """Wrap a whole application with the middleware, and return the application.

    A framework's own ``add_middleware`` puts a middleware inside the framework's error handling, so that
    pages for an error 500 are not gated; this function also gates those. It returns the same object:
    attributes, decorators, ``isinstance`` and the framework's command line and test client still work. The
    object gets a subclass whose ``__call__`` goes through the middleware. For a function it returns a new
    function.

    Args:
        app: The ASGI application.
        options: As in :class:`consentkit.ConsentMiddleware`.

    Raises:
        ConfigurationError: As there.

    Example:
        ``app = with_consent(FastAPI(), secret_key=SECRET, log="consent.sqlite3")``
    """
    from consentkit.asgi.dispatcher import call_late  # only now: see `ConsentMiddleware`

    check_app(app)
    kind, is_function = type(app), isinstance(app, FunctionType | MethodType)
    middleware = ConsentMiddleware(app if is_function else call_late(kind, app), **options)
    if not is_function and _gave_class(app, kind, middleware):
        return app

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        await middleware(scope, receive, send)

    made = update_wrapper(call, app)
    vars(made)[MARK] = middleware
    return cast(A, made)


def _gave_class(app: object, kind: type, middleware: ConsentMiddleware) -> bool:
    """Give an application a subclass of its class, with another ``__call__``; False if that is impossible."""
    call = _call_through(middleware)

    def extend(extended: Any) -> None:
        # BlackSheep subclasses the app's class when something is mounted: the middleware must stay outermost,
        # unless `with_consent` itself made the subclass.
        if extended.__call__ is not call and "__init_subclass__" not in vars(extended):
            inner = MethodType(extended.__call__, app)
            extended.__call__ = _call_through(middleware.around(inner))

    # Empty slots give the subclass the same memory layout, so ``__class__`` can be assigned.
    same = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    body = {**same, "__slots__": (), "__call__": call, "__init_subclass__": classmethod(extend)}
    try:
        own = new_class(kind.__name__, (kind,), exec_body=lambda names: names.update(body))
        object.__setattr__(app, "__class__", own)  # works for frozen classes too
    except TypeError:
        return False
    return True


def _call_through(middleware: ConsentMiddleware) -> Callable[[object, Scope, Receive, Send], Awaitable[None]]:
    """Return the ``__call__`` of such a subclass."""
    answer = middleware.dispatcher.answer

    async def call(self: object, scope: Scope, receive: Receive, send: Send) -> None:
        await answer(scope, receive, send)

    vars(call)[MARK] = middleware
    return call


def deployment_of(app: object) -> Deployment:
    """Return how the policy is deployed by the middleware around or in an application.

    Raises:
        ConfigurationError: No middleware is found.
    """
    layers = [app]
    for layer in layers:  # grows in the loop
        call = inspect.getattr_static(type(layer), "__call__", None)
        marked = getattr(layer, MARK, None) or getattr(call, MARK, None)
        found = layer if isinstance(layer, ConsentMiddleware) else marked
        if isinstance(found, ConsentMiddleware):
            return found.deployment
        layers += [one for one in _below(layer) if not any(one is known for known in layers)][:_MOST_LAYERS]
        if len(layers) > _MOST_LAYERS:
            break
    raise ConfigurationError(
        "no ConsentMiddleware is around this application: pass what with_consent(app, …) returned", path="app"
    )


def _below(layer: object) -> Iterator[object]:
    yield from (below for name in _BELOW if (below := getattr(layer, name, None)) is not None)
    # Starlette builds its stack at the first request.
    build = getattr(layer, "build_middleware_stack", None)
    if callable(build) and getattr(layer, "middleware_stack", None) is None:
        yield build()
