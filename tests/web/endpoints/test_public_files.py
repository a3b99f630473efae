"""What anybody may know of the log, as it is sent."""

from __future__ import annotations

import json

import msgspec
import pytest
from msgspec.structs import replace

from consentkit.exceptions import LogUnavailable
from consentkit.log.status import Status
from consentkit.web.endpoints.effects import Health, PublicProof, Tell
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


def test_health() -> None:
    fine = msgspec.convert(
        dict.fromkeys(Status.__struct_fields__, 0) | {"stalled": False, "verified_at": None}, Status
    )
    for status, code, body in (
        (fine, 200, {"healthy": True, "stalled": False, "waiting": 0}),
        (replace(fine, waiting=2), 503, {"healthy": False, "stalled": False, "waiting": 2}),
        (replace(fine, stalled=True), 503, {"healthy": False, "stalled": True, "waiting": 0}),
        (AWAY, 503, {"healthy": False}),
    ):
        driven = Site().ask("/_consent/health", results={Health: status})
        assert (driven.answer.status, json.loads(driven.answer.body)) == (code, body)
        assert "no-store" in driven.all("cache-control")[0]
    assert Site(keeps_log=False).ask("/_consent/health").answer.status == 404
