"""The notice: the same bytes for what is the same, and what is read back of a published one."""

from __future__ import annotations

import hashlib
import json

import pytest
from msgspec.structs import replace

from consentkit.consent.notice import Notice, Shown, read_terms
from consentkit.policy import Policy, Regime
from record.receipts import NOTICE

POLICY = Policy(uses=("youtube",))


def notice() -> Notice:
    return Notice(
        locale="en",
        regime=Regime.OPT_IN,
        regimes=POLICY.regimes_at(None),
        asked=("analytics",),
        texts={"title": "Cookies – yes or no?", "accept": "Accept"},
        purposes=tuple(POLICY.purposes.values()),
        vendors=tuple(POLICY.vendors_declared.values()),
        fingerprints=POLICY.fingerprints,
        html="<section>…</section>",
        assets={"banner.css": "00" * 32},
    )


def test_body_and_hash() -> None:
    first, second = notice(), notice()
    assert first.body == second.body
    assert first.hash == second.hash == hashlib.sha256(first.body).hexdigest()
    assert first.body.startswith(b'{"asked":[')


def test_the_body_is_canonical_and_tells_everything() -> None:
    bundle = json.loads(notice().body)
    again = json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert again == notice().body
    assert bundle["v"] == 1
    assert bundle["regimes"]["analytics"] == "opt-in"
    assert [purpose["id"] for purpose in bundle["purposes"]] == list(POLICY.purposes)
    assert bundle["vendors"][0]["id"] == "youtube"
    assert bundle["fingerprints"] == dict(POLICY.fingerprints)
    assert bundle["texts"]["title"] == "Cookies – yes or no?"


def test_any_change_changes_the_hash() -> None:
    others = [
        replace(notice(), locale="de"),
        replace(notice(), html=""),
        replace(notice(), texts={}),
        replace(notice(), asked=()),
        replace(notice(), purposes=()),
        replace(notice(), fingerprints=Policy().fingerprints),
        replace(notice(), assets={"banner.css": "11" * 32}),
    ]
    assert len({other.hash for other in [notice(), *others]}) == 8


def test_a_notice_is_read_as_it_was_written() -> None:
    shown = Notice.loads(NOTICE.body)
    assert shown is not None
    for name in ("locale", "regime", "regimes", "asked", "texts", "fingerprints", "html", "assets"):
        assert getattr(shown, name) == getattr(NOTICE, name)
    assert [purpose.title for purpose in shown.purposes] == [purpose.title for purpose in NOTICE.purposes]
    assert [vendor.cookies for vendor in shown.vendors] == [vendor.cookies for vendor in NOTICE.vendors]


def test_a_notice_of_another_form_says_nothing() -> None:
    for body in (b"", b"\xff", b"[]", b"[" * 100_000):
        assert Notice.loads(body) is None
    assert Notice.loads(b'{"vendors": [{"id": "a", "country": "the moon"}]}') == Shown()
    shown = Notice.loads(b'{"text": "We use cookies."}')
    assert shown is not None
    assert (shown.title("analytics"), shown.heading, shown.text) == ("analytics", "", "")


def test_one_field_of_another_form_takes_no_other_with_it() -> None:
    shown = Notice.loads(
        b'{"locale": "de", "html": 7, "vendors": [4], "purposes": null, "assets": {"a": "b"}}'
    )
    assert shown == Shown(locale="de", assets={"a": "b"})


def test_where_no_banner_asked_the_settings_were_shown() -> None:
    shown = Notice.loads(NOTICE.body)
    assert shown is not None and shown.heading == NOTICE.texts["opt-in.title"]
    bundle = json.loads(NOTICE.body)
    quiet = Notice.loads(json.dumps({**bundle, "asked": []}).encode())
    assert quiet is not None and quiet.heading == NOTICE.texts["settings.title"]
    assert quiet.text == NOTICE.texts["settings.intro"]


@pytest.mark.parametrize("change", [{"locale": None}, {"regime": "maybe"}, {"fingerprints": []}])
def test_terms_need_language_regime_and_fingerprints(change: dict[str, object]) -> None:
    bundle = json.loads(NOTICE.body)
    terms = read_terms(NOTICE.body)
    assert terms is not None and {"newsroom", "analytics"} <= terms.names
    assert read_terms(json.dumps({**bundle, **change}).encode()) is None
    assert read_terms(b"no notice") is None
