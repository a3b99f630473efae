"""The input of rules, as plain values: a configuration, and observations of visits to a site."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec

from consentkit.lint.vendor_matcher import VendorMatcher, needing_consent
from consentkit.policy import Policy, Regime

StorageKind = Literal["cookie", "local storage", "session storage", "database"]


Texts = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Locale → section → key → text."""


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """A policy, and what else a rule of configuration may need to know.

    Attributes:
        policy: What is held against the rules.
        texts: The banner's texts.
        today: ISO 8601 date; empty if unknown.
        before: The policy that was there before, if any.
    """

    policy: Policy
    texts: Texts
    today: str = ""
    before: Policy | None = None


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be pressed.

    Attributes:
        path: A selector that finds it.
        action: What pressing it does by its hook or label: ``accept``, ``reject``, ``settings``, ``save``,
            ``withdraw``, ``close`` or nothing.
        refuses: Whether tools that know no label of this package take its label for a refusal.
        reopens: Whether its label is that of a control that opens the settings again.
        text: What it says on screen.
        name: What assistive technology calls it.
        tag: The element's name.
        button: Whether it is a button, and not a link.
        inline: Whether it is part of a sentence.
        opens: Whether it is what this package reopens the settings with.
        reachable: Whether a press at its middle reaches it.
        width: In CSS pixels, as `height`, `left` and `right`.
        font: Size and family as computed.
        weight: Weight as computed.
        contrast: Of the label against what is behind; ``None`` where that is a picture, or was not measured.
    """

    path: str
    action: str
    refuses: bool
    reopens: bool
    text: str
    name: str
    tag: str
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


class Checkbox(msgspec.Struct, frozen=True, kw_only=True):
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
        language: The primary language that its markup says it is in.
        spoken: The language that its text is in, if that is certainly not the page's.
        known: Whether all words for refusing in its language are known.
        text: What it says.
        controls: What can be pressed in it.
        boxes: What can be ticked in it.
        left: In CSS pixels of the window, as `right`.
        overflows: Whether it is wider inside than outside.
    """

    path: str
    popup: bool
    language: str
    spoken: str
    known: bool
    text: str
    controls: tuple[Control, ...]
    boxes: tuple[Checkbox, ...]
    left: float
    right: float
    overflows: bool

    def find(self, action: str) -> Control | None:
        """Find the control that does something; a button rather than a link."""
        return first_control(self.controls, action)


