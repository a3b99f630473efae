"""Lint: a policy, and what a site sends, against the rules of law. A tool, not legal advice."""

from consentkit.policy.lint.check import lint
from consentkit.policy.lint.model import RULES, Finding
from consentkit.policy.lint.page import lint_page
from consentkit.policy.lint.remedy import toml_for
from consentkit.policy.lint.reporting import Located, locate, to_json, to_sarif, write_text
from consentkit.policy.lint.signals import lint_gpc

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
