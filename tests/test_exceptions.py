"""The tree of errors in the documentation is the one in the code."""

from __future__ import annotations

import re

from consentkit import exceptions


def test_the_tree_in_the_docstring_is_true() -> None:
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (exceptions.__doc__ or "").splitlines():
        found = re.fullmatch(r" {4}([│├└─ ]*)([A-Z]\w+)( .*)?", line)
        if found:
            depth = len(found[1]) // 4
            above[depth:] = [found[2]]
            drawn[found[2]] = above[depth - 1] if depth else "Exception"
    errors = [
        item for item in vars(exceptions).values() if isinstance(item, type) and issubclass(item, Exception)
    ]
    assert drawn == {error.__name__: error.__bases__[0].__name__ for error in errors}
