"""Quick checks of an entry, the head and a saved checkpoint, returned as values for display."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import chain, repeat
from pathlib import Path
from typing import Final, NamedTuple

from consentkit.consent.notice import Notice, Shown
from consentkit.exceptions import ConfigurationError, LogCorrupt, MissingExtra, ProofInvalid
from consentkit.log.reader import LogReader, Recorded
from consentkit.log.stores.values import Head
from consentkit.record.entry import rfc3339
from consentkit.record.leaf import SALT_BYTES, commitment, committed_leaf, notice_leaf
from consentkit.tlog import proofs
from consentkit.tlog.note import Checkpoint, VerifierKey, open_checkpoint, read_checkpoint
from consentkit.tlog.tree import HASH_BYTES, TILE_WIDTH, TileId, frontier, leaf_hash, node_hash, root

MAX_CHECKPOINT: Final = 64 * 1024
"""Characters of a kept checkpoint that are read."""

_KEPT = "The log continues the checkpoint that was kept"


class Check(NamedTuple):
    """A check: its title, whether it holds (``None``: it cannot be checked), and the finding."""

    title: str
    holds: bool | None
    text: str


class Node(NamedTuple):
    """One step from a leaf to the root: the sibling's hash, its side, and the hash of both."""

    sibling: str
    side: str
    result: str


class Verified(NamedTuple):
    """An entry's proof and its checks.

    Attributes:
        size: Number of leaves of the tree.
        root: The tree's root hash, hexadecimal.
        leaf_hash: The leaf's hash, hexadecimal.
        nodes: The steps from the leaf to the root.
        checks: The checks, in order.
        proof: The encoded proof (C2SP tlog-proof); ``None`` if the log is not signed.
    """

    size: int
    root: str
    leaf_hash: str
    nodes: tuple[Node, ...]
    checks: tuple[Check, ...]
    proof: str | None

    @property
    def holds(self) -> bool | None:
        """Whether all checks hold; ``None`` if none fails but some could not be made."""
        verdicts = {check.holds for check in self.checks}
        return False if False in verdicts else None if None in verdicts else True


class Kept(NamedTuple):
    """The checks against a saved checkpoint.

    Attributes:
        checks: The checks, in order.
        at: When it was saved (RFC 3339 in UTC); empty if it cannot be read.
        saved: The checkpoint; None if it cannot be read.
    """

    checks: tuple[Check, ...]
    at: str = ""
    saved: Checkpoint | None = None


def known_keys(reader: LogReader) -> tuple[VerifierKey, ...]:
    """Return the public keys that belong to the log's key file; none where there is no such file."""
    try:
        keys = reader.keys()
    except ConfigurationError:
        return ()
    return () if keys is None else keys.accepted


def verify_entry(reader: LogReader, recorded: Recorded, keys: Sequence[VerifierKey]) -> Verified:
    """Verify one entry as an auditor would, step by step.

    Args:
        reader: Reads the log.
        recorded: The entry.
        keys: The log's public keys; none if they are not known.

    Raises:
        LogCorrupt: The tree has no proof for it.
    """
    proof, size, top = _prove(reader, recorded.index)
    hashed = leaf_hash(recorded.leaf)
    count = len(proof.hashes)
    checks = (
        _check_body(recorded),
        *_check_notice(reader, recorded),
        _check(
            "The leaf is in the tree",
            f"{'1 hash leads' if count == 1 else f'{count} hashes lead'} from it to the root.",
            lambda: proofs.check_inclusion(recorded.index, size, hashed, proof.hashes, top),
        ),
        check_signature(proof.checkpoint or None, keys),
    )
    sides = proofs.sides_of(recorded.index, size - 1)
    nodes = tuple(_way(hashed, zip(sides, chain(proof.hashes, repeat(b"")), strict=False)))
    encoded = proof.encode() if proof.checkpoint else None
    return Verified(size, top.hex(), hashed.hex(), nodes, checks, encoded)


def verify_head(reader: LogReader, head: Head, keys: Sequence[VerifierKey]) -> tuple[Check, ...]:
    """Check the head against its signature, the tree's last tiles and the last entry.

    Args:
        reader: Reads the log.
        head: Its head.
        keys: The log's public keys; none where they are not known.
    """
    tiles = {tile: reader.tile(tile) or b"" for tile in frontier(head.size)}
    unfinished = "1 unfinished tile gives" if len(tiles) == 1 else f"{len(tiles)} unfinished tiles give"
    return (
        check_signature(head.checkpoint, keys),
        _check_checkpoint(head),
        _check(
            "The tree's last hashes lead to the root",
            f"{unfinished} the root.",
            lambda: root(head.size, tiles) == head.root,
        ),
        _check_last(reader, head),
    )


def verify_kept(reader: LogReader, head: Head, path: Path, keys: Sequence[VerifierKey]) -> Kept:
    """Check that the log continues the checkpoint in a file; arguments as of `verify_head`.

    The file's time is when it was kept.
    """
    try:
        at = rfc3339(int(path.stat().st_mtime))
        with path.open(encoding="utf-8", newline="") as file:
            note = file.read(MAX_CHECKPOINT)
        stated = read_checkpoint(note)
    except FileNotFoundError:
        return Kept((Check(_KEPT, None, "None has been kept yet."),))
    except (OSError, UnicodeDecodeError):
        return Kept((Check(_KEPT, None, "The file cannot be read."),))
    except ProofInvalid as error:
        return Kept((Check(_KEPT, False, f"{error}."),))
    return Kept((check_signature(note, keys), _check_continued(reader, head, stated)), at, stated)


