"""What anybody may know of the log, as it is sent."""

from __future__ import annotations

import pytest

from consentkit.exceptions import LogUnavailable
from consentkit.web.endpoints.effects import PublicProof, Tell
from web.endpoints.driver import Site

AWAY = LogUnavailable("away")


@pytest.mark.parametrize(
    ("path", "media_type", "caching"),
    [
        ("checkpoint", "text/plain; charset=utf-8", "public, max-age=5"),
        ("notices", "application/json", "public, max-age=5"),
        (f"notices/{'0' * 64}", "application/json", "public, max-age=31536000, immutable"),
        ("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
    ],
)
def test_proofs(path: str, media_type: str, caching: str) -> None:
    driven = Site().ask(f"/_consent/log/{path}", results={PublicProof: b"proof"})
    assert driven.effects == [PublicProof(path)]
    assert (driven.answer.status, driven.answer.body) == (200, b"proof")
    assert (driven.all("content-type"), driven.all("cache-control")) == ([media_type], [caching])


def test_no_proof() -> None:
    path = "/_consent/log/checkpoint"
    assert Site().ask(path).answer.status == 404
    assert Site(keeps_log=False).ask(path).answer.status == 404
    away = Site().ask(path, results={PublicProof: AWAY})
    assert (away.answer.status, away.all("retry-after")) == (503, ["5"])
    assert away.only(Tell) == Tell("warning", "the log cannot be read for a proof: away")
