"""Signatures: how the inline snippets of known vendors begin, and the search for them in a script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.gating.model import Party

_TOKEN: Final = re.compile(r"[\w$]+|\S")
_METHOD: Final = re.compile(r"\.(\w+)\(")
_QUOTES: Final = "'\"`"


class Signature(NamedTuple):
    """One way in which a snippet begins.

    Attributes:
        party: Whose it is.
        word: Its first word.
        words: The words that a text must hold for it to be there.
        pattern: Finds it; quotes and white space may differ.
        queued: Whether it only puts something into a queue, which loads nothing by itself.
    """

    party: Party
    word: str
    words: Set[bytes]
    pattern: re.Pattern[bytes]
    queued: bool

    def acts(self, code: bytes) -> bool:
        """Tell whether its first word stands in a script whose strings and comments were emptied."""
        return re.search(rb"(?<![\w$])" + re.escape(self.word.encode()) + rb"(?![\w$])", code) is not None


class Signatures:
    """The signatures of all vendors, compiled.

    Args:
        signatures: Each with its party.

    Attributes:
        methods: The names of libraries' methods that are called to begin, such as ``init``, with the vendors.
    """

    def __init__(self, signatures: Iterable[tuple[str, Party]]) -> None:
        self._by_word: dict[bytes, list[Signature]] = {}
        self.methods: dict[str, set[str]] = {}
        for text, party in signatures:
            signature = Signature(party, *_compile(text))
            self._by_word.setdefault(signature.word.encode(), []).append(signature)
            if (method := _METHOD.search(text)) and not signature.queued:
                self.methods.setdefault(method[1], set()).add(party.vendor)

    def find(self, text: bytes, words: Set[bytes]) -> Iterator[Signature]:
        """Yield the signatures in a text.

        Args:
            text: The script.
            words: The names in it.
        """
        for word in sorted(self._by_word.keys() & words):
            for signature in self._by_word[word]:
                if signature.words <= words and signature.pattern.search(text):
                    yield signature


@lru_cache(maxsize=1024)
def _compile(text: str) -> tuple[str, Set[bytes], re.Pattern[bytes], bool]:
    """Return what follows from a signature's text: all of `Signature` but whose it is."""
    word, *rest = tokens = _TOKEN.findall(text)
    # The last one may be the beginning of a word.
    words = frozenset(token.encode() for token in (word, *tokens[:-1]) if token.isidentifier())
    start = re.escape(word)
    # The look-behind stands behind the word, so that the engine can look for the word itself.
    parts = [rf"{start}(?<![\w$]{start})"]
    parts += [rf"[{_QUOTES}]" if token in _QUOTES else re.escape(token) for token in rest]
    pattern = re.compile(r"\s*+".join(parts).encode())
    return word, words, pattern, rest[-3:] == [".", "push", "("]
