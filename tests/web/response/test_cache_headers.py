from __future__ import annotations

import pytest

from consentkit.web.response.cache_headers import get, personal

Headers = list[tuple[bytes, bytes]]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ([], b"private"),
        ([b"public, max-age=60"], b"private, max-age=60"),
        ([b"s-maxage=60"], b"private"),
        ([b"no-store"], b"no-store"),
        ([b"private, no-cache"], b"private, no-cache"),
        ([b"PUBLIC", b"max-age=5"], b"private, max-age=5"),
    ],
)
def test_a_visitors_page_is_private_and_stricter_values_stay(given: list[bytes], made: bytes) -> None:
    headers: Headers = [(b"cache-control", value) for value in given]
    assert get(personal(headers, ()), b"cache-control") == made


@pytest.mark.parametrize("name", [b"cdn-cache-control", b"surrogate-control", b"x-accel-expires"])
def test_caches_are_not_told_otherwise_elsewhere(name: bytes) -> None:
    assert get(personal([(name, b"max-age=60")], ()), name) == b""


def test_vary_is_extended_not_repeated() -> None:
    headers: Headers = [(b"vary", b"accept-encoding"), (b"vary", b"COOKIE")]
    assert get(personal(headers, ("Cookie", "Sec-GPC")), b"vary") == b"accept-encoding, COOKIE, Sec-GPC"


def test_a_star_varies_enough() -> None:
    headers: Headers = [(b"vary", b"*")]
    assert get(personal(headers, ("Cookie",)), b"vary") == b"*"


def test_what_describes_bytes_goes_only_where_they_change() -> None:
    headers: Headers = [(b"Last-Modified", b"x"), (b"etag", b"y")]
    assert get(personal(headers, ()), b"last-modified") == b"x"
    changed = personal(headers, (), rewritten=True)
    assert (get(changed, b"last-modified"), get(changed, b"etag")) == (b"", b"y")
