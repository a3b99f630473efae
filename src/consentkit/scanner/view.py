"""What a page looks like: its first layer, what can be pressed and ticked, what is in the way."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from consentkit.scanner.words import about_consent, read_label, reopens

if TYPE_CHECKING:
    from playwright.sync_api import Frame

_HOOKS: Final = frozenset({"accept", "reject", "settings", "save", "withdraw"})


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be pressed.

    Attributes:
        path: A selector that finds it.
        hook: Its `data-consentkit-action`, if any.
        text: What it says on screen.
        name: What assistive technology calls it.
        tag: The element's name.
        href: Where it leads, if it is a link.
        button: Whether it is a button, and not a link.
        inline: Whether it is part of a sentence.
        opens: Whether it is what this package reopens the settings with.
        reachable: Whether a press at its middle reaches it.
        width: In CSS pixels, as `height`, `left` and `right`.
        font: Size and family as computed.
        weight: Weight as computed.
        contrast: Of the label against what is behind; `None` where that is a picture, or was not measured.
    """

    path: str
    hook: str
    text: str
    name: str
    tag: str
    href: str
    button: bool
    inline: bool
    opens: bool
    reachable: bool
    width: float
    height: float
    left: float
    right: float
    font: str
    weight: str
    contrast: float | None

    @property
    def action(self) -> str:
        """What it does: one of `consentkit.scanner.words.ACTIONS`, or nothing."""
        return self.hook if self.hook in _HOOKS else read_label(self.text or self.name)


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be ticked.

    Attributes:
        path: A selector that finds it.
        name: What it is called.
        checked: Whether it is ticked.
        disabled: Whether it cannot be changed.
        purpose: The purpose it stands for, where it carries this package's hooks.
    """

    path: str
    name: str
    checked: bool
    disabled: bool
    purpose: str


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A first layer: what asks a visitor who has not chosen.

    Attributes:
        path: A selector that finds it.
        popup: Whether it floats above the page, or is a dialog.
        modal: Whether nothing else can be used while it is there.
        language: The language that its markup says it is in.
        text: What it says.
        controls: What can be pressed in it.
        boxes: What can be ticked in it.
        left: In CSS pixels of the window, as `right`, `top` and `bottom`.
        overflows: Whether it is wider inside than outside.
    """

    path: str
    popup: bool
    modal: bool
    language: str
    text: str
    controls: tuple[Control, ...]
    boxes: tuple[Box, ...]
    left: float
    right: float
    top: float
    bottom: float
    overflows: bool

    def find(self, action: str) -> Control | None:
        """Find the control that does something; a button rather than a link."""
        return first(self.controls, action)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it is seen.

    Attributes:
        language: Of the page, as its `<html>` says.
        layers: What may be first layers, outer ones first.
        root: What is on top: a modal dialog, or the body.
        controls: What can be pressed there.
        boxes: What can be ticked there.
        text: What it says.
        length: Number of characters of the page's visible text.
        covered: Which part of the window floating elements cover, 0 to 1.
        locked: Whether the page is longer than the window and cannot be scrolled.
    """

    language: str
    layers: tuple[Layer, ...]
    root: str
    controls: tuple[Control, ...]
    boxes: tuple[Box, ...]
    text: str
    length: int
    covered: float
    locked: bool

    @property
    def layer(self) -> Layer | None:
        """The first layer: the innermost candidate in which something can be accepted or refused."""
        for layer in reversed(self.layers):
            if layer.find("accept") or layer.find("reject"):
                return layer
        return None

    @property
    def blocked(self) -> bool:
        """Whether the content cannot be read or used for what stands in front of it."""
        return self.locked or self.covered > 0.9

    @property
    def opener(self) -> Control | None:
        """What opens the settings again, outside of the first layer."""
        inside = {control.path for control in self.layer.controls} if self.layer else set()
        outside = [control for control in self.controls if control.path not in inside]
        own = next((control for control in outside if control.opens), None)
        return own or next((control for control in outside if reopens(control.text or control.name)), None)


def first(controls: Iterable[Control], action: str) -> Control | None:
    """Find the first control that does something; a button rather than a link."""
    found = [control for control in controls if control.action == action]
    return next((control for control in found if control.button), found[0] if found else None)


def look(frame: Frame) -> View:
    """Look at a document as it is now."""
    return msgspec.convert(frame.evaluate(read_script("probe"), about_consent()), View)


@cache
def read_script(name: str) -> str:
    """Read a script of this room as an expression, as Playwright takes it."""
    return Path(__file__).with_name(f"{name}.js").read_text("utf-8").rstrip().removesuffix(";")
