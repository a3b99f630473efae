"""Elements that a vendor's script fills, such as ``<div class=g-recaptcha>``: which they are, and whose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from consentkit.catalog import CONTAINER
from consentkit.gating.elements import NAMES, RARE
from consentkit.gating.party import Party
from consentkit.rewriter import attributes, decode

_USUAL: Final = frozenset({b"div", b"section", b"span"})
"""Elements that a selector without one means."""
_KEYS: Final = {".": b"class", "#": b"id"}


class _Filled(NamedTuple):
    party: Party
    key: bytes  # class or id, or the attribute that tells alone; nothing where the element does
    word: str
    begun: bool

    def holds(self, values: Mapping[bytes, str]) -> bool:
        """Tell whether an element with these attributes is meant."""
        words = values.get(self.key, "").split() if self.word else ()
        if self.begun:
            return any(word.startswith(self.word) for word in words)
        return self.word in words if self.word else not self.key or self.key in values


class Containers:
    """Selectors of all vendors, compiled.

    Args:
        selectors: Each with its party. A frequent element is found by its class only where that is the first
            of its classes, or where the element has the attribute that stands behind the class.

    Attributes:
        names: The elements that the rewriter shows for these and for all others that matter.
        rare: The attributes on which it shows others, as in `consentkit.rewriter.Handler.rare`.
    """

    def __init__(self, selectors: Iterable[tuple[str, Party]]) -> None:
        names, rare = set(NAMES), dict(RARE)
        self._filled: dict[bytes, list[_Filled]] = {}
        for text, party in selectors:
            match = CONTAINER.match(text)
            element, sign, word, star, attribute = match.groups("") if match else ("",) * 5
            elements = frozenset({element.encode()}) if element else _USUAL
            key = _KEYS.get(sign, attribute.encode())
            for name in elements:
                self._filled.setdefault(name, []).append(_Filled(party, key, word, bool(star)))
            names |= frozenset() if key else elements
            for found in {attribute.encode(), key + b"=" + word.encode() if sign else b""} - {b""}:
                rare[found] = rare.get(found, frozenset()) | elements
        self.names: Final = frozenset(names)
        self.rare: Final = frozenset(rare.items())

    def find(self, raw: bytes, name: bytes) -> Party | None:
        """Find whose container a tag is.

        Args:
            raw: The tag's bytes.
            name: Lower-case name of the element.
        """
        if name not in self._filled:
            return None
        values = {item.name: decode(item.value or b"") for item in reversed(attributes(raw))}
        return next((one.party for one in self._filled[name] if one.holds(values)), None)
