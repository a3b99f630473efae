"""Circles of imports are found wherever an import stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from house.imports import circles, import_graph


def found(folder: Path, **modules: str) -> list[list[str]]:
    """Write a package of modules, and of a room's modules, `room_…`, and return its circles."""
    for name, source in modules.items():
        path = folder / "shop" / f"{name.replace('room_', 'room/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return [sorted(circle) for circle in circles(import_graph(folder / "shop"))]


@pytest.mark.parametrize(
    "back",
    [
        "import shop.a\n",
        "from shop import a\n",
        "from shop.a import x\n",
        "def f():\n    from shop.a import x\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.a import x\n",
    ],
)
def test_an_import_back_makes_a_circle(tmp_path: Path, back: str) -> None:
    assert found(tmp_path, a="import shop.b\n", b=back) == [["shop.a", "shop.b"]]


def test_a_longer_way_round_is_one_circle(tmp_path: Path) -> None:
    modules = {"a": "import shop.b, shop.d", "b": "import shop.c", "c": "import shop.a", "d": "import os"}
    assert found(tmp_path, **modules) == [["shop.a", "shop.b", "shop.c"]]


def test_circles_that_only_one_joins_to_the_other_are_two(tmp_path: Path) -> None:
    modules = {"a": "import shop.b", "b": "import shop.a, shop.c", "c": "import shop.d", "d": "import shop.c"}
    assert found(tmp_path, **modules) == [["shop.a", "shop.b"], ["shop.c", "shop.d"]]


@pytest.mark.parametrize(
    ("inner", "circle"),
    [
        ("", []),
        ("from shop.room.other import y\n", []),
        ("from shop.room import other\n", []),
        ("from shop.room import x\n", [["shop.room", "shop.room.inner"]]),
        ("import shop.room\n", [["shop.room", "shop.room.inner"]]),
    ],
)
def test_a_room_may_import_its_modules_unless_they_import_the_room(
    tmp_path: Path, inner: str, circle: list[list[str]]
) -> None:
    room = {"room___init__": "from shop.room.inner import x\n", "room_inner": inner, "room_other": ""}
    assert found(tmp_path, **room) == circle
