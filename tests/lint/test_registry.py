"""The rules of law that are decided from the configuration, and from the source of a page."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit import Policy
from consentkit.banner.texts import read_words, shipped_locales
from consentkit.lint import RULES, Finding, lint, lint_gpc, lint_page
from consentkit.lint.registry import BROWSER_CHECKS
from consentkit.lint.text_rules import assumed_consent
from consentkit.policy import Regime, Vendor

TODAY = "2026-11-22"
EXAMPLES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("examples.toml").read_text("utf-8"))[
    "examples"
]
SEED = (
    "This website uses cookies to improve your experience. We'll assume you're ok with this, but you can "
    "opt-out if you wish."
)


def look(example: dict[str, Any], side: str) -> list[Finding]:
    """Hold one side of an example against the rules."""
    if "page" in example:
        headers = example.get("headers", {}).get(side, {})
        return lint_page(example["page"][side].encode(), headers.items(), url="https://site.example/")
    before = Policy.loads(example["before"]) if "before" in example else None
    return lint(Policy.loads(example[side]), today=TODAY, before=before)


def found(policy: str, rule: int, **facts: Any) -> list[tuple[str, str]]:
    """Return level and place of what breaks one rule."""
    findings = lint(Policy.loads(policy), today=TODAY, **facts)
    return [(finding.level, finding.where) for finding in findings if finding.rule == rule]


def test_the_rules_are_numbered_and_each_says_what_it_must() -> None:
    assert list(RULES) == list(range(1, 37))
    for number, rule in RULES.items():
        assert rule.number == number
        assert all((rule.title, rule.source, rule.checks, rule.fix)), number


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["rule"]))
def test_of_each_rule_one_example_fails_and_one_passes(example: dict[str, Any]) -> None:
    rule = example["rule"]
    assert rule in {finding.rule for finding in look(example, "fails")}
    assert rule not in {finding.rule for finding in look(example, "passes")}


def test_every_rule_that_needs_no_browser_has_examples() -> None:
    assert {example["rule"] for example in EXAMPLES} == {n for n, rule in RULES.items() if rule.kind == "C"}


def test_every_rule_of_the_browser_is_checked() -> None:
    assert BROWSER_CHECKS.keys() == {rule.number for rule in RULES.values() if rule.kind == "B"}


def test_a_policy_that_says_nothing_breaks_nothing() -> None:
    assert lint(Policy(), today=TODAY) == []


# Rule 1


def test_what_is_looser_than_the_law_is_found_where_it_is_written() -> None:
    policy = """
        [regimes]
        default = "opt-out"
        EU = "opt-in"
        FR = { functional = "none" }
        US = "inform"
        """
    assert found(policy, 1) == [("error", "regimes.default"), ("error", "regimes.FR.functional")]


@given(
    st.dictionaries(
        st.sampled_from(["default", "EU", "FR", "GB", "US", "US-CA", "BR"]), st.sampled_from(list(Regime))
    )
)
def test_only_rows_that_grant_break_rule_1(rows: dict[str, Regime]) -> None:
    places = {finding.where for finding in lint(Policy(regimes=rows)) if finding.rule == 1}
    assert places <= {f"regimes.{key}" for key, regime in rows.items() if regime.grants}
    assert "regimes.US" not in places
    assert ("regimes.BR" in places) is rows.get("BR", Regime.OPT_IN).grants


def test_statistics_for_the_site_alone_may_be_exempt() -> None:
    policy = 'regimes.FR = {{ analytics = "{}" }}\n[vendors.own]\nname = "Own"\npurpose = "analytics"\n{}'
    where = "regimes.FR.analytics"
    assert found(policy.format("inform", "own_use = false"), 1) == [("warning", where)]
    assert found(policy.format("inform", ""), 1) == [("error", where)]
    assert found(policy.format("none", "own_use = false"), 1) == [("error", where)]


@pytest.mark.parametrize(
    "rows",
    [
        {"DE-BY": "none", "FR-IDF": "opt-out"},
        {"BY": "none", "AQ": "inform"},  # the table has no row: consent is asked first
        {"BY-MI": "opt-out"},
        {"CA-QC": "opt-out"},
    ],
)
def test_every_place_that_the_policy_names_is_looked_at(rows: dict[str, str]) -> None:
    findings = lint(Policy(regimes=rows), today=TODAY)
    assert {finding.where for finding in findings if finding.rule == 1} == {f"regimes.{key}" for key in rows}


def test_a_stricter_region_hides_nothing_of_its_country() -> None:
    assert found('[regimes]\nDE = "none"\nDE-BY = "opt-in"', 1) == [("error", "regimes.DE")]


def test_advanced_mode_is_worth_a_warning() -> None:
    policy = 'vendors.google-analytics.consent_mode = "advanced"'
    assert found(policy, 1) == [("warning", "vendors.google-analytics.consent_mode")]


OWN_STATISTICS = """
    [regimes]
    GB = { stats = "inform" }
    [purposes.stats]
    title = "Statistics"
    description = "Counts visits."
    [vendors.plausible]
    purpose = "stats"
    """


def test_the_british_exception_is_for_statistics_by_any_name() -> None:
    assert found(OWN_STATISTICS, 1) == found(OWN_STATISTICS, 31) == []
    doubted = OWN_STATISTICS + "own_use = true"
    assert (found(doubted, 1), found(doubted, 31)) == ([], [("error", "vendors.plausible.own_use")])
    silent = OWN_STATISTICS.replace("inform", "none")
    assert (found(silent, 1), found(silent, 31)) == ([], [("error", "regimes.GB.stats")])


def test_the_british_exception_is_for_nothing_else() -> None:
    where = [("error", "regimes.GB.stats")]
    assert found(OWN_STATISTICS.replace("plausible", "meta-pixel") + "own_use = false", 1) == where
    assert found(OWN_STATISTICS + '[vendors.meta-pixel]\npurpose = "stats"\nown_use = false', 1) == where
    assert found(OWN_STATISTICS.replace("title =", "sale = true\ntitle ="), 1) == where


# Rule 2


def test_the_first_notice_is_no_question_and_is_good_where_none_is_asked() -> None:
    texts = {"en": {"opt-out": {"notice": SEED}}}
    assert lint(Policy(), texts=texts) == []
    (finding,) = lint(Policy(), texts={"en": {"opt-in": {"notice": SEED}}})
    assert (finding.rule, finding.level, finding.where) == (2, "error", "banner.text.en.opt-in.notice")
    assert "assume you" in finding.message


@pytest.mark.parametrize("locale", sorted(shipped_locales()))
def test_the_texts_that_come_with_the_package_ask(locale: str) -> None:
    assert lint(Policy(), texts={locale: read_words(Policy(), locale).texts}) == []


@pytest.mark.parametrize("locale", ["de", "en", "es", "fr", "it", "nl", "pl", "pt", "pt-BR"])
def test_the_first_notice_is_known_in_other_languages(locale: str) -> None:
    assert assumed_consent(read_words(Policy(), locale).texts["opt-out"]["notice"], locale)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "By continuing to use this site, you agree to our use of cookies."),
        ("en-GB", "You accept cookies by browsing on."),
        ("en", "If you continue without changing your settings, we’ll assume that you are happy with this."),
        ("en", "Your continued use of this site means that all cookies are fine."),
        ("en", "We use cookies unless you opt out."),
        ("ja", "By using this site you accept cookies."),
        ("de", "Wir gehen davon aus, dass Sie damit einverstanden sind."),
        ("de-AT", "Durch die weitere Nutzung der Website stimmen Sie der Verwendung von Cookies zu."),
        ("de", "Wenn Sie weitersurfen, stimmen Sie Cookies zu."),
        ("fr", "En poursuivant votre navigation, vous acceptez l'utilisation de cookies."),
        ("fr", "Si vous continuez à utiliser ce site, nous supposerons que vous en êtes satisfait."),
        ("es", "Si continúa navegando, consideramos que acepta su uso."),
        ("es", "Al seguir en este sitio, aceptas las cookies."),
        ("it", "Proseguendo la navigazione acconsenti all'uso dei cookie."),
        ("it", "Se continui a navigare, accetti i cookie."),
        ("nl", "Door verder te surfen gaat u akkoord met cookies."),
        ("nl", "Als je doorgaat, gaan we ervan uit dat je dat goed vindt."),
        ("pt-BR", "Ao continuar navegando, você concorda com os cookies."),
        ("pt", "Assumimos que concorda."),
        ("pl", "Korzystając ze strony, zgadzasz się na użycie plików cookie."),
        ("pl", "Zakładamy, że wyrażasz zgodę."),
    ],
)
def test_texts_that_assume_consent(locale: str, text: str) -> None:
    assert assumed_consent(text, locale)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "By choosing Accept all you consent to: {purposes}. You can change your mind at any time."),
        ("en", "Nothing is used unless you allow it. You can continue without accepting."),
        (
            "de",
            "Mit „Alle akzeptieren“ stimmen Sie zu. Weitere Informationen: Einstellungen.",
        ),
        ("fr", "Vous pouvez accepter, refuser ou continuer sans accepter."),
        ("es", "Puede aceptar o rechazar, y continuar sin aceptar."),
        ("it", "Puoi accettare, rifiutare o continuare senza accettare."),
        ("nl", "U kunt alles accepteren of weigeren, of doorgaan zonder te accepteren."),
        ("pt", "Pode aceitar, recusar ou continuar sem aceitar."),
        ("pl", "Możesz zaakceptować, odrzucić lub kontynuować bez zgody."),
        ("xx", "Nobody knows this language."),
    ],
)
def test_texts_that_ask(locale: str, text: str) -> None:
    assert assumed_consent(text, locale) == ""


@pytest.mark.parametrize(
    "text",
    [
        "By contin\u00aduing you ac\u00adcept cookies.",  # soft hyphens
        "By  continuing \u00a0 you \u200baccept cookies.",
        "B\u200by conti\u2060nuing you agr\ufeffee.",
        "\uff22\uff59 using this site you agree.",  # wide letters
        "We use cookies unless you opt\u2011out.",  # a hyphen that does not break
    ],
)
def test_what_nobody_sees_hides_nothing(text: str) -> None:
    assert assumed_consent(text, "en")


# Rule 3, as far as the configuration shows it


@pytest.mark.parametrize(
    "label",
    ["More options", "Settings", "Manage cookies", "Cookie settings\u2026", "Customise", "OK", "Accept all"],
)
def test_a_reject_button_that_leads_elsewhere_is_worth_a_warning(label: str) -> None:
    findings = lint(Policy(), texts={"en": {"opt-in": {"reject": label}}})
    (finding,) = [finding for finding in findings if finding.rule == 3]
    assert (finding.level, finding.where) == ("warning", "banner.text.en.opt-in.reject")
    assert label in finding.message
    assert lint(Policy(), texts={"en": {"inform": {"reject": label}}}) == []


@pytest.mark.parametrize(
    "label",
    ["Reject all", "No thanks", "Continue without accepting", "Necessary only", "Ablehnen", "Accept none"],
)
def test_a_reject_button_that_says_so(label: str) -> None:
    assert lint(Policy(), texts={"en": {"opt-in": {"reject": label}}}) == []


# Rules 15 to 18


def test_both_lifetimes_are_looked_at() -> None:
    policy = '[lifetime]\nconsent = "100 days"\nrefusal = "90 days"'
    assert found(policy, 15) == [("error", "lifetime.refusal")]
    assert found(policy, 16) == [("error", "lifetime.consent"), ("error", "lifetime.refusal")]


def test_a_place_with_a_shorter_maximum_is_named() -> None:
    findings = lint(Policy.loads('lifetime.consent = "200 days"'))
    (finding,) = [finding for finding in findings if finding.rule == 18]
    assert "FR (180 days)" in finding.message
    assert "ES" not in finding.message


@pytest.mark.parametrize(
    ("after", "found_there"),
    [
        ("purposes.analytics.edition = 2", True),
        ("purposes.analytics.edition = 2\npurposes.analytics.description = 'Counts and compares.'", False),
        ('uses = ["hotjar"]', False),
        ("", False),
    ],
)
def test_asking_again_for_no_reason_is_worth_a_note(after: str, found_there: bool) -> None:
    expected = [("note", "purposes.analytics")] if found_there else []
    assert found(after, 16, before=Policy()) == expected


# Rules 19 to 22


def test_what_the_catalog_says_need_not_be_said_again() -> None:
    assert found('uses = ["google-analytics"]', 19) == []
    assert found('uses = ["youtube"]', 19) == [("warning", "vendors.youtube.retention")]


def test_hosts_and_cookies_claimed_twice() -> None:
    policy = """
        [vendors.one]
        name = "One"
        purpose = "analytics"
        hosts = ["a.example", "b.example"]
        cookies = [{ name = "_one" }]
        [vendors.two]
        name = "Two"
        purpose = "functional"
        hosts = ["b.example"]
        cookies = [{ name = "_one" }]
        [vendors.three]
        name = "Three"
        purpose = "analytics"
        hosts = ["a.example"]
        """
    assert found(policy, 20) == [("error", "vendors.two.hosts[0]"), ("error", "vendors.two.cookies[0]")]


def test_another_purpose_than_the_catalog_s_is_worth_a_note() -> None:
    assert found('vendors.hotjar.purpose = "functional"', 20) == [("note", "vendors.hotjar.purpose")]
    policy = '[vendors.own]\nname = "Own"\npurpose = "functional"\nhosts = ["static.hotjar.com"]'
    assert found(policy, 20) == [("note", "vendors.own.hosts[0]")]


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ('hosts = ["login.example", "static.hotjar.com"]', ["hosts[1]"]),
        ('cookies = [{ name = "_ga" }]', ["cookies[0]"]),
        ('cookies = [{ name = "_ga_*" }]', ["cookies[0]"]),
        ('cookies = [{ name = "_g*" }]', ["cookies[0]"]),
        ('cookies = [{ name = "sessionid" }]', []),
        ('hosts = ["js.stripe.com"]', []),
    ],
)
def test_what_is_called_necessary_is_compared_with_the_catalog(key: str, where: list[str]) -> None:
    policy = f'[vendors.own]\nname = "Own"\npurpose = "necessary"\n{key}'
    assert found(policy, 21) == [("error", f"vendors.own.{place}") for place in where]


BEFORE = '[vendors.own]\nname = "Own"\npurpose = "analytics"\nhosts = ["a.example"]\nown_use = false\n'


@pytest.mark.parametrize(
    ("after", "levels"),
    [
        (BEFORE, []),
        (BEFORE.replace("false", "true"), ["error"]),
        (BEFORE.replace("a.example", "b.example"), ["warning"]),
        (BEFORE + 'cookies = [{ name = "_own" }]', ["warning"]),
        (BEFORE + 'cookies = [{ name = "_own", retention = "1 day" }]', []),
        (BEFORE.replace('"a.example"', '"b.example"') + 'retention = "2 days"', []),
    ],
)
def test_what_fingerprints_do_not_see_is_compared(after: str, levels: list[str]) -> None:
    expected = [(level, "purposes.analytics") for level in levels]
    assert found(after, 22, before=Policy.loads(BEFORE)) == expected


def test_an_edition_is_never_lowered() -> None:
    before = Policy.loads("purposes.analytics.edition = 3")
    (finding,) = [one for one in lint(Policy(), before=before) if one.rule == 22]
    assert (finding.level, finding.fix) == ("error", "Raise the edition to 4.")


@given(st.sets(st.sampled_from("abcdef"), min_size=1), st.sampled_from("abcdef"))
def test_a_vendor_more_or_less_always_changes_the_fingerprint(names: set[str], other: str) -> None:
    vendors = {name: Vendor(name=name, purpose="analytics") for name in names}
    changed = {name: Vendor(name=name, purpose="analytics") for name in names ^ {other}}
    policy, after = Policy(vendors=vendors), Policy(vendors=changed)
    assert policy.fingerprints["analytics"] != after.fingerprints["analytics"]
    assert [finding for finding in lint(after, before=policy) if finding.rule == 22] == []


# Rules 26 and 31 to 35


def test_the_link_matters_only_where_something_is_sold() -> None:
    assert found("banner.link = false", 26) == []
    assert found('uses = ["hotjar"]\nbanner.link = false', 26) == []
    policy = 'uses = ["meta-pixel"]\nregimes.US-CA = { marketing = "none" }'
    assert found(policy, 26) == [("warning", "regimes.US-CA.marketing")]


@pytest.mark.parametrize(
    ("rows", "link", "expected"),
    [
        ('US-CA = "inform"', "true", [("warning", "regimes.US-CA")]),
        ('US = "none"', "true", [("warning", "regimes.US")]),
        ('US-VA = "none"', "false", [("error", "banner.link"), ("error", "regimes.US-VA")]),
        ('US = { analytics = "none" }', "true", []),  # counting is no sale
        ('US-WY = "inform"\nAU = "none"', "true", []),  # the law there asks for no opt-out
        ('CA-ON = "inform"\nCA-QC = "opt-in"', "true", [("warning", "regimes.CA-ON")]),
    ],
)
def test_less_than_the_opt_out_of_a_sale(rows: str, link: str, expected: list[tuple[str, str]]) -> None:
    policy = f'uses = ["meta-pixel", "google-analytics"]\nbanner.link = {link}\n[regimes]\n{rows}'
    assert found(policy, 26) == expected
    assert found(policy.replace('"meta-pixel", ', "").replace("false", "true"), 26) == []


@pytest.mark.parametrize(
    ("purpose", "vendor", "level"),
    [
        ("marketing", "meta-pixel", []),
        ("ads", "meta-pixel", ["error"]),
        ("ads", "hotjar", []),
        ("ads", "youtube", ["note"]),  # content that is shown
        ("functional", "youtube", ["note"]),
        ("functional", "meta-pixel", ["warning"]),
        ("analytics", "meta-pixel", ["warning"]),
        ("necessary", "meta-pixel", []),  # rule 21
    ],
)
def test_the_signal_stops_who_advertises(purpose: str, vendor: str, level: list[str]) -> None:
    ads = '[purposes.ads]\ntitle = "Ads"\ndescription = "Shows ads."\n'
    policy = f'{ads}[vendors.{vendor}]\npurpose = "{purpose}"'
    assert found(policy, 27) == [(one, f"vendors.{vendor}.purpose") for one in level]
    assert found(policy.replace("title", "sale = true\ntitle"), 27) == (
        [] if purpose == "ads" else found(policy, 27)
    )


def test_the_signal_stops_advertising_that_is_called_no_sale() -> None:
    policy = 'uses = ["meta-pixel"]\npurposes.marketing.sale = false'
    assert found(policy, 27) == [("error", "vendors.meta-pixel.purpose")]
    contract = policy + "\nvendors.meta-pixel.own_use = false"
    assert found(contract, 27) == [("note", "vendors.meta-pixel.purpose")]
    own = '[vendors.own]\nname = "Own"\npurpose = "analytics"\nhosts = ["connect.facebook.net"]'
    assert found(own, 27) == [("warning", "vendors.own.hosts[0]")]
    hidden = '[vendors.youtube]\npurpose = "functional"\nhosts = ["connect.facebook.net"]'
    assert ("warning", "vendors.youtube.hosts[0]") in found(hidden, 27)


def test_nobody_can_object_without_a_banner() -> None:
    assert found('regimes.GB = { analytics = "none" }', 31) == [("error", "regimes.GB.analytics")]


def test_what_nobody_says_of_own_use_counts_as_own_use() -> None:
    policy = '[vendors.own]\nname = "Own"\npurpose = "analytics"\n[regimes]\nGB = { analytics = "inform" }'
    assert found(policy, 31) == [("error", "vendors.own.own_use")]
    assert found(policy.replace("inform", "opt-in"), 31) == []


def test_the_law_s_own_exception_is_never_broken() -> None:
    assert found('uses = ["google-analytics", "hotjar"]', 31) == []


def test_limits_of_the_french_authority_are_a_warning_elsewhere() -> None:
    vendor = '[vendors.own]\nname = "Own"\npurpose = "analytics"\nretention = "3 years"\nown_use = false\n'
    asked = '[regimes]\ndefault = "opt-in"\n'
    where = "vendors.own.retention"
    assert found(vendor + asked, 32) == []
    assert found(vendor + asked + 'FR = { analytics = "inform" }', 32) == [("error", where)]
    assert found(vendor + asked + 'GB = { analytics = "inform" }', 32) == [("warning", where)]
    assert found(vendor + asked + 'US = { analytics = "inform" }', 32) == []
    assert found(vendor, 32) == [("warning", where)]  # the law's own exception in the United Kingdom
    unsaid = vendor.replace('retention = "3 years"\n', "")
    assert found(unsaid + asked + 'FR = { analytics = "inform" }', 32) == [("warning", where)]


# Pages

GTAG = '<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'
CONTROL = '<a href="/_consent/">Privacy</a>'


def page_rules(body: str, **headers: str) -> list[int]:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    findings = lint_page(body.encode(), named, url="https://site.example/")
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        (GTAG, [35]),
        (f'<script src="/_consent/assets/vc.1.js" data-calls="google" data-says="{{}}"></script>{GTAG}', []),
        (f'<script src="/_consent/assets/vc.1.js" data-calls="uet" data-says="{{}}"></script>{GTAG}', [35]),
        (f'{GTAG}<script src="/_consent/assets/vc.1.js" data-calls="google"></script>', [35]),
        (GTAG.replace("<script", '<script type="text/plain"'), []),
        (GTAG.replace("src=", "data-consentkit-src="), []),
        ("<script>gtag('config', 'G-1'); gtag('consent', 'default', {})</script>", [35]),
        ("<script>gtag('consent', 'default', {}); gtag('config', 'G-1')</script>", []),
        (f"<script type=module>gtag('consent', 'default', {{}})</script>{GTAG}", [35]),
        (f"<!-- {GTAG} -->", []),
        (f"<textarea>{GTAG}</textarea>", []),
        ("<script>j.src = 'https://www.googletagmanager.com/gtm.js?id=' + i</script>", [35]),
        ('<script src="/own.js"></script><script src="https://[bad/x.js"></script>', []),
    ],
)
def test_who_comes_first(body: str, rules: list[int]) -> None:
    assert page_rules(CONTROL + body) == rules


BANNER = '<section id="consentkit-banner">'
CHOICE = '<script data-calls="google" data-says=\'{"now":["ads"]}\'></script>'


@pytest.mark.parametrize(
    ("body", "headers", "rules"),
    [
        (BANNER, {"cache_control": "public"}, [36]),
        (BANNER, {"cache_control": "S-MaxAge=60, max-age=0"}, [36]),
        (BANNER, {"cache_control": "private, max-age=60"}, []),
        (BANNER, {"cache_control": "public, no-store"}, []),
        (BANNER, {"cache_control": "private", "cdn_cache_control": "max-age=60"}, [36]),
        (BANNER, {"cache_control": "public", "cdn_cache_control": "no-store"}, []),
        (BANNER, {}, []),
        (BANNER.replace(">", " hidden>"), {"cache_control": "public"}, []),
        (CONTROL + CHOICE, {"cache_control": "public"}, [36]),
        (CONTROL, {"cache_control": "public", "set_cookie": "a=1"}, [36]),
        (CONTROL, {"cache_control": "public"}, []),
    ],
)
def test_what_shared_caches_may_keep(body: str, headers: dict[str, str], rules: list[int]) -> None:
    assert page_rules(body, **headers) == rules


def test_a_page_that_leads_nowhere_is_noticed() -> None:
    assert page_rules("<p>Hello.") == [13]
    assert page_rules('<button data-consentkit-action="settings">Privacy</button>') == []


@pytest.mark.parametrize(
    ("body", "kind", "problems"),
    [
        (b'{"gpc": true, "lastUpdate": "2026-11-22"}', "application/json; charset=utf-8", 0),
        (b'{"gpc": true, "lastUpdate": "2026-11-23"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "2026-11-22T23:59:60Z"}', "application/json", 0),
        (b'{"gpc": true, "lastUpdate": "2026-11-22t10:00:00.123456789z"}', "application/json", 0),
        (
            b'{"gpc": true, "lastUpdate": "2026-11-23T05:00:00+13:00"}',
            "application/json",
            0,
        ),  # the day before
        (b'{"gpc": true, "lastUpdate": "0001-01-01T00:00:00+13:00"}', "application/json", 0),
        (b'{"gpc": true, "lastUpdate": "2026-11-22T20:00:00-05:00"}', "application/json", 1),  # the day after
        (b'{"gpc": true, "lastUpdate": "2026-11-23T00:00:00Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "2026-11-22T10:00:00"}', "application/json", 1),  # where?
        (b'{"gpc": true, "lastUpdate": "2026-11-22T10:00Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "2026-11-22T24:00:00Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "2026-02-30T10:00:00Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "2026-W47-7T10:00:00Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "20261122T100000Z"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": "soon"}', "application/json", 1),
        (b'{"gpc": true, "lastUpdate": null}', "application/json", 1),
        (b"[" * 100_000, "application/json", 1),
        (b'{"gpc": "yes", "lastUpdate": "2026-11-22"}', "application/json", 1),
        (b"[]", "text/html", 2),
        (b"\xff", "application/json", 1),
    ],
)
def test_the_file_that_says_how_the_signal_is_honoured(body: bytes, kind: str, problems: int) -> None:
    findings = lint_gpc(body, kind, url="https://site.example/.well-known/gpc.json", today=TODAY)
    assert [finding.rule for finding in findings] == [30] * problems


def test_the_file_need_not_say_since_when() -> None:
    (finding,) = lint_gpc(b'{"gpc": true}', "application/json", url="https://site.example/", today=TODAY)
    assert (finding.rule, finding.level) == (30, "note")


@given(st.binary())
def test_any_page_can_be_looked_at(body: bytes) -> None:
    lint_page(body, [], url="https://site.example/")
