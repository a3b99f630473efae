"""The IAB's Global Privacy Platform: a visitor's choice as a GPP string, and the script that answers for it.

Only the sections of the United States are written. A TC string never is: that needs a registered provider.
"""

from consentkit.vendorcalls.gpp.choices import GPP, gpp_for
from consentkit.vendorcalls.gpp.script import gpp_attributes, gpp_script
from consentkit.vendorcalls.gpp.strings import read_gpp

__all__ = ["GPP", "gpp_attributes", "gpp_for", "gpp_script", "read_gpp"]
