"""A log worth tampering with, and the ways to do it: each changes a database and says what must be named."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from consentkit.log import ConsentLog, operations
from consentkit.log.operations import new_id
from consentkit.log.stores.sqlite import SQLiteView
from consentkit.log.stores.values import Row
from consentkit.record.entry import Bundle, Count, Entry
from consentkit.record.leaf import commitment, committed_leaf, new_salt
from consentkit.tlog.note import SigningKey, VerifierKey, sign_checkpoint
from consentkit.tlog.tree import HASH_BYTES, TileId, append
from log.samples import BUNDLE, make_entry

DAYS = [f"2026-11-{number:02}" for number in range(1, 10)]
A_DAY = 380
PURGED_BEFORE = DAYS[2]


class Specimen(NamedTuple):
    """A log of some thousand entries, with all that logs have.

    Attributes:
        database: All of it, in memory.
        key: Signs it.
        older: The same log, earlier: before its last erasure and its purge. Whole and validly signed.
        corrected: Id of the roll-up that a correction puts right.
    """

    database: sqlite3.Connection
    key: SigningKey
    older: sqlite3.Connection
    corrected: str

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The log's public keys."""
        return (self.key.verifier,)


def make_specimen(folder: Path) -> Specimen:
    """Make the log: days, notices, late entries, entries not honoured, erasures, a purge, repairs."""
    path = folder / "consent.sqlite3"
    chance = random.Random(1)
    with ConsentLog(path) as log:
        bundles = [_bundle("first"), _bundle("second")]
        log.commit([bundles[0]])
        for number, day in enumerate(DAYS):
            if number == 3:
                log.commit([bundles[1]])
            notices = [bundle.hash for bundle in bundles[: 1 + (number > 3)]]
            decisions = [_decision(chance, day, notices) for _ in range(A_DAY)]
            late = [_decision(chance, DAYS[0], notices) for _ in range(3 * (number == 5))]
            broken = [
                Entry(
                    id=new_id(f"{day}T12:00:00Z"), type="invalidated", at=f"{day}T12:00:00Z", previous=one.id
                )
                for one in decisions[:2]
            ]
            log.commit([*decisions, *late, *broken])
            if number in (2, 6):
                log.erase_now(_subject(number), at=f"{day}T20:00:00Z")
            if number == 5:
                older = _copied(path)
        list(log.purge(PURGED_BEFORE, at=f"{DAYS[-1]}T21:00:00Z"))
        log.commit([_decision(chance, DAYS[-1], [bundles[1].hash]) for _ in range(20)])
        keys = log.keys()
    assert keys is not None
    corrected = _repair(log, folder, keys.signing, bundles[1].hash)
    return Specimen(_copied(path), keys.signing, older, corrected)


def _repair(log: ConsentLog, folder: Path, key: SigningKey, notice: str) -> str:
    """Have a false roll-up signed and corrected, and a branch given up; return the roll-up's id."""
    day, at = DAYS[4], f"{DAYS[-1]}T22:00:00Z"
    counts = (Count("opt-in", "de", notice, "save", 1_000),)
    false = Entry(id=new_id(at), type="rollup", at=at, closes=day, counts=counts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "BOOKS", frozenset())
        log.commit([false])
    assert log.correct("signed by an earlier version", at=at) == 1
    log.backup(folder / "branch.sqlite3")
    with ConsentLog(folder / "branch.sqlite3", key=str(key)) as branch:
        branch.commit([make_entry(at=at, notice=notice)])
        log.commit([make_entry(at=at, notice=notice)])
        assert log.recover(branch, reason="a fork", at=at).breaks
    return false.id


def _bundle(text: str) -> Bundle:
    assets = {name: f"{name} of {text}".encode() for name in ("ck.css", "ck.js")}
    hashes = {name: sha256(content).hexdigest() for name, content in assets.items()}
    body = msgspec.json.encode({"assets": hashes, "text": text})
    kept = {hashes[name]: content for name, content in assets.items()}
    return Bundle(hash=sha256(body).hexdigest(), body=body, assets=kept, at=f"{DAYS[0]}T00:00:00Z")


