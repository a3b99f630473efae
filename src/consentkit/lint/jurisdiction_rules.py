"""Rules about the law of a place (1, 18, 26, 31), and about durations (15, 16, 17, 32)."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.catalog import default_catalog
from consentkit.exceptions import ConfigurationError
from consentkit.lint.facts import Configuration
from consentkit.lint.finding import Finding, Level, error, listed, warning
from consentkit.policy import NECESSARY, Policy, Regime, Vendor, read_duration
from consentkit.policy.jurisdictions import (
    COUNTRIES,
    EU_AND_EEA,
    MAX_DAYS,
    Jurisdiction,
    jurisdictions,
    row_keys,
)

LEAST_DAYS: Final = 180
"""Minimum days before a visitor who has chosen is asked again."""

# 13 and 25 months, at their longest, in days.
_COOKIE_DAYS: Final = 397
_DATA_DAYS: Final = 762
_EUROPE: Final = EU_AND_EEA | {"GB"}


# --- the law at a place


class LocalLaw(NamedTuple):
    """The law of one place for a purpose, compared with the policy there.

    Attributes:
        code: ISO 3166 code of a country or region.
        row: The row of its law; `opt-in` if there is none.
        purpose: A purpose of the policy.
        regime: The policy's regime there, without the rows of a country's regions.
        loosest: The loosest regime that the law allows.
        key: Key path of the policy's regime.
    """

    code: str
    row: Jurisdiction
    purpose: str
    regime: Regime
    loosest: Regime
    key: str


@lru_cache(maxsize=8)
def local_laws(policy: Policy) -> tuple[LocalLaw, ...]:
    """Return the laws of every country, and of every region that the table or the policy has a row for."""
    codes = COUNTRIES | {*jurisdictions().by_place, *policy.regimes} - {"EU", "default"}
    return tuple(law for code in sorted(codes) for law in _laws_at(policy, code))


def _laws_at(policy: Policy, code: str) -> Iterator[LocalLaw]:
    chain = jurisdictions().chain(code)
    row = chain[0] if chain else Jurisdiction(place=code, name=code, regime=Regime.OPT_IN, source="none")
    # Of exactly this place: `Policy.regimes_at` includes all regions of a country.
    told = policy.regimes_by_code
    regimes = next(told[key] for key in (code, code.partition("-")[0], "") if key in told)
    for purpose, regime in regimes.items():
        # A purpose of the site whose known vendors are all for statistics counts as `analytics`.
        statistics = row.without_own_use and set(_known_purposes(policy, purpose)) == {"analytics"}
        known = "analytics" if statistics and not policy.purposes[purpose].sale else purpose
        loosest = row.purposes.get(known, row.regime)
        yield LocalLaw(code, row, purpose, regime, loosest, _deciding_key(policy, code, purpose))


def _known_purposes(policy: Policy, purpose: str) -> list[str]:
    """Return the catalog's purposes of the vendors of a purpose."""
    known = default_catalog().vendors
    return [known[vendor.id].purpose for vendor in policy.vendors_for(purpose) if vendor.id in known]


def _is_statistics(policy: Policy, purpose: str) -> bool:
    """Say whether a purpose is about statistics, by its name or by the vendors declared for it."""
    return purpose == "analytics" or "analytics" in _known_purposes(policy, purpose)


def _deciding_key(policy: Policy, code: str, purpose: str) -> str:
    for key in row_keys(code):
        row = policy.regimes.get(key)
        if isinstance(row, str):
            return f"regimes.{key}"
        if row is not None and purpose in row:
            return f"regimes.{key}.{purpose}"
    return "regimes"


# --- regimes and links


def check_prior_grants(configuration: Configuration) -> Iterator[Finding]:
    """Rule 1: under `opt-in`, nothing but `necessary` is granted before consent."""
    policy = configuration.policy
    found: dict[tuple[str, Level], tuple[list[str], list[str]]] = {}
    for law in local_laws(policy):
        if law.regime.grants and law.loosest is Regime.OPT_IN:
            purposes, places = found.setdefault((law.key, _grant_level(policy, law)), ([], []))
            purposes.append(law.purpose)
            places.append(law.code)
    exempt = "what an authority exempts from consent may run before it, nothing else; "
    for (where, level), (purposes, places) in found.items():
        reason = exempt if level == "warning" else ""
        message = f"{reason}granted before consent in {listed(places)}: {listed(purposes)}"
        yield Finding(rule=1, level=level, where=where, message=message)


def check_advanced_mode(configuration: Configuration) -> Iterator[Finding]:
    """Rule 1: tags in advanced mode run before consent."""
    for vendor in configuration.policy.vendors_declared.values():
        if vendor.consent_mode == "advanced" and vendor.purpose != NECESSARY:
            message = "its scripts run before consent where consent is asked first, told that all is denied"
            fix = 'Use "basic", or justify the request.'
            yield warning(1, f"vendors.{vendor.id}.consent_mode", message, fix)


def _grant_level(policy: Policy, law: LocalLaw) -> Level:
    """Return the level of a grant: some EU authorities exempt audience measurement for the site alone."""
    exempt = (
        law.code[:2] in EU_AND_EEA
        and law.regime is Regime.INFORM
        and _is_statistics(policy, law.purpose)
        and not policy.purposes[law.purpose].sale
        # If `own_use` is not set, it is assumed.
        and all(vendor.own_use is False for vendor in policy.vendors_for(law.purpose))
    )
    return "warning" if exempt else "error"


