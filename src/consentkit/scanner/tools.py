"""Through the eyes of autoconsent's own content script, where it is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from consentkit.exceptions import ConfigurationError
from consentkit.scanner.view import read_script
from consentkit.scanner.visiting import Visit

_REJECT: Final = "HEURISTIC-REJECT"
_PATIENCE: Final = 10.0


def finds_reject(visit: Visit, script: Path) -> bool:
    """Say whether autoconsent finds a reject button by its heuristics alone, none of its rules loaded.

    Args:
        visit: A visit on the page.
        script: ``dist/autoconsent.playwright.js`` of the npm package ``@duckduckgo/autoconsent``.

    Raises:
        ConfigurationError: The script cannot be read.
    """
    try:
        code = script.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read autoconsent's script: {error}") from error
    said: list[dict[str, Any]] = []
    visit.page.expose_binding("autoconsentSendMessage", lambda _, message: said.append(message))
    visit.page.evaluate(code)
    visit.wait_until(lambda: _says(said, "init"))
    visit.page.evaluate(read_script("autoconsent"))
    return visit.wait_until(lambda: _says(said, "popupFound", _REJECT), patience=_PATIENCE)


def _says(said: list[dict[str, Any]], kind: str, cmp: str | None = None) -> bool:
    return any(message["type"] == kind and cmp in (None, message.get("cmp")) for message in said)
