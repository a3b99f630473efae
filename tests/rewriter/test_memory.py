"""What is remembered of pages changes nothing but the time they take."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.exceptions import RewriteError
from consentkit.rewriter import Memory, Rewriter, Splice, Where, memory
from rewriter.recording import Disarm, Recorder, at_random, byte_by_byte, whole

OWN = b"own"
PARTS = (
    b'<p class="x">text</p>',
    b"<img src=own>",
    b"<img src=other>",
    b"<img src=own alt='>'>",
    b"<div>",
    b"<script>own</script>",
    b"<script>other</script>",
    b"<script src=own></script>",
    b"<style><img src=other></style>",
    b"<title><img src=other></title>",
    b"<!-- <img src=other> -->",
    b"<noscript><img src=other></noscript>",
    b"<noscript><img src=own></noscript>",
    b"<svg><path d=x /></svg>",
    b"<select><option>a</select>",
    b"<iframe src=own></iframe>",
    b"<iframe src=other><img src=other></iframe>",
    *(b"<textarea>", b"</textarea>", b"<script>", b"<!--", b"-->", b"<p title='", b"'>"),
)


class Selective(Disarm):
    """Disarms all but its own: of these it says that they are of no account."""

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice] | None:
        splices = super().start_tag(raw, name, where)
        return None if OWN in raw else splices

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice] | None:
        splices = super().script(raw, text, whole, where)
        return None if OWN in raw or text == OWN else splices


def rewritten(handler: Recorder, chunks: Sequence[bytes], kept: Memory | None = None) -> bytes:
    rewriter = Rewriter(handler, head=b"[head]", body=b"[body]", memory=kept)
    return b"".join([*map(rewriter.feed, chunks), rewriter.close()])


BLOCKS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map(lambda parts: b"".join(parts) * 3)


@given(st.lists(BLOCKS, min_size=2, max_size=4), st.data())
def test_pages_of_the_same_blocks_come_out_as_if_each_were_the_first(
    blocks: list[bytes], data: st.DataObject
) -> None:
    kept = Memory()
    for seed in range(data.draw(st.integers(3, 8))):
        page = b"".join(data.draw(st.lists(st.sampled_from(blocks), min_size=1, max_size=8)))
        cut = data.draw(st.sampled_from((whole, byte_by_byte, at_random(seed, (50, 200, 400)))))
        assert rewritten(Selective(), cut(page), kept) == rewritten(Selective(), whole(page))


PAGE = b"<body>" + b"".join(b"<p>%d<img src=own%d>" % (n, n) for n in range(9)) + b"<img src=other><p>end"


def shown(page: bytes, kept: Memory, *, steady: bool = True) -> int:
    handler = Selective()
    handler.steady = steady
    assert rewritten(handler, whole(page), kept) == rewritten(Selective(), whole(page))
    return len(handler.shown)


def test_what_is_of_no_account_is_not_shown_again() -> None:
    kept = Memory()
    assert [shown(PAGE, kept) for _ in range(5)] == [10, 10, 10, 1, 1]


def test_what_was_of_no_account_is_shown_where_it_may_be_of_some() -> None:
    kept = Memory()
    for _ in range(5):
        shown(PAGE, kept)
    assert shown(PAGE, kept, steady=False) == 10


def test_what_repeats_itself_in_a_page_is_joined_too() -> None:
    kept = Memory()
    assert [shown(b"<body>" + b"<p>text<img src=own>" * 40, kept) for _ in range(4)][-1] < 10


def test_a_page_that_differs_is_read_where_it_does() -> None:
    kept = Memory()
    for _ in range(5):
        shown(PAGE, kept)
    other = PAGE.replace(b"own4", b"other")
    assert b"data-moved-src=other>" in rewritten(Selective(), whole(other), kept)
    counts = [shown(page, kept) for page in [other, PAGE] * 6]
    # Passages before and behind the difference are joined again.
    assert counts[-2] < 10
    assert counts[-1] < 10


def test_scripts_and_raw_text_of_no_account_are_passed_over_with_the_rest() -> None:
    kept = Memory()
    page = b"<body>" + b"<script>own</script><style><img src=other></style><p>a<img src=own>" * 9
    assert [shown(page, kept) for _ in range(4)][-1] < 3


@pytest.mark.parametrize("limit", [2_000, 20_000])
def test_it_stays_within_its_bounds(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_BYTES", limit)
    monkeypatch.setattr(memory, "MAX_SEEN", 64)
    kept = Memory()
    for number in range(300):
        page = b"".join(b"<p>%d.%d<img src=own>" % (number // 3, n) for n in range(30))
        shown(b"<body>" + page, kept)
        assert kept.plain.size <= limit


def test_what_is_too_long_is_read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_PASSAGE", 100)
    kept = Memory()
    for _ in range(5):
        assert shown(PAGE + b"text" * 50 + b"<img src=own>", kept) > 1
        assert kept.plain.size < 20 * (memory.OVERHEAD + 300)


def test_handlers_that_ask_for_other_tags_cannot_share_it() -> None:
    kept = Memory()
    rewritten(Recorder([b"img"]), [PAGE], kept)
    with pytest.raises(RewriteError, match="share"):
        rewritten(Recorder([b"iframe"]), [PAGE], kept)
