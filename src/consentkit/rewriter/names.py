"""What follows from the names of the tags that a handler asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.rewriter import grammar
from consentkit.rewriter.grammar import Condition
from consentkit.rewriter.handler import Table

RAW_TEXT: Final = {
    name: grammar.raw_text_end(name)
    for name in (b"title", b"textarea", b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"noscript")
}
"""Elements whose content is raw text or RCDATA, with the search for its end."""

_MODES = frozenset(b"noscript plaintext svg math select frameset template".split())
_STRUCTURE = _MODES | RAW_TEXT.keys() | {b"script", b"col"}
_END_STRUCTURE = (b"noscript", b"select", b"template")

Scan = Callable[..., "re.Match[bytes] | None"]


SHOWN, RAW, SCRIPT, MODE = range(4)
"""What a start tag does to what follows it: nothing; makes it no markup; a script; or anything else."""


class Names(NamedTuple):
    """What follows from the names that a handler asks for; made once for all documents.

    Attributes:
        matters: Start tags that must be seen whole, and ``/name`` for end tags.
        beginnings: What their names begin with.
        sometimes: Start tags that are shown on a condition, with a search that finds nothing in most others.
        plain: Goes on to the next start tag that matters, where nothing around does; see
            :func:`consentkit.rewriter.grammar.scanner`.
        head: The same in the head of a document.
        kinds: Names of start tags at which these stop, in lower case, with what they do.
        skip: Passes over everything that does not matter in HTML content.
        skip_one: The same as far as the end of the first tag or comment.
        drawings: Whether nothing in plain drawings and formulas is asked for.
    """

    matters: frozenset[bytes]
    beginnings: frozenset[bytes]
    sometimes: Mapping[bytes, tuple[Condition, re.Pattern[bytes]]]
    plain: Scan
    head: Scan
    kinds: dict[bytes, tuple[bytes, int]]
    skip: re.Pattern[bytes]
    skip_one: re.Pattern[bytes]
    drawings: bool


@lru_cache(maxsize=64)
def compile_names(names: frozenset[bytes], rare: Table, addressed: Table) -> Names:
    """Compile what a handler asks for; see `consentkit.rewriter.Handler`."""
    by_rare, by_address = _by_element(rare), _by_element(addressed)
    sometimes = {
        element: _condition(by_rare.get(element, frozenset()), by_address.get(element, frozenset()))
        for element in (by_rare.keys() | by_address.keys()) - names
    }
    apart = {b"svg", b"math", *((b"use",) if sometimes.get(b"use") == grammar.USED else ())}
    drawings = (grammar.DRAWING | grammar.FORMULA).isdisjoint(names | (sometimes.keys() - apart))
    stops = names | (_STRUCTURE - {b"col"})
    skip, skip_one = grammar.skipper(names | _STRUCTURE, sometimes, _END_STRUCTURE, drawings=drawings)
    matters = names.union(_STRUCTURE, sometimes, (b"/" + name for name in _END_STRUCTURE))
    return Names(
        matters=matters,
        beginnings=frozenset(name[:end] for name in matters for end in range(1, len(name) + 1)),
        sometimes={name: (condition, grammar.suspicion(condition)) for name, condition in sometimes.items()},
        plain=grammar.scanner(stops, sometimes, drawings=drawings).match,
        head=grammar.head_scanner(stops, sometimes).match,
        kinds={name: (name, _kind(name)) for name in stops},
        skip=skip,
        skip_one=skip_one,
        drawings=drawings,
    )


def _condition(rare: frozenset[bytes], addressed: frozenset[bytes]) -> Condition:
    begun = frozenset(item for item in rare if b"=" in item)
    return Condition(*(tuple(sorted(part)) for part in (rare - begun, addressed, begun)))


def _by_element(table: Table) -> dict[bytes, frozenset[bytes]]:
    found: dict[bytes, frozenset[bytes]] = {}
    for attribute, elements in table:
        for element in elements:
            found[element] = found.get(element, frozenset()) | {attribute}
    return found


def _kind(name: bytes) -> int:
    if name in _MODES:
        return MODE
    if name == b"script":
        return SCRIPT
    return RAW if name in RAW_TEXT else SHOWN
