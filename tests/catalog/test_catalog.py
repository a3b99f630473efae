from __future__ import annotations

import json
import re
from collections import Counter
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.catalog import (
    Catalog,
    CookieTable,
    HostRule,
    HostTable,
    KnownVendor,
    default_catalog,
    read_url,
)
from consentkit.catalog.model import CatalogPurpose
from consentkit.catalog.vendor_files import PURPOSES, read_checked, read_vendors
from consentkit.exceptions import ConfigurationError
from consentkit.policy.duration import read_duration
from docs.documents import find_page


def vendor_of(url: str) -> str | None:
    read = read_url(url)
    assert read is not None
    vendor = default_catalog().match_host(read.host, read.path, read.query)
    return vendor.id if vendor else None


@pytest.mark.parametrize(
    ("url", "vendor"),
    [
        ("https://widgets.outbrain.com/outbrain.js", "outbrain"),
        ("https://sb.scorecardresearch.com/beacon.js", "scorecardresearch"),
        ("https://cdn.krxd.net/controltag/x.js", "krux"),
        ("https://hm.baidu.com/hm.js?123", "baidu-analytics"),
        ("https://cpro.baidustatic.com/cpro/ui/c.js", "baidu-ads"),
        ("https://www.google-analytics.com/analytics.js", "google-analytics"),
        ("https://www.googletagmanager.com/gtag/js?id=G-ABC", "google-analytics"),
        ("https://www.googletagmanager.com/gtag/js?l=x&id=AW-1", "google-ads"),
        ("https://www.googletagmanager.com/gtag/js?id=%47-ABC", "google-analytics"),
        ("https://www.googletagmanager.com/gtm.js?id=GTM-1", "google-tag-manager"),
        ("https://www.googletagmanager.com/ns.html?id=GTM-1", "google-tag-manager"),
        ("https://contextual.media.net/dmedianet.js", "media-net"),
        ("https://cdn.taboola.com/libtrc/x/loader.js", "taboola"),
        ("https://s.skimresources.com/js/1.js", "skimlinks"),
        ("https://static.chartbeat.com/js/chartbeat.js", "chartbeat"),
        ("https://ping.chartbeat.net/ping", "chartbeat"),
        ("https://static.criteo.net/js/ld/publishertag.js", "criteo"),
        ("https://connect.facebook.net/en_US/fbevents.js", "meta-pixel"),
        ("https://www.facebook.com/tr?id=1&ev=PageView&noscript=1", "meta-pixel"),
        ("https://www.facebook.com/tr/?id=1", "meta-pixel"),
        ("https://www.facebook.com/plugins/like.php", "facebook"),
        ("https://pixel.quantserve.com/pixel/p-1.gif", "quantcast"),
        ("https://dpm.demdex.net/id", "adobe-audience"),
        ("https://g.alicdn.com/alilog/mlog/aplus.js", "alibaba"),
        ("https://securepubads.g.doubleclick.net/tag/js/gpt.js", "doubleclick"),
        ("https://stats.g.doubleclick.net/dc.js", "google-analytics"),
        ("https://logi104.xiti.com/hit.xiti", "at-internet"),
        ("https://d1z2jf7jlzjs58.cloudfront.net/p.js", "parsely"),
        ("https://cdn.parsely.com/keys/x/p.js", "parsely"),
        ("https://www.googleadservices.com/pagead/conversion.js", "google-ads"),
        ("https://s7.addthis.com/js/300/addthis_widget.js", "addthis"),
        ("https://tags.crwdcntrl.net/c/1/cc.js", "lotame"),
        ("https://cdn.clicktale.net/www/x.js", "contentsquare"),
        ("https://platform.twitter.com/widgets.js", "x"),
        ("https://script.ioam.de/iam.js", "infonline"),
        ("https://www.youtube.com/embed/abc", "youtube"),
        ("https://www.youtube-nocookie.com/embed/abc", "youtube"),
        ("https://www.google.com/recaptcha/api.js", "recaptcha"),
        ("https://www.google.com/maps/embed?pb=1", "google-maps"),
        ("https://js.stripe.com/v3/", "stripe"),
        ("https://fonts.googleapis.com/css?family=X", "google-fonts"),
        ("https://static.cloudflareinsights.com/beacon.min.js", "cloudflare-insights"),
        ("https://evilgoogle-analytics.com/ga.js", None),
        ("https://google-analytics.com.evil.example/ga.js", None),
        ("https://www.facebook.com.evil.example/tr", None),
        ("https://www.google.com/search", None),
        ("https://www.facebook.com/travel", "facebook"),
    ],
)
def test_who_a_url_belongs_to(url: str, vendor: str | None) -> None:
    assert vendor_of(url) == vendor


