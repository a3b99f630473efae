"""The gate: makes tags inert that contact or run third parties without consent.

Attributes get private names, scripts a type that does not run; nothing is removed from a page.

gate              one policy, compiled; made once per application
classifier        the parties that a tag or script contacts, from its bytes alone; cached across visitors
document          turns classification and consent into edits; one per response
judge             decides whether consent covers a party, and records what was blocked
vendor_index      look-up of vendors by address, marker, cookie and container
resource_urls     finds addresses in attributes, ``data:`` URLs and import maps
elements          which elements and attributes load something, and the edits that make them inert
markers, embeds   markers of consent tools; titles, posters and documents of frames
response_headers  headers that make browsers contact a host
vendor_calls      calls that tell vendors the consent
inline/           the parties that an inline script contacts
"""

from consentkit.gating.document import PageGate
from consentkit.gating.gate import Gate
from consentkit.gating.model import Embed, Party, Target, Unclassified

__all__ = ["Embed", "Gate", "PageGate", "Party", "Target", "Unclassified"]
