"""Frames: title and poster for the placeholder, and the document in ``srcdoc``."""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from consentkit.catalog import URL
from consentkit.gating.elements import first
from consentkit.gating.model import NOTHING, Embed, Reach, Target
from consentkit.gating.resource_urls import strip_url
from consentkit.rewriter import Attribute, Splice, decode

MAX_TITLE: Final = 200
"""Characters of a title."""
MAX_POSTER: Final = 2048
"""Characters of a picture's address."""
MAX_POSTER_DATA: Final = 32_768
"""Characters of a ``data:`` URL, which contains the picture."""

FindReach: TypeAlias = Callable[[Sequence[str], Sequence[URL]], Reach]

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.I)
_PICTURE: Final = re.compile(r"data:image/", re.I)
# Permissions of video and audio players.
_PLAYS: Final = re.compile(r"\b(?:autoplay|encrypted-media|picture-in-picture)\b", re.I)
_SENDING: Final = frozenset({"allow-forms", "allow-same-origin"})
_LEAVING: Final = frozenset({"allow-top-navigation", "allow-top-navigation-by-user-activation"})
_REFERENCE: Final = re.compile(rb"&#?[0-9a-zA-Z]++;?=?")
# Characters that can be written as references; those to C1 controls mean others (WHATWG HTML 13.2.5.80).
_BEYOND: Final = re.compile("[^\x00-\x9f\udc80-\udcff]")
_ESCAPES: Final = str.maketrans({"&": "&amp;", '"': "&quot;", "'": "&#39;"})


def read_embed(found: Sequence[Attribute], bases: Sequence[URL], find_reach: FindReach) -> Embed:
    """Read a frame's title and poster.

    Args:
        found: The frame's attributes.
        bases: Base URLs that relative URLs may be resolved against, besides the page's own.
        find_reach: Finds the parties that addresses contact.
    """
    title = " ".join((first(found, b"title") or "").split())
    poster = read_poster(first(found, b"data-consentkit-poster") or "")
    title = title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…"
    plays = _PLAYS.search(first(found, b"allow") or "") is not None
    return Embed(title, poster, find_reach([poster], bases) if poster else NOTHING, plays)


def read_poster(text: str) -> str:
    """Return the address of a picture as browsers read it; empty if it is too long or no picture."""
    address = strip_url(text)
    if _PICTURE.match(address):
        return address if len(address) <= MAX_POSTER_DATA else ""
    scheme = _SCHEME.match(address)
    usable = scheme is None or scheme[1].lower() in ("http", "https")
    return address if usable and len(address) <= MAX_POSTER else ""


def target_within(sandbox: str | None) -> Target:
    """Return the link target that names the page's window in a placeholder inside a nested document.

    ``_parent`` would be the nested document, so only ``_top`` can be used, if the sandbox allows it.

    Args:
        sandbox: The attribute of the nested document's frame; ``None`` if it has none.
    """
    flags = set(sandbox.lower().split()) if sandbox is not None else _SENDING | _LEAVING
    return "_top" if flags >= _SENDING and flags & _LEAVING else ""


def read_srcdoc(value: bytes) -> bytes:
    """Return the document in an attribute's value, as bytes that can be rewritten.

    If the value is not UTF-8, references to characters beyond ASCII are kept: UTF-8 bytes would be wrong.
    """
    is_utf8 = _is_utf8(value)

    def resolve(match: re.Match[bytes]) -> bytes:
        text = decode(match[0])
        return text.encode() if is_utf8 or text.isascii() else match[0]

    return _REFERENCE.sub(resolve, value)


def write_srcdoc(raw: bytes, attribute: Attribute, document: bytes) -> Splice:
    """Replace an attribute's value by a document, whatever its quotes.

    Characters beyond ASCII are written as references, which are correct in every encoding.
    """
    codec = "utf-8" if _is_utf8(document) else "ascii"
    text = document.decode(codec, "surrogateescape").translate(_ESCAPES)
    value = _BEYOND.sub(lambda match: f"&#{ord(match[0])};", text).encode("utf-8", "surrogateescape")
    if raw[attribute.value_start - 1 : attribute.value_start] not in (b'"', b"'"):
        value = b'"' + value + b'"'
    return attribute.value_start, attribute.value_end, value


def _is_utf8(data: bytes) -> bool:
    return data.decode("utf-8", "ignore").encode() == data
