"""One filter for lists, exports and counts: all of them mean the same entries."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from consentkit.exceptions import LogError
from consentkit.log import ConsentLog
from consentkit.log.entry_filter import EntryFilter
from consentkit.log.signer import Keyring, make_key_file
from consentkit.log.stores.values import rollup_of
from consentkit.record.entry import Entry
from consentkit.tlog.note import SigningKey
from log.samples import BUNDLE, make_bundle, make_entry

OTHER = make_bundle("Other words.")
SUBJECT = "-visitor-with-a-hyphen_"


@pytest.fixture
def log(url: str, tmp_path: Path) -> Iterator[ConsentLog]:
    """Make a log of many kinds of entries, some of them erased."""
    make_key_file(tmp_path / "log.key", Keyring(signing=SigningKey.generate("example.org/log")))
    chance = random.Random(4)
    with ConsentLog(url, key=tmp_path / "log.key") as made:
        made.commit([BUNDLE, OTHER])
        for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
            made.commit([any_entry(chance, day) for _ in range(60)])
        made.erase_now("visitor-to-be-erased", at="2026-11-22T12:00:00Z")
        yield made


def any_entry(chance: random.Random, day: str) -> Entry:
    """Make a decision of any kind."""
    names = ["analytics", "functional", "gpc", "marketing"]
    granted = tuple(sorted(chance.sample(names, chance.randrange(4))))
    return make_entry(
        at=f"{day}T{chance.randrange(24):02}:00:00Z",
        subject=chance.choice([SUBJECT, "visitor-to-be-erased", None, "visitor-who-stays-"]),
        regime=chance.choice(["opt-in", "opt-out"]),
        country=chance.choice(["DE", "FR", ""]),
        locale=chance.choice(["de", "de-AT", "fr"]),
        action=chance.choice(["accept_all", "save", "allow_vendor", "withdraw"]),
        notice=chance.choice([BUNDLE.hash, OTHER.hash]),
        granted=granted,
        denied=tuple(sorted({*names} - {*granted})),
    )


FILTERS = [
    {},
    {"since": "2026-11-21"},
    {"since": "2026-11-21", "until": "2026-11-21"},
    {"until": "2026-11-20"},
    {"regime": "opt-out"},
    {"country": "FR"},
    {"locale": "de"},
    {"notice": OTHER.hash},
    {"action": "save"},
    {"action": "save,allow_vendor"},
    {"purpose": "analytics"},
    {"purpose": "gpc"},
    {"purpose": "nobody"},
    {"subject": SUBJECT},
    {"subject": "visitor-to-be-erased"},
    {"subject": "somebody-who-never-was"},
    {"purpose": "marketing", "country": "DE", "regime": "opt-in", "since": "2026-11-22"},
    {"subject": SUBJECT, "action": "withdraw", "until": "2026-11-21"},
]


@pytest.mark.parametrize("fields", FILTERS, ids=str)
def test_lists_exports_and_counts_mean_the_same(log: ConsentLog, fields: dict[str, str]) -> None:
    chosen = EntryFilter(**fields)
    meant = [one for one in log.entries() if is_meant(one.entry, one.day, chosen)]
    assert [one.index for one in log.select(chosen)] == [one.index for one in meant]
    # Of what is erased only the leaf tells the day: exports have it, lists by day do not.
    by_day = chosen.since or chosen.until
    expected = [one.index for one in meant if one.entry is not None or not by_day]
    listed: list[int] = []
    before: int | None = None
    while before is not None or not listed:
        page = log.search(chosen, before=before, limit=7)
        listed += [one.index for one in page.entries]
        before = page.before
        if before is None:
            break
    assert listed == expected[::-1]
    decisions = [one.entry for one in log.select(chosen) if one.entry and one.entry.type == "decision"]
    counted = Counter({key: count for key, count in log.stats(chosen).items() if count})
    if chosen.by_entry:
        assert counted == Counter(map(rollup_of, decisions))
    else:  # roll-ups know the erased ones as well
        assert counted >= Counter(map(rollup_of, decisions))
        assert log.stats(chosen).keys() <= log.stats().keys()


def is_meant(entry: Entry | None, day: str, chosen: EntryFilter) -> bool:
    """Say the same in the plainest words."""
    if (chosen.since and day < chosen.since) or (chosen.until and day > chosen.until):
        return False
    wanted = {name: getattr(chosen, name) for name in ("regime", "country", "locale", "notice", "subject")}
    if not any((*wanted.values(), chosen.action, chosen.purpose)):
        return True
    if entry is None or entry.type != "decision":
        return False
    same = all(not value or getattr(entry, name) == value for name, value in wanted.items())
    acted = not chosen.action or entry.action in chosen.action.split(",")
    return same and acted and (not chosen.purpose or chosen.purpose in entry.granted)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"regime": "opt"}, "regime one of opt-in, opt-out"),
        ({"country": "de"}, "two capital letters"),
        ({"locale": "d'; DROP"}, "language tag"),
        ({"notice": "abc"}, "64 hexadecimal digits"),
        ({"action": "save,"}, "one or more of accept_all"),
        ({"purpose": "%"}, "the id of a purpose"),
        ({"subject": "short"}, "a visitor's id"),
        ({"since": "2026-02-31"}, "days as in 2026-11-22"),
        ({"until": "20261122"}, "days as in 2026-11-22"),
    ],
)
def test_what_cannot_be_is_named(fields: dict[str, str], told: str) -> None:
    with pytest.raises(LogError, match=told):
        EntryFilter(**fields)


def test_what_is_rare_is_searched_for_in_steps(log: ConsentLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consentkit.log.reader.SEARCH_WINDOW", 50)
    chosen, pages, before = EntryFilter(purpose="nobody"), 0, log.head().size
    while before:
        page = log.search(chosen, before=before)
        assert page.entries == []
        before, pages = page.before or 0, pages + 1
    assert pages == -(-log.head().size // 50)
