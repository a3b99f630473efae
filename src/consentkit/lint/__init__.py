"""Lint rules from law, for a policy, a page, and observations of a site. A tool, not legal advice."""

from consentkit.lint.finding import Finding as Finding
from consentkit.lint.page_rules import lint_gpc as lint_gpc
from consentkit.lint.page_rules import lint_page as lint_page
from consentkit.lint.registry import RULES as RULES
from consentkit.lint.registry import lint as lint
from consentkit.lint.report import Located as Located
from consentkit.lint.report import locate as locate
from consentkit.lint.report import to_json as to_json
from consentkit.lint.report import to_sarif as to_sarif
from consentkit.lint.report import toml_for as toml_for
from consentkit.lint.report import write_text as write_text
