"""What anybody can learn of a log over HTTP: enough to check it, and nothing about anybody."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import pytest

from asgi.client import Answer, browser, post, visit, wrap
from consentkit import ConsentLog, ConsentMiddleware
from consentkit.exceptions import LogUnavailable
from consentkit.tlog.note import open_checkpoint
from consentkit.tlog.proofs import check_inclusion, inclusion_proof
from consentkit.tlog.tree import HASH_BYTES, TILE_WIDTH, TileId, leaf_hash, root, tile_path
from log.samples import AT, BUNDLE, make_bundle, make_entry

pytestmark = pytest.mark.anyio
SIZE = 600
IMMUTABLE = "public, max-age=31536000, immutable"
OTHER = make_bundle("We like cookies.")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsentLog]:
    """A log of two notices and many decisions; nobody writes to it."""
    with ConsentLog(tmp_path_factory.mktemp("log") / "consent.sqlite3") as made:
        made.commit([BUNDLE, *(make_entry() for _ in range(SIZE - 2)), OTHER])
        yield made


@pytest.fixture(scope="module")
def site(full: ConsentLog) -> ConsentMiddleware:
    """A site that keeps this log."""
    return wrap(log=full)


async def get(site: ConsentMiddleware, path: str, **request: Any) -> Answer:
    return await visit(site, f"/_consent/log/{path}", **request)


async def test_an_auditor_checks_the_log_from_outside(site: ConsentMiddleware, full: ConsentLog) -> None:
    keys = full.keys()
    assert keys is not None
    note = (await get(site, "checkpoint")).body.decode()
    checkpoint = open_checkpoint(note, keys.accepted)
    assert checkpoint.size == SIZE
    tiles = {}
    for level, count in ((0, SIZE), (1, SIZE // TILE_WIDTH)):
        for number in range(-(-count // TILE_WIDTH)):
            width = min(TILE_WIDTH, count - number * TILE_WIDTH)
            answer = await get(site, tile_path(TileId(level, number), width))
            tiles[TileId(level, number)] = answer.body
    assert root(SIZE, tiles) == checkpoint.root
    published = json.loads((await get(site, "notices")).body)
    leaf = f'{{"day":"{AT[:10]}","notice":"{OTHER.hash}","type":"notice","v":1}}'.encode()
    index = published[-1]["index"]
    proof = inclusion_proof(index, SIZE, tiles.get)
    check_inclusion(index, SIZE, leaf_hash(leaf), proof, checkpoint.root)


async def test_the_notices_that_were_published(site: ConsentMiddleware) -> None:
    assert json.loads((await get(site, "notices")).body) == [
        {"index": 0, "hash": BUNDLE.hash, "day": AT[:10]},
        {"index": SIZE - 1, "hash": OTHER.hash, "day": AT[:10]},
    ]
    for bundle in (BUNDLE, OTHER):
        body = (await get(site, f"notices/{bundle.hash}")).body
        assert body == bundle.body
        assert sha256(body).hexdigest() == bundle.hash


async def test_a_narrower_tile_is_the_beginning_of_the_one_there_is(site: ConsentMiddleware) -> None:
    whole = (await get(site, "tile/0/001")).body
    assert len(whole) == TILE_WIDTH * HASH_BYTES
    for width in (1, 2, 255):
        assert (await get(site, f"tile/0/001.p/{width}")).body == whole[: width * HASH_BYTES]


@pytest.mark.parametrize(
    ("path", "media_type", "caching"),
    [
        ("checkpoint", "text/plain; charset=utf-8", "public, max-age=5"),
        ("notices", "application/json", "public, max-age=5"),
        (f"notices/{BUNDLE.hash}", "application/json", IMMUTABLE),
        ("tile/0/000", "application/octet-stream", IMMUTABLE),
        ("tile/0/002.p/88", "application/octet-stream", IMMUTABLE),
        ("tile/1/000.p/2", "application/octet-stream", IMMUTABLE),
    ],
)
async def test_headers(site: ConsentMiddleware, path: str, media_type: str, caching: str) -> None:
    answer = await get(site, path)
    assert answer.status == 200
    assert answer.header("content-type") == media_type
    assert answer.header("cache-control") == caching
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.all("set-cookie") == []
    head = await get(site, path, method="HEAD")
    assert (head.status, head.start["headers"]) == (200, answer.start["headers"])
    refused = await get(site, path, method="POST")
    assert (refused.status, refused.header("allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "head",
        "checkpoint/",
        "tile/0/002",
        "tile/0/002.p/89",
        "tile/0/003.p/1",
        "tile/1/000",
        "tile/1/000.p/3",
        "tile/2/000.p/1",
        "tile/63/x009/x223/x372/x036/x854/x775/807",
        "tile/0/x000/000",
        "tile/00/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/-1/000",
        "tile/entries/000",
        "tile/data/000",
        "entries",
        "entries/0",
        "leaf/0",
        "notices/",
        "notices/0",
        f"notices/{'0' * 64}",
        f"notices/{BUNDLE.hash.upper()}",
        f"notices/{BUNDLE.hash}/",
        f"notices/{next(iter(BUNDLE.assets))}",
    ],
)
async def test_there_is_nothing_else(site: ConsentMiddleware, path: str) -> None:
    answer = await get(site, path)
    assert answer.status == 404
    assert answer.header("cache-control") == "no-store"


async def test_nothing_public_names_a_visitor_or_a_choice(site: ConsentMiddleware, full: ConsentLog) -> None:
    paths = ["checkpoint", "notices", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]
    public = b"".join([(await get(site, path)).body for path in paths])
    for recorded in full.entries():
        entry = recorded.entry
        assert entry is not None
        if entry.type == "decision":
            assert entry.id.encode() not in public
            assert recorded.leaf not in public
            assert recorded.salt is not None and recorded.salt not in public
    assert b"c3ViamVjdC1vbmU0" not in public


async def test_without_a_log_there_is_nothing() -> None:
    site = wrap(log=None)
    for path in ("checkpoint", "notices", f"notices/{BUNDLE.hash}", "tile/0/000.p/1"):
        assert (await get(site, path)).status == 404


async def test_an_empty_log_has_no_checkpoint_yet(log: ConsentLog) -> None:
    site = wrap(log=log)
    assert (await get(site, "checkpoint")).status == 404
    assert (await get(site, "tile/0/000.p/1")).status == 404
    assert json.loads((await get(site, "notices")).body) == []


async def test_a_log_that_is_not_signed_has_tiles_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    with ConsentLog(tmp_path / "consent.sqlite3") as unsigned:
        unsigned.commit([BUNDLE])
        site = wrap(log=unsigned)
        assert (await get(site, "checkpoint")).status == 404
        assert (await get(site, "tile/0/000.p/1")).status == 200


async def test_elsewhere(full: ConsentLog) -> None:
    app = wrap(log=full, prefix="/privacy")
    assert (await visit(app, "/site/privacy/log/checkpoint", root_path="/site")).status == 200
    assert (await visit(app, "/privacy/log/checkpoint?size=1")).status == 200
    assert (await visit(app, "/_consent/log/checkpoint")).header("content-type").startswith("text/html")


async def test_a_store_that_is_away_is_asked_again_later(
    log: ConsentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise LogUnavailable("away")

    for method in ("head", "notices", "notice", "tile"):
        monkeypatch.setattr(log, method, away)
    site = wrap(log=log)
    for path in ("checkpoint", "notices", f"notices/{BUNDLE.hash}", "tile/0/000.p/1"):
        answer = await get(site, path, headers={"accept": "application/json"})
        assert answer.status == 503
        assert int(answer.header("retry-after")) > 0
        assert answer.header("cache-control") == "no-store"
        assert json.loads(answer.body) == {"error": "The consent log cannot be read at the moment."}


async def test_who_asks_for_proofs_of_a_stalled_store_keeps_no_visitor_waiting(
    log: ConsentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(log, "head", goes_on.wait)
    monkeypatch.setattr("consentkit.asgi.performer.PUBLIC_SECONDS", 0.05)
    app, statuses = wrap(log=log), []

    async def ask() -> None:
        statuses.append((await visit(app, "/_consent/log/checkpoint")).status)

    try:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(ask)
        async with browser(app) as client:
            assert (await post(client, {"action": "accept"})).status_code == 303
    finally:
        goes_on.set()
    assert statuses == [503] * 20
