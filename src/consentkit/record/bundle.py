"""Bundle: a notice as the log keeps it, with the files that it names."""

from __future__ import annotations

from hashlib import sha256
from typing import TypeAlias

import msgspec

from consentkit.exceptions import LogError
from consentkit.record.entry import Entry


class Bundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A notice with everything that was shown: its canonical bytes and its assets.

    Args:
        hash: SHA-256 of `body`, hex.
        body: The notice's canonical bytes.
        assets: The CSS and JavaScript that it names, by their SHA-256 in hex.
        at: When it was published, RFC 3339 in UTC with a final ``Z``.

    Raises:
        LogError: A hash is not that of its bytes, or the time is none.
    """

    hash: str
    body: bytes
    assets: dict[str, bytes] = {}
    at: str

    def __post_init__(self) -> None:
        for name, content in {**self.assets, self.hash: self.body}.items():
            if sha256(content).hexdigest() != name:
                raise LogError(f"a notice or its asset does not have the hash {name!r}")
        self.entry()

    @property
    def id(self) -> str:
        """The id of the notice's entry: its hash."""
        return self.hash

    def entry(self) -> Entry:
        """Return the log's entry that publishes this notice."""
        return Entry(id=self.hash, type="notice", at=self.at, notice=self.hash)


Item: TypeAlias = Entry | Bundle
"""What a log takes: an entry, or a notice to publish."""
