"""The tables of a policy: site, purposes, vendors with their cookies, Consent Mode, banner.

They are plain data. `consentkit.policy.model.Policy` checks them where it is made, so that every error names
its key path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

NECESSARY = "necessary"

# What `banner.text.<locale>.<regime>` may override.
TEXT_KEYS = frozenset({"title", "notice", "accept", "reject", "read_more"})
# Words in braces that a notice may hold: a button inside the sentence, the titles of the purposes asked for.
NOTICE_SLOTS = frozenset({"opt-out", "purposes"})


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is responsible.

    Attributes:
        controller: Name and address.
        contact: Where visitors write to.
        privacy_policy: URL or path of the privacy policy.
    """

    controller: str = ""
    contact: str = ""
    privacy_policy: str = ""


class Purpose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is stored or sent.

    Attributes:
        id: The key in `purposes`; set by the policy.
        title: A few words. The four default purposes have one of their own.
        description: One sentence.
        sale: Whether it sells or shares data, which is what Sec-GPC denies. ``None``: as the default purpose
            of this name, ``False`` for a purpose of the site's own. Always a bool in a policy.
        edition: Raise it to ask visitors again.
    """

    id: str = ""
    title: str = ""
    description: str = ""
    sale: bool | None = None
    edition: Annotated[int, msgspec.Meta(ge=1)] = 1

    @property
    def required(self) -> bool:
        """Say whether the purpose needs no consent: true of `necessary` alone."""
        return self.id == NECESSARY


class Cookie(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A first-party cookie that a vendor sets.

    Attributes:
        name: The name; a trailing ``*`` stands for any ending.
        retention: A duration such as ``30 days``; empty where not declared.
    """

    name: str
    retention: str = ""


class Vendor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who stores or receives. In `vendors` of a policy, what differs from the catalog is enough.

    Attributes:
        id: The key in `vendors`; set by the policy.
        name: As the visitor knows it.
        purpose: Id of a purpose of the policy.
        description: One sentence.
        hosts: ``host[:port][/path][?query]``, matched with all subdomains of the host.
        cookies: First-party cookies that the vendor sets.
        retention: How long the vendor keeps data, such as ``14 months``.
        privacy_policy: URL of the vendor's privacy policy.
        country: ISO 3166-1 code of the vendor's seat.
        consent_mode: ``advanced``: the vendor's scripts run before consent, told that all is denied.
            ``basic`` or empty: they are held back.
    """

    id: str = ""
    name: str = ""
    purpose: str = ""
    description: str = ""
    hosts: tuple[str, ...] = ()
    cookies: tuple[Cookie, ...] = ()
    retention: str = ""
    privacy_policy: str = ""
    country: str = ""
    consent_mode: Literal["", "basic", "advanced"] = ""


class ConsentMode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What Google's tags are told besides what is granted and denied.

    Attributes:
        ads_data_redaction: Whether identifiers of clicks on ads are cut out while advertising is denied.
        url_passthrough: Whether links hand on what would be in cookies while those are denied.
        wait_for_update: Milliseconds for which tags wait for a choice before they act on the default.
    """

    ads_data_redaction: bool = True
    url_passthrough: bool = False
    wait_for_update: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class Banner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the banner looks and what it says.

    Attributes:
        layout: ``bar``.
        accent: Colour of its buttons, ``#rrggbb``.
        text: Locale → regime → key → text; keys are those of `TEXT_KEYS`. ``{opt-out}`` in a notice becomes a
            button inside the sentence.
    """

    layout: Literal["bar"] = "bar"
    accent: str = "#0b5cad"
    text: Mapping[str, Mapping[str, Mapping[str, str]]] = {}
