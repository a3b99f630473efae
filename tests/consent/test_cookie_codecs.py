"""The signed cookies: what comes back is what was signed, and everything else denies."""

from __future__ import annotations

import hashlib
import re
from functools import cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner
from msgspec.structs import replace

from consentkit.consent.cookies import CLOCK_SKEW, MAX_VALUE, DecisionCodec, OnceCodec, SubjectCodec
from consentkit.consent.decision import INVALID, Decision, Invalid, Source, most_restrictive
from consentkit.exceptions import BadRequest, ConfigurationError
from consentkit.policy import Policy, Regime

NOW = 1_795_392_000  # midnight
DAY = NOW // 86_400
SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
OLD = "Hn2r_5tGyB9wQ-xK7vM4zD1aPjE8sCf6"
CODEC = DecisionCodec(SECRET)

names = st.text("az09-", max_size=39).map("v".__add__)
sources: st.SearchStrategy[Source] = st.sampled_from(("banner", "settings", "embed", "gpc", "api"))
decisions = st.builds(
    Decision,
    regime=st.sampled_from(list(Regime)),
    granted=st.frozensets(names, max_size=8),
    denied=st.frozensets(names, max_size=8),
    fingerprints=st.dictionaries(names, st.text("09af", min_size=6, max_size=6), max_size=6),
    day=st.integers(0, DAY),
    source=sources,
    gpc_shown=st.booleans(),
)


@cache
def typical() -> str:
    """A cookie that grants all four purposes of a default policy."""
    decision = Decision(
        regime=Regime.OPT_IN,
        granted=frozenset(Policy().purposes),
        fingerprints=Policy().fingerprints,
        day=DAY,
    )
    return CODEC.dumps(decision, now=NOW)


