"""`Policy`: what the site tells its visitors, in one frozen object that is checked where it is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import msgspec
from msgspec.structs import asdict, force_setattr

from consentkit.catalog import default_catalog
from consentkit.exceptions import ConfigurationError
from consentkit.policy import jurisdictions
from consentkit.policy.checks import (
    check_banner,
    check_banner_text,
    check_identifier,
    check_markers,
    check_purpose,
    check_signals,
    check_site,
    check_vendor,
)
from consentkit.policy.fingerprint import canonical, fingerprint
from consentkit.policy.jurisdictions import Link
from consentkit.policy.lifetime import Validity, check_lifetime, validity_at
from consentkit.policy.lists import ListFile, read_lists
from consentkit.policy.place import Place
from consentkit.policy.reading import check_keys, join, read_mapping, read_table, read_text
from consentkit.policy.regime import Regime
from consentkit.policy.regimes import RegimeTable, read_regimes
from consentkit.policy.tables import (
    NECESSARY,
    Banner,
    ConsentMode,
    Lifetime,
    MarkerTool,
    Purpose,
    SignalRules,
    Site,
    Vendor,
    default_purposes,
    with_default,
)
from consentkit.policy.vendors import check_uses, declare


class Policy(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What the site tells its visitors. ``Policy()`` has four purposes and does everywhere what the law asks.

    Attributes:
        uses: Ids of the catalog's vendors that the site uses.
        markers: Consent tools whose markers in pages are trusted, of `MarkerTool`.
        site: Who is responsible.
        regimes: ``default``, or a place (``GB``, ``US-CA``, ``EU`` for EU and EEA) → a regime, or
            purpose → regime. What they leave open, the law of the place says.
        purposes: Redefined or own purposes by id; `necessary`, `functional`, `analytics` and `marketing` are
            always there.
        vendors: The site's own vendors, and what differs from the catalog, by id.
        lists: Lists of hosts that others publish, read where the policy is made. Who is on one and neither
            declared nor known is held back under its purpose. That declares nobody, and asks nobody again.
        lifetime: How long choices hold.
        signals: What the site does with signals of browsers.
        consent_mode: What Google's tags are told besides what is granted and denied.
        banner: How the banner looks and what it says.

    Raises:
        ConfigurationError: With the key path, such as ``vendors.youtube.retention``.
    """

    uses: tuple[str, ...] = ()
    markers: tuple[MarkerTool, ...] = ()
    site: Site = Site()
    regimes: Mapping[str, str | Mapping[str, str]] = {}
    purposes: Mapping[str, Purpose] = {}
    vendors: Mapping[str, Vendor] = {}
    lists: tuple[ListFile, ...] = ()
    lifetime: Lifetime = Lifetime()
    signals: SignalRules = SignalRules()
    consent_mode: ConsentMode = ConsentMode()
    banner: Banner = Banner()

    def __post_init__(self) -> None:
        site = read_table(self.site, Site, path="site")
        check_site(site)
        force_setattr(self, "site", site)
        force_setattr(self, "uses", _read_names(self.uses, "uses", "youtube"))
        check_uses(self.uses)
        force_setattr(self, "markers", _read_names(self.markers, "markers", "cookiebot"))
        check_markers(self.markers)
        force_setattr(self, "purposes", MappingProxyType(_read_purposes(self.purposes)))
        force_setattr(self, "vendors", MappingProxyType(_read_vendors(self.vendors)))
        force_setattr(self, "regimes", MappingProxyType(read_regimes(self.regimes, self.purposes)))
        lifetime = read_table(self.lifetime, Lifetime, path="lifetime")
        check_lifetime(lifetime)
        force_setattr(self, "lifetime", lifetime)
        signals = read_table(self.signals, SignalRules, path="signals")
        check_signals(signals)
        force_setattr(self, "signals", signals)
        force_setattr(self, "consent_mode", read_table(self.consent_mode, ConsentMode, path="consent_mode"))
        force_setattr(self, "banner", _read_banner(self.banner))
        force_setattr(self, "lists", read_lists(self.lists, self.purposes))
        self._check_names()

    def _check_names(self) -> None:
        for ident in self.vendors_declared:
            if ident in self.purposes:
                raise ConfigurationError("a purpose has this id already", path=join("vendors", ident))

    @classmethod
    def from_toml(cls, path: str | Path) -> Policy:
        """Load a policy from a file.

        Args:
            path: A TOML file in UTF-8, with or without a byte order mark, usually ``consent.toml``. Paths of
                `lists` are relative to its folder.

        Raises:
            ConfigurationError: It cannot be read, is not TOML, or says something impossible.
        """
        try:
            text = Path(path).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"cannot read the policy: {error}") from error
        return cls.loads(text, folder=Path(path).parent)

    @classmethod
    def loads(cls, text: str, *, folder: str | Path = "") -> Policy:
        """Load a policy from TOML text.

        Args:
            text: The text.
            folder: What paths of `lists` are relative to; the current folder if left out.

        Raises:
            ConfigurationError: It is not TOML, or says something impossible.
        """
        try:
            tables = msgspec.toml.decode(text)
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"not valid TOML: {error}") from error
        check_keys(tables, cls.__struct_fields__)
        for entry in tables["lists"] if isinstance(tables.get("lists"), list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("file"), str):
                entry["file"] = str(Path(folder, entry["file"]))
        return cls(**tables)

    # The revision's own: memos ask for it on every page, and a method would run Python each time.
    __hash__: ClassVar[Callable[[Policy], int]] = property(  # type: ignore[assignment]
        attrgetter("revision.__hash__")
    )

    @cached_property
    def revision(self) -> str:
        """Return 16 hexadecimal digits that change with anything the policy says, texts included."""
        return hashlib.sha256(canonical(_builtins(self))).hexdigest()[:16]

    @cached_property
    def vendors_declared(self) -> Mapping[str, Vendor]:
        """Return all declared vendors by id, completed with the catalog's details."""
        return MappingProxyType(declare(self.uses, self.vendors, self.purposes))

    @cached_property
    def fingerprints(self) -> Mapping[str, str]:
        """Return 6 hexadecimal digits per purpose; a change asks visitors again for that purpose."""
        written = {ident: self.vendors.get(ident, Vendor(id=ident)) for ident in self.vendors_declared}
        return MappingProxyType(
            {
                ident: fingerprint(purpose, [written[vendor.id] for vendor in self.vendors_for(ident)])
                for ident, purpose in self.purposes.items()
            }
        )

    def vendors_for(self, purpose: str) -> tuple[Vendor, ...]:
        """Return the declared vendors of a purpose."""
        return tuple(vendor for vendor in self.vendors_declared.values() if vendor.purpose == purpose)

    def vendor_purpose(self, vendor: str) -> str | None:
        """Return the purpose of a declared or known vendor; ``None`` where the policy does not have it."""
        declared = self.vendors_declared.get(vendor)
        known = declared or default_catalog().vendors.get(vendor)
        return known.purpose if known is not None and known.purpose in self.purposes else None

    @cached_property
    def purpose_by_name(self) -> Mapping[str, str]:
        """Return the purpose of all that a choice may name: purposes, and vendors declared or known."""
        vendors = default_catalog().vendors.keys() | self.vendors_declared.keys()
        found = {vendor: purpose for vendor in vendors if (purpose := self.vendor_purpose(vendor))}
        return MappingProxyType({**found, **{ident: ident for ident in self.purposes}})

    def regimes_at(self, place: Place | None) -> Mapping[str, Regime]:
        """Return the regime of every purpose but `necessary` at a place.

        Args:
            place: Where the visitor is. What is not known counts as the strictest that it could be.
        """
        return _regimes_at(self, place)

    @cached_property
    def regimes_by_code(self) -> Mapping[str, Mapping[str, Regime]]:
        """Return the regime of every purpose by ISO 3166 code; the empty code is where none is named."""
        purposes = [purpose for purpose in self.purposes if purpose != NECESSARY]
        return MappingProxyType(self._table.by_code(purposes))

    @cached_property
    def _table(self) -> RegimeTable:
        # The rows were checked where the policy was made; reading them again only regains their type.
        rows = read_regimes(self.regimes, self.purposes)
        return RegimeTable(rows, own_use={name for name in self.purposes if self.own_use(name)})

    def own_use(self, purpose: str) -> bool:
        """Say whether a vendor of a purpose uses what it receives for itself, for all that is known."""
        vendors = self.vendors_for(purpose)
        return not vendors or any(vendor.own_use is not False for vendor in vendors)

    def narrow_at(self, place: Place | None) -> frozenset[str]:
        """Return the purposes that are on before a choice only for vendors that make no own use of the data.

        Args:
            place: Where the visitor is.
        """
        return frozenset(name for name in self.purposes if self._table.is_narrow(name, place))

    def validity_at(self, place: Place | None) -> Validity:
        """Return how long choices hold at a place: `lifetime`, within what the law there allows.

        Args:
            place: Where the visitor is. What is not known counts as the strictest that it could be.
        """
        return validity_at(self.lifetime, place)

    def gpc_binding(self, place: Place | None) -> bool:
        """Say whether Sec-GPC must be honoured at a place; it must where the place is not known."""
        return jurisdictions.gpc_binding(place)

    def gpc_override(self, place: Place | None) -> bool:
        """Say whether a visitor may allow a sale there although the browser sends Sec-GPC."""
        return jurisdictions.gpc_override(place)

    @property
    def gpc_updated(self) -> str:
        """Return the date for ``/.well-known/gpc.json``: the site's, or that of the jurisdictions table."""
        return self.signals.gpc_updated or jurisdictions.jurisdictions().date

    def required_links_at(self, place: Place | None) -> frozenset[Link]:
        """Return the links that the law of a place prescribes to those who sell: ``choices``, or none.

        Args:
            place: Where the visitor is. Where the country is not known none is: consent is asked for first.
        """
        return jurisdictions.required_links(place)

    @cached_property
    def sells(self) -> bool:
        """Say whether a declared vendor serves a purpose that sells or shares data."""
        return any(self.purposes[vendor.purpose].sale for vendor in self.vendors_declared.values())


