"""Colours: contrast (WCAG 2.2), and palettes computed from a site's colours."""

import re
from typing import Final, NamedTuple

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


TEXT_CONTRAST: Final = 4.5  # WCAG 2.2, 1.4.3
EDGE_CONTRAST: Final = 3.0  # 1.4.11

BLACK = Colour(0, 0, 0)
WHITE = Colour(255, 255, 255)


def read_colour(text: str, *, path: str = "") -> Colour:
    """Read ``#rgb`` or ``#rrggbb``.

    Raises:
        ConfigurationError: It is neither. Nothing else may get into the style sheet.
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
    shares = [channel / 255 for channel in colour]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


def readable_on(surface: Colour) -> Colour:
    """Return black or white, whichever has more contrast: at least 4.58 to 1 on any surface."""
    return max(WHITE, BLACK, key=lambda ink: contrast(ink, surface))


def make_palette(accent: Colour, surface: Colour) -> dict[str, Colour]:
    """Compute a theme's colours from the two that a site names.

    Text on `surface` and `page` reads at 4.5:1, the edges of controls at 3:1.

    Returns:
        By name: `surface` (behind the banner's text, and of cards), `page` (behind cards, a little darker),
        `ink` (text), `muted` (less important text), `line` (decorative edges), `edge` (of controls), `accent`
        (of buttons), `on` (text on the accent) and `link` (the accent where it is text).
    """
    goal = readable_on(surface)
    darker = _mix(surface, BLACK, 0.04 if goal == BLACK else 0.3)
    # Black is just readable on a surface of middle brightness; on a darker one it would not be.
    page = darker if contrast(goal, darker) >= TEXT_CONTRAST else surface

    def on_both(colour: Colour, ratio: float) -> Colour:
        shades = (_mix(colour, goal, step / _STEPS) for step in range(_STEPS + 1))
        reads = (shade for shade in shades if min(contrast(shade, surface), contrast(shade, page)) >= ratio)
        return next(reads, goal)

    return {
        "surface": surface,
        "page": page,
        "ink": on_both(_mix(surface, goal, 0.9), TEXT_CONTRAST),
        "muted": on_both(_mix(surface, goal, 0.64), TEXT_CONTRAST),
        "line": _mix(surface, goal, 0.14),
        "edge": on_both(_mix(surface, goal, 0.5), EDGE_CONTRAST),
        "accent": accent,
        "on": readable_on(accent),
        "link": on_both(accent, TEXT_CONTRAST),
    }


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    return Colour(*(round(a + (b - a) * share) for a, b in zip(one, other, strict=True)))