@given(decisions)
def test_roundtrip(decision: Decision) -> None:
    value = CODEC.dumps(decision, now=NOW)
    assert CODEC.loads([value], now=NOW) == replace(decision, signed_at=NOW)
    # RFC 6265, section 4.1.1
    assert re.fullmatch(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+", value)


@given(decisions)
def test_verified_twice_is_the_same(decision: Decision) -> None:
    codec = DecisionCodec(SECRET)
    value = codec.dumps(decision, now=NOW)
    assert codec.loads([value], now=NOW) == codec.loads([value], now=NOW + 1)


def test_four_purposes_take_less_than_300_bytes_and_are_readable() -> None:
    assert len(typical()) < 300
    assert typical().startswith("1:opt-in:banner:0:")
    assert ":marketing*" in typical()


def test_the_format_is_pinned() -> None:
    # Another value here invalidates the cookies of every visitor: a new format needs a new version.
    decision = Decision(
        regime=Regime.OPT_OUT,
        granted=frozenset({"analytics", "youtube"}),
        denied=frozenset({"marketing"}),
        fingerprints={"analytics": "0a1b2c", "marketing": "ffffff", "functional": "123456"},
        day=20_780,
        source="settings",
        gpc_shown=True,
    )
    assert CODEC.dumps(decision, now=NOW) == (
        "1:opt-out:settings:1:20780:analytics*0a1b2c:functional~123456:marketing!ffffff:youtube*"
        ".awOCAA.XSCqznmpnS3bwmR1XMl604ycx4_8pOIKbfeIOkUN5a8"
    )


@given(st.data())
def test_any_changed_character_denies(data: st.DataObject) -> None:
    value = typical()
    position = data.draw(st.integers(0, len(value) - 1))
    character = data.draw(st.characters(min_codepoint=0, max_codepoint=255))
    assume(value[position] != character)
    changed = value[:position] + character + value[position + 1 :]
    assert CODEC.loads([changed], now=NOW) is INVALID


def test_every_spelling_of_the_signature_but_one_denies() -> None:
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        changed = typical()[:-1] + last
        assert (CODEC.loads([changed], now=NOW) is INVALID) is (changed != typical())
    for padding in ("=", "==", "\n", "!", " "):
        assert CODEC.loads([typical() + padding], now=NOW) is INVALID


@given(st.integers(0, 400))
def test_truncated_denies(length: int) -> None:
    assume(length < len(typical()))
    assert CODEC.loads([typical()[:length]], now=NOW) is INVALID


@given(st.text(max_size=200))
def test_garbage_denies(text: str) -> None:
    assert CODEC.loads([text], now=NOW) is INVALID


@given(st.text(alphabet="1:opt-inbaer0*!~ .\xe9", max_size=60))
def test_garbage_with_a_good_signature_denies(payload: str) -> None:
    assert CODEC.loads([sign(payload)], now=NOW) is INVALID


@pytest.mark.parametrize(
    "payload",
    [
        "2:opt-in:banner:0:20780",
        "1:opt-on:banner:0:20780",
        "1:opt-in:mail:0:20780",
        "1:opt-in:banner:2:20780",
        "1:opt-in:banner:0:020780",
        "1:opt-in:banner:0:20780:",
        "1:opt-in:banner:0:20780:analytics",
        "1:opt-in:banner:0:20780:analytics*0a1b2",
        "1:opt-in:banner:0:20780:Analytics*0a1b2c",
        "1:opt-in:banner:0:99999",
        "",
    ],
)
def test_unknown_versions_and_fields_deny(payload: str) -> None:
    assert isinstance(CODEC.loads([sign("1:opt-in:banner:0:20780:analytics*0a1b2c")], now=NOW), Decision)
    assert CODEC.loads([sign(payload)], now=NOW) is INVALID


def sign(payload: str, salt: bytes = b"consentkit.decision.v1") -> str:
    """Sign as the format says, without the codec."""

    class Signer(TimestampSigner):
        def get_timestamp(self) -> int:
            return NOW

    signer = Signer(SECRET, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)
    return signer.sign(payload).decode()


def test_an_oversized_cookie_denies() -> None:
    long = "1:opt-in:banner:0:20780" + "".join(f":vendor-{number:04}*" for number in range(400))
    assert len(sign(long)) > MAX_VALUE
    assert CODEC.loads([sign(long)], now=NOW) is INVALID


def test_a_decision_that_no_browser_would_keep_is_refused() -> None:
    decision = Decision(regime=Regime.OPT_IN, day=DAY, granted=frozenset(f"vendor-{n}" for n in range(500)))
    with pytest.raises(BadRequest) as caught:
        CODEC.dumps(decision, now=NOW)
    assert caught.value.status == 413


def test_a_cookie_from_the_future_denies_even_when_it_was_believed_before() -> None:
    codec = DecisionCodec(SECRET)
    value = codec.dumps(Decision(regime=Regime.OPT_IN, day=DAY), now=NOW)
    assert isinstance(codec.loads([value], now=NOW), Decision)
    assert isinstance(codec.loads([value], now=NOW - CLOCK_SKEW), Decision)
    assert codec.loads([value], now=NOW - CLOCK_SKEW - 1) is INVALID
    ahead = codec.dumps(Decision(regime=Regime.OPT_IN, day=DAY + 1), now=NOW)
    assert codec.loads([ahead], now=NOW) is INVALID


def test_keys_rotate() -> None:
    decision = Decision(regime=Regime.OPT_IN, day=DAY, denied=frozenset({"analytics"}))
    old = DecisionCodec(OLD).dumps(decision, now=NOW)
    rotated = DecisionCodec(SECRET, [OLD])
    assert rotated.loads([old], now=NOW) == replace(decision, signed_at=NOW)
    assert CODEC.loads([rotated.dumps(decision, now=NOW)], now=NOW) == replace(decision, signed_at=NOW)
    assert CODEC.loads([old], now=NOW) is INVALID


@pytest.mark.parametrize("codec", [DecisionCodec, SubjectCodec])
def test_short_keys_are_refused_and_not_shown(codec: type[DecisionCodec] | type[SubjectCodec]) -> None:
    with pytest.raises(ConfigurationError, match=r"^secret_key: expected a string of at least 32") as caught:
        codec("hunter2" * 4)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"^secret_key_fallbacks\[1\]: "):
        codec(SECRET, [OLD, "short"])
    with pytest.raises(ConfigurationError, match=r"^secret_key_fallbacks: expected a list"):
        codec(SECRET, OLD)
    with pytest.raises(ConfigurationError, match=r"^secret_key: "):
        codec(SECRET.encode())  # type: ignore[arg-type]


def test_no_cookie_is_no_decision() -> None:
    assert CODEC.loads([], now=NOW) is None


