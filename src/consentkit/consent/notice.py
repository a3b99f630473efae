"""Notice: exactly what a visitor was shown, stored under its hash; and the parser of published ones."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Annotated, TypeVar

import msgspec
from msgspec.structs import replace

from consentkit.consent.decision import Decision
from consentkit.policy import NECESSARY, Cookie, Purpose, Regime, Vendor

_Named = TypeVar("_Named", "ShownPurpose", "ShownVendor")


class ShownPurpose(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose with the words that were shown."""

    id: str
    title: str = ""
    description: str = ""


class ShownVendor(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor as it was shown."""

    id: str
    name: str = ""
    purpose: str = ""
    cookies: tuple[Cookie, ...] = ()
    retention: str = ""
    privacy_policy: str = ""
    country: Annotated[str, msgspec.Meta(pattern="^([A-Z]{2})?$")] = ""
    own_use: bool | None = None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A published notice as `Notice.loads` reads it, of whatever version.

    The fields are those of `Notice`; missing fields and fields of another type are empty.
    """

    locale: str = ""
    regime: str = ""
    regimes: dict[str, str] = {}
    asked: tuple[str, ...] = ()
    texts: dict[str, str] = {}
    purposes: tuple[ShownPurpose, ...] = ()
    vendors: tuple[ShownVendor, ...] = ()
    fingerprints: dict[str, str] = {}
    html: str = ""
    assets: dict[str, str] = {}

    @property
    def names(self) -> frozenset[str]:
        """Return the ids of all purposes and vendors in it."""
        return frozenset(self.fingerprints) | {vendor.id for vendor in self.vendors}

    def purpose(self, name: str) -> ShownPurpose:
        """Return the purpose of that name, or of the vendor of that name."""
        vendor = self.vendor(name)
        ident = name if vendor is None else vendor.purpose
        return _named(self.purposes, ident) or ShownPurpose(id=ident)

    def vendor(self, name: str) -> ShownVendor | None:
        """Return the vendor of that name; None if it is a purpose."""
        return None if _named(self.purposes, name) else _named(self.vendors, name)

    def title(self, name: str) -> str:
        """Return the shown name of a purpose or vendor."""
        vendor = self.vendor(name)
        return (self.purpose(name).title if vendor is None else vendor.name) or name

    def vendors_of(self, name: str) -> tuple[ShownVendor, ...]:
        """Return the vendor of that name, or the vendors of the purpose of that name."""
        vendor = self.vendor(name)
        return (vendor,) if vendor else tuple(one for one in self.vendors if one.purpose == name)

    @property
    def heading(self) -> str:
        """Return the banner's heading, or that of the settings page if no banner was shown."""
        return self.texts.get(f"{self.regime}.title" if self.asked else "settings.title", "")

    @property
    def text(self) -> str:
        """Return the text below it, with the names of purposes and button filled in."""
        if not self.asked:
            return self.texts.get("settings.intro", "")
        used = {vendor.purpose for vendor in self.vendors}
        titles = [
            purpose.title
            for purpose in self.purposes
            if purpose.id in self.asked and (purpose.id in used or used <= {NECESSARY})
        ]
        text = self.texts.get(f"{self.regime}.notice", "")
        text = text.replace("{opt-out}", self.texts.get(f"{self.regime}.reject", ""))
        return text.replace("{purposes}", self.texts.get("common.separator", ", ").join(titles))


def _named(things: tuple[_Named, ...], name: str) -> _Named | None:
    return next((thing for thing in things if thing.id == name), None)


class Notice(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What a visitor was shown before deciding. It contains nothing about the single visitor.

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
        bundle = {**msgspec.to_builtins(self, enc_hook=dict), "v": 1}
        return json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @cached_property
    def hash(self) -> str:
        """Return the SHA-256 of `body`, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()

    @staticmethod
    def loads(body: bytes) -> Shown | None:
        """Read a published bundle, of whatever version; ``None`` where it is no notice.

        A field of another type is left empty. Unknown fields are ignored.
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


def read_terms(body: bytes) -> Shown | None:
    """Read a notice from the log; ``None`` if it has too little to bind a choice."""
    shown = Notice.loads(body)
    if shown is None or not shown.locale or not shown.fingerprints or shown.regime not in set(Regime):
        return None
    return shown


def on_terms(decision: Decision, terms: Shown) -> Decision:
    """Bind a decision to an earlier notice: it grants only what the notice named.

    Purposes that have changed since are asked again: their fingerprints differ from the policy's.

    Args:
        decision: As it would be made now.
        terms: The notice that the visitor saw, from `read_terms`.
    """
    seen = terms.fingerprints
    return replace(
        decision,
        regime=Regime(terms.regime),
        granted=decision.granted & terms.names,
        left_on=decision.left_on & terms.names,
        fingerprints={name: seen[name] for name in decision.fingerprints if name in seen},
    )
