"""The notice: the same bytes for what is the same, other bytes for what differs."""

from __future__ import annotations

import hashlib
import json

from msgspec.structs import replace

from consentkit.consent.notice import Notice
from consentkit.policy import Policy, Regime

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
