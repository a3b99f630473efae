"""``consentkit log``: the commands of auditors, who read a consent log, and of its keeper."""

from __future__ import annotations

import errno
from typing import Any, Final

import click

from consentkit.cli.log import entry_commands, proof_commands, retention_commands
from consentkit.cli.log.key_commands import key

INTERRUPTED = 130
"""128 + SIGINT, as shells say it."""


class LogGroup(click.Group):
    """The commands of ``consentkit log``, with one way to end: an exit code and a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C, also at a question, ends it with the code `INTERRUPTED`."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            return _interrupted(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever reads has seen enough; click ends it
                raise
            raise click.ClickException(_describe(error)) from error
        except click.Abort as error:
            # Click hides what ended a question: Ctrl-C, or that nobody is there to answer.
            if isinstance(error.__context__, KeyboardInterrupt):
                return _interrupted(ctx)
            raise click.ClickException("nobody is there to answer; --yes goes on without asking") from error


def _describe(error: OSError) -> str:
    where = "" if error.filename is None else f" {str(error.filename)!r}"
    return f"cannot read or write{where}: {error.strerror or error}"


def _interrupted(ctx: click.Context) -> None:
    click.echo("Interrupted.", err=True)
    ctx.exit(INTERRUPTED)


log: Final = LogGroup(
    "log",
    help="Look into a consent log, check it, and keep it.",
    commands=[*entry_commands.COMMANDS, *proof_commands.COMMANDS, key, *retention_commands.COMMANDS],
)
