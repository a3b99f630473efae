"""Vendor calls, such as Google's Consent Mode, and the IAB's Global Privacy Platform."""

from consentkit.vendorcalls.call_table import Call as Call
from consentkit.vendorcalls.call_table import Calls as Calls
from consentkit.vendorcalls.call_table import calls_for as calls_for
from consentkit.vendorcalls.call_table import calls_script as calls_script
from consentkit.vendorcalls.call_table import calls_table as calls_table
from consentkit.vendorcalls.call_table import write_attributes as write_attributes
