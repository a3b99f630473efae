"""Whatever is done to a log, `verify` finds and names it; a roll-back it finds against a saved checkpoint."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Sequence

import pytest

from consentkit.exceptions import LogCorrupt
from consentkit.log.stores.sqlite import SQLiteView, translate_errors
from consentkit.log.stores.values import Head
from consentkit.log.verify.walk import verify
from consentkit.tlog.note import Checkpoint, VerifierKey, read_checkpoint
from log.samples import make_entry
from log.tamperings import TAMPERINGS, Scene, Specimen, make_specimen


@pytest.fixture(scope="module")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    """Make the log that is tampered with; every case leaves it as it was."""
    return make_specimen(tmp_path_factory.mktemp("specimen"))


def check(
    database: sqlite3.Connection, keys: Sequence[VerifierKey] = (), saved: Checkpoint | None = None
) -> Head:
    """Verify a log as `LogReader.check` does."""
    with translate_errors((sqlite3.Error,)):
        return verify(SQLiteView(database), keys=keys, saved=saved)


def checkpoint(database: sqlite3.Connection) -> Checkpoint:
    """Return a log's checkpoint, as it would have been saved."""
    return read_checkpoint(SQLiteView(database).head().checkpoint or "")


def test_before_anything_is_done_to_it_the_log_holds(specimen: Specimen) -> None:
    saved = checkpoint(specimen.older)
    assert check(specimen.older, specimen.keys).size == saved.size
    assert check(specimen.database, specimen.keys, saved).size > 3000


@pytest.mark.parametrize("rounds", [10, pytest.param(200, marks=pytest.mark.soak)])
@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampering_is_found_and_named(specimen: Specimen, tampering: str, rounds: int) -> None:
    for number in range(rounds):
        specimen.database.execute("BEGIN")
        try:
            expected = TAMPERINGS[tampering](Scene(specimen, random.Random(f"{tampering} {number}")))
            with pytest.raises(LogCorrupt) as caught:
                check(specimen.database, specimen.keys)
        finally:
            specimen.database.execute("ROLLBACK")
        assert re.search(expected, str(caught.value)), (
            f"case {number}: expected {expected}, got {caught.value}"
        )


def test_a_roll_back_is_found_only_against_a_saved_checkpoint(specimen: Specimen) -> None:
    """An older copy of the file is whole, and the log's own key has signed it."""
    rolled_back, saved = specimen.older, checkpoint(specimen.database)
    assert check(rolled_back, specimen.keys).size < saved.size
    with pytest.raises(LogCorrupt, match="it was rolled back"):
        check(rolled_back, specimen.keys, saved)


def test_another_history_is_found_only_against_a_saved_checkpoint(specimen: Specimen) -> None:
    """Rolled back, and written on from there by whoever has the key."""
    saved, database = checkpoint(specimen.database), specimen.older
    database.execute("BEGIN")
    try:
        scene = Scene(specimen._replace(database=database), random.Random(1))
        notice = scene.ask("SELECT hash FROM notices")[0]
        day = SQLiteView(database).head().open_days[0]
        added = [make_entry(notice=notice, at=f"{day}T10:00:00Z") for _ in range(saved.size - scene.size + 5)]
        for index, entry in enumerate(added, scene.size):
            scene.put(index, entry)
        scene.run(
            "INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?, 0)",
            day, added[0].regime, added[0].locale, notice, added[0].action, len(added),
        )  # fmt: skip
        scene.sign(specimen.key)
        assert check(database, specimen.keys).size == saved.size + 5
        with pytest.raises(LogCorrupt, match="history was rewritten"):
            check(database, specimen.keys, saved)
    finally:
        database.execute("ROLLBACK")


def test_without_keys_and_checkpoint_a_rewritten_log_holds(specimen: Specimen) -> None:
    """This is what keys and saved checkpoints are for."""
    specimen.database.execute("BEGIN")
    try:
        scene = Scene(specimen, random.Random(1))
        scene.run('DELETE FROM entries WHERE "index" = ?', scene.size - 1)
        size, _ = scene.rebuild()
        scene.run("UPDATE head SET checkpoint = NULL")
        with pytest.raises(LogCorrupt, match="daily"):
            check(specimen.database)
        scene.run("DELETE FROM daily")
        scene.run("DELETE FROM entries")
        scene.run("DELETE FROM notices")
        scene.run("UPDATE head SET open_days = ''")
        scene.rebuild()
        assert check(specimen.database).size == 0
        assert size
    finally:
        specimen.database.execute("ROLLBACK")
