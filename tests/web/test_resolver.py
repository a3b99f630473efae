"""What holds is remembered, and never longer than it holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Scope

from asgi.client import POLICY, SECRET, scope_of, wrap
from consentkit import Place, Policy
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.dispatcher import read_request
from consentkit.consent.choice import accept, reject
from consentkit.consent.consent import Consent
from consentkit.consent.cookies import DecisionCodec
from consentkit.policy import Lifetime, Regime, SignalRules
from consentkit.web import resolver as room

DAY = 86_400
NOW = 1_800_000_000


def deployment(**options: Any) -> Deployment:
    return wrap(**{"policy": POLICY, **options}).deployment


def scope(cookies: str = "", **headers: str) -> Scope:
    return scope_of(
        headers={"cookie": cookies, **{name.replace("_", "-"): value for name, value in headers.items()}}
    )


def consent(site: Deployment, asked: Scope, now: int) -> Consent:
    return site.resolver.resolve(read_request(asked), site.place_of(asked), now).consent


def held(consent: Consent) -> tuple[object, ...]:
    return tuple(getattr(consent, name) for name in Consent.__struct_fields__)


CODEC = DecisionCodec(SECRET)
UNDECIDED = consent(deployment(), scope(), NOW)
TIMES = [NOW, NOW + 100 * DAY, NOW + 500 * DAY]
DECISIONS = [
    CODEC.dumps(choose(UNDECIDED, source="banner", now=at), now=at)
    for choose in (accept, reject)
    for at in TIMES
]
COOKIES = ["", "session=1", "consentkit=forged", *(f"consentkit={value}" for value in DECISIONS)]


@settings(max_examples=25)
@given(
    visits=st.lists(
        st.tuples(
            st.sampled_from(COOKIES),
            st.sampled_from(["", "DE", "US", "GB", "FR"]),
            st.sampled_from(["", "sec_gpc", "dnt"]),
            st.sampled_from(["none", "cross-site"]),
            st.integers(-1, 600).map(lambda days: NOW + days * DAY)
            | st.sampled_from([NOW, NOW - 300, NOW - 301]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_what_is_remembered_is_what_would_be_resolved(visits: list[tuple[str, str, str, str, int]]) -> None:
    policy = Policy(
        uses=POLICY.uses,
        lifetime=Lifetime(consent="1 year", refusal="200 days"),
        signals=SignalRules(dnt=True),
    )
    place = {
        "policy": policy,
        "place": lambda scope: Place(country=dict(scope["headers"])[b"x-place"].decode()),
    }
    remembering = deployment(**place)
    for cookies, country, signal, site, now in visits:
        sent = {
            **({signal: "1"} if signal else {}),
            "x_place": country,
            "sec_fetch_site": site,
            "sec_fetch_dest": "empty",
        }
        fresh = consent(deployment(**place), scope(cookies, **sent), now)
        assert held(consent(remembering, scope(cookies, **sent), now)) == held(fresh)


def test_the_same_visitor_is_resolved_once() -> None:
    site = deployment()
    first = consent(site, scope("a=1"), NOW)
    assert consent(site, scope("a=2"), NOW + 10 * DAY) is first


def test_visitors_who_chose_alike_share_what_holds_for_them() -> None:
    site, value = deployment(), DECISIONS[0]
    kept = "consentkit={}; consentkit-id={}; session={}"
    one, other = (scope(kept.format(value, *names)) for names in (("a", "1"), ("b", "2")))
    assert consent(site, one, NOW) is consent(site, other, NOW)
    assert consent(site, scope(kept.format(DECISIONS[3], "a", "1")), NOW).granted == {"necessary"}


def test_an_old_refusal_is_asked_about_again_though_it_was_remembered() -> None:
    site = deployment(policy=Policy(uses=POLICY.uses, lifetime=Lifetime(refusal="200 days")))
    value = CODEC.dumps(reject(UNDECIDED, source="banner", now=NOW), now=NOW)
    begin = NOW - NOW % DAY
    asked = [
        consent(site, scope(f"consentkit={value}"), at).needs_prompt
        for at in (NOW, begin + 200 * DAY - 1, begin + 200 * DAY)
    ]
    assert asked == [False, False, True]


def test_what_is_allowed_for_one_page_is_not_remembered() -> None:
    site = deployment()
    value = site.options.once.dumps("youtube", now=NOW)
    assert "youtube" in consent(site, scope(f"consentkit-once={value}"), NOW).vendors_granted
    assert "youtube" not in consent(site, scope(f"consentkit-once={value}"), NOW + 61).vendors_granted


def test_the_number_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_RESOLUTIONS", 3)
    site = deployment()
    for number in range(10):
        asked = scope(f"consentkit=forged; n={number}", host=f"{number}.example")
        assert consent(site, asked, NOW).regime is Regime.OPT_IN
    for place in ("DE", "US", "GB", "FR", "IT"):
        site.place = lambda scope, place=place: Place(country=place)
        consent(site, scope(), NOW)
    assert len(site.resolver.known) <= 3
