"""The attributes of one whole tag, and the character references in their values."""

import re
from html.entities import html5
from typing import NamedTuple

from consentkit.rewriter.grammar import ATTRIBUTE, TAG_NAME

_REFERENCE = re.compile(r"&(?:#[xX]([0-9a-fA-F]+);?|#([0-9]+);?|([a-zA-Z][a-zA-Z0-9]*);?)")
# Five codes have no character in windows-1252: they stand for themselves.
_WINDOWS_1252 = {code: bytes([code]).decode("windows-1252", "ignore") for code in range(0x80, 0xA0)}
_LEGACY = {name for name in html5 if not name.endswith(";")}


class Attribute(NamedTuple):
    """One attribute of a tag, with the places of its parts in the tag's bytes.

    Attributes:
        name: Lower-case name.
        value: The value as written, without quotes, references not decoded; ``None`` if there is none.
        name_start: Offset of the name's first byte in the tag.
        name_end: Offset after the name.
        value_start: Offset of the value's first byte, without quotes; ``name_end`` if there is none.
        value_end: Offset after the value; ``name_end`` if there is none.
    """

    name: bytes
    value: bytes | None
    name_start: int
    name_end: int
    value_start: int
    value_end: int


def attributes(raw: bytes) -> list[Attribute]:
    """Read the attributes of a whole tag (WHATWG HTML 13.2.5.32 to 13.2.5.40).

    Args:
        raw: The tag from ``<`` to ``>``.

    Returns:
        Every attribute in order, duplicates included: browsers take the first of a name and drop the rest.
    """
    found = TAG_NAME.match(raw)
    at = found.end() if found else len(raw)
    result = []
    while match := ATTRIBUTE.match(raw, at):
        start, end = match.span(1)
        at = match.end()
        value, place = None, (end, end)
        if (group := match.lastindex or 1) > 1:
            value, place = match[group], match.span(group)
        result.append(Attribute(match[1].lower(), value, start, end, *place))
    return result


def _numeric(digits: str, base: int) -> str:
    """Map a numeric character reference (WHATWG HTML 13.2.5.80)."""
    digits = digits.lstrip("0")
    code = int(digits or "0", base) if len(digits) <= 7 else -1  # no more is a character in either base
    if code <= 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return _WINDOWS_1252.get(code) or chr(code)


def _named(whole: str, name: str, following: str) -> str:
    """Map a named reference; in attributes ``&copy=`` and ``&copyx`` are text (WHATWG HTML 13.2.5.73)."""
    if whole.endswith(";") and name + ";" in html5:
        return html5[name + ";"]
    for length in range(len(name), 1, -1):
        if name[:length] in _LEGACY:
            rest = name[length:] + (";" if whole.endswith(";") else "")
            after = rest[:1] or following
            if after == "=" or (after.isascii() and after.isalnum()):
                return whole
            return html5[name[:length]] + rest
    return whole


def decode(value: bytes) -> str:
    """Decode an attribute's value as browsers do.

    Args:
        value: The bytes between the quotes.

    Returns:
        The text with character references resolved; bytes that are not UTF-8 become U+FFFD.
    """
    text = value.decode("utf-8", "replace")
    if "&" not in text:
        return text

    def resolve(match: re.Match[str]) -> str:
        if match[1] or match[2]:
            return _numeric(match[1] or match[2], 16 if match[1] else 10)
        return _named(match[0], match[3], text[match.end() : match.end() + 1])

    return _REFERENCE.sub(resolve, text)


_SCHEME = "javascript:"
_STRIPPED = "".join(map(chr, range(0x21)))
_REMOVED = dict.fromkeys(map(ord, "\t\n\r"))


def runs_script(value: bytes) -> bool:
    """Say whether an attribute's value is a ``javascript:`` URL (WHATWG URL 4.4, basic URL parser).

    Args:
        value: The bytes between the quotes.
    """
    address = decode(value).lstrip(_STRIPPED)
    return address.translate(_REMOVED)[: len(_SCHEME)].lower() == _SCHEME
