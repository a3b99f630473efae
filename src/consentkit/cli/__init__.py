"""The command line, ``consentkit``: one module for each command or group of commands."""

import sys

from consentkit.exceptions import MissingExtra


def main() -> None:
    """Run the command line; without click, name the extra that installs it."""
    try:
        from consentkit.cli.root import root
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.exit(str(MissingExtra("The command consentkit", extra="cli")))
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + SIGINT, as shells say it
    root(prog_name="consentkit")
