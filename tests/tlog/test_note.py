"""Notes and keys are those of C2SP signed-note and of Go's ``sumdb/note``."""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.exceptions import MissingExtra, ProofInvalid
from consentkit.tlog.note import (
    MAX_LENGTH,
    MAX_SIGNATURES,
    SigningKey,
    VerifierKey,
    is_key_name,
    open_note,
    sign_note,
)

# Published with Go's golang.org/x/mod/sumdb/note.
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETERS = (
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCHS = (
    "— EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
NOTE = f"{TEXT}\n{PETERS}"

peter, enoch = VerifierKey.parse(PETER), VerifierKey.parse(ENOCH)
key = SigningKey.parse(PETER_SECRET)


def text_of(note: str, keys: Sequence[VerifierKey]) -> str:
    """Open a note, and return its text alone."""
    return open_note(note, keys)[0]


def signed_by(verifier: VerifierKey, signature: bytes = b"\1" * 64) -> str:
    """Make a signature line that need not hold."""
    return f"— {verifier.name} {b64encode(verifier.key_id + signature).decode()}\n"


def test_the_published_key_signs_the_published_note() -> None:
    assert str(key) == PETER_SECRET
    assert str(key.verifier) == PETER
    assert sign_note(TEXT, [key]) == NOTE
    assert text_of(NOTE, [peter]) == TEXT


def test_two_keys_sign_one_note() -> None:
    both = sign_note(TEXT, [key, SigningKey("EnochRoot", bytes(32))])
    assert both == NOTE + ENOCHS
    assert text_of(both, [peter]) == text_of(both, [enoch]) == text_of(both, [enoch, peter, peter]) == TEXT


def test_a_new_key_is_its_text() -> None:
    made = SigningKey.generate("odunews.example/consent")
    again = SigningKey.parse(str(made))
    assert (again.name, again.key_id) == ("odunews.example/consent", made.verifier.key_id)
    assert VerifierKey.parse(str(made.verifier)) == made.verifier
    assert text_of(sign_note("x\n", [again]), [made.verifier]) == "x\n"
    assert str(made) != str(SigningKey.generate("odunews.example/consent"))


def test_a_secret_is_shown_only_where_it_is_asked_for() -> None:
    assert "AYEK" not in repr(key)
    assert "PeterNeumann+c74f20a3" in repr(key)


@pytest.mark.parametrize("text", [PETER, PETER_SECRET])
def test_no_part_and_no_neighbour_of_a_key_is_a_key(text: str) -> None:
    kind: type[VerifierKey] | type[SigningKey] = VerifierKey if text == PETER else SigningKey
    parts = {text[start:stop] for start in range(len(text)) for stop in range(start, len(text) + 1)}
    neighbours = {f"{text[:at]}{chr(ord(text[at]) + 1)}{text[at + 1 :]}" for at in range(len(text))}
    for wrong in (parts - {text}) | neighbours | {text + "\n", " " + text, text + "=", text.upper()}:
        with pytest.raises(ProofInvalid):
            kind.parse(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # another length
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # another algorithm
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # capital digits
        "EnochRoot+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # another name
        PETER_SECRET,
        ENOCHS,
        "",
    ],
)
def test_other_keys_are_not_read(text: str) -> None:
    with pytest.raises(ProofInvalid):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a+b",
        "a\tb",
        "a\n",
        "a\x00",
        "a\x85b",
        "a\xa0b",
        "a\u2003b",
        "a\u3000",
        "\u2028",
        "\udc80",
    ],
)
def test_names_without_spaces_plus_and_controls(name: str) -> None:
    assert not is_key_name(name)
    with pytest.raises(ProofInvalid, match="name"):
        SigningKey.generate(name)
    with pytest.raises(ProofInvalid, match="name"):
        VerifierKey(name, bytes(32))


@pytest.mark.parametrize("name", ["a", "example.com/log42", "é—", "名", "consent-log/00ff", "a\u200bb"])
def test_other_names_will_do(name: str) -> None:
    made = SigningKey.generate(name)
    assert VerifierKey.parse(str(made.verifier)) == made.verifier
    assert text_of(sign_note("x\n", [made]), [made.verifier]) == "x\n"


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_keys_have_32_bytes(length: int) -> None:
    with pytest.raises(ProofInvalid, match="32 bytes"):
        VerifierKey("a", bytes(length))
    with pytest.raises(ProofInvalid, match="32 bytes"):
        SigningKey("a", bytes(length))


def test_the_signatures_of_others_are_ignored() -> None:
    same_name = SigningKey.generate(peter.name)
    lines = [signed_by(same_name.verifier), signed_by(enoch, b"x"), PETERS, "— e a/ZJkuBS\n", ENOCHS]
    assert text_of(f"{TEXT}\n{''.join(lines)}", [peter]) == TEXT
    with pytest.raises(ProofInvalid, match="no known key"):
        text_of(NOTE, [enoch])
    with pytest.raises(ProofInvalid, match="no known key"):
        text_of(NOTE, [])


def test_one_wrong_signature_of_a_known_key_is_enough() -> None:
    for wrong in (signed_by(peter), signed_by(peter, b"short"), signed_by(enoch)):
        for note in (f"{TEXT}\n{wrong}{PETERS}", f"{TEXT}\n{PETERS}{wrong}"):
            with pytest.raises(ProofInvalid, match="does not hold"):
                text_of(note, [peter, enoch])


