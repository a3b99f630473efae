"""Rules for requests and storage: before a choice, after a refusal or withdrawal, with Sec-GPC."""

from collections.abc import Iterable, Iterator

from consentkit.lint.facts import Observations, PageVisit, SignalVisit, Stored
from consentkit.lint.finding import Finding, Level, error, listed, warning
from consentkit.lint.vendor_matcher import MatchedVendor, needing_consent
from consentkit.policy import Regime


def check_requests_before_choice(seen: Observations) -> Iterator[Finding]:
    """Rule 9: no vendor that needs consent is contacted before a choice."""
    for trace in seen.arrival.walk:
        yield from _check_requests(9, seen, trace, seen.allowed, "before a choice")


def check_storage_before_choice(seen: Observations) -> Iterator[Finding]:
    """Rule 10: nothing that needs consent is stored before a choice."""
    known: set[Stored] = set()
    for trace in seen.arrival.walk:
        stored = {*trace.stored} - known
        yield from _check_storage(10, seen, trace.url, stored, seen.allowed, "before a choice")
        known.update(trace.stored)


def check_after_refusal(seen: Observations) -> Iterator[Finding]:
    """Rule 11: after a refusal, no denied vendor is contacted or stores anything."""
    known: set[Stored] = set()
    for trace in seen.refused.walk:
        yield from _check_requests(11, seen, trace, (), "after a refusal")
        yield from _check_storage(11, seen, trace.url, {*trace.stored} - known, (), "after a refusal")
        known.update(trace.stored)


def check_after_withdrawal(seen: Observations) -> Iterator[Finding]:
    """Rule 12: withdrawing removes declared first-party cookies, and stops the requests."""
    withdrawn = seen.granted.withdrawn
    if withdrawn is None or not withdrawn.walk:
        return
    for trace in withdrawn.walk:
        yield from _check_requests(12, seen, trace, (), "after a withdrawal")
    last = withdrawn.walk[-1]
    kept = {one for one in last.stored if seen.vendors.is_own(one.domain)}
    yield from _check_storage(12, seen, last.url, kept, (), "after a withdrawal")


def check_policy_link(seen: Observations) -> Iterator[Finding]:
    """Rule 25: the link to the privacy policy resolves, without tracking."""
    page = seen.policy_page
    if not page.url:
        yield warning(25, seen.url, "neither the page nor the settings link to a privacy policy")
    elif page.trace is None:
        yield error(25, page.url, "the privacy policy cannot be opened")
    elif page.status >= 400:
        yield error(25, page.url, f"the privacy policy answers with {page.status}")
    else:
        when = "when the privacy policy is opened before a choice"
        yield from _check_requests(25, seen, page.trace, seen.allowed, when)


def _check_requests(
    rule: int, seen: Observations, trace: PageVisit, allowed: Iterable[str], when: str
) -> Iterator[Finding]:
    for vendor in needing_consent(map(seen.vendors.match_request, trace.requests), allowed):
        message = f"{vendor.name} ({vendor.purpose}) is asked {when}"
        yield Finding(rule=rule, level=_level(vendor), where=trace.url, message=message)


def _check_storage(
    rule: int, seen: Observations, url: str, stored: Iterable[Stored], allowed: Iterable[str], when: str
) -> Iterator[Finding]:
    exempt, unknown = list(allowed), []
    for one in sorted(stored, key=lambda one: (one.kind, one.name)):
        for vendor in needing_consent([seen.vendors.match_stored(one.name, one.domain)], exempt):
            message = f"the {one.kind} {one.name!r} of {vendor.name} ({vendor.purpose}) is there {when}"
            yield Finding(rule=rule, level=_level(vendor), where=url, message=message)
        if seen.vendors.is_undeclared(one.name, one.domain):
            unknown.append(f"{one.kind} {one.name!r}")
    if unknown:
        yield warning(rule, url, f"nobody declares what is there {when}: {listed(sorted(unknown), 4)}")


def _level(vendor: MatchedVendor) -> Level:
    """Return the level for a vendor; a functional one needs no consent for a function that was asked for."""
    return "warning" if vendor.guessed or vendor.purpose == "functional" else "error"


# --- Sec-GPC


def check_signal_opts_out(seen: Observations) -> Iterator[Finding]:
    """Rule 27: with Sec-GPC no advertising runs, and under `opt-out` visitors are told so."""
    yield from _check_sales(27, seen, seen.signalled, "with Sec-GPC: 1")
    if seen.regime is Regime.OPT_OUT and not seen.signalled.told:
        yield error(27, seen.url, "nothing on the page or in the settings says that the signal was honoured")


def check_signal_never_grants(seen: Observations) -> Iterator[Finding]:
    """Rule 28: Sec-GPC never grants anything, and does not hide the banner."""
    state = seen.signalled.state
    if state and (granted := set(state.granted) - seen.allowed):
        yield error(28, seen.url, f"with Sec-GPC: 1, {listed(sorted(granted), 4)} is granted")
    before, after = seen.arrival.walk[0], seen.signalled.walk[0]
    if begun := set(seen.tracking(after)) - set(seen.tracking(before)):
        yield error(28, seen.url, f"with Sec-GPC: 1, {listed(sorted(begun), 4)} begins")
    if before.view.layer and not after.view.layer:
        yield error(28, seen.url, "with Sec-GPC: 1, visitors are not asked")


def check_signal_prevails(seen: Observations) -> Iterator[Finding]:
    """Rule 29: Sec-GPC overrides a grant that was stored before."""
    if seen.overridden is not None:
        yield from _check_sales(29, seen, seen.overridden, "with Sec-GPC: 1 after a stored grant")


def _check_sales(rule: int, seen: Observations, signalled: SignalVisit, when: str) -> Iterator[Finding]:
    for trace in signalled.walk:
        for vendor in dict.fromkeys(map(seen.vendors.match_request, trace.requests)):
            if vendor is not None and vendor.purpose in seen.vendors.sale:
                yield error(rule, trace.url, f"{vendor.name} ({vendor.purpose}) is asked {when}")
    if signalled.state and (granted := seen.vendors.sale & set(signalled.state.granted)):
        yield error(rule, seen.url, f"{listed(sorted(granted), 4)} is granted {when}")
