"""What tests owe to the rooms: a folder each, no browser in unit tests, no private names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

NO_ROOMS: Final = frozenset(
    [
        "bench",
        "docs",
        "e2e",
        "examples",
        "frameworks",
        "fuzz",
        "go",
        "house",
        "matrix",
        "node",
        "release",
        "__pycache__",
    ]
)
"""Folders of `tests` that hold no tests of a room."""

_BROWSER: Final = frozenset(("chromium", "chromium_path", "playwright_driver"))
_NAMED_TUPLES: Final = frozenset(("_asdict", "_fields", "_make", "_replace"))
_OWN: Final = frozenset(("self", "cls", "os", "sys"))


def unlike(package: Path, tests: Path) -> list[str]:
    """Return rooms of a package without tests, and folders of tests without a room."""
    rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))}
    folders = {path.name for path in tests.iterdir() if path.is_dir()} - NO_ROOMS
    alone = {path.stem.removeprefix("test_") for path in tests.glob("test_*.py")}
    untested = sorted(room for room in rooms - folders - alone if not room.startswith("__"))
    return [f"{room}: no tests" for room in untested] + [
        f"{name}: no room" for name in sorted(folders - rooms)
    ]


def browsers(tests: Path) -> list[str]:
    """Return where unit tests import a browser, ask for one or are marked as driving one."""
    return [
        f"{path.relative_to(tests)}:{line}"
        for path in _unit_tests(tests)
        for line in sorted(set(_browser_lines(ast.parse(path.read_text()))))
    ]


def private_names(tests: Path) -> list[str]:
    """Return where tests reach for a private name of something else: attributes, imports, dotted texts."""
    return [
        f"{path.relative_to(tests)}:{line} {name}"
        for path in sorted(tests.rglob("*.py"))
        for line, name in _private_names(ast.parse(path.read_text()))
    ]


def _unit_tests(tests: Path) -> Iterator[Path]:
    for path in sorted(tests.rglob("*.py")):
        if path.relative_to(tests).parts[0] not in NO_ROOMS:
            yield path


def _browser_lines(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names) if any(name.name.startswith("playwright") for name in names):
                yield node.lineno
            case ast.ImportFrom(module=str(module)) if module.startswith("playwright"):
                yield node.lineno
            case ast.arg(arg=name) if name in _BROWSER:
                yield node.lineno
            case ast.Attribute(attr="browser", value=ast.Attribute(attr="mark")):
                yield node.lineno


def _private_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner)) if owner in _OWN:
                continue
            case ast.Attribute(attr=name) if _is_private(name) and name not in _NAMED_TUPLES:
                yield node.lineno, name
            case ast.ImportFrom(names=names):
                yield from ((node.lineno, name.name) for name in names if _is_private(name.name))
            case ast.Constant(value=str(text)) if text.startswith("consentkit.") and " " not in text:
                if _is_private(text.rpartition(".")[2]):
                    yield node.lineno, text


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"