def _decision(chance: random.Random, day: str, notices: list[str]) -> Entry:
    return make_entry(
        at=f"{day}T{chance.randrange(8, 20):02}:00:00Z",
        subject=_subject(chance.randrange(60)),
        action=chance.choice(["accept_all", "reject_all", "save"]),
        regime=chance.choice(["opt-in", "opt-out"]),
        locale=chance.choice(["de", "en"]),
        notice=chance.choice(notices),
    )


def _subject(number: int) -> str:
    return f"subject-{number:012}"


def _copied(path: Path) -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:", isolation_level=None)
    source = sqlite3.connect(path)
    source.backup(memory)
    source.close()
    return memory


class Scene:
    """One case: a database to change, and how to.

    Args:
        specimen: Its database is in a transaction that is rolled back afterwards.
        chance: Makes all choices.
    """

    def __init__(self, specimen: Specimen, chance: random.Random) -> None:
        self.specimen = specimen
        self.chance = chance
        self.view = SQLiteView(specimen.database)
        self.size = self.view.head().size

    def run(self, query: str, *arguments: Any) -> None:
        """Change the database."""
        self.specimen.database.execute(query, arguments)

    def ask(self, query: str, *arguments: Any) -> list[Any]:
        """Return the first column of what a query finds."""
        return [found[0] for found in self.specimen.database.execute(query, arguments)]

    def any_index(self, condition: str = "1") -> int:
        """Choose an entry of some kind."""
        return int(self.chance.choice(self.ask(f'SELECT "index" FROM entries WHERE {condition}')))

    def row(self, index: int) -> Row:
        """Read an entry."""
        return next(self.view.rows(index, index + 1))

    def flipped(self, data: bytes) -> bytes:
        """Return data with one bit changed."""
        place, bit = self.chance.randrange(len(data)), self.chance.randrange(8)
        return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]

    def renumber(self, start: int, step: int) -> None:
        """Move all entries from an index on."""
        self.run('UPDATE entries SET "index" = -"index" - 1 WHERE "index" >= ?', start)
        self.run('UPDATE entries SET "index" = -"index" - 1 + ? WHERE "index" < 0', step)

    def put(self, index: int, entry: Entry) -> None:
        """Put another entry into a place, with a leaf of its own. Tree and head stay as they are."""
        body, salt = entry.encode(), new_salt()
        leaf = committed_leaf(entry.type, entry.day, commitment(salt, body))
        self.run('DELETE FROM entries WHERE "index" = ?', index)
        self.run(
            'INSERT INTO entries ("index", id, type, at, subject, body, salt, leaf)'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            index, entry.id, entry.type, entry.at, entry.subject, body, salt, leaf,
        )  # fmt: skip

    def rebuild(self) -> tuple[int, bytes]:
        """Make tiles and head anew from the leaves; return size and root. Nothing is signed."""
        grown = append(0, {}, self.ask('SELECT leaf FROM entries ORDER BY "index"'))
        self.run("DELETE FROM tiles")
        for tile, hashes in grown.tiles.items():
            self.run("INSERT INTO tiles VALUES (?, ?, ?)", *tile, hashes)
        self.run("UPDATE head SET size = ?, root = ?", grown.size, grown.root)
        return grown.size, grown.root

    def sign(self, key: SigningKey) -> None:
        """Rebuild, and sign what has come of it."""
        self.run("UPDATE head SET checkpoint = ?", sign_checkpoint(*self.rebuild(), [key]))


Tamper = Callable[[Scene], str]
"""Changes the database; returns a pattern of what must be named."""


def flip_body(scene: Scene) -> str:
    index = scene.any_index("body IS NOT NULL")
    scene.run(
        'UPDATE entries SET body = ? WHERE "index" = ?', scene.flipped(scene.row(index).body or b""), index
    )
    return f"entry {index}:"


