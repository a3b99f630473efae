"""Which files and functions of a package are executed meanwhile, in all threads."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple, Self


class Function(NamedTuple):
    """Code with a name: functions, and before Python 3.12 comprehensions too."""

    file: str
    line: int
    name: str


class Profile:
    """What is executed of a package. Sees the thread that enters it, and threads begun after that.

    Args:
        package: The package's folder.
    """

    def __init__(self, package: Path) -> None:
        self._folder = f"{package}/"
        self._seen: set[Function] | None = None

    def __enter__(self) -> Self:
        threading.setprofile(self._look)
        sys.setprofile(self._look)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    @contextmanager
    def gathered(self) -> Iterator[set[Function]]:
        """Gather what is executed until the end of the block."""
        self._seen = seen = set[Function]()
        try:
            yield seen
        finally:
            self._seen = None

    def _look(self, frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if self._seen is not None and event == "call" and code.co_filename.startswith(self._folder):
            file = code.co_filename.removeprefix(self._folder)
            self._seen.add(Function(file, code.co_firstlineno, code.co_qualname))
