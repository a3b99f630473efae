"""The recorder: writes decisions to the log.

No grant without an entry: if the log rejects it, new grants are left out. No refusal lost: denials are
honoured at once, and wait in the log's outbox while its store cannot be reached.
"""

import re
from collections.abc import Generator, Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from consentkit.banner.assets import read_assets
from consentkit.consent.cookies import ONCE_SECONDS
from consentkit.consent.decision import Decision
from consentkit.consent.notice import Notice, Shown, read_terms
from consentkit.exceptions import LogError, LogUnavailable
from consentkit.record.entry import Action, Bundle, Entry, rfc3339
from consentkit.web.cookie_headers import subject_of
from consentkit.web.endpoints.effects import Append, Effect, Honour, Ids, Invalidate, Published, Tell
from consentkit.web.endpoints.submission import Button, Submission
from consentkit.web.resolver import Exchange

_ACTIONS: Final[Mapping[Button, Action]] = {
    "accept": "accept_all",
    "reject": "reject_all",
    "save": "save",
    "withdraw": "withdraw",
    "allow": "allow_vendor",
}
"""What the log calls each button."""
_HASH: Final = re.compile("[0-9a-f]{64}")


class Choice(msgspec.Struct, frozen=True):
    """A choice that is being recorded.

    Attributes:
        exchange: The visitor's request, with the consent before the choice.
        ids: Generates the ids of entries.
        submission: The submitted form or JSON.
        decision: The decision that the visitor wants.
        notice: The notice that was shown, if it is the current one; ``None`` for an earlier one.
    """

    exchange: Exchange
    ids: Ids
    submission: Submission
    decision: Decision
    notice: Notice | None

    @property
    def is_overtaken(self) -> bool:
        """Whether its page is older than the visitor's last choice, and it would allow what that denies.

        Denying more than the last choice is always possible.
        """
        made_for, before, now = self.submission.made_for, self.exchange.consent, self.decision
        if made_for is None or before.decision is None or not before.is_newer_than(made_for):
            return False
        said_no, purpose_of = before.decision.denied, before.policy.vendor_purpose
        new = now.granted - before.decision.granted
        taken_back = (name for name in said_no - now.denied if purpose_of(name) not in now.denied)
        return any(taken_back) or any(purpose_of(name) in said_no for name in new)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result of recording a choice.

    Attributes:
        decision: The decision from now on; ``None`` if nothing changed.
        subject: The visitor's id, if its cookie must be set.
        recorded: False if a grant could not be written and is therefore not in `decision`.
    """

    decision: Decision | None
    subject: str | None = None
    recorded: bool = True


class Recorder:
    """Records decisions, grants with their notice unless that is known to be in the log."""

    def __init__(self) -> None:
        self._published: set[str] = set()

    def record(self, choice: Choice) -> Generator[Effect, Any, Outcome]:
        """Record a choice and return the outcome. Refusals are always honoured."""
        exchange, decision = choice.exchange, choice.decision
        if not exchange.options.keeps_log:
            return Outcome(decision=decision)  # without entries no id: it only serves to find them
        new, kept = decision.granted - _in_force(exchange), _kept(exchange, decision)
        # A later day prolongs what is granted: that takes an entry, as a new grant does.
        if not new and kept == decision:
            yield from self.refuse(choice, decision)
            return Outcome(decision=decision)
        known = subject_of(exchange)
        subject = known or (None if choice.submission.once else choice.ids.subject())
        entry = _entry(choice, decision, subject)
        known_notice = entry.notice in self._published
        try:
            yield Append(entry, None if known_notice else self._bundle(choice, entry.at))
        except LogError as error:
            # If the log was restored to an earlier moment, the next grant takes the notice along again.
            self._published.discard(entry.notice)
            yield Tell("error", f"a grant is not honoured, because the consent log cannot take it: {error}")
            if isinstance(error, LogUnavailable) and error.unknown:
                yield Invalidate(entry, choice.ids.entry(), entry.at)
        else:
            self._published.add(entry.notice)
            return Outcome(decision=decision, subject=None if known else subject)
        rest = refused_only(choice)
        if rest is not None:
            yield from self.refuse(choice, rest)
        return Outcome(decision=rest, recorded=rest is not None and not new)

    def refuse(
        self, choice: Choice, refusal: Decision, *, level: Literal["error", "warning"] = "error"
    ) -> Generator[Effect, Any, None]:
        """Record a refusal, which is honoured even if the log fails.

        Args:
            choice: The choice to which it belongs.
            refusal: A decision that grants nothing new.
            level: Log level of the message if the log rejects it.
        """
        if not choice.exchange.options.keeps_log:
            return
        try:
            entry = _entry(choice, refusal, subject_of(choice.exchange))
            # With the notice in any case: the log may not have it any more when it takes the refusal.
            yield Honour(entry, self._bundle(choice, entry.at))
        except LogError as error:
            yield Tell(level, f"a refusal is honoured, but the consent log does not take it: {error}")

    def _bundle(self, choice: Choice, at: str) -> Bundle | None:
        """Return the bundle of the notice; None for an earlier one, which was read from the log."""
        notice = choice.notice
        if notice is None:
            return None
        assets = {asset.hash: asset.body for asset in read_assets(choice.exchange.options.policy)}
        return Bundle(hash=notice.hash, body=notice.body, assets=assets, at=at)


def find_terms(exchange: Exchange, notice: str) -> Generator[Effect, Any, Shown | None]:
    """Return a notice from the log; ``None`` if it is not there or the log cannot be read."""
    if not exchange.options.keeps_log or not _HASH.fullmatch(notice):
        return None
    try:
        body = yield Published(notice)
    except LogError as error:
        yield Tell("warning", f"an earlier notice cannot be looked up: {error}")
        return None
    return read_terms(body) if body is not None else None


def refused_only(choice: Choice) -> Decision | None:
    """Return the choice without its new grants; ``None`` if it denies nothing new.

    What was granted before and the choice still grants is kept, for as long as it was granted.
    """
    decision, last = choice.decision, choice.exchange.consent.decision
    known = last.denied if last else frozenset[str]()
    rest = _kept(choice.exchange, decision)
    return rest if rest.denied - known or (rest.denied and not decision.granted) else None


def refused_besides(choice: Choice) -> Decision | None:
    """Return the last decision with the denials of an overtaken choice; ``None`` if it adds none.

    What was granted before and the choice still grants is kept, for as long as it was granted.
    """
    decision, last = choice.decision, choice.exchange.consent.decision
    if last is None or decision.denied <= last.denied:
        return None
    return replace(
        _kept(choice.exchange, decision),
        denied=decision.denied | last.denied,
        fingerprints={**last.fingerprints, **decision.fingerprints},
    )


def _kept(exchange: Exchange, decision: Decision) -> Decision:
    """Return a decision that grants only what is granted now, and not longer than that."""
    last, granted = exchange.consent.decision, decision.granted & _in_force(exchange)
    day = decision.day if last is None or not granted else min(decision.day, last.day)
    return replace(decision, granted=granted, day=day)


def _in_force(exchange: Exchange) -> frozenset[str]:
    """Return the names that the earlier decision grants now, without those that only the regime grants."""
    consent = exchange.consent
    if consent.decision is None or exchange.now >= consent.decision.expires_at(consent.validity):
        return frozenset()
    return consent.decision.granted & (consent.chosen | consent.vendors_granted)


def _entry(choice: Choice, decision: Decision, subject: str | None) -> Entry:
    exchange, submission = choice.exchange, choice.submission
    consent, now = exchange.consent, exchange.now
    expires = now + ONCE_SECONDS if submission.once else decision.expires_at(consent.validity)
    return Entry(
        id=choice.ids.entry(),
        at=rfc3339(now),
        subject=subject,
        regime=decision.regime.value,
        country=consent.place.country if consent.place is not None and consent.place.known else "",
        action=_ACTIONS[submission.button],
        source=decision.source,
        granted=tuple(sorted(decision.granted)),
        denied=tuple(sorted(decision.denied)),
        fingerprints=dict(decision.fingerprints),
        notice=submission.notice,
        locale=submission.locale,
        signals=tuple(sorted(consent.signals)),
        expires=rfc3339(expires) if decision.granted else "",
    )
