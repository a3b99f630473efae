"""Real pages come out byte for byte, and the same tags are found, however they are cut."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from rewriter.recording import CORPUS, LOADING, Cut, Recorder, at_random, byte_by_byte, rewrite, whole

PAGES = sorted((CORPUS / "pages").glob("*.html"))
NAMES = LOADING | {b"a", b"input", b"object", b"embed", b"video", b"audio", b"source", b"svg", b"body"}
SMALL = 100_000

pytestmark = pytest.mark.skipif(not PAGES, reason="the corpus of real pages is not beside the repository")


def _cuts(size: int) -> list[Cut]:
    cuts: list[Cut] = [at_random(size, (1, 7, 100, 3_000, 16_384)), at_random(1, (64, 65, 200))]
    return [*cuts, byte_by_byte] if size < SMALL else cuts


@pytest.mark.parametrize("names", [LOADING, NAMES], ids=["loading", "more"])
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_untouched_and_same_tags_for_every_chunking(path: Path, names: frozenset[bytes]) -> None:
    data = path.read_bytes()
    first = Recorder(names)
    assert rewrite(first, whole(data)) == (data, False)
    assert first.shown or b"<img" not in data
    for cut in _cuts(len(data)):
        handler = Recorder(names)
        assert rewrite(handler, cut(data)) == (data, False)
        assert Counter(handler.shown) == Counter(first.shown)
