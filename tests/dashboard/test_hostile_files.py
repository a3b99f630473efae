"""A log file that a stranger made, in the auditor's browser: a page says that it is wrong, and no more."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from consentkit import ConsentLog
from consentkit.record.entry import Bundle
from consentkit.record.leaf import commitment, committed_leaf
from dashboard.auditor import EARLIER, TODAY, auditing, decided, failures, read, tampering

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("address", "statement"),
    [
        ("entries/1", "UPDATE entries SET body = 5"),
        ("entries", "UPDATE entries SET leaf = 'leaf'"),
        ("entries/1", "UPDATE tiles SET hashes = 1000000000000"),
        ("log", "UPDATE head SET checkpoint = x'00'"),
        ("log", "UPDATE head SET open_days = x'00'"),
        ("", "UPDATE daily SET count = 'many'"),
        ("", "UPDATE daily SET regime = x'00'"),
        ("", f"INSERT INTO observations VALUES ('{TODAY}', 'shown', 'opt-in en', 'many')"),
        ("exports/entries.csv", "UPDATE head SET size = 'many'"),
    ],
)
async def test_values_of_another_kind_are_said_to_be_wrong(path: Path, address: str, statement: str) -> None:
    with tampering(path) as connection:
        connection.execute(statement)
    async with auditing(path) as client:
        answer = await client.get(address)
    assert answer.status_code == 500 and "contradicts itself" in answer.text


async def test_a_view_in_the_place_of_a_table_is_not_read(path: Path) -> None:
    with tampering(path) as connection:
        connection.execute("ALTER TABLE notices RENAME TO kept")
        connection.execute("CREATE VIEW notices AS SELECT hash, zeroblob(1000000000) AS body FROM kept")
    async with auditing(path) as client:
        assert (await client.get("entries/1")).status_code == 500


async def test_a_salt_that_lends_its_end_to_the_entry_does_not_hold(path: Path) -> None:
    entry = decided(EARLIER)
    body, salt = entry.encode(), bytes(31) + b" "
    leaf = committed_leaf("decision", entry.day, commitment(salt, body))
    with tampering(path) as connection:
        connection.execute(
            'UPDATE entries SET id = ?, body = ?, salt = ?, leaf = ? WHERE "index" = 1',
            (entry.id, b" " + body, salt[:-1], leaf),
        )
    assert any("leaf stands for this entry" in found for found in await failures(path, "entries/1"))


@pytest.mark.parametrize("text", ["\ud800", "\x00\x1b[31m", "<!--", "</title><script>"])
async def test_texts_that_nobody_expects_are_shown_or_left_out(path: Path, text: str) -> None:
    notice = {"html": text, "locale": text, "regime": text, "assets": {text: text, "ck.css": text}}
    body = json.dumps({**notice, "purposes": [{"id": text}], "vendors": [{"name": text}]}).encode()
    bundle = Bundle(hash=sha256(body).hexdigest(), body=body, at=f"{EARLIER}T08:00:00Z")
    with ConsentLog(path) as log:
        index = log.commit([bundle, decided(TODAY, notice=bundle.hash)])[1]
    async with auditing(path) as client:
        page = read(await client.get(f"entries/{index}"))
        assert not page.find("script")
        assert (await client.get(f"notices/{bundle.hash}/banner")).status_code in (200, 404)
