from __future__ import annotations

import pytest

from consentkit.web.response.cache_headers import mark, unmark

NOW = b"aaaaaaaaaaaa"
OLD = b"bbbbbbbbbbbb"


def conditions(*values: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"example.org"), *((b"if-none-match", value) for value in values)]


def shown(headers: list[tuple[bytes, bytes]]) -> bytes:
    return dict(headers).get(b"if-none-match", b"")


@pytest.mark.parametrize("tag", [b'"v1"', b'W/"v1"'])
def test_a_tag_goes_out_weak_and_marked_and_comes_back_as_it_was(tag: bytes) -> None:
    out = mark(tag, NOW)
    assert out == b'W/"v1;ck-' + NOW + b'"'
    headers, ours = unmark(conditions(out), NOW, document=True)
    assert (shown(headers), ours) == (b'W/"v1"', True)


def test_a_page_made_under_another_consent_is_never_confirmed() -> None:
    headers, ours = unmark(
        [*conditions(mark(b'"v1"', OLD)), (b"if-modified-since", b"yesterday")], NOW, document=True
    )
    assert headers == [(b"host", b"example.org")]
    assert not ours


def test_of_several_tags_only_the_right_ones_are_shown() -> None:
    several = mark(b'"v1"', OLD) + b", " + mark(b'"v2"', NOW)
    headers, ours = unmark(conditions(several), NOW, document=True)
    assert (shown(headers), ours) == (b'W/"v2"', True)


def test_unmarked_tags_do_not_count_for_pages() -> None:
    headers, ours = unmark(conditions(b'"v1"'), NOW, document=True)
    assert (shown(headers), ours) == (b"", False)


def test_unmarked_tags_of_pictures_and_data_are_left_alone() -> None:
    before = [*conditions(b'"v1"'), (b"if-modified-since", b"yesterday")]
    headers, ours = unmark(before, NOW, document=False)
    assert (shown(headers), ours) == (b'"v1"', False)
    assert (b"if-modified-since", b"yesterday") in headers


def test_a_star_confirms_no_page() -> None:
    assert shown(unmark(conditions(b"*"), NOW, document=True)[0]) == b""


def test_requests_without_conditions_stay_as_they_are() -> None:
    headers = [(b"host", b"example.org")]
    assert unmark(headers, NOW, document=True)[0] == headers


def test_what_is_no_entity_tag_is_dropped() -> None:
    assert mark(b"v1", NOW) == b""