def check_sale_link(configuration: Configuration) -> Iterator[Finding]:
    """Rule 26: where the law gives a right to opt out of sale or sharing, every page has a link."""
    policy = configuration.policy
    if not policy.sells:
        return
    linked = [law.code for law in local_laws(policy) if law.row.links]
    if linked and not policy.banner.link:
        yield error(26, "banner.link", f"there is no link, and it must be there in {listed(linked)}")
    looser: dict[tuple[str, Regime], list[str]] = {}
    selling = {one.id for one in policy.purposes.values() if one.sale and policy.vendors_for(one.id)}
    for law in local_laws(policy):
        is_looser = law.loosest is Regime.OPT_OUT and law.regime in (Regime.INFORM, Regime.NONE)
        if law.purpose in selling and is_looser:
            looser.setdefault((law.key, law.regime), []).append(law.code)
    for (where, regime), places in looser.items():
        yield _less_than_opt_out(regime, where, listed(places), linked=policy.banner.link)


def _less_than_opt_out(regime: Regime, where: str, places: str, *, linked: bool) -> Finding:
    fix = 'Set the regime there to "opt-out", or leave the place out.'
    if regime is Regime.INFORM:
        message = f'"inform" is less than the opt-out of a sale that is asked for in {places}'
        return warning(26, where, message, fix)
    if linked:
        return warning(26, where, f"nothing but the link tells of the sale in {places}", fix)
    return error(26, where, f"nothing tells of the sale, or lets anybody opt out, in {places}", fix)


def check_british_exception(configuration: Configuration) -> Iterator[Finding]:
    """Rule 31: statistics under the British exception can be objected to, and serve the site alone."""
    policy = configuration.policy
    users: dict[str, tuple[Vendor, str]] = {}
    for law in local_laws(policy):
        if not law.row.without_own_use or law.loosest is Regime.OPT_IN or not law.regime.grants:
            continue
        if law.regime is Regime.NONE:
            message = f"nobody can object to {law.purpose} in {law.code}: there is no banner"
            yield error(31, law.key, message)
        for vendor in policy.vendors_for(law.purpose):
            if vendor.own_use is not False:
                users.setdefault(vendor.id, (vendor, law.code))
    for vendor, place in users.values():
        use = "it uses" if vendor.own_use else "nobody says that it does not use"
        message = f"{use} what it receives for itself, and it runs without consent in {place}"
        contract = "" if vendor.own_use else ", or write own_use = false if your contract says so"
        fix = f'Give its purpose the regime "opt-in" there{contract}.'
        yield error(31, f"vendors.{vendor.id}.own_use", message, fix)


# --- durations


def check_refusal_lifetime(configuration: Configuration) -> Iterator[Finding]:
    """Rule 15: a refusal is respected for at least as long as a grant."""
    lifetime = configuration.policy.lifetime
    if _days(lifetime.refusal) < _days(lifetime.consent):
        message = f"a refusal is kept for {lifetime.refusal}, a grant for {lifetime.consent}"
        yield error(15, "lifetime.refusal", message)


def check_asking_sooner(configuration: Configuration) -> Iterator[Finding]:
    """Rule 16: nobody who has chosen is asked again within 180 days."""
    lifetime = configuration.policy.lifetime
    for where, text in (("lifetime.consent", lifetime.consent), ("lifetime.refusal", lifetime.refusal)):
        if _days(text) < LEAST_DAYS:
            yield error(16, where, f"visitors are asked again after {text}")


def check_cookie_retention(configuration: Configuration) -> Iterator[Finding]:
    """Rule 17: no cookie is kept for more than 400 days; the policy itself limits the package's own."""
    for vendor in configuration.policy.vendors.values():
        for index, cookie in enumerate(vendor.cookies):
            if _days(cookie.retention) > MAX_DAYS:
                where = f"vendors.{vendor.id}.cookies[{index}].retention"
                yield warning(17, where, f"browsers do not keep {cookie.name} for {cookie.retention}")


def check_grant_lifetime(configuration: Configuration) -> Iterator[Finding]:
    """Rule 18: a grant lasts no longer than the place allows."""
    lifetime = configuration.policy.lifetime.consent
    most = {law.code: law.row.consent_days_max for law in local_laws(configuration.policy)}
    longer = [f"{code} ({limit} days)" for code, limit in most.items() if limit and limit < _days(lifetime)]
    if longer:
        message = f"{lifetime} are more than allowed, and are cut, in {listed(longer)}"
        yield warning(18, "lifetime.consent", message)


def check_exempt_retention(configuration: Configuration) -> Iterator[Finding]:
    """Rule 32: statistics without consent keep cookies for 13 months and data for 25 at most."""
    policy = configuration.policy
    exempt: dict[str, list[str]] = {}
    for law in local_laws(policy):
        if law.code[:2] in _EUROPE and law.regime.grants and _is_statistics(policy, law.purpose):
            exempt.setdefault(law.purpose, []).append(law.code)
    for purpose, places in exempt.items():
        for vendor in policy.vendors_for(purpose):
            where, without = f"vendors.{vendor.id}.retention", f"it runs without consent in {listed(places)}"
            if long := _longest(vendor):
                # The limits are those of the French authority; others follow it.
                weigh = error if "FR" in places else warning
                yield weigh(32, where, f"{long}, and {without}")
            elif not vendor.retention:
                yield warning(32, where, f"nobody says for how long its data is kept, and {without}")


def _longest(vendor: Vendor) -> str:
    """Describe a cookie, or else the data, that is kept too long; empty if there is none."""
    for cookie in vendor.cookies:
        if _days(cookie.retention) > _COOKIE_DAYS:
            return f"the cookie {cookie.name} is kept for {cookie.retention}"
    return f"data is kept for {vendor.retention}" if _days(vendor.retention) > _DATA_DAYS else ""


def _days(text: str) -> float:
    """Return a duration in days; 0 for an empty text, and for the catalog's free texts."""
    try:
        return read_duration(text).days if text else 0
    except ConfigurationError:
        return 0
