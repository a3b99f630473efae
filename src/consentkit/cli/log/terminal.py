"""What was read from a log or a file, on a terminal: nothing in it commands the terminal."""

from __future__ import annotations

import re

# Control characters but tab and newline, those that turn the direction of writing, and lone surrogates.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return a text with what a terminal would obey spelt as in JSON: ``\\u001b``."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
