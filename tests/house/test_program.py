"""The program prints each number with its limit, and fails where one is passed."""

from __future__ import annotations

import pytest

from house.__main__ import main
from house.counts import COUNTS, Count
from house.limits import LIMITS, Limit

TABLE = {"doors": lambda: Count(2, ["front", "back"]), "windows": lambda: Count(3, ["a", "b", "c"])}


@pytest.mark.parametrize(("most", "code"), [(1, 1), (2, 0), (3, 0)])
def test_a_limit_that_is_passed_fails(most: int, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    limits = {"doors": Limit(most, before=9), "windows": Limit(3, before=9)}
    assert main([], limits, TABLE) == code
    doors, windows = capsys.readouterr().out.splitlines()
    assert doors.split()[:2] == ["doors", "2"]
    assert ("OUTSIDE" in doors) == bool(code)
    assert "OUTSIDE" not in windows


@pytest.mark.parametrize(("least", "code"), [(1, 0), (2, 0), (3, 1)])
def test_a_number_may_be_too_small(least: int, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], {"doors": Limit(9, before=9, least=least)}, TABLE) == code
    assert ("OUTSIDE" in capsys.readouterr().out) == bool(code)


def test_what_was_counted_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "doors"], {}, TABLE) == 0
    assert capsys.readouterr().out.split() == ["front", "back"]


def test_all_that_is_counted_has_a_limit() -> None:
    assert LIMITS.keys() == COUNTS.keys()
