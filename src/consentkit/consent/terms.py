"""A choice made on a notice that is shown no more holds on that notice's terms."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from consentkit.consent.decision import Decision
from consentkit.policy import Regime


class _Named(msgspec.Struct, frozen=True):
    id: str


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a published notice bound a choice to.

    Attributes:
        locale: The language that was shown.
        regime: The strictest regime of all purposes.
        asked: Purposes that the banner asked for.
        fingerprints: Purpose → fingerprint.
        vendors: The declared vendors.
    """

    locale: str
    regime: Regime
    asked: tuple[str, ...]
    fingerprints: dict[str, str]
    vendors: tuple[_Named, ...]

    @property
    def names(self) -> frozenset[str]:
        """Return the ids of all purposes and vendors that the notice spoke of."""
        return frozenset(self.fingerprints) | frozenset(vendor.id for vendor in self.vendors)


def read_terms(body: bytes) -> Terms | None:
    """Read a notice bundle as the log keeps it; ``None`` where it does not say enough."""
    try:
        return msgspec.json.decode(body, type=Terms)
    except msgspec.MsgspecError:
        return None


def on_terms(decision: Decision, terms: Terms) -> Decision:
    """Bind a decision to an earlier notice: it grants nothing that the notice did not speak of.

    What has changed since is asked again, because its fingerprint is not that of the policy any more.

    Args:
        decision: As it would be made now.
        terms: Those of the notice that the visitor saw.
    """
    seen = terms.fingerprints
    return replace(
        decision,
        regime=terms.regime,
        granted=decision.granted & terms.names,
        left_on=decision.left_on & terms.names,
        fingerprints={name: seen[name] for name in decision.fingerprints if name in seen},
    )
