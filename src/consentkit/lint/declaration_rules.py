"""Rules for declared vendors and purposes (19, 20, 21, 27, 35), and for changes of a policy (16, 22)."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from consentkit.catalog import HostRule, KnownVendor, default_catalog
from consentkit.lint.facts import Configuration
from consentkit.lint.finding import Finding, Level, error, note, warning
from consentkit.policy import NECESSARY, Policy, Purpose, Vendor
from consentkit.policy.tables import default_purposes
from consentkit.vendorcalls import calls_for

WATCHING: Final = frozenset({"analytics", "marketing"})
"""Purposes of the catalog whose vendors are never necessary."""


def check_descriptions(configuration: Configuration) -> Iterator[Finding]:
    """Rule 19: every purpose says what it is, who takes part, and for how long."""
    policy = configuration.policy
    for ident in policy.purposes.keys() - default_purposes().keys():
        if not policy.vendors_for(ident):
            yield warning(19, f"purposes.{ident}", "no vendor is declared for it")
    for vendor in policy.vendors_declared.values():
        path = f"vendors.{vendor.id}"
        if not vendor.description:
            yield warning(19, f"{path}.description", "visitors are not told what it does")
        if not vendor.retention and not (vendor.cookies and all(one.retention for one in vendor.cookies)):
            yield warning(19, f"{path}.retention", "visitors are not told for how long anything is kept")


def check_single_purpose(configuration: Configuration) -> Iterator[Finding]:
    """Rule 20: every tag and host belongs to one purpose."""
    owners: dict[str, Vendor] = {}
    for vendor in configuration.policy.vendors_declared.values():
        for where, name in _names(vendor):
            owner = owners.setdefault(name, vendor)
            if owner.purpose != vendor.purpose:
                message = f"{vendor.id} ({vendor.purpose}) and {owner.id} ({owner.purpose}) both claim {name}"
                yield error(20, where, message)
        # Rule 21 checks vendors under `necessary`.
        if vendor.purpose in default_purposes() and vendor.purpose != NECESSARY:
            yield from _other_than_known(vendor)


def _names(vendor: Vendor) -> Iterator[tuple[str, str]]:
    for index, host in enumerate(vendor.hosts):
        yield f"vendors.{vendor.id}.hosts[{index}]", str(HostRule.parse(host))
    for index, cookie in enumerate(vendor.cookies):
        yield f"vendors.{vendor.id}.cookies[{index}]", f"the cookie {cookie.name}"


def _other_than_known(vendor: Vendor) -> Iterator[Finding]:
    for where, known in _known(vendor):
        if known.purpose != vendor.purpose:
            message = f"the catalog knows it as {known.name}, usually used for {known.purpose}"
            fix = "Nothing, if the purpose that you give it is the one that it serves on your site."
            yield note(20, where, message, fix)


def _known(vendor: Vendor) -> Iterator[tuple[str, KnownVendor]]:
    """Yield the catalog's vendors for a declared vendor and its hosts, with the key path of each."""
    path = f"vendors.{vendor.id}"
    if known := default_catalog().vendors.get(vendor.id):
        yield f"{path}.purpose", known
    for index, host in enumerate(vendor.hosts):
        rule = HostRule.parse(host)
        if found := default_catalog().match_host(rule.host, rule.path or "/", rule.query):
            yield f"{path}.hosts[{index}]", found


def check_necessary(configuration: Configuration) -> Iterator[Finding]:
    """Rule 21: `necessary` contains no analytics or advertising."""
    for vendor in configuration.policy.vendors_for(NECESSARY):
        for where, known in (*_known(vendor), *_known_cookies(vendor)):
            if known.purpose in WATCHING:
                message = f"{known.name} is not necessary: it is usually used for {known.purpose}"
                yield error(21, where, message)


def _known_cookies(vendor: Vendor) -> Iterator[tuple[str, KnownVendor]]:
    """Yield for each cookie of a vendor that is not in the catalog a tracker with the same cookie."""
    if vendor.id in default_catalog().vendors:
        return
    watching = [known for known in default_catalog().vendors.values() if known.purpose in WATCHING]
    for index, cookie in enumerate(vendor.cookies):
        for known in watching:
            if any(_overlap(cookie.name, one.name) for one in known.cookies):
                yield f"vendors.{vendor.id}.cookies[{index}]", known
                break


