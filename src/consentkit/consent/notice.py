"""The notice: exactly what was shown, stored by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property

import msgspec

from consentkit.consent.shown import Shown
from consentkit.policy import Purpose, Regime, Vendor


class Notice(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What a visitor was shown before deciding, with nothing in it that differs between two visitors.

    Attributes:
        locale: The language shown.
        regime: The strictest regime, for which the banner is written.
        regimes: Purpose → regime.
        asked: Purposes that the banner asks for.
        texts: Key → text as shown.
        purposes: With their titles and descriptions.
        vendors: With their cookies and retention.
        fingerprints: Purpose → fingerprint of what a grant of it agrees to.
        html: The banner's HTML before nonce and return path are filled in.
        assets: File name → SHA-256 of the CSS and JS, in hexadecimal.
    """

    locale: str
    regime: Regime
    regimes: Mapping[str, Regime]
    asked: tuple[str, ...]
    texts: Mapping[str, str]
    purposes: tuple[Purpose, ...]
    vendors: tuple[Vendor, ...]
    fingerprints: Mapping[str, str]
    html: str
    assets: Mapping[str, str]

    @cached_property
    def body(self) -> bytes:
        """Return the bundle as canonical JSON: sorted keys, no spaces, UTF-8."""
        bundle = {name: getattr(self, name) for name in self.__struct_fields__}
        bundle |= {name: dict(bundle[name]) for name in ("regimes", "texts", "fingerprints", "assets")}
        plain = msgspec.to_builtins({**bundle, "v": 1})
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @cached_property
    def hash(self) -> str:
        """Return the SHA-256 of `body`, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()

    @staticmethod
    def loads(body: bytes) -> Shown | None:
        """Read a published bundle, of whatever version; ``None`` where it is no notice.

        A field of another form says nothing. Whatever else is in the bundle is passed over.
        """
        try:
            bundle = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        except (ValueError, RecursionError):
            return None
        said = {}
        for field in msgspec.structs.fields(Shown):
            with suppress(ValueError, RecursionError, KeyError):
                said[field.name] = msgspec.json.decode(bundle[field.name], type=field.type)
        return Shown(**said)
