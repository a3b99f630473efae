"""Outboxes lose nothing that they have taken, whatever breaks."""

from __future__ import annotations

import errno
import logging
import os
import stat
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from consentkit.exceptions import LogError, LogUnavailable, OutboxFull
from consentkit.log.outbox import DRAIN_BATCH, FileOutbox, MemoryOutbox, Outbox
from consentkit.log.stores.values import Outcome
from consentkit.record.entry import Item
from log.samples import BUNDLE, make_bundle, make_refusal


class Taker:
    """Takes what is drained, unless it is told to fail."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.failures = 0
        self.refused: set[str] = set()

    def __call__(self, batch: Sequence[Item]) -> list[Outcome]:
        if self.failures:
            self.failures -= 1
            raise LogUnavailable("away")
        self.items += [item for item in batch if item.id not in self.refused]
        return [LogError("never") if item.id in self.refused else 0 for item in batch]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name an outbox."""
    return tmp_path / "outbox.jsonl"


@pytest.fixture(params=["file", "memory"])
def outbox(request: pytest.FixtureRequest, path: Path) -> Outbox:
    """Make an empty outbox of each kind."""
    return FileOutbox(path) if request.param == "file" else MemoryOutbox()


@pytest.fixture
def take() -> Taker:
    """Make a store that takes everything."""
    return Taker()


def test_what_is_put_is_drained_once_and_in_order(outbox: Outbox, take: Taker) -> None:
    items: list[Item] = [BUNDLE, make_refusal(), make_refusal()]
    before = outbox.pending
    outbox.put(items[:2])
    outbox.put(items[2:])
    assert (before, outbox.pending) == (False, True)
    assert outbox.drain(take) == 3
    assert take.items == items
    assert not outbox.pending
    assert outbox.drain(take) == 0


def test_what_the_store_does_not_take_waits_on(outbox: Outbox, take: Taker) -> None:
    first, second = make_refusal(), make_refusal()
    outbox.put([first])
    take.failures = 2
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            outbox.drain(take)
        assert outbox.pending
    outbox.put([second])
    assert outbox.drain(take) == 2
    assert take.items == [first, second]


def test_a_long_outbox_is_handed_over_in_batches(outbox: Outbox, take: Taker) -> None:
    items = [make_refusal() for _ in range(2 * DRAIN_BATCH + 1)]
    outbox.put(items)
    assert outbox.drain(take) == len(items)
    assert take.items == items


def test_what_the_store_refuses_is_set_aside_and_reported(
    outbox: Outbox, take: Taker, caplog: pytest.LogCaptureFixture
) -> None:
    items = [make_refusal(), make_refusal(), make_refusal()]
    outbox.put(items)
    take.refused = {items[1].id}
    assert outbox.drain(take) == 3
    assert take.items == [items[0], items[2]]
    assert not outbox.pending
    assert items[1].id in caplog.text


def test_putting_during_a_drain_does_not_wait_for_it(outbox: Outbox) -> None:
    first, second = make_refusal(), make_refusal()
    outbox.put([first])
    taken: list[Item] = []

    def take_and_put(batch: Sequence[Item]) -> list[Outcome]:
        if not taken:
            putting = threading.Thread(target=outbox.put, args=([second],))
            putting.start()
            putting.join(10)
            assert not putting.is_alive()
            assert outbox.drain(take_and_put) == 0, "somebody else drains already"
        taken.extend(batch)
        return [0] * len(batch)

    while outbox.pending:
        outbox.drain(take_and_put)
    assert taken == [first, second]


