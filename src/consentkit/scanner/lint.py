"""`lint_site`: the rules that are seen in a browser, held against a site."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consentkit.exceptions import ConfigurationError, ScanError
from consentkit.policy import Policy, Regime
from consentkit.policy.lint import Finding
from consentkit.scanner.bound import BoundHeaders, split_credentials
from consentkit.scanner.browser import launched
from consentkit.scanner.rules import CHECKS, Check
from consentkit.scanner.site import Plan, Site

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
    if unknown := set(rules or ()) - CHECKS.keys():
        raise ConfigurationError(f"not seen in a browser: rule {min(unknown)}")
    url, credentials = split_credentials(url)
    plan = Plan(
        url=url,
        policy=policy,
        headers=BoundHeaders(url, {**credentials, **(headers or {})}),
        prefix=prefix,
        regime=Regime(regime) if regime else None,
        pages=pages,
        quiet=quiet,
        axe=Path(axe) if axe else None,
        autoconsent=Path(autoconsent) if autoconsent else None,
    )
    with nullcontext(browser) if browser else launched(chromium) as running:
        return _checked(Site(running, plan, progress or _silent), rules)


def _checked(site: Site, rules: Collection[int] | None) -> list[Finding]:
    from playwright.sync_api import Error

    try:
        return check_site(site, rules)
    except Error as error:
        raise ScanError(f"cannot visit {site.plan.url}: {_first_line(error)}") from error


def check_site(site: Site, rules: Collection[int] | None = None) -> list[Finding]:
    """Hold a site against some rules, or all, where they hold under its regime."""
    return [
        finding
        for number, check in CHECKS.items()
        if (rules is None or number in rules) and site.regime in check.regimes
        for finding in _check(site, number, check)
    ]


def _check(site: Site, number: int, check: Check) -> Iterator[Finding]:
    from playwright.sync_api import Error

    try:
        for where, message, level, fix in check.find(site):
            yield Finding(rule=number, level=level, where=where, message=message, fix=fix)
    except (Error, ScanError) as error:
        problem = f"could not be checked: {_first_line(error)}"
        yield Finding(rule=number, level="warning", where=site.plan.url, message=problem)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _silent(_: str) -> None:
    """Say nothing."""
