"""`Policy`, a site's configuration: one frozen object, validated on creation."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final, cast

import msgspec
from msgspec.structs import force_setattr

from consentkit.catalog import default_catalog
from consentkit.exceptions import ConfigurationError
from consentkit.policy import tables, validation
from consentkit.policy.duration import read_duration
from consentkit.policy.jurisdictions import Link, Place, chains_at, jurisdictions
from consentkit.policy.lifetime import Validity, read_lifetime, validity_at
from consentkit.policy.regimes import RegimeTable, Row, read_regimes
from consentkit.policy.tables import NECESSARY, Purpose, Regime, Vendor
from consentkit.policy.vendors import ListFile, declare, read_lists, read_uses

_READERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "site": validation.read_site,
    "uses": read_uses,
    "markers": validation.read_markers,
    "purposes": lambda value: MappingProxyType(validation.read_purposes(value)),
    "vendors": lambda value: MappingProxyType(validation.read_vendors(value)),
    "lifetime": read_lifetime,
    "signals": validation.read_signals,
    "consent_mode": lambda value: validation.read_table(value, tables.ConsentMode, path="consent_mode"),
    "banner": validation.read_banner,
}
"""Attribute → function that checks and converts it, in the order in which errors are reported."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A site's configuration. ``Policy()`` has four purposes and follows the law of the visitor's place.

    Attributes:
        uses: Ids of the catalog's vendors that the site uses.
        markers: Consent tools whose markers in pages are trusted, of `MarkerTool`.
        site: The data controller.
        regimes: ``default``, or a place (``GB``, ``US-CA``, ``EU`` for EU and EEA) → a regime, or purpose →
            regime. Otherwise the law of the place applies.
        purposes: Redefined or own purposes by id; `necessary`, `functional`, `analytics` and `marketing`
            always exist.
        vendors: The site's own vendors, and values that differ from the catalog, by id.
        lists: Published host lists, read when the policy is created. Hosts on a list that are neither
            declared nor known are blocked until its purpose is allowed. Visitors are not asked again.
        lifetime: How long choices are valid.
        signals: How signals of browsers are handled.
        consent_mode: Further settings of Google's Consent Mode.
        banner: Looks and texts of the banner.

    Raises:
        ConfigurationError: With the key path, such as ``vendors.youtube.retention``.
    """

    uses: tuple[str, ...] = ()
    markers: tuple[tables.MarkerTool, ...] = ()
    site: tables.Site = tables.Site()
    regimes: Mapping[str, str | Mapping[str, str]] = {}
    purposes: Mapping[str, Purpose] = {}
    vendors: Mapping[str, Vendor] = {}
    lists: tuple[ListFile, ...] = ()
    lifetime: tables.Lifetime = tables.Lifetime()
    signals: tables.SignalRules = tables.SignalRules()
    consent_mode: tables.ConsentMode = tables.ConsentMode()
    banner: tables.Banner = tables.Banner()

    def __post_init__(self) -> None:
        for name, read in _READERS.items():
            force_setattr(self, name, read(getattr(self, name)))
        force_setattr(self, "regimes", MappingProxyType(read_regimes(self.regimes, self.purposes)))
        force_setattr(self, "lists", read_lists(self.lists, self.purposes))
        for ident in self.vendors_declared:
            if ident in self.purposes:
                raise ConfigurationError("a purpose has this id already", path=f"vendors.{ident}")

    @classmethod
    def from_toml(cls, path: str | Path) -> "Policy":
        """Load a policy from a file.

        Args:
            path: A TOML file in UTF-8, with or without a byte order mark, usually ``consent.toml``. Paths of
                `lists` are relative to its folder.

        Raises:
            ConfigurationError: It cannot be read, is not TOML, or has an invalid value.
        """
        try:
            text = Path(path).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"cannot read the policy: {error}") from error
        return cls.loads(text, folder=Path(path).parent)

    @classmethod
    def loads(cls, text: str, *, folder: str | Path = "") -> "Policy":
        """Load a policy from TOML text.

        Args:
            text: The text.
            folder: Folder for relative paths in `lists`; by default the current one.

        Raises:
            ConfigurationError: It is not TOML, or has an invalid value.
        """
        try:
            table = msgspec.toml.decode(text)
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"not valid TOML: {error}") from error
        validation.check_keys(table, cls.__struct_fields__)
        for entry in table["lists"] if isinstance(table.get("lists"), list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("file"), str):
                entry["file"] = str(Path(folder, entry["file"]))
        return cls(**table)

    # The revision's own hash: caches use it on every page, and a method written in Python would be slower.
    __hash__: ClassVar["Callable[[Policy], int]"] = property(  # type: ignore[assignment]
        attrgetter("revision.__hash__")
    )

    @cached_property
    def revision(self) -> str:
        """Return 16 hexadecimal digits that change with any change of the policy, texts included."""
        return _sha256(_builtins(self))[:16]

    @cached_property
    def vendors_declared(self) -> Mapping[str, Vendor]:
        """Return all declared vendors by id, completed with the catalog's details."""
        return MappingProxyType(declare(self.uses, self.vendors, self.purposes))

    @cached_property
    def fingerprints(self) -> Mapping[str, str]:
        """Return 6 hexadecimal digits per purpose; a change asks visitors again for that purpose."""
        written = {ident: self.vendors.get(ident, Vendor(id=ident)) for ident in self.vendors_declared}
        vendors = {name: [written[one.id] for one in self.vendors_for(name)] for name in self.purposes}
        return MappingProxyType(
            {name: _fingerprint(one, vendors[name]) for name, one in self.purposes.items()}
        )

    def vendors_for(self, purpose: str) -> tuple[Vendor, ...]:
        """Return the declared vendors of a purpose."""
        return tuple(vendor for vendor in self.vendors_declared.values() if vendor.purpose == purpose)

    def vendor_purpose(self, vendor: str) -> str | None:
        """Return the purpose of a declared or known vendor; ``None`` if the policy does not have it."""
        known = self.vendors_declared.get(vendor) or default_catalog().vendors.get(vendor)
        return known.purpose if known is not None and known.purpose in self.purposes else None

    @cached_property
    def purpose_by_name(self) -> Mapping[str, str]:
        """Return the purpose of every name in a choice: purposes, and vendors declared or known."""
        vendors = default_catalog().vendors.keys() | self.vendors_declared.keys()
        found = {vendor: purpose for vendor in vendors if (purpose := self.vendor_purpose(vendor))}
        return MappingProxyType({**found, **{ident: ident for ident in self.purposes}})

    def regimes_at(self, place: Place | None) -> Mapping[str, Regime]:
        """Return the regime of every purpose but `necessary` at a place.

        Args:
            place: The visitor's place. For unknown parts the strictest possible regime is used.
        """
        return _regimes_at(self, place)

    @cached_property
    def regimes_by_code(self) -> Mapping[str, Mapping[str, Regime]]:
        """Return the regime of every purpose by ISO 3166 code; the empty code is all other places."""
        purposes = [purpose for purpose in self.purposes if purpose != NECESSARY]
        return MappingProxyType(self._table.by_code(purposes))

    @cached_property
    def _table(self) -> RegimeTable:
        rows = cast("Mapping[str, Row]", self.regimes)
        return RegimeTable(rows, own_use={name for name in self.purposes if self.own_use(name)})

    def own_use(self, purpose: str) -> bool:
        """Say whether a vendor of a purpose may use the data for itself; assumed if unknown."""
        vendors = self.vendors_for(purpose)
        return not vendors or any(vendor.own_use is not False for vendor in vendors)

    def narrow_at(self, place: Place | None) -> frozenset[str]:
        """Return the purposes that are granted before a choice only to vendors without own use of the data.

        Args:
            place: The visitor's place.
        """
        return frozenset(name for name in self.purposes if self._table.is_narrow(name, place))

    def validity_at(self, place: Place | None) -> Validity:
        """Return how long choices are valid at a place: `lifetime`, within the limits of the law there.

        Args:
            place: The visitor's place. For unknown parts the strictest possible values are used.
        """
        return validity_at(self.lifetime, place)

    def gpc_binding(self, place: Place | None) -> bool:
        """Say whether Sec-GPC must be honoured at a place; true for an unknown place."""
        unknown = place is None or not place.known
        return unknown or any(chain[0].gpc_binding for chain in chains_at(place))

    def gpc_override(self, place: Place | None) -> bool:
        """Say whether a visitor at a place may allow a sale in spite of Sec-GPC."""
        chains = chains_at(place)
        return bool(chains) and all(chain[0].gpc_override for chain in chains)

    @property
    def gpc_updated(self) -> str:
        """Return the date for ``/.well-known/gpc.json``: the site's, or that of the jurisdictions table."""
        return self.signals.gpc_updated or jurisdictions().date

    def required_links_at(self, place: Place | None) -> frozenset[Link]:
        """Return the links that the law of a place requires from sites that sell data: ``choices``, or none.

        Args:
            place: The visitor's place. None for an unknown country, where consent is asked first.
        """
        return frozenset(link for chain in chains_at(place) for link in chain[0].links)

    @cached_property
    def sells(self) -> bool:
        """Say whether a declared vendor serves a purpose that sells or shares data."""
        return any(self.purposes[vendor.purpose].sale for vendor in self.vendors_declared.values())


