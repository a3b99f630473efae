"""Fixtures of tests with a log, apart from the client, which fuzzing uses without pytest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from consentkit import ConsentLog
from consentkit.log.stores.sqlite import SQLiteStore
from log.faults import FaultyStore


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio; one smoke test runs on trio."""
    return "asyncio"


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """Make what keeps the log: a file, with room for faults."""
    return FaultyStore(SQLiteStore(tmp_path / "consent.sqlite3"))


@pytest.fixture
def log(tmp_path: Path, store: FaultyStore) -> Iterator[ConsentLog]:
    """Make an empty log."""
    with ConsentLog(tmp_path / "consent.sqlite3", store=store) as made:
        yield made