def flip_body_of_the_books(scene: Scene) -> str:
    index = scene.any_index("type NOT IN ('decision', 'invalidated')")
    scene.run(
        'UPDATE entries SET body = ? WHERE "index" = ?', scene.flipped(scene.row(index).body or b""), index
    )
    return f"entry {index}:"


def flip_salt(scene: Scene) -> str:
    index = scene.any_index("salt IS NOT NULL")
    scene.run(
        'UPDATE entries SET salt = ? WHERE "index" = ?', scene.flipped(scene.row(index).salt or b""), index
    )
    return f"entry {index}:"


def flip_leaf(scene: Scene) -> str:
    index = scene.any_index()
    scene.run('UPDATE entries SET leaf = ? WHERE "index" = ?', scene.flipped(scene.row(index).leaf), index)
    return f"entry {index}:"


def flip_tile(scene: Scene) -> str:
    level, number, hashes = scene.chance.choice(
        scene.specimen.database.execute('SELECT level, "index", hashes FROM tiles').fetchall()
    )
    changed = scene.flipped(hashes)
    scene.run('UPDATE tiles SET hashes = ? WHERE level = ? AND "index" = ?', changed, level, number)
    place = next(at for at, pair in enumerate(zip(hashes, changed, strict=True)) if pair[0] != pair[1])
    return f"entry {number * 256 + place // HASH_BYTES}:" if level == 0 else f"tile {level}/{number} "


def remove_tile(scene: Scene) -> str:
    level, number = scene.chance.choice(
        scene.specimen.database.execute('SELECT level, "index" FROM tiles').fetchall()
    )
    scene.run('DELETE FROM tiles WHERE level = ? AND "index" = ?', level, number)
    return f"entry {number * 256}:" if level == 0 else f"tile {level}/{number} "


