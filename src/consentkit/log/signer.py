"""The log's keys: their file, and the signer of checkpoints.

A key file's first line is the private key, in the form of Go's ``sumdb/note``; each further line is the
public key (C2SP vkey) of an earlier one, still accepted. The key is never in the log's database: write access
to the database is not enough to sign.
"""

import logging
import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

from consentkit.exceptions import ConfigurationError, LogCorrupt, LogUnavailable, MissingExtra, ProofInvalid
from consentkit.log.process import new_file
from consentkit.log.seen import Seen, check_continued
from consentkit.log.stores.sql import View
from consentkit.log.stores.values import Head
from consentkit.record.entry import Entry
from consentkit.tlog.note import (
    PRIVATE,
    SigningKey,
    VerifierKey,
    open_checkpoint,
    read_checkpoint,
    sign_checkpoint,
)

_RANDOM = re.compile(r"consent-log/[0-9a-f]{16}")

_logger = logging.getLogger("consentkit.log")


class Keyring(msgspec.Struct, frozen=True, kw_only=True):
    """A log's keys.

    Attributes:
        signing: The key that signs.
        earlier: Public keys of those that signed before it, latest first.
    """

    signing: SigningKey
    earlier: tuple[VerifierKey, ...] = ()

    @property
    def accepted(self) -> tuple[VerifierKey, ...]:
        """The public keys of all of them."""
        return (self.signing.verifier, *self.earlier)

    def rotated(self, key: SigningKey) -> "Keyring":
        """Return the keyring in which `key` signs from now on."""
        return Keyring(signing=key, earlier=self.accepted)

    def __str__(self) -> str:
        return "".join(f"{key}\n" for key in (self.signing, *self.earlier))


def read_keyring(text: str) -> Keyring:
    """Read a key file's content.

    Raises:
        ProofInvalid: A line is not a key. No line is repeated in the message.
    """
    first, *others = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    return Keyring(signing=SigningKey.parse(first), earlier=tuple(VerifierKey.parse(line) for line in others))


def new_origin() -> str:
    """Return a random name for a log, since an origin must be unique (C2SP tlog-checkpoint)."""
    return f"consent-log/{secrets.token_hex(8)}"


def is_random(origin: str) -> bool:
    """Say whether a name is one of `new_origin`."""
    return _RANDOM.fullmatch(origin) is not None


def make_key_file(path: Path, keys: Keyring) -> bool:
    """Make a key file, readable by its owner only and complete from the first moment on.

    Returns:
        False if there is one already; it is left as it is.

    Raises:
        OSError: It cannot be written.
    """
    try:
        with new_file(path, put=os.link) as file:
            file.write(str(keys))
    except FileExistsError:
        return False
    return True


def replace_key_file(path: Path, keys: Keyring) -> None:
    """Put other keys into a key file, at once or not at all.

    Raises:
        OSError: It cannot be written.
    """
    with new_file(path) as file:
        file.write(str(keys))


