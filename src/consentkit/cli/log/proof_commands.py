"""``consentkit log verify|changes|verify-receipt|evidence|checkpoint|proof|leaf|consistency``."""

import os
from base64 import b64encode
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from consentkit.cli.log.operator_commands import timestamp
from consentkit.cli.log_options import (
    atomic_file,
    entry_filter,
    log_reader,
    plain_errors,
    read_file,
    takes_ids,
    with_key,
    with_log,
    with_seen,
)
from consentkit.cli.terminal import PROGRESS_FROM, one_line, progress, write_bytes
from consentkit.dashboard.evidence_pack import write_pack
from consentkit.exceptions import LogError, ProofInvalid
from consentkit.log import Head, LogReader
from consentkit.log.changes import Changes, describe_breaks
from consentkit.log.verify.spot_checks import known_keys
from consentkit.record.receipt import Verified
from consentkit.record.receipt import verify_receipt as check_receipt
from consentkit.tlog.note import Checkpoint, VerifierKey, open_checkpoint, open_note, read_checkpoint

_OWN_KEY_ONLY = (
    "holds by the receipt's own key ONLY, which whoever made the receipt may have made; "
    "name the log's with --vkey"
)
_VKEY_HELP = "A public key of the log, or a file with one a line. Repeat it for several."
_vkeys = click.option("--vkey", "vkeys", multiple=True, metavar="VKEY|FILE", help=_VKEY_HELP)
_file = click.Path(exists=True, dir_okay=False)
_index = click.IntRange(min=0)


@click.command()
@with_log
@with_key
@with_seen
@_vkeys
@click.option("--checkpoint", type=_file, metavar="FILE", help="The log must continue this saved checkpoint.")
@click.option("--since", type=_file, metavar="FILE", help="Check only what came after this saved checkpoint.")
@click.option("--save", metavar="FILE", help="Save the checkpoint there if all is well.")
def verify(
    url: str,
    key: str | None,
    seen: str | None,
    vkeys: tuple[str, ...],
    checkpoint: str | None,
    since: str | None,
    save: str | None,
) -> None:
    """Recompute the whole log and compare.

    Entries, tree, counts, notices and signature. The first contradiction is named, and the command
    ends with 1.
    """
    if checkpoint and since:
        raise click.UsageError("--checkpoint checks the whole log, --since what is new: name one of them")
    with log_reader(url, key, seen) as reader:
        keys = parse_keys(vkeys)
        if not keys and (own := reader.keys()):
            keys = own.accepted
        if save is not None:
            _signed_checkpoint(reader)  # nothing to save: said before the log is walked through
        saved = _read_saved(since or checkpoint, keys)
        start = saved if saved is not None and since is not None else None
        with progress("Verifying", reader.head().size - (start.size if start else 0)) as advance:
            head = reader.check(keys=keys, saved=saved, only_new=since is not None, progress=advance)
        if since is None:
            if head.size >= PROGRESS_FROM:
                click.echo("Checking what is found by id, visitor and day …", err=True)
            reader.check_indexes()
        changes = reader.changes(start or 0)
        given_up = None if saved is None else reader.check_continued(saved)
    lines = _describe_log(head, changes.gone, keys, saved, only_new=since is not None)
    if saved is not None:
        known = f"the saved checkpoint of {saved.size} entries"
        if given_up:
            known = f"not {known}, whose branch was given up: {given_up.reason}"
        lines.append(("continues", known))
    lines += _describe_oddities(changes)
    if keys and not vkeys:
        known = "from the key file itself; one that you have from elsewhere shows more (--vkey)"
        lines.append(("key", known))
    _print(lines)
    if save is not None:
        with atomic_file(save) as file:
            file.write(head.checkpoint or "")


