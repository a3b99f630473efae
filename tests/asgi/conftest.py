"""Fixtures that the ASGI room's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consentkit import ConsentLog


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run every asynchronous test on both event loops."""
    return str(request.param)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ConsentLog]:
    """Make an empty log."""
    with ConsentLog(tmp_path / "consent.sqlite3") as made:
        yield made
