"""`ConsentLog`, the interface of the log for the middleware and the command line."""

import atexit
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

from anyio import CancelScope
from msgspec.structs import replace

from consentkit.exceptions import ConfigurationError, LogCorrupt, LogError, LogUnavailable
from consentkit.log.counters import Observations
from consentkit.log.daily_counts import Tallies, audit
from consentkit.log.group_commit import COMMIT_SECONDS, GroupCommit
from consentkit.log.location import check_folder, log_path, open_store
from consentkit.log.operations import ERASED_AT_ONCE, Sign, correct, erase, new_id, purge, record, resign
from consentkit.log.outbox import FileOutbox, MemoryOutbox, Outbox, OutboxReport
from consentkit.log.process import Advance, Threads, silent
from consentkit.log.reader import LogReader, Recorded, signer_of
from consentkit.log.readiness import Remark, remarks_on
from consentkit.log.recovery import BATCH, Recovery, break_off, checker, copy, count_common, salvage
from consentkit.log.status import Status, read_verified_at
from consentkit.log.stores.sql import Store, Transaction, View
from consentkit.log.stores.values import Awaited, Head, Outcome, Row
from consentkit.record.entry import Bundle, Entry, Item
from consentkit.tlog.note import SigningKey, read_note, sign_note
from consentkit.tlog.tree import MAX_NUMBER

# Threads per event loop for reading, erasing and draining; as many more fill the outbox.
AT_ONCE = 4

DRAIN_SECONDS = 1.0
LOOK_SECONDS = 5.0
ERASE_SECONDS = 10.0
IN_FLIGHT_SECONDS = 60.0
"""How long after an erasure a choice with the visitor's id may still come in."""

LATEST = 200
"""Maximum entries of a history, so that long ones do not slow down the log."""

PURGE_ROWS = 10_000
"""Rows that one transaction of a purge looks at."""

T = TypeVar("T")

_logger = logging.getLogger("consentkit.log")


_in_use: "WeakSet[ConsentLog]" = WeakSet()


@atexit.register
def _finish_all() -> None:
    """Write counts at exit under servers without lifespan, such as daphne."""
    for log in list(_in_use):
        log.write_observations()


def _open_outbox(outbox: Path, log: Path | None) -> FileOutbox:
    check_folder(outbox, "outbox")
    if log is not None and outbox.absolute() == log.absolute():
        raise ConfigurationError("expected another file than the log's", path="outbox")
    return FileOutbox(outbox)


