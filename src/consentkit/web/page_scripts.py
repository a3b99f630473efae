"""Scripts that pages load besides the banner's: names, contents, and the attributes of the GPP script."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from consentkit.consent.consent import Consent
from consentkit.gating.model import module_script, stubs_script
from consentkit.policy import Regime
from consentkit.vendorcalls import calls_script
from consentkit.vendorcalls.gpp import GPP, gpp_attributes, gpp_for, gpp_script


def _named(stem: str, body: bytes) -> tuple[str, bytes]:
    return f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.js", body


_STUBS, _MODULE = _named("st", stubs_script()), _named("md", module_script())
_gpp_for = lru_cache(maxsize=512)(gpp_for)
_CALLS, _GPP = _named("vc", calls_script()), _named("pp", gpp_script())

STUBS_NAME: Final = _STUBS[0]
"""Script with stubs for the globals of gated snippets."""
MODULE_NAME: Final = _MODULE[0]
"""Module loaded in place of gated modules."""
CALLS_NAME: Final = _CALLS[0]
"""Script that makes vendor calls, such as Consent Mode."""
GPP_NAME: Final = _GPP[0]
"""Script that provides ``__gpp``."""
SCRIPTS: Final[Mapping[str, bytes]] = dict((_STUBS, _MODULE, _CALLS, _GPP))
"""The scripts by their names, which change with their content."""


def gpp_of(consent: Consent) -> GPP | None:
    """Return the visitor's GPP string and fields; ``None`` where GPP does not apply.

    It applies only in the United States, under `opt-out`.
    """
    place, policy = consent.place, consent.policy
    if place is None or place.country != "US":
        return None
    sales = [purpose.id for purpose in policy.purposes.values() if purpose.sale]
    if not any(consent.regimes.get(name) is Regime.OPT_OUT for name in sales):
        return None
    opted_out = any(name in consent.denied for name in sales) if policy.sells else None
    name = f"US-{place.region}" if place.region else "US"
    return _gpp_for(name, opted_out=opted_out, gpc=consent.signal == "gpc")


def write_gpp(consent: Consent) -> str:
    """Write the attributes of the GPP script's tag; empty if it is not loaded."""
    gpp = gpp_of(consent)
    return gpp_attributes(gpp, prompting=consent.needs_prompt) if gpp is not None else ""
