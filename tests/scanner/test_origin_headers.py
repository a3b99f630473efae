"""Headers that one origin is sent: what an origin is, and what a header can be."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from consentkit.cli.root import root
from consentkit.exceptions import ConfigurationError
from consentkit.scanner.origin_headers import OriginHeaders, split_credentials


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("HTTPS://a@b@site.example/x@y", "HTTPS://site.example/x@y"),
        ("https://site.example/@x", "https://site.example/@x"),
        ("https://evil.example\\@site.example/", "https://evil.example\\@site.example/"),
        ("https://site.example?a@b", "https://site.example?a@b"),
    ],
)
def test_what_is_before_the_host(url: str, left: str) -> None:
    assert split_credentials(url)[0] == left


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://site.example/", True),
        ("https://SITE.example:443/other?x#y", True),
        ("https://user@site.example/", True),
        ("http://site.example/", False),
        ("https://site.example:8443/", False),
        ("https://www.site.example/", False),
        ("https://site.example.evil.example/", False),
        ("https://site.example@evil.example/", False),
        ("https://evil.example/https://site.example/", False),
        ("https://evil.example\\@site.example/", False),
        ("//site.example/", False),
        ("data:text/html,https://site.example/", False),
        ("", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, own: bool) -> None:
    bound = OriginHeaders("https://site.example", {"X-Key": "secret"})
    assert bound.owns(url) is own
    assert bound.added(url, {"Accept": "*/*"}) == (
        {"accept": "*/*", "x-key": "secret"} if own else {"Accept": "*/*"}
    )


def test_nobody_owns_what_cannot_be_read() -> None:
    bound = OriginHeaders("https://[bad/", {"X-Key": "secret"})
    assert not bound.owns("https://[bad/") and bound.added("https://[bad/", {}) == {}


@pytest.mark.parametrize(
    ("name", "value"), [("X Key", "secret"), ("", "secret"), ("X-Key", "secret\r\nX: y"), ("X-Key", "sécret")]
)
def test_a_header_that_cannot_be_is_refused_without_being_repeated(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        OriginHeaders("https://site.example/", {name: value})
    assert "cret" not in str(refused.value)
    told = CliRunner().invoke(root, ["lint", "--url", "http://127.0.0.1:1/", "--header", f"{name}: {value}"])
    assert told.exit_code == 2 and "cret" not in told.output
