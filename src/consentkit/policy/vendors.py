"""Declared vendors: what the site wrote, completed with what the catalog knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from consentkit.catalog import KnownVendor, default_catalog
from consentkit.exceptions import ConfigurationError
from consentkit.policy.reading import check_purpose_id, join, nearest
from consentkit.policy.tables import Cookie, Vendor


def check_uses(uses: Iterable[str]) -> None:
    """Refuse vendors in `uses` that the catalog does not know.

    Raises:
        ConfigurationError: With the nearest vendor that it knows.
    """
    known = default_catalog().vendors
    for index, ident in enumerate(uses):
        if ident not in known:
            hint = nearest(ident, known) or "; declare it under [vendors]"
            raise ConfigurationError(f'the catalog has no vendor "{ident}"{hint}', path=f"uses[{index}]")


def declare(uses: Iterable[str], vendors: Mapping[str, Vendor], purposes: Iterable[str]) -> dict[str, Vendor]:
    """Merge `uses` and `vendors` with the catalog's details, in the order in which they are declared.

    Raises:
        ConfigurationError: A vendor without a name, or whose purpose the policy does not have.
    """
    known = default_catalog().vendors
    declared = {
        ident: _complete(vendors.get(ident, Vendor(id=ident)), known.get(ident))
        for ident in dict.fromkeys([*uses, *vendors])
    }
    purposes = list(purposes)
    for ident, vendor in declared.items():
        _check(vendor, purposes, join("vendors", ident), hint="" if ident in known else nearest(ident, known))
    return declared


def _complete(vendor: Vendor, known: KnownVendor | None) -> Vendor:
    if known is None:
        return vendor
    cookies = tuple(Cookie(name=cookie.name, retention=cookie.retention) for cookie in known.cookies)
    return replace(
        vendor,
        name=vendor.name or known.name,
        purpose=vendor.purpose or known.purpose,
        description=vendor.description or known.description,
        cookies=vendor.cookies or cookies,
        privacy_policy=vendor.privacy_policy or known.privacy_policy,
        country=vendor.country or known.country,
        own_use=False if vendor.own_use is None and known.processor else vendor.own_use,
    )


def _check(vendor: Vendor, purposes: list[str], path: str, *, hint: str) -> None:
    for key, text in (("name", vendor.name), ("purpose", vendor.purpose)):
        if not text.strip():
            problem = f"expected a {key}: the catalog does not know this vendor{hint}"
            raise ConfigurationError(problem, path=join(path, key))
    check_purpose_id(vendor.purpose, purposes, path=join(path, "purpose"))
