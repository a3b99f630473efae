"""What is read back of a published notice."""

from __future__ import annotations

import json

import pytest

from consentkit.consent.notice import Notice, Shown, read_terms
from record.receipts import NOTICE


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
