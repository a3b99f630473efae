"""What holds before a visitor has chosen."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Regime(enum.StrEnum):
    """What holds before a choice, and what the banner must offer."""

    OPT_IN = "opt-in"
    OPT_OUT = "opt-out"
    INFORM = "inform"
    NONE = "none"

    @property
    def strictness(self) -> int:
        """Rank the regime: 3 for `opt-in`, down to 0 for `none`."""
        return _STRICTNESS[self]

    @property
    def grants(self) -> bool:
        """Say whether purposes are granted before a choice."""
        return self is not Regime.OPT_IN

    @property
    def prompts(self) -> bool:
        """Say whether a banner asks or informs."""
        return self is not Regime.NONE


_STRICTNESS = {Regime.OPT_IN: 3, Regime.OPT_OUT: 2, Regime.INFORM: 1, Regime.NONE: 0}


def strictest(regimes: Iterable[Regime]) -> Regime:
    """Return the strictest of some regimes, for which a banner is written: `opt-in` where there is none."""
    return max(regimes, key=_STRICTNESS.__getitem__, default=Regime.OPT_IN)
