"""What the rewriter's tests share: a handler that remembers what it was shown, and ways to cut the input."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from consentkit.rewriter import Rewriter, Splice, Table, Where, attributes

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
LOADING = frozenset((b"script", b"img", b"image", b"iframe", b"frame", b"link"))
URLS = frozenset((b"src", b"href", b"xlink:href"))

Shown = tuple[bytes, bytes | None, bool, Where]
Cut = Callable[[bytes], Sequence[bytes]]


class Recorder:
    """Edits nothing and keeps what it was shown: tag, a script's text and whether it is whole, place."""

    def __init__(self, names: Iterable[bytes] = LOADING) -> None:
        self.names = frozenset(names)
        self.rare = self.addressed = Table()
        self.steady = True
        self.shown: list[Shown] = []

    @property
    def tags(self) -> list[bytes]:
        return [raw for raw, *_ in self.shown]

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice] | None:
        self.shown.append((raw, None, True, where))
        return ()

    def reads(self, raw: bytes) -> bool:
        return True

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice] | None:
        self.shown.append((raw, text, whole, where))
        return ()


class Disarm(Recorder):
    """Takes everything that loads or runs out of action, by insertions alone."""

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice] | None:
        super().start_tag(raw, name, where)
        return _moved(raw)

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice] | None:
        super().script(raw, text, whole, where)
        behind_name = len(b"<script")
        return [(behind_name, behind_name, b" type=text/plain "), *_moved(raw)]


def _moved(raw: bytes) -> list[Splice]:
    return [
        (item.name_start, item.name_start, b"data-moved-") for item in attributes(raw) if item.name in URLS
    ]


def rewrite(
    handler: Recorder, chunks: Iterable[bytes], *, head: bytes = b"", body: bytes = b""
) -> tuple[bytes, bool]:
    """Return the output for these chunks, and whether a limit was passed."""
    rewriter = Rewriter(handler, head=head, body=body)
    out = b"".join([*map(rewriter.feed, chunks), rewriter.close()])
    return out, rewriter.sealed


def whole(data: bytes) -> list[bytes]:
    return [data]


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def at_random(seed: int, sizes: Sequence[int] = (0, 1, 2, 3, 5, 8, 13, 40)) -> Cut:
    """Return a cut into pieces of these sizes, chosen by the seed."""

    def cut(data: bytes) -> list[bytes]:
        return list(_pieces(data, random.Random(seed), sizes))

    return cut


def _pieces(data: bytes, choice: random.Random, sizes: Sequence[int]) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = choice.choice(sizes)
        yield data[at : at + size]
        at += size


CUTS: tuple[Cut, ...] = (whole, byte_by_byte, at_random(1), at_random(2))
