"""Who is declared for what, against rules 19, 20, 21, 27 and 35."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consentkit.catalog import HostRule, KnownVendor, default_catalog
from consentkit.policy.lint.model import Facts, Finding, Level
from consentkit.policy.tables import NECESSARY, Vendor, default_purposes
from consentkit.vendorcalls import calls_for

WATCHING: Final = frozenset({"analytics", "marketing"})
"""Purposes of the catalog that are never necessary."""

_GOOGLE: Final = "google"
_NO_SALE: Final = "Nothing, if what it receives from your site is neither sold nor shared."


def says_what_it_is(facts: Facts) -> Iterator[Finding]:
    """Rule 19: every purpose says what it is, who takes part, and for how long."""
    policy = facts.policy
    for ident in policy.purposes.keys() - default_purposes().keys():
        if not policy.vendors_for(ident):
            yield _finding(19, "warning", f"purposes.{ident}", "no vendor is declared for it")
    for vendor in policy.vendors_declared.values():
        path = f"vendors.{vendor.id}"
        if not vendor.description:
            yield _finding(19, "warning", f"{path}.description", "visitors are not told what it does")
        if not vendor.retention and not (vendor.cookies and all(one.retention for one in vendor.cookies)):
            message = "visitors are not told for how long anything is kept"
            yield _finding(19, "warning", f"{path}.retention", message)


def belongs_to_one_purpose(facts: Facts) -> Iterator[Finding]:
    """Rule 20: every tag and host belongs to one purpose."""
    owners: dict[str, Vendor] = {}
    for vendor in facts.policy.vendors_declared.values():
        for where, name in _names(vendor):
            owner = owners.setdefault(name, vendor)
            if owner.purpose != vendor.purpose:
                message = f"{vendor.id} ({vendor.purpose}) and {owner.id} ({owner.purpose}) both claim {name}"
                yield _finding(20, "error", where, message)
        yield from _other_than_known(vendor)


def _names(vendor: Vendor) -> Iterator[tuple[str, str]]:
    for index, host in enumerate(vendor.hosts):
        yield f"vendors.{vendor.id}.hosts[{index}]", str(HostRule.parse(host))
    for index, cookie in enumerate(vendor.cookies):
        yield f"vendors.{vendor.id}.cookies[{index}]", f"the cookie {cookie.name}"


def _other_than_known(vendor: Vendor) -> Iterator[Finding]:
    """Tell where the catalog sees another purpose. What is called necessary is rule 21's."""
    if vendor.purpose not in default_purposes() or vendor.purpose == NECESSARY:
        return
    for where, known in _known(vendor):
        if known.purpose != vendor.purpose:
            message = f"the catalog knows it as {known.name}, usually used for {known.purpose}"
            fix = "Nothing, if the purpose that you give it is the one that it serves on your site."
            yield Finding(rule=20, level="note", where=where, message=message, fix=fix)


def _known(vendor: Vendor) -> Iterator[tuple[str, KnownVendor]]:
    """Yield whom the catalog sees behind a vendor and behind its hosts."""
    path = f"vendors.{vendor.id}"
    if known := default_catalog().vendors.get(vendor.id):
        yield f"{path}.purpose", known
    for index, host in enumerate(vendor.hosts):
        rule = HostRule.parse(host)
        if found := default_catalog().match_host(rule.host, rule.path or "/", rule.query):
            yield f"{path}.hosts[{index}]", found


def necessary_is_necessary(facts: Facts) -> Iterator[Finding]:
    """Rule 21: what is called necessary holds no analytics or advertising."""
    for vendor in facts.policy.vendors_for(NECESSARY):
        for where, known in (*_known(vendor), *_known_cookies(vendor)):
            if known.purpose in WATCHING:
                message = f"{known.name} is not necessary: it is usually used for {known.purpose}"
                yield _finding(21, "error", where, message)


def _known_cookies(vendor: Vendor) -> Iterator[tuple[str, KnownVendor]]:
    if vendor.id in default_catalog().vendors:
        return
    for index, cookie in enumerate(vendor.cookies):
        for known in default_catalog().vendors.values():
            if known.purpose in WATCHING and any(_covers(cookie.name, one.name) for one in known.cookies):
                yield f"vendors.{vendor.id}.cookies[{index}]", known
                break


def _covers(pattern: str, name: str) -> bool:
    """Say whether two patterns of cookies have a name in common."""
    first, second = pattern.removesuffix("*"), name.removesuffix("*")
    return (
        first == second
        or (pattern.endswith("*") and second.startswith(first))
        or (name.endswith("*") and first.startswith(second))
    )


def hears_the_signal(facts: Facts) -> Iterator[Finding]:
    """Rule 27: Sec-GPC denies what sells, hence whoever advertises is under a purpose that does."""
    for vendor in facts.policy.vendors_declared.values():
        if vendor.purpose == NECESSARY or facts.policy.purposes[vendor.purpose].sale:
            continue
        for where, known in _known(vendor):
            if known.purpose == "marketing":
                message = f"Sec-GPC does not stop {known.name}: {vendor.purpose} is no sale"
                level = _deafness(vendor, known)
                fix = _NO_SALE if level == "note" else ""
                yield Finding(rule=27, level=level, where=where, message=message, fix=fix)


def _deafness(vendor: Vendor, known: KnownVendor) -> Level:
    """Content that is shown, and who only works for the site, may be no sale; statistics might be none."""
    if known.embed or vendor.own_use is False:
        return "note"
    return "warning" if vendor.purpose in ("functional", "analytics") else "error"


def google_is_told(facts: Facts) -> Iterator[Finding]:
    """Rule 35: Google's tags are told the default before the first of them begins.

    The gate tells the vendors that listen. A vendor of the site's own that claims their hosts does not.
    """
    for vendor in facts.policy.vendors_declared.values():
        if calls_for(vendor.id) is None:
            for where, known in _known(vendor):
                if is_google(known):
                    message = f"scripts of {known.name} are declared as {vendor.id}, which is told nothing"
                    fix = f'Take the host away, and use "{known.id}" with a purpose of your choice.'
                    yield Finding(rule=35, level="error", where=where, message=message, fix=fix)


def is_google(known: KnownVendor) -> bool:
    """Say whether a vendor's tags take Consent Mode's default."""
    calls = calls_for(known.id)
    return calls is not None and calls.id == _GOOGLE


def _finding(rule: int, level: Level, where: str, message: str) -> Finding:
    return Finding(rule=rule, level=level, where=where, message=message)
