"""Cookies: what a decision cookie is believed to say, and which cookies of vendors may pass."""

from __future__ import annotations

import time
from typing import Any

import pytest

from asgi.client import BANNER, GATED, HTML, NAVIGATION, POLICY, SECRET, App, cookie, visit, wrap
from consentkit import Consent, CookieOptions, Place, Policy, Vendor
from consentkit.consent.decision import DAY

pytestmark = pytest.mark.anyio

REGIMES = ("opt-in", "opt-out", "inform", "none")
everywhere = pytest.mark.parametrize("regime", REGIMES)


def policy_of(regime: str) -> Policy:
    """Make a policy with one regime for everybody."""
    return Policy(uses=POLICY.uses, regimes={"default": regime})


async def consent_of(
    headers: Any, *, policy: Policy = POLICY, scheme: str = "http", **options: Any
) -> Consent:
    """Return what an app is told of such a visitor."""
    method = options.pop("method", "GET")
    app = App()
    place = lambda scope: Place(country="US", region="CA")  # noqa: E731
    wrapped = wrap(app, policy=policy, **{"place": place, **options})
    await visit(wrapped, headers=headers, scheme=scheme, method=method)
    consent: Consent = app.scope["state"]["consent"]
    return consent


def good(regime: str = "opt-in", **options: Any) -> str:
    """Make the value of a cookie that grants everything."""
    return cookie("all", policy=policy_of(regime), regime=regime, **options).partition("=")[2]


def broken(regime: str) -> dict[str, str]:
    """Make values that cannot be believed."""
    value = good(regime)
    return {
        "tampered": value.replace("*", "~", 1),
        "truncated": value[:-1],
        "empty": "",
        "oversized": value + "A" * 5000,
        "huge": "x" * 100_000,
        "future": good(regime, now=int(time.time()) + DAY),
        "another version": value.replace("1:", "2:", 1),
        "quoted": f'"{value}"',
        "unsigned": value.rsplit(".", 2)[0],
        "nonsense": "\xff\x00",
    }


BROKEN = sorted(broken("opt-in"))


@everywhere
async def test_what_the_regime_says_holds_before_a_choice(regime: str) -> None:
    consent = await consent_of({}, policy=policy_of(regime))
    assert consent.allows("marketing") is (regime != "opt-in")


@everywhere
async def test_a_cookie_that_is_believed_grants(regime: str) -> None:
    consent = await consent_of({"cookie": f"consentkit={good(regime)}"}, policy=policy_of(regime))
    assert consent.allows("marketing")
    assert consent.source == "settings"


@everywhere
@pytest.mark.parametrize("kind", BROKEN)
async def test_a_cookie_that_cannot_be_believed_denies_in_every_regime(regime: str, kind: str) -> None:
    headers = {"cookie": f"consentkit={broken(regime)[kind]}"}
    consent = await consent_of(headers, policy=policy_of(regime))
    assert (consent.source, set(consent.granted)) == ("invalid", {"necessary"})


@everywhere
async def test_a_foreign_key_denies_and_a_fallback_key_does_not(regime: str) -> None:
    headers = {"cookie": f"consentkit={good(regime)}"}
    policy, other = policy_of(regime), "Hn2r_5tGyB9wQ-xK7vM4zD1aPjE8sCf6"
    consent = await consent_of(headers, policy=policy, secret_key=other)
    assert consent.granted == {"necessary"}
    rotated = await consent_of(headers, policy=policy, secret_key=other, secret_key_fallbacks=[SECRET])
    assert rotated.allows("marketing")


@everywhere
@pytest.mark.parametrize("split", [False, True], ids=["one header", "two headers"])
async def test_of_several_cookies_the_most_restrictive_counts(regime: str, split: bool) -> None:
    policy = policy_of(regime)
    refused = cookie(["analytics"], policy=policy, regime=regime)
    planted = f"consentkit={good(regime)}"
    for pair in ((planted, refused), (refused, planted), (planted, planted, refused)):
        headers = [("cookie", one) for one in pair] if split else [("cookie", "; ".join(pair))]
        consent = await consent_of(headers, policy=policy)
        assert consent.allows("analytics")
        assert not consent.allows("marketing")


