"""Scripts that pages load beside the banner's, each named by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from consentkit.gating import module_script, stubs_script
from consentkit.vendorcalls import calls_script
from consentkit.vendorcalls.gpp import gpp_script


def _name(stem: str, body: bytes) -> str:
    return f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.js"


STUBS: Final = _name("st", stubs_script())
"""Stands in for globals of gated snippets."""
MODULE: Final = _name("md", module_script())
"""Stands in for vendors' modules."""
CALLS: Final = _name("vc", calls_script())
"""Makes vendors' calls."""
GPP: Final = _name("pp", gpp_script())
"""Answers ``__gpp``."""

BODIES: Final[Mapping[str, bytes]] = {
    STUBS: stubs_script(),
    MODULE: module_script(),
    CALLS: calls_script(),
    GPP: gpp_script(),
}
"""The scripts by their names."""