def test_there_are_enough_vendors_and_each_can_be_told_from_the_others() -> None:
    vendors = default_catalog().vendors
    assert len(vendors) >= 300
    assert len({vendor.name for vendor in vendors.values()}) == len(vendors)
    rules = [str(rule) for vendor in vendors.values() for rule in vendor.hosts]
    assert len(set(rules)) == len(rules)
    for vendor in vendors.values():
        assert vendor.hosts or vendor.programs or (vendor.labels and vendor.words)
        assert vendor.description.endswith(".")
        assert not vendor.privacy_policy or urlsplit(vendor.privacy_policy).hostname


def test_a_vendor_once_published_keeps_its_id_and_its_purpose() -> None:
    published = json.loads((Path(__file__).parent / "published.json").read_text("utf-8"))
    vendors = default_catalog().vendors
    moved = {
        ident: (purpose, vendors[ident].purpose if ident in vendors else None)
        for purpose, ids in published.items()
        for ident in ids
        if ident not in vendors or vendors[ident].purpose != purpose
    }
    assert moved == {}, "an upgrade asks no visitor again"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_short_way_of_reading_gives_what_toml_gives(purpose: CatalogPurpose) -> None:
    text = (resources.files("consentkit.catalog") / "data" / f"{purpose}.toml").read_text("utf-8")
    assert list(read_checked(text, purpose=purpose)) == list(read_vendors(text, purpose=purpose))


@pytest.mark.parametrize(
    ("url", "word", "purpose"),
    [
        ("https://pixel.shop.example/p", "pixel", "analytics"),
        ("https://eu-metrics3.shop.example/", "metrics", "analytics"),
        ("https://adserver.shop.example/x", "adserver", "marketing"),
        ("https://cdn.shop.example/js/AppMeasurement.js", "AppMeasurement.js", "analytics"),
        ("https://cdn.shop.example/js/appmeasurement.js", "appmeasurement", "analytics"),
        ("https://cdn.shop.example/js/site-analytics.min.js", "analytics", "analytics"),
        ("https://cdn.shop.example/ads/top.html?x", None, None),
        ("https://cdn.shop.example/ads/show", "ads", "marketing"),
        ("https://cdn.shop.example/Tracking/1.gif", "tracking", "analytics"),
        ("https://cdn.shop.example/adsWrapper.js", "ads", "marketing"),
        ("https://pixel.example/a.js", None, None),
        ("https://tracking.co.uk/a.js", "tracking", "analytics"),
        ("https://pixelated.shop.example/a.js", None, None),
        ("https://shop.example/news/tracking-a-storm", None, None),
        ("https://shop.example/pictures/analytics/a.jpg", None, None),
        ("https://shop.example/roads.js", None, None),
        ("https://cdn.jsdelivr.net/npm/analytics/dist/analytics.js", None, None),
        ("https://[::1]/analytics.js", None, None),
    ],
)
def test_addresses_that_say_what_they_are_for(url: str, word: str | None, purpose: str | None) -> None:
    read = read_url(url)
    assert read is not None
    found = default_catalog().find_word(read.host, read.path)
    assert (found and (found[0], found[1].purpose)) == (word and (word, purpose))


@given(st.text(), st.text())
def test_any_address_has_words_or_none(host: str, path: str) -> None:
    default_catalog().find_word(host, path)


def test_every_vendor_can_be_declared() -> None:
    for vendor in default_catalog().vendors.values():
        for cookie in vendor.cookies:
            assert str(read_duration(cookie.retention or "session", path=vendor.id))


