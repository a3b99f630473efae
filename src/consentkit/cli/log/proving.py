"""``consentkit log checkpoint|proof|leaf|consistency``: what other programs verify, and not a byte more."""

from __future__ import annotations

from base64 import b64encode

import click

from consentkit.cli.log.opening import reading, with_log
from consentkit.cli.terminal import write_exactly
from consentkit.exceptions import LogError
from consentkit.log import LogReader, Recorded
from consentkit.tlog import consistency_proof

_INDEX = click.IntRange(min=0)


@click.command()
@with_log
def checkpoint(url: str) -> None:
    """Print the signed checkpoint, byte for byte (C2SP)."""
    with reading(url) as reader:
        write_exactly(signed_checkpoint(reader).encode())


@click.command()
@click.argument("index", type=_INDEX)
@with_log
def proof(index: int, url: str) -> None:
    """Print the proof that a leaf is in the log. As C2SP has it (tlog-proof)."""
    with reading(url) as reader:
        write_exactly(reader.proof(index).encode().encode())


@click.command()
@click.argument("index", type=_INDEX)
@with_log
def leaf(index: int, url: str) -> None:
    """Print the exact bytes of a leaf. No newline is added."""
    with reading(url) as reader:
        write_exactly(demand(reader, index).leaf)


@click.command()
@click.argument("old_size", type=_INDEX)
@click.option(
    "--to", "new_size", type=_INDEX, metavar="SIZE", help="The later size, by default the present one."
)
@with_log
def consistency(old_size: int, new_size: int | None, url: str) -> None:
    """Print the proof that the log only grew.

    The log of OLD_SIZE entries is the beginning of a later one.

    Hashes in base64, one a line (RFC 6962, section 2.1.2).
    """
    with reading(url) as reader:
        for hash in _consistency(reader, old_size, new_size):
            click.echo(b64encode(hash))


def signed_checkpoint(reader: LogReader) -> str:
    """Return the head's checkpoint; that it is not signed is an error."""
    signed = reader.head().checkpoint
    if signed is None:
        raise LogError("the log's checkpoints are not signed: it has no key")
    return signed


def demand(reader: LogReader, index: int) -> Recorded:
    """Return the entry with an index; that there is none is an error."""
    found = reader.at(index)
    if found is None:
        raise LogError(f"the log has no entry {index}: it has {reader.head().size}")
    return found


def _consistency(reader: LogReader, old: int, new: int | None) -> list[bytes]:
    if new is None:
        return reader.consistency(old)
    size = reader.head().size
    if new > size:
        raise LogError(f"the log has {size} entries, not {new}")
    return consistency_proof(old, new, reader.tile)
