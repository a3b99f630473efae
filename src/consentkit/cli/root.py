"""The root of the command line, ``consentkit``, and its group ``log``, with all their commands."""

import errno
from importlib.metadata import version
from typing import Any, Final

import click

from consentkit.cli.catalog_command import catalog
from consentkit.cli.check_command import check
from consentkit.cli.csp_command import csp
from consentkit.cli.lint_command import lint
from consentkit.cli.log import entry_commands, operator_commands, proof_commands
from consentkit.cli.log.key_commands import key
from consentkit.cli.terminal import printable_output

INTERRUPTED = 130
"""128 + SIGINT, as shells say it."""


class LogGroup(click.Group):
    """The commands of ``consentkit log``, which all end with an exit code and a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C, also at a question, ends it with the code `INTERRUPTED`."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            return _interrupted(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader has closed the pipe; click ends the command
                raise
            where = "" if error.filename is None else f" {str(error.filename)!r}"
            problem = f"cannot read or write{where}: {error.strerror or error}"
            raise click.ClickException(problem) from error
        except click.Abort as error:
            # Click hides why a question ended: Ctrl-C, or no terminal.
            if isinstance(error.__context__, KeyboardInterrupt):
                return _interrupted(ctx)
            raise click.ClickException("nobody is there to answer; --yes goes on without asking") from error


def _interrupted(ctx: click.Context) -> None:
    click.echo("Interrupted.", err=True)
    ctx.exit(INTERRUPTED)


log: Final = LogGroup(
    "log",
    help="Look into a consent log, check it, and keep it.",
    commands=[
        *entry_commands.COMMANDS,
        *proof_commands.COMMANDS,
        key,
        *operator_commands.COMMANDS,
    ],
)


class Root(click.Group):
    """All commands. Control characters in their output and errors are escaped."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line."""
        with printable_output():
            return super().main(*args, **kwargs)


@click.group(
    cls=Root,
    commands=[catalog, check, csp, lint, log],
    # With `color`, click keeps control characters, so that they are escaped and not removed.
    context_settings={"help_option_names": ["-h", "--help"], "color": True},
)
@click.version_option(version("consentkit"), prog_name="consentkit", message="%(prog)s %(version)s")
def root() -> None:
    """Cookie consent for ASGI applications."""
