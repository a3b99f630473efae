"""A site as a few visitors find it: each visit is made once, when a rule first asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import msgspec

from consentkit.policy import Policy, Regime
from consentkit.scanner.access import Obstacle, find_obstacles
from consentkit.scanner.choosing import Shown, answer, choose, open_settings, reopen_settings, shown, ticked
from consentkit.scanner.gestures import GESTURES
from consentkit.scanner.owners import Owners, Stored, needing_consent
from consentkit.scanner.tools import finds_reject
from consentkit.scanner.view import Box, Layer, View
from consentkit.scanner.visiting import State, Trace, Visit
from consentkit.scanner.words import leads_to_policy

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_LINKS: Final = """(path) => {
    const layer = path && document.querySelector(path);
    return [...document.links].filter((link) => !layer?.contains(link)).map((link) => link.href);
}"""
_FILES: Final = (
    ".pdf",
    ".zip",
    ".jpg",
    ".jpeg",
    ".png",
    ".gif",
    ".svg",
    ".webp",
    ".mp4",
    ".mp3",
    ".xml",
    ".json",
)
_OTHERS: Final = ("fr-FR", "de-DE")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a site is visited; the attributes are arguments of `consentkit.scanner.lint_site`."""

    url: str
    policy: Policy | None = None
    headers: Mapping[str, str] = {}
    prefix: str = "/_consent"
    regime: Regime | None = None
    pages: int = 3
    quiet: float = 1.0
    axe: Path | None = None
    autoconsent: Path | None = None


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Before a choice.

    Attributes:
        state: What the site says that holds, if it runs this package.
        walk: The start page, then others.
        dark: The start page for a visitor who prefers dark colours.
    """

    state: State | None
    walk: tuple[Trace, ...]
    dark: View


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """After a choice on the first layer.

    Attributes:
        presses: What it took; `None` if there is no way.
        stored: What was in the browser right afterwards.
        walk: The pages, opened afterwards.
        shown: What the settings showed; `None` where nothing opens them.
        withdrawn: What came of withdrawing then, if that was tried and there is a way.
    """

    presses: int | None
    stored: tuple[Stored, ...] = ()
    walk: tuple[Trace, ...] = ()
    shown: Shown | None = None
    withdrawn: Chosen | None = None


class Gesture(msgspec.Struct, frozen=True, kw_only=True):
    """After something that is not a choice.

    Attributes:
        name: What was done.
        trace: The page, opened again.
        state: What the site says that holds.
    """

    name: str
    trace: Trace
    state: State | None


class Signalled(msgspec.Struct, frozen=True, kw_only=True):
    """With Sec-GPC.

    Attributes:
        state: What the site says that holds.
        walk: The pages.
        text: All that pages and settings say.
    """

    state: State | None
    walk: tuple[Trace, ...]
    text: str = ""


class PolicyPage(msgspec.Struct, frozen=True, kw_only=True):
    """The privacy policy, opened before a choice; without `status` where no link to it is found."""

    url: str
    status: int = 0
    trace: Trace | None = None


class Site:
    """What visitors find.

    Args:
        browser: The browser.
        plan: How to visit.
        tell: Called with one line per visit.
    """

    def __init__(self, browser: Browser, plan: Plan, tell: Callable[[str], None]) -> None:
        self.plan = plan
        self.owners = Owners(plan.policy, plan.url)
        self._browser = browser
        self._tell = tell
        self._pages: list[str] = [plan.url]

    def _visit(self, what: str, *, gpc: bool = False, locale: str = "en-GB") -> Visit:
        self._tell(what)
        plan = self.plan
        visit = Visit(
            self._browser, headers=plan.headers, prefix=plan.prefix, quiet=plan.quiet, gpc=gpc, locale=locale
        )
        try:
            visit.open(plan.url)
        except BaseException:
            visit.__exit__()
            raise
        return visit

    def _walk(self, visit: Visit) -> tuple[Trace, ...]:
        """Open all pages, in order."""
        traces = []
        for page in self._pages:
            visit.open(page)
            traces.append(visit.trace())
            visit.mark()
        return tuple(traces)

    # --- what holds

    @property
    def regime(self) -> Regime:
        """The regime: given, or as the site says; the strictest where it says nothing."""
        state = self.arrival.state
        return self.plan.regime or (Regime(state.regime) if state else Regime.OPT_IN)

    @property
    def allowed(self) -> frozenset[str]:
        """Purposes and vendors that may be used before a choice."""
        if self.arrival.state is not None:
            return frozenset(self.arrival.state.granted)
        purposes = (self.plan.policy or Policy()).purposes
        return frozenset(purposes) if self.regime.grants else frozenset()

    def tracking(self, trace: Trace) -> list[str]:
        """Return the names of those who would need consent for what came of a page before a choice."""
        owners = [*map(self.owners.of_request, trace.requests), *map(self.owners.of_stored, trace.stored)]
        return [owner.name for owner in needing_consent(owners, self.allowed)]

    # --- the visits

    @cached_property
    def arrival(self) -> Arrival:
        """A fresh visit, before a choice."""
        with self._visit("arriving, and looking around before a choice") as visit:
            state, start = visit.state(), visit.trace()
            self._pages = self._find_pages(visit, start.view.layer)
            visit.page.emulate_media(color_scheme="dark")
            dark = visit.look()
            visit.page.emulate_media(color_scheme="light")
            visit.mark()
            others = []
            for page in self._pages[1:]:
                visit.open(page)
                others.append(visit.trace())
                visit.mark()
        return Arrival(state=state, walk=(start, *others), dark=dark)

    def _find_pages(self, visit: Visit, layer: Layer | None) -> list[str]:
        """Return the start page and the first pages of the site that it links to, but for those of the layer."""
        here = urlsplit(visit.page.url)
        pages = {(here.path, here.query): self.plan.url}
        for link in visit.page.evaluate(_LINKS, layer and layer.path):
            to = urlsplit(link)
            own = (to.scheme, to.netloc) == (here.scheme, here.netloc)
            page = (
                own
                and not to.path.lower().endswith(_FILES)
                and not to.path.startswith(self.plan.prefix + "/")
            )
            if page and len(pages) < self.plan.pages:
                pages.setdefault((to.path, to.query), to._replace(fragment="").geturl())
        return list(pages.values())

    @property
    def layer(self) -> Layer | None:
        """What asks the visitor on the start page."""
        return self.arrival.walk[0].view.layer

    @cached_property
    def foreign(self) -> Trace:
        """A visit of somebody whose browser speaks another language than the page."""
        spoken = self.arrival.walk[0].view.language.partition("-")[0].lower()
        locale = next(other for other in _OTHERS if not other.startswith(spoken or "-"))
        with self._visit(f"arriving with Accept-Language: {locale}", locale=locale) as visit:
            return visit.trace()

    @cached_property
    def ticked(self) -> tuple[Box, ...]:
        """Boxes that are ticked in banner and settings before a choice, and are not the page's own."""
        with self._visit("opening the settings before a choice") as visit:
            view = visit.look()
            inside = {box.path for layer in view.layers for box in layer.boxes}
            page = {box.path for box in view.boxes} - inside
            before = [box for layer in view.layers for box in layer.boxes if box.checked and not box.disabled]
            url = visit.page.url
            after = ticked(visit) if open_settings(visit) else ()
            page = page if visit.page.url == url else set()
            return tuple(dict.fromkeys([*before, *(box for box in after if box.path not in page)]))

    @cached_property
    def refused(self) -> Chosen:
        """A visit that rejects."""
        self.arrival  # noqa: B018  # finds the pages
        with self._visit("rejecting") as visit:
            presses = choose(visit, "reject")
            if presses is None:
                return Chosen(presses=None)
            stored = visit.stored()
            visit.mark()
            walk = self._walk(visit)
            seen = shown(visit) if reopen_settings(visit) else None
            return Chosen(presses=presses, stored=stored, walk=walk, shown=seen)

    @cached_property
    def granted(self) -> Chosen:
        """A visit that accepts, and then withdraws."""
        self.arrival  # noqa: B018  # finds the pages
        with self._visit("accepting, then withdrawing") as visit:
            presses = choose(visit, "accept")
            if presses is None:
                return Chosen(presses=None)
            stored = visit.stored()
            visit.mark()
            walk = self._walk(visit)
            seen = shown(visit) if reopen_settings(visit) else None
            withdrawn = self._withdraw(visit) if seen is not None else None
            return Chosen(presses=presses, stored=stored, walk=walk, shown=seen, withdrawn=withdrawn)

    def _withdraw(self, visit: Visit) -> Chosen | None:
        presses = answer(visit, "withdraw", "reject")
        if presses is None:
            return None
        stored = visit.stored()
        visit.mark()
        return Chosen(presses=presses, stored=stored, walk=self._walk(visit))

    @cached_property
    def gestures(self) -> tuple[Gesture, ...]:
        """Visits that do what is no choice, one thing each, and then open the page again."""
        done = []
        for name, act in GESTURES.items():
            with self._visit(name) as visit:
                visit.mark()
                if act(visit):
                    visit.settle()
                    visit.open(self.plan.url)
                    done.append(Gesture(name=name, trace=visit.trace(), state=visit.state()))
        return tuple(done)

    @cached_property
    def policy_page(self) -> PolicyPage:
        """The privacy policy: where the policy says, or where a link in layer, settings or page leads."""
        self.arrival  # noqa: B018  # finds the pages
        with self._visit("opening the privacy policy before a choice") as visit:
            declared = self.plan.policy.site.privacy_policy if self.plan.policy else ""
            url = urljoin(self.plan.url, declared) if declared else self._policy_link(visit)
            if not url:
                return PolicyPage(url="")
            visit.mark()
            visit.open(url)
            return PolicyPage(url=url, status=visit.status, trace=visit.trace())

    def _policy_link(self, visit: Visit) -> str:
        view = visit.look()
        inside = view.layer.controls if view.layer else ()
        found = [
            one.href
            for one in (*inside, *view.controls)
            if one.href and leads_to_policy(one.text or one.name)
        ]
        ours = [href for href in found if not urlsplit(href).path.startswith(self.plan.prefix + "/")]
        return ours[0] if ours else ""

    @cached_property
    def signalled(self) -> Signalled:
        """A visit with Sec-GPC."""
        self.arrival  # noqa: B018  # finds the pages
        with self._visit("arriving with Sec-GPC: 1", gpc=True) as visit:
            state, start = visit.state(), visit.trace()
            visit.mark()
            walk = (start, *self._walk(visit))
            texts = [text for trace in walk for text in _texts(trace.view)]
            if open_settings(visit):
                texts.append(shown(visit)[0])
            return Signalled(state=state, walk=walk, text="\n".join(texts))

    @cached_property
    def overridden(self) -> Signalled | None:
        """A visit that accepts without Sec-GPC and comes back with it; nothing where nobody can accept."""
        self.arrival  # noqa: B018  # finds the pages
        with self._visit("accepting, then coming back with Sec-GPC: 1") as visit:
            if choose(visit, "accept") is None:
                return None
            visit.open("about:blank")
            visit.send_gpc()
            visit.mark()
            walk = self._walk(visit)
            return Signalled(state=visit.state(), walk=walk)

    @cached_property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What keeps people from using the first layer and the settings."""
        with self._visit("using the first layer by keyboard and on a small screen") as visit:
            return tuple(find_obstacles(visit, self.plan.axe))

    @cached_property
    def refused_by_tool(self) -> bool | None:
        """Whether autoconsent itself finds the reject button; `None` if its script was not given."""
        if self.plan.autoconsent is None:
            return None
        with self._visit("looking through autoconsent's eyes") as visit:
            return finds_reject(visit, self.plan.autoconsent)


def _texts(view: View) -> tuple[str, ...]:
    return (view.text, *(layer.text for layer in view.layers))
