"""``consentkit log show``: an entry, what was shown with it, and what proves it."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib import resources
from string import Template
from typing import Any

import click
import msgspec

from consentkit.banner.markup import escape
from consentkit.cli.log.files import atomically
from consentkit.cli.log.opening import reading, with_log
from consentkit.consent import Notice
from consentkit.dashboard.showing import render_shown
from consentkit.log import LogReader, Recorded


@click.command()
@click.argument("id")
@with_log
@click.option("--render", metavar="FILE", help="Write the banner as it was shown to this HTML file.")
def show(id: str, url: str, render: str | None) -> None:
    """Show an entry, what was shown with it, and its proof.

    ID is the entry's id, a notice's hash, or an index.
    """
    with reading(url) as reader:
        found = _find(reader, id)
        click.echo(json.dumps(_shown(reader, found), indent=2, ensure_ascii=False))
        if render is not None:
            _render(reader, found, render)


def _find(reader: LogReader, id: str) -> Recorded:
    found = reader.find(id)
    if found is None and id.isascii() and id.isdigit() and len(id) < 19:
        found = reader.at(int(id))
    if found is None:
        raise click.ClickException(f"the log has no entry with the id or index {id!r}")
    return found


def _shown(reader: LogReader, found: Recorded) -> dict[str, Any]:
    signed = reader.head().checkpoint is not None
    return {
        "index": found.index,
        "id": found.id,
        "entry": None if found.entry is None else msgspec.to_builtins(found.entry),
        "destroyed": _destroyed(reader, found),
        "leaf": found.leaf.decode(errors="replace"),
        "salt": None if found.salt is None else found.salt.hex(),
        "proof": reader.proof(found.index).encode() if signed else None,
        "notice": _readable(reader.notice(_notice(found))),
    }


def _destroyed(reader: LogReader, found: Recorded) -> dict[str, Any] | None:
    """Say when and by which entry an entry was destroyed."""
    if found.body is not None:
        return None
    by = reader.destroyed_by(found.index)
    if by is None or by.entry is None:
        return {}
    return {"at": by.entry.at, "type": by.entry.type, "index": by.index, "id": by.id}


def _notice(found: Recorded) -> str:
    return "" if found.entry is None else found.entry.notice


def _readable(body: bytes | None) -> object:
    """A notice is JSON; whatever else was published is shown as text."""
    try:
        return json.loads(body or b"null")
    except ValueError:
        return (body or b"").decode(errors="replace")


def _render(reader: LogReader, found: Recorded, path: str) -> None:
    notice = _notice(found)
    if not notice:
        reason = (
            "it was destroyed" if found.body is None else f"it is of type {found.entry and found.entry.type}"
        )
        raise click.ClickException(f"what was shown with entry {found.index} is not known: {reason}")
    document = page(reader, notice)
    if document is None:
        raise click.ClickException(
            f"the notice {notice} has no banner that could be shown: of what is decided in the settings"
            " the words are kept, which are printed above"
        )
    with atomically(path) as file:
        file.write(document)


def page(reader: LogReader, notice: str) -> str | None:
    """Make the HTML page that shows a notice's banner; None where it has none.

    Raises:
        click.ClickException: What the log holds is not what the notice's hash is of.
    """
    body = reader.notice(notice)
    if body is None or sha256(body).hexdigest() != notice:
        raise click.ClickException(f"the notice {notice} is missing, or it was changed")
    shown, document = Notice.loads(body), render_shown(reader, notice)
    if shown is None or document is None:
        return None
    told = f"Notice {notice}, language {shown.locale}, regime {shown.regime}: the banner as it was shown."
    # The frame inherits the policy (HTML, "initialising the policy container"); its sandbox forbids the rest.
    whole = Template((resources.files("consentkit.cli.log") / "shown.html").read_text("utf-8"))
    return whole.substitute(told=escape(told), document=escape(document))
