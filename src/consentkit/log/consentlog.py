"""ConsentLog: what the middleware and the command line hold in their hands."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from anyio import CancelScope

from consentkit.exceptions import LogCorrupt, LogError, LogUnavailable
from consentkit.log.entry import Bundle, Entry, Item
from consentkit.log.group import COMMIT_SECONDS, GroupCommit
from consentkit.log.location import demand_folder, log_path
from consentkit.log.observations import Observations
from consentkit.log.outbox import FileOutbox, MemoryOutbox, Outbox
from consentkit.log.reader import LogReader, sqlite_store
from consentkit.log.store import Outcome
from consentkit.log.threads import Threads

# Threads, for each event loop, that look up notices, drain and fill the outbox.
AT_ONCE = 4

DRAIN_SECONDS = 1.0

_logger = logging.getLogger("consentkit.log")


class ConsentLog(LogReader):
    """Appends decisions durably, publishes the notices they name, and reads both back.

    Nothing is opened before the first use, and nothing that is open is used in a forked child.
    """

    def __init__(self, url: str | Path, *, outbox: str | Path | None = None) -> None:
        """Name a log.

        Args:
            url: A file's path, ``sqlite:///relative/path`` or ``sqlite:////absolute/path``.
            outbox: File in which refusals wait while the store is away. Without it they wait in memory,
                and a crash of this process loses those.

        Raises:
            ConfigurationError: The URL is of a kind that is not supported, or the folder of the log or of
                the outbox cannot be written.
        """
        path = log_path(url)
        demand_folder(path, "log")
        super().__init__(sqlite_store(path, read_only=False))
        self._outbox: Outbox = MemoryOutbox()
        if outbox is not None:
            demand_folder(Path(outbox), "outbox")
            self._outbox = FileOutbox(Path(outbox))
        self._group = GroupCommit(self._record)
        self._threads = Threads(AT_ONCE)
        self._observations = Observations()

    async def append(self, entry: Entry, *, bundle: Bundle | None = None) -> int:
        """Append an entry durably, together with those of other tasks.

        Cancelling the caller does not undo a commit under way.

        Args:
            entry: What to append. Appending an id again changes nothing.
            bundle: The notice that the entry names, to be published before it if it is not in the log yet.

        Returns:
            The index of its leaf.

        Raises:
            LogUnavailable: It is not known to be recorded; appending it again is safe.
            LogError: The log does not take it: it names a notice that is not in the log.
        """
        index = await self._group.submit(_items(entry, bundle))
        if self._outbox.pending():
            await self._drain_for_a_moment()
        return index

    async def published(self, notice: str) -> bytes | None:
        """Return a published notice's canonical bytes, or None where the log does not have it.

        Args:
            notice: SHA-256 of the bytes, hex.

        Raises:
            LogUnavailable: The store is away.
        """
        return await self._threads.run(lambda: self.notice(notice), seconds=DRAIN_SECONDS)

    async def invalidate(self, entry: Entry, *, id: str, at: str) -> None:
        """Note that an entry whose outcome is not known was not honoured, whether or not it is in the log.

        The note waits in the outbox until the store is back.

        Args:
            entry: What `append` raised ``LogUnavailable(unknown=True)`` for.
            id: A new id, UUIDv7.
            at: Now, RFC 3339 in UTC.
        """
        note = Entry(id=id, type="invalidated", at=at, previous=entry.id)
        with CancelScope(shield=True):
            await self._keep((note,), LogUnavailable(f"entry {entry.id} was not honoured"))

    async def honour(self, entry: Entry, *, bundle: Bundle | None = None) -> int | None:
        """Append a refusal or withdrawal, which holds whatever the log does.

        Where the store cannot take it, it waits in the outbox; where that cannot either, an error is
        logged. Cancellation waits until it is in one of them.

        Returns:
            The index of its leaf, or None where it is not in the log yet.

        Raises:
            LogError: The log does not take it: it names a notice that is not in the log.
        """
        index = None
        with CancelScope(shield=True):
            try:
                index = await self.append(entry, bundle=bundle)
            except (LogUnavailable, LogCorrupt) as error:
                await self._keep(_items(entry, bundle), error)
        return index

    async def observe(self, kind: str, keys: Iterable[str], *, now: int) -> None:
        """Count what was seen today. Counts are written now and then; a crash loses those of half a minute.

        Args:
            kind: What sort of thing was seen.
            keys: What was seen.
            now: Epoch seconds.
        """
        self._observations.add(datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d"), kind, keys)
        if self._observations.due(now):
            with suppress(LogUnavailable):
                await self._threads.run(self.write_observations, seconds=DRAIN_SECONDS)

    def write_observations(self) -> None:
        """Write what was counted. While the store is away it waits on."""
        counts = self._observations.take()
        if not counts:
            return
        try:
            self._store.observe(counts)
        except LogError as error:
            self._observations.restore(counts)
            _logger.warning("what was observed is not written yet: %s", error)

    def commit(self, batch: Sequence[Item]) -> list[int]:
        """Append items durably, in one transaction; return the indexes of their leaves.

        Raises:
            LogUnavailable: They are not known to be recorded; committing them again is safe.
            LogError: The log does not take one of them. The others are recorded.
        """
        outcomes = self._record(batch)
        if self._outbox.pending():
            self._drain_quietly()
        for outcome in outcomes:
            if isinstance(outcome, LogError):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, int)]

    def publish(self, notice: str, body: bytes, assets: Mapping[str, bytes], *, at: str) -> int:
        """Put a notice and what it shows into the log; return the index of its leaf. Twice changes nothing.

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
        """Write what was observed, and close this process's handles; the outbox keeps what it has."""
        self.write_observations()
        super().close()

    def drain(self) -> int:
        """Hand what waits in the outbox to the store; return how many items that were.

        Every append does this when something waits; call it at start to do so at once.

        Raises:
            LogUnavailable: The store is away still; everything waits on.
        """
        return self._outbox.drain(self._record)

    def _record(self, batch: Sequence[Item]) -> list[Outcome]:
        return self._store.commit(batch)

    def _drain_quietly(self) -> None:
        try:
            self.drain()
        except LogError as error:
            _logger.warning("what waits in the outbox waits on: %s", error)

    async def _drain_for_a_moment(self) -> None:
        """Drain; a long outbox is drained on while the caller goes its way."""
        with suppress(LogUnavailable):
            await self._threads.run(self._drain_quietly, seconds=DRAIN_SECONDS)

    async def _keep(self, items: Sequence[Item], why: LogError) -> None:
        try:
            await self._threads.run(lambda: self._outbox.put(items), seconds=COMMIT_SECONDS)
        except LogError as error:
            _logger.error("%s, and the outbox cannot take it: %s", why, error)


def _items(entry: Entry, bundle: Bundle | None) -> tuple[Item, ...]:
    return (entry,) if bundle is None else (bundle, entry)