def check_signature(checkpoint: str | None, keys: Sequence[VerifierKey]) -> Check:
    """Check who signed a checkpoint.

    Args:
        checkpoint: The signed note; ``None`` where there is none.
        keys: The log's public keys; none where they are not known.
    """
    title = "The checkpoint is signed with the log's key"
    if checkpoint is None:
        return Check(title, None, "The checkpoints of this log are not signed.")
    if not keys:
        return Check(title, None, "The log's public key is not known here.")
    try:
        opened = open_checkpoint(checkpoint, keys)
    except MissingExtra as error:
        return Check(title, None, f"{error}.")
    except ProofInvalid as error:
        return Check(title, False, f"{error}.")
    return Check(title, True, f"The signature of {opened.origin} holds.")


def genuine_assets(reader: LogReader, shown: Shown) -> Iterator[tuple[str, bytes | None]]:
    """Yield name and bytes of what a notice names; ``None`` for what is missing or was changed."""
    for name, hash in shown.assets.items():
        asset = reader.asset(hash)
        yield name, asset if asset is not None and sha256(asset).hexdigest() == hash else None


def _check(title: str, text: str, test: Callable[[], bool | None]) -> Check:
    """Run a test; it fails where it returns False or raises."""
    try:
        return _verdict(title, text, test() is not False)
    except (ProofInvalid, LogCorrupt) as error:
        return Check(title, False, f"{error}.")


def _verdict(title: str, text: str, holds: bool) -> Check:
    return Check(title, holds, text if holds else f"This does not hold: {text[0].lower()}{text[1:]}")


def _prove(reader: LogReader, index: int) -> tuple[proofs.InclusionProof, int, bytes]:
    """Return the proof, with an empty checkpoint where none is signed, and the tree's size and root."""
    head = reader.head()
    if not head.checkpoint:
        hashes = proofs.inclusion_proof(index, head.size, reader.tile)
        return proofs.InclusionProof(index, tuple(hashes), ""), head.size, head.root
    proof = reader.proof(index)
    try:
        stated = read_checkpoint(proof.checkpoint)
    except ProofInvalid as error:
        raise LogCorrupt(f"the head's checkpoint cannot be read: {error}") from error
    return proof, stated.size, stated.root


def _check_body(recorded: Recorded) -> Check:
    title, entry = "The leaf stands for this entry", recorded.entry
    if entry is None or recorded.body is None:
        return Check(title, None, "There is nothing to compare: its content is not there.")
    salt = recorded.salt or b""
    if entry.type == "notice":
        text = "It names this notice and its day."
        leaf = notice_leaf(entry.day, entry.notice)
    else:
        text = "It has this type and day, and commits to SHA-256 over the entry's bytes and its salt."
        leaf = committed_leaf(entry.type, entry.day, commitment(salt, recorded.body))
    # Salt and body are hashed as one string, so the salt's length must be checked.
    holds = entry.id == recorded.id and leaf == recorded.leaf
    return _verdict(title, text, holds and (entry.type == "notice" or len(salt) == SALT_BYTES))


def _check_notice(reader: LogReader, recorded: Recorded) -> Iterator[Check]:
    hash = "" if recorded.entry is None else recorded.entry.notice
    if hash:
        bundle = reader.notice(hash)
        assets = genuine_assets(reader, Notice.loads(bundle or b"") or Shown())
        genuine = bundle is not None and sha256(bundle).hexdigest() == hash
        yield _verdict(
            "What was shown is unchanged",
            "The notice and its files have the hashes by which they are named.",
            genuine and all(asset is not None for _, asset in assets),
        )


def _way(hashed: bytes, siblings: Iterable[tuple[bool, bytes]]) -> Iterator[Node]:
    """Yield the steps from a leaf to the root. `siblings`: whether each is on the left, and its hash."""
    for left, sibling in siblings:
        hashed = node_hash(sibling, hashed) if left else node_hash(hashed, sibling)
        yield Node(sibling.hex(), "left" if left else "right", hashed.hex())


def _check_checkpoint(head: Head) -> Check:
    title, checkpoint = "The checkpoint states this head", head.checkpoint
    if checkpoint is None:
        return Check(title, None, "There is none.")

    def states_head() -> bool:
        stated = read_checkpoint(checkpoint)
        return (stated.size, stated.root) == (head.size, head.root)

    return _check(title, "Size and root are those of the head.", states_head)


def _check_last(reader: LogReader, head: Head) -> Check:
    title, index = "The last entry is the head's", head.size - 1
    if not head.size:
        return Check(title, None, "The log is empty.")
    last = reader.at(index)
    number, place = divmod(index, TILE_WIDTH)
    tile = reader.tile(TileId(0, number)) or b""
    hashed = tile[place * HASH_BYTES : (place + 1) * HASH_BYTES]
    # An entry appended meanwhile has moved the head as well.
    beyond = reader.at(head.size) is not None and reader.head().size == head.size
    holds = last is not None and leaf_hash(last.leaf) == hashed and not beyond
    return _verdict(title, f"It has index {index}, and none follows.", holds)


def _check_continued(reader: LogReader, head: Head, stated: Checkpoint) -> Check:
    try:
        found = reader.check_continued(stated)
    except LogCorrupt as error:
        return Check(_KEPT, False, f"{error}.")
    if found:
        return Check(_KEPT, None, f"A break gives up the branch that it was of: {found.reason}.")
    newer = head.size - stated.size
    text = f"Its first {stated.size:,} entries are those of then; {newer:,} are newer."
    return Check(_KEPT, True, text)
