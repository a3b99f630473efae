"""What a site is told while nothing is enforced: each thing once, and how often all of it in the end."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Final

MOST: Final = 200
"""Things that are told; of more, that there are more. Pages may name any host."""

NAMED: Final = 20
"""Things that the summary names."""

_logger: Final = logging.getLogger("consentkit")


class Trial:
    """Tells at level ``WARNING``, which servers print, what the gate found."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._pages = 0
        self._has_more = False

    def begin(self) -> None:
        """Say that nothing is enforced."""
        _logger.warning(
            "enforce=False: nothing is held back and nobody is asked. What pages hold is told here, once"
        )

    def note(self, things: Iterable[str]) -> None:
        """Take what one response has been found to hold, and tell what is new."""
        found = dict.fromkeys(things)
        self._pages += bool(found)
        for thing in found:
            if thing in self._counts:
                self._counts[thing] += 1
            elif len(self._counts) < MOST:
                self._counts[thing] = 1
                _logger.warning("not enforced; found on a page: %s", thing)
            elif not self._has_more:
                self._has_more = True
                _logger.warning("not enforced; more than %d things were found", MOST)

    def end(self) -> None:
        """Say how often what was found. A second time there is nothing left to say."""
        if self._pages:
            most = "; ".join(f"{count} × {thing}" for thing, count in self._counts.most_common(NAMED))
            _logger.warning("not enforced; pages with something of it: %d; %s", self._pages, most)
        self._counts.clear()
        self._pages, self._has_more = 0, False
