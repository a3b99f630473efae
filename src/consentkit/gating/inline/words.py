"""Whether the text of a script loads something. Written for what stands in pages, minified or not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Final

from consentkit.gating.inline.literals import GAP

_IN_WORDS: Final = re.compile(r"[A-Za-z0-9_$]")
_BETWEEN: Final = bytes(code if _IN_WORDS.match(chr(code)) else 0x20 for code in range(128)) + b" " * 128

_ALONE: Final = frozenset(
    b"Audio EventSource Image SharedWorker WebSocket Worker background cssText fetch srcdoc".split()
    + b"XDomainRequest XMLHttpRequest axios backgroundImage createElement getJSON".split()
    + b"getScript importScripts innerHTML insertAdjacentHTML outerHTML sendBeacon serviceWorker".split()
)
"""Names that stand in a script only to load something."""

# A member that is called or assigned under a name that is put together, as in a["sr" + "c"] = b.
_COMPUTED: Final = re.compile(rb"[\w'\"`)]\]\s*+(?:\(|(?:\?\?|\|\||&&|\+)?+=(?!=))")

_METHOD: Final = re.compile(rb"\.(?:ajax|append|get|html|load|post)\s*+\(")
_MARKUP: Final = re.compile(rb"<(?:embed|iframe|img|link|object|script)\b")
_MODULE: Final = rb"[\w$*{][^;'\"]{0,500}?\bfrom\s*+['\"]"

# Each begins with a literal, which the engine finds fast.
_WITH: Final[Mapping[bytes, re.Pattern[bytes]]] = {
    b"export": re.compile(rb"export\b(?<![\w$.]export)[^;'\"]{0,500}?\bfrom\s*+['\"]"),
    b"import": re.compile(rb"import\b(?<![\w$.]import)" + GAP + rb"(?:[('\"`]|" + _MODULE + rb")"),
    b"setAttribute": re.compile(rb"setAttribute\(\s*+['\"](?:data|href|poster|src)"),
    b"src": re.compile(rb"src(?:\s*+(?:\?\?|\|\||&&|\+)?+=(?!=)|['\"]\s*+[\],])"),
    b"srcset": re.compile(rb"srcset(?:\s*+(?:\?\?|\|\||&&|\+)?+=(?!=)|['\"]\s*+[\],])"),
    b"write": re.compile(rb"write['\"]?+\]?+\s*+\("),
    b"writeln": re.compile(rb"writeln['\"]?+\]?+\s*+\("),
    **dict.fromkeys((b"ajax", b"append", b"get", b"html", b"load", b"post"), _METHOD),
    **dict.fromkeys((b"embed", b"iframe", b"img", b"link", b"object", b"script"), _MARKUP),
}
"""Names that may stand for other things, with what must be around them."""

# A function called with an address: of a script, or the function's name says what it does.
_CALL: Final = re.compile(rb"\(\s*+\[?+\s*+['\"`](?:https?+:)?+//([^'\"`\s]{1,256}+)")
_SCRIPT: Final = re.compile(rb"[./]m?js\b")
_FUNCTION: Final = re.compile(
    rb"(?:import|include|inject|insert|load|require)[A-Za-z0-9_$]{0,32}+\s{0,4}+\Z", re.I
)


def words_of(text: bytes) -> Set[bytes]:
    """Return the names, keywords and numbers in a script's text."""
    return set(text.translate(_BETWEEN).split())


def loads(text: bytes, words: Set[bytes]) -> bool:
    """Tell whether a script holds something that loads.

    Args:
        text: The script.
        words: The names in it, as `words_of` gives them.
    """
    if not words.isdisjoint(_ALONE) or _COMPUTED.search(text):
        return True
    patterns = dict.fromkeys(_WITH[word] for word in words & _WITH.keys())
    return any(pattern.search(text) for pattern in patterns) or _calls(text)


def _calls(text: bytes) -> bool:
    return any(
        _SCRIPT.search(match[1]) or _FUNCTION.search(text[max(0, match.start() - 48) : match.start()])
        for match in _CALL.finditer(text)
    )
