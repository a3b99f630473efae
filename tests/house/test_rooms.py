"""Tests have the folders of the rooms, drive no browser outside `e2e`, and reach for nothing private."""

from __future__ import annotations

from pathlib import Path

import pytest

from house.rooms import browsers, private_names, unlike


def write(folder: Path, **files: str) -> Path:
    """Make a tree; in a name ``__`` parts folders."""
    for name, text in files.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_rooms_and_folders_are_the_same(tmp_path: Path) -> None:
    package = write(tmp_path / "package", log__sqlite="", gate="", places="", web__page="")
    tests = write(tmp_path / "tests", log__test_x="", test_gate="", old__test_y="", bench__z="", places__a="")
    assert unlike(package, tests) == ["web: no tests", "old: no room"]


@pytest.mark.parametrize(
    "text",
    [
        "from playwright.sync_api import Page\n",
        "import playwright.sync_api\n",
        "def test(chromium: object) -> None: ...\n",
        "@pytest.mark.browser\ndef test() -> None: ...\n",
    ],
)
def test_a_browser_is_for_e2e(text: str, tmp_path: Path) -> None:
    found = browsers(write(tmp_path, log__test_x="import json\n" + text, e2e__test_y=text))
    assert len(found) == 1
    assert found[0].startswith("log/test_x.py:2")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("log._store.read()", "_store"),
        ("from consentkit.log import _store", "_store"),
        ("patch('consentkit.log._" + "store', 1)", "consentkit.log._" + "store"),
        ("class A:\n def f(self, log): return log._store", "_store"),
    ],
)
def test_private_names_are_found(text: str, name: str, tmp_path: Path) -> None:
    (found,) = private_names(write(tmp_path, log__test_x=text))
    assert found.split() == [f"log/test_x.py:{text.count(chr(10)) + 1}", name]


@pytest.mark.parametrize("text", ["self._x", "row._replace(a=1)", "a.__class__", "os._exit(0)", "'a._b'"])
def test_what_is_ones_own_or_public_is_not(text: str, tmp_path: Path) -> None:
    assert private_names(write(tmp_path, log__test_x=text)) == []
