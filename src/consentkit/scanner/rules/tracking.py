"""Rules of what is requested and stored: before a choice, after a refusal, after a withdrawal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from consentkit.policy.lint.model import Level
from consentkit.scanner.evidence import Flaw, listed
from consentkit.scanner.owners import Owner, Stored, needing_consent
from consentkit.scanner.site import Site
from consentkit.scanner.visiting import Trace


def no_request_before(site: Site) -> Iterator[Flaw]:
    """9: nobody who needs consent is asked before a choice."""
    for trace in site.arrival.walk:
        yield from _requested(site, trace, site.allowed, "before a choice")


def nothing_stored_before(site: Site) -> Iterator[Flaw]:
    """10: nothing that needs consent is stored before a choice."""
    seen: set[Stored] = set()
    for trace in site.arrival.walk:
        yield from _stored(site, trace.url, set(trace.stored) - seen, site.allowed, "before a choice")
        seen.update(trace.stored)


def nothing_after_refusing(site: Site) -> Iterator[Flaw]:
    """11: nothing that was refused is asked for or stored."""
    seen: set[Stored] = set()
    for trace in site.refused.walk:
        yield from _requested(site, trace, (), "after a refusal")
        yield from _stored(site, trace.url, set(trace.stored) - seen, (), "after a refusal")
        seen.update(trace.stored)


def withdrawing_ends_it(site: Site) -> Iterator[Flaw]:
    """12: withdrawing removes the site's own cookies that are declared, and stops the requests."""
    withdrawn = site.granted.withdrawn
    if withdrawn is None or not withdrawn.walk:
        return
    for trace in withdrawn.walk:
        yield from _requested(site, trace, (), "after a withdrawal")
    last = withdrawn.walk[-1]
    kept = {one for one in last.stored if site.owners.is_own(one.domain)}
    yield from _stored(site, last.url, kept, (), "after a withdrawal")


def the_policy_can_be_read(site: Site) -> Iterator[Flaw]:
    """25: the link to the privacy policy resolves, without tracking."""
    page = site.policy_page
    if not page.url:
        yield Flaw(site.plan.url, "neither the page nor the settings link to a privacy policy", "warning")
        return
    if page.trace is None:
        yield Flaw(page.url, "the privacy policy cannot be opened")
    elif page.status >= 400:
        yield Flaw(page.url, f"the privacy policy answers with {page.status}")
    else:
        yield from _requested(
            site, page.trace, site.allowed, "when the privacy policy is opened before a choice"
        )


def _requested(site: Site, trace: Trace, allowed: Iterable[str], when: str) -> Iterator[Flaw]:
    for owner in needing_consent(map(site.owners.of_request, trace.requests), allowed):
        asked = f"{owner.name} ({owner.purpose}) is asked {when}"
        yield Flaw(trace.url, asked, _level(owner))


def _stored(
    site: Site, url: str, stored: Iterable[Stored], allowed: Iterable[str], when: str
) -> Iterator[Flaw]:
    exempt = list(allowed)
    unknown = []
    for one in sorted(stored, key=lambda one: (one.kind, one.name)):
        owner = site.owners.of_stored(one)
        if needing_consent([owner], exempt) and owner is not None:
            said = f"the {one.kind} {one.name!r} of {owner.name} ({owner.purpose}) is there {when}"
            yield Flaw(url, said, _level(owner))
        elif site.owners.undeclared(one):
            unknown.append(f"{one.kind} {one.name!r}")
    if unknown:
        yield Flaw(url, f"nobody declares what is there {when}: {listed(unknown)}", "warning")


def _level(owner: Owner) -> Level:
    """Weigh it: whether what is functional needs consent depends on what the visitor has asked for."""
    return "warning" if owner.guessed or owner.purpose == "functional" else "error"
