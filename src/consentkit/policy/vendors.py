"""Declared vendors, merged with the catalog; and published host lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from consentkit.catalog import KnownVendor, default_catalog
from consentkit.exceptions import ConfigurationError
from consentkit.policy.tables import NECESSARY, Cookie, Vendor
from consentkit.policy.validation import check_purpose_id, join, nearest, read_names, read_table

if TYPE_CHECKING:
    from consentkit.catalog.hostlist import HostList

_FROM_CATALOG: Final = ("name", "purpose", "description", "privacy_policy", "country")
MAX_LIST: Final = 32 * 2**20
"""Maximum bytes of one list."""


def read_uses(value: object) -> tuple[str, ...]:
    """Read the list `uses`; raise `ConfigurationError` for a vendor that the catalog does not know."""
    uses = read_names(value, path="uses", example="youtube")
    known = default_catalog().vendors
    for index, ident in enumerate(uses):
        if ident not in known:
            hint = nearest(ident, known) or "; declare it under [vendors]"
            raise ConfigurationError(f'the catalog has no vendor "{ident}"{hint}', path=f"uses[{index}]")
    return uses


def declare(uses: Iterable[str], vendors: Mapping[str, Vendor], purposes: Iterable[str]) -> dict[str, Vendor]:
    """Merge `uses` and `vendors` with the catalog's details, in the order of declaration.

    Raises:
        ConfigurationError: A vendor has no name, or a purpose that the policy does not have.
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
    texts = {key: getattr(vendor, key) or getattr(known, key) for key in _FROM_CATALOG}
    own_use = False if vendor.own_use is None and known.processor else vendor.own_use
    return replace(vendor, **texts, cookies=vendor.cookies or cookies, own_use=own_use)


def _check(vendor: Vendor, purposes: list[str], path: str, *, hint: str) -> None:
    for key, text in (("name", vendor.name), ("purpose", vendor.purpose)):
        if not text.strip():
            problem = f"expected a {key}: the catalog does not know this vendor{hint}"
            raise ConfigurationError(problem, path=join(path, key))
    check_purpose_id(vendor.purpose, purposes, path=join(path, "purpose"))


class ListFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """A published list of hosts.

    Attributes:
        file: Path of a hosts file, of domains one per line, or of a filter list, in UTF-8.
        purpose: Id of the purpose that must be allowed for its hosts.
    """

    file: str
    purpose: str

    @cached_property
    def hosts(self) -> HostList:
        """Return the file's content; read once.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is not UTF-8, or larger than `MAX_LIST`.
        """
        from consentkit.catalog.hostlist import HostList  # imported here: rarely needed

        with Path(self.file).open("rb") as source:
            data = source.read(MAX_LIST + 1)
        if len(data) > MAX_LIST:
            raise ValueError(f"{self.file} is larger than {MAX_LIST >> 20} MiB")
        return HostList(data.decode("utf-8-sig"))


def read_lists(value: object, purposes: Collection[str]) -> tuple[ListFile, ...]:
    """Read the key `lists` and the files that it names.

    Raises:
        ConfigurationError: It is not a list of tables, a purpose is unknown or `necessary`, or a file cannot
            be read.
    """
    if not isinstance(value, (list, tuple)) or any(isinstance(entry, str) for entry in value):
        problem = 'expected tables such as [{ file = "easyprivacy.txt", purpose = "marketing" }]'
        raise ConfigurationError(problem, path="lists")
    lists = tuple(read_table(entry, ListFile, path=f"lists[{at}]") for at, entry in enumerate(value))
    # A list under `necessary` would block nothing.
    deniable = [purpose for purpose in purposes if purpose != NECESSARY]
    for at, entry in enumerate(lists):
        check_purpose_id(entry.purpose, deniable, path=f"lists[{at}].purpose")
        try:
            _ = entry.hosts
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"cannot read the list: {error}", path=f"lists[{at}].file") from error
    return lists