def test_every_rule_finds_its_own_vendor() -> None:
    catalog = default_catalog()
    for vendor in catalog.vendors.values():
        for rule in vendor.hosts:
            found = catalog.match_host(rule.host, rule.path or "/", rule.query)
            assert found is vendor, str(rule)


def test_a_stub_has_one_kind_whoever_needs_it() -> None:
    kinds: dict[str, str] = {}
    for vendor in default_catalog().vendors.values():
        for name, kind in vendor.stubs.items():
            assert kinds.setdefault(name, kind) == kind


FRAMEWORK_COOKIES = {
    "Django": "sessionid csrftoken messages django_language",
    "Flask": "session remember_token csrf_token",
    "Starlette, Litestar, FastAPI users": "session csrftoken fastapiusersauth x-csrftoken",
    "Rails": "_session_id _shop_session _rails_session rack.session remember_user_token flash",
    "Laravel": "laravel_session XSRF-TOKEN remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d",
    "Symfony": "PHPSESSID REMEMBERME main_auth_profile_token sf_redirect symfony MOCKSESSID",
    "Spring": "JSESSIONID SESSION remember-me XSRF-TOKEN",
    "ASP.NET": (
        "ASP.NET_SessionId .ASPXAUTH .AspNetCore.Session .AspNetCore.Antiforgery.x "
        ".AspNetCore.Cookies .AspNet.ApplicationCookie __RequestVerificationToken ARRAffinity "
        "ARRAffinitySameSite"
    ),
    "ColdFusion": "CFID CFTOKEN",
    "Express, Koa": "connect.sid _csrf koa.sess koa.sess.sig express:sess",
    "Next, Auth.js": (
        "next-auth.session-token __Secure-next-auth.session-token __Host-next-auth.csrf-token "
        "next-auth.callback-url authjs.session-token __Secure-authjs.session-token NEXT_LOCALE "
        "__prerender_bypass __next_preview_data"
    ),
    "Remix, Nuxt, SvelteKit, Firebase": "__session auth._token.local i18n_redirected i18next",
    "WordPress": (
        "wordpress_logged_in_x wordpress_sec_x wp-settings-1 wp-settings-time-1 "
        "wordpress_test_cookie wp-postpass_x comment_author_x woocommerce_cart_hash "
        "woocommerce_items_in_cart wp_woocommerce_session_x"
    ),
    "Drupal": "SESSabc SSESSabc Drupal.visitor.name has_js",
    "Joomla": "6bd27c606c3cb0f9b3adc8dc7475adb3 joomla_user_state joomla_remember_me_x",
    "Magento": (
        "frontend adminhtml form_key mage-cache-sessid mage-messages private_content_version "
        "X-Magento-Vary section_data_ids persistent_shopping_cart"
    ),
    "Shopify": (
        "_shopify_s _shopify_y _shopify_essential cart cart_sig secure_customer_sig "
        "_secure_session_id checkout_token storefront_digest localization"
    ),
    "Other shops": "PrestaShop-x OCSESSID currency",
    "Shibboleth": "_shibsession_x _shibstate_x _opensaml_req_x SimpleSAMLSessionID SimpleSAMLAuthToken",
    "AWS": "AWSALB AWSALBCORS AWSALBTG AWSALBTGCORS AWSELB AWSELBCORS",
    "Cloudflare": "__cf_bm cf_clearance __cfruid _cfuvid __cflb CF_Authorization CF_AppSession cf_chl_rc_i",
    "Other front ends": (
        "GCLB GAESA route SERVERID SRV heroku-session-affinity BIGipServerpool TS01abcdef "
        "visid_incap_1 incap_ses_1_1 nlbi_1 ak_bmsc bm_sv bm_sz _abck datadome _vercel_jwt nf_jwt "
        "ApplicationGatewayAffinity"
    ),
    "Auth0": "auth0 auth0_compat auth0.x.is.authenticated did did_compat appSession a0:state a0:session",
    "Keycloak": (
        "KEYCLOAK_SESSION KEYCLOAK_IDENTITY KEYCLOAK_REMEMBER_ME AUTH_SESSION_ID KC_RESTART "
        "KC_AUTH_SESSION_HASH"
    ),
    "Supabase": "sb-access-token sb-refresh-token sb-abc-auth-token sb-abc-auth-token.0",
    "Other identities": (
        "__client __client_uat __clerk_db_jwt oktaStateToken idx DT ESTSAUTH esctx buid "
        "x-ms-gateway-slice _oauth2_proxy _forward_auth wos-session stytch_session"
    ),
    "Applications": (
        "grafana_session sentrysid _gitlab_session _gh_sess logged_in MoodleSession MOODLEID1_ _t "
        "_forum_session MMAUTHTOKEN oc_sessionPassphrase nc_session_id phpbb3_x_sid phpbb3_x_u "
        "bb_sessionhash enwikiSession fe_typo_user be_typo_user __ac _ZopeId _streamlit_xsrf _xsrf "
        "ghost-members-ssr session_id frontend_lang"
    ),
    "In use everywhere": (
        "auth token access_token refresh_token id_token jwt user user_id uid sid SID SESSIONID lang "
        "language locale theme tz timezone consent cookie_consent return_to redirect next nonce "
        "state code_verifier basket wishlist visitor guest device ai_session __ssid __Host-session "
        "__Secure-session"
    ),
}


