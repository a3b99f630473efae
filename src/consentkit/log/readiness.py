"""Checks, before the first decision, that the log can record it. Creates, migrates and writes nothing."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

import msgspec

from consentkit.exceptions import ConfigurationError, LogCorrupt, LogError, LogMissing
from consentkit.log.signer import Signer, is_random
from consentkit.log.stores.sql import Store
from consentkit.log.stores.values import Head

_OTHERS: Final = 0o077
_HELD: Final = "another program holds it, such as a shell of SQLite or a copy being made: end that"
_NOT_OURS: Final = "the user that runs this may not write to it, or not to its folder: give both to that user"
_ELSEWHERE: Final = "name another place, or bring the log back from a copy"
# Patterns in the messages of SQLite and PostgreSQL, and what to do.
_ADVICE: Final = (
    (re.compile(r"is locked|lock timeout"), _HELD),
    (re.compile(r"readonly|unable to open|permission denied|read-only", re.I), _NOT_OURS),
    (re.compile(r"schema version"), "a newer consentkit has written it: install that version"),
    (re.compile(r"cannot be reached"), "start the server, or put its address right"),
    (re.compile(r"password|role|no pg_hba"), "put user and password right"),
    (re.compile(r"database .* does not exist"), "make the database"),
)


class Remark(msgspec.Struct, frozen=True):
    """One finding of the check.

    Attributes:
        level: ``error``: grants would be rejected. ``warning``: should be fixed. ``note``: information.
        about: ``log`` or ``key``.
        text: The finding, and what to do.
    """

    level: Literal["error", "warning", "note"]
    about: Literal["log", "key"]
    text: str


def remarks_on(store: Store, signer: Signer, path: Path | None) -> Iterator[Remark]:
    """Open a log and its key as a decision would, and yield the findings.

    Args:
        store: Where the log is kept.
        signer: What signs it.
        path: The log's file; None where it is none.
    """
    try:
        head = store.rehearse()
    except LogMissing as error:
        head = Head(size=0, root=b"")
        yield Remark("note", "log", f"{error}; it is made with the first decision")
    except LogError as error:
        yield Remark("error", "log", f"{error}; {_advice(error)}")
        return
    else:
        if head is None:
            text = "its tables are of an older version; the first decision brings them up to date"
            yield Remark("warning", "log", text)
            return
        yield Remark("note", "log", f"it has {head.size} entries and takes more")
    yield from _remarks_on_key(store, signer, head, path)


def _advice(error: LogError) -> str:
    found = next((advice for pattern, advice in _ADVICE if pattern.search(str(error))), None)
    return found or (_ELSEWHERE if isinstance(error, LogCorrupt) else "see the server's own log")


def _remarks_on_key(store: Store, signer: Signer, head: Head, path: Path | None) -> Iterator[Remark]:
    try:
        keys = signer.keys_after(head)
        if keys is not None and head.size:
            with store.snapshot() as view:
                signer.check_seen(view, view.head(), keys.accepted)
    except (ConfigurationError, LogError, OSError) as error:
        problem = error.problem if isinstance(error, ConfigurationError) else error
        yield Remark("error", "key", f"no decision can be signed: {problem}")
        return
    if keys is None:
        yield Remark("warning", "key", _unsigned(signer, path))
        return
    yield Remark("note", "key", f"it signs as {keys.signing.name}")
    if signer.path is not None and signer.path.stat().st_mode & _OTHERS:
        yield Remark("warning", "key", f"others on this machine may read {str(signer.path)!r}: chmod 600 it")
    if is_random(keys.signing.name):
        yield _random_name(signer, keys.signing.name, head)


def _unsigned(signer: Signer, path: Path | None) -> str:
    if find_spec("cryptography") is None:
        return 'the log is not signed: pip install "consentkit[log]"'
    if signer.path is None:
        return "the log is not signed: it has no key (`consentkit log key new --key FILE`)"
    make = f"`consentkit log key new --log {path} --origin www.example.org/consent`"
    return f"there is none. The first decision makes one, with a made-up name for good; to name it: {make}"


def _random_name(signer: Signer, name: str, head: Head) -> Remark:
    text = f"nobody has named the log: {name} was made up"
    if head.size or head.checkpoint is not None:
        return Remark("note", "key", f"{text}, and stays. A new log can have another name")
    where = f"remove {str(signer.path)!r}" if signer.path else "leave this key"
    how = f"While it is empty, {where} and make another key (`consentkit log key new --origin NAME`)"
    return Remark("warning", "key", f"{text}. {how}")
