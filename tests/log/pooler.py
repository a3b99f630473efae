"""A real PgBouncer in transaction mode, in front of a server of the tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from log.postgres import START_SECONDS, Server, unprivileged

HOW = "no PgBouncer: apt-get install pgbouncer (Debian)"


def find() -> str | None:
    """Return the program."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Pooler:
    """Lends few connections of a server to many clients, for one transaction each."""

    def __init__(self, program: str, server: Server) -> None:
        """Args: program: what `find` has found; server: a running one."""
        self._program = program
        self.folder = Path(tempfile.mkdtemp(prefix="consentkit-"))
        who = unprivileged()
        (self.folder / "users.txt").write_text('"owner" ""\n')
        (self.folder / "pgbouncer.ini").write_text(
            "[databases]\n"
            f"postgres = host={server.folder} user=owner\n"
            "[pgbouncer]\n"
            f"unix_socket_dir = {self.folder}\nlisten_port = 5432\nlisten_addr =\n"
            "pool_mode = transaction\ndefault_pool_size = 3\nauth_type = any\n"
            f"auth_file = {self.folder / 'users.txt'}\nlogfile = {self.folder / 'log'}\n"
        )
        if who is not None:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, who.pw_uid, who.pw_gid)
        self._who = who
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start, and wait until it lets connections in."""
        who = self._who
        self._process = subprocess.Popen(
            [self._program, "-q", str(self.folder / "pgbouncer.ini")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=who and who.pw_uid,
            group=who and who.pw_gid,
            extra_groups=[] if who else None,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "PgBouncer does not start"
            time.sleep(0.01)

    def stop(self) -> None:
        """Kill it: every connection breaks off."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(START_SECONDS)
            self._process = None
            (self.folder / ".s.PGSQL.5432").unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            psycopg.connect(host=str(self.folder), user="owner", dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True
