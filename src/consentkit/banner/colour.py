"""Contrast as WCAG 2.2 defines it, so that any accent a site names stays readable."""

from __future__ import annotations

import re
from typing import NamedTuple

from consentkit.exceptions import ConfigurationError

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_STEPS = 64


class Colour(NamedTuple):
    """An sRGB colour, 0 to 255 a channel; `str()` gives ``#rrggbb``."""

    red: int
    green: int
    blue: int

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


BLACK = Colour(0, 0, 0)
WHITE = Colour(255, 255, 255)


def read_colour(text: str, *, path: str = "") -> Colour:
    """Read ``#rgb`` or ``#rrggbb``.

    Raises:
        ConfigurationError: The text is neither. Nothing else may reach the style sheet.
    """
    if not _HEX.fullmatch(text):
        raise ConfigurationError(f'expected a colour such as "#0b6e4f", got "{text}"', path=path)
    digits = text[1:] if len(text) == 7 else "".join(digit * 2 for digit in text[1:])
    return Colour(*bytes.fromhex(digits))


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)


def readable_on(surface: Colour) -> Colour:
    """Return black or white, whichever reads better: at least 4.58 to 1 on any surface."""
    return max(WHITE, BLACK, key=lambda ink: contrast(ink, surface))


def ensure_contrast(colour: Colour, surface: Colour, ratio: float) -> Colour:
    """Move a colour towards black or white, no farther than needed to reach a ratio on a surface."""
    goal = readable_on(surface)
    shades = (_mix(colour, goal, step / _STEPS) for step in range(_STEPS + 1))
    return next((shade for shade in shades if contrast(shade, surface) >= ratio), goal)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    return Colour(*(round(a + (b - a) * share) for a, b in zip(one, other, strict=True)))
