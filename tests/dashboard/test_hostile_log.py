"""A log that somebody has tampered with, or that is away: pages say so, and nothing of it runs."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import anyio
import pytest

from consentkit import ConsentLog
from consentkit.dashboard import routes
from consentkit.exceptions import LogUnavailable
from consentkit.log.reader import LogReader
from consentkit.record.entry import Bundle
from dashboard.auditor import BUNDLE, EARLIER, TODAY, auditing, decided, failures, read, tampering

pytestmark = pytest.mark.anyio
EVIL = "<script>alert(1)</script>\"'<img src=x onerror=alert(1)>"


async def test_a_changed_entry_is_found(path: Path) -> None:
    with tampering(path) as connection:
        connection.execute(
            """UPDATE entries SET body = CAST(replace(body, '"DE"', '"FR"') AS BLOB) WHERE "index" = 1"""
        )
    (found,) = await failures(path, "entries/1")
    assert "leaf stands for this entry" in found
    async with auditing(path) as client:
        assert "Something is wrong with it" in (await client.get("entries/1")).text


async def test_a_changed_leaf_is_found(path: Path) -> None:
    with tampering(path) as connection:
        connection.execute(
            """UPDATE entries SET leaf = CAST(replace(leaf, '":"2', '":"1') AS BLOB) WHERE "index" = 1"""
        )
    assert any("is in the tree" in found for found in await failures(path, "entries/1"))


async def test_an_entry_that_vanished_without_a_reason_is_found(path: Path) -> None:
    with tampering(path) as connection:
        connection.execute('UPDATE entries SET body = NULL, salt = NULL WHERE "index" = 1')
    async with auditing(path) as client:
        text = read(await client.get("entries/1")).get_text(" ", strip=True)
    assert "no later entry says why" in text and "Something is wrong with it" in text


async def test_a_changed_notice_is_found_and_not_shown(path: Path) -> None:
    with tampering(path) as connection:
        connection.execute("UPDATE notices SET body = CAST(replace(body, 'Accept', 'Refuse') AS BLOB)")
    (found,) = await failures(path, "entries/1")
    assert "What was shown is unchanged" in found
    async with auditing(path) as client:
        assert (await client.get(f"notices/{BUNDLE.hash}/banner")).status_code == 404


async def test_a_changed_style_sheet_is_found_and_not_used(path: Path) -> None:
    with tampering(path) as connection:
        connection.execute("UPDATE assets SET bytes = CAST(bytes || ' ' AS BLOB)")
    (found,) = await failures(path, "entries/1")
    assert "What was shown is unchanged" in found
    async with auditing(path) as client:
        assert "data:text/css" not in (await client.get(f"notices/{BUNDLE.hash}/banner")).text


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE head SET root = zeroblob(32)", {"states this head", "lead to the root"}),
        ("UPDATE head SET size = size - 1", {"states this head", "lead to the root", "is the head's"}),
        ("""DELETE FROM entries WHERE "index" = (SELECT max("index") FROM entries)""", {"is the head's"}),
        ("UPDATE tiles SET hashes = zeroblob(length(hashes))", {"lead to the root", "is the head's"}),
        ("DELETE FROM tiles", {"lead to the root", "is the head's"}),
        (
            "UPDATE head SET checkpoint = replace(checkpoint, char(10) || size, char(10) || 1 || size)",
            {"signed with", "states this head"},
        ),
        ("UPDATE head SET checkpoint = 'nonsense'", {"signed with", "states this head"}),
    ],
)
async def test_a_changed_head_is_found_by_the_logs_page(path: Path, statement: str, found: set[str]) -> None:
    with tampering(path) as connection:
        connection.execute(statement)
    said = await failures(path, "log")
    assert all(any(part in one for one in said) for part in found), said


async def test_a_roll_back_is_found_against_a_kept_checkpoint(path: Path, tmp_path: Path) -> None:
    kept, old = tmp_path / "kept", tmp_path / "old.sqlite3"
    with ConsentLog(path) as log:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(old)) as target:
            source.backup(target)
        log.commit([decided(TODAY)])
        kept.write_text(log.head().checkpoint or "")
    async with auditing(path, checkpoint=kept) as client:
        page = read(await client.get("log"))
        assert not page.select(".fails") and len(page.select(".checks .holds")) == 6
        assert "was last verified" in page.get_text()
    (tmp_path / "old.sqlite3.key").write_bytes((tmp_path / "consent.sqlite3.key").read_bytes())
    (found,) = await failures(old, "log", checkpoint=kept)
    assert "it was rolled back" in found


async def test_a_log_that_was_written_anew_does_not_continue_a_kept_checkpoint(
    path: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    with ConsentLog(path) as log:
        kept.write_text(log.head().checkpoint or "")
    other = tmp_path / "other.sqlite3"
    with ConsentLog(other, key=tmp_path / "consent.sqlite3.key") as log:
        log.commit([BUNDLE, *(decided(EARLIER) for _ in range(20))])
        async with auditing(log, checkpoint=kept) as client:
            page = read(await client.get("log"))
    assert "history was rewritten" in page.select(".checks .fails")[0].get_text()


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"\xff\xfe", b"x" * 100_000])
async def test_a_kept_checkpoint_that_is_none_is_said(
    path: Path, tmp_path: Path, content: bytes | None
) -> None:
    kept = tmp_path / "kept"
    if content is not None:
        kept.write_bytes(content)
    async with auditing(path, checkpoint=kept) as client:
        page = read(await client.get("log"))
    assert "was last verified" not in page.get_text() and len(page.select(".checks li")) == 5


async def test_hostile_values_are_shown_as_text(path: Path) -> None:
    with tampering(path) as connection:
        connection.execute("UPDATE daily SET regime = ?, locale = ?, notice = ?", (EVIL, EVIL, EVIL))
        connection.execute("INSERT INTO observations VALUES (?, 'shown', ?, 5)", (TODAY, EVIL))
        connection.execute('UPDATE entries SET id = ? WHERE "index" = 1', (EVIL,))
        connection.execute("UPDATE head SET checkpoint = ?", (EVIL,))
    async with auditing(path) as client:
        for address in (
            "",
            "?days=365",
            "entries",
            "entries/1",
            "log",
            f"entries?id={EVIL}",
            f"?from={EVIL}",
        ):
            answer = await client.get(address)
            assert "<script" not in answer.text and "<img" not in answer.text, address
        assert "&lt;script&gt;" in (await client.get("?days=365")).text


def hostile_bundle(**changes: object) -> Bundle:
    sheet = b"</style><script>alert(1)</script> @import 'https://evil.example/x.css';"
    name = sha256(sheet).hexdigest()
    notice = {"html": EVIL, "locale": EVIL, "regime": EVIL, "assets": {"ck.1.css": name}, "v": 1, **changes}
    body = json.dumps(notice, sort_keys=True).encode()
    assets = {name: sheet}
    return Bundle(hash=sha256(body).hexdigest(), body=body, assets=assets, at=f"{EARLIER}T08:00:00Z")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"purposes": [{"id": EVIL, "title": EVIL, "description": EVIL}], "vendors": [{"name": EVIL}]},
        {"html": "<%nothing%>"},
        {"html": 7, "locale": None, "purposes": 3, "vendors": [4, [], {"name": []}], "assets": ["x"]},
        {"assets": {"ck.1.css": 5, "ck.2.css": "0" * 64}},
    ],
)
async def test_a_hostile_notice_is_shut_in(path: Path, changes: dict[str, object]) -> None:
    bundle = hostile_bundle(**changes)
    with ConsentLog(path) as log:
        (_, index) = log.commit([bundle, decided(TODAY, notice=bundle.hash)])
    async with auditing(path) as client:
        page = await client.get(f"entries/{index}")
        assert page.status_code == 200
        assert "<script" not in page.text and "<img" not in page.text
        banner = await client.get(f"notices/{bundle.hash}/banner")
        if banner.status_code == 200:
            assert banner.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
            assert "<style" not in banner.text and 'lang="<' not in banner.text


async def test_what_is_published_need_not_be_json(path: Path) -> None:
    body = b"\xff not json"
    hash = sha256(body).hexdigest()
    with ConsentLog(path) as log:
        log.publish(hash, body, {}, at=f"{EARLIER}T08:00:00Z")
        (index,) = log.commit([decided(TODAY, notice=hash)])
    async with auditing(path) as client:
        assert "cannot be read" in (await client.get(f"entries/{index}")).text
        assert (await client.get(f"notices/{hash}/banner")).status_code == 404


async def test_an_entry_that_is_none_is_evidence(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with tampering(path) as connection:
        connection.execute('UPDATE entries SET body = ? WHERE "index" = 1', (EVIL.encode(),))
    async with auditing(path) as client:
        answer = await client.get("entries/1")
    assert answer.status_code == 500
    assert "contradicts itself" in answer.text and "<script" not in answer.text
    assert "contradicting itself" in caplog.text


@pytest.mark.parametrize("content", [None, b"", b"not a database, not at all" * 99])
async def test_a_log_that_is_not_there_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "none.sqlite3"
    if content is not None:
        path.write_bytes(content)
    async with auditing(path) as client:
        answer = await client.get("")
    assert answer.status_code in (500, 503) and "log" in answer.text
    assert str(tmp_path) not in answer.text
    assert content is not None or not path.exists()


async def test_it_can_be_made_before_the_log_is(tmp_path: Path) -> None:
    path = tmp_path / "later.sqlite3"
    async with auditing(path) as client:
        answer = await client.get("")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "There is no log yet" in answer.text
        with ConsentLog(path) as log:
            log.commit([BUNDLE])
        assert (await client.get("")).status_code == 200


async def test_a_store_that_is_away_is_said_on_every_page(
    log: ConsentLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise LogUnavailable("the server at db.internal does not answer")

    for name in ("head", "stats", "search", "find", "at", "notice"):
        monkeypatch.setattr(LogReader, name, away)
    caplog.set_level(logging.WARNING)
    async with auditing(log) as client:
        for address in ("", "entries", "entries/1", "log", "exports", "exports/entries.csv"):
            answer = await client.get(address)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), address
            assert "db.internal" not in answer.text
            assert answer.headers["cache-control"] == "no-store"
    assert "db.internal" in caplog.text


async def test_a_store_that_stalls_holds_up_neither_the_page_nor_the_loop(
    log: ConsentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(routes, "SECONDS", 0.2)
    monkeypatch.setattr(LogReader, "stats", lambda *_: ended.wait(30))
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(turn)
        async with auditing(log) as client:
            answer = await client.get("")
            assert answer.status_code == 503 and turns > 10
            monkeypatch.setattr(routes, "SECONDS", 30)
            assert (await client.get("log")).status_code == 200
        tasks.cancel_scope.cancel()
    ended.set()