def test_memory_is_bounded(take: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consentkit.log.outbox.MEMORY_LIMIT", 2)
    outbox = MemoryOutbox()
    outbox.put([BUNDLE, make_refusal()])
    with pytest.raises(OutboxFull):
        outbox.put([make_refusal()])
    assert outbox.drain(take) == 2
    outbox.put([make_refusal()])


def test_a_file_outlives_its_process(path: Path, take: Taker) -> None:
    items: list[Item] = [BUNDLE, make_refusal()]
    FileOutbox(path).put(items)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().count(b"\n") == 2
    assert FileOutbox(path).drain(take) == 2
    assert take.items == items


def test_an_id_that_was_put_twice_is_drained_once(path: Path, take: Taker) -> None:
    entry = make_refusal()
    FileOutbox(path).put([entry])
    FileOutbox(path).put([entry])
    assert FileOutbox(path).drain(take) == 1


def test_a_bundle_is_written_once_by_each_process(path: Path, take: Taker) -> None:
    outbox = FileOutbox(path)
    for _ in range(3):
        outbox.put([BUNDLE, make_refusal()])
    assert path.read_bytes().count(b"bundle") == 1
    outbox.put([make_bundle("Other words."), make_refusal()])
    assert outbox.drain(take) == 6


@pytest.mark.parametrize("cut", [1, 2, 20, 200])
def test_a_torn_last_line_spoils_no_other(
    path: Path, take: Taker, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    whole, torn, later = make_refusal(), make_refusal(), make_refusal()
    FileOutbox(path).put([whole, torn])
    os.truncate(path, path.stat().st_size - cut)
    FileOutbox(path).put([later])
    FileOutbox(path).drain(take)
    assert take.items == ([whole, torn, later] if cut == 1 else [whole, later])
    refused = path.with_name("outbox.jsonl.refused")
    assert refused.exists() == (cut > 1)
    if cut > 1:
        assert refused.read_bytes().startswith(b'{"entry":')


def test_what_a_crashed_drain_has_left_comes_first(path: Path, take: Taker) -> None:
    first, second = make_refusal(), make_refusal()
    FileOutbox(path).put([first])
    os.replace(path, path.with_name("outbox.jsonl.draining"))
    outbox = FileOutbox(path)
    assert outbox.pending
    outbox.put([second])
    assert outbox.drain(take) == 2
    assert take.items == [first, second]


def test_a_disk_that_fills_up_leaves_whole_lines_only(
    path: Path, take: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = FileOutbox(path)
    kept = make_refusal()
    outbox.put([kept])
    write = os.write

    def write_some(descriptor: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[:-50])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_some)
        with pytest.raises(OutboxFull, match="No space left"):
            outbox.put([BUNDLE, make_refusal()])
    assert path.read_bytes().count(b"\n") == 1
    outbox.put([BUNDLE])
    assert outbox.drain(take) == 2
    assert take.items == [kept, BUNDLE]


def test_a_folder_that_is_gone_is_an_error_of_this_package(tmp_path: Path, take: Taker) -> None:
    outbox = FileOutbox(tmp_path / "gone" / "outbox")
    assert not outbox.pending
    with pytest.raises(OutboxFull):
        outbox.put([make_refusal()])
    with pytest.raises(LogUnavailable):
        outbox.drain(take)


def test_threads_share_a_file(path: Path, take: Taker) -> None:
    items = [[make_refusal() for _ in range(10)] for _ in range(8)]
    outbox = FileOutbox(path)

    def put(mine: list[Item]) -> None:
        for item in mine:
            outbox.put([item])
            outbox.drain(take)

    threads = [threading.Thread(target=put, args=(mine,)) for mine in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.drain(take)
    assert sorted(item.id for item in take.items) == sorted(item.id for mine in items for item in mine)


def test_no_line_of_the_package_names_a_visitor(
    path: Path, take: Taker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    entry = make_refusal()
    take.refused = {entry.id}
    outbox = FileOutbox(path)
    outbox.put([entry])
    outbox.drain(take)
    assert "DE" not in caplog.text
    assert entry.locale not in caplog.text


def test_depth_is_told_while_another_process_drains(path: Path, take: Taker) -> None:
    outbox, other, ended = FileOutbox(path), FileOutbox(path), threading.Event()

    def drain_all() -> None:
        for _ in range(150):
            other.put([make_refusal()])
            other.drain(take)
        ended.set()

    thread = threading.Thread(target=drain_all)
    thread.start()
    depths = {0}
    while not ended.is_set():
        depths.add(outbox.depth())
    thread.join()
    # One may be seen before it is drained, and the next one after it was put.
    assert depths <= {0, 1, 2} and outbox.depth() == 0


def test_an_outbox_that_cannot_be_read_is_an_error_of_the_log(path: Path) -> None:
    path.mkdir()
    with pytest.raises(LogUnavailable, match="the outbox cannot be read"):
        FileOutbox(path).depth()
