"""Consent, policy and catalog made into what the rewriter asks for, and into rules for cookie headers.

What runs or reaches a third party without consent is made inert in place: attributes get private names, a
script gets a type that does not run. Nothing is removed from the page.
"""

from consentkit.gating.document import PageGate
from consentkit.gating.gate import Gate
from consentkit.gating.model import Embed, Party, Target, Unclassified

__all__ = ["Embed", "Gate", "PageGate", "Party", "Target", "Unclassified"]
