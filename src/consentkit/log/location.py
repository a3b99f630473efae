"""A log's URL: chooses the store (SQLite or PostgreSQL), and checks that its files can be created."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from consentkit.exceptions import ConfigurationError, MissingExtra
from consentkit.log.stores.sql import Store
from consentkit.tlog.note import PRIVATE

# The first bytes of every SQLite file (sqlite.org, "Database File Format").
_SQLITE = b"SQLite format 3\0"


def log_path(url: str | Path) -> Path | None:
    """Return the file that a log's URL names; None if it names a PostgreSQL database.

    Raises:
        ConfigurationError: The URL is of a kind that is not supported. It is not repeated: it may hold a
            password.
    """
    scheme, separator, rest = str(url).partition("://")
    if isinstance(url, Path) or not separator:
        return Path(url)
    if scheme in ("postgresql", "postgres"):
        return None
    if scheme != "sqlite" or len(rest) < 2 or not rest.startswith("/"):
        raise ConfigurationError("expected a path, sqlite:///path or postgresql://…", path="log")
    return Path(unquote(rest[1:]))


def key_path(path: Path) -> Path:
    """Return where the key of a SQLite log is, unless one is named."""
    return path.with_name(path.name + ".key")


def seen_path(path: Path) -> Path:
    """Return where the highest checkpoint of a SQLite log is kept, unless another file is named."""
    return path.with_name(path.name + ".seen")


def open_store(url: str | Path, *, read_only: bool) -> Store:
    """Create the store for a URL. Its library is imported here, to keep other imports fast.

    Raises:
        ConfigurationError: The URL is of a kind that is not supported.
        MissingExtra: It names PostgreSQL, and the extra ``postgres`` is not installed.
    """
    path = log_path(url)
    if path is not None:
        from consentkit.log.stores.sqlite import SQLiteStore

        return SQLiteStore(path, read_only=read_only)
    try:
        from consentkit.log.stores.postgres import PostgresStore
    except ImportError as error:
        raise MissingExtra("a log in PostgreSQL", extra="postgres") from error
    return PostgresStore(str(url), read_only=read_only)


def check_folder(path: Path, key: str) -> None:
    """Raise ConfigurationError unless a file can be made at `path`; `key` names what was configured."""
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = stat.S_IFREG
    except (OSError, ValueError) as error:  # too long, links in a circle, with a NUL
        problem = f"{str(path)!r} cannot be a file: {getattr(error, 'strerror', error)}"
        raise ConfigurationError(problem, path=key) from error
    folder = Path(os.path.realpath(path)).parent
    where = repr(str(folder))
    if stat.S_ISDIR(mode):
        problem = f"expected a file, and {str(path)!r} is a folder: name a file in it"
    elif not stat.S_ISREG(mode):
        problem = f"expected a file, and {str(path)!r} is something else, such as a device or a pipe"
    elif not folder.exists():
        problem = f"the folder {where} is missing: make it (`mkdir -p {folder}`), or name another file"
    elif not folder.is_dir():
        problem = f"expected a file in a folder, and {where} is a file"
    elif not os.access(folder, os.W_OK | os.X_OK):
        problem = f"the folder {where} cannot be written by the user that runs this: give it to that user"
    else:
        return
    raise ConfigurationError(problem, path=key)


def read_kind(path: Path) -> str:
    """Return what a file is that must not be replaced by mistake: a database or a key; else an empty text."""
    start = b""
    with suppress(FileNotFoundError), path.open("rb") as file:
        start = file.read(len(_SQLITE))
    return "a database" if start == _SQLITE else "a private key" if start.startswith(PRIVATE.encode()) else ""


def check_backup(path: Path) -> None:
    """Raise ConfigurationError unless the file at `path` is a backup, which another one may replace."""
    if read_kind(path) != "a database":
        problem = f"the file at {str(path)!r} is no backup; it is left as it is"
        raise ConfigurationError(problem, path="backup")
    if path.with_name(f"{path.name}-wal").exists():
        raise ConfigurationError(f"the log at {str(path)!r} is in use; it is left as it is", path="backup")


def check_file(path: Path) -> None:
    """Raise ConfigurationError unless there is a file at `path`."""
    if not path.is_file():
        problem = f"there is no log at {str(path)!r}: name that of the application"
        raise ConfigurationError(f"{problem}, which makes it with its first decision", path="log")