@pytest.mark.parametrize("framework", FRAMEWORK_COOKIES)
def test_no_pattern_takes_a_framework_s_cookie(framework: str) -> None:
    names = FRAMEWORK_COOKIES[framework].split()
    assert {name: found.id for name in names if (found := default_catalog().cookies.find(name))} == {}


@pytest.mark.parametrize(
    ("name", "vendor"),
    [
        ("_ga", "google-analytics"),
        ("_ga_ABC123", "google-analytics"),
        ("_gac_UA-1", "google-ads"),
        ("_gcl_au", "google-ads"),
        ("_fbp", "meta-pixel"),
        ("_pk_id.1.abcd", "matomo"),
        ("_hjSessionUser_1", "hotjar"),
        ("_GA", None),
        ("x_ga", None),
        ("_gax", None),
    ],
)
def test_whose_cookie_it_is(name: str, vendor: str | None) -> None:
    found = default_catalog().cookies.find(name)
    assert (found.id if found else None) == vendor


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a.example", HostRule(host="a.example")),
        ("localhost:8001", HostRule(host="localhost", port=8001)),
        ("a.example/x/", HostRule(host="a.example", path="/x")),
        ("a.example/x?id=G-", HostRule(host="a.example", path="/x", query="id=G-")),
        ("A.example", HostRule(host="a.example")),
    ],
)
def test_how_a_rule_is_written(text: str, rule: HostRule) -> None:
    assert HostRule.parse(text) == rule
    assert HostRule.parse(str(rule)) == rule


