"""The tables of a policy: regimes, site, purposes, vendors with their cookies, Consent Mode, banner.

They are plain data. `consentkit.policy.model.Policy` checks them when it is created, so that every error
names its key path.
"""

import enum
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import msgspec
from msgspec.structs import replace

NECESSARY = "necessary"

MarkerTool: TypeAlias = Literal[
    "complianz", "cookiebot", "cookieyes", "klaro", "onetrust", "usercentrics", "vanilla-cookieconsent"
]
"""Consent tools whose markers in pages are supported."""

MARKER_TOOLS: frozenset[MarkerTool] = frozenset(get_args(MarkerTool))

# Sections with the banner's texts, one per regime; and all sections of `banner.text.<locale>`.
BANNER_SECTIONS = frozenset({"opt-in", "opt-out", "inform"})
TEXT_SECTIONS = BANNER_SECTIONS | {
    "common", "duration", "embed", "problem", "purposes", "settings", "vendors"
}  # fmt: skip
# Keys of a section with the banner's texts.
TEXT_KEYS = frozenset({"title", "notice", "accept", "reject", "read_more"})
# Placeholders in a notice: a button inside the sentence, and the titles of the purposes asked for.
NOTICE_SLOTS = frozenset({"opt-out", "purposes"})


class Regime(enum.StrEnum):
    """The rule that applies before a choice; it also decides which buttons the banner has."""

    OPT_IN = "opt-in"
    OPT_OUT = "opt-out"
    INFORM = "inform"
    NONE = "none"

    @property
    def strictness(self) -> int:
        """Rank the regime: 3 for `opt-in`, down to 0 for `none`."""
        return _STRICTNESS[self]

    @property
    def grants(self) -> bool:
        """Say whether purposes are granted before a choice."""
        return self is not Regime.OPT_IN

    @property
    def prompts(self) -> bool:
        """Say whether a banner asks or informs."""
        return self is not Regime.NONE


_STRICTNESS = {Regime.OPT_IN: 3, Regime.OPT_OUT: 2, Regime.INFORM: 1, Regime.NONE: 0}


def strictest(regimes: Iterable[Regime]) -> Regime:
    """Return the strictest of some regimes; `opt-in` if there are none."""
    return max(regimes, key=_STRICTNESS.__getitem__, default=Regime.OPT_IN)


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data controller.

    Attributes:
        controller: Name and address.
        contact: E-mail or other address for visitors.
        privacy_policy: URL or path of the privacy policy.
    """

    controller: str = ""
    contact: str = ""
    privacy_policy: str = ""


class Purpose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is stored or sent.

    Attributes:
        id: The key in `purposes`; set by the policy.
        title: A few words. The four default purposes have titles.
        description: One sentence.
        sale: Whether it sells or shares data, which Sec-GPC denies. ``None``: as the default purpose of this
            name, ``False`` for a purpose of the site's own. Always a bool in a policy.
        edition: Raise it to ask visitors again.
    """

    id: str = ""
    title: str = ""
    description: str = ""
    sale: bool | None = None
    edition: Annotated[int, msgspec.Meta(ge=1)] = 1

    @property
    def required(self) -> bool:
        """Say whether the purpose needs no consent: true of `necessary` alone."""
        return self.id == NECESSARY


class Cookie(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A first-party cookie that a vendor sets.

    Attributes:
        name: The name; a trailing ``*`` matches any ending.
        retention: A duration such as ``30 days``; empty if not declared.
    """

    name: str
    retention: str = ""


class Vendor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vendor: who stores or receives data. For a vendor of the catalog, set only what differs.

    Attributes:
        id: The key in `vendors`; set by the policy.
        name: The name that visitors know.
        purpose: Id of a purpose of the policy.
        description: One sentence.
        hosts: ``host[:port][/path][?query]``, matched with all subdomains of the host.
        cookies: First-party cookies that the vendor sets.
        retention: How long the vendor keeps data, such as ``14 months``.
        privacy_policy: URL of the vendor's privacy policy.
        country: ISO 3166-1 code of the vendor's seat.
        consent_mode: ``advanced``: the vendor's scripts run before consent and are told that all is denied.
            ``basic`` or empty: they are blocked until then.
        own_use: Whether the vendor also uses the data for itself. ``None``: as in the catalog; ``True`` is
            assumed if that does not say.
    """

    id: str = ""
    name: str = ""
    purpose: str = ""
    description: str = ""
    hosts: tuple[str, ...] = ()
    cookies: tuple[Cookie, ...] = ()
    retention: str = ""
    privacy_policy: str = ""
    country: str = ""
    consent_mode: Literal["", "basic", "advanced"] = ""
    own_use: bool | None = None


class ConsentMode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Further settings of Google's Consent Mode.

    Attributes:
        ads_data_redaction: Whether identifiers of ad clicks are removed while advertising is denied.
        url_passthrough: Whether links carry the values that would be in cookies while those are denied.
        wait_for_update: Milliseconds that tags wait for a choice before they act on the default.
    """

    ads_data_redaction: bool = True
    url_passthrough: bool = False
    wait_for_update: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class Lifetime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long choices are valid. The law of a place can shorten `consent` and prolong `refusal`.

    Attributes:
        consent: How long a grant is valid, as a duration.
        refusal: How long a visitor who refused is not asked again; a refusal never turns into a grant.
    """

    consent: str = "180 days"
    refusal: str = "400 days"


class SignalRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How signals of browsers are handled.

    Attributes:
        dnt: Whether Do Not Track is honoured as Global Privacy Control is.
        gpc_updated: The date in ``/.well-known/gpc.json``, ``YYYY-MM-DD``; empty for the date of the
            package's table of jurisdictions.
    """

    dnt: bool = False
    gpc_updated: str = ""


class Banner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Looks and texts of the banner.

    Attributes:
        layout: ``bar`` along the bottom, ``box`` and ``corner`` above it, or ``modal`` over the page.
        theme: ``light``, ``dark``, or ``auto`` for the visitor's preference.
        accent: Colour of its buttons, ``#rrggbb``.
        surface: Its background in the light theme.
        dark_surface: Its background in the dark theme.
        logo: Path on the site of a picture shown above the text.
        link: Whether pages without a banner have a small link to the settings.
        templates: Folder with the site's own templates, which override the package's.
        text: Locale → section → key → text, overriding the package's; ``{opt-out}`` in a notice becomes a
            button inside the sentence.
    """

    layout: Literal["bar", "box", "corner", "modal"] = "bar"
    theme: Literal["auto", "light", "dark"] = "auto"
    accent: str = "#0b5cad"
    surface: str = "#ffffff"
    dark_surface: str = "#1b2120"
    logo: str = ""
    link: bool = True
    templates: str = ""
    text: Mapping[str, Mapping[str, Mapping[str, str]]] = {}


@cache
def default_purposes() -> Mapping[str, Purpose]:
    """Return the purposes that every policy has, by id."""
    tables = msgspec.toml.decode((Path(__file__).with_name("data") / "purposes.toml").read_bytes())
    return {ident: msgspec.convert({"id": ident, **table}, Purpose) for ident, table in tables.items()}


def with_default(purpose: Purpose) -> Purpose:
    """Complete a purpose from the default purpose of the same name, if there is one."""
    base = default_purposes().get(purpose.id, Purpose(sale=False))
    return replace(
        purpose,
        title=purpose.title or base.title,
        description=purpose.description or base.description,
        sale=base.sale if purpose.sale is None else purpose.sale,
    )
