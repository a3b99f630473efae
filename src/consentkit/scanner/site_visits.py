"""A site as a few visitors find it: each visit is made once, when a rule first asks for it."""

# Parts of `Observations` are cached properties here, made when a rule first asks: to mypy no attributes.
# mypy: disable-error-code="override"

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import msgspec
from msgspec.structs import replace

from consentkit.exceptions import ScanError
from consentkit.lint.facts import (
    Arrival,
    Box,
    Chosen,
    Gesture,
    Observations,
    Obstacle,
    PolicyPage,
    Signalled,
    Trace,
    View,
)
from consentkit.policy import Policy, Regime
from consentkit.scanner.accessibility import find_obstacles
from consentkit.scanner.choices import (
    GESTURES,
    answer_settings,
    choose,
    finds_reject,
    open_places,
    open_settings,
    reopen_settings,
    shown_settings,
    ticked_boxes,
)
from consentkit.scanner.labels import says_signal
from consentkit.scanner.origin_headers import OriginHeaders
from consentkit.scanner.page_view import find_pages, find_policy
from consentkit.scanner.visit import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_OTHERS: Final = ("fr-FR", "de-DE")


class VisitPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a site is visited; the attributes are arguments of `consentkit.scanner.lint_site`."""

    url: str
    policy: Policy | None = None
    headers: OriginHeaders
    prefix: str = "/_consent"
    regime: Regime | None = None
    pages: int = 3
    quiet: float = 1.0
    axe: Path | None = None
    autoconsent: Path | None = None


class SiteVisits(Observations):
    """What visitors find at a site; each visit is made once, when a rule first asks for it.

    Args:
        browser: The browser.
        plan: How to visit.
        tell: Called with one line per visit.
    """

    def __init__(self, browser: Browser, plan: VisitPlan, tell: Callable[[str], None]) -> None:
        super().__init__(plan.url, plan.policy, plan.regime)
        self.plan = plan
        self._browser = browser
        self._tell = tell

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

    def _walk(self, visit: Visit, start: Trace | None = None) -> tuple[Trace, ...]:
        """Open all pages, in order; not the first one where it has been opened already."""
        traces = [start] if start else []
        for page in self.arrival.pages[len(traces) :]:
            visit.mark()
            visit.open(page)
            traces.append(visit.trace())
        return tuple(traces)

    def _look_around(self, visit: Visit, start: Trace) -> dict[str, Trace]:
        """Open the first page's links as far as they lead to pages; return the pages, it being the first."""
        walk, most = {self.plan.url: start}, self.plan.pages - 1
        for page in find_pages(visit.page.main_frame, start.view, prefix=self.plan.prefix, most=most):
            visit.mark()
            try:
                visit.open(page)
            except ScanError:  # a file to keep, for example
                continue
            walk[page] = visit.trace()
        return walk

    @cached_property
    def arrival(self) -> Arrival:
        """A fresh visit, before a choice."""
        with self._visit("arriving, and looking around before a choice") as visit:
            state, start = visit.state(), visit.trace()
            visit.page.emulate_media(color_scheme="dark")
            dark = visit.look()
            visit.page.emulate_media(color_scheme="light")
            walk = self._look_around(visit, start)
        return Arrival(state=state, pages=tuple(walk), walk=tuple(walk.values()), dark=dark)

    @cached_property
    def foreign(self) -> Trace:
        """A visit of somebody whose browser speaks another language than the page."""
        spoken = self.arrival.walk[0].view.language
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
            after = ticked_boxes(visit) if open_settings(visit) else ()
            page = page if visit.page.url == url else set()
            return tuple(dict.fromkeys([*before, *(box for box in after if box.path not in page)]))

    @cached_property
    def refused(self) -> Chosen:
        """A visit that rejects."""
        with self._visit("rejecting") as visit:
            return self._choose(visit, "reject")

    @cached_property
    def granted(self) -> Chosen:
        """A visit that accepts, and then withdraws."""
        with self._visit("accepting, then withdrawing") as visit:
            chosen = self._choose(visit, "accept")
            if chosen.shown is None:
                return chosen
            return replace(chosen, withdrawn=self._withdraw(visit))

    def _choose(self, visit: Visit, action: str) -> Chosen:
        """Make a choice, walk on, and look at the settings again."""
        presses = choose(visit, action)
        if presses is None:
            return Chosen(presses=None)
        stored = visit.stored()
        visit.mark()
        walk = self._walk(visit)
        seen = shown_settings(visit) if self._reopen(visit) else None
        return Chosen(presses=presses, stored=stored, walk=walk, shown=seen)

    def _reopen(self, visit: Visit) -> bool:
        """Open the settings from the page that is there, else from the first one."""
        if visit.look().opener is None:
            visit.open(self.plan.url)
        return reopen_settings(visit)

    def _withdraw(self, visit: Visit) -> Chosen | None:
        presses = answer_settings(visit, "withdraw", "reject")
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
        with self._visit("opening the privacy policy before a choice") as visit:
            declared = self.plan.policy.site.privacy_policy if self.plan.policy else ""
            url = urljoin(self.plan.url, declared) if declared else self._policy_link(visit)
            if not url:
                return PolicyPage(url="")
            visit.mark()
            try:
                visit.open(url)
            except ScanError:
                return PolicyPage(url=url)
            return PolicyPage(url=url, status=visit.status, trace=visit.trace())

    def _policy_link(self, visit: Visit) -> str:
        """Find the link on the page, else in the settings."""
        link = find_policy(visit.page.main_frame)
        if not link and open_settings(visit):
            link = next(filter(None, (find_policy(frame) for frame, _ in open_places(visit))), "")
        return link

    @cached_property
    def signalled(self) -> Signalled:
        """A visit with Sec-GPC."""
        with self._visit("arriving with Sec-GPC: 1", gpc=True) as visit:
            state, walk = visit.state(), self._walk(visit, visit.trace())
            texts = [text for trace in walk for text in _texts(trace.view)]
            if open_settings(visit):
                texts.append(shown_settings(visit).text)
            return Signalled(state=state, walk=walk, told=says_signal("\n".join(texts)))

    @cached_property
    def overridden(self) -> Signalled | None:
        """A visit that accepts without Sec-GPC and comes back with it; nothing where nobody can accept."""
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
