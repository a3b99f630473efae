"""Reading the log for a page: in threads of the app's own, under a deadline, never in the event loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from consentkit.exceptions import ConfigurationError, LogMissing
from consentkit.log import LogReader, open_log
from consentkit.log.location import log_path
from consentkit.log.process import Threads

T = TypeVar("T")

AT_ONCE: Final = 4
"""Threads that read, for each event loop."""
SECONDS: Final = 10.0
"""How long a page waits for the log."""


class Reading:
    """Reads one log.

    Args:
        log: Its URL or path, opened for reading only when the first page is asked for; or a reader.

    Raises:
        ConfigurationError: The URL is of a kind that is not supported.
    """

    def __init__(self, log: LogReader | str | Path) -> None:
        if not isinstance(log, (LogReader, str, Path)):
            raise ConfigurationError("expected a path, a URL, or a LogReader", path="dashboard.log")
        self._log = log
        if not isinstance(log, LogReader):
            log_path(log)
        self._threads = Threads(AT_ONCE)

    async def read(self, work: Callable[[LogReader], T]) -> T:
        """Have a thread do what reads.

        Raises:
            LogUnavailable: The log is away, or took too long.
            LogMissing: It is not there yet.
            LogCorrupt: What is stored contradicts itself.
        """
        return await self._threads.run(lambda: work(self._reader()), seconds=SECONDS)

    def _reader(self) -> LogReader:
        if isinstance(self._log, LogReader):
            return self._log
        try:
            self._log = open_log(self._log)
        except ConfigurationError as error:
            raise LogMissing(f"the log cannot be opened: {error.problem}") from error
        return self._log
