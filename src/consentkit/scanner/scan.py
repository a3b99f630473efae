"""`lint_site`: the rules that are seen in a browser, held against a site."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consentkit.exceptions import ConfigurationError, ScanError
from consentkit.lint import RULES, Finding
from consentkit.lint.finding import warning
from consentkit.lint.registry import BROWSER_CHECKS
from consentkit.policy import Policy, Regime
from consentkit.scanner.origin_headers import OriginHeaders, split_credentials
from consentkit.scanner.site_visits import SiteVisits, VisitPlan
from consentkit.scanner.visit import launch_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def lint_site(
    url: str,
    *,
    policy: Policy | None = None,
    headers: Mapping[str, str] | None = None,
    rules: Collection[int] | None = None,
    regime: Regime | str | None = None,
    prefix: str = "/_consent",
    pages: int = 3,
    quiet: float = 1.0,
    axe: str | Path | None = None,
    autoconsent: str | Path | None = None,
    chromium: str | Path | None = None,
    browser: Browser | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Finding]:
    """Visit a site in a real Chromium and hold it against the rules that can be seen only there.

    Args:
        url: The page to begin with.
        policy: What the site declares; without it, vendors are told by the catalog alone.
        headers: Sent to the origin of `url` and to nobody else, such as Authorization, or those from which
            the site takes the visitor's place.
        rules: Numbers of the rules to check; by default all that hold under the site's regime.
        regime: What holds for the visitor; by default what the site says, else ``opt-in``.
        prefix: Where the site's consent endpoints are.
        pages: How many pages to visit: the first one, and some that it links to.
        quiet: Seconds without a request after which a page counts as settled.
        axe: axe-core's script; by default that of `axe-playwright-python`, if it is installed.
        autoconsent: ``dist/autoconsent.playwright.js`` of the npm package, for rule 34.
        chromium: Path of the browser; by default the variable CHROMIUM, the system's, or Playwright's own.
        browser: A browser that runs already.
        progress: Called with one line before every visit.

    Returns:
        What was found, by rule.

    Raises:
        ConfigurationError: An argument cannot be.
        MissingExtra: Playwright is not installed.
        ScanError: The site cannot be visited, or no Chromium can be started.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ConfigurationError(f"expected an address such as https://www.example.org/, found {url!r}")
    if unknown := set(rules or ()) - BROWSER_CHECKS.keys():
        raise ConfigurationError(f"not seen in a browser: rule {min(unknown)}")
    url, credentials = split_credentials(url)
    plan = VisitPlan(
        url=url,
        policy=policy,
        headers=OriginHeaders(url, {**credentials, **(headers or {})}),
        prefix=prefix,
        regime=Regime(regime) if regime else None,
        pages=pages,
        quiet=quiet,
        axe=Path(axe) if axe else None,
        autoconsent=Path(autoconsent) if autoconsent else None,
    )
    with nullcontext(browser) if browser else launch_chromium(chromium) as running:
        return _checked(SiteVisits(running, plan, progress or _say_nothing), rules)


def _checked(site: SiteVisits, rules: Collection[int] | None) -> list[Finding]:
    from playwright.sync_api import Error

    try:
        return check_site(site, rules)
    except Error as error:
        raise ScanError(f"cannot visit {site.url}: {_first_line(error)}") from error


def check_site(site: SiteVisits, rules: Collection[int] | None = None) -> list[Finding]:
    """Hold a site against some rules, or all, where they hold under its regime."""
    return [
        finding
        for number in BROWSER_CHECKS
        if (rules is None or number in rules) and site.regime in RULES[number].regimes
        for finding in _check(site, number)
    ]


def _check(site: SiteVisits, number: int) -> Iterator[Finding]:
    from playwright.sync_api import Error

    try:
        yield from BROWSER_CHECKS[number](site)
    except (Error, ScanError) as problem:
        yield warning(number, site.url, f"could not be checked: {_first_line(problem)}")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _say_nothing(_: str) -> None:
    """Take the place of a `progress` that is not given."""
