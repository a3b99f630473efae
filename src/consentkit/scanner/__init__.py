"""Visits a site in a real browser, as its visitors do, and says what breaks the rules (extra ``scan``)."""

from consentkit.scanner.scan import lint_site

__all__ = ["lint_site"]
