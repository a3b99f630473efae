"""What holds for visitors, remembered for as long as it cannot change."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

import msgspec

from consentkit.asgi.bounded import Bounded
from consentkit.consent import Consent
from consentkit.consent.resolving import RENEWAL

MEMO: Final = 2048
"""Consents remembered."""


class Resolved(msgspec.Struct, frozen=True, eq=False):
    """A consent and when it holds, from `since` until before `until`, in epoch seconds."""

    consent: Consent
    since: int
    until: float


class Held(msgspec.Struct, frozen=True, eq=False):
    """What holds for a request, as long as its headers and the visitor's place are the same.

    Attributes:
        consent: What the visitor allows.
        hidden: Names of the request's cookies that the app must not see.
        passes: Whether the app sees the request as it came.
        visits: Whether a page in answer may set or expire cookies; with fragments and in frames none does,
            nor in answer to another site, where the decision is not known.
        since: Epoch seconds from which on this holds.
        until: Epoch seconds from which on it may not hold any more.
    """

    consent: Consent
    hidden: frozenset[str]
    passes: bool
    visits: bool
    since: int
    until: float


class ConsentMemo:
    """Remembers what was resolved.

    With everything else the same, the result changes at three points in time only: where the decision's
    grants lapse, where its refusals may be asked about again, and where its cookie is to be signed anew.
    """

    def __init__(self) -> None:
        self._known: Bounded[Hashable, Resolved] = Bounded(MEMO)

    def find(self, key: Hashable, now: int) -> Resolved | None:
        """Return what was resolved from the same, if it holds at epoch seconds ``now``."""
        known = self._known.get(key)
        return known if known and known.since <= now < known.until else None

    def keep(self, key: Hashable, consent: Consent, now: int) -> Resolved:
        """Remember what was resolved at epoch seconds ``now``."""
        decision, validity = consent.decision, consent.validity
        changes: tuple[int, ...] = ()
        if decision is not None:
            lapses, asks_again = decision.expires_at(validity), decision.asks_again_at(validity)
            changes = (lapses, asks_again, decision.signed_at + RENEWAL)
        until = min((at for at in changes if at > now), default=float("inf"))
        known = Resolved(consent, now, until)
        self._known.keep(key, known)
        return known