class PageView(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it is seen.

    Attributes:
        language: The primary language that the page's ``<html>`` says it is in.
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
    boxes: tuple[Checkbox, ...]
    text: str
    length: int
    covered: float
    locked: bool

    @property
    def layer(self) -> Layer | None:
        """The first layer: the innermost candidate in which something can be accepted or refused."""
        return next((one for one in reversed(self.layers) if one.find("accept") or one.find("reject")), None)

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
        return own or next((control for control in outside if control.reopens), None)


def first_control(controls: Iterable[Control], action: str) -> Control | None:
    """Find the first control that does something; a button rather than a link."""
    found = [control for control in controls if control.action == action]
    return next((control for control in found if control.button), found[0] if found else None)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a visit left in the browser.

    Attributes:
        kind: Where.
        name: Under which name.
        value: With which value; empty for databases.
        domain: Whose page it was set on, or the cookie's domain without its leading dot.
    """

    kind: StorageKind
    name: str
    value: str
    domain: str


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What ``GET /_consent/state`` says.

    Attributes:
        regime: The strictest that holds for the visitor.
        granted: Purposes and vendors that may be used.
    """

    regime: Regime
    granted: tuple[str, ...] = ()


class PageVisit(msgspec.Struct, frozen=True, kw_only=True):
    """What came of opening a page.

    Attributes:
        url: The page.
        view: What it looks like.
        requests: Addresses that were asked for, or that something tried to ask.
        stored: What is in the browser afterwards.
    """

    url: str
    view: PageView
    requests: tuple[str, ...]
    stored: tuple[Stored, ...]


class ShownSettings(NamedTuple):
    """The open settings: their text, and which boxes are ticked."""

    text: str
    ticked: tuple[bool, ...]


class FirstVisit(msgspec.Struct, frozen=True, kw_only=True):
    """Before a choice.

    Attributes:
        state: What the site says that holds, if it runs this package.
        pages: Addresses of the start page, then of others.
        walk: What came of opening them.
        dark: The start page for a visitor who prefers dark colours.
    """

    state: State | None
    pages: tuple[str, ...]
    walk: tuple[PageVisit, ...]
    dark: PageView


class ChoiceVisit(msgspec.Struct, frozen=True, kw_only=True):
    """After a choice on the first layer.

    Attributes:
        presses: What it took; ``None`` if there is no way.
        stored: What was in the browser right afterwards.
        walk: The pages, opened afterwards.
        shown: What the settings showed; ``None`` where nothing opens them.
        withdrawn: What came of withdrawing then, if that was tried and there is a way.
    """

    presses: int | None
    stored: tuple[Stored, ...] = ()
    walk: tuple[PageVisit, ...] = ()
    shown: ShownSettings | None = None
    withdrawn: "ChoiceVisit | None" = None


class GestureVisit(msgspec.Struct, frozen=True, kw_only=True):
    """After something that is not a choice.

    Attributes:
        name: What was done.
        trace: The page, opened again.
        state: What the site says that holds.
    """

    name: str
    trace: PageVisit
    state: State | None


class SignalVisit(msgspec.Struct, frozen=True, kw_only=True):
    """With Sec-GPC.

    Attributes:
        state: What the site says that holds.
        walk: The pages.
        told: Whether pages or settings say that the signal was received or honoured.
    """

    state: State | None
    walk: tuple[PageVisit, ...]
    told: bool = False


class PolicyPage(msgspec.Struct, frozen=True, kw_only=True):
    """The privacy policy, opened before a choice.

    Attributes:
        url: Where it is; empty if no link to it is found.
        status: What it answers with.
        trace: What came of opening it; ``None`` if it cannot be opened.
    """

    url: str
    status: int = 0
    trace: PageVisit | None = None


class Barrier(NamedTuple):
    """Something that keeps people from using the first layer or the settings.

    Attributes:
        at: A selector, or what else names the place.
        problem: What is wrong, with the number of the success criterion (WCAG 2.2).
    """

    at: str
    problem: str


class Observations:
    """What visitors to a site saw. Rules read it; the scanner fills it, each part when a rule first asks.

    Args:
        url: The start page.
        policy: What the site declares, if that is known.
        regime: What holds for the visitors; by default what the site says.

    Attributes:
        arrival: A fresh visit, before a choice.
        foreign: A visit of somebody whose browser speaks another language than the page.
        ticked: Boxes that are ticked in banner and settings before a choice, and are not the page's own.
        refused: A visit that rejects.
        granted: A visit that accepts, and then withdraws.
        gestures: Visits that do what is no choice, one thing each, and then open the page again.
        policy_page: The privacy policy.
        signalled: A visit with Sec-GPC.
        overridden: A visit that accepts without Sec-GPC and comes back with it; ``None`` where nobody can
            accept.
        barriers: What keeps people from using the first layer and the settings.
        refused_by_tool: Whether autoconsent finds the reject button; ``None`` if its script was not given.
    """

    arrival: FirstVisit
    foreign: PageVisit
    ticked: tuple[Checkbox, ...]
    refused: ChoiceVisit
    granted: ChoiceVisit
    gestures: tuple[GestureVisit, ...]
    policy_page: PolicyPage
    signalled: SignalVisit
    overridden: SignalVisit | None
    barriers: tuple[Barrier, ...]
    refused_by_tool: bool | None

    def __init__(self, url: str, policy: Policy | None = None, regime: Regime | None = None) -> None:
        self.url = url
        self.policy = policy
        self.vendors: VendorMatcher = VendorMatcher(policy, url)
        self._regime = regime

    @property
    def layer(self) -> Layer | None:
        """What asks the visitor on the start page."""
        return self.arrival.walk[0].view.layer

    @property
    def regime(self) -> Regime:
        """The regime: given, or as the site says; the strictest where it says nothing."""
        state = self.arrival.state
        return self._regime or (state.regime if state else Regime.OPT_IN)

    @property
    def allowed(self) -> frozenset[str]:
        """Purposes and vendors that may be used before a choice."""
        if self.arrival.state is not None:
            return frozenset(self.arrival.state.granted)
        purposes = (self.policy or Policy()).purposes
        return frozenset(purposes) if self.regime.grants else frozenset()

    def tracking(self, trace: PageVisit) -> list[str]:
        """Return the names of vendors that would need consent for what came of a page before a choice."""
        requested = map(self.vendors.match_request, trace.requests)
        stored = (self.vendors.match_stored(one.name, one.domain) for one in trace.stored)
        return [vendor.name for vendor in needing_consent([*requested, *stored], self.allowed)]