@pytest.mark.parametrize(
    "text", ["", "https://a.example", "a b", "*.example", "user@a.example", "/x", "a.example#x"]
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(ConfigurationError):
        HostRule.parse(text)


def test_the_most_specific_rule_wins() -> None:
    texts = ["a.example", "b.a.example", "a.example/x", "a.example/x/y", "a.example/x?k=1", "a.example:81"]
    table = HostTable((HostRule.parse(text), text) for text in texts)

    def find(host: str, path: str = "/", query: str = "", port: int | None = None) -> str | None:
        found = table.find(host, path, query, port)
        return found[1] if found else None

    assert find("a.example") == "a.example"
    assert find("c.a.example", "/x") == "a.example/x"
    assert find("c.b.a.example", "/x") == "b.a.example"
    assert find("a.example", "/xy") == "a.example"
    assert find("a.example", "/x/y/z") == "a.example/x/y"
    assert find("a.example", "/x", "j=2&k=12") == "a.example/x?k=1"
    assert find("a.example", port=81) == "a.example:81"
    assert find("example") is None
    assert find("") is None


NAMES = st.lists(st.sampled_from(["a", "b", "xa", "example", "com"]), min_size=1, max_size=5).map(".".join)


@given(st.lists(NAMES, max_size=6), NAMES)
def test_names_match_on_label_boundaries(rules: list[str], host: str) -> None:
    table = HostTable((HostRule(host=rule), rule) for rule in rules)
    found = table.find(host)
    fitting = [rule for rule in rules if host == rule or host.endswith("." + rule)]
    assert (found[1] if found else None) == max(fitting, key=len, default=None)


def test_a_whole_cookie_name_wins_over_a_beginning_and_longer_over_shorter() -> None:
    table = CookieTable([("ab*", 1), ("abc*", 2), ("abcd", 3), ("abcd", 4), ("*", 5)])
    assert [table.find(name) for name in ("abcd", "abce", "ab", "x", "")] == [3, 2, 1, 5, 5]


GOOD = 'name = "A"\ndescription = "Does."\nprivacy_policy = "https://a.example/"\ncountry = "DE"\n'


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[a", "analytics"),
        ("[b]\n" + GOOD + "[a]\n" + GOOD, "analytics.a"),
        ("[A_]\n" + GOOD, "analytics.A_"),
        ("[a]\n", "analytics.a"),
        ("[a]\n" + GOOD + "colour = 1\n", "analytics.a"),
        ("[a]\n" + GOOD + 'hosts = ["com"]\n', "analytics.a.hosts"),
        ("[a]\n" + GOOD + 'hosts = ["https://a.example"]\n', "analytics.a.hosts"),
        ("[a]\n" + GOOD + 'cookies = [{ name = "*" }]\n', "analytics.a.cookies"),
        ("[a]\n" + GOOD + 'stubs = { "a b" = "call" }\n', "analytics.a.stubs"),
        ("[a]\n" + GOOD + 'inline = ["ga("]\n', "analytics.a.inline"),
        ("[a]\n" + GOOD + 'labels = ["Ad."]\n', "analytics.a.labels"),
        ("[a]\n" + GOOD + 'words = ["a-b"]\n', "analytics.a.words"),
        ("[a]\n" + GOOD + 'id = "b"\n', "analytics.a"),
        ("a = 1\n", "analytics.a"),
        ("[a]\n" + GOOD.replace("DE", "Germany"), "analytics.a.country"),
        ("[a]\n" + GOOD.replace("https", "http"), "analytics.a.privacy_policy"),
    ],
)
def test_a_bad_data_file_is_refused_with_the_place(text: str, path: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        list(read_vendors(text, purpose="analytics"))
    assert caught.value.path == path


def test_two_vendors_with_one_id_are_refused() -> None:
    vendor = KnownVendor(id="a", name="A", purpose="analytics")
    with pytest.raises(ConfigurationError):
        Catalog([vendor, vendor])


def test_the_documentation_counts_right() -> None:
    text = find_page("catalog").read_text("utf-8")
    told = {m[1]: int(m[2]) for m in re.finditer(r"^\| `?(\w+)`? \| (\d+) \|", text, re.MULTILINE)}
    counts = Counter(str(vendor.purpose) for vendor in default_catalog().vendors.values())
    assert told == dict(counts) | {"all": counts.total()}


def test_every_package_and_program_finds_its_own_vendor() -> None:
    catalog = default_catalog()
    for vendor in catalog.vendors.values():
        for package in vendor.packages:
            assert catalog.match_host("unpkg.com", f"/{package}@1/x.js") is vendor, package
        for program in vendor.programs:
            path, _, query = program.partition("?")
            assert catalog.find_word("own.example", f"/below/{path}", query) == (program, vendor)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("packages", ["abc"]),
        ("packages", ["@scope"]),
        ("packages", ["Upper-Case"]),
        ("packages", ["owner/name"]),
        ("programs", ["/a.js"]),
        ("programs", ["a b.js"]),
        ("programs", ["a.js?"]),
        ("programs", [""]),
        ("programs", ["//a.example/a.js"]),
    ],
)
def test_what_is_no_package_and_no_program(key: str, wrong: list[str]) -> None:
    text = f'[a]\nname = "A"\ndescription = "Does."\nhosts = ["a.example"]\n{key} = {json.dumps(wrong)}\n'
    with pytest.raises(ConfigurationError, match=key):
        list(read_vendors(text, purpose="analytics"))
