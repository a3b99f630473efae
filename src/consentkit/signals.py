"""Privacy signals of the browser: Global Privacy Control (Sec-GPC) and Do Not Track (DNT)."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

Signal: TypeAlias = Literal["gpc", "dnt"]


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """The privacy signals of one request.

    Attributes:
        gpc: Global Privacy Control: do not sell or share.
        dnt: Do Not Track. Abandoned by its authors; it counts only if the policy says so.
    """

    gpc: bool = False
    dnt: bool = False

    def names(self, *, dnt: bool) -> tuple[Signal, ...]:
        """Return the names of the signals that count, ``gpc`` first.

        Args:
            dnt: Whether Do Not Track counts.
        """
        gpc: tuple[Signal, ...] = ("gpc",) if self.gpc else ()
        return (*gpc, "dnt") if self.dnt and dnt else gpc


_COMBINATIONS = {(gpc, dnt): Signals(gpc=gpc, dnt=dnt) for gpc in (False, True) for dnt in (False, True)}


def read_signals(headers: Iterable[tuple[bytes, bytes]]) -> Signals:
    """Read the signals from a request's headers.

    Args:
        headers: ASGI headers: names in lower case, values as received.

    Returns:
        The signals. Only the value ``1`` counts (W3C Global Privacy Control, "Sec-GPC"); of several headers,
        one with ``1`` is enough.
    """
    gpc = dnt = False
    for name, value in headers:
        if name == b"sec-gpc":
            gpc = gpc or value == b"1"
        elif name == b"dnt":
            dnt = dnt or value == b"1"
    return _COMBINATIONS[gpc, dnt]