class ConsentLog(LogReader):
    """Appends decisions durably, publishes their notices, and reads both.

    Nothing is opened before the first use. A forked child opens its own handles.

    Attributes:
        observed: Counts that are not written yet; they are written with a later entry or observation.
    """

    def __init__(
        self,
        url: str | Path,
        *,
        key: str | Path | None = None,
        outbox: str | Path | None = None,
        seen: str | Path | None = None,
        store: Store | None = None,
    ) -> None:
        """Name a log.

        Args:
            url: A file's path, ``sqlite:///relative/path``, ``sqlite:////absolute/path`` or
                ``postgresql://user@host/database``, to which ``?schema=name`` may be added.
            key: Signs the checkpoints: the private key itself or the path of its file
                (``consentkit log key new`` makes one). By default a file beside a SQLite log, its name with
                ``.key`` after it, made when the log is; for PostgreSQL none, and nothing is signed.
            outbox: File in which refusals wait while the store is away. Without it they wait in memory,
                and a crash of this process loses those.
            seen: File for the highest checkpoint that this machine's processes have signed: a log that was
                rolled back takes nothing until a person recovers it. By default beside a SQLite log, its name
                with ``.seen`` after it; for PostgreSQL in memory only, which a restart forgets.
            store: Used instead of the store that the URL names: one of your own, or one that fails in a test.

        Raises:
            ConfigurationError: The URL is of a kind that is not supported, or the folder of the log or of
                the outbox cannot be written.
            MissingExtra: It names PostgreSQL, and the extra ``postgres`` is not installed.
        """
        path = log_path(url)
        if path is not None:
            check_folder(path, "log")
        elif key is None:
            _logger.warning("the log in PostgreSQL is not signed: it has no key (`consentkit log key new`)")
        self._path = path
        if path is None and seen is None:
            _logger.info("a restart forgets how far the log in PostgreSQL was: name a file with seen=")
        super().__init__(store or open_store(url, read_only=False), signer_of(url, key, seen))
        self._outbox: Outbox = MemoryOutbox() if outbox is None else _open_outbox(Path(outbox), path)
        self._group = GroupCommit(self._record)
        self._threads = Threads(AT_ONCE)
        # Separate threads: reads of a stalled store may occupy all others, and a refusal must not wait.
        self._outbox_threads = Threads(AT_ONCE)
        self.observed: Observations = Observations()
        self._tallies = Tallies()
        self._report = OutboxReport()
        self._refused = 0
        # Visitors who were erased just now: when (monotonic, and as it stands in the log).
        self._erased: dict[str, tuple[float, str]] = {}
        # The last day that an entry was recorded on, by this process.
        self._today = ""
        _in_use.add(self)

    async def append(self, entry: Entry, *, bundle: Bundle | None = None) -> int:
        """Append an entry durably. If the task is cancelled during the commit, it may still be written.

        Args:
            entry: The entry. Appending an id again changes nothing.
            bundle: The notice that the entry names, to be published before it if it is not in the log yet.

        Returns:
            The index of its leaf.

        Raises:
            LogUnavailable: The entry may or may not be in the log. Retry with the same id.
            LogError: The log does not take it: it names a notice that is not in the log.
        """
        try:
            index = await self._group.submit((entry,) if bundle is None else (bundle, entry))
        except LogError as error:
            self._refused += bool(entry.granted)
            if self._outbox.pending:
                self._report.wait(self._outbox, error)
            raise
        if self._outbox.pending:
            await self.resume()
        elif self._report.begun:  # another process has written it
            self._report.settle(self._outbox)
        if entry.subject in self._erased:
            with suppress(LogUnavailable):
                await self._threads.run(self._sweep, seconds=DRAIN_SECONDS)
        if self.observed.counts:
            await self._write_when_due(int(datetime.fromisoformat(entry.at).timestamp()))
        return index

    async def published(self, notice: str) -> bytes | None:
        """Return a published notice's canonical bytes, or None if it is not in the log.

        Args:
            notice: SHA-256 of the bytes, hex.

        Raises:
            LogUnavailable: The store is away.
        """
        return await self.read(lambda log: log.notice(notice))

    async def read(self, work: Callable[[LogReader], T], *, seconds: float = DRAIN_SECONDS) -> T:
        """Run a function that reads this log in a separate thread, and return its result.

        Args:
            work: The function; it gets the log.
            seconds: How long to wait.

        Raises:
            LogUnavailable: The store is away.
        """
        return await self._threads.run(lambda: work(self), seconds=seconds)

    async def history(self, subject: str) -> list[Recorded]:
        """Return a visitor's latest entries, at most `LATEST`, oldest first.

        Raises:
            LogUnavailable: The store is away.
        """
        return await self.read(lambda log: log.of_subject(subject, last=LATEST))

    async def erase(self, subject: str, *, at: str) -> int:
        """Erase a visitor's entries irreversibly. Return how many there were.

        The leaves stay, so that every proof is still valid; a new entry records which were erased.

        Args:
            subject: The visitor's id.
            at: Now, RFC 3339 in UTC.

        Raises:
            LogUnavailable: They may or may not be erased. Retrying is safe.
        """
        erased = 0
        with CancelScope(shield=True):
            erased = await self._threads.run(lambda: self.erase_now(subject, at=at), seconds=ERASE_SECONDS)
        return erased

    def erase_now(self, subject: str, *, at: str) -> int:
        """Do what `erase` does, without an event loop."""
        # Entries in the outbox, or being drained right now, may be this visitor's.
        self._drain(wait=True)
        self._erased[subject] = time.monotonic(), at
        self._count_open_days()
        erased = self._erase_all(subject, at=at)
        if erased:
            self._store.tidy(much=False)
        return erased

    def _sweep(self) -> None:
        """Erase what was decided before its visitor was erased, and came later or to another process."""
        for subject, (since, at) in list(self._erased.items()):
            if time.monotonic() - since > IN_FLIGHT_SECONDS:
                self._erased.pop(subject, None)
            with suppress(LogError):
                self._erase_all(subject, at=at, decided_until=at)

    def _erase_all(self, subject: str, *, at: str, decided_until: str = "9999") -> int:
        erased, more = 0, bool(self.of_subject(subject, last=1))
        while more:
            before, more = MAX_NUMBER, False
            # Looking up locks nothing; appends go between the transactions. Again, for what came meanwhile.
            while rows := self._rows_of(subject, before):
                before = rows[0].index
                if doomed := [row for row in rows if (row.at or "") <= decided_until]:
                    count = len(self._destroy(partial(erase, rows=doomed, at=at)))
                    erased, more = erased + count, more or count > 0
        return erased

    def _rows_of(self, subject: str, before: int) -> list[Row]:
        with self._store.snapshot() as view:
            return view.of_subject(subject, last=ERASED_AT_ONCE, before=before)

    def purge(self, before: str, *, at: str) -> Iterator[tuple[int, int]]:
        """Erase all decisions before a day, in many transactions. After an interruption call it again.

        Args:
            before: The day, ``YYYY-MM-DD``.
            at: Now, RFC 3339 in UTC.

        Yields:
            After each transaction, how many entries were checked in it, and how many were erased.

        Raises:
            LogUnavailable: The store is away.
        """
        size = self.head().size
        destroyed = 0
        self._count_open_days()
        for start in range(0, size, PURGE_ROWS):
            stop = min(start + PURGE_ROWS, size)
            # Many short transactions, so that appends can go in between.
            operation = partial(purge, before=before, start=start, stop=stop, at=at)
            destroyed += (count := len(self._destroy(operation)))
            yield stop - start, count
        if destroyed:
            self._store.tidy(much=True)

    def correct(self, reason: str, *, at: str) -> int:
        """Correct every roll-up that is not what the entries add up to, and the stored daily counts.

        Args:
            reason: Why they were wrong, in letters; it stands in the log.
            at: Now, RFC 3339 in UTC.

        Returns:
            How many corrections were appended.

        Raises:
            LogCorrupt: An entry that is counted is not what its leaf commits to.
        """
        with self._store.snapshot() as view:
            wrong, added = audit(view)
        return self._transact(partial(correct, wrong=wrong, added=added, reason=reason, at=at))

    def recover(self, other: LogReader, *, reason: str, at: str, progress: Advance = silent) -> Recovery:
        """Append what another copy of this log has and this one lacks. Stop the application before.

        What this machine has seen and neither copy has is given up (see `give_up_seen`).

        Args:
            other: The other copy, such as the old primary or a backup.
            reason: Why, in letters; it stands in the log if there is a break.
            at: Now, RFC 3339 in UTC.
            progress: Called with the number of entries done since it was last called.

        Raises:
            ConfigurationError: Other keys have signed the other copy, or none.
            LogError: The other copy has nothing that this one lacks, and the log was rolled back.
        """
        with self._store.snapshot() as here, other._store.snapshot() as there:
            ours, theirs, common = here.head(), there.head(), count_common(here, there)
            self._signer.demand_own(theirs, ours)
            if common == theirs.size:
                try:
                    self._signer.check_seen(here, ours)
                except LogCorrupt as error:
                    raise LogError(f"the other copy has nothing that this log lacks, and {error}") from error
                return Recovery()
            copied = self._copy(there, progress) if common == ours.size else 0
            branch = None if copied else salvage(here, there, common)
        if branch is None:
            return replace(self.give_up_seen(reason=reason, at=at), copied=copied)
        breaks = (self._break_off(ours, theirs, common=common, lost=branch.lost, reason=reason, at=at),)
        given_up = self.give_up_seen(reason=reason, at=at)
        for start in range(0, len(branch.items), BATCH):
            self._record(branch.items[start : start + BATCH])
            progress(BATCH)
        for subject in branch.erased:
            self.erase_now(subject, at=at)
        if branch.purged_before:
            deque(self.purge(branch.purged_before, at=at), maxlen=0)
        return Recovery(
            recorded=len(branch.items),
            lost=branch.lost,
            unknown=branch.unknown + given_up.unknown,
            breaks=breaks + given_up.breaks,
        )

    def give_up_seen(self, *, reason: str, at: str) -> Recovery:
        """Go on although the highest checkpoint that this machine has seen is not continued, and is gone.

        Arguments as of `recover`.
        """
        with self._store.snapshot() as view:
            head = view.head()
            try:
                self._signer.check_seen(view, head)
                return Recovery()
            except LogCorrupt:
                given_up = self.seen() or head
        common = min(head.size, given_up.size - 1)
        index = self._break_off(head, given_up, common=common, lost=(), reason=reason, at=at)
        return Recovery(breaks=(index,), unknown=given_up.size - common)

    def _copy(self, there: View, progress: Advance) -> int:
        """Append the rest of another copy as it is, and return how much; nothing if some of it is damaged."""
        with suppress(LogCorrupt):
            as_is = partial(copy, source=there, advance=progress, check=checker(there))
            return self._store.transact(as_is)
        return 0

    def _break_off(self, head: Head, given_up: Head, **fields: Any) -> int:
        """Append a break; what this machine has seen is given up with it, and not before."""
        state = f"{given_up.size} {given_up.root.hex()}"
        note = Entry(id=new_id(fields["at"]), type="break", given_up=state, **fields)
        return self._transact(partial(break_off, note=note), giving_up=note)

    def rotate(self, key: SigningKey) -> Head:
        """Sign the head with a new key and with the present one; return that head.

        The caller then keeps the new key where `key` names it: the next entry is signed with that.

        Raises:
            LogError: The log has no key, or one of another name.
        """
        keys = self.keys()
        if keys is None or keys.signing.name != key.name:
            raise LogError("a log's keys all have its origin as their name")

        def sign_twice(transaction: Transaction, *, sign: Sign) -> Head:
            def sign_with_both(view: View, before: Head, size: int, root: bytes) -> str:
                signed = sign(view, before, size, root)  # checks that the present key signed the head
                return sign_note(read_note(signed or "")[0], [keys.signing, key])

            return resign(transaction, sign=sign_with_both)

        return self._transact(sign_twice)

    def sign_now(self) -> Head:
        """Sign the head if it is not signed yet; return it.

        Raises:
            LogUnavailable: The key cannot be used.
        """
        return self._transact(resign)

    async def invalidate(self, entry: Entry, *, id: str, at: str) -> None:
        """Record that an entry with unknown outcome was not honoured, whether or not it is in the log.

        The note waits in the outbox until the store is back.

        Args:
            entry: What `append` raised ``LogUnavailable(unknown=True)`` for.
            id: A new id, UUIDv7.
            at: Now, RFC 3339 in UTC.
        """
        note = Entry(id=id, type="invalidated", at=at, subject=entry.subject, previous=entry.id)
        with CancelScope(shield=True):
            await self._keep((note,), LogUnavailable(f"entry {entry.id} was not honoured"))

    async def honour(self, entry: Entry, *, bundle: Bundle | None = None) -> int | None:
        """Append a refusal or withdrawal, which is valid even if the log fails.

        If the store cannot be reached, it waits in the outbox; if that fails too, an error is logged.
        Cancellation waits until it is in one of them.

        Returns:
            The index of its leaf, or None if it is not in the log yet.

        Raises:
            LogError: The log does not take it: it names a notice that is not in the log.
        """
        index = None
        with CancelScope(shield=True):
            try:
                index = await self.append(entry, bundle=bundle)
            except (LogUnavailable, LogCorrupt) as error:
                self._refused -= bool(entry.granted)  # it is honoured
                await self._keep((entry,) if bundle is None else (bundle, entry), error)
        return index

    async def observe(self, kind: str, keys: Iterable[str], *, now: int) -> None:
        """Add to today's counts. They are written every 30 seconds at most; a crash loses the rest.

        Args:
            kind: The kind of observation.
            keys: The keys to count.
            now: Epoch seconds.
        """
        self.observed.add(kind, keys, now=now)
        await self._write_when_due(now)

    def remarks(self) -> list[Remark]:
        """Check whether a decision could be recorded and signed. Creates and writes nothing.

        Returns:
            Errors, warnings and notes.
        """
        return list(remarks_on(self._store, self._signer, self._path))

    async def look(self) -> list[Remark]:
        """Do what `remarks` does in a thread, for seconds at most. Call it at start."""
        try:
            return await self._threads.run(self.remarks, seconds=LOOK_SECONDS)
        except LogUnavailable as error:
            return [Remark("error", "log", str(error))]

    async def resume(self) -> None:
        """Write the outbox to the store, for a short time only. Call it at start."""
        if self._outbox.pending:
            # After the timeout, draining continues in its thread.
            with suppress(LogUnavailable):
                await self._threads.run(self._drain_quietly, seconds=DRAIN_SECONDS)

    async def finish(self) -> None:
        """Write the counts, in a thread with a timeout. Call it while the event loop is still running."""
        with suppress(LogUnavailable):
            await self._threads.run(self.write_observations, seconds=COMMIT_SECONDS)

    def write_observations(self) -> None:
        """Write the counts. If the store cannot be reached, they stay in memory."""
        self._sweep()
        counts = self.observed.take()
        if not counts:
            return
        try:
            self._store.transact(lambda transaction: transaction.count(counts))
        except LogError as error:
            self.observed.restore(counts)
            _logger.warning("what was observed is not written yet: %s", error)

    def commit(self, batch: Sequence[Item]) -> list[int]:
        """Append items durably, in one transaction; return the indexes of their leaves.

        Raises:
            LogUnavailable: They may or may not be recorded. Retry with the same ids.
            LogError: The log rejects one of them. The others are recorded.
        """
        outcomes = self._record(batch)
        if self._outbox.pending:
            self._drain_quietly()
        for outcome in outcomes:
            if isinstance(outcome, LogError):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, int)]

    def publish(self, notice: str, body: bytes, assets: Mapping[str, bytes], *, at: str) -> int:
        """Publish a notice with its assets; return the index of its leaf. Idempotent.

        Args:
            notice: SHA-256 of `body`, hex.
            body: The notice's canonical bytes.
            assets: Its CSS and JavaScript by their SHA-256 in hex.
            at: Now, RFC 3339 in UTC.

        Raises:
            LogError: A hash is not that of its bytes, or as `commit`.
        """
        return self.commit([Bundle(hash=notice, body=body, assets=dict(assets), at=at)])[0]

    def close(self) -> None:
        """Write the counts, and close this process's handles. The outbox is not changed."""
        self.write_observations()
        super().close()

    def drain(self) -> int:
        """Write the outbox to the store; return how many items there were.

        Every append does this if the outbox is not empty; call it at start to do it at once.

        Raises:
            LogUnavailable: The store still cannot be reached; the outbox is not changed.
        """
        return self._drain()

    def status(self, saved: str | Path | None = None) -> Status:
        """Return the state of this log in this process, without asking the store.

        Args:
            saved: The file that ``consentkit log verify --save`` writes: its time is that of the last
                verification.
        """
        group = self._group
        return Status(
            waiting=self._outbox.depth(),
            stalled=group.stalled is not None and not group.stalled.ended,
            commits=group.commits,
            commit_seconds=group.seconds,
            slowest_commit=group.slowest,
            refused_grants=self._refused,
            verified_at=None if saved is None else read_verified_at(Path(saved)),
        )

    def _destroy(self, operation: Callable[..., list[int]]) -> list[int]:
        """Run an operation that returns the indexes that it erased; a second run would return none."""
        found: list[list[int]] = []

        def kept(transaction: Transaction, *, sign: Sign) -> list[int]:
            found.append(operation(transaction, sign=sign, tallies=self._tallies))
            return max(found, key=len)

        return self._transact(kept)

    def _record(self, batch: Sequence[Item], flight: Awaited | None = None) -> list[Outcome]:
        today = max(map(attrgetter("at"), batch), default="")[:10]
        if self._today and today > self._today:
            with suppress(LogError):
                self._count_open_days()
        outcomes = self._transact(partial(record, batch=batch, tallies=self._tallies, flight=flight))
        self._today = max(today, self._today)
        return outcomes

    def _count_open_days(self) -> None:
        """Count days that may get a roll-up, while others append: the transaction counts only what is new."""
        with self._store.snapshot() as view:
            for day in view.head().open_days:
                self._tallies.count(view, day)

    def _transact(self, operation: Callable[..., T], *, giving_up: Entry | None = None) -> T:
        """Run an operation in a transaction. What it signs counts as seen only once it is committed."""
        signed: list[Head] = []

        def sign(view: View, before: Head, size: int, root: bytes) -> str | None:
            note = self._signer.sign(view, before, size, root, giving_up=giving_up)
            signed.append(Head(size, root, note))
            return note

        outcome = self._store.transact(partial(operation, sign=sign))
        if signed:
            self._signer.seen.add(signed[-1], giving_up=giving_up)
        return outcome

    def _drain(self, *, wait: bool = False) -> int:
        count = self._outbox.drain(self._record, wait=wait)
        self._report.settle(self._outbox, written=count)
        return count

    def _drain_quietly(self) -> None:
        try:
            self._drain()
        except LogError as error:
            self._report.wait(self._outbox, error)

    async def _write_when_due(self, now: int) -> None:
        if self.observed.due(now):
            with suppress(LogUnavailable):
                await self._threads.run(self.write_observations, seconds=DRAIN_SECONDS)

    async def _keep(self, items: Sequence[Item], why: LogError) -> None:
        try:
            await self._outbox_threads.run(lambda: self._outbox.put(items), seconds=COMMIT_SECONDS)
            self._report.wait(self._outbox, why)
        except LogError as error:
            _logger.error("%s, and the outbox cannot take it: %s", why, error)
