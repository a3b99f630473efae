"""``consentkit log``: what an auditor asks of a consent log, and what its keeper does to it."""

from __future__ import annotations

from typing import Final

from consentkit.cli.log.counting import stats
from consentkit.cli.log.exporting import export
from consentkit.cli.log.group import LogGroup
from consentkit.cli.log.keys import key
from consentkit.cli.log.opening import reading
from consentkit.cli.log.proving import checkpoint, consistency, leaf, proof
from consentkit.cli.log.showing import show
from consentkit.cli.log.verifying import verify, verify_receipt
from consentkit.cli.log.writing import drain, erase, purge

__all__ = ["log", "reading"]

log: Final = LogGroup("log", help="Look into a consent log, check it, and keep it.")

for _command in (
    verify,
    show,
    export,
    stats,
    checkpoint,
    proof,
    leaf,
    consistency,
    verify_receipt,
    key,
    drain,
    purge,
    erase,
):
    log.add_command(_command)
