"""Fixtures that the dashboard's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consentkit import ConsentLog
from consentkit.dashboard import routes
from dashboard.auditor import NOW, fill


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio; the log's own tests run on trio as well."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the pages' clock."""
    monkeypatch.setattr(routes, "epoch", lambda: int(NOW.timestamp()))


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsentLog]:
    """A log with some decisions of three days, which nobody changes."""
    with ConsentLog(tmp_path_factory.mktemp("dashboard") / "consent.sqlite3") as made:
        fill(made)
        size = made.head().size
        yield made
        assert made.head().size == size, "a test has changed the log that others read"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a log is that a test may change."""
    with ConsentLog(tmp_path / "consent.sqlite3") as made:
        fill(made)
    return tmp_path / "consent.sqlite3"
