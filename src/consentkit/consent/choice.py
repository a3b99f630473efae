"""Choices: turns what a visitor clicked, and the consent before it, into the next decision.

Invariants: denials that a choice does not name stay; other grants are kept only while they are in force, and
keep their age, regime and `gpc_shown`.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from consentkit.consent.consent import Consent
from consentkit.consent.decision import DAY, Decision, Source
from consentkit.exceptions import UnknownPurpose
from consentkit.policy import NECESSARY, Policy


def accept(
    consent: Consent, *, source: Source, now: int, asked: Iterable[str] | None = None, gpc_shown: bool = False
) -> Decision:
    """Grant the purposes that the banner asked for, or in the settings every purpose.

    Args:
        consent: What holds before the choice.
        source: Where the choice was made.
        now: Epoch seconds.
        asked: Purposes that the banner asked for; by default those that it would ask for now.
        gpc_shown: Whether the visitor was shown that the browser's signal had been received.
    """
    purposes = frozenset(consent.policy.purposes) - {NECESSARY}
    if source == "banner":
        purposes &= consent.prompt_for if asked is None else frozenset(asked)
    return allow(consent, purposes, source=source, now=now, gpc_shown=gpc_shown)


def reject(consent: Consent, *, source: Source, now: int) -> Decision:
    """Deny every purpose and remove single vendors that were allowed. Withdrawing does the same."""
    return choose(consent, (), source=source, now=now)


def choose(
    consent: Consent,
    granted: Iterable[str],
    denied: Iterable[str] = (),
    *,
    source: Source,
    now: int,
    left_on: Iterable[str] = (),
    gpc_shown: bool = False,
) -> Decision:
    """Replace the decision: purposes that are not named are denied.

    Args:
        consent: As in `accept`, as are `source`, `now` and `gpc_shown`.
        granted: Purposes and vendors. Where a vendor is named, its purpose's other declared ones are denied.
        denied: Purposes and vendors; a name in both is denied. All other vendors follow their purpose, or
            stay denied if they were denied by name before.
        left_on: Granted purposes that were pre-ticked and not touched.

    Returns:
        A decision that names vendors only where they differ from their purpose.

    Raises:
        UnknownPurpose: A name is neither a purpose's nor a vendor's.
    """
    policy, refused = consent.policy, known_names(consent.policy, denied)
    wanted = known_names(policy, granted) - refused
    purposes = frozenset(policy.purposes) - {NECESSARY}
    chosen = wanted & purposes
    settled = chosen | {NECESSARY}
    apart = (refused | _left_out(policy, wanted) | (consent.vendors_denied - wanted)) - purposes
    left = chosen & frozenset(left_on)
    single = {name for name in wanted - purposes if policy.vendor_purpose(name) not in settled}
    return _decide(
        consent,
        granted=(chosen - left) | single,
        left_on=left,
        denied=(purposes - chosen) | {name for name in apart if policy.vendor_purpose(name) in chosen},
        source=source,
        now=now,
        gpc_shown=gpc_shown,
    )


def allow(
    consent: Consent, names: Iterable[str], *, source: Source, now: int, gpc_shown: bool = False
) -> Decision:
    """Add grants to the decision; other names stay as they are.

    Args:
        consent: What holds before the choice.
        names: Purposes and vendors to grant. A purpose takes back the denials of its single vendors.
        source: As in `accept`, as are `now` and `gpc_shown`.

    Raises:
        UnknownPurpose: A name is neither that of a purpose nor of a vendor.
    """
    policy, previous = consent.policy, consent.decision
    added = known_names(policy, names)
    if previous is None:
        # An invalid cookie may have been a refusal: what is not allowed here stays denied.
        denied = consent.denied - added if consent.source == "invalid" else frozenset()
        return _decide(consent, granted=added, denied=denied, source=source, now=now, gpc_shown=gpc_shown)
    freed = {vendor for vendor in previous.denied if policy.vendor_purpose(vendor) in added}
    denied = previous.denied - added - freed
    carried, left = _carried(consent, previous, now)
    left -= added
    fresh = _decide(consent, granted=added, denied=frozenset(), source=source, now=now, gpc_shown=gpc_shown)
    # Kept with their old fingerprints, so that purposes that have changed since are asked again.
    kept = _fingerprints(policy, carried | denied | left, previous.fingerprints)
    sells = any(policy.purposes[policy.purpose_by_name[name]].sale for name in added)
    return replace(
        fresh,
        granted=added | carried,
        denied=denied,
        left_on=left,
        fingerprints={**kept, **fresh.fingerprints},
        day=min(previous.day, fresh.day) if carried - added else fresh.day,
        gpc_shown=fresh.gpc_shown if sells else previous.gpc_shown,
    )


def _carried(consent: Consent, previous: Decision, now: int) -> tuple[frozenset[str], frozenset[str]]:
    """Return the earlier names in `granted` and `left_on` that may be kept in the next decision."""
    weaker = previous.regime.strictness < consent.regime.strictness
    if weaker or now >= previous.expires_at(consent.validity):
        # Grants of a weaker regime do not count here, and expired ones would make the new grant expire too.
        return frozenset(), frozenset()
    # Names that only the regime grants are not kept, since the visitor did not grant them.
    return previous.granted & (consent.chosen | consent.vendors_granted), previous.left_on


def forget(consent: Consent) -> Decision | None:
    """Remove the grants of a decision: these purposes are undecided again, denials stay.

    Args:
        consent: The consent before.

    Returns:
        A decision that may be empty; ``None`` where there is none before.
    """
    previous = consent.decision
    if previous is None:
        return None
    kept = _fingerprints(consent.policy, previous.denied, previous.fingerprints)
    nothing: frozenset[str] = frozenset()
    return replace(previous, granted=nothing, left_on=nothing, fingerprints=kept, gpc_shown=False)


def _left_out(policy: Policy, named: frozenset[str]) -> frozenset[str]:
    """Return the declared vendors that are not named, of purposes that have one that is."""
    groups = [{vendor.id for vendor in policy.vendors_for(name)} for name in policy.purposes]
    return frozenset().union(*(group - named for group in groups if group & named))


def known_names(policy: Policy, names: Iterable[str]) -> frozenset[str]:
    """Return names of purposes and vendors without `necessary`; a single name may come as a string.

    Raises:
        UnknownPurpose: A name that is neither a purpose nor a vendor, declared or known.
    """
    checked = frozenset((names,) if isinstance(names, str) else names)
    unknown = checked.difference(policy.purpose_by_name)
    if unknown:
        raise UnknownPurpose(min(unknown), [*policy.purposes, *policy.vendors_declared])
    return checked - {NECESSARY}


def _decide(
    consent: Consent,
    *,
    granted: frozenset[str],
    denied: frozenset[str],
    left_on: frozenset[str] = frozenset(),
    source: Source,
    now: int,
    gpc_shown: bool,
) -> Decision:
    return Decision(
        regime=consent.regime,
        granted=granted,
        denied=denied,
        left_on=left_on,
        fingerprints=_fingerprints(consent.policy, granted | denied | left_on, consent.policy.fingerprints),
        day=now // DAY,
        source=source,
        gpc_shown=gpc_shown and bool(consent.signal),
    )


def _fingerprints(policy: Policy, names: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return the known fingerprints of the purposes of these names."""
    purposes = set(map(policy.purpose_by_name.get, names))
    return {name: value for name, value in known.items() if name in purposes}
