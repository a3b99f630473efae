"""Consent, policy and catalog made into what the rewriter asks for, and into rules for cookie headers.

What runs or reaches a third party without consent is made inert in place: attributes get private names, a
script gets a type that does not run. Nothing is removed from the page.
"""

from consentkit.gating.document import PageGate
from consentkit.gating.gate import Gate
from consentkit.gating.judge import Gated
from consentkit.gating.model import Embed, Party, Renderer, Target, Unclassified
from consentkit.gating.page_scripts import NO_STUBS, module_script, stubs_script

__all__ = [
    "NO_STUBS",
    "Embed",
    "Gate",
    "Gated",
    "PageGate",
    "Party",
    "Renderer",
    "Target",
    "Unclassified",
    "module_script",
    "stubs_script",
]
