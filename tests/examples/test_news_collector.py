from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.news import hits as hits_module
from examples.news.hits import BARS, DAYS, SECONDS_PER_BAR, Hit, Hits

NOW = 1_800_000_001.0


def _hit(page: str = "/", *, ago: float = 0, visitor: str = "") -> Hit:
    return Hit(at=NOW - ago, page=page, way="script", visitor=visitor)


async def _numbers(collector: httpx.AsyncClient) -> dict[str, Any]:
    numbers: dict[str, Any] = (await collector.get("/hits.json")).json()
    return numbers


@pytest.mark.anyio
async def test_hits_of_the_script_and_of_the_pixel_are_counted(collector: httpx.AsyncClient) -> None:
    assert (await _numbers(collector))["total"] == 0
    sent = await collector.post("/hit", content=json.dumps({"page": "/city", "visitor": "abc"}))
    pixel = await collector.get("/pixel.gif", params={"page": "/world"})
    assert (sent.status_code, pixel.headers["content-type"]) == (204, "image/gif")
    numbers = await _numbers(collector)
    assert (numbers["total"], numbers["visitors"], sum(numbers["bars"])) == (2, 1, 2)
    assert [(hit["page"], hit["way"]) for hit in numbers["recent"]] == [
        ("/world", "pixel"),
        ("/city", "script"),
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"page": 1}', '{"page": "elsewhere"}', "\udcff", "[" * 2000]
)
async def test_what_is_no_hit_is_refused(collector: httpx.AsyncClient, body: str) -> None:
    answer = await collector.post("/hit", content=body.encode(errors="surrogateescape"))
    assert answer.status_code == 400
    assert (await _numbers(collector))["total"] == 0


@pytest.mark.anyio
async def test_an_oversized_hit_is_refused(collector: httpx.AsyncClient) -> None:
    assert (await collector.post("/hit", content=b"x" * 2049)).status_code == 413


@pytest.mark.anyio
async def test_the_live_page_draws_what_arrived_and_can_be_cleared(collector: httpx.AsyncClient) -> None:
    assert "<rect" not in (await collector.get("/")).text
    await collector.get("/pixel.gif", params={"page": "/<b>"})
    drawing = (await collector.get("/live")).text
    assert drawing.count("<rect") == 1 and "/&lt;b&gt;" in drawing
    refused = await collector.post("/clear", headers={"Sec-Fetch-Site": "cross-site"})
    assert (refused.status_code, (await _numbers(collector))["total"]) == (403, 1)
    assert (await collector.post("/clear")).status_code == 303
    assert (await _numbers(collector))["total"] == 0


@pytest.mark.anyio
async def test_the_collector_sets_no_cookie_and_shows_no_banner(collector: httpx.AsyncClient) -> None:
    for path in ("/", "/live", "/newsroom.js", "/pixel.gif?page=/"):
        answer = await collector.get(path)
        assert answer.status_code == 200 and not answer.cookies
        assert "consentkit" not in answer.text


def test_bars_hold_the_last_two_minutes(tmp_path: Path) -> None:
    hits = Hits(tmp_path / "hits.db")
    for ago in (0, 0, SECONDS_PER_BAR, BARS * SECONDS_PER_BAR + 1):
        hits.add(_hit(ago=ago))
    bars = hits.summary(now=NOW).bars
    assert (len(bars), bars[-1], bars[-2], sum(bars)) == (BARS, 2, 1, 3)


def test_the_most_read_comes_first_and_readers_are_told_apart(tmp_path: Path) -> None:
    hits = Hits(tmp_path / "hits.db")
    for page, visitor in (("/a", "1"), ("/b", "1"), ("/b", "2"), ("/b", "")):
        hits.add(_hit(page, visitor=visitor))
    summary = hits.summary(now=NOW)
    assert (summary.pages, summary.visitors) == ([("/b", 3), ("/a", 1)], 2)


def test_hits_are_forgotten_by_age_and_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits_module, "MAX_HITS", 3)
    hits = Hits(tmp_path / "hits.db")
    hits.add(_hit("/old", ago=DAYS * 86_400 + 1))
    for page in ("/1", "/2", "/3", "/4"):
        hits.add(_hit(page))
    assert [hit.page for hit in hits.summary(now=NOW).recent] == ["/4", "/3", "/2"]