@click.command(name="changes")
@with_log
@click.option("--since", type=_file, metavar="FILE", help="What came after this saved checkpoint.")
def show_changes(url: str, since: str | None) -> None:
    """Count what is new: entries by type, erasures, notices, and what is odd. Verifies nothing."""
    saved = _read_saved(since, ())
    with log_reader(url) as reader:
        changes = reader.changes(saved or 0)
    lines = [(kind, f"{count} new") for kind, count in changes.types.items()]
    lines.append(("erased", f"{changes.erased} entries of visitors who asked for it"))
    if changes.purged_before:
        lines.append(("purged", f"decisions from before {changes.purged_before}"))
    _print([*lines, *_describe_oddities(changes)])


@click.command(name="verify-receipt")
@click.argument("file", type=_file)
@_vkeys
def verify_receipt(file: str, vkeys: tuple[str, ...]) -> None:
    """Check a visitor's receipt, without the log."""
    with plain_errors():
        keys = parse_keys(vkeys)
        verified = check_receipt(Path(file).read_bytes(), keys)
    _print(_describe_receipt(verified))


@click.command()
@with_log
def checkpoint(url: str) -> None:
    """Print the signed checkpoint, byte for byte (C2SP)."""
    with log_reader(url) as reader:
        write_bytes(_signed_checkpoint(reader).encode())


@click.command(context_settings=takes_ids)
@with_log
@with_key
@click.option("--subject", metavar="ID", help="All entries of this visitor.")
@click.option("--entry", metavar="ID", help="One entry: its id or index.")
@click.option("--from", "since", default="", metavar="DAY", help="All entries from this day on.")
@click.option("--to", "until", default="", metavar="DAY", help="All entries up to this day.")
@click.option("--output", required=True, metavar="FILE.zip", help="Write to this file.")
def evidence(
    url: str, key: str | None, subject: str | None, entry: str | None, since: str, until: str, output: str
) -> None:
    """Write entries with their proofs and notices into one file.

    Others check it with Go, or with forty lines of Python, which are in it.
    """
    if [bool(subject), bool(entry), bool(since or until)].count(True) != 1:
        raise click.UsageError("name one of --subject, --entry, or days with --from and --to")
    with log_reader(url, key) as reader:
        _signed_checkpoint(reader)
        chosen = entry_filter({"subject": subject or ""}, since=since, until=until)
        found = list(filter(None, [reader.look_up(entry)])) if entry else list(reader.select(chosen))
        if not found:
            raise LogError("the log has no such entries")
        with atomic_file(output) as file, progress("Proving", len(found)) as advance:
            keys = known_keys(reader)
            write_pack(file.buffer, reader, found, vkeys=keys, at=timestamp(), advance=advance)
    click.echo(f"{len(found)} entries, with their notices and all proofs, are in {output}", err=True)


@click.command()
@click.argument("index", type=_index)
@with_log
def proof(index: int, url: str) -> None:
    """Print the proof that a leaf is in the log. As C2SP has it (tlog-proof)."""
    with log_reader(url) as reader:
        write_bytes(reader.proof(index).encode().encode())


@click.command()
@click.argument("index", type=_index)
@with_log
def leaf(index: int, url: str) -> None:
    """Print the exact bytes of a leaf. No newline is added."""
    with log_reader(url) as reader:
        found = reader.at(index)
        if found is None:
            raise LogError(f"the log has no entry {index}: it has {reader.head().size}")
        write_bytes(found.leaf)


@click.command()
@click.argument("old_size", type=_index)
@click.option(
    "--to", "new_size", type=_index, metavar="SIZE", help="The later size, by default the present one."
)
@with_log
def consistency(old_size: int, new_size: int | None, url: str) -> None:
    """Print the proof that the log only grew.

    The log of OLD_SIZE entries is the beginning of a later one.

    Hashes in base64, one a line (RFC 6962, section 2.1.2).
    """
    with log_reader(url) as reader:
        for hash in reader.consistency(old_size, new_size):
            click.echo(b64encode(hash))


