"""Notices as a list, each with what its words changed since the one before it in the same language."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import msgspec

from consentkit.consent.notice import Notice, Shown
from consentkit.log.reader import LogReader, Published


class Change(NamedTuple):
    """A part of a notice that changed: its name, such as ``texts opt-in.notice``, and its words.

    Each run of words stands with its mark: ``=`` for kept, ``-`` for taken out, ``+`` for put in.
    """

    name: str
    words: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        marked = (text if mark == "=" else f"[{mark}{text}{mark}]" for mark, text in self.words)
        return f"{self.name}: {' '.join(marked)}"


class ListedNotice(NamedTuple):
    """A notice: its publication, what it says, the hash of the one before (or nothing), and what changed."""

    published: Published
    shown: Shown
    before: str
    changes: tuple[Change, ...]


def list_notices(reader: LogReader) -> Iterator[ListedNotice]:
    """Yield all notices, in the order of their publication."""
    latest: dict[tuple[str, str], tuple[str, Shown]] = {}
    for published in reader.notices():
        shown = Notice.loads(reader.notice(published.hash) or b"") or Shown()
        before, earlier = latest.get((shown.locale, shown.regime), ("", shown))
        yield ListedNotice(published, shown, before, tuple(compare(earlier, shown)))
        latest[shown.locale, shown.regime] = published.hash, shown


def compare(before: Shown, after: Shown) -> Iterator[Change]:
    """Yield the parts of a notice that changed, word by word."""
    old, new = (dict(_parts(msgspec.to_builtins(shown))) for shown in (before, after))
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield Change(name, tuple(_words(old.get(name, "").split(), new.get(name, "").split())))


def _words(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    for kind, start, stop, new_start, new_stop in SequenceMatcher(None, old, new, False).get_opcodes():
        if start < stop:
            yield "=" if kind == "equal" else "-", " ".join(old[start:stop])
        if kind != "equal" and new_start < new_stop:
            yield "+", " ".join(new[new_start:new_stop])


def _parts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in a notice under a name: its field, and the id of the purpose or vendor it is of."""
    match value:
        case dict():
            for key, part in value.items():
                yield from _parts(part, f"{name} {key}".strip())
        case [dict(), *_]:
            for part in value:
                yield from _parts(part, f"{name} {part.get('id') or part.get('name')}")
        case list():
            yield name, " ".join(map(str, value))
        case _:
            yield name, str(value)
