"""What a frame says of the content that it would show, for the placeholder in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

from consentkit.catalog import URL
from consentkit.gating.elements import first
from consentkit.gating.party import NOTHING, Embed, Found
from consentkit.rewriter import Attribute

MAX_TITLE: Final = 200
"""Characters of a title."""
MAX_POSTER: Final = 2048
"""Characters of a picture's address."""
MAX_POSTER_DATA: Final = 32_768
"""The same of a ``data:`` address, which is the picture."""

Target: TypeAlias = Literal["", "_parent", "_top"]
"""Where the page is, as seen from a placeholder; empty where nothing in it could lead there."""

Reached: TypeAlias = Callable[[Sequence[str], Sequence[URL]], Found]

_REMOVED: Final = re.compile(r"[\t\n\r]")  # browsers take these out of addresses
_C0_AND_SPACE: Final = "".join(map(chr, range(0x21)))
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.I)
_PICTURE: Final = re.compile(r"data:image/", re.I)
# What frames of players are allowed to do.
_PLAYS: Final = re.compile(r"\b(?:autoplay|encrypted-media|picture-in-picture)\b", re.I)
_SENDING: Final = frozenset({"allow-forms", "allow-same-origin"})
_LEAVING: Final = frozenset({"allow-top-navigation", "allow-top-navigation-by-user-activation"})


def read_embed(found: Sequence[Attribute], bases: Sequence[URL], reached: Reached) -> Embed:
    """Read what a frame says of its content.

    Args:
        found: The frame's attributes.
        bases: What relative addresses may be resolved against, besides the page itself.
        reached: Finds whom addresses reach.
    """
    title = " ".join((first(found, b"title") or "").split())
    poster = read_poster(first(found, b"data-consentkit-poster") or "")
    return Embed(
        title=title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…",
        poster=poster,
        reached=reached([poster], bases) if poster else NOTHING,
        plays=_PLAYS.search(first(found, b"allow") or "") is not None,
    )


def read_poster(text: str) -> str:
    """Return the address of a picture as browsers read it; nothing for what is too long or no picture's."""
    address = _REMOVED.sub("", text.strip(_C0_AND_SPACE))
    if _PICTURE.match(address):
        return address if len(address) <= MAX_POSTER_DATA else ""
    scheme = _SCHEME.match(address)
    usable = scheme is None or scheme[1].lower() in ("http", "https")
    return address if usable and len(address) <= MAX_POSTER else ""


def target_within(sandbox: str | None) -> Target:
    """Return where the page is, as seen from a placeholder in a document inside of it.

    Its parent is that document. Names for what is between it and the top there are none.

    Args:
        sandbox: The attribute of that document's frame; ``None`` where it has none.
    """
    if sandbox is None:
        return "_top"
    flags = set(sandbox.lower().split())
    return "_top" if flags >= _SENDING and flags & _LEAVING else ""
