"""What vendors' scripts must be told about consent: one table, and the one script that makes its calls."""

from consentkit.vendorcalls.script import calls_script, write_attributes
from consentkit.vendorcalls.table import Call, Calls, calls_for, calls_table

__all__ = ["Call", "Calls", "calls_for", "calls_script", "calls_table", "write_attributes"]
