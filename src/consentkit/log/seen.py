"""The highest checkpoint seen, which a log's head must continue; kept in a file for restarts and workers.

The tiles prove the continuation: sizes alone would let through a log that was rolled back and has grown
again. A signed ``break`` entry, which ``consentkit log recover`` writes, gives a branch up.
"""

import logging
import time
from contextlib import nullcontext, suppress
from pathlib import Path

from consentkit.exceptions import LogCorrupt, LogUnavailable, ProofInvalid
from consentkit.log.process import file_lock, new_file
from consentkit.log.stores.sql import View
from consentkit.log.stores.values import Head
from consentkit.record.entry import Entry
from consentkit.tlog.note import Checkpoint, read_checkpoint
from consentkit.tlog.proofs import check_consistency, consistency_proof

SYNC_SECONDS = 1.0
"""Minimum time between two waits until the file is on disk."""

_logger = logging.getLogger("consentkit.log")


class Seen:
    """The highest checkpoint that was signed or checked: by this process and, with a file, by its machine.

    Attributes:
        path: The file.
        own: The head that this process has signed and committed last.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Args: path: the file, made with the first checkpoint; None to keep it in memory only."""
        self.path: Path | None = path
        self.own: Head | None = None
        self._synced = 0.0
        self._has_warned = False

    def head(self) -> Head | None:
        """Return the highest head: `own`, or **unverified** what the file has; None if there is none."""
        own, text = self.own, None
        try:
            text = None if self.path is None else self.path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            pass
        except OSError as error:
            problem = f"cannot read {str(self.path)!r}, which has the checkpoint seen last: {error.strerror}"
            raise LogUnavailable(problem) from error
        if text is None or (own is not None and text == own.checkpoint):
            return own
        kept = _parse(text)
        if kept is None:
            self._warn(f"{str(self.path)!r} has no checkpoint: what it had is not held against the log")
        return own if kept is None or (own is not None and own.size >= kept.size) else kept

    def add(self, head: Head, *, giving_up: Entry | None = None) -> None:
        """Keep a head that was signed and committed if it is the highest, or if a break gives up what is.

        A file that cannot be written is logged.
        """
        if head.checkpoint is None:
            return
        path = self.path
        lock = nullcontext(True) if path is None else file_lock(path.with_name(f"{path.name}.lock"))
        try:
            with lock:
                highest = self.head()
                # A branch that was given up may have been longer than the one that goes on.
                is_higher = highest is None or head.size > highest.size
                if giving_up and highest:
                    is_higher = giving_up.gives_up(highest.size, highest.root)
                if is_higher:
                    self.own = head
                    self._write(head.checkpoint)
        except OSError as error:
            self._warn(f"{str(path)!r} cannot be written: {error.strerror}; a restart forgets it")

    def _write(self, checkpoint: str) -> None:
        if self.path is not None:
            is_due = time.monotonic() - self._synced >= SYNC_SECONDS
            with new_file(self.path, sync=is_due) as file:
                file.write(checkpoint)
            self._synced = time.monotonic() if is_due else self._synced

    def _warn(self, problem: str) -> None:
        if not self._has_warned:
            _logger.warning("the checkpoint seen last: %s", problem)
        self._has_warned = True


def _parse(text: str) -> Head | None:
    with suppress(ProofInvalid):
        stated = read_checkpoint(text)
        return Head(stated.size, stated.root, text)
    return None


def check_continued(view: View, head: Head, seen: Checkpoint) -> Entry | None:
    """Check that a head continues a checkpoint that was seen, by the view's tiles.

    Returns:
        The break that gives `seen` up; None if it is continued.

    Raises:
        LogCorrupt: It is neither.
    """
    with suppress(ProofInvalid):
        if seen.size <= head.size:
            proof = consistency_proof(seen.size, head.size, view.tile)
            check_consistency(seen.size, head.size, proof, seen.root, head.root)
            return None
    if found := find_break(view, seen):
        return found
    what = "it was rolled back" if head.size < seen.size else "history was rewritten or it was rolled back"
    problem = f"the log had {seen.size} entries and has {head.size}: {what}"
    raise LogCorrupt(f"{problem} (see `consentkit log recover`)")


def find_break(view: View, seen: Checkpoint) -> Entry | None:
    """Return the break that gives up a checkpoint's branch; None without one."""
    breaks = [Entry.decode(row.body or b"{}") for row in view.of_type("break")]
    ids = [entry.id for entry in breaks]
    # What was signed after a break of this log is no part of the branch that it gives up, whatever its size.
    later = breaks[ids.index(seen.after) + 1 :] if seen.after in ids else breaks
    return next((entry for entry in later if entry.gives_up(seen.size, seen.root)), None)
