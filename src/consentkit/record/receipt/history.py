"""From a visitor's decisions to what became of each purpose: given, refused, withdrawn, expired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from consentkit.consent import Shown
from consentkit.record.entry import Entry

State: TypeAlias = Literal[
    "ConsentGiven",
    "RenewedConsentGiven",
    "ConsentRefused",
    "ConsentWithdrawn",
    "ConsentExpired",
    "ConsentInvalidated",
]
"""DPV's names for the states of a consent."""

_GIVEN = ("ConsentGiven", "RenewedConsentGiven")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to the consent for one purpose, or for one vendor.

    Attributes:
        state: Its state from then on.
        at: When it happened.
        entry: The entry that shows it.
        decision: The decision that it was, or that it ends.
    """

    state: State
    at: str
    entry: Entry
    decision: Entry

    @property
    def given(self) -> bool:
        """Say whether consent holds from then on."""
        return self.state in _GIVEN

    @property
    def by_visitor(self) -> bool:
        """Say whether it was the visitor's act, not time's passing or the log's note."""
        return self.entry is self.decision and self.at == self.decision.at


class History:
    """Follows decisions, name by name.

    Attributes:
        events: Purpose or vendor → what happened, in order.
    """

    def __init__(self, notices: Mapping[str, Shown], notes: Mapping[str, Entry]) -> None:
        """Begin: `notices` by hash, `notes` by the id of the decision that each says was not honoured."""
        self.events: dict[str, list[Event]] = {}
        self._notices = notices
        self._notes = notes

    def add(self, decision: Entry) -> None:
        """Add the next decision."""
        self.lapse(decision.at)
        dropped = [name for name in self._held() if self._drops(decision, name)]
        for name in decision.granted:
            self._grant(name, decision)
        for name in decision.denied:
            self._note(name, "ConsentWithdrawn" if self._holds(name) else "ConsentRefused", decision)
        for name in dropped:
            refused = self._purpose(decision, name) in decision.denied
            self._note(name, "ConsentWithdrawn" if refused else "ConsentExpired", decision)

    def lapse(self, at: str) -> None:
        """Let expire what was given for a time that is over."""
        for name in self._held():
            decision = self.events[name][-1].decision
            if decision.expires and moment(decision.expires) <= moment(at):
                self._note(name, "ConsentExpired", decision, at=decision.expires)

    def _grant(self, name: str, decision: Entry) -> None:
        held, note = self._holds(name), self._notes.get(decision.id)
        if held and (note is not None or decision.action == "allow_vendor"):
            return  # it speaks of something else, or was not honoured: what held before holds on
        self._note(name, "RenewedConsentGiven" if held else "ConsentGiven", decision)
        if note is not None:
            self._note(name, "ConsentInvalidated", decision, at=note.at, entry=note)

    def _drops(self, decision: Entry, name: str) -> bool:
        """Say whether a decision, which replaces the one before it, no longer speaks of what was given."""
        if decision.id in self._notes or name in decision.granted or name in decision.denied:
            return False
        return self._purpose(decision, name) not in decision.granted

    def _purpose(self, decision: Entry, name: str) -> str:
        return self._notices[decision.notice].purpose(name).id

    def _note(
        self, name: str, state: State, decision: Entry, *, at: str = "", entry: Entry | None = None
    ) -> None:
        event = Event(state=state, at=at or decision.at, entry=entry or decision, decision=decision)
        self.events.setdefault(name, []).append(event)

    def _holds(self, name: str) -> bool:
        return name in self.events and self.events[name][-1].given

    def _held(self) -> list[str]:
        return sorted(filter(self._holds, self.events))


def read_history(
    entries: Iterable[Entry], notices: Mapping[str, Shown], *, at: str
) -> Mapping[str, Sequence[Event]]:
    """Work out what happened to each purpose and vendor, up to a moment.

    Args:
        entries: The visitor's, in the log's order.
        notices: What was shown, by its hash.
        at: The moment, RFC 3339.
    """
    entries = list(entries)
    notes = {entry.previous: entry for entry in entries if entry.type == "invalidated" and entry.previous}
    history = History(notices, notes)
    # What waited in an outbox stands later in the log than it happened.
    for decision in sorted((e for e in entries if e.type == "decision"), key=lambda e: moment(e.at)):
        history.add(decision)
    history.lapse(at)
    return {name: history.events[name] for name in sorted(history.events)}


def moment(text: str) -> datetime:
    """Read an RFC 3339 time.

    Raises:
        ValueError: It is none, or says no time zone.
    """
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError("a time has no time zone")
    return read