@pytest.mark.parametrize(
    "second", ["consentkit=x", "consentkit =x", " consentkit=", "consentkit\t=x", 'consentkit="']
)
async def test_a_second_cookie_that_cannot_be_believed_denies(second: str) -> None:
    for pair in (f"{cookie('all')}; {second}", f"{second};{cookie('all')}"):
        assert (await consent_of({"cookie": pair})).granted == {"necessary"}


@pytest.mark.parametrize("name", ["Consentkit", "xconsentkit", "consentkit2", "__Host-consentkit", ""])
async def test_cookies_of_other_names_are_none(name: str) -> None:
    assert (await consent_of({"cookie": f"{name}={good()}"})).decision is None


@everywhere
@pytest.mark.parametrize(
    ("method", "fetch"),
    [
        ("POST", {"sec-fetch-dest": "document"}),
        ("POST", {}),
        ("GET", {"sec-fetch-dest": "iframe"}),
        ("GET", {"sec-fetch-dest": "script"}),
        ("GET", {"sec-fetch-dest": "empty"}),
    ],
)
async def test_where_the_cookie_does_not_travel_everything_is_denied(
    regime: str, method: str, fetch: dict[str, str]
) -> None:
    headers = {**fetch, "sec-fetch-site": "cross-site"}
    consent = await consent_of(headers, policy=policy_of(regime), method=method)
    assert (set(consent.granted), consent.needs_prompt) == ({"necessary"}, False)


async def test_a_link_from_another_site_is_an_ordinary_visit() -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "document", "cookie": cookie("all")}
    assert (await consent_of(headers)).allows("marketing")


@pytest.mark.parametrize(
    ("domain", "name"),
    [(None, "__Host-consentkit"), ("example.org", "__Secure-consentkit")],
)
@pytest.mark.parametrize(("scheme", "https_only"), [("https", None), ("http", True)])
async def test_on_https_only_the_prefixed_name_counts(
    domain: str | None, name: str, scheme: str, https_only: bool | None
) -> None:
    options = CookieOptions(domain=domain, https_only=https_only)
    named, plain = ({"cookie": f"{one}={good()}"} for one in (name, "consentkit"))
    assert (await consent_of(named, scheme=scheme, cookies=options)).allows("marketing")
    assert (await consent_of(plain, scheme=scheme, cookies=options)).decision is None


async def test_a_plain_decision_is_expired_on_https() -> None:
    app = wrap(cookies=CookieOptions(domain=".example.org"))
    answer = await visit(app, headers={**NAVIGATION, "cookie": f"consentkit={good()}"}, scheme="https")
    assert GATED in answer.body
    assert answer.all("set-cookie") == [
        "consentkit=; Max-Age=0; Path=/; SameSite=Lax",
        "consentkit=; Max-Age=0; Path=/; SameSite=Lax; Domain=example.org",
    ]


async def test_a_replayed_grant_counts_until_it_lapses() -> None:
    """Documented: the holder of an old cookie can put it back, nobody else, and not for ever."""
    now = int(time.time())
    for age, allowed in ((179, True), (181, False)):
        replayed = {"cookie": cookie("all", now=now - age * DAY)}
        assert (await consent_of(replayed, policy=policy_of("opt-in"))).allows("marketing") is allowed


async def test_refusals_are_renewed_on_visits_where_silence_would_grant() -> None:
    policy = policy_of("opt-out")
    refusal = cookie(policy=policy, regime="opt-out", now=int(time.time()) - 100 * DAY)
    answer = await visit(
        wrap(policy=policy, place=lambda scope: Place(country="US", region="CA")),
        headers={**NAVIGATION, "cookie": refusal},
    )
    (renewed,) = answer.all("set-cookie")
    assert renewed.startswith("consentkit=1:")
    assert "Max-Age=34560000" in renewed
    name_and_value = renewed.partition(";")[0]
    assert not (await consent_of({"cookie": name_and_value}, policy=policy)).allows("marketing")


