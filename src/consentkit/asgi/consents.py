"""What holds for visitors, remembered for as long as it cannot change."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NamedTuple

from consentkit.consent import Consent
from consentkit.consent.resolving import RENEWAL

MEMO: Final = 2048
"""Consents remembered."""


class _Known(NamedTuple):
    consent: Consent
    since: int
    until: float


class ConsentMemo:
    """Remembers what was resolved.

    With everything else the same, the result changes at two points in time only: where the decision's grants
    lapse, and where its cookie is to be signed anew.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, _Known] = {}

    def find(self, key: Hashable, now: int) -> Consent | None:
        """Return what was resolved from the same, if it holds at epoch seconds ``now``."""
        known = self._known.get(key)
        return known.consent if known and known.since <= now < known.until else None

    def keep(self, key: Hashable, consent: Consent, now: int) -> None:
        """Remember what was resolved at epoch seconds ``now``."""
        decision = consent.decision
        changes = (decision.expires_at, decision.signed_at + RENEWAL) if decision else ()
        until = min((at for at in changes if at > now), default=float("inf"))
        if len(self._known) >= MEMO:
            self._known.clear()
        self._known[key] = _Known(consent, now, until)
