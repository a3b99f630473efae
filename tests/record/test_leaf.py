"""What the leaves of entries and notices commit to."""

from __future__ import annotations

import json
from hashlib import sha256

import rfc8785

from consentkit.record.leaf import commitment, committed_leaf, new_salt, notice_leaf
from log.samples import AT, BUNDLE, make_entry


def test_the_commitment_is_the_documented_hash() -> None:
    body = make_entry().encode()
    salt = bytes(range(32))
    expected = sha256(b"consentkit/entry/v1\n" + salt + body).hexdigest()
    assert commitment(salt, body) == expected
    leaf = committed_leaf("decision", "2026-11-22", expected)
    assert leaf == rfc8785.dumps(json.loads(leaf))
    assert leaf == (b'{"commitment":"' + expected.encode() + b'","day":"2026-11-22","type":"decision","v":1}')


def test_a_notices_leaf_is_public() -> None:
    body = notice_leaf(BUNDLE.entry().day, BUNDLE.hash)
    leaf = json.loads(body)
    assert body == rfc8785.dumps(leaf)
    assert leaf == {"day": AT[:10], "notice": BUNDLE.hash, "type": "notice", "v": 1}


def test_salts_are_long_and_never_the_same() -> None:
    salts = {new_salt() for _ in range(100)}
    assert len(salts) == 100
    assert {len(salt) for salt in salts} == {32}
