"""Hosts as browsers read them (WHATWG URL, "host parsing"; UTS 46 in its non-transitional form).

The point is that no spelling of a host escapes its rule: whatever a browser would resolve to a name,
`read_host` gives that same name. Every code point was held against Chromium's answer (its tests say how).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import unquote_to_bytes

MAX_HOST: Final = 1024
"""Characters of a host that are looked at; names end at 253, spellings with percent signs are longer."""

UNREADABLE: Final = "?"
"""Stands for a host that a browser may take although it cannot be read here."""

# WHATWG URL, "forbidden domain code point": these never survive in a name. Quotes and braces do.
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f#%/:<>?@\[\\\]^|\x7f\ufffd]")
# What stands for bytes that are not UTF-8: what they mean, the page's charset says.
_LOST: Final = re.compile("[\ufffd\ud800-\udfff]")
# Where Chromium differs from the standard.
_CHROMIUM: Final = str.maketrans({" ": "%20", "*": "%2A"})
_PLAIN: Final = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z_-][a-z0-9_-]*\.?\Z")


@lru_cache(maxsize=2048)
def read_host(text: str) -> str | None:
    """Read a host as it stands in a URL.

    Args:
        text: What stands between userinfo and port, as written.

    Returns:
        The name in lower case, in ASCII and without trailing dots, an IPv4 address in dotted form, an IPv6
        address in brackets, `UNREADABLE`, or `None` where browsers refuse it.
    """
    if _PLAIN.match(text):
        return text.rstrip(".")
    if len(text) > MAX_HOST or _LOST.search(text):
        return UNREADABLE
    if text.startswith("["):
        return _ipv6(text)
    name = unquote_to_bytes(text).decode("utf-8", "replace")
    name = (name.lower() if name.isascii() else _mapped(name)).rstrip(".")
    if not name or _FORBIDDEN.search(name):
        # Chromium drops some of these from a label that is not in ASCII.
        return None if name.isascii() and name != UNREADABLE else UNREADABLE
    name = ".".join(map(_label, name.split(".")))
    return _ipv4(name) if _ends_in_number(name) else name.translate(_CHROMIUM)


def _mapped(name: str) -> str:
    """Map a name as UTS 46 does; empty where it is refused."""
    import idna  # most pages name no such host

    try:
        return idna.uts46_remap(name, std3_rules=False)
    except idna.InvalidCodepoint as error:
        # One that is not assigned yet may be known to a newer browser.
        return UNREADABLE if unicodedata.category(chr(error.codepoint or 0)) == "Cn" else ""
    except idna.IDNAError:
        return UNREADABLE


def _label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _ends_in_number(name: str) -> bool:
    last = name.rsplit(".", 1)[-1]
    return last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last) is not None


def _ipv4(name: str) -> str | None:
    """WHATWG URL, "IPv4 parser": one to four numbers, decimal, octal or hexadecimal."""
    *head, last = map(_number, name.split("."))
    octets = all(0 <= number < 256 for number in head)
    if len(head) > 3 or not octets or not 0 <= last < 256 ** (4 - len(head)):
        return None
    return str(IPv4Address(last + sum(number << (24 - 8 * place) for place, number in enumerate(head))))


def _number(text: str) -> int:
    base, digits = 10, text
    if text.startswith("0x"):
        base, digits = 16, text[2:] or "0"
    elif len(text) > 1 and text.startswith("0"):
        base, digits = 8, text[1:]
    allowed = {8: r"0*+[0-7]{0,64}", 10: r"[0-9]{1,64}", 16: r"0*+[0-9a-f]{0,64}"}[base]
    return int(digits, base) if re.fullmatch(allowed, digits) else -1


def _ipv6(text: str) -> str | None:
    try:
        return f"[{IPv6Address(text.removeprefix('[').removesuffix(']').partition('%')[0]).compressed}]"
    except (AddressValueError, ValueError):
        return None
