"""Rules of law for a policy, a page, and what visits saw of a site. A tool, not legal advice."""

from consentkit.lint.finding import Finding
from consentkit.lint.page_rules import lint_gpc, lint_page
from consentkit.lint.registry import RULES, lint
from consentkit.lint.report import Located, locate, to_json, to_sarif, write_text
from consentkit.lint.toml_lines import toml_for

__all__ = [
    "RULES",
    "Finding",
    "Located",
    "lint",
    "lint_gpc",
    "lint_page",
    "locate",
    "to_json",
    "to_sarif",
    "toml_for",
    "write_text",
]
