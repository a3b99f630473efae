"""Actions of a visit: choices on a banner, counted in clicks, and gestures that are no choice."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Error, Frame

from consentkit.lint.facts import Checkbox, Control, PageView, ShownSettings, first_control
from consentkit.scanner.visit import PRESS, Visit, look, read_script, read_tool

MAX_PRESSES: Final = 3
"""Maximum presses to close a layer."""

_ANSWERS: Final = {"save", "withdraw", "reject"}

OpenView = tuple[Frame, PageView]


def choose(visit: Visit, action: str) -> int | None:
    """Accept or reject on the first layer.

    Returns:
        Number of presses; `None` if it is impossible, or the layer stays.
    """
    for presses in range(1, MAX_PRESSES + 1):
        control = _asking_control(visit, action)
        if control is None:
            return _choose_in_settings(visit, action) if presses == 1 else presses - 1
        visit.press(control)
        if visit.wait_until(lambda: _asking_control(visit, action) is None):
            return presses
    return None


def open_settings(visit: Visit) -> bool:
    """Open the settings from the first layer, or from the page; False if nothing opens them."""
    view = visit.look()
    control = (view.layer and view.layer.find("settings")) or view.opener
    if control is not None:
        visit.press(control)
    return control is not None


def reopen_settings(visit: Visit) -> bool:
    """Open the settings from the page; False if nothing opens them."""
    if opener := visit.look().opener:
        with suppress(Error):  # something covers it
            visit.press(opener)
            return True
    return False


def answer_settings(visit: Visit, *actions: str, tick: bool = False) -> int | None:
    """Choose in the open settings: by the first button with one of `actions`, else by saving.

    Before saving, all boxes are ticked or, without `tick`, unticked. Returns the number of presses, or `None`
    if it is impossible.
    """
    views = open_views(visit)
    for action in actions:
        for frame, view in views:
            if control := _find_pressable(view.controls, action):
                visit.press(control, frame)
                return 1
    for frame, view in views:
        if save := _find_pressable(view.controls, "save"):
            wrong = [box for box in view.boxes if box.checked is not tick and not box.disabled]
            for box in wrong:
                frame.locator(box.path).first.click(timeout=PRESS)
            visit.press(save, frame)
            return len(wrong) + 1
    return None


def open_views(visit: Visit) -> list[OpenView]:
    """Return visible frames with a choice in them, then the page itself."""
    page = visit.page
    frames = [frame for frame in page.frames if frame is not page.main_frame and _is_visible(frame)]
    seen = [(frame, look(frame)) for frame in frames]
    answering = [(frame, view) for frame, view in seen if _ANSWERS & {one.action for one in view.controls}]
    return [*answering, (page.main_frame, visit.look())]


def shown_settings(visit: Visit) -> ShownSettings:
    """Return the text and the ticked boxes of the open settings."""
    view = open_views(visit)[0][1]
    return ShownSettings(view.text, tuple(box.checked for box in view.boxes))


def ticked_boxes(visit: Visit) -> tuple[Checkbox, ...]:
    """Return the ticked boxes that are visible and can be changed."""
    for frame in visit.page.frames:
        if frame is visit.page.main_frame or _is_visible(frame):
            frame.evaluate("() => document.querySelectorAll('details').forEach((one) => (one.open = true))")
    boxes = [box for _, view in open_views(visit) for box in view.boxes]
    return tuple(box for box in boxes if box.checked and not box.disabled)


def _asking_control(visit: Visit, action: str) -> Control | None:
    layer = visit.look().layer
    return layer.find(action) if layer else None


def _choose_in_settings(visit: Visit, action: str) -> int | None:
    settings = _asking_control(visit, "settings")
    if settings is None:
        return None
    visit.press(settings)
    actions = (action, "withdraw") if action == "reject" else (action,)
    presses = answer_settings(visit, *actions, tick=action == "accept")
    return None if presses is None else presses + 1


def _find_pressable(controls: Sequence[Control], action: str) -> Control | None:
    reachable = [control for control in controls if control.reachable]
    return first_control(reachable, action) or first_control(controls, action)


def _is_visible(frame: Frame) -> bool:
    with suppress(Error):
        return frame.frame_element().is_visible()
    return False


# --- gestures that are no choice


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
    """Click beside the layer, where no other element reacts; False if there is no such place."""
    layer = visit.look().layer
    point = visit.page.evaluate(read_script("beside"), layer.path) if layer else None
    if point:
        visit.page.mouse.click(*point)
    return bool(point)


def close(visit: Visit) -> bool:
    """Press the layer's close button; False if there is none."""
    control = _asking_control(visit, "close")
    if control:
        visit.press(control)
    return control is not None


GESTURES: Final[Mapping[str, Callable[[Visit], bool]]] = {
    "scrolling": scroll,
    "pressing Escape": escape,
    "clicking beside the layer": click_beside,
    "closing the layer": close,
}
"""Gestures by name; each returns whether it was possible."""


# --- autoconsent's own content script, if available


def finds_reject(visit: Visit, script: Path) -> bool:
    """Say whether autoconsent finds a reject button by its heuristics, without rules.

    Args:
        visit: A visit on the page.
        script: ``dist/autoconsent.playwright.js`` of the npm package ``@duckduckgo/autoconsent``.

    Raises:
        ConfigurationError: The script cannot be read.
    """
    code = read_tool(script, "autoconsent")
    said: list[dict[str, Any]] = []
    visit.page.expose_binding("autoconsentSendMessage", lambda _, message: said.append(message))
    visit.page.evaluate(code)
    visit.wait_until(lambda: any(message["type"] == "init" for message in said))
    visit.page.evaluate(read_script("autoconsent"))
    found = ("popupFound", "HEURISTIC-REJECT")
    return visit.wait_until(lambda: found in [(one["type"], one.get("cmp")) for one in said], patience=10.0)
