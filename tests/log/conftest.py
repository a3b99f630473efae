"""Fixtures that the log's tests share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consentkit.log import ConsentLog
from consentkit.log.stores.sqlite import SQLiteStore
from log.faults import Connector, FaultyStore
from log.postgres import HOW, Server, find

_schemas = itertools.count()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a log's file."""
    return tmp_path / "consent.sqlite3"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, path: Path, new_schema: Callable[[], str]) -> str:
    """Name a log in each kind of store."""
    if request.param == "sqlite":
        return str(path)
    server: Server = request.getfixturevalue("postgres")
    return server.url(schema=new_schema())


@pytest.fixture
def name(new_schema: Callable[[], str]) -> str:
    """Name a schema."""
    return new_schema()


@pytest.fixture
def connector() -> Connector:
    """Make what opens a SQLite store's connections."""
    return Connector()


@pytest.fixture
def store(path: Path) -> FaultyStore:
    """Make what keeps the log: a file, with room for faults."""
    return FaultyStore(SQLiteStore(path))


@pytest.fixture
def log(path: Path, store: FaultyStore) -> Iterator[ConsentLog]:
    """Make an empty log in a file."""
    with ConsentLog(path, store=store) as made:
        yield made


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run every asynchronous test on both event loops."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running PostgreSQL."""
    programs = find()
    if programs is None:
        pytest.skip(HOW)
    server = Server(programs)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def new_schema() -> Callable[[], str]:
    """Name schemas that nobody else uses."""
    return lambda: f"log_{next(_schemas)}"
