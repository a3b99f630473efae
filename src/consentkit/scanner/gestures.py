"""What visitors do that is no choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from consentkit.scanner.view import read_script
from consentkit.scanner.visiting import Visit


def scroll(visit: Visit) -> bool:
    """Scroll to the end of the page."""
    visit.page.mouse.move(640, 200)
    visit.page.mouse.wheel(0, 400)
    visit.page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight)")
    return True


def escape(visit: Visit) -> bool:
    """Press Escape."""
    visit.page.keyboard.press("Escape")
    return True


def click_beside(visit: Visit) -> bool:
    """Click beside the layer, where nothing else is meant."""
    layer = visit.look().layer
    point = visit.page.evaluate(read_script("beside"), layer.path) if layer else None
    if point:
        visit.page.mouse.click(*point)
    return bool(point)


def close(visit: Visit) -> bool:
    """Press what closes the layer, if there is such a thing."""
    layer = visit.look().layer
    control = layer.find("close") if layer else None
    if control:
        visit.press(control)
    return control is not None


GESTURES: Final[Mapping[str, Callable[[Visit], bool]]] = MappingProxyType(
    {
        "scrolling": scroll,
        "pressing Escape": escape,
        "clicking beside the layer": click_beside,
        "closing the layer": close,
    }
)