def test_one_bad_cookie_among_good_ones_denies() -> None:
    assert CODEC.loads([typical(), "planted"], now=NOW) is INVALID


@given(decisions, decisions)
def test_several_cookies_are_read_restrictively(one: Decision, other: Decision) -> None:
    values = [CODEC.dumps(one, now=NOW), CODEC.dumps(other, now=NOW - 5)]
    both = CODEC.loads(values, now=NOW)
    assert both == CODEC.loads(values[::-1], now=NOW) or one.day == other.day
    assert isinstance(both, Decision)
    assert both.denied == one.denied | other.denied
    assert both.granted <= one.granted & other.granted
    assert both.regime.strictness == min(one.regime.strictness, other.regime.strictness)
    # A grant gains no time; a refusal that stands alone is respected from the last one on.
    assert both.day == (min if both.granted else max)(one.day, other.day)
    assert both.gpc_shown is (one.gpc_shown and other.gpc_shown)


@given(decisions)
def test_a_repeated_cookie_is_one(decision: Decision) -> None:
    assert most_restrictive(decision, decision) == decision


def test_a_name_in_both_lists_is_denied() -> None:
    both = frozenset({"analytics"})
    assert Decision(regime=Regime.OPT_IN, day=DAY, granted=both, denied=both).granted == frozenset()


def test_subject_ids() -> None:
    codec = SubjectCodec(SECRET, [OLD])
    value = codec.dumps("5ubject-id_ABC")
    assert codec.loads([value]) == codec.loads([value, value]) == "5ubject-id_ABC"
    assert codec.loads([SubjectCodec(OLD).dumps("older")]) == "older"
    assert codec.loads([]) is None
    assert codec.loads([value, codec.dumps("another")]) is None
    assert codec.loads([value[:-1]]) is None
    assert codec.loads(["\xe9.x", "\ud800"]) is None


@given(st.data())
def test_any_changed_character_of_an_id_cookie_is_noticed(data: st.DataObject) -> None:
    value = SubjectCodec(SECRET).dumps("subject")
    position = data.draw(st.integers(0, len(value) - 1))
    character = data.draw(st.characters(min_codepoint=0, max_codepoint=255))
    assume(value[position] != character)
    assert SubjectCodec(SECRET).loads([value[:position] + character + value[position + 1 :]]) is None


def test_the_two_cookies_cannot_stand_in_for_each_other() -> None:
    subject = SubjectCodec(SECRET).dumps("1:opt-in:banner:0:20780.abcdef")
    assert isinstance(CODEC.loads([subject], now=NOW), Invalid)
    assert SubjectCodec(SECRET).loads([typical()]) is None
    assert CODEC.loads([sign("1:opt-in:banner:0:20780", salt=b"another")], now=NOW) is INVALID


ONCE = "youtube.a0nSAA.Lg07Cgnoogw3w2jAQl7qtMhvfoa59Z6_1v4e1BvoSVg"  # signed at 1 800 000 000


def test_what_is_allowed_once_is_written_as_it_always_was() -> None:
    assert OnceCodec(SECRET).dumps("youtube", now=1_800_000_000) == ONCE
    assert OnceCodec(OLD, [SECRET]).loads(ONCE, now=1_800_000_000) == {"youtube"}


@pytest.mark.parametrize(("later", "counts"), [(-1, False), (0, True), (60, True), (61, False)])
def test_what_is_allowed_once_counts_for_a_minute(later: int, counts: bool) -> None:
    assert bool(OnceCodec(SECRET).loads(ONCE, now=1_800_000_000 + later)) is counts


@pytest.mark.parametrize("value", ["", "youtube", ONCE[:-1], ONCE.replace("youtube", "x"), "x" * 9_999, "é"])
def test_what_is_allowed_once_cannot_be_forged(value: str) -> None:
    assert not OnceCodec(SECRET).loads(value, now=1_800_000_000)


def test_one_cookie_is_not_another() -> None:
    subject = SubjectCodec(SECRET).dumps("youtube")
    assert not OnceCodec(SECRET).loads(subject, now=NOW)
    assert not OnceCodec(SECRET).loads(typical(), now=NOW)
    assert CODEC.loads([ONCE], now=1_800_000_000) is INVALID
