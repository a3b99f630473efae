"""The scanner: visits a site in a real browser, for the lint rules that need one (extra ``scan``)."""

from consentkit.scanner.scan import lint_site

__all__ = ["lint_site"]
