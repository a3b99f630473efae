"""Page views, in one small SQLite file that all server processes share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

BARS = 60
SECONDS_PER_BAR = 2
MAX_HITS = 10_000
DAYS = 30
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS hit (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, page TEXT NOT NULL, way TEXT NOT NULL, visitor TEXT NOT NULL
    )
"""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One page view that reached the collector.

    Attributes:
        at: Epoch seconds.
        page: Path of the page.
        way: How it was reported: ``script`` or ``pixel``.
        visitor: The script's own identifier; empty for the pixel.
    """

    at: float
    page: str
    way: str
    visitor: str = ""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What the live page draws.

    Attributes:
        total: Hits kept, at most ``MAX_HITS``.
        visitors: Different identifiers among them.
        pages: Path and number, the most read first.
        recent: The newest hits, newest first.
        bars: Hits per ``SECONDS_PER_BAR``, oldest first.
    """

    total: int
    visitors: int
    pages: list[tuple[str, int]]
    recent: list[Hit]
    bars: list[int]


class Hits:
    """Page views in a file that is made on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, hit: Hit) -> None:
        """Keep a hit; forget the oldest beyond ``MAX_HITS`` and those older than ``DAYS``."""
        with self._open() as database:
            added = database.execute(
                "INSERT INTO hit (at, page, way, visitor) VALUES (?, ?, ?, ?)",
                (hit.at, hit.page, hit.way, hit.visitor),
            )
            database.execute(
                "DELETE FROM hit WHERE id <= ? OR at < ?",
                ((added.lastrowid or 0) - MAX_HITS, hit.at - DAYS * 86_400),
            )

    def clear(self) -> None:
        """Forget all hits."""
        with self._open() as database:
            database.execute("DELETE FROM hit")

    def summary(self, *, now: float) -> Summary:
        """Count what is kept, as of ``now`` (epoch seconds)."""
        with self._open() as database:
            total, visitors = database.execute(
                "SELECT count(*), count(DISTINCT nullif(visitor, '')) FROM hit"
            ).fetchone()
            pages = database.execute(
                "SELECT page, count(*) FROM hit GROUP BY page ORDER BY 2 DESC, page LIMIT 8"
            ).fetchall()
            rows = database.execute(
                "SELECT at, page, way, visitor FROM hit ORDER BY id DESC LIMIT 8"
            ).fetchall()
            recent = [Hit(at=at, page=page, way=way, visitor=visitor) for at, page, way, visitor in rows]
            return Summary(
                total=total, visitors=visitors, pages=pages, recent=recent, bars=_bars(database, now)
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=10)) as database, database:
            database.execute("PRAGMA synchronous = OFF")
            database.execute(_SCHEMA)
            yield database


def _bars(database: sqlite3.Connection, now: float) -> list[int]:
    newest = int(now // SECONDS_PER_BAR)
    rows = database.execute(
        "SELECT CAST(at / ? AS INTEGER), count(*) FROM hit WHERE at >= ? GROUP BY 1",
        (SECONDS_PER_BAR, (newest - BARS) * SECONDS_PER_BAR),
    )
    counts = dict(rows.fetchall())
    return [counts.get(slot, 0) for slot in range(newest - BARS + 1, newest + 1)]
