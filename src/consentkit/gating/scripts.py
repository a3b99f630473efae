"""What a script element holds, by its type (WHATWG HTML 4.12.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from consentkit.gating.elements import first
from consentkit.rewriter import Attribute, decode

# WHATWG MIME Sniffing, "JavaScript MIME type": the whole value must be one of these, parameters excluded.
JAVASCRIPT: Final = frozenset(
    {f"{top}/{js}script" for top in ("application", "text") for js in ("ecma", "java", "x-ecma", "x-java")}
    | {"text/jscript", "text/livescript", *(f"text/javascript1.{minor}" for minor in range(6))}
)
"""JavaScript's MIME types, in lower case and without parameters."""

_MARKUP: Final = re.compile(rb"<!--(?:[^-]++|-(?!->))*+-->|<!\[CDATA\[|\]\]>|<[a-zA-Z/!?][^>]*+>")

# Types of scripts that an optimiser on the page runs a little later, whoever is asked then.
_DELAYED: Final = re.compile(
    r"(?!.*(?:template|tmpl|json|[hx]ml|;)).*(?:script|lazy|delay|defer|blocked|partytown|psajs|phast|-module\Z)"
)
_SPACE: Final = " \t\n\f\r"


def script_type(attributes: Sequence[Attribute]) -> str:
    """Return ``javascript``, ``module``, or the type of a data block."""
    declared = first(attributes, b"type")
    if declared is None:
        language = first(attributes, b"language")
        declared = f"text/{language}" if language else ""
    elif declared:
        declared = declared.strip(_SPACE) or "data"
    declared = declared.lower()
    return "javascript" if not declared or declared in JAVASCRIPT or _DELAYED.match(declared) else declared


def foreign_text(text: bytes) -> bytes:
    """Return what an SVG script may hold, written as markup: all of it, and what is left without its tags.

    What runs is the text directly inside the element (SVG 2, section 15.2), so elements and comments that
    stand in between divide nothing.
    """
    return b"\n".join(decode(part).encode() for part in (text, _MARKUP.sub(b"", text)))
