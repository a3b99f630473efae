"""A choice made on a notice that is shown no more holds on that notice's terms."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from consentkit.consent.decision import Decision
from consentkit.consent.notice import Notice
from consentkit.policy import Regime


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a published notice bound a choice to.

    Attributes:
        locale: The language that was shown.
        regime: The strictest regime of all purposes.
        asked: Purposes that the banner asked for.
        fingerprints: Purpose → fingerprint.
        names: Ids of all purposes and vendors that the notice spoke of.
    """

    locale: str
    regime: Regime
    asked: tuple[str, ...]
    fingerprints: dict[str, str]
    names: frozenset[str]


def read_terms(body: bytes) -> Terms | None:
    """Read the terms of a notice as the log keeps it; ``None`` where it does not say enough."""
    shown = Notice.loads(body)
    if shown is None or not shown.locale or not shown.fingerprints or shown.regime not in set(Regime):
        return None
    return Terms(
        locale=shown.locale,
        regime=Regime(shown.regime),
        asked=shown.asked,
        fingerprints=shown.fingerprints,
        names=frozenset(shown.fingerprints) | {vendor.id for vendor in shown.vendors},
    )


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
