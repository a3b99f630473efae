"""The group of commands, which ends as programs do that are interrupted."""

from __future__ import annotations

import errno
from typing import Any

import click

INTERRUPTED = 130
"""128 + SIGINT, as shells say it."""


class LogGroup(click.Group):
    """Commands that leave nothing half-written behind, however they end."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C, also at a question, ends it with `INTERRUPTED`."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            return _interrupted(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever reads has seen enough; click ends it
                raise
            raise click.ClickException(_said(error)) from error
        except click.Abort as error:
            # Click hides what ended a question: Ctrl-C, or that nobody is there to answer.
            if isinstance(error.__context__, KeyboardInterrupt):
                return _interrupted(ctx)
            raise click.ClickException("nobody is there to answer; --yes goes on without asking") from error


def _said(error: OSError) -> str:
    where = "" if error.filename is None else f" {str(error.filename)!r}"
    return f"cannot read or write{where}: {error.strerror or error}"


def _interrupted(ctx: click.Context) -> None:
    click.echo("Interrupted.", err=True)
    ctx.exit(INTERRUPTED)
