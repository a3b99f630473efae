"""One thing that was looked at, and the signature of a checkpoint, which is looked at in several places."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from consentkit.exceptions import ConfigurationError, MissingExtra, ProofInvalid
from consentkit.log import LogReader
from consentkit.tlog import VerifierKey, open_checkpoint


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        title: What it was.
        holds: Whether it holds; ``None`` where it cannot be looked at.
        text: What was found, in a sentence.
    """

    title: str
    holds: bool | None
    text: str


def known_keys(reader: LogReader) -> tuple[VerifierKey, ...]:
    """Return the public keys by which the log's checkpoints are known here; none where that is not known."""
    try:
        keys = reader.keys()
    except ConfigurationError:
        return ()
    return () if keys is None else keys.accepted


def check_signature(checkpoint: str | None, keys: Sequence[VerifierKey]) -> Check:
    """Check who signed a checkpoint.

    Args:
        checkpoint: The signed note; ``None`` where there is none.
        keys: The log's public keys; none where they are not known.
    """
    title = "The checkpoint is signed with the log's key"
    if checkpoint is None:
        return Check(title=title, holds=None, text="The checkpoints of this log are not signed.")
    if not keys:
        return Check(title=title, holds=None, text="The log's public key is not known here.")
    try:
        opened = open_checkpoint(checkpoint, keys)
    except MissingExtra as error:
        return Check(title=title, holds=None, text=f"{error}.")
    except ProofInvalid as error:
        return Check(title=title, holds=False, text=f"{error}.")
    return Check(title=title, holds=True, text=f"The signature of {opened.origin} holds.")


def said(holds: bool, text: str) -> str:
    """Return what was found, or that the contrary was."""
    return text if holds else f"This does not hold: {text[0].lower()}{text[1:]}"
