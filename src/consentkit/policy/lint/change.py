"""What a policy changes over the one before it, against rules 16 and 22."""

from __future__ import annotations

from collections.abc import Iterator

from consentkit.policy.lint.model import Facts, Finding, Level
from consentkit.policy.model import Policy
from consentkit.policy.tables import NECESSARY, Purpose, Vendor


def asks_about_what_is_new(facts: Facts) -> Iterator[Finding]:
    """Rule 22: a vendor or purpose that is added changes the notice.

    Fingerprints see vendors, retention and edition. What else a visitor agreed to is compared here.
    """
    if facts.before is None:
        return
    for ident, purpose in facts.policy.purposes.items():
        earlier = facts.before.purposes.get(ident)
        if earlier is None or purpose.required:
            continue
        where = f"purposes.{ident}"
        if purpose.edition < earlier.edition:
            message = f"edition {purpose.edition} was in use before: what was granted then holds again"
            fix = f"Raise the edition to {earlier.edition + 1}."
            yield Finding(rule=22, level="error", where=where, message=message, fix=fix)
        elif facts.policy.fingerprints[ident] == facts.before.fingerprints[ident]:
            for level, change in _changes(facts.policy, facts.before, purpose, earlier):
                message = f"{change}, and nobody is asked again"
                yield Finding(rule=22, level=level, where=where, message=message)


def _changes(
    policy: Policy, before: Policy, purpose: Purpose, earlier: Purpose
) -> Iterator[tuple[Level, str]]:
    if purpose.sale and not earlier.sale:
        yield "error", "it has become a sale"
    for vendor in policy.vendors_for(purpose.id):
        old = before.vendors_declared.get(vendor.id)
        if old is None or old.purpose != vendor.purpose:
            yield "error", f"{vendor.id} is new"
        else:
            yield from _vendor_changes(vendor, old)


def _vendor_changes(vendor: Vendor, old: Vendor) -> Iterator[tuple[Level, str]]:
    if vendor.own_use and not old.own_use:
        yield "error", f"{vendor.id} has become free to use what it receives for itself"
    if hosts := [host for host in vendor.hosts if host not in old.hosts]:
        yield "warning", f"{vendor.id} has new hosts ({', '.join(hosts)})"
    names = {cookie.name for cookie in old.cookies}
    if cookies := [cookie.name for cookie in vendor.cookies if cookie.name not in names]:
        yield "warning", f"{vendor.id} has new cookies ({', '.join(cookies)})"


def asks_again_for_a_reason(facts: Facts) -> Iterator[Finding]:
    """Rule 16, for two policies: nobody is asked again unless the notice materially changed."""
    if facts.before is None:
        return
    for ident in facts.policy.purposes.keys() & facts.before.purposes.keys():
        asked = facts.policy.fingerprints[ident] != facts.before.fingerprints[ident]
        if asked and ident != NECESSARY and not _is_material(facts.policy, facts.before, ident):
            message = (
                "everybody is asked again, and nothing but an edition or something taken away has changed"
            )
            fix = "Keep edition and vendors until there is something to ask, unless the texts have changed."
            yield Finding(rule=16, level="note", where=f"purposes.{ident}", message=message, fix=fix)


def _is_material(policy: Policy, before: Policy, ident: str) -> bool:
    old, new = before.purposes[ident], policy.purposes[ident]
    told = (old.title, old.description) != (new.title, new.description)
    return told or any(_changes(policy, before, new, old)) or _keeps_longer(policy, before, ident)


def _keeps_longer(policy: Policy, before: Policy, ident: str) -> bool:
    """Say whether a retention is other than it was; which of two texts is longer is not asked."""
    return any(
        before.vendors_declared[vendor.id].retention != vendor.retention
        or before.vendors_declared[vendor.id].cookies != vendor.cookies
        for vendor in policy.vendors_for(ident)
        if vendor.id in before.vendors_declared
    )
