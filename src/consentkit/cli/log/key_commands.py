"""``consentkit log key``: makes, shows and changes the key that signs a log. Never prints a secret."""

from contextlib import suppress
from pathlib import Path

import click

from consentkit.cli.log_options import (
    log_option,
    log_reader,
    log_writer,
    plain_errors,
    with_key,
    with_log,
    write_errors,
)
from consentkit.cli.terminal import write_bytes
from consentkit.exceptions import LogError, ProofInvalid
from consentkit.log import Head, open_log
from consentkit.log.location import key_path, log_path
from consentkit.log.process import file_lock
from consentkit.log.reader import signer_of
from consentkit.log.signer import Keyring, make_key_file, new_origin, replace_key_file
from consentkit.tlog.note import PRIVATE, SigningKey


@click.group()
def key() -> None:
    """Make, show or change the key that signs a log."""


@key.command()
@log_option(help="The log it is for.")
@with_key
@click.option("--origin", metavar="NAME", help="The log's name for good, such as news.example/consent.")
def new(url: str | None, key: str | None, origin: str | None) -> None:
    """Make a key file, and print the public key."""
    with plain_errors():
        path, head = _key_file(url, key), _read_head(url)
        if head is not None and head.checkpoint is not None:
            raise LogError("the log is signed already: change its key with `consentkit log key rotate`")
        made = Keyring(signing=_make_key(origin or new_origin()))
        with write_errors(path):
            is_made = make_key_file(path, made)
    if not is_made:
        raise click.ClickException(f"there is a file at {str(path)!r} already; it is left as it is")
    if url is not None and head is not None:
        with log_writer(url, str(path)) as log:
            log.sign_now()
    click.echo(f"The key is in {path}. Nobody but the log may read it.", err=True)
    click.echo(str(made.signing.verifier))


@key.command(name="show")
@with_log
@with_key
def show_key(url: str, key: str | None) -> None:
    """Print the public key.

    A C2SP vkey; below it are those of earlier keys. The log itself need not be there yet.
    """
    with plain_errors():
        keys = signer_of(url, key).keys()
    if keys is None:
        with log_reader(url, key):
            raise click.ClickException("the log has no key here")
    click.echo("\n".join(map(str, keys.accepted)))


@key.command()
@with_log
@with_key
def rotate(url: str, key: str | None) -> None:
    """Change the key, and print the checkpoint that both have signed."""
    with log_writer(url, key) as log:
        path = _key_file(url, key)
        # If two run at once, the second starts from the first one's new key.
        with write_errors(path), file_lock(path.with_name(f"{path.name}.lock")):
            keys = log.keys()
            if keys is None:
                raise LogError("the log has no key here: make one with `consentkit log key new`")
            changed = SigningKey.generate(keys.signing.name)
            head = log.rotate(changed)
            replace_key_file(path, keys.rotated(changed))
    click.echo(f"The new key is in {path}. Its public key is {changed.verifier}", err=True)
    restart = "Restart the processes that write to the log: until then they sign with the old key."
    click.echo(restart, err=True)
    write_bytes((head.checkpoint or "").encode())


def _key_file(url: str | None, key: str | None) -> Path:
    """Return the key file's path: `key`, or the file beside a SQLite log."""
    path = None if url is None else log_path(url)
    if key is not None and PRIVATE not in key:
        return Path(key)
    if key is not None or path is None:
        raise click.UsageError("name the key's file with --key")
    return key_path(path)


def _read_head(url: str | None) -> Head | None:
    """Return a log's head; None if the log does not exist or cannot be read."""
    if url is not None and ((path := log_path(url)) is None or path.exists()):
        with suppress(LogError), open_log(url) as reader:
            return reader.head()
    return None


def _make_key(origin: str) -> SigningKey:
    try:
        return SigningKey.generate(origin)
    except ProofInvalid as error:
        raise click.UsageError(f"{origin!r} cannot be a log's name: {error}") from error
