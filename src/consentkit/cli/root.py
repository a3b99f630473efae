"""The root of the command line, ``consentkit``, with all its commands."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import click

from consentkit.cli.catalog_command import catalog
from consentkit.cli.check_command import check
from consentkit.cli.csp_command import csp
from consentkit.cli.lint_command import lint
from consentkit.cli.log import log
from consentkit.cli.terminal import printable_output


class Root(click.Group):
    """All commands. What they print or fail with is made printable, whoever wrote it."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line."""
        with printable_output():
            return super().main(*args, **kwargs)


@click.group(
    cls=Root,
    commands=[catalog, check, csp, lint, log],
    # `color` lets click hand texts on as they are: what commands a terminal is spelt out, not left out.
    context_settings={"help_option_names": ["-h", "--help"], "color": True},
)
@click.version_option(version("consentkit"), prog_name="consentkit", message="%(prog)s %(version)s")
def root() -> None:
    """Cookie consent for ASGI applications."""
