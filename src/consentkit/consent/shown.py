"""What a published notice said: its words, and what it bound a choice to."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from consentkit.policy import NECESSARY, Cookie

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
    """A notice as `Notice.loads` reads it; of the same name, the fields are those of a `Notice`.

    What the notice does not say, or says in another form, is empty.
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

    def purpose(self, name: str) -> ShownPurpose:
        """Return the purpose that a purpose's or a vendor's name stands for."""
        vendor = self.vendor(name)
        ident = name if vendor is None else vendor.purpose
        return _named(self.purposes, ident) or ShownPurpose(id=ident)

    def vendor(self, name: str) -> ShownVendor | None:
        """Return the vendor of a name, None for a purpose's."""
        return None if _named(self.purposes, name) else _named(self.vendors, name)

    def title(self, name: str) -> str:
        """Return what a purpose or vendor was called."""
        vendor = self.vendor(name)
        return (self.purpose(name).title if vendor is None else vendor.name) or name

    def vendors_of(self, name: str) -> tuple[ShownVendor, ...]:
        """Return the vendors that a name speaks of: itself, or those of the purpose."""
        vendor = self.vendor(name)
        if vendor is not None:
            return (vendor,)
        return tuple(other for other in self.vendors if other.purpose == name)

    @property
    def heading(self) -> str:
        """Return the banner's heading, or that of the settings where no banner asked."""
        return self.texts.get(f"{self.regime}.title" if self.asked else "settings.title", "")

    @property
    def text(self) -> str:
        """Return the sentences below it, with the words that stood in them for purposes and button."""
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
