"""The scripts in a tag's attributes: event handlers, and addresses that run when they are followed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from consentkit.gating.elements import ADDRESSED
from consentkit.gating.wrapped import unwrap
from consentkit.rewriter import Attribute, decode


def scripts_in(name: bytes, attributes: Iterable[Attribute]) -> Mapping[bytes, list[bytes]]:
    """Return the scripts in a tag's attributes by the names of these, duplicates included.

    Args:
        name: Lower-case name of the element.
        attributes: All attributes of its tag.
    """
    scripts: dict[bytes, list[bytes]] = {}
    for attribute in attributes:
        if attribute.value and (text := _script(name, attribute.name, attribute.value)):
            scripts.setdefault(attribute.name, []).append(text)
    return scripts


def _script(element: bytes, name: bytes, value: bytes) -> bytes:
    if name.startswith(b"on"):
        return decode(value).encode()
    if element not in ADDRESSED.get(name, ()):
        return b""
    text = decode(value)
    addresses = text.split(";") if name == b"values" else [text]
    inside = [unwrap(address, element) for address in addresses]
    return b"\n".join(inner.text for inner in inside if inner is not None and inner.kind == "script")
