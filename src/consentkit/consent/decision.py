"""The visitor's act: what was granted and denied, when and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec
from msgspec.structs import force_setattr

from consentkit.policy import Regime, Validity

DAY = 86_400  # seconds
MAX_AGE = 34_560_000  # seconds: the 400 days that browsers allow a cookie (RFC 6265bis, section 5.5)
ONCE_SECONDS = 60  # for which what is allowed once is allowed

Source = Literal["banner", "settings", "embed", "gpc", "api"]
SOURCES: tuple[str, ...] = get_args(Source)


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a visitor decided. It holds no identifier.

    Attributes:
        regime: The strictest regime under which it was made. Its grants count in none that is stricter.
        granted: Purposes, and vendors allowed one by one.
        denied: Purposes, and vendors refused one by one. A name in both counts as denied.
        left_on: Purposes that were on by the regime's default, and that the visitor left on. That is an
            answer where the default grants, and no grant anywhere.
        fingerprints: Purpose → fingerprint at the time.
        day: Days since the epoch on which it was made; grants lapse counting from here.
        source: How it was made.
        gpc_shown: Whether the visitor was shown that the browser's signal had been received.
        signed_at: Epoch seconds at which its cookie was last signed; 0 for one that has no cookie yet.
    """

    regime: Regime
    granted: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    left_on: frozenset[str] = frozenset()
    fingerprints: Mapping[str, str] = {}
    day: int
    source: Source = "banner"
    gpc_shown: bool = False
    signed_at: int = 0

    def __post_init__(self) -> None:
        force_setattr(self, "granted", frozenset(self.granted) - frozenset(self.denied))
        force_setattr(self, "denied", frozenset(self.denied))
        force_setattr(self, "left_on", frozenset(self.left_on) - self.granted - self.denied)

    @property
    def decided_at(self) -> int:
        """Return epoch seconds of the day's beginning."""
        return self.day * DAY

    def expires_at(self, validity: Validity) -> int:
        """Return epoch seconds from which its grants count no longer. Its denials never lapse.

        Args:
            validity: How long choices hold at the visitor's place, from `Policy.validity_at`.
        """
        return (self.day + validity.grant_days) * DAY

    def asks_again_at(self, validity: Validity) -> int:
        """Return epoch seconds from which its denials may be asked about again, under `opt-in` only."""
        return (self.day + validity.refusal_days) * DAY

    def max_age(self, validity: Validity, *, now: int) -> int:
        """Return how many seconds a browser should keep it.

        Args:
            validity: As in `expires_at`.
            now: Epoch seconds.

        Returns:
            400 days where anything is denied, else the rest of the grants' time.
        """
        return MAX_AGE if self.denied else max(0, min(self.expires_at(validity) - now, MAX_AGE))


class Invalid(msgspec.Struct, frozen=True):
    """A decision cookie that is there and cannot be believed. It denies everything but `necessary`."""


INVALID = Invalid()
