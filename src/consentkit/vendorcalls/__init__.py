"""What vendors' scripts must be told about consent: their calls, and IAB's Global Privacy Platform."""

from consentkit.vendorcalls.call_table import (
    Call,
    Calls,
    calls_for,
    calls_script,
    calls_table,
    write_attributes,
)

__all__ = ["Call", "Calls", "calls_for", "calls_script", "calls_table", "write_attributes"]