def _overlap(pattern: str, other: str) -> bool:
    """Say whether two cookie patterns can match the same name."""
    first, second = pattern.removesuffix("*"), other.removesuffix("*")
    return fnmatchcase(first, other) or fnmatchcase(second, pattern)


def check_sale(configuration: Configuration) -> Iterator[Finding]:
    """Rule 27: advertising vendors have a purpose with `sale`, which Sec-GPC denies."""
    for vendor in configuration.policy.vendors_declared.values():
        if vendor.purpose == NECESSARY or configuration.policy.purposes[vendor.purpose].sale:
            continue
        for where, known in _known(vendor):
            if known.purpose == "marketing":
                yield _unsold(vendor, where, known)


def _unsold(vendor: Vendor, where: str, known: KnownVendor) -> Finding:
    message = f"Sec-GPC does not stop {known.name}: {vendor.purpose} is no sale"
    # Embedded content and processors may not be a sale: a note. Statistics probably not: a warning.
    if known.embed or vendor.own_use is False:
        fix = "Nothing, if what it receives from your site is neither sold nor shared."
        return note(27, where, message, fix)
    return (warning if vendor.purpose in ("functional", "analytics") else error)(27, where, message)


def check_google_host(configuration: Configuration) -> Iterator[Finding]:
    """Rule 35: Google's tags get the default consent before the first of them begins.

    The gate makes the calls for the catalog's vendors, but not for a vendor of the site with the same hosts.
    """
    for vendor in configuration.policy.vendors_declared.values():
        for where, known in _known(vendor) if calls_for(vendor.id) is None else ():
            if takes_google_default(known):
                message = f"scripts of {known.name} are declared as {vendor.id}, which is told nothing"
                fix = f'Take the host away, and use "{known.id}" with a purpose of your choice.'
                yield error(35, where, message, fix)


def takes_google_default(known: KnownVendor) -> bool:
    """Say whether a vendor's tags use Google's Consent Mode."""
    calls = calls_for(known.id)
    return calls is not None and calls.id == "google"


# --- changes of a policy


def check_edition(configuration: Configuration) -> Iterator[Finding]:
    """Rule 22: an added vendor or purpose changes the notice.

    Fingerprints cover vendors, retention and edition. What else a visitor agreed to is compared here.
    """
    policy, before = configuration.policy, configuration.before
    if before is None:
        return
    for ident, purpose in policy.purposes.items():
        earlier, where = before.purposes.get(ident), f"purposes.{ident}"
        if earlier is None or purpose.required:
            continue
        if purpose.edition < earlier.edition:
            message = f"edition {purpose.edition} was in use before: what was granted then holds again"
            yield error(22, where, message, f"Raise the edition to {earlier.edition + 1}.")
        elif policy.fingerprints[ident] == before.fingerprints[ident]:
            for level, change in _changes(policy, before, purpose):
                message = f"{change}, and nobody is asked again"
                yield Finding(rule=22, level=level, where=where, message=message)


def _changes(policy: Policy, before: Policy, purpose: Purpose) -> Iterator[tuple[Level, str]]:
    """Yield additions to a purpose that both policies have."""
    if purpose.sale and not before.purposes[purpose.id].sale:
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


def check_asking_again(configuration: Configuration) -> Iterator[Finding]:
    """Rule 16, for two policies: nobody is asked again unless the notice materially changed."""
    policy, before = configuration.policy, configuration.before
    if before is None:
        return
    for ident in policy.purposes.keys() & before.purposes.keys():
        asked = policy.fingerprints[ident] != before.fingerprints[ident]
        if asked and ident != NECESSARY and not _is_material(policy, before, ident):
            message = (
                "everybody is asked again, and nothing but an edition or something taken away has changed"
            )
            fix = "Keep edition and vendors until there is something to ask, unless the texts have changed."
            yield note(16, f"purposes.{ident}", message, fix)


def _is_material(policy: Policy, before: Policy, ident: str) -> bool:
    """Say whether texts or retentions of a purpose have changed, or anything was added."""
    old, new = before.purposes[ident], policy.purposes[ident]
    declared = before.vendors_declared
    kept = ((one, declared[one.id]) for one in policy.vendors_for(ident) if one.id in declared)
    return (
        (old.title, old.description) != (new.title, new.description)
        or any(_changes(policy, before, new))
        or any((one.retention, one.cookies) != (old.retention, old.cookies) for one, old in kept)
    )
