"""Fixtures that the command line's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consentkit.log import ConsentLog
from consentkit.record.entry import Entry
from log.samples import BUNDLE, make_entry, make_refusal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a log's file."""
    return tmp_path / "consent.sqlite3"


@pytest.fixture
def grant() -> Entry:
    """Make a grant."""
    return make_entry()


@pytest.fixture
def log(path: Path, grant: Entry) -> Iterator[ConsentLog]:
    """Make a log with a notice, a grant and a refusal."""
    with ConsentLog(path) as made:
        made.commit([BUNDLE, grant, make_refusal()])
        yield made