def parse_keys(named: Sequence[str]) -> tuple[VerifierKey, ...]:
    """Parse public keys, each given as text or as the path of a file with one key a line.

    Raises:
        click.UsageError: One is no public key. The message does not repeat it.
    """
    keys: list[VerifierKey] = []
    for name in named:
        try:
            keys.append(VerifierKey.parse(name))
        except ProofInvalid as error:
            # What is no path at all, such as a key with a typing error, may be too long for one.
            if not os.path.isfile(name):
                problem = f"--vkey names neither a public key (name+id+base64) nor a file of them: {error}"
                raise click.UsageError(problem) from error
            keys += _keys_in(name)
    return tuple(dict.fromkeys(keys))


def _keys_in(path: str) -> list[VerifierKey]:
    lines = [line.strip() for line in read_file(path).splitlines() if line.strip()]
    try:
        return [VerifierKey.parse(line) for line in lines]
    except ProofInvalid as error:
        raise click.UsageError(f"a line of {path!r} is not a public key: {error}") from error


def _signed_checkpoint(reader: LogReader) -> str:
    """Return the head's checkpoint; raise LogError if it is not signed."""
    signed = reader.head().checkpoint
    if signed is None:
        raise LogError("the log's checkpoints are not signed: it has no key")
    return signed


def _read_saved(path: str | None, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    if path is None:
        return None
    note = read_file(path)
    try:
        saved = read_checkpoint(note)
    except ProofInvalid as error:
        raise click.UsageError(f"{path!r} is not a checkpoint: {error}") from error
    try:
        return open_checkpoint(note, keys) if keys else saved
    except ProofInvalid as error:
        raise click.ClickException(f"the saved checkpoint {path!r} does not hold: {error}") from error


def _describe_log(
    head: Head, erased: int, keys: Sequence[VerifierKey], saved: Checkpoint | None, *, only_new: bool
) -> list[tuple[str, str]]:
    origin = read_checkpoint(head.checkpoint).origin if head.checkpoint else "none: the log has no key"
    return [
        ("size", f"{head.size}"),
        ("root", head.root.hex()),
        ("origin", origin),
        ("signature", _describe_signature(head, keys)),
        ("erased", f"{erased} of the new entries" if only_new else f"{erased} entries"),
        ("verified", f"{head.size - saved.size} new entries" if saved and only_new else "all entries"),
    ]


def _describe_oddities(changes: Changes) -> list[tuple[str, str]]:
    """Describe breaks, and times that run against the index."""
    return [
        *([("breaks", f"{describe_breaks(changes.breaks)}, otherwise intact")] if changes.breaks else []),
        *([("times", changes.late_text)] if changes.late else []),
    ]


def _describe_signature(head: Head, keys: Sequence[VerifierKey]) -> str:
    if head.checkpoint is None:
        return "NOT CHECKED: the head is not signed"
    if find_spec("cryptography") is None:
        return 'NOT CHECKED: that needs pip install "consentkit[log]"'
    if not keys:
        return "NOT CHECKED: the log's public key is not here; name it with --vkey"
    text, signers = open_note(head.checkpoint, keys)
    origin = Checkpoint.decode(text).origin
    return "holds, by " + ", ".join(str(key) for key in keys if key in signers and key.name == origin)


def _describe_receipt(verified: Verified) -> list[tuple[str, str]]:
    head = verified.checkpoint
    signature = "holds, by a key that you named" if verified.independent else _OWN_KEY_ONLY
    statements = "what the entries and notices say"
    if not verified.compared:  # whoever wrote the rest of the file may have written anything
        statements = (
            f"NOT COMPARED: its vocabulary, {verified.vocabulary}, is not known here; "
            "believe the entries above and nothing else in the file"
        )
    return [
        ("receipt", f"{verified.id}, made {verified.created}"),
        *(("entry", f"{entry.id}, {entry.at}, {entry.action or entry.type}") for entry in verified.entries),
        *(("notice", hash) for hash in verified.notices),
        ("log", f"{head.origin}, {head.size} entries, root {head.root.hex()}"),
        ("signature", signature),
        ("stated", statements),
    ]


def _print(lines: Iterable[tuple[str, str]]) -> None:
    for name, text in lines:
        click.echo(f"{name:9}  {one_line(text)}")


COMMANDS = (verify, show_changes, verify_receipt, evidence, checkpoint, proof, leaf, consistency)
