"""Scripts as they are served: without comments and space, local names shortened.

For this package's own scripts only, which have no template strings, no division without spaces around it, no
methods in short notation, no empty statements, and a semicolon wherever one may stand.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Final

_LITERAL: Final = (
    r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|/(?![/*\s])(?:[^/\\\n\[]|\\.|\[[^\]\n]*\])+/[a-z]*"""
)
_LINES: Final = re.compile(r"^\s*(?://.*)?\n|^\s+", re.M)
_NOISE: Final = re.compile(rf"({_LITERAL})|/\*.*?\*/|\s*([=>{{}}()\[\],;:?&|!<+])\s*", re.S)
_TOKEN: Final = re.compile(rf"{_LITERAL}|\.\.\.|(?:\?\.|\.)?[A-Za-z_$][\w$]*|\d[\w.]*|.", re.S)
_DECLARED: Final = re.compile(
    r"\blet ([\w,]+);|\b(?:const|let|var|function) (\w+)"
    r"|[(,](\w+)(?=(?:,\w+)*\)=>)|\bfunction ?\w*\(([\w,]*)\)"
)
_LISTS: Final = re.compile(r"\blet [\w,]+;")
_WORDS: Final = {"const": "let", "true": "!0", "false": "!1"}


def minify(script: str) -> str:
    """Return a script that does the same in fewer bytes.

    A name is shortened everywhere or not at all: those that are properties as well, or stand in braces by
    themselves, stay as they are.
    """
    code = _NOISE.sub(lambda found: found[1] or found[2] or "", _LINES.sub("", script)).strip()
    tokens = _TOKEN.findall(code)
    local = _local(code, tokens)
    names = Counter(token for token in tokens if token in local)
    free = (name for name in _short() if name not in tokens)
    shorter = _WORDS | dict(zip((name for name, _ in names.most_common()), free, strict=False))
    pairs = zip(tokens, [*tokens[1:], ""], strict=True)
    return "".join(shorter.get(token, token) for token, after in pairs if token + after != ";}")


def _local(code: str, tokens: list[str]) -> set[str]:
    declared = {name for found in _DECLARED.findall(code) for part in found for name in part.split(",")}
    kept, around = set(), [""]
    tokens = _TOKEN.findall(_LISTS.sub("", code))
    for before, token, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        if token in "{[(":
            around.append(token)
        elif token in "}])":
            around.pop()
        elif token[0] in ".?":
            kept.add(token.lstrip(".?"))
        elif before == "," and after == "=":
            declared.add(token)
        elif before in "{," and around[-1] == "{" and after in ",:}":
            kept.add(token)
    return {name for name in declared - kept if len(name) > 1}


def _short() -> Iterator[str]:
    reserved = {"as", "do", "if", "in", "is", "of"}
    letters = string.ascii_letters
    yield from letters
    yield from (
        first + second for first, second in product(letters, letters) if first + second not in reserved
    )