SET = [
    ("_ga=1; Path=/", False),
    ("_ga_ABC123=1", False),
    ("_fbp=1; Secure", False),
    (" _ga = 1", False),
    ("session=1; HttpOnly", True),
    ("csrftoken=1", True),
    ("_gallery=1", True),
    ("consentkit=x", True),
    ("novalue", True),
]


@pytest.mark.parametrize(("line", "passes"), SET)
@pytest.mark.parametrize("kind", ["text/html", "application/json", "image/gif"])
async def test_cookies_of_denied_vendors_are_not_set(line: str, passes: bool, kind: str) -> None:
    app = App(headers=[("content-type", kind), ("set-cookie", line)])
    assert (line in (await visit(wrap(app))).all("set-cookie")) is passes
    assert line in (await visit(wrap(app), headers={"cookie": cookie("all")})).all("set-cookie")


async def test_a_policy_wins_over_the_catalog() -> None:
    own = Vendor(name="Own", purpose="necessary", cookies=[{"name": "_ga"}])  # type: ignore[arg-type]
    app = App(headers=[HTML, ("set-cookie", "_ga=1"), ("set-cookie", "_gid=1")])
    answer = await visit(wrap(app, policy=Policy(vendors={"own": own})))
    assert answer.all("set-cookie") == ["_ga=1"]


async def test_cookies_of_denied_vendors_are_hidden_from_the_app() -> None:
    app = App()
    await visit(wrap(app), headers=[("cookie", 'a=1; _ga=2; b="3"; c'), ("cookie", "_fbp=4;session=5; a=6")])
    assert app.seen["cookie"] == 'a=1; b="3"; c; session=5; a=6'
    await visit(wrap(app), headers={"cookie": "_ga=2"})
    assert "cookie" not in app.seen
    await visit(wrap(app), headers={"cookie": f"_ga=2; {cookie('all')}"})
    assert app.seen["cookie"].startswith("_ga=2; consentkit=")


async def test_hidden_cookies_are_expired_on_pages_only() -> None:
    headers = {"cookie": "_ga=2; session=1", "host": "www.example.org:8000"}
    page = await visit(wrap(), headers={**NAVIGATION, **headers})
    assert page.all("set-cookie") == [
        "_ga=; Max-Age=0; Path=/",
        "_ga=; Max-Age=0; Path=/; Domain=www.example.org",
        "_ga=; Max-Age=0; Path=/; Domain=example.org",
    ]
    data = await visit(wrap(App(headers=[("content-type", "application/json")])), headers=headers)
    assert data.all("set-cookie") == []
    settings = await visit(wrap(), "/_consent/", headers=headers)
    assert settings.all("set-cookie") == page.all("set-cookie")
    granted = await visit(wrap(), headers={**NAVIGATION, "cookie": f"_ga=2; {cookie('all')}"})
    assert granted.all("set-cookie") == []


AWAY = {"sec-fetch-site": "cross-site"}
FROM_ELSEWHERE = [
    ("POST", {**NAVIGATION, **AWAY}),
    ("PUT", {**NAVIGATION, **AWAY}),
    ("GET", {**NAVIGATION, **AWAY, "sec-fetch-dest": "iframe"}),
    ("GET", {**AWAY, "accept": "text/html", "sec-fetch-dest": "empty", "sec-fetch-mode": "navigate"}),
    # On plain http there is no fetch metadata.
    ("POST", {"accept": "text/html", "origin": "http://evil.example"}),
    ("POST", {"accept": "text/html", "origin": "null"}),
    ("GET", {"accept": "text/html", "origin": "http://evil.example"}),
]


