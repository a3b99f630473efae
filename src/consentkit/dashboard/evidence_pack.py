"""The evidence pack: a ZIP file with entries, proofs and notices, to be checked without this package."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec

from consentkit.consent.notice import Notice, Shown
from consentkit.dashboard.shown_banner import render_shown
from consentkit.dashboard.template_response import render
from consentkit.log import LogReader, Recorded
from consentkit.policy.jurisdictions import jurisdictions
from consentkit.tlog.note import read_checkpoint

_STATIC = Path(__file__).with_name("static") / "evidence"
_PROGRAMS = {"README.md": "README.md", "verify.py": "verify_py.txt", "verify.go": "verify_go.txt"}


def write_pack(
    file: IO[bytes],
    reader: LogReader,
    recorded: Sequence[Recorded],
    *,
    vkeys: Sequence[object],
    at: str,
    advance: Callable[[int], object] = lambda count: None,
) -> None:
    """Write the pack of some entries, and of the notices that they name.

    Args:
        file: Where to.
        reader: Reads the log.
        recorded: The entries, in order.
        vkeys: The log's public keys, the present one first.
        at: Now, RFC 3339 in UTC.
        advance: Called with 1 for each entry.

    Raises:
        LogError: The log's checkpoints are not signed.
    """
    hashes = sorted({one.entry.notice for one in recorded if one.entry and one.entry.notice})
    published = filter(None, map(reader.find, hashes))
    rows = sorted({one.index: one for one in (*recorded, *published)}.values(), key=lambda one: one.index)
    proofs = reader.proofs([one.index for one in rows])
    shown = {hash: Notice.loads(reader.notice(hash) or b"") or Shown() for hash in hashes}
    countries = sorted({one.entry.country for one in recorded if one.entry and one.entry.country})
    held = {row.place: row for code in countries for row in jurisdictions().chain(code)}
    with ZipFile(file, "w", ZIP_DEFLATED) as pack:
        for name, kept in _PROGRAMS.items():
            pack.writestr(name, (_STATIC / kept).read_bytes())
        pack.writestr("vkey", "".join(f"{key}\n" for key in vkeys))
        pack.writestr("checkpoint", proofs[0].checkpoint if proofs else "")
        pack.writestr("entries.jsonl", "".join(map(_write_line, rows)))
        for proof in proofs:
            pack.writestr(f"proofs/{proof.index}.tlog-proof", proof.encode())
            advance(1)
        for hash in hashes:
            pack.writestr(f"notices/{hash}.json", reader.notice(hash) or b"")
            pack.writestr(f"notices/{hash}.html", render_shown(reader, hash) or "")
        table = {"date": jurisdictions().date, "rows": list(held.values())}
        pack.writestr("law.json", msgspec.json.format(msgspec.json.encode(table)))
        stated = read_checkpoint(proofs[0].checkpoint)
        page = {"origin": stated.origin, "size": stated.size, "root": stated.root.hex(), "at": at}
        page |= {"recorded": recorded, "notices": shown, "table": table}
        pack.writestr("print.html", render("evidence.html", **page))


def _write_line(one: Recorded) -> str:
    is_notice = one.entry is not None and one.entry.type == "notice"
    line = {
        "index": one.index,
        # Of a notice, the leaf says it all.
        "entry": None if one.body is None or is_notice else one.body.decode(),
        "salt": None if one.salt is None else one.salt.hex(),
        "notice": one.id if is_notice else None,
        "leaf": one.leaf.decode(),
    }
    return json.dumps(line, ensure_ascii=False) + "\n"
