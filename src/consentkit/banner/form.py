"""What the settings form says, with or without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from consentkit.consent import Consent
from consentkit.policy import Policy, Vendor

_MARKS = "+-=~"


def state_field(consent: Consent, vendors: Iterable[Vendor]) -> str:
    """Return the form's hidden field `was`: each box as it was shown, ``+`` for ticked and ``-`` for not."""
    purposes = [(ident, consent.allows(ident)) for ident in _optional(consent.policy)]
    singles = [(vendor.id, consent.allows_known(vendor.id, vendor.purpose)) for vendor in vendors]
    return " ".join(f"{'+' if ticked else '-'}{ident}" for ident, ticked in [*purposes, *singles])


def read_choices(policy: Policy, *, ticked: Iterable[str], was: str = "") -> frozenset[str]:
    """Read what a saved settings form grants, as `consentkit.consent.choose` takes it.

    Without a script a purpose's box cannot move its vendors' boxes: a vendor's box that was left alone
    follows a purpose's box that was moved. The script moves them itself and writes ``=`` for ``+`` and ``~``
    for ``-`` in `was`: the boxes are meant as they stand. A purpose all of whose vendors were refused is
    refused.

    Args:
        policy: The policy that the form was made from.
        ticked: Fields `purpose` and `vendor` of the form, in any order; names are not checked.
        was: Field `was` of the form. Empty where a client sends no such form: then `ticked` is returned.
    """
    granted = set(ticked)
    before = {item[1:]: item[0] for item in was.split() if item[0] in _MARKS}
    purposes = _optional(policy)
    moved = {ident for ident in purposes if _moved(ident, granted, before)}
    vendors = {ident: policy.vendor_purpose(ident) for ident in before if ident not in purposes}
    for vendor, purpose in vendors.items():
        if purpose in moved and not _moved(vendor, granted, before):
            (granted.add if purpose in granted else granted.discard)(vendor)
    for purpose in purposes:
        offered = {vendor for vendor in policy.vendors_declared if vendors.get(vendor) == purpose}
        if offered and not offered & granted:
            granted.discard(purpose)
    return frozenset(granted)


def read_offered(was: str) -> frozenset[str]:
    """Return the names of all boxes that a settings form showed; names are not checked."""
    return frozenset(item[1:] for item in was.split() if item[0] in _MARKS)


def read_ticked(was: str) -> frozenset[str]:
    """Return the names of the boxes that were ticked when the form was shown; names are not checked."""
    return frozenset(item[1:] for item in was.split() if item[0] in "+=")


def _optional(policy: Policy) -> frozenset[str]:
    return frozenset(purpose.id for purpose in policy.purposes.values() if not purpose.required)


def _moved(ident: str, ticked: Iterable[str], before: Mapping[str, str]) -> bool:
    return before.get(ident) == ("-" if ident in ticked else "+")
