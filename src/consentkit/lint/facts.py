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
    """The input of the rules for configurations.

    Attributes:
        policy: The policy that is checked.
        texts: The banner's texts.
        today: ISO 8601 date; empty if unknown.
        before: The previous policy, if any.
    """

    policy: Policy
    texts: Texts
    today: str = ""
    before: Policy | None = None


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """A button or link.

    Attributes:
        path: Its CSS selector.
        action: Its effect, by this package's attribute or by its label: ``accept``, ``reject``, ``settings``,
            ``save``, ``withdraw``, ``close`` or empty.
        refuses: Whether other tools recognise its label as a refusal.
        reopens: Whether its label is that of a control that reopens the settings.
        text: The visible label.
        name: The accessible name.
        tag: The element's name.
        button: Whether it is a button and not a link.
        inline: Whether it is part of a sentence.
        opens: Whether it is this package's control that reopens the settings.
        reachable: Whether a click on its centre hits it.
        width: In CSS pixels, as are `height`, `left` and `right`.
        font: Computed size and family.
        weight: Computed weight.
        contrast: Contrast of the label; ``None`` before a picture, or if not measured.
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
    """A checkbox or switch.

    Attributes:
        path: Its CSS selector.
        name: Its accessible name.
        checked: Whether it is ticked.
        disabled: Whether it cannot be changed.
        purpose: Its purpose, if it has this package's attribute.
    """

    path: str
    name: str
    checked: bool
    disabled: bool
    purpose: str


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A first layer: a banner or dialog that asks a visitor who has not chosen.

    Attributes:
        path: Its CSS selector.
        popup: Whether it floats above the page, or is a dialog.
        language: The primary language of its markup.
        spoken: The language of its text, if that is certainly not the page's.
        known: Whether all words for refusing in its language are known.
        text: Its text.
        controls: Its buttons and links.
        boxes: Its checkboxes.
        left: In CSS pixels of the window, as is `right`.
        overflows: Whether its content is wider than itself.
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
        """Find the control with an action; a button rather than a link."""
        return first_control(self.controls, action)


class PageView(msgspec.Struct, frozen=True, kw_only=True):
    """A document as a visitor sees it.

    Attributes:
        language: The primary language of the page's ``<html>``.
        layers: Candidates for the first layer, outer ones first.
        root: CSS selector of the topmost element: a modal dialog, or the body.
        controls: Buttons and links in it.
        boxes: Checkboxes in it.
        text: Its text.
        length: Number of characters of the page's visible text.
        covered: Share of the window that floating elements cover, 0 to 1.
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
        """Whether something in front of the content blocks it."""
        return self.locked or self.covered > 0.9

    @property
    def opener(self) -> Control | None:
        """The control outside the first layer that reopens the settings."""
        inside = {control.path for control in self.layer.controls} if self.layer else set()
        outside = [control for control in self.controls if control.path not in inside]
        own = next((control for control in outside if control.opens), None)
        return own or next((control for control in outside if control.reopens), None)


def first_control(controls: Iterable[Control], action: str) -> Control | None:
    """Find the first control with an action; a button rather than a link."""
    found = [control for control in controls if control.action == action]
    return next((control for control in found if control.button), found[0] if found else None)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A cookie or other entry that a visit left in the browser.

    Attributes:
        kind: The kind of storage.
        name: Its name.
        value: Its value; empty for databases.
        domain: Host of the page, or the cookie's domain without its leading dot.
    """

    kind: StorageKind
    name: str
    value: str
    domain: str


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of ``GET /_consent/state``.

    Attributes:
        regime: The strictest regime for the visitor.
        granted: Purposes and vendors that are granted.
    """

    regime: Regime
    granted: tuple[str, ...] = ()


class PageVisit(msgspec.Struct, frozen=True, kw_only=True):
    """The result of opening a page.

    Attributes:
        url: The page.
        view: The page as it is seen.
        requests: Addresses that were requested, blocked requests included.
        stored: The browser's storage afterwards.
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
        state: The visitor's state, if the site runs this package.
        pages: Addresses of the start page and of others.
        walk: The results of opening them.
        dark: The start page for a visitor who prefers dark colours.
    """

    state: State | None
    pages: tuple[str, ...]
    walk: tuple[PageVisit, ...]
    dark: PageView


class ChoiceVisit(msgspec.Struct, frozen=True, kw_only=True):
    """After a choice on the first layer.

    Attributes:
        presses: Number of presses; ``None`` if the choice cannot be made.
        stored: The browser's storage right afterwards.
        walk: The pages, opened afterwards.
        shown: The settings; ``None`` if nothing opens them.
        withdrawn: The result of withdrawing after that, if it was tried and is possible.
    """

    presses: int | None
    stored: tuple[Stored, ...] = ()
    walk: tuple[PageVisit, ...] = ()
    shown: ShownSettings | None = None
    withdrawn: "ChoiceVisit | None" = None


class GestureVisit(msgspec.Struct, frozen=True, kw_only=True):
    """After a gesture that is not a choice.

    Attributes:
        name: The gesture.
        trace: The page, opened again.
        state: The visitor's state.
    """

    name: str
    trace: PageVisit
    state: State | None


class SignalVisit(msgspec.Struct, frozen=True, kw_only=True):
    """With Sec-GPC.

    Attributes:
        state: The visitor's state.
        walk: The pages.
        told: Whether pages or settings say that the signal was received or honoured.
    """

    state: State | None
    walk: tuple[PageVisit, ...]
    told: bool = False


class PolicyPage(msgspec.Struct, frozen=True, kw_only=True):
    """The privacy policy, opened before a choice.

    Attributes:
        url: Its address; empty if no link to it is found.
        status: Its HTTP status.
        trace: The result of opening it; ``None`` if it cannot be opened.
    """

    url: str
    status: int = 0
    trace: PageVisit | None = None


class Barrier(NamedTuple):
    """An accessibility problem of the first layer or the settings.

    Attributes:
        at: CSS selector, or another name of the place.
        problem: The problem, with the number of the success criterion (WCAG 2.2).
    """

    at: str
    problem: str


class Observations:
    """Observations of visits to a site: the input of browser rules. The scanner makes each when first used.

    Args:
        url: The start page.
        policy: The site's policy, if known.
        regime: The regime for the visitors; by default what the site says.

    Attributes:
        arrival: A first visit, before a choice.
        foreign: A visit with a browser in another language than the page.
        ticked: Boxes that are ticked in banner and settings before a choice; not those of the page itself.
        refused: A visit that rejects.
        granted: A visit that accepts, and then withdraws.
        gestures: Visits with one gesture each that is not a choice; then the page is opened again.
        policy_page: The privacy policy.
        signalled: A visit with Sec-GPC.
        overridden: A visit that accepts without Sec-GPC and returns with it; ``None`` if accepting is
            impossible.
        barriers: Accessibility problems of the first layer and the settings.
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
        """The first layer of the start page."""
        return self.arrival.walk[0].view.layer

    @property
    def regime(self) -> Regime:
        """The regime: as given, or as the site says, else the strictest."""
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
        """Return the names of vendors in a page's requests and storage that need consent before a choice."""
        requested = map(self.vendors.match_request, trace.requests)
        stored = (self.vendors.match_stored(one.name, one.domain) for one in trace.stored)
        return [vendor.name for vendor in needing_consent([*requested, *stored], self.allowed)]
