"""What is counted, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from math import ceil
from pathlib import Path, PurePosixPath
from statistics import median_low
from typing import Final, NamedTuple

import consentkit
from house.execution import Function
from house.imports import circles, import_graph
from house.lines import functions, modules
from house.rooms import browsers, private_names, unlike
from house.site import executed

PACKAGE: Final = Path(consentkit.__file__).parent
TESTS: Final = Path(__file__).parent.parent

_SHARED_NAMES: Final = {"__init__.py", "model.py", "sqlite.py", "postgres.py"}
"""Names that several files may have: the last two are parts of twins."""


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


def median_module() -> Count:
    """Count the lines of code of the module in the middle."""
    found = _modules(PACKAGE)
    return Count(median_low(found.values()), _with_numbers(found))


def number_of_modules() -> Count:
    """Count the modules."""
    found = _modules(PACKAGE)
    return Count(len(found), _with_numbers(found))


def long_functions() -> Count:
    """Count the lines of the function that 95 in 100 are no longer than, its docstring among them."""
    found = functions(PACKAGE)
    return Count(list(found.values())[-ceil(len(found) * 0.95)], _with_numbers(found))


def files_of_the_same_name() -> Count:
    """Count the files that share their name with another."""
    by_name = Counter(PurePosixPath(module).name for module in _modules(PACKAGE))
    found = [
        module
        for module in _modules(PACKAGE)
        if by_name[(name := PurePosixPath(module).name)] > 1 and name not in _SHARED_NAMES
    ]
    return Count(len(found), sorted(found, key=lambda module: (PurePosixPath(module).name, module)))


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


def _listed(found: list[str]) -> Count:
    return Count(len(found), found)


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
    "modules": number_of_modules,
    "lines of the median module": median_module,
    "lines of the 95th function in 100": long_functions,
    "files of the same name": files_of_the_same_name,
    "files of a GET": lambda: _files(_executed(PACKAGE)[0]),
    "functions of a GET": lambda: _functions(_executed(PACKAGE)[0]),
    "files of a decision": lambda: _files(_executed(PACKAGE)[1]),
    "functions of a decision": lambda: _functions(_executed(PACKAGE)[1]),
    "import circles": import_circles,
    "exported names": exported_names,
    "tests unlike the rooms": lambda: _listed(unlike(PACKAGE, TESTS)),
    "browsers in unit tests": lambda: _listed(browsers(TESTS)),
    "private names in tests": lambda: _listed(private_names(TESTS)),
}
