"""consent.toml loads as the design writes it, and says where it is wrong."""

# ruff: noqa: E501  # the design's lines and the messages stand as they are

from __future__ import annotations

from pathlib import Path

import pytest

from consentkit.exceptions import ConfigurationError
from consentkit.policy import Banner, Cookie, Policy, Purpose, Regime, Site, Vendor

DESIGN = """
uses = ["google-analytics", "meta-pixel", "youtube", "x", "chartbeat"]   # declared, details from the catalog

[site]
controller = "Odu News Ltd, 1 Press Lane, Lagos"
contact = "privacy@odunews.example"
privacy_policy = "/privacy"

[regimes]
default = "opt-in"                 # also where the place is not known
US = "opt-out"
GB = { analytics = "inform", marketing = "opt-in" }

[purposes.analytics]
title = "Audience measurement"
description = "Counts which stories are read."
edition = 1                        # raise to ask again

[purposes.marketing]
title = "Advertising"
description = "Lets advertisers recognise you elsewhere."
sale = true                        # what Sec-GPC denies
edition = 1

[vendors.google-analytics]         # only what differs from the catalog
retention = "14 months"
consent_mode = "basic"

[vendors.newsroom]                 # the site's own
name = "Newsroom statistics"
purpose = "analytics"
hosts = ["stats.odunews.example"]
cookies = [{ name = "_nr*", retention = "30 days" }]

[banner]
layout = "bar"
accent = "#0b6e4f"

[banner.text.en.opt-out]
notice = "This website uses cookies to improve your experience. We'll assume you're ok with this, but you can {opt-out} if you wish."
"""


def test_the_policy_of_the_design_loads(tmp_path: Path) -> None:
    file = tmp_path / "consent.toml"
    file.write_text(DESIGN, encoding="utf-8")
    policy = Policy.from_toml(file)
    assert policy == Policy.loads(DESIGN)
    assert list(policy.purposes) == ["necessary", "functional", "analytics", "marketing"]
    assert policy.purposes["analytics"].title == "Audience measurement"
    assert policy.site.privacy_policy == "/privacy"
    assert policy.banner.text["en"]["opt-out"]["notice"].endswith("{opt-out} if you wish.")
    assert list(policy.vendors_declared) == [
        "google-analytics", "meta-pixel", "youtube", "x", "chartbeat", "newsroom",
    ]  # fmt: skip


def test_declared_vendors_are_completed_by_the_catalog() -> None:
    vendor = Policy.loads(DESIGN).vendors_declared["google-analytics"]
    assert (vendor.retention, vendor.consent_mode) == ("14 months", "basic")
    assert vendor.purpose == "analytics"
    assert vendor.name and vendor.privacy_policy.startswith("https://")
    assert any(cookie.name.startswith("_ga") for cookie in vendor.cookies)


def test_python_says_the_same_as_toml() -> None:
    built = Policy(
        uses=("youtube",),
        site=Site(controller="Odu News"),
        regimes={"default": "opt-in", "US": Regime.OPT_OUT},
        purposes={"marketing": Purpose(title="Ads", description="Shows ads.")},
        vendors={
            "newsroom": Vendor(name="Newsroom", purpose="analytics", cookies=(Cookie(name="_nr*"),)),
        },
        banner=Banner(accent="#fff"),
    )
    loaded = Policy.loads(
        """
        uses = ["youtube"]
        site.controller = "Odu News"
        banner.accent = "#fff"
        regimes = { default = "opt-in", US = "opt-out" }
        purposes.marketing = { title = "Ads", description = "Shows ads." }
        vendors.newsroom = { name = "Newsroom", purpose = "analytics", cookies = [{ name = "_nr*" }] }
        """
    )
    assert built == loaded
    assert hash(built) == hash(loaded)
    assert (built.revision, built.fingerprints) == (loaded.revision, loaded.fingerprints)


def test_nothing_declared_gives_four_purposes_and_asks_first() -> None:
    policy = Policy()
    assert [purpose.id for purpose in policy.purposes.values() if purpose.required] == ["necessary"]
    assert [purpose.id for purpose in policy.purposes.values() if purpose.sale] == ["marketing"]
    assert all(purpose.title and purpose.description for purpose in policy.purposes.values())
    assert set(policy.regimes_at(None).values()) == {Regime.OPT_IN}
    assert not policy.vendors_declared


