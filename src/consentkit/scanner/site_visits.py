"""The visits to a site, each made once, when a rule first needs it."""

# Attributes of `Observations` are cached properties here, which mypy does not accept.
# mypy: disable-error-code="override"

from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from typing import Final
from urllib.parse import urljoin

from msgspec.structs import replace
from playwright.sync_api import Browser, Error

from consentkit.exceptions import ScanError
from consentkit.lint import RULES, Finding, facts
from consentkit.lint.finding import warning
from consentkit.lint.registry import BROWSER_CHECKS
from consentkit.scanner import choices
from consentkit.scanner.accessibility import find_barriers
from consentkit.scanner.labels import mentions_signal
from consentkit.scanner.visit import Visit, VisitPlan, find_pages, find_policy, first_line

_OTHERS: Final = ("fr-FR", "de-DE")


class SiteVisits(facts.Observations):
    """The observations of a site; each visit is made once, when a rule first needs it.

    Args:
        browser: The browser.
        plan: The options of the visits.
        tell: Called with one line before every visit, if given.
    """

    def __init__(self, browser: Browser, plan: VisitPlan, tell: Callable[[str], None] | None) -> None:
        super().__init__(plan.url, plan.policy, plan.regime)
        self.plan = plan
        self._browser = browser
        self._tell = tell

    @contextmanager
    def _visit(self, what: str, *, gpc: bool = False, locale: str = "en-GB") -> Iterator[Visit]:
        """Announce a visit, and open the start page in a fresh profile."""
        if self._tell is not None:
            self._tell(what)
        with closing(Visit(self._browser, self.plan, gpc=gpc, locale=locale)) as visit:
            visit.open(self.url)
            yield visit

    def _visit_pages(self, visit: Visit, start: facts.PageVisit | None = None) -> tuple[facts.PageVisit, ...]:
        """Open all pages in order; the first one only if `start` is not given."""
        traces = [start] if start else []
        return (*traces, *map(visit.visit_page, self.arrival.pages[len(traces) :]))

    def _visit_links(self, visit: Visit, start: facts.PageVisit) -> dict[str, facts.PageVisit]:
        """Open links of the start page that lead to pages; return these, with the start page first."""
        walk, most = {self.url: start}, self.plan.pages - 1
        for page in find_pages(visit.page.main_frame, start.view, prefix=self.plan.prefix, most=most):
            with suppress(ScanError):  # a download, for example
                walk[page] = visit.visit_page(page)
        return walk

    @cached_property
    def arrival(self) -> facts.FirstVisit:
        """A first visit, before a choice."""
        with self._visit("arriving, and looking around before a choice") as visit:
            state, start = visit.state(), visit.trace()
            visit.page.emulate_media(color_scheme="dark")
            dark = visit.look()
            visit.page.emulate_media(color_scheme="light")
            walk = self._visit_links(visit, start)
        return facts.FirstVisit(state=state, pages=tuple(walk), walk=tuple(walk.values()), dark=dark)

    @cached_property
    def foreign(self) -> facts.PageVisit:
        """A visit with a browser in another language than the page."""
        spoken = self.arrival.walk[0].view.language
        locale = next(other for other in _OTHERS if not other.startswith(spoken or "-"))
        with self._visit(f"arriving with Accept-Language: {locale}", locale=locale) as visit:
            return visit.trace()

    @cached_property
    def ticked(self) -> tuple[facts.Checkbox, ...]:
        """Boxes that are ticked in banner and settings before a choice; not those of the page itself."""
        with self._visit("opening the settings before a choice") as visit:
            view = visit.look()
            inside = {box.path for layer in view.layers for box in layer.boxes}
            page = {box.path for box in view.boxes} - inside
            before = [box for layer in view.layers for box in layer.boxes if box.checked and not box.disabled]
            url = visit.page.url
            after = choices.ticked_boxes(visit) if choices.open_settings(visit) else ()
            page = page if visit.page.url == url else set()
            return tuple(dict.fromkeys([*before, *(box for box in after if box.path not in page)]))

    @cached_property
    def refused(self) -> facts.ChoiceVisit:
        """A visit that rejects."""
        with self._visit("rejecting") as visit:
            return self._choose(visit, "reject")

    @cached_property
    def granted(self) -> facts.ChoiceVisit:
        """A visit that accepts, and then withdraws."""
        with self._visit("accepting, then withdrawing") as visit:
            chosen = self._choose(visit, "accept")
            if chosen.shown is None:
                return chosen
            presses = choices.answer_settings(visit, "withdraw", "reject")
            return replace(chosen, withdrawn=self._after_choice(visit, presses))

    def _choose(self, visit: Visit, action: str) -> facts.ChoiceVisit:
        """Make a choice, visit the pages, and open the settings from the last page, or else the first."""
        chosen = self._after_choice(visit, choices.choose(visit, action))
        if chosen.presses is None:
            return chosen
        if visit.look().opener is None:
            visit.open(self.url)
        shown = choices.shown_settings(visit) if choices.reopen_settings(visit) else None
        return replace(chosen, shown=shown)

    def _after_choice(self, visit: Visit, presses: int | None) -> facts.ChoiceVisit:
        """Return the result of a choice that took `presses`; `None`: it was impossible."""
        if presses is None:
            return facts.ChoiceVisit(presses=None)
        return facts.ChoiceVisit(presses=presses, stored=visit.stored(), walk=self._visit_pages(visit))

    @cached_property
    def gestures(self) -> tuple[facts.GestureVisit, ...]:
        """Visits with one gesture each that is not a choice; then the page is opened again."""
        done = []
        for name, act in choices.GESTURES.items():
            with self._visit(name) as visit:
                visit.forget_requests()
                if act(visit):
                    visit.settle()
                    visit.open(self.url)
                    done.append(facts.GestureVisit(name=name, trace=visit.trace(), state=visit.state()))
        return tuple(done)

    @cached_property
    def policy_page(self) -> facts.PolicyPage:
        """The privacy policy: at the policy's address, or found by a link in page or settings."""
        with self._visit("opening the privacy policy before a choice") as visit:
            declared = self.policy.site.privacy_policy if self.policy else ""
            url = urljoin(self.url, declared) if declared else self._policy_link(visit)
            if not url:
                return facts.PolicyPage(url="")
            try:
                trace = visit.visit_page(url)
            except ScanError:
                return facts.PolicyPage(url=url)
            return facts.PolicyPage(url=url, status=visit.status, trace=trace)

    def _policy_link(self, visit: Visit) -> str:
        """Find the link on the page, else in the settings."""
        link = find_policy(visit.page.main_frame)
        if not link and choices.open_settings(visit):
            link = next(filter(None, (find_policy(frame) for frame, _ in choices.open_views(visit))), "")
        return link

    @cached_property
    def signalled(self) -> facts.SignalVisit:
        """A visit with Sec-GPC."""
        with self._visit("arriving with Sec-GPC: 1", gpc=True) as visit:
            state, walk = visit.state(), self._visit_pages(visit, visit.trace())
            texts = [trace.view.text for trace in walk]
            texts += [layer.text for trace in walk for layer in trace.view.layers]
            if choices.open_settings(visit):
                texts.append(choices.shown_settings(visit).text)
            return facts.SignalVisit(state=state, walk=walk, told=mentions_signal("\n".join(texts)))

    @cached_property
    def overridden(self) -> facts.SignalVisit | None:
        """A visit that accepts without Sec-GPC and returns with it; `None` if accepting is impossible."""
        with self._visit("accepting, then coming back with Sec-GPC: 1") as visit:
            if choices.choose(visit, "accept") is None:
                return None
            visit.open("about:blank")
            visit.send_gpc()
            walk = self._visit_pages(visit)
            return facts.SignalVisit(state=visit.state(), walk=walk)

    @cached_property
    def barriers(self) -> tuple[facts.Barrier, ...]:
        """Accessibility problems of the first layer and the settings."""
        with self._visit("using the first layer by keyboard and on a small screen") as visit:
            return tuple(find_barriers(visit, self.plan.axe))

    @cached_property
    def refused_by_tool(self) -> bool | None:
        """Whether autoconsent itself finds the reject button; `None` if its script was not given."""
        if self.plan.autoconsent is None:
            return None
        with self._visit("looking through autoconsent's eyes") as visit:
            return choices.finds_reject(visit, self.plan.autoconsent)


def check_site(site: SiteVisits, rules: Collection[int] | None = None) -> list[Finding]:
    """Check a site by browser rules (by default all) that apply under its regime.

    Raises:
        ScanError: The site cannot be visited.
    """
    wanted = [number for number in BROWSER_CHECKS if rules is None or number in rules]
    try:
        held = [number for number in wanted if site.regime in RULES[number].regimes]
    except Error as error:
        raise ScanError(f"cannot visit {site.url}: {first_line(error)}") from error
    return [finding for number in held for finding in _check(site, number)]


def _check(site: SiteVisits, number: int) -> Iterator[Finding]:
    try:
        yield from BROWSER_CHECKS[number](site)
    except (Error, ScanError) as error:
        yield warning(number, site.url, f"could not be checked: {first_line(error)}")