@everywhere
@pytest.mark.parametrize(("method", "headers"), FROM_ELSEWHERE)
@pytest.mark.parametrize("path", ["/", "/_consent/"])
async def test_where_the_decision_cannot_come_along_cookies_are_hidden_and_nothing_is_set_or_expired(
    regime: str, method: str, headers: dict[str, str], path: str
) -> None:
    app = App()
    answer = await visit(
        wrap(app, policy=policy_of(regime)),
        path,
        method=method,
        headers={**headers, "cookie": "_ga=2; session=1"},
    )
    assert answer.all("set-cookie") == []
    if path == "/":
        assert app.seen["cookie"] == "session=1"
        assert GATED in answer.body


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {**NAVIGATION, **AWAY}),
        ("POST", {**NAVIGATION, "sec-fetch-site": "same-origin"}),
        ("POST", {**NAVIGATION, "sec-fetch-site": "same-site"}),
        ("POST", {"accept": "text/html", "origin": "http://example.org"}),
        ("POST", {"accept": "text/html", "origin": "HTTP://EXAMPLE.ORG"}),
        ("POST", {"accept": "text/html"}),
    ],
)
async def test_where_it_would_have_come_along_they_are_expired(method: str, headers: dict[str, str]) -> None:
    answer = await visit(wrap(), method=method, headers={**headers, "cookie": "_ga=2"})
    assert len(answer.all("set-cookie")) == 2


async def test_a_decision_that_came_along_counts_whatever_a_proxy_made_of_the_host() -> None:
    app, headers = App(), {"accept": "text/html", "origin": "http://news.example", "host": "app:8000"}
    await visit(wrap(app), method="POST", headers={**headers, "cookie": f"_ga=2; {cookie('all')}"})
    assert app.scope["state"]["consent"].allows("analytics")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:80", "evil\r\nx: y", ""])
async def test_hosts_that_are_no_domains_give_no_domain_cookies(host: str) -> None:
    answer = await visit(wrap(), headers={**NAVIGATION, "host": host, "cookie": "_ga=2"})
    assert answer.all("set-cookie") == ["_ga=; Max-Age=0; Path=/"]


async def test_on_https_secure_and_partitioned_variants_are_expired() -> None:
    answer = await visit(wrap(), headers={**NAVIGATION, "cookie": "_ga=2"}, scheme="https")
    lines = answer.all("set-cookie")
    assert all(line.endswith("; Secure") or "; Partitioned" in line for line in lines)
    assert "_ga=; Max-Age=0; Path=/; Secure; Partitioned; SameSite=None" in lines


async def test_expiring_is_bounded_and_goes_on_at_the_next_page() -> None:
    names = [f"_ga_{number:03}" for number in range(100)]
    seen: set[str] = set()
    for _ in range(20):
        left = [name for name in names if name not in seen]
        if not left:
            break
        sent = "; ".join(f"{name}=1" for name in left)
        lines = (await visit(wrap(), headers={**NAVIGATION, "cookie": sent})).all("set-cookie")
        assert sum(map(len, lines)) <= 2048
        seen |= {line.partition("=")[0] for line in lines}
    assert seen == set(names)


@pytest.mark.parametrize("name", ["_ga_\xe9", "_ga_<", "_ga_,"])
async def test_names_that_no_header_may_hold_are_hidden_and_not_echoed(name: str) -> None:
    app = App()
    answer = await visit(wrap(app), headers={**NAVIGATION, "cookie": f"{name}=1; a=2"})
    assert app.seen["cookie"] == "a=2"
    assert answer.all("set-cookie") == []


async def test_a_huge_cookie_header_is_read_once_and_denies() -> None:
    many = "; ".join(f"consentkit={number}" for number in range(5000))
    assert (await consent_of({"cookie": many})).granted == {"necessary"}


async def test_an_invalid_cookie_asks_again() -> None:
    answer = await visit(wrap(), headers={**NAVIGATION, "cookie": "consentkit=forged"})
    assert BANNER in answer.body
    assert GATED in answer.body
