"""Offline proofs are those of C2SP tlog-proof."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.exceptions import ProofInvalid
from consentkit.tlog.note import Checkpoint, SigningKey, VerifierKey, sign_checkpoint
from consentkit.tlog.proofs import InclusionProof, inclusion_proof
from consentkit.tlog.tree import HASH_BYTES, MAX_NUMBER
from docs.documents import find_page
from tlog.trees import grow, mth, numbered

key = SigningKey("odunews.example/consent", bytes(range(32)))
keys = [key.verifier]
SIZE = 300
grown, tiles = grow([numbered(SIZE)])
checkpoint = sign_checkpoint(SIZE, grown.root, [key])


def proof_of(index: int, extra: bytes = b"") -> InclusionProof:
    return InclusionProof(index, tuple(inclusion_proof(index, SIZE, tiles.get)), checkpoint, extra)


TEXT = proof_of(299).encode()
WITH_EXTRA = proof_of(299, b"more").encode()


@given(st.integers(0, SIZE - 1), st.binary(max_size=40))
def test_a_proof_shows_its_leaf_and_no_other(index: int, extra: bytes) -> None:
    proof = InclusionProof.decode(proof_of(index, extra).encode())
    assert proof == proof_of(index, extra)
    stated = proof.check(str(index).encode(), keys)
    assert stated == Checkpoint(key.name, SIZE, grown.root)
    with pytest.raises(ProofInvalid):
        proof.check(str(index + 1).encode(), keys)


def test_the_only_leaf_of_a_log_needs_no_hash() -> None:
    proof = InclusionProof(0, (), sign_checkpoint(1, mth(0, 1), [key]))
    text = proof.encode()
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 0\n\nodunews.example/consent\n1\n")
    assert InclusionProof.decode(text).check(b"0", keys).size == 1


def test_the_lines_are_those_of_the_specification() -> None:
    lines = WITH_EXTRA.split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra bW9yZQ==", "index 299"]
    assert lines[3 + len(proof_of(299).hashes)] == ""
    assert WITH_EXTRA.endswith("\n\n" + checkpoint)


def test_the_documentations_example_holds() -> None:
    text = find_page("log-format").read_text("utf-8")
    example = re.search(r"```text\n(c2sp\.org/tlog-proof@v1\n.*?)```", text, re.DOTALL)
    vkey = re.search(r"`(odunews\.example\S+\+[0-9a-f]{8}\+\S+)`", text)
    assert example and vkey
    InclusionProof.decode(example[1]).check(b"2", [VerifierKey.parse(vkey[1])])


def test_extra_data_are_not_authenticated() -> None:
    changed = InclusionProof.decode(WITH_EXTRA.replace("bW9yZQ==", "bGVzcw=="))
    assert changed.check(b"299", keys).size == SIZE
    assert changed.extra == b"less"


def test_who_does_not_know_the_key_learns_nothing() -> None:
    with pytest.raises(ProofInvalid, match="no known key"):
        InclusionProof.decode(TEXT).check(b"299", [SigningKey.generate(key.name).verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n",
        TEXT.replace("v1", "v2"),
        TEXT.replace("\n", "\r\n"),
        "\n" + TEXT,
        TEXT.removeprefix("c2sp.org/tlog-proof@v1\n"),
        TEXT.replace("index 299\n", ""),
        TEXT.replace("index 299", "index"),
        TEXT.replace("index 299", "Index 299"),
        TEXT.replace("index 299", "index  299"),
        TEXT.replace("index 299", "index 0299"),
        TEXT.replace("index 299", "index +299"),
        TEXT.replace("index 299", "index -1"),
        TEXT.replace("index 299", "index 299 "),
        TEXT.replace("index 299", "index 9223372036854775808"),
        TEXT.replace("index 299", "extra \nindex 299"),
        TEXT.replace("index 299", "extra\nindex 299"),
        TEXT.replace("index 299", "index 299\nextra AAAA"),
        TEXT.replace("index 299", "extra AAAA\nextra AAAA\nindex 299"),
        TEXT.replace("index 299", "extra AAB=\nindex 299"),
        TEXT.replace("index 299", "index 299\nAAAA"),
        TEXT.replace("index 299", "index 299\nnot base64"),
        TEXT.replace("=\n", "\n", 1),
        TEXT + "x" * 2_000_000,
    ],
)
def test_what_is_not_a_proof(text: str) -> None:
    with pytest.raises(ProofInvalid):
        InclusionProof.decode(text)


@given(st.data())
def test_no_change_goes_unnoticed(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TEXT)))
    changed = TEXT[:at] + data.draw(st.text(max_size=2)) + TEXT[at + data.draw(st.integers(0, 2)) :]
    if changed != TEXT:
        with pytest.raises(ProofInvalid):
            InclusionProof.decode(changed).check(b"299", keys)


@given(st.text(alphabet="\n0129=Aaextrind ") | st.text())
def test_any_text_is_read_one_way_or_refused(rest: str) -> None:
    for text in (rest, f"c2sp.org/tlog-proof@v1\n{rest}", f"c2sp.org/tlog-proof@v1\nindex 0\n{rest}"):
        with suppress(ProofInvalid):
            assert InclusionProof.decode(text).encode() == text


@pytest.mark.parametrize(
    ("index", "hashes"),
    [(-1, ()), (MAX_NUMBER + 1, ()), (0, (b"",)), (0, (bytes(HASH_BYTES), bytes(HASH_BYTES + 1)))],
)
def test_what_cannot_be_a_proof(index: int, hashes: tuple[bytes, ...]) -> None:
    with pytest.raises(ProofInvalid):
        InclusionProof(index, hashes, checkpoint)
