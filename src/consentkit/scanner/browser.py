"""A real Chromium, started when it is needed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from consentkit.exceptions import MissingExtra, ScanError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Nothing that the browser asks for by itself is the site's doing.
_ARGUMENTS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def launched(executable: str | Path | None = None) -> Iterator[Browser]:
    """Start a Chromium and stop it in the end.

    Args:
        executable: Its path; by default the variable CHROMIUM, the system's, or Playwright's own.

    Raises:
        MissingExtra: Playwright is not installed.
        ScanError: No Chromium can be started.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise MissingExtra("visiting a site in a browser", extra="scan") from error
    # As root Chromium has no sandbox.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if is_root else [])]
    with ExitStack() as stack:
        try:
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=executable or _found(), args=arguments)
        except Error as error:
            raise ScanError(f"no Chromium can be started: {str(error).partition(chr(10))[0]}") from error
        stack.callback(browser.close)
        yield browser


def _found() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
