"""Entries and notices that tests record, and what they find in a store."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

import msgspec

from consentkit.log import LogReader
from consentkit.log.daily_counts import Tallies
from consentkit.log.operations import Sign, record
from consentkit.log.stores.sql import Store, View
from consentkit.log.stores.values import Head, Outcome, Row
from consentkit.log.verify.walk import verify
from consentkit.record.entry import Bundle, Entry, Item, uuid7
from consentkit.tlog.note import VerifierKey

T = TypeVar("T")

AT = "2026-11-22T10:00:00Z"
STYLE = b"body { color: black }"

_milliseconds = itertools.count(1_800_000_000_000)


def unsigned(view: View, before: Head, size: int, root: bytes) -> None:
    """Sign nothing."""


def make_bundle(text: str = "We use cookies.") -> Bundle:
    """Make a notice with one asset."""
    body = msgspec.json.encode({"text": text})
    assets = {sha256(STYLE).hexdigest(): STYLE}
    return Bundle(hash=sha256(body).hexdigest(), body=body, assets=assets, at=AT)


BUNDLE = make_bundle()


def make_entry(**changes: object) -> Entry:
    """Make a decision with an id of its own that names `BUNDLE`."""
    entry = Entry(
        id=uuid7(next(_milliseconds)),
        at=AT,
        subject="c3ViamVjdC1vbmU0",
        regime="opt-in",
        country="DE",
        action="save",
        source="banner",
        granted=("analytics",),
        denied=("functional", "marketing"),
        fingerprints={"analytics": "0a1b2c"},
        notice=BUNDLE.hash,
        locale="de-AT",
        signals=("gpc",),
        expires="2027-05-21T10:00:00Z",
        agent="Firefox",
    )
    return msgspec.structs.replace(entry, **changes)


def make_refusal() -> Entry:
    """Make a refusal, which has no subject."""
    return make_entry(
        subject=None, action="reject_all", granted=(), denied=("analytics", "functional", "marketing")
    )


def commit(store: Store, batch: Sequence[Item], sign: Sign = unsigned) -> list[Outcome]:
    """Record a batch in a store of its own."""
    return store.transact(lambda transaction: record(transaction, batch, sign=sign, tallies=Tallies()))


def checked(store: Store) -> Head:
    """Recompute everything; return the head."""
    with store.snapshot() as view:
        return verify(view)


def rows_of(store: Store) -> list[Row]:
    """Read all rows."""
    with store.snapshot() as view:
        return list(view.rows())


def accepted(log: LogReader) -> Sequence[VerifierKey]:
    """Return the public keys of a log; none where it is not signed."""
    keys = log.keys()
    return () if keys is None else keys.accepted


def found(log: LogReader) -> dict[str, int]:
    """Read every entry's index; no id may be there twice."""
    indexes = [(one.id, one.index) for one in log.entries()]
    assert len(dict(indexes)) == len(indexes)
    return dict(indexes)
