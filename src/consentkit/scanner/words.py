"""What the labels of first layers say: for banners that carry no hook of this package."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from consentkit.banner.texts import shipped_locales, shipped_texts

ACTIONS: Final = ("reject", "withdraw", "save", "settings", "accept", "close")

_CLOSING: Final = frozenset({"x", "×", "✕", "✖", "✗", "⨯", "╳"})
_DROPPED: Final = re.compile(r"[^\w\s]")
_SPACE: Final = re.compile(r"\s+")
_KEYS: Final = (
    ("accept", "accept"),
    ("reject", "reject"),
    ("read_more", "settings"),
    ("save", "save"),
    ("withdraw", "withdraw"),
)


def about_consent() -> str:
    """Return a pattern that is found in the text of every first layer."""
    return str(_table()["about"])


def spoken() -> frozenset[str]:
    """Return the languages whose words for refusing are all known."""
    return frozenset(_table()["languages"])


def read_label(label: str, *, shipped: bool = True) -> str:
    """Say what pressing something does by its label.

    Args:
        label: What it says.
        shipped: Whether the labels of this package's own locales count as well.

    Returns:
        One of `ACTIONS`, or nothing.
    """
    if label.strip().lower() in _CLOSING:
        return "close"
    text = _plain(label)
    if shipped and text in _shipped():
        return _shipped()[text]
    return next((action for action in ACTIONS if _fits(text, action)), "")


def reopens(label: str) -> bool:
    """Say whether a label is that of a control that opens the settings again."""
    text = _plain(label)
    return _fits(text, "reopen") or text in _reopening()


def leads_to_policy(label: str) -> bool:
    """Say whether a label is that of a link to the privacy policy."""
    return _fits(_plain(label), "policy") and not reopens(label)


def says_signal(text: str) -> bool:
    """Say whether a text tells visitors that Sec-GPC has been received or honoured."""
    named = re.search(
        r"global privacy control|\bGPC\b|opt-out (?:request|signal) (?:honou?red|processed)", text, re.I
    )
    return named is not None or any(said in text for said in _honoured())


def _fits(text: str, action: str) -> bool:
    words = _table()[action]
    if len(text) > 80:
        return False
    starts = any(text == start or text.startswith(start + " ") for start in words["starts"])
    return starts or any(part in text for part in words["has"])


def _plain(label: str) -> str:
    return _SPACE.sub(" ", _DROPPED.sub("", label.lower().replace("_", " ").replace("-", " "))).strip()


@cache
def _table() -> Mapping[str, Any]:
    return msgspec.toml.decode(Path(__file__).with_name("words.toml").read_bytes(), type=dict[str, Any])


def _texts() -> Iterator[Mapping[str, Mapping[str, str]]]:
    return (shipped_texts(locale) for locale in sorted(shipped_locales()))


@cache
def _shipped() -> Mapping[str, str]:
    return {
        _plain(texts[section][key]): action
        for texts in _texts()
        for section in ("opt-out", "opt-in", "inform", "settings")
        for key, action in _KEYS
        if key in texts[section]
    }


@cache
def _reopening() -> frozenset[str]:
    keys = ("settings", "choices")
    return frozenset(
        _plain(texts["common"][key]) for texts in _texts() for key in keys if key in texts["common"]
    )


@cache
def _honoured() -> frozenset[str]:
    return frozenset(texts["common"]["honoured"] for texts in _texts() if "honoured" in texts["common"])
