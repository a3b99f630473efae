"""What a site is told while nothing is enforced: each thing once, and how often all of it in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

MOST: Final = 200
"""Things that are told; of more, that there are more. Pages may name any host."""

NAMED: Final = 20
"""Things that the summary names."""

BEGUN: Final = "enforce=False: nothing is held back and nobody is asked. What pages hold is told here, once"
"""What is said at the start."""


class Trial:
    """Counts what the gate found, and says what is to be told of it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._pages = 0
        self._has_more = False

    def note(self, things: Iterable[str]) -> list[str]:
        """Take what one response has been found to hold, and return what is new."""
        found, new = dict.fromkeys(things), list[str]()
        self._pages += bool(found)
        for thing in found:
            if thing in self._counts:
                self._counts[thing] += 1
            elif len(self._counts) < MOST:
                self._counts[thing] = 1
                new.append(f"not enforced; found on a page: {thing}")
            elif not self._has_more:
                self._has_more = True
                new.append(f"not enforced; more than {MOST} things were found")
        return new

    def end(self) -> str:
        """Say how often what was found, and begin anew; nothing where nothing was."""
        most = "; ".join(f"{count} × {thing}" for thing, count in self._counts.most_common(NAMED))
        told = f"not enforced; pages with something of it: {self._pages}; {most}" if self._pages else ""
        self._counts.clear()
        self._pages, self._has_more = 0, False
        return told
