"""Sec-GPC and DNT, as the browser sends them and as others might."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.signals import Signals, read_signals


def test_no_headers_say_nothing() -> None:
    assert read_signals([]) == Signals(gpc=False, dnt=False)


@pytest.mark.parametrize("value", [b"0", b"", b"true", b"1 ", b" 1", b"11", b"1,1", b"\xb9", b"?1"])
def test_anything_but_exactly_one_is_ignored(value: bytes) -> None:
    assert read_signals([(b"sec-gpc", value), (b"dnt", value)]) == Signals()


@given(st.lists(st.sampled_from([b"0", b"", b"yes"])), st.lists(st.sampled_from([b"0", b"", b"1"])))
def test_one_header_of_several_is_enough(before: list[bytes], after: list[bytes]) -> None:
    headers = [(b"sec-gpc", value) for value in [*before, b"1", *after]]
    assert read_signals(headers).gpc is True


def test_the_two_signals_are_apart() -> None:
    assert read_signals([(b"sec-gpc", b"1")]) == Signals(gpc=True)
    assert read_signals([(b"dnt", b"1"), (b"cookie", b"sec-gpc=1")]) == Signals(dnt=True)
