"""The gate: makes tags inert that contact or run third parties without consent.

Attributes get private names, scripts a type that does not run; nothing is removed from a page.

gate              what one policy gates; made once per application
classifier        whom a tag or a script would reach, from its bytes alone; remembered across visitors
document          classification and consent made into edits; one per response
judge             whether consent covers what was found, and the account of what was held back
vendor_index      whose an address, a marker, a cookie or a container is
resource_urls     where addresses stand: attributes, ``data:`` URLs, import maps; elements: which load
markers, embeds   what tags say they need; what frames say of their content
response_headers  headers that make browsers reach somebody; vendor_calls: what vendors are told
inline/           whom an inline script would reach
"""

from consentkit.gating.document import PageGate
from consentkit.gating.gate import Gate
from consentkit.gating.model import Embed, Party, Target, Unclassified

__all__ = ["Embed", "Gate", "PageGate", "Party", "Target", "Unclassified"]
