"""Vendor calls, such as Google's Consent Mode, and the IAB's Global Privacy Platform."""

from consentkit.vendorcalls.call_table import (
    Call,
    Calls,
    calls_for,
    calls_script,
    calls_table,
    write_attributes,
)

__all__ = ["Call", "Calls", "calls_for", "calls_script", "calls_table", "write_attributes"]
