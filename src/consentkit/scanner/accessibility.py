"""Accessibility checks of the first layer and the settings (WCAG 2.2 AA)."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Frame, ViewportSize

from consentkit.lint.facts import Barrier, Layer
from consentkit.scanner.choices import open_settings, open_views
from consentkit.scanner.visit import WINDOW, Visit, read_script, read_tool

TARGET: Final = 24
"""Minimum width and height of controls, in CSS pixels (2.5.8)."""
NARROW: Final[ViewportSize] = {"width": 320, "height": 568}
"""The smallest window in which nothing may be cut off (1.4.10)."""

_TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


def find_barriers(visit: Visit, axe: Path | None) -> Iterator[Barrier]:
    """Find accessibility problems of the first layer, then of the settings.

    `axe` is axe-core's script; by default that of `axe-playwright-python`, if installed. Raises
    `ConfigurationError` if it cannot be read.
    """
    view = visit.look()
    if view.layer is None:
        return
    script = _axe_script(axe)
    yield from _unnamed(view.layer)
    yield from _small_targets(view.layer)
    if script:
        yield from _run_axe(visit.page.main_frame, view.layer.path, script)
    yield from _focus_problems(visit, view.layer)
    yield from _narrow_window(visit)
    if script and open_settings(visit):
        frame, settings = open_views(visit)[0]
        yield from _run_axe(frame, settings.root, script)


def _unnamed(layer: Layer) -> Iterator[Barrier]:
    for control in layer.controls:
        if not control.name:
            yield Barrier(control.path, "it has no name for those who cannot see it (4.1.2)")
    yield from (Barrier(box.path, "the box has no name (4.1.2)") for box in layer.boxes if not box.name)


def _small_targets(layer: Layer) -> Iterator[Barrier]:
    """Find controls that are too small, except in sentences."""
    for control in layer.controls:
        if not control.inline and min(control.width, control.height) < TARGET:
            size = f"{control.width:.0f} × {control.height:.0f}"
            yield Barrier(control.path, f"{size} pixels are less than {TARGET} × {TARGET} (2.5.8)")


def _focus_problems(visit: Visit, layer: Layer) -> Iterator[Barrier]:
    visit.page.keyboard.press("Tab")  # from now on the browser shows focus as for keyboard users
    found = visit.page.evaluate(read_script("focus"), layer.path)
    for name in found["unseen"]:
        yield Barrier(name, "nothing shows that it has the focus (2.4.7)")
    for name in found["hidden"]:
        yield Barrier(name, "the first layer hides it while it has the focus (2.4.11)")


def _narrow_window(visit: Visit) -> Iterator[Barrier]:
    visit.page.set_viewport_size(NARROW)
    if layer := visit.look().layer:
        yield from _cut_off(layer)
    visit.page.set_viewport_size(WINDOW)


def _cut_off(layer: Layer) -> Iterator[Barrier]:
    width = NARROW["width"]
    if layer.left < -1 or layer.right > width + 1 or layer.overflows:
        yield Barrier(layer.path, f"in a window of {width} pixels it is wider than the window (1.4.10)")
    for control in layer.controls:
        if control.left < -1 or control.right > width + 1:
            yield Barrier(control.path, f"in a window of {width} pixels it is cut off (1.4.10)")


def _run_axe(frame: Frame, within: str, script: str) -> Iterator[Barrier]:
    frame.evaluate(script)
    for found in frame.evaluate(read_script("axe"), [within, list(_TAGS)]):
        yield Barrier(found["at"], f"{found['help']} (axe-core: {found['id']})")


def _axe_script(path: Path | None) -> str:
    found = None if path else importlib.util.find_spec("axe_playwright_python")
    for place in (found.submodule_search_locations or ()) if found else ():
        path = path or Path(place, "axe.min.js")
    return read_tool(path, "axe-core") if path else ""
