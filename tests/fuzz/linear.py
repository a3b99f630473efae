"""The work for a page is linear in its size: counted in calls and in bytes looked at, without a clock.

The input is a unit that is repeated, with the part before its first NUL byte once in front of all.
"""

from __future__ import annotations

from typing import Any, Final

from consentkit.rewriter import Rewriter
from fuzz.metering import Meter, Work, is_linear, metered
from fuzz.rewriter import GATE, NOTHING
from fuzz.rewriter import TOKENS as WORDS

SIZES: Final = (4_096, 65_536)
"""Where the work grows faster at the first size, a limit may be ahead that ends it: the second tells."""
LOOKS: Final = 48
"""How often each byte may be looked at whatever the growth. It goes in steps, since what waits for its end is
judged whenever it is twice as long."""
CHUNKS: Final = (64, 1 << 20)
TOKENS: Final[tuple[bytes, ...]] = (*WORDS, b"\x00")


def check(data: bytes) -> None:
    """Hold the work for a page against the work for one that is twice as long."""
    data = bytes(data)
    prefix, _, unit = data.partition(b"\x00") if b"\x00" in data else (b"", b"", data)
    if unit:
        for chunk in CHUNKS:
            assert any(_is_linear(prefix, unit, size, chunk) for size in SIZES), f"not linear in {chunk}"


def _is_linear(prefix: bytes, unit: bytes, size: int, chunk: int) -> bool:
    count = size // len(unit)
    pages = [prefix + unit * count, prefix + unit * 2 * count]
    for page in pages:
        _rewrite(page, chunk)  # what is remembered of scripts and tags is then known for both
    with metered("consentkit.rewriter", "consentkit.gating", "consentkit.catalog") as meter:
        read = [meter.work(lambda page=page: GATE.classifier.analyze(page + b";")) for page in pages]  # type: ignore[misc]
        once, twice = (_work(meter, page, chunk) for page in pages)
    once = once._replace(seen=max(once.seen, LOOKS * len(pages[0])))
    return is_linear(read[0], read[1]) and is_linear(once, twice)


def _work(meter: Meter, page: bytes, chunk: int) -> Work:
    return meter.work(lambda: _rewrite(page, chunk))


def _rewrite(page: bytes, chunk: int) -> None:
    handler: Any = GATE.page(NOTHING, host="www.site.example")
    rewriter = Rewriter(handler)
    for at in range(0, len(page), chunk):
        rewriter.feed(page[at : at + chunk])
    rewriter.close()
