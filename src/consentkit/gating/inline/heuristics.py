"""Heuristics for a script's text without a tree: folds literals, lists words, finds loaders.

Vendors concatenate addresses from parts (``"https://ssl" + ".google-analytics.com"``), escape slashes so that
``</script>`` may occur in a string, and encode text that content filters look for. Every expression is
bounded or possessive: the time is linear in the text.
"""

import base64
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path
from string import ascii_letters, digits
from typing import Final
from urllib.parse import unquote_to_bytes

# ECMAScript, "EscapeSequence"; a line continuation is empty.
_ESCAPE: Final = re.compile(
    rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{0*+([0-9a-fA-F]{1,6})\}|([0-3]?[0-7]{1,2})"
    rb"|([^\s\w'\"`\\]|[ac-eg-mo-qswyzA-Z])|\r?\n|\r)"
)
GAP: Final = rb"(?:\s|/\*(?:[^*]|\*(?!/))*+\*/)*+"
"""White space and comments between two tokens."""

_SUM: Final = re.compile(
    rb"['\"`]" + GAP + rb"(?:\+" + GAP + rb"|\." + GAP + rb"concat" + GAP + rb"\(" + GAP + rb")['\"`]"
)
# Addresses with line breaks and tabs, which browsers remove (WHATWG URL, "basic URL parser").
_BROKEN: Final = re.compile(rb"[/\\]{2}(?:[^\s'\"`<>\\]{0,256}+\\[tnr]){1,64}+[^\s'\"`<>\\]{0,256}+")
_BREAK: Final = re.compile(rb"\\[tnr]")
_ATOB: Final = re.compile(rb"atob['\"]?+\]?+\s*+\(\s*+['\"`]([A-Za-z0-9+/_-]{8,4096}+)")
_ADDRESS: Final = re.compile(rb"((?:aHR0c|Ly[89])[A-Za-z0-9+/_-]{8,4096}+)")
_CODES: Final = re.compile(rb"fromCharCode(?:\.apply)?\s*+\(([^()]{2,4096}+)")
_NUMBER: Final = re.compile(rb"0[xX][0-9a-fA-F]{1,4}|[0-9]{1,5}")
_JOIN: Final = re.compile(rb"\]\s*+\.join\(\s*+(?:'([^']{0,3})'|\"([^\"]{0,3})\")\s*+\)")
_LITERAL: Final = re.compile(rb"'([^']{0,128})'|\"([^\"]{0,128})\"")

MAX_JOINED: Final = 512
"""Maximum bytes of an array literal before ``.join``."""
MAX_PIECES: Final = 64
"""Maximum encoded pieces of each kind that are decoded in one script."""


def fold_literals(text: bytes) -> bytes:
    """Return a script's text with escapes, sums and encodings of literals resolved, to be searched.

    Decoded pieces are appended in quotes. The result is not a valid script.
    """
    folded = _ESCAPE.sub(_plain, text) if b"\\" in text else text
    folded = _SUM.sub(b"", folded)
    decoders = [decode for signs, decode in _ENCODINGS if any(sign in folded for sign in signs)]
    pieces = [piece for decode in decoders for piece in islice(decode(folded), MAX_PIECES)]
    return b"\n".join([folded, *(b'"' + piece + b'"' for piece in pieces)]) if pieces else folded


def _plain(match: re.Match[bytes]) -> bytes:
    if match[5] or match.lastindex is None:
        return match[5] or b""
    code = int(match[4], 8) if match[4] else int(match[1] or match[2] or match[3], 16)
    # Quotes and backslashes stay escaped; otherwise literals would end too early.
    if code < 0x20 or code > 0x10FFFF or chr(code) in "\"'`\\":
        return match[0]
    # A lone surrogate is kept as bytes that make the host around it suspicious.
    return chr(code).encode("utf-8", "surrogatepass")