class Signer:
    """Signs a log's checkpoints. Keys are read or created on first use.

    It signs only continuations of a head that the key has signed and of the highest that was seen, so a
    forged or rolled back head in the database is rejected.

    Attributes:
        path: The key's file, if it has one.
        seen: The highest checkpoint that was signed or checked.
    """

    def __init__(
        self, key: str | Path | None, *, default: Path | None = None, seen: Path | None = None
    ) -> None:
        """Name the key.

        Args:
            key: The private key itself, or the path of its file.
            default: Where `key` is None: the file, which is made when a new log needs it. Without it, and
                without the extra ``log``, checkpoints are not signed.
            seen: File for the highest checkpoint; None to keep it in memory only.
        """
        # Anything that contains a private key is not treated as a path: messages repeat paths.
        self._secret = key.strip() if isinstance(key, str) and PRIVATE in key else None
        self.path: Path | None = default if key is None else None if self._secret else Path(key)
        self._may_make = key is None
        self._has_warned = False
        self._keys: Keyring | None = None
        # Whether the keys were checked against the log's head; nothing is signed before that.
        self._continues, self._after = False, ""
        self.seen: Seen = Seen(seen)

    def keys(self) -> Keyring | None:
        """Return the keys; None where there are none (yet).

        Raises:
            ConfigurationError: What was named as a key is none, or cannot be read.
        """
        if self._keys is None:
            self._keys = self._load()
        return self._keys

    def keys_after(self, head: Head) -> Keyring | None:
        """Return the keys that sign what comes after a head; None where there are none (yet). Makes none.

        Raises:
            ConfigurationError: As `keys`; or those that signed the log so far are not there.
            LogCorrupt: The head is not what was signed.
        """
        # Always read again: the right key may have been restored meanwhile.
        keys = self._load()
        if head.checkpoint is None:
            return keys
        if keys is None:
            how = f"put {str(self.path)!r} back" if self.path else "name it"
            problem = f"the log is signed, and the key that signed it is not there: {how}"
            raise ConfigurationError(f'{problem} (signing needs the extra "log")', path="key")
        if not _is_signed(head.checkpoint, keys.accepted):
            how = "name the right one, or change keys with `consentkit log key rotate`"
            raise ConfigurationError(f"this key did not sign the log so far: {how}", path="key")
        _check_stated(head, head.checkpoint)
        return keys

    def demand_own(self, other: Head, ours: Head) -> None:
        """Check that another copy's head was signed by this log's keys, if this log is signed.

        Raises:
            ConfigurationError: It was signed by others, or not at all.
            LogCorrupt: It is not what was signed.
        """
        self.keys_after(other)
        if ours.checkpoint and other.size and not other.checkpoint:
            raise ConfigurationError("the other copy's head is not signed, and this log's is", path="log")

    def sign(
        self, view: View, before: Head, size: int, root: bytes, *, giving_up: Entry | None = None
    ) -> str | None:
        """Sign a checkpoint (see `consentkit.log.operations.Sign`).

        Once it is committed, give it to `seen`. With `giving_up`, a break that the transaction appends,
        `before` need not continue what was seen.

        Raises:
            LogUnavailable: There should be a key and it cannot be used, or it is not the one that signed
                the log so far.
            LogCorrupt: `before` is not what was signed, or does not continue what was seen: somebody has
                changed the database, or rolled it back.
        """
        try:
            seen = self.seen.head()
            # Fast path: the head is the one that this process signed last, and nobody has seen a higher one.
            known = seen is not None and self._continues and seen is self.seen.own
            if giving_up or not known or replace(before, open_days=()) != seen:
                self._check_own(view, before, is_given_up=giving_up is not None)
        except (ConfigurationError, OSError) as error:
            raise LogUnavailable(f"the log's key cannot be used: {error}") from error
        after = giving_up.id if giving_up else self._after
        self._continues = self._continues and giving_up is None  # the next head is looked at anew
        return None if self._keys is None else sign_checkpoint(size, root, [self._keys.signing], after=after)

    def check_seen(self, view: View, head: Head, keys: Sequence[VerifierKey] | None = None) -> Entry | None:
        """Check that a head continues the highest that was seen, if one of these keys has signed that.

        By default the log's own keys.

        Returns:
            The break that gives up what was seen; None without one.

        Raises:
            LogCorrupt: It does not: the log was rolled back.
        """
        seen = self.seen.head()
        if keys is None:
            keys = () if (own := self.keys()) is None else own.accepted
        # Of another log's checkpoint, or of a forged one, nothing follows.
        if seen is None or seen.checkpoint is None or not _is_signed(seen.checkpoint, keys):
            return None
        if head.checkpoint is None and head.size:
            raise LogCorrupt("the log was signed, and its head is not signed any more")
        return check_continued(view, head, read_checkpoint(seen.checkpoint))

    def _check_own(self, view: View, before: Head, *, is_given_up: bool) -> None:
        """Check that a head was signed by this log's key and continues the highest that was seen."""
        keys = self._keys if self._continues else self._settle_keys(before)
        if keys is None:
            return
        if before.checkpoint is not None:
            if not _is_signed(before.checkpoint, keys.accepted):
                # Another process may sign with a newer key already.
                keys = self._settle_keys(before) or keys
            _check_stated(before, before.checkpoint)
        self._after = read_checkpoint(before.checkpoint).after if before.checkpoint else ""
        # Never sign two trees of one size: that is a fork. After a break, this branch is the one to continue.
        if not is_given_up and (found := self.check_seen(view, before, keys.accepted)):
            self.seen.add(before, giving_up=found)

    def _settle_keys(self, before: Head) -> Keyring | None:
        """Read or make the keys that continue a head."""
        keys = self.keys_after(before)
        if keys is None and self._may_make and self.path is not None:
            keys = self._make(self.path)
        if keys is not None and before.size and before.checkpoint is None:
            _logger.warning("the log of %d entries was not signed so far; it is from now on", before.size)
        self._keys, self._continues = keys, keys is not None
        return keys

    def _load(self) -> Keyring | None:
        text = self._secret or self._read_file()
        if text is None:
            return None
        try:
            return read_keyring(text)
        except MissingExtra:
            if self._may_make:
                return None
            raise
        except ProofInvalid as error:
            which = "the key" if self.path is None else repr(str(self.path))
            raise ConfigurationError(f"{which} cannot be read as a key: {error}", path="key") from error

    def _read_file(self) -> str | None:
        if self.path is None:
            return None
        where = repr(str(self.path))
        try:
            return self.path.read_text("ascii")
        except FileNotFoundError as error:
            if self._may_make:
                return None
            how = "make one with `consentkit log key new`"
            raise ConfigurationError(f"there is no key at {where}: {how}", path="key") from error
        except OSError as error:
            raise ConfigurationError(f"cannot read {where}: {error.strerror}", path="key") from error
        except UnicodeDecodeError:
            # Not chained: the error repeats what it could not decode.
            raise ConfigurationError(f"{where} is not a key: it is not text", path="key") from None

    def _make(self, path: Path) -> Keyring | None:
        try:
            made = Keyring(signing=SigningKey.generate(new_origin()))
        except MissingExtra as error:
            if not self._has_warned:
                _logger.warning("the log is not signed: %s", error)
            self._has_warned = True
            return None
        # If several processes start at once, one makes the file and all use its key.
        return made if make_key_file(path, made) else self._load()


def _check_stated(head: Head, checkpoint: str) -> None:
    stated = read_checkpoint(checkpoint)
    if (stated.size, stated.root) != (head.size, head.root):
        raise LogCorrupt("the log's head is not the one that was signed: somebody has changed it")


def _is_signed(checkpoint: str, accepted: Sequence[VerifierKey]) -> bool:
    with suppress(ProofInvalid):
        open_checkpoint(checkpoint, accepted)
        return True
    return False
