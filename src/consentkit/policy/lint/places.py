"""What holds where, against rules 1, 18, 26 and 31."""

from __future__ import annotations

from collections.abc import Iterator

from consentkit.policy.duration import read_duration
from consentkit.policy.lint.law import Law, deciding_key, is_statistics, laws, least, listed
from consentkit.policy.lint.model import Facts, Finding, Level
from consentkit.policy.model import Policy
from consentkit.policy.place import EU_AND_EEA
from consentkit.policy.regime import Regime
from consentkit.policy.tables import NECESSARY, Vendor

_EXEMPT = "what an authority exempts from consent may run before it, nothing else; "


def grants_nothing_before(facts: Facts) -> Iterator[Finding]:
    """Rule 1: where consent is asked first, nothing but what is necessary is granted before."""
    policy = facts.policy
    found: dict[tuple[str, Level], tuple[list[str], list[str]]] = {}
    for law in laws(policy):
        for purpose, regime in law.regimes.items():
            if least(policy, law, purpose) is Regime.OPT_IN and regime.grants:
                where, level = deciding_key(policy, law, purpose), _level(policy, law, purpose)
                purposes, places = found.setdefault((where, level), ([], []))
                purposes.append(purpose)
                places.append(law.code)
    for (where, level), (purposes, places) in found.items():
        reason = _EXEMPT if level == "warning" else ""
        message = f"{reason}granted before consent in {listed(places)}: {listed(purposes)}"
        yield Finding(rule=1, level=level, where=where, message=message)
    for vendor in policy.vendors_declared.values():
        if vendor.consent_mode == "advanced" and vendor.purpose != NECESSARY:
            message = "its scripts run before consent where consent is asked first, told that all is denied"
            where, fix = f"vendors.{vendor.id}.consent_mode", 'Use "basic", or justify the request.'
            yield Finding(rule=1, level="warning", where=where, message=message, fix=fix)


def _level(policy: Policy, law: Law, purpose: str) -> Level:
    """Audience measurement for the site alone is exempt by some authorities of the Union."""
    exempt = (
        law.country in EU_AND_EEA
        and law.regimes[purpose] is Regime.INFORM
        and is_statistics(policy, purpose)
        and not policy.purposes[purpose].sale
        and not any(_own_use(vendor) for vendor in policy.vendors_for(purpose))
    )
    return "warning" if exempt else "error"


def _own_use(vendor: Vendor) -> bool:
    """Say whether a vendor uses what it receives for itself; what nobody says counts as if it did."""
    return vendor.own_use is not False


def lasts_no_longer(facts: Facts) -> Iterator[Finding]:
    """Rule 18: a grant lasts no longer than the place allows."""
    lifetime = facts.policy.lifetime.consent
    days = read_duration(lifetime).days
    most = {law.code: law.row.consent_days_max for law in laws(facts.policy) if law.row.consent_days_max}
    longer = [f"{code} ({limit} days)" for code, limit in most.items() if limit < days]
    if longer:
        message = f"{lifetime} are more than allowed, and are cut, in {listed(longer)}"
        yield Finding(rule=18, level="warning", where="lifetime.consent", message=message)


def has_the_link(facts: Facts) -> Iterator[Finding]:
    """Rule 26: where a sale or sharing can be opted out of, a link says so on every page."""
    policy = facts.policy
    if not policy.sells:
        return
    linked = [law for law in laws(policy) if law.row.links]
    if linked and not policy.banner.link:
        message = f"there is no link, and it must be there in {listed(law.code for law in linked)}"
        yield Finding(rule=26, level="error", where="banner.link", message=message)
    looser: dict[tuple[str, Regime], list[str]] = {}
    for law in laws(policy):
        for purpose, regime in law.regimes.items():
            if _is_looser(policy, law, purpose):
                looser.setdefault((deciding_key(policy, law, purpose), regime), []).append(law.code)
    for (where, regime), places in looser.items():
        yield _offers_less(regime, where, listed(places), linked=policy.banner.link)


def _is_looser(policy: Policy, law: Law, purpose: str) -> bool:
    """Say whether a purpose that sells has less than the opt-out that the law of a place asks for."""
    sells = policy.purposes[purpose].sale is True and bool(policy.vendors_for(purpose))
    allowed = least(policy, law, purpose)
    return sells and allowed is Regime.OPT_OUT and law.regimes[purpose].strictness < allowed.strictness


def _offers_less(regime: Regime, where: str, places: str, *, linked: bool) -> Finding:
    fix = 'Set the regime there to "opt-out", or leave the place out.'
    level: Level = "warning"
    if regime is Regime.INFORM:
        message = f'"inform" is less than the opt-out of a sale that is asked for in {places}'
    elif linked:
        message = f"nothing but the link tells of the sale in {places}"
    else:
        level, message = "error", f"nothing tells of the sale, or lets anybody opt out, in {places}"
    return Finding(rule=26, level=level, where=where, message=message, fix=fix)


def exception_is_kept(facts: Facts) -> Iterator[Finding]:
    """Rule 31: statistics on the British exception can be objected to, and serve the site alone."""
    policy = facts.policy
    told: set[str] = set()
    for law in laws(policy):
        for purpose, regime in law.regimes.items() if law.row.without_own_use else ():
            if least(policy, law, purpose) is Regime.OPT_IN:
                continue
            if regime is Regime.NONE:
                message = f"nobody can object to {purpose} in {law.code}: there is no banner"
                where = deciding_key(policy, law, purpose)
                yield Finding(rule=31, level="error", where=where, message=message)
            if regime.grants:
                users = [v for v in policy.vendors_for(purpose) if _own_use(v) and v.id not in told]
                told |= {vendor.id for vendor in users}
                yield from (_uses_for_itself(vendor, law.code) for vendor in users)


def _uses_for_itself(vendor: Vendor, place: str) -> Finding:
    use = "it uses" if vendor.own_use else "nobody says that it does not use"
    message = f"{use} what it receives for itself, and it runs without consent in {place}"
    fix = 'Give its purpose the regime "opt-in" there'
    fix += "." if vendor.own_use else ", or write own_use = false if your contract says so."
    return Finding(rule=31, level="error", where=f"vendors.{vendor.id}.own_use", message=message, fix=fix)
