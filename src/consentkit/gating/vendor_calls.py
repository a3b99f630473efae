"""Writes vendor calls for a visitor's consent, such as Google's Consent Mode."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from consentkit.consent.consent import Consent
from consentkit.policy import NECESSARY, Policy, Regime
from consentkit.vendorcalls import Call, Calls, calls_for, calls_table, write_attributes

MEMO_CALLS: Final = 512
"""Cache size: one entry for each kind of call and each state of consent."""

Asked = tuple[tuple[str, str], ...]
"""Vendor and purpose of each party that must be allowed; without a vendor, the purpose alone."""


class VendorCalls:
    """Writes the calls for a page. Made once per gate.

    Args:
        policy: The policy.

    Attributes:
        advanced: Vendors that run before consent.
        by_vendor: The calls for a vendor's scripts, for vendors that have any.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        declared = policy.vendors_declared.values()
        self.advanced: Final = frozenset(v.id for v in declared if v.consent_mode == "advanced")
        told = {name for row in calls_table().values() for name in (*row.vendors, *row.advanced)}
        self.by_vendor: Final = {name: calls_for(name, advanced=name in self.advanced) for name in told}
        self._written: dict[tuple[object, ...], str] = {}

    def write(self, calls: Calls, consent: Consent) -> str:
        """Write the attributes for a page; empty if none of the vendors may run."""
        key = (calls.id, consent.key, consent.decision is None, tuple(sorted(consent.regimes.items())))
        written = self._written.get(key)
        if written is None:
            if len(self._written) >= MEMO_CALLS:
                self._written.clear()
            written = self._written[key] = self._write(calls, consent)
        return written

    def _write(self, calls: Calls, consent: Consent) -> str:
        vendors = {*calls.vendors, *calls.advanced}
        if not any(one in self.advanced or _holds(consent, *self._with_purpose(one)) for one in vendors):
            return ""
        asks = {word: self._asked(names) for word, names in calls.asks.items()}
        now = {word for word, asked in asks.items() if all(_holds(consent, *one) for one in asked)}
        before = {word for word in now if _granted(asks[word], consent.regimes)}
        made = list(self._defaults(calls, asks, before))
        chosen = consent.decision is not None or now != before
        return write_attributes(calls, made, asks, before, now if chosen else None)

    def _with_purpose(self, vendor: str) -> tuple[str, str]:
        return vendor, self._policy.vendor_purpose(vendor) or ""

    def _asked(self, names: Collection[str]) -> Asked:
        """Return the parties that must be allowed: declared vendors, else the first vendor, or purposes."""
        if not any(self._policy.vendor_purpose(name) for name in names):
            return tuple(("", name) for name in names)
        declared = [name for name in names if name in self._policy.vendors_declared]
        return tuple(map(self._with_purpose, declared or [*names][:1]))

    def _defaults(self, calls: Calls, asks: Mapping[str, Asked], before: Collection[str]) -> Iterator[Call]:
        """Make the calls before a choice.

        Vendors that accept region lists locate the visitor themselves. Each region is granted what its
        regimes grant, but never more than this visitor is granted here: both locations must agree.
        """
        if not calls.settings:
            yield from calls.defaults(before)
            return
        settings = self._policy.consent_mode
        wait = {"wait_for_update": settings.wait_for_update} if settings.wait_for_update else {}
        granted = {
            code: frozenset(word for word in before if _granted(asks[word], regimes))
            for code, regimes in self._policy.regimes_by_code.items()
        }
        yield from calls.defaults(granted[""], wait)
        for codes, words in _regions(granted).items():
            yield from calls.defaults(words, {"region": list(codes), **wait})
        wanted = (name for name in ("ads_data_redaction", "url_passthrough") if getattr(settings, name))
        yield from (["set", name, True] for name in wanted)


def _regions(granted: Mapping[str, frozenset[str]]) -> dict[tuple[str, ...], frozenset[str]]:
    """Group codes that differ from the enclosing place: regions from their country, it from the rest."""
    groups: dict[frozenset[str], list[str]] = {}
    for code, words in granted.items():
        around = code.partition("-")[0]
        if words != granted["" if around == code or around not in granted else around]:
            groups.setdefault(words, []).append(code)
    return {tuple(codes): words for words, codes in groups.items()}


def _holds(consent: Consent, vendor: str, purpose: str) -> bool:
    return consent.allows_known(vendor, purpose) if vendor else consent.allows(purpose)


def _granted(asked: Asked, regimes: Mapping[str, Regime]) -> bool:
    """Say whether regimes grant a word before a choice."""
    return all(purpose == NECESSARY or regimes.get(purpose, Regime.OPT_IN).grants for _, purpose in asked)