def lengthen_a_tile(scene: Scene) -> str:
    tile = TileId(*scene.chance.choice([(0, scene.size // 256), (1, 0)]))
    hashes = (scene.view.tile(tile) or b"") + bytes(HASH_BYTES)
    scene.run('UPDATE tiles SET hashes = ? WHERE level = ? AND "index" = ?', hashes, *tile)
    return f"tile {tile.level}/{tile.number} has more hashes"


def add_a_tile(scene: Scene) -> str:
    scene.run("INSERT INTO tiles VALUES (2, 0, ?)", bytes(HASH_BYTES))
    return "tile 2/0 is beyond"


def flip_root(scene: Scene) -> str:
    scene.run("UPDATE head SET root = ?", scene.flipped(scene.view.head().root))
    return "the head says"


def flip_checkpoint(scene: Scene) -> str:
    note = (scene.view.head().checkpoint or "").encode()
    scene.run("UPDATE head SET checkpoint = CAST(? AS TEXT)", scene.flipped(note))
    return "checkpoint"


def remove_the_signature(scene: Scene) -> str:
    scene.run("UPDATE head SET checkpoint = NULL")
    return "the head is not signed"


def delete(scene: Scene) -> str:
    index = scene.any_index()
    scene.run('DELETE FROM entries WHERE "index" = ?', index)
    return f"entry {index} is missing"


def delete_and_close_the_gap(scene: Scene) -> str:
    index = scene.any_index(f'"index" < {scene.size - 1}')
    scene.run('DELETE FROM entries WHERE "index" = ?', index)
    scene.renumber(index, -1)
    return f"entry ({index}:|{scene.size - 1} is missing|({_books_from(scene, index)}):)"


def insert(scene: Scene) -> str:
    index = scene.any_index()
    scene.renumber(index, +1)
    scene.put(index, make_entry(notice=_a_notice(scene), at=f"{scene.chance.choice(DAYS)}T10:00:00Z"))
    return f"entry ({index}|{_books_from(scene, index)}):"


def insert_at_the_end(scene: Scene) -> str:
    scene.put(scene.size, make_entry(notice=_a_notice(scene)))
    return f"entry {scene.size} is beyond the head"


def insert_before_the_beginning(scene: Scene) -> str:
    index = -scene.chance.randrange(1, 100)
    scene.put(index, make_entry(notice=_a_notice(scene)))
    return f"entry {index} is beyond"


def insert_and_rebuild(scene: Scene) -> str:
    scene.put(scene.size, make_entry(notice=_a_notice(scene)))
    scene.rebuild()
    return f"the head says {scene.size + 1} entries, its checkpoint {scene.size}"


def reorder(scene: Scene) -> str:
    one, other = sorted(scene.chance.sample(range(scene.size), 2))
    for start, stop in ((one, -1), (other, one), (-1, other)):
        scene.run('UPDATE entries SET "index" = ? WHERE "index" = ?', stop, start)
    books = scene.ask(
        "SELECT \"index\" FROM entries WHERE type IN ('erasure', 'purge') AND \"index\" IN (?, ?)", one, other
    )
    return f"entry ({'|'.join(map(str, (one, *books)))}):"


def truncate(scene: Scene) -> str:
    index = scene.any_index()
    scene.run('DELETE FROM entries WHERE "index" >= ?', index)
    # Without the entry that says so, what was erased is missing already before.
    return f"entry {index} is missing|its body is missing, and no entry says"


def truncate_and_rebuild(scene: Scene) -> str:
    index = scene.any_index('"index" > 0')
    scene.run('DELETE FROM entries WHERE "index" >= ?', index)
    scene.rebuild()
    return f"the head says {index} entries, its checkpoint {scene.size}"


def replace_the_head(scene: Scene) -> str:
    head = SQLiteView(scene.specimen.older).head()
    scene.run(
        "UPDATE head SET size = ?, root = ?, checkpoint = ?, open_days = ?",
        head.size, head.root, head.checkpoint, " ".join(head.open_days),
    )  # fmt: skip
    return (
        f"entry {head.size} is beyond the head|says that entries? .* erased|an entry says that it was erased"
    )


def sign_with_another_key(scene: Scene) -> str:
    index = scene.any_index("type = 'decision' AND body IS NOT NULL")
    entry = Entry.decode(scene.row(index).body or b"")
    scene.put(index, msgspec.structs.replace(entry, granted=("marketing",), denied=()))
    scene.sign(SigningKey.generate(scene.specimen.key.name))
    return "the head's checkpoint does not hold"


def edit_a_notice(scene: Scene) -> str:
    hash = _a_notice(scene)
    scene.run(
        "UPDATE notices SET body = ? WHERE hash = ?", scene.flipped(scene.view.notice(hash) or b""), hash
    )
    return f"entry {_published_at(scene, hash)}: the notice it publishes"


def remove_a_notice(scene: Scene) -> str:
    hash = _a_notice(scene)
    scene.run("DELETE FROM notices WHERE hash = ?", hash)
    return f"entry {_published_at(scene, hash)}: the notice it publishes"


def edit_an_asset(scene: Scene) -> str:
    hash, content = scene.chance.choice(list(scene.view.assets()))
    scene.run("UPDATE assets SET bytes = ? WHERE hash = ?", scene.flipped(content), hash)
    return f"the asset {hash}"


def remove_an_asset(scene: Scene) -> str:
    hash, _ = scene.chance.choice(list(scene.view.assets()))
    scene.run("DELETE FROM assets WHERE hash = ?", hash)
    published = scene.ask("SELECT hash FROM notices WHERE instr(body, CAST(? AS BLOB))", hash)[0]
    return rf"entry {_published_at(scene, published)}: the notice's ck\.(css|js) is missing"


def edit_daily(scene: Scene) -> str:
    keys = scene.chance.choice(list(scene.view.daily()))
    one = "WHERE (day, regime, locale, notice, action) = (?, ?, ?, ?, ?)"
    changes = ["count = count + 1", "count = count - 1", "action = 'withdraw'", "locale = 'fr'"]
    changes += ["told = told + 1", "told = told - 1", "count = count + 1, told = told + 1"]
    changes = [f"UPDATE daily SET {change} {one}" for change in changes]
    scene.run(scene.chance.choice([f"DELETE FROM daily {one}", *changes]), *msgspec.structs.astuple(keys))
    return f"the daily roll-ups of {keys.day}"


def move_daily(scene: Scene) -> str:
    scene.run("UPDATE daily SET day = '2026-10-31' WHERE day = ?", scene.chance.choice(DAYS))
    return "the daily roll-ups of 2026-10-31"


def edit_open_days(scene: Scene) -> str:
    scene.run(
        "UPDATE head SET open_days = ?", scene.chance.choice(["", "2026-11-01", f"2026-11-01 {DAYS[-1]}"])
    )
    return "the head names other days"


def edit_a_rollup(scene: Scene) -> str:
    index, forged = _forged_rollup(scene)
    scene.put(index, forged)
    return f"entry {index}:"


def forge_a_rollup(scene: Scene) -> str:
    """By whoever has the key."""
    index, forged = _forged_rollup(scene)
    scene.put(index, forged)
    scene.sign(scene.specimen.key)
    return rf"entry \d+: the roll-up of {forged.closes} is not"


def forge_a_correction(scene: Scene) -> str:
    """By whoever has the key: one that makes a count false."""
    index = scene.any_index("type = 'correction'")
    correction = Entry.decode(scene.row(index).body or b"")
    invented = Count("opt-in", "de", _a_notice(scene), "save", scene.chance.randrange(A_DAY, 2 * A_DAY))
    scene.put(index, msgspec.structs.replace(correction, counts=(invented,)))
    scene.sign(scene.specimen.key)
    return rf"entry \d+: the roll-up of {correction.closes} is not"


def remove_a_correction(scene: Scene) -> str:
    """By whoever has the key: the roll-up that it puts right is false again."""
    index = scene.any_index("type = 'correction'")
    correction = Entry.decode(scene.row(index).body or b"")
    other = Entry(id=correction.id, type="erasure", at=correction.at, erased=(0,))
    scene.put(index, other)
    scene.run("UPDATE entries SET type = 'erasure' WHERE \"index\" = ?", index)
    scene.sign(scene.specimen.key)
    return rf"entry \d+: (the roll-up of {correction.closes} is not|an entry says that it was erased)"


def hide_a_break(scene: Scene) -> str:
    index = scene.any_index("type = 'break'")
    scene.run("UPDATE entries SET type = 'decision' WHERE \"index\" = ?", index)
    return f"entry {index}: its body is not what its leaf commits to"


def edit_an_erasure(scene: Scene) -> str:
    index, forged, left_out = _shortened_erasure(scene)
    scene.put(index, forged)
    return f"entry ({index}|{left_out}):"


def forge_an_erasure(scene: Scene) -> str:
    """By whoever has the key."""
    index, forged, left_out = _shortened_erasure(scene)
    scene.put(index, forged)
    scene.sign(scene.specimen.key)
    return f"entry {left_out}: its body is missing, and no entry says"


def hide_an_erasure(scene: Scene) -> str:
    books = scene.ask("SELECT \"index\" FROM entries WHERE type IN ('erasure', 'purge')")
    hidden = scene.chance.choice(books)
    scene.run("UPDATE entries SET type = 'decision' WHERE \"index\" = ?", hidden)
    others = [_named(scene, index) for index in books if index != hidden]
    first = min(_named(scene, hidden).intersection(scene.ask(_ERASED)).difference(*others))
    return f"entry {first}: its body is missing, and no entry says"


def erase_in_secret(scene: Scene) -> str:
    index = scene.any_index("body IS NOT NULL")
    scene.run(
        'UPDATE entries SET at = NULL, subject = NULL, body = NULL, salt = NULL WHERE "index" = ?', index
    )
    return f"entry {index}: its body is missing, and no entry says"


def restore(scene: Scene) -> str:
    index = _restorable(scene)
    row = next(SQLiteView(scene.specimen.older).rows(index, index + 1))
    scene.run(
        'UPDATE entries SET at = ?, subject = ?, body = ?, salt = ? WHERE "index" = ?',
        row.at, row.subject, row.body, row.salt, index,
    )  # fmt: skip
    return f"entry {index}: it is there, although an entry says that it was erased"


def restore_a_part(scene: Scene) -> str:
    index = _restorable(scene)
    row = next(SQLiteView(scene.specimen.older).rows(index, index + 1))
    # An entry that says that another was not honoured has no subject.
    column = scene.chance.choice(["at", "salt", *(["subject"] if row.subject else [])])
    scene.run(f'UPDATE entries SET {column} = ? WHERE "index" = ?', getattr(row, column), index)
    return f"entry {index}: it was erased, and something of it is left"


def swap_a_column(scene: Scene) -> str:
    column = scene.chance.choice(["id", "subject", "at", "type"])
    indexes = scene.ask('SELECT "index" FROM entries WHERE body IS NOT NULL')
    values = dict(
        zip(indexes, scene.ask(f"SELECT {column} FROM entries WHERE body IS NOT NULL"), strict=True)
    )
    one = scene.chance.choice(indexes)
    other = scene.chance.choice([index for index in indexes if values[index] != values[one]])
    change = f'UPDATE entries SET {column} = ? WHERE "index" = ?'
    for index, value in ((one, "-"), (other, values[one]), (one, values[other])):
        scene.run(change, value, index)
    # A book that is filed as something else is missed where it speaks of others.
    books = [index for index in (one, other) if scene.ask(_IS_BOOK, index)]
    spoken = [min(_named(scene, index)) for index in books] if column == "type" else []
    return f"entry ({'|'.join(map(str, (one, other, *spoken)))}):"


def change_the_kind_of_a_value(scene: Scene) -> str:
    column = scene.chance.choice(["leaf", "body", "salt"])
    index = scene.any_index(f"{column} IS NOT NULL AND type = 'decision'")
    value = scene.chance.choice([17, "text", 1.5])
    scene.run(f'UPDATE entries SET {column} = ? WHERE "index" = ?', value, index)
    return f"entry {index}:"


def nest_a_body(scene: Scene) -> str:
    """Deeper than a decoder goes."""
    index = scene.any_index("body IS NOT NULL")
    scene.run('UPDATE entries SET body = ? WHERE "index" = ?', b'{"x":' + b"[" * 100_000, index)
    return f"entry {index}:"


def change_any_cell(scene: Scene) -> str:
    """Whatever the cell; but nothing vouches for the id of an erased entry any more."""
    table, column = scene.chance.choice(_CELLS)
    condition = "body IS NOT NULL" if (table, column) == ("entries", "id") else "1"
    if table in ("entries", "head", "notices", "assets"):
        chosen = f"rowid = {scene.chance.choice(scene.ask(f'SELECT rowid FROM {table} WHERE {condition}'))}"
    else:
        keys = _KEYS[table]
        row = scene.chance.choice(scene.specimen.database.execute(f"SELECT {keys} FROM {table}").fetchall())
        chosen = f"({keys}) = ({', '.join(map(repr, row))})"
    (value,) = scene.ask(f"SELECT {column} FROM {table} WHERE {chosen}")
    scene.run(f"UPDATE {table} SET {column} = ? WHERE {chosen}", _another(scene, value))
    return ""


def publish_too_late(scene: Scene) -> str:
    """By whoever has the key."""
    index = scene.any_index("type = 'decision' AND body IS NOT NULL")
    entry = Entry.decode(scene.row(index).body or b"")
    scene.put(index, msgspec.structs.replace(entry, notice=BUNDLE.hash))
    scene.sign(scene.specimen.key)
    return f"entry {index}: the notice it names was not published before it"


_CELLS = [
    *(("entries", column) for column in ('"index"', "id", "type", "at", "subject", "body", "salt", "leaf")),
    *(("tiles", column) for column in ("level", '"index"', "hashes")),
    *(("head", column) for column in ("size", "root", "checkpoint", "open_days")),
    *(("notices", column) for column in ("hash", "body")),
    *(("assets", column) for column in ("hash", "bytes")),
    *(("daily", column) for column in ("day", "regime", "locale", "notice", "action", "count", "told")),
]
_KEYS = {"tiles": 'level, "index"', "daily": "day, regime, locale, notice, action"}


def _another(scene: Scene, value: Any) -> Any:
    match value:
        case None:
            return scene.chance.choice(["x", b"x", 17])
        case int():
            return scene.chance.choice([value + 100_000, -1 - value])
        case bytes():
            return scene.chance.choice([scene.flipped(value), value[:-1], value + b"x"])
        case _:
            return scene.chance.choice([value + "x", value[:-1], "~" + value])


_IS_BOOK = "SELECT 1 FROM entries WHERE \"index\" = ? AND instr(body, 'erased') + instr(body, 'before') > 0"


def _a_notice(scene: Scene) -> str:
    return str(scene.chance.choice(scene.ask("SELECT hash FROM notices")))


def _published_at(scene: Scene, hash: str) -> int:
    return int(scene.ask('SELECT "index" FROM entries WHERE id = ?', hash)[0])


def _books_from(scene: Scene, index: int) -> str:
    """Return a pattern of the erasures and purges from an index on: they are read before all else."""
    query = "SELECT \"index\" FROM entries WHERE type IN ('erasure', 'purge') AND \"index\" >= ?"
    return "|".join(map(str, scene.ask(query, index))) or "none"


def _named(scene: Scene, index: int) -> set[int]:
    entry = Entry.decode(scene.row(index).body or b"")
    days = dict(
        scene.specimen.database.execute(
            "SELECT \"index\", json_extract(CAST(leaf AS TEXT), '$.day') FROM entries"
        )
    )
    return set(entry.erased or ()) | {
        one for one, day in days.items() if entry.before and day < entry.before and one < (entry.stop or 0)
    }


def _restorable(scene: Scene) -> int:
    there = {row.index for row in SQLiteView(scene.specimen.older).rows() if row.body is not None}
    return int(scene.chance.choice([index for index in scene.ask(_ERASED) if index in there]))


_ERASED = 'SELECT "index" FROM entries WHERE body IS NULL'


def _forged_rollup(scene: Scene) -> tuple[int, Entry]:
    index = scene.any_index(f"type = 'rollup' AND id <> '{scene.specimen.corrected}'")
    rollup = Entry.decode(scene.row(index).body or b"")
    counts = list(rollup.counts or ())
    place = scene.chance.randrange(len(counts))
    counts[place] = msgspec.structs.replace(
        counts[place], count=counts[place].count + scene.chance.choice([1, -1])
    )
    return index, msgspec.structs.replace(rollup, counts=tuple(sorted(counts)))


def _shortened_erasure(scene: Scene) -> tuple[int, Entry, int]:
    purged = _named(scene, scene.any_index("type = 'purge'"))
    index = scene.any_index("type = 'erasure'")
    erasure = Entry.decode(scene.row(index).body or b"")
    left_out = scene.chance.choice([one for one in erasure.erased or () if one not in purged])
    rest = tuple(one for one in erasure.erased or () if one != left_out)
    return index, msgspec.structs.replace(erasure, erased=rest), left_out


TAMPERINGS: Mapping[str, Tamper] = {
    tamper.__name__: tamper
    for tamper in (
        flip_body, flip_body_of_the_books, flip_salt, flip_leaf, flip_tile, flip_root, flip_checkpoint,
        remove_tile, lengthen_a_tile, add_a_tile, remove_the_signature,
        delete, delete_and_close_the_gap, insert, insert_at_the_end, insert_before_the_beginning,
        insert_and_rebuild, reorder, truncate, truncate_and_rebuild, replace_the_head, sign_with_another_key,
        edit_a_notice, remove_a_notice, edit_an_asset, remove_an_asset, edit_daily, move_daily,
        edit_open_days, edit_a_rollup, forge_a_rollup, forge_a_correction, remove_a_correction, hide_a_break,
        edit_an_erasure, forge_an_erasure, hide_an_erasure,
        erase_in_secret, restore, restore_a_part, swap_a_column, change_the_kind_of_a_value,
        nest_a_body, change_any_cell, publish_too_late,
    )
}  # fmt: skip