def _decoded(text: bytes) -> Iterator[bytes]:
    """Decode arguments of ``atob``, and strings that look like encoded addresses."""
    encoded = [match for match in _ADDRESS.finditer(text) if text[match.start() - 1] in b"'\"`"]
    for match in (*_ATOB.finditer(text), *encoded):
        bare = match[1].translate(bytes.maketrans(b"-_", b"+/"))
        yield base64.b64decode(bare[: len(bare) // 4 * 4 + (len(bare) % 4 > 1) * 4] + b"==")


def _spelled(text: bytes) -> Iterator[bytes]:
    for match in _CODES.finditer(text):
        numbers = _NUMBER.findall(match[1])
        codes = [int(number, 0) if number[1:2] in b"xX" else int(number) for number in numbers]
        yield bytes(code for code in codes if 0x20 <= code < 0x7F)


def _joined(text: bytes) -> Iterator[bytes]:
    for match in _JOIN.finditer(text):
        array = text[max(0, match.start() - MAX_JOINED) : match.start()].rpartition(b"[")[2]
        yield (match[1] or match[2] or b"").join(one or other for one, other in _LITERAL.findall(array))


# Marks of an encoding, quick to search, and its decoder.
_ENCODINGS: Final[Sequence[tuple[Sequence[bytes], Callable[[bytes], Iterable[bytes]]]]] = (
    ((b"atob", b"aHR0c", b"Ly9", b"Ly8"), _decoded),
    ((b"\\t", b"\\n", b"\\r"), lambda text: (_BREAK.sub(b"", found[0]) for found in _BROKEN.finditer(text))),
    ((b"unescape", b"decodeURI"), lambda text: [unquote_to_bytes(text)]),
    ((b"fromCharCode",), _spelled),
    ((b".join(",), _joined),
)


# --- words

_IN_WORDS: Final = f"{ascii_letters}{digits}_$".encode()
_BETWEEN: Final = bytes(code if code in _IN_WORDS else 0x20 for code in range(256))

_DATA: Final = tomllib.loads((Path(__file__).parent / "data/names.toml").read_text("utf-8"))
NAMES: Final[Mapping[str, frozenset[str]]] = {
    key: frozenset(text.split())
    for table in ("members", "functions", "words")
    for key, text in _DATA[table].items()
}
"""Names of functions and members by what they do: the keys of ``data/names.toml``."""
_ALONE: Final = frozenset(map(str.encode, NAMES["alone"]))

# A member with a computed name that is called or assigned, as in a["sr" + "c"] = b.
_COMPUTED: Final = re.compile(rb"[\w'\"`)]\]\s*+(?:\(|(?:\?\?|\|\||&&|\+)?+=(?!=))")

_WITH: Final = {
    name.encode(): re.compile(pattern.encode())
    for names, pattern in _DATA["contexts"].items()
    for name in names.split()
}
"""Ambiguous names, with a pattern of the context in which they load."""

# A call with an address: it loads if the address is a script's, or if the function's name says so.
_CALL: Final = re.compile(rb"\(\s*+\[?+\s*+['\"`](?:https?+:)?+//([^'\"`\s]{1,256}+)")
_SCRIPT: Final = re.compile(rb"[./]m?js\b")
_FUNCTION: Final = re.compile(
    rb"(?:import|include|inject|insert|load|require)[A-Za-z0-9_$]{0,32}+\s{0,4}+\Z", re.I
)


def words_of(text: bytes) -> Set[bytes]:
    """Return the names, keywords and numbers in a script's text."""
    return set(text.translate(_BETWEEN).split())


def loads(text: bytes, words: Set[bytes]) -> bool:
    """Say whether a script contains a loader.

    Args:
        text: The script.
        words: The names in it, from `words_of`.
    """
    if not words.isdisjoint(_ALONE) or _COMPUTED.search(text):
        return True
    patterns = dict.fromkeys(_WITH[word] for word in words & _WITH.keys())
    return any(pattern.search(text) for pattern in patterns) or any(
        _SCRIPT.search(match[1]) or _FUNCTION.search(text[max(0, match.start() - 48) : match.start()])
        for match in _CALL.finditer(text)
    )