@lru_cache(maxsize=4096)
def _regimes_at(policy: Policy, place: Place | None) -> Mapping[str, Regime]:
    purposes = [purpose for purpose in policy.purposes if purpose != NECESSARY]
    return MappingProxyType({purpose: policy._table.at(purpose, place) for purpose in purposes})


def _read_names(value: object, path: str, example: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise ConfigurationError(f'expected a list such as ["{example}"]', path=path)
    names = (read_text(name, path=f"{path}[{index}]") for index, name in enumerate(value))
    return tuple(dict.fromkeys(names))


def _read_purposes(value: object) -> dict[str, Purpose]:
    purposes = dict(default_purposes())
    for ident, table in read_mapping(value, path="purposes").items():
        path = join("purposes", ident)
        check_identifier(ident, path=path)
        purposes[ident] = with_default(read_table(table, Purpose, path=path))
        check_purpose(purposes[ident], path=path)
    return purposes


def _read_vendors(value: object) -> dict[str, Vendor]:
    vendors: dict[str, Vendor] = {}
    for ident, table in read_mapping(value, path="vendors").items():
        path = join("vendors", ident)
        check_identifier(ident, path=path)
        vendors[ident] = read_table(table, Vendor, path=path)
        check_vendor(vendors[ident], path=path)
    return vendors


def _read_banner(value: object) -> Banner:
    raw = asdict(value) if isinstance(value, Banner) else read_mapping(value, path="banner")
    check_banner_text(raw.get("text", {}))
    banner = read_table(value, Banner, path="banner")
    check_banner(banner)
    return banner


def _builtins(policy: Policy) -> object:
    plain = {name: getattr(policy, name) for name in policy.__struct_fields__}
    plain |= {name: dict(plain[name]) for name in ("regimes", "purposes", "vendors")}
    plain["lists"] = [[entry.purpose, entry.hosts.digest] for entry in policy.lists]
    return msgspec.to_builtins(plain)
