"""The root of the command line: its groups, and how errors are shown."""

from __future__ import annotations

import click

from consentkit.cli.catalog import catalog
from consentkit.cli.csp import csp
from consentkit.cli.lint import lint
from consentkit.cli.log import log


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def root() -> None:
    """Cookie consent for ASGI applications."""


root.add_command(catalog)
root.add_command(csp)
root.add_command(lint)
root.add_command(log)
