"""Lines of code are those with code on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from house.lines import functions, lines_of_code, modules


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("", 0),
        ("# a comment\n\n", 0),
        ('"""One\n\nand more."""\n', 0),
        ("x = 1  # a comment\n", 1),
        ("def f() -> None:\n    '''What it does.'''\n", 1),
        ('class A:\n    x: int\n    """What x is."""\n', 2),
        ("f(\n    # a comment\n    1,\n\n    2,\n)\n", 4),
        ('x = """a\n\nb"""\n', 3),
    ],
)
def test_comments_docstrings_and_empty_lines_are_none(source: str, lines: int) -> None:
    assert lines_of_code(source) == lines


def test_the_longest_module_comes_first(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "short.py").write_text("x = 1\n")
    (tmp_path / "room" / "long.py").write_text("x = 1\ny = 2\n")
    assert list(modules(tmp_path).items()) == [("room/long.py", 2), ("short.py", 1)]


def test_a_function_has_its_docstring_and_not_its_decorators(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('@cache\ndef f(\n    x: int,\n) -> int:\n    """It."""\n    return x\n')
    (tmp_path / "b.py").write_text("class B:\n    async def g(self) -> None: ...\n")
    assert functions(tmp_path) == {"a.py:2 f": 5, "b.py:2 g": 1}
