"""Rules of Sec-GPC."""

from __future__ import annotations

from collections.abc import Iterator

from consentkit.policy import Regime
from consentkit.scanner.evidence import Flaw, Signalled, listed
from consentkit.scanner.site import Site
from consentkit.scanner.words import says_signal


def the_signal_opts_out(site: Site) -> Iterator[Flaw]:
    """27: with Sec-GPC no advertising runs, and where one can opt out visitors are shown that."""
    yield from _sold(site, site.signalled, "with Sec-GPC: 1")
    if site.regime is Regime.OPT_OUT and not says_signal(site.signalled.text):
        yield Flaw(site.plan.url, "nothing on the page or in the settings says that the signal was honoured")


def the_signal_grants_nothing(site: Site) -> Iterator[Flaw]:
    """28: Sec-GPC never grants, and leaves the question where it is."""
    state = site.signalled.state
    if state and (granted := set(state.granted) - site.allowed):
        yield Flaw(site.plan.url, f"with Sec-GPC: 1, {listed(granted)} is granted")
    before, after = site.arrival.walk[0], site.signalled.walk[0]
    if begun := set(site.tracking(after)) - set(site.tracking(before)):
        yield Flaw(site.plan.url, f"with Sec-GPC: 1, {listed(begun)} begins")
    if before.view.layer and not after.view.layer:
        yield Flaw(site.plan.url, "with Sec-GPC: 1, visitors are not asked")


def the_signal_prevails(site: Site) -> Iterator[Flaw]:
    """29: Sec-GPC prevails over a grant that was stored before it came."""
    if site.overridden is not None:
        yield from _sold(site, site.overridden, "with Sec-GPC: 1 after a stored grant")


def _sold(site: Site, seen: Signalled, when: str) -> Iterator[Flaw]:
    for trace in seen.walk:
        owners = filter(None, map(site.owners.of_request, trace.requests))
        for owner in dict.fromkeys(owner for owner in owners if owner.purpose in site.owners.sale):
            yield Flaw(trace.url, f"{owner.name} ({owner.purpose}) is asked {when}")
    if seen.state and (granted := site.owners.sale & set(seen.state.granted)):
        yield Flaw(site.plan.url, f"{listed(granted)} is granted {when}")
