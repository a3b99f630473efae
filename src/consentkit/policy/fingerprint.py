"""Fingerprints of purposes and the revision of a policy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from consentkit.policy.duration import read_duration
from consentkit.policy.tables import Purpose, Vendor


def canonical(value: object) -> bytes:
    """Encode as canonical JSON: RFC 8785 on the subset of ASCII keys, strings, integers and booleans."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(purpose: Purpose, vendors: Iterable[Vendor]) -> str:
    """Hash what a visitor agrees to by granting a purpose.

    Args:
        purpose: Its edition counts, its texts do not.
        vendors: The purpose's declared vendors, as the site wrote them: their ids and retention count;
            nothing that the catalog adds does, or an upgrade would ask visitors again.

    Returns:
        6 hexadecimal digits (3 bytes of SHA-256).
    """
    content = {"edition": purpose.edition, "vendors": {vendor.id: _retention(vendor) for vendor in vendors}}
    return hashlib.sha256(canonical(content)).hexdigest()[:6]


def _retention(vendor: Vendor) -> dict[str, str]:
    declared = {"": vendor.retention, **{cookie.name: cookie.retention for cookie in vendor.cookies}}
    return {name: str(read_duration(text)) for name, text in declared.items() if text}
