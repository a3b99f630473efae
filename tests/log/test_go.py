"""Go's ``sumdb/note`` and ``sumdb/tlog`` accept what a real log proves, after erasures and a purge."""

from __future__ import annotations

import random
from base64 import b64encode
from pathlib import Path

from consentkit.log import ConsentLog
from go.verifier import verify
from log.samples import AT, BUNDLE, make_entry

SIZE = 100_000
BATCH = 5_000
VISITORS = 50


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def grow(log: ConsentLog, seeded: random.Random) -> list[tuple[int, bytes]]:
    """Append two days, erase visitors in between, purge one day; return sizes and roots on the way."""
    log.commit([BUNDLE])
    seen: list[tuple[int, bytes]] = []
    for batch in range(SIZE // BATCH):
        day = "2026-11-21" if batch < 10 else "2026-11-22"
        at = f"{day}T10:00:00Z"
        log.commit([make_entry(subject=f"visitor-of-a-log-{n % VISITORS:04}", at=at) for n in range(BATCH)])
        head = log.head()
        seen.append((head.size, head.root))
        if batch % 5 == 4:
            log.erase_now(f"visitor-of-a-log-{seeded.randrange(VISITORS):04}", at=AT)
    for _ in log.purge("2026-11-22", at=AT):
        pass
    return seen


def test_go_accepts_what_a_log_of_100_000_entries_proves_after_erasures(tmp_path: Path) -> None:
    seeded = random.Random(5)
    with ConsentLog(tmp_path / "log.sqlite3") as log:
        seen = grow(log, seeded)
        keys = log.keys()
        assert keys is not None
        head = log.check(keys=keys.accepted)
        assert head.size > SIZE
        entries = list(log.entries())
        gone = [one.index for one in entries if one.entry is None]
        assert len(gone) > SIZE // 2
        indexes = sorted({0, head.size - 1, *seeded.sample(range(head.size), 100), *seeded.sample(gone, 50)})
        proofs = log.proofs(indexes)
        consistent = {size: log.consistency(size) for size, _ in seen}
    inclusion = [
        {
            "index": proof.index,
            "leaf": base64(entries[proof.index].leaf),
            "proof": [base64(one) for one in proof.hashes],
        }
        for proof in proofs
    ]
    consistency = [
        {"old_size": size, "old_root": base64(root), "proof": [base64(one) for one in consistent[size]]}
        for size, root in seen
    ]
    document = {
        "vkey": str(keys.signing.verifier),
        "checkpoint": head.checkpoint,
        "inclusion": inclusion,
        "consistency": consistency,
    }
    assert verify(document) == ""
    changed = {**inclusion[0], "leaf": base64(b"another leaf")}
    assert verify({**document, "inclusion": [changed]}) != ""
