"""Notices as a list, each with what its words changed since the one before it in the same language."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from consentkit.consent.notice import Notice, Shown
from consentkit.log.reader import LogReader, Published

_MARKS = {"equal": " ", "delete": "-", "insert": "+"}


class Words(NamedTuple):
    """Words of a line and their mark: space for kept, ``-`` for taken out, ``+`` for put in."""

    mark: str
    text: str


class Change(NamedTuple):
    """A part of a notice that changed: its name, such as ``texts opt-in.notice``, and its words."""

    name: str
    words: tuple[Words, ...]

    def __str__(self) -> str:
        marked = (text if mark == " " else f"[{mark}{text}{mark}]" for mark, text in self.words)
        return f"{self.name}: {' '.join(marked)}"


class ListedNotice(NamedTuple):
    """A notice of the list.

    Attributes:
        published: Its publication.
        shown: What it says; empty if it is missing or of an unknown form.
        before: Hash of the notice before it of the same language and regime; empty for the first.
        changes: The parts that differ from that one.
    """

    published: Published
    shown: Shown
    before: str
    changes: tuple[Change, ...]


def list_notices(reader: LogReader) -> Iterator[ListedNotice]:
    """Yield all notices, in the order of their publication."""
    latest: dict[tuple[str, str], tuple[str, Shown]] = {}
    for published in reader.notices():
        shown = Notice.loads(reader.notice(published.hash) or b"") or Shown()
        kind = shown.locale, shown.regime
        before, earlier = latest.get(kind, ("", None))
        changes = () if earlier is None else tuple(compare(earlier, shown))
        yield ListedNotice(published, shown, before, changes)
        latest[kind] = published.hash, shown


def compare(before: Shown, after: Shown) -> Iterator[Change]:
    """Yield the parts of a notice that changed, word by word."""
    old, new = dict(_parts(before)), dict(_parts(after))
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield Change(name, tuple(_words(old.get(name, "").split(), new.get(name, "").split())))


def _words(old: list[str], new: list[str]) -> Iterator[Words]:
    for kind, start, stop, new_start, new_stop in SequenceMatcher(None, old, new, False).get_opcodes():
        if kind in ("equal", "delete", "replace"):
            yield Words(_MARKS.get(kind, "-"), " ".join(old[start:stop]))
        if kind in ("insert", "replace"):
            yield Words("+", " ".join(new[new_start:new_stop]))


def _parts(shown: Shown) -> Iterator[tuple[str, str]]:
    """Yield what visitors read of a notice, and what it was made of, by name."""
    yield "asked", ", ".join(shown.asked)
    for name, text in shown.texts.items():
        yield f"texts {name}", text
    for purpose in shown.purposes:
        yield f"purpose {purpose.id}", f"{purpose.title}: {purpose.description}"
    for vendor in shown.vendors:
        cookies = ", ".join(f"{cookie.name} ({cookie.retention})" for cookie in vendor.cookies)
        facts = (
            vendor.name,
            vendor.purpose,
            vendor.retention,
            vendor.country,
            vendor.privacy_policy,
            cookies,
        )
        yield f"vendor {vendor.id}", "; ".join(filter(None, facts))
    for name, hash in shown.assets.items():
        yield f"file {name}", hash
    yield "design", shown.html
