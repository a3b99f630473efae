"""One framework on one server, and what is found of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from matrix.behaviours import BEHAVIOURS, Behaviour, Way
from matrix.limits import Limit, limit_of
from matrix.servers import Running, Server
from matrix.visitor import Visitor

_ROOTS: Final[dict[Way, str]] = {"plain": "", "kept": "/app", "stripped": "/app", "failing": ""}


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
        for way in _ROOTS:
            behaviours = [behaviour for behaviour in BEHAVIOURS if behaviour.way == way]
            limits = {
                one.name: limit_of(one.name, self.framework.name, self.server.name) for one in behaviours
            }
            free = [one for one in behaviours if limits[one.name] is None]
            found |= {name: Outcome(name, fault) for name, fault in self._faults(way, free, "app")}
            limited = [one for one in behaviours if limits[one.name] is not None]
            bare = dict(self._faults(way, limited, "bare"))
            for name, fault in self._faults(way, limited, "app"):
                found[name] = Outcome(name, _limited(fault, bare[name]), limits[name])
        return [found[behaviour.name] for behaviour in BEHAVIOURS]

    def _faults(self, way: Way, behaviours: list[Behaviour], app: str) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with behaviours that are to be seen in one way, of one process."""
        if not behaviours:
            return
        path, root = f"matrix.apps.{self.framework.package}:{app}", _ROOTS[way]
        with (
            tempfile.TemporaryDirectory() as folder,
            Running(self.server, path, Path(folder), root=root) as site,
        ):
            crash = site.crash
            for behaviour in behaviours:
                with Visitor(site, root, stripped=way == "stripped") as visitor:
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
