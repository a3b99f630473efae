"""What is counted, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import consentkit
from house.execution import Function
from house.imports import circles, import_graph
from house.lines import modules
from house.site import executed

PACKAGE: Final = Path(consentkit.__file__).parent


class Count(NamedTuple):
    """A number, and what was counted, a line for each."""

    number: int
    counted: list[str]


def lines(room: str = "") -> Count:
    """Count lines of code, of the package or of one room."""
    found = {module: number for module, number in _modules(PACKAGE).items() if module.startswith(room)}
    return Count(sum(found.values()), _with_numbers(found))


def longest_module() -> Count:
    """Count the lines of code of the longest module."""
    found = _modules(PACKAGE)
    return Count(max(found.values()), _with_numbers(found))


def import_circles() -> Count:
    """Count circles of imports."""
    graph = import_graph(PACKAGE)
    found = circles(graph)
    imports = [
        f"{module} imports {target} in line {line}"
        for circle in found
        for module in sorted(circle)
        for target, line in graph[module].items()
        if target in circle
    ]
    return Count(len(found), imports)


def exported_names() -> Count:
    """Count what `consentkit` exports."""
    return Count(len(consentkit.__all__), list(consentkit.__all__))


_modules = cache(modules)
_executed = cache(executed)


def _files(functions: Iterable[Function]) -> Count:
    found = sorted({function.file for function in functions})
    return Count(len(found), found)


def _functions(functions: Iterable[Function]) -> Count:
    found = [f"{file}:{line} {name}" for file, line, name in sorted(functions)]
    return Count(len(found), found)


def _with_numbers(found: dict[str, int]) -> list[str]:
    return [f"{number:6}  {module}" for module, number in found.items()]


COUNTS: Final[dict[str, Callable[[], Count]]] = {
    "lines of code": lines,
    "lines of asgi": lambda: lines("asgi/"),
    "lines of the longest module": longest_module,
    "files of a GET": lambda: _files(_executed(PACKAGE)[0]),
    "functions of a GET": lambda: _functions(_executed(PACKAGE)[0]),
    "files of a decision": lambda: _files(_executed(PACKAGE)[1]),
    "functions of a decision": lambda: _functions(_executed(PACKAGE)[1]),
    "import circles": import_circles,
    "exported names": exported_names,
}
