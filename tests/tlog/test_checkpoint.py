"""Checkpoints are those of C2SP tlog-checkpoint."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.exceptions import ProofInvalid
from consentkit.tlog.note import (
    Checkpoint,
    SigningKey,
    open_checkpoint,
    read_checkpoint,
    sign_checkpoint,
    sign_note,
)
from consentkit.tlog.tree import EMPTY_ROOT, HASH_BYTES, MAX_NUMBER

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
# The example of the specification; the key that signed it is not published.
EXAMPLE = (
    f"example.com/behind-the-sofa\n20852163\n{ROOT}\n\n— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
ORIGIN = "odunews.example/consent"
key = SigningKey(ORIGIN, bytes(range(32)))
other = SigningKey("witness.example", bytes(32))


def test_the_specifications_example() -> None:
    checkpoint = read_checkpoint(EXAMPLE)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert EXAMPLE.startswith(checkpoint.encode() + "\n—")
    with pytest.raises(ProofInvalid, match="no known key"):
        open_checkpoint(EXAMPLE, [key.verifier])


@given(size=st.integers(0, MAX_NUMBER), root=st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES))
def test_what_was_signed_is_what_is_opened(size: int, root: bytes) -> None:
    note = sign_checkpoint(size, root, [key])
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert note.startswith(f"{ORIGIN}\n{size}\n")
    assert open_checkpoint(note, [other.verifier, key.verifier]) == read_checkpoint(note) == checkpoint
    assert Checkpoint.decode(checkpoint.encode()) == checkpoint


def test_an_empty_logs_checkpoint() -> None:
    assert open_checkpoint(sign_checkpoint(0, EMPTY_ROOT, [key]), [key.verifier]).size == 0
    after = "019379d2-7000-7000-8000-000000000000"
    broken = open_checkpoint(sign_checkpoint(1, EMPTY_ROOT, [key], after=after), [key.verifier])
    assert broken == Checkpoint(ORIGIN, 1, EMPTY_ROOT, after)
    assert Checkpoint.decode(f"{broken.encode()}another line\n") == broken
    with pytest.raises(ProofInvalid):
        Checkpoint(ORIGIN, 1, EMPTY_ROOT, f"{after}\n")


def test_the_first_key_names_the_log() -> None:
    note = sign_checkpoint(1, EMPTY_ROOT, [key, other])
    assert open_checkpoint(note, [key.verifier]).origin == ORIGIN
    with pytest.raises(ProofInvalid, match="no known key of odunews"):
        open_checkpoint(note, [other.verifier])
    with pytest.raises(ProofInvalid, match="at least one"):
        sign_checkpoint(1, EMPTY_ROOT, [])


def test_one_logs_key_does_not_sign_for_another() -> None:
    note = sign_note(Checkpoint(ORIGIN, 1, EMPTY_ROOT).encode(), [other])
    with pytest.raises(ProofInvalid, match="no known key of odunews"):
        open_checkpoint(note, [key.verifier, other.verifier])


def test_extension_lines_of_others_are_passed_over() -> None:
    extended = f"log\n7\n{ROOT}\nextension 1\n2\n"
    assert Checkpoint.decode(extended).encode() == f"log\n7\n{ROOT}\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        "log\n",
        "log\n7\n",
        f"log\n7\n{ROOT}",
        f"log\n7\n{ROOT}\nextension",
        f"log\n7\n{ROOT}\n\n",
        f"log\n7\n{ROOT}\n\nextension\n",
        f"\nlog\n7\n{ROOT}\n",
        f"\n7\n{ROOT}\n",
        f"log\n\n{ROOT}\n",
        "log\n7\n\n",
        *(
            f"log\n{size}\n{ROOT}\n"
            for size in (
                "07", "00", "+7", "-0", "-7", " 7", "7 ", "7.0", "7e3", "0x7", "1_000", "seven", "٧", "²",
                "7\r", "9223372036854775808", "99999999999999999999", "9" * 5000,
            )
        ),
        *(
            f"log\n7\n{root}\n"
            for root in (
                ROOT[:-1], ROOT + "=", ROOT[4:], "AAAA" + ROOT, ROOT.replace("I=", "J="),
                ROOT.replace("/", "_"), f" {ROOT}", f"{ROOT} ", ROOT[:8] + "\r" + ROOT[8:], "é" * 44, "x",
            )
        ),
    ],
)  # fmt: skip
def test_what_is_not_a_checkpoint(text: str) -> None:
    with pytest.raises(ProofInvalid):
        Checkpoint.decode(text)
    if text.endswith("\n") and "\r" not in text:
        with pytest.raises(ProofInvalid):
            open_checkpoint(sign_note(text, [key]), [key.verifier])


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, EMPTY_ROOT),
        ("a\nb", 1, EMPTY_ROOT),
        ("a", -1, EMPTY_ROOT),
        ("a", MAX_NUMBER + 1, EMPTY_ROOT),
        ("a", 1, b""),
        ("a", 1, EMPTY_ROOT + b"\0"),
    ],
)
def test_what_cannot_be_a_checkpoint(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(ProofInvalid):
        Checkpoint(origin, size, root)


@given(st.text() | st.text(alphabet="\n019+-/=aA"))
def test_any_text_is_read_one_way_or_refused(text: str) -> None:
    try:
        checkpoint = Checkpoint.decode(text)
    except ProofInvalid:
        return
    assert text.startswith(checkpoint.encode())


@given(st.data())
def test_no_change_goes_unnoticed(data: st.DataObject) -> None:
    note = sign_checkpoint(4711, EMPTY_ROOT, [key])
    at = data.draw(st.integers(0, len(note)))
    changed = note[:at] + data.draw(st.text(max_size=2)) + note[at + data.draw(st.integers(0, 2)) :]
    if changed != note:
        with pytest.raises(ProofInvalid):
            open_checkpoint(changed, [key.verifier])
