"""`lint_site`: checks a site by the browser rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consentkit.exceptions import ConfigurationError, MissingExtra
from consentkit.lint import Finding
from consentkit.lint.registry import BROWSER_CHECKS
from consentkit.policy import Policy, Regime
from consentkit.scanner.origin_headers import OriginHeaders, split_credentials

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
    """Visit a site in a real Chromium and check it by the browser rules.

    ``docs/reference/scanner.md`` describes the arguments.

    Raises:
        ConfigurationError: An argument is invalid, or Playwright is missing (`MissingExtra`).
        ScanError: The site cannot be visited, or no Chromium can be started.
    """
    url, credentials = _check_arguments(url, rules)
    from consentkit.scanner import site_visits, visit

    plan = visit.VisitPlan(
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
    with nullcontext(browser) if browser else visit.launch_chromium(chromium) as running:
        return site_visits.check_site(site_visits.SiteVisits(running, plan, progress), rules)


def _check_arguments(url: str, rules: Collection[int] | None) -> tuple[str, dict[str, str]]:
    """Return the address without its credentials, and their header."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ConfigurationError(f"expected an address such as https://www.example.org/, found {url!r}")
    if unknown := set(rules or ()) - BROWSER_CHECKS.keys():
        raise ConfigurationError(f"not seen in a browser: rule {min(unknown)}")
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError as error:
        raise MissingExtra("visiting a site in a browser", extra="scan") from error
    return split_credentials(url)
