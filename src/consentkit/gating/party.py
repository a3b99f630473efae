"""Who would be reached, and what it takes to keep an element from reaching them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from consentkit.catalog import KnownVendor
from consentkit.consent import Consent
from consentkit.policy import Vendor
from consentkit.rewriter import Splice

Why = Literal["host", "signature", "marker", "unknown-marker", "cut"]


class Party(NamedTuple):
    """A vendor, or a whole purpose, whose consent an element needs.

    Attributes:
        vendor: Id of the vendor; empty for a purpose.
        name: The vendor's name as visitors know it; for an unknown marker what the marker says.
        purpose: Id of the purpose; empty where nothing is known, which no consent allows.
        embed: Whether its frames show content, which deserves a placeholder.
        stubs: Globals that its inline snippet defines, with the kind of stub for each.
    """

    vendor: str
    name: str
    purpose: str
    embed: bool = True
    stubs: tuple[tuple[str, str], ...] = ()


class Reason(NamedTuple):
    """Why an element needs a party's consent.

    Attributes:
        party: Who.
        host: The host that would be asked, with its port where it has one; empty where there is none.
        why: How the party was recognised.
    """

    party: Party
    host: str
    why: Why


class Plan(NamedTuple):
    """What to do with a tag, whatever the consent: a function of its bytes alone.

    Attributes:
        reasons: Who must be allowed.
        inert: The edits that make it inert.
        live: The edits that make it live where everybody is allowed.
        framed: Whether it is a frame that visitors see.
        marked: Whether its author said who must be allowed; nothing else counts then.
        hosts: Third parties it would reach that neither policy nor catalog knows.
    """

    reasons: tuple[Reason, ...] = ()
    inert: Sequence[Splice] = ()
    live: Sequence[Splice] = ()
    framed: bool = False
    marked: bool = False
    hosts: tuple[str, ...] = ()


def known_party(known: KnownVendor) -> Party:
    """Make the party of a vendor that only the catalog knows."""
    return Party(known.id, known.name, known.purpose, known.embed, tuple(known.stubs.items()))


def declared_party(vendor: Vendor, known: KnownVendor | None) -> Party:
    """Make the party of a vendor that the policy declares.

    Args:
        vendor: The vendor, completed with the catalog's details.
        known: What the catalog knows of it, if anything.
    """
    party = known_party(known) if known else Party(vendor.id, vendor.name, vendor.purpose)
    return party._replace(name=vendor.name, purpose=vendor.purpose)


def is_allowed(party: Party, consent: Consent) -> bool:
    """Tell whether a visitor's consent covers a party. What nobody knows is never covered."""
    if party.vendor:
        return consent.allows_known(party.vendor, party.purpose)
    return bool(party.purpose) and consent.allows(party.purpose)
