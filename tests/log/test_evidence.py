"""What anybody may read of a log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consentkit import ConsentLog
from consentkit.log.evidence import read_public
from consentkit.tlog.tree import HASH_BYTES
from log.samples import AT, BUNDLE, make_entry


@pytest.fixture
def log(tmp_path: Path) -> ConsentLog:
    """Make a log of one notice and two decisions."""
    made = ConsentLog(tmp_path / "consent.sqlite3")
    made.commit([BUNDLE, make_entry(), make_entry()])
    return made


def test_checkpoint_tiles_and_notices(log: ConsentLog) -> None:
    assert read_public(log, "checkpoint") == (log.head().checkpoint or "").encode()
    assert json.loads(read_public(log, "notices") or b"") == [
        {"index": 0, "hash": BUNDLE.hash, "day": AT[:10]}
    ]
    assert read_public(log, f"notices/{BUNDLE.hash}") == BUNDLE.body
    whole = read_public(log, "tile/0/000.p/3") or b""
    assert len(whole) == 3 * HASH_BYTES
    assert read_public(log, "tile/0/000.p/2") == whole[: 2 * HASH_BYTES]


@pytest.mark.parametrize(
    "path", ["", "nothing", "notices/", f"notices/{'0' * 64}", "tile/0/000", "tile/0/000.p/4", "tile/../x"]
)
def test_what_there_is_not(log: ConsentLog, path: str) -> None:
    assert read_public(log, path) is None
