"""IAB's Global Privacy Platform, where its law holds: opt-out regimes of the United States."""

from __future__ import annotations

from functools import lru_cache

from consentkit.consent import Consent
from consentkit.policy import Regime
from consentkit.vendorcalls.gpp import GPP, gpp_attributes, gpp_for


def gpp_of(consent: Consent) -> GPP | None:
    """Say in GPP what holds for a visitor; ``None`` where nobody may ask for it.

    It is told in the United States only, and only where data may be sold unless the visitor opts out.
    """
    place = consent.place
    if place is None or place.country != "US":
        return None
    policy = consent.policy
    sales = [purpose.id for purpose in policy.purposes.values() if purpose.sale]
    if not any(consent.regimes.get(name) is Regime.OPT_OUT for name in sales):
        return None
    opted_out = any(name in consent.denied for name in sales) if policy.sells else None
    return _made(f"US-{place.region}" if place.region else "US", opted_out, consent.signal == "gpc")


def write_gpp(consent: Consent) -> str:
    """Write the attributes of the element that loads the script; nothing where it is not to be loaded."""
    gpp = gpp_of(consent)
    return gpp_attributes(gpp, prompting=consent.needs_prompt) if gpp is not None else ""


@lru_cache(maxsize=512)
def _made(place: str, opted_out: bool | None, gpc: bool) -> GPP:
    return gpp_for(place, opted_out=opted_out, gpc=gpc)
