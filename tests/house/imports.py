"""Which modules of a package import which, and the circles among them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

Graph = dict[str, dict[str, int]]
"""Module → what it imports of its package, and in which line."""


def import_graph(package: Path) -> Graph:
    """Read every import in a package: at the top, in functions and under ``TYPE_CHECKING`` alike.

    ``from a import b`` imports ``a.b`` where that is a module, else ``a``. That Python runs ``a`` before
    ``a.b`` counts for nothing. Relative imports are not looked at: ruff refuses them.
    """
    sources = {_name(path, package.parent): path.read_text() for path in package.rglob("*.py")}
    return {
        module: {target: line for target, line in _targets(source, set(sources)) if target in sources}
        for module, source in sources.items()
    }


def circles(graph: Graph) -> list[frozenset[str]]:
    """Return the circles: groups of modules, as large as can be, of which each reaches all others."""
    reached = {module: _reached(graph, module) for module in graph}
    found = {
        frozenset(other for other in reached[module] if module in reached[other])
        for module in graph
        if module in reached[module]
    }
    return sorted(found, key=sorted)


def _name(path: Path, above: Path) -> str:
    return ".".join(path.relative_to(above).with_suffix("").parts).removesuffix(".__init__")


def _targets(source: str, modules: set[str]) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield (inner if inner in modules else node.module), node.lineno


def _reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = graph[ahead.pop()].keys() - found
        found |= new
        ahead += new
    return found
