"""Inline scripts: whom they would reach."""

from consentkit.gating.inline.analyzer import Analysis, ScriptAnalyzer

__all__ = ["Analysis", "ScriptAnalyzer"]
