"""What a framework or a server cannot do, with consentkit or without."""

from __future__ import annotations

from typing import Final, NamedTuple


class Limit(NamedTuple):
    """A behaviour that a pair cannot show.

    Args:
        behaviour: Its name.
        frameworks: Names of the frameworks; none: all.
        servers: Names of the servers; none: all.
        why: A sentence for the footnote.
        shows: Whether it shows in the application without consentkit, where it is looked for.
    """

    behaviour: str
    frameworks: tuple[str, ...]
    servers: tuple[str, ...]
    why: str
    shows: bool = True


LIMITS: Final = (
    Limit("WebSocket", ("Django",), (), "Django's own ASGI handler takes HTTP only."),
    Limit("WebSocket", ("Flask",), (), "WSGI has no WebSockets."),
    Limit(
        "WebSocket",
        ("Quart",),
        ("daphne",),
        "Daphne leaves the scheme out of a WebSocket's scope, as ASGI allows, and Quart asks for it.",
    ),
    Limit(
        "root path",
        (),
        ("uvicorn",),
        "uvicorn puts its root path before each path that it is asked for, so a proxy has to take it away: "
        "the next column.",
    ),
    Limit(
        "root path, proxy",
        ("Quart",),
        ("hypercorn", "granian", "daphne"),
        "Quart answers 404 where the path does not begin with the root path, and these servers leave the "
        "path as it came.",
    ),
    Limit(
        "root path, setting",
        ("Starlette", "Litestar", "Quart", "BlackSheep", "Flask"),
        (),
        "It has no setting that says below which path a proxy shows it.",
        shows=False,
    ),
)


def limit_of(behaviour: str, framework: str, server: str) -> Limit | None:
    """Return what stands in the way of a behaviour, if anything is known to."""
    return next(
        (
            limit
            for limit in LIMITS
            if limit.behaviour == behaviour
            and (not limit.frameworks or framework in limit.frameworks)
            and (not limit.servers or server in limit.servers)
        ),
        None,
    )
