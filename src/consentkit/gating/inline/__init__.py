"""Inline scripts: whom they would reach."""

from consentkit.gating.inline.reader import InlineReader, Reading

__all__ = ["InlineReader", "Reading"]
