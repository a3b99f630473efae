"""What visitors do that is no choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from consentkit.scanner.visiting import Visit

# A point of the window that belongs neither to the layer nor to anything that does something of its own.
_BESIDE: Final = """(layer) => {
    const own = ":is(a, button, input, select, textarea, label, summary, iframe, [onclick], [tabindex])";
    const asks = document.querySelector(layer), steps = [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98];
    const box = asks.getBoundingClientRect();
    const within = (x, y) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
    for (const v of steps) for (const h of steps) {
        const x = h * innerWidth, y = v * innerHeight, hit = document.elementFromPoint(x, y);
        const beside = hit && !within(x, y) && (hit === asks || !(asks.contains(hit) || hit.closest(own)));
        if (beside) return [x, y];
    }
    return null;
}"""


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
    point = visit.page.evaluate(_BESIDE, layer.path) if layer else None
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