@lru_cache(maxsize=4096)
def _regimes_at(policy: Policy, place: Place | None) -> Mapping[str, Regime]:
    purposes = [purpose for purpose in policy.purposes if purpose != NECESSARY]
    return MappingProxyType({purpose: policy._table.at(purpose, place) for purpose in purposes})


def _fingerprint(purpose: Purpose, vendors: Iterable[Vendor]) -> str:
    """Hash what a visitor agrees to by granting a purpose.

    Args:
        purpose: Its edition is hashed, its texts are not.
        vendors: The purpose's declared vendors, as the site wrote them: ids and retention are hashed. The
            catalog's details are not, so that an upgrade asks no visitor again.

    Returns:
        6 hexadecimal digits (3 bytes of SHA-256).
    """
    content = {"edition": purpose.edition, "vendors": {vendor.id: _retention(vendor) for vendor in vendors}}
    return _sha256(content)[:6]


def _retention(vendor: Vendor) -> dict[str, str]:
    declared = {"": vendor.retention, **{cookie.name: cookie.retention for cookie in vendor.cookies}}
    return {name: str(read_duration(text)) for name, text in declared.items() if text}


def _sha256(value: object) -> str:
    """Hash canonical JSON: RFC 8785 on the subset of ASCII keys, strings, integers and booleans."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _builtins(policy: Policy) -> object:
    plain = {name: getattr(policy, name) for name in policy.__struct_fields__}
    plain |= {name: dict(plain[name]) for name in ("regimes", "purposes", "vendors")}
    plain["lists"] = [[entry.purpose, entry.hosts.digest] for entry in policy.lists]
    return msgspec.to_builtins(plain)