def test_a_key_of_no_point_verifies_nothing() -> None:
    with pytest.raises(ProofInvalid, match="does not hold"):
        nobody = VerifierKey("nobody", b"\xff" * 32)
        text_of(f"{TEXT}\n{signed_by(nobody)}", [nobody])


@pytest.mark.parametrize(
    "text",
    [
        "\n",
        "\n\n",
        "a\n\n\nb\n",
        "a\n\n— b c\n",
        "é — 名\x85\u2028\n",
        "a\x7f\n",
        "— PeterNeumann AAAAAAA=\n",
    ],
)
def test_texts_with_blank_lines_and_odd_characters(text: str) -> None:
    assert text_of(sign_note(text, [key]), [peter]) == text


@pytest.mark.parametrize("text", ["", "a", "a\nb", "a\r\n", "a\tb\n", "\x00\n", "\x1f\n", "\udc80\n"])
def test_texts_that_cannot_be_signed(text: str) -> None:
    with pytest.raises(ProofInvalid):
        sign_note(text, [key])


def test_a_note_without_a_key_is_not_signed() -> None:
    with pytest.raises(ProofInvalid, match="at least one"):
        sign_note(TEXT, [])


SIGNATURE = PETERS.split(" ")[2].strip()


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        f"{TEXT}\n",
        f"\n{PETERS}",
        f"{TEXT}{PETERS}",
        f"{TEXT}\n{PETERS[:-1]}",
        f"{TEXT}\n{PETERS}\n",
        f"{TEXT}\n\n{PETERS}",
        f"{TEXT}\n{PETERS}{PETERS[:-1]}",
        f"{TEXT}\n{PETERS}x\n",
        f"{TEXT}\n{PETERS}— \n",
        f"{TEXT}\n{PETERS}— PeterNeumann\n",
        f"{TEXT}\n{PETERS}— PeterNeumann \n",
        f"{TEXT}\n{PETERS}— Peter+Neumann {SIGNATURE}\n",
        f"{TEXT}\n{PETERS}— Peter\xa0Neumann {SIGNATURE}\n",
        f"{TEXT}\n{PETERS}—  {SIGNATURE}\n",
        f"{TEXT}\n{PETERS}— e AAAAAA==\n",  # the id of a key and no signature
        f"{TEXT}\n{PETERS}— e AAAAAAB=\n",  # bits that base64 does not use
        f"{TEXT}\n{PETERS}— e AAAAAAA\n",
        f"{TEXT}\n{PETERS}— e AAAA AAA=\n",
        f"{TEXT}\n{PETERS}— e AAAAAA-_\n",
        NOTE.replace("—", "-"),
        NOTE.replace("—", "–"),
        NOTE.replace("— ", "—"),
        NOTE.replace("— ", "—\xa0"),
        NOTE.replace("— ", " — "),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("=\n", "= \n"),
        NOTE.replace(SIGNATURE, SIGNATURE.rstrip("=")),
        NOTE.replace("problem is", "problem\tis"),
        NOTE.replace("problem is", "problem\udc80is"),
        "\ufeff" + NOTE,
    ],
)
def test_what_is_not_a_note(note: str) -> None:
    with pytest.raises(ProofInvalid):
        text_of(note, [peter])


def test_limits() -> None:
    others = "".join(signed_by(VerifierKey(f"other{n}", bytes(32))) for n in range(MAX_SIGNATURES - 1))
    assert text_of(f"{TEXT}\n{others}{PETERS}", [peter]) == TEXT
    with pytest.raises(ProofInvalid, match="signatures"):
        text_of(f"{TEXT}\n{others}{PETERS}{PETERS}", [peter])
    with pytest.raises(ProofInvalid, match="characters"):
        text_of("x" * MAX_LENGTH + "\n" + NOTE, [peter])
    with pytest.raises(ProofInvalid, match="characters"):
        sign_note("x" * MAX_LENGTH + "\n", [key])


@given(st.integers(0, len(NOTE)), st.text(max_size=2), st.integers(0, 2))
def test_no_change_of_a_note_goes_unnoticed(at: int, put: str, drop: int) -> None:
    changed = NOTE[:at] + put + NOTE[at + drop :]
    if changed != NOTE:
        with pytest.raises(ProofInvalid):
            text_of(changed, [peter, enoch])


@given(st.integers(0, len(b64decode(SIGNATURE)) * 8 - 1))
def test_no_flipped_bit_of_a_signature_holds(bit: int) -> None:
    data = bytearray(b64decode(SIGNATURE))
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProofInvalid):
        text_of(NOTE.replace(SIGNATURE, b64encode(data).decode()), [peter])


@given(st.text() | st.text(alphabet="—\n +=AaZ"))
def test_any_text_is_signed_and_opened_or_refused(text: str) -> None:
    with pytest.raises(ProofInvalid):
        text_of(text, [peter])
    try:
        note = sign_note(text, [key])
    except ProofInvalid:
        return
    assert text_of(note, [peter]) == text


def test_without_cryptography_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    assert VerifierKey.parse(PETER) == peter
    for work in (
        lambda: SigningKey.parse(PETER_SECRET),
        lambda: SigningKey.generate("a"),
        lambda: text_of(NOTE, [peter]),
    ):
        with pytest.raises(MissingExtra, match=r"consentkit\[log\]"):
            work()
    with pytest.raises(ProofInvalid, match="no known key"):
        text_of(NOTE, [enoch])