def test_a_redefined_purpose_keeps_what_it_does_not_say() -> None:
    policy = Policy.loads(
        'purposes.marketing.edition = 2\n[purposes.maps]\ntitle = "Maps"\ndescription = "M."'
    )
    assert policy.purposes["marketing"].sale is True
    assert policy.purposes["marketing"].title == Policy().purposes["marketing"].title
    assert policy.purposes["maps"].sale is False


def test_a_policy_cannot_be_changed() -> None:
    policy = Policy()
    with pytest.raises(AttributeError):
        policy.uses = ("youtube",)  # type: ignore[misc]
    with pytest.raises(TypeError):
        policy.purposes["analytics"] = Purpose()  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[vendors.youtube]\nretention = "soon"',
            'vendors.youtube.retention: expected a duration such as "14 months", got "soon"',
        ),
        ("vendor.x = 1", 'vendor: unknown key; did you mean "vendors"?'),
        (
            '[vendors.youtube]\nretension = "1 day"',
            'vendors.youtube.retension: unknown key; did you mean "retention"?',
        ),
        ('[vendors.youtube]\nid = "x"', "vendors.youtube.id: unknown key"),
        ('site.adress = "x"', "site.adress: unknown key"),
        ('purposes.ads = { title = "Ads" }', "purposes.ads.description: expected a text, got nothing"),
        ("purposes.analytics.edition = 0", "purposes.analytics.edition: expected int >= 1"),
        ('purposes.analytics.edition = "1"', "purposes.analytics.edition: expected int, got str"),
        ("purposes.analytics = 1", "purposes.analytics: expected a table, got int"),
        ("purposes.necessary.sale = true", "purposes.necessary.sale: what is necessary cannot be a sale"),
        ('purposes."A b" = { title = "x", description = "y" }', "purposes.A b: expected an id"),
        ('markers = ["cookibot"]', 'markers[0]: markers of "cookibot" mean nothing here; did you mean "cookiebot"?'),
        ('markers = ["klaro", "?"]', 'markers[1]: markers of "?" mean nothing here; known are complianz, cookiebot'),
        ('markers = "klaro"', 'markers: expected a list such as ["cookiebot"]'),
        ("markers = [true]", "markers[0]: expected a string, got bool"),
        ('uses = ["youtub"]', 'uses[0]: the catalog has no vendor "youtub"; did you mean "youtube"?'),
        ('uses = ["qqqqqqqqq"]', 'uses[0]: the catalog has no vendor "qqqqqqqqq"; declare it under [vendors]'),
        ('uses = "youtube"', "uses: expected a list"),
        ("uses = [1]", "uses[0]: expected a string, got int"),
        ('[vendors.own]\npurpose = "analytics"', "vendors.own.name: expected a name"),
        ('[vendors.own]\nname = "Own"', "vendors.own.purpose: expected a purpose"),
        ('[vendors.youtub]\nretention = "1 day"', 'vendors.youtub.name: expected a name: the catalog does not know this vendor; did you mean "youtube"?'),
        (
            '[vendors.own]\nname = "Own"\npurpose = "analitycs"',
            'vendors.own.purpose: no purpose "analitycs"; did you mean "analytics"?',
        ),
        ('[vendors.analytics]\nname = "A"\npurpose = "analytics"', "vendors.analytics: a purpose has this id"),
        ('[vendors.youtube]\nhosts = "a.b"', "vendors.youtube.hosts: expected array, got str"),
        ('[vendors.youtube]\nhosts = ["a.b", "https://c.d"]', "vendors.youtube.hosts[1]: expected a host such as"),
        ('[vendors.youtube]\ncookies = [{ name = "*" }]', "vendors.youtube.cookies[0].name: expected a cookie name"),
        ('[vendors.youtube]\ncookies = [{ nam = "a" }]', "vendors.youtube.cookies[0]: object"),
        (
            '[vendors.youtube]\ncookies = [{ name = "a", retention = "x" }]',
            "vendors.youtube.cookies[0].retention: expected a duration",
        ),
        ('[vendors.youtube]\nprivacy_policy = "javascript:x"', "vendors.youtube.privacy_policy: expected a URL"),
        ('[vendors.youtube]\ncountry = "Ireland"', "vendors.youtube.country: expected a country code"),
        ('[vendors.youtube]\nconsent_mode = "on"', "vendors.youtube.consent_mode: invalid enum value 'on'"),
        ('site.privacy_policy = "//evil.example"', "site.privacy_policy: expected a path or URL"),
        ('regimes.US = "optout"', 'regimes.US: expected opt-in, opt-out, inform or none, got "optout"'),
        ("regimes.US = 1", "regimes.US: expected a table, got int"),
        ('regimes.USA = "opt-in"', 'regimes.USA: expected "default", a country such as "GB"'),
        ('regimes.GB = { ads = "opt-in" }', "regimes.GB.ads: unknown key"),
        ('regimes.GB = { necessary = "none" }', "regimes.GB.necessary: unknown key"),
        ('signals.gpc_updated = "soon"', 'signals.gpc_updated: expected a date such as "2026-11-22", got "soon"'),
        ('signals.gpc_updated = "20260101"', "signals.gpc_updated: expected a date"),
        ("signals.dnt = 1", "signals.dnt: expected bool"),
        ('signals.dnd = true', 'signals.dnd: unknown key; did you mean "dnt"?'),
        ('lifetime.consents = "1 day"', 'lifetime.consents: unknown key; did you mean "consent"?'),
        ('[vendors.youtube]\nown_use = "no"', "vendors.youtube.own_use: expected bool"),
        ('banner.accent = "green"', 'banner.accent: expected a colour such as "#0b6e4f", got "green"'),
        ('banner.layout = "boxes"', "banner.layout: invalid enum value 'boxes'"),
        ('banner.text.en.opt-in.notise = "x"', 'banner.text.en.opt-in.notise: unknown key; did you mean "notice"?'),
        ('banner.text.en.optin.notice = "x"', 'banner.text.en.optin: unknown key; did you mean "opt-in"?'),
        ('banner.text.english.opt-in.notice = "x"', "banner.text.english: expected a locale"),
        ("banner.text.en.opt-in.notice = 1", "banner.text.en.opt-in.notice: expected a string, got int"),
        ('banner.text.en.opt-in.notice = " "', "banner.text.en.opt-in.notice: expected a text, got nothing"),
        (
            'banner.text.en.opt-out.notice = "You can {optout}."',
            'banner.text.en.opt-out.notice: nothing is filled in for "{optout}"; did you mean "opt-out"?',
        ),
        ("banner.text.en = 1", 'banner.text.en: expected a table, got int'),
        ("= 1", "not valid TOML"),
    ],
)  # fmt: skip
def test_errors_name_the_key_path(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Policy.loads(text)
    assert str(caught.value).startswith(message)
    assert caught.value.path == message.partition(": ")[0] or not caught.value.path


def test_errors_in_python_name_the_key_path_too() -> None:
    with pytest.raises(ConfigurationError, match=r"^vendors\.own\.hosts: expected array, got str"):
        Policy(vendors={"own": Vendor(name="Own", purpose="analytics", hosts="own.example")})  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"^vendors\.own\.id: the key says"):
        Policy(vendors={"own": Vendor(id="other", name="Own", purpose="analytics")})
    with pytest.raises(ConfigurationError, match=r"^purposes: expected a table, got list"):
        Policy(purposes=[])  # type: ignore[arg-type]


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the policy"):
        Policy.from_toml(tmp_path / "none.toml")


def test_a_byte_order_mark_is_no_part_of_the_policy(tmp_path: Path) -> None:
    file = tmp_path / "consent.toml"
    file.write_text('uses = ["youtube"]', encoding="utf-8-sig")
    assert Policy.from_toml(file).uses == ("youtube",)


def test_a_notice_has_one_button() -> None:
    with pytest.raises(ConfigurationError, match="there twice") as caught:
        Policy.loads('banner.text.en.opt-out.notice = "{opt-out} or {opt-out}"')
    assert caught.value.path == "banner.text.en.opt-out.notice"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("UK", '; did you mean "GB"?'),
        ("de", '; did you mean "DE"?'),
        ("us-ca", '; did you mean "US-CA"?'),
        ("AP", ""),
        ("US-ZZ", ""),
        ("DE-", ""),
        ("", ""),
    ],
)
def test_a_row_is_for_a_place_that_a_visitor_can_be_at(key: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Policy(regimes={key: "inform"})
    assert str(caught.value).endswith(f'or a region such as "US-CA"{hint}')


def test_rows_for_groups_and_regions() -> None:
    rows = dict.fromkeys(("default", "EU", "GB-ENG", "JP-13", "XK"), "inform")
    assert set(Policy(regimes=rows).regimes) == set(rows)
