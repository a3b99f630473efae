"""One framework on one server, and what is found of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from matrix.behaviours import BEHAVIOURS, WAYS, Behaviour
from matrix.limits import Limit, limit_of
from matrix.servers import Running, Server, Way
from matrix.visitor import Visitor


class Framework(NamedTuple):
    """One framework; the module of its application is called like its package.

    Args:
        name: Its name.
        package: Its package.
    """

    name: str
    package: str

    @property
    def version(self) -> str:
        """The version that is installed."""
        return version(self.package)


FRAMEWORKS: Final = (
    Framework("Starlette", "starlette"),
    Framework("FastAPI", "fastapi"),
    Framework("Litestar", "litestar"),
    Framework("Quart", "quart"),
    Framework("Django", "django"),
    Framework("BlackSheep", "blacksheep"),
    Framework("Flask", "flask"),
)


class Outcome(NamedTuple):
    """What is found of one behaviour.

    Args:
        behaviour: Its name.
        fault: What is wrong; nothing where it holds, or where a limit does.
        limit: What stands in its way.
    """

    behaviour: str
    fault: str = ""
    limit: Limit | None = None


class Pair(NamedTuple):
    """One framework on one server."""

    framework: Framework
    server: Server

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.framework.name} on {self.server.name}"

    def run(self) -> list[Outcome]:
        """Return what is found, in the order of the behaviours."""
        found: dict[str, Outcome] = {}
        for way in WAYS:
            behaviours = [behaviour for behaviour in BEHAVIOURS if behaviour.way is way]
            limits = {one: limit_of(one.name, self.framework.name, self.server.name) for one in behaviours}
            free = [one for one, limit in limits.items() if limit is None]
            found |= {name: Outcome(name, fault) for name, fault in self._faults(way, free)}
            found |= {one.name: Outcome(one.name, limit=limit) for one, limit in limits.items() if limit}
            limited = [one for one, limit in limits.items() if limit is not None and limit.shows]
            bare = dict(self._faults(way, limited, bare=True))
            for name, fault in self._faults(way, limited):
                found[name] = found[name]._replace(fault=_limited(fault, bare[name]))
        return [found[behaviour.name] for behaviour in BEHAVIOURS]

    def _faults(
        self, way: Way, behaviours: list[Behaviour], *, bare: bool = False
    ) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with behaviours that one process shows."""
        if not behaviours:
            return
        app = f"matrix.apps.{self.framework.package}:app"
        with (
            tempfile.TemporaryDirectory() as folder,
            Running(self.server, app, Path(folder), way=way, bare=bare) as site,
        ):
            crash = site.crash
            for behaviour in behaviours:
                with Visitor(site) as visitor:
                    yield behaviour.name, crash or _fault(behaviour, site, visitor)


def _fault(behaviour: Behaviour, site: Running, visitor: Visitor) -> str:
    try:
        behaviour.check(site, visitor)
    except Exception as error:  # an application that is broken shows in many ways
        return str(error).partition("\n")[0] or type(error).__name__
    return ""


def _limited(fault: str, bare: str) -> str:
    """Return what is wrong where a limit is known: it must be there, and be the same without consentkit."""
    if fault == bare:
        return "" if fault else "the limit is gone"
    return f"{fault or 'fine'}; without consentkit: {bare or 'fine'}"
