"""Checks of single entries: body against leaf and columns."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from operator import attrgetter
from typing import Any

import msgspec

from consentkit.exceptions import LogCorrupt, LogError
from consentkit.log.stores.values import Row
from consentkit.record.entry import Entry
from consentkit.record.leaf import DOMAIN, SALT_BYTES, commitment, committed_leaf, notice_leaf

MISSING = "its body is missing, and no entry says that it was erased"

# Errors of decoding a body that is no entry; in SQLite it may be a value of any type.
_NO_ENTRY = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError)


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields of an entry that are checked; decoding all of them would dominate verification."""

    id: str
    type: str
    at: str
    subject: str | None = None
    regime: str = ""
    locale: str = ""
    notice: str = ""
    action: str = ""


_decode = msgspec.json.Decoder(Facts).decode
count_key: Callable[[Facts], tuple[str, str, str, str]] = attrgetter("regime", "locale", "notice", "action")
"""Returns the key under which a day's decision is counted."""


def check_decisions(columns: Sequence[Sequence[Any]]) -> tuple[list[Facts], list[str]] | None:
    """Decode decisions, and return them with their days; None unless all match their leaves and columns.

    Most of the time of a verification is spent here. Therefore it works on whole columns, and repeats
    `commitment` and `committed_leaf` inline.

    Args:
        columns: The columns of their rows, in the order of `Row`'s fields.
    """
    _, ids, types, times, subjects, bodies, salts, leaves = columns
    try:
        # One at a time: joined into one JSON list, a string could begin in one body and end in another.
        facts = list(map(_decode, bodies))
        hashes = [sha256(DOMAIN + salt + body).hexdigest() for salt, body in zip(salts, bodies, strict=True)]
        days = [at[:10] for at in times]
        expected = [
            f'{{"commitment":"{hash}","day":"{day}","type":"decision","v":1}}'.encode()
            for hash, day in zip(hashes, days, strict=True)
        ]
    except (*_NO_ENTRY, UnicodeEncodeError):
        return None
    agree = (
        set(map(len, salts)) == {SALT_BYTES}
        and list(leaves) == expected
        and list(ids) == [one.id for one in facts]
        and list(types) == [one.type for one in facts]
        and list(times) == [one.at for one in facts]
        and list(subjects) == [one.subject for one in facts]
    )
    return (facts, days) if agree else None


def check_entry(row: Row, body: bytes) -> Facts:
    """Decode an entry, and check it against its leaf and columns.

    Raises:
        LogCorrupt: They do not match.
    """
    facts = _facts(row, body)
    try:
        committed = commitment(row.salt or b"", body)
    except TypeError as error:
        raise LogCorrupt(f"entry {row.index}: its body and salt are not bytes") from error
    # Salt and body are hashed as one string: without a fixed length, bytes could move from one to the other.
    if len(row.salt or b"") != SALT_BYTES or row.leaf != committed_leaf(row.type, facts.at[:10], committed):
        raise LogCorrupt(f"entry {row.index}: its body is not what its leaf commits to")
    _check_columns(row, facts)
    return facts


def check_publication(row: Row, body: bytes) -> None:
    """Raise LogCorrupt unless the entry of a notice is its publication and nothing else."""
    facts = _facts(row, body)
    if row.leaf != notice_leaf(facts.at[:10], facts.notice) or not _is_publication(body, facts):
        raise LogCorrupt(f"entry {row.index}: its body is not what its leaf commits to")
    _check_columns(row, facts)


def decode_entry(index: int, body: bytes | None) -> Entry:
    """Read the whole entry with an index; raise LogCorrupt if it is none."""
    try:
        return Entry.decode(body or b"")
    except LogError as error:
        raise LogCorrupt(f"entry {index}: its body is not an entry") from error


def _facts(row: Row, body: bytes) -> Facts:
    try:
        return _decode(body)
    except _NO_ENTRY as error:
        raise LogCorrupt(f"entry {row.index}: its body is not an entry") from error


def _check_columns(row: Row, facts: Facts) -> None:
    if (facts.id, facts.type, facts.at, facts.subject) != (row.id, row.type, row.at, row.subject):
        raise LogCorrupt(f"entry {row.index}: it is filed under another id, type, time or subject")


def _is_publication(body: bytes, facts: Facts) -> bool:
    # The leaf of a notice does not commit to the body, so the body may contain nothing else.
    with suppress(LogError):
        return body == Entry(id=facts.notice, type="notice", at=facts.at, notice=facts.notice).encode()
    return False
