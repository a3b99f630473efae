from __future__ import annotations

import pytest

from consentkit.asgi.headers import get, made_private, nonce, with_vary

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
    assert get(made_private(headers), b"cache-control") == made


@pytest.mark.parametrize("name", [b"cdn-cache-control", b"surrogate-control", b"x-accel-expires"])
def test_caches_are_not_told_otherwise_elsewhere(name: bytes) -> None:
    assert get(made_private([(name, b"max-age=60")]), name) == b""


def test_vary_is_extended_not_repeated() -> None:
    headers: Headers = [(b"vary", b"accept-encoding"), (b"vary", b"COOKIE")]
    assert with_vary(headers, ["Cookie", "Sec-GPC"]) == [(b"vary", b"accept-encoding, COOKIE, Sec-GPC")]


def test_a_star_varies_enough() -> None:
    headers: Headers = [(b"vary", b"*")]
    assert with_vary(headers, ["Cookie"]) == headers


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (b"script-src 'self' 'nonce-abc='", "abc="),
        (b"default-src 'nonce-d'", "d"),
        (b"default-src 'nonce-d'; script-src 'self'", ""),
        (b"style-src 'nonce-s'", ""),
        (b"script-src 'nonce-\"><script>'", ""),
        (b"", ""),
    ],
)
def test_the_nonce_is_the_one_that_scripts_need(policy: bytes, found: str) -> None:
    assert nonce([(b"content-security-policy", policy)]) == found
