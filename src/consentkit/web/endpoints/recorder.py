"""From a submission to a decision that is in the log.

No grant without an entry: if the log cannot take it, what would be granted newly is left out. No refusal
lost: whatever is denied is honoured at once, and waits in the log's outbox while its store is away.
"""

from __future__ import annotations

import inspect
import logging
import re
import secrets
from collections.abc import Iterable

import msgspec
from consentkit.asgi.once import SECONDS as ONCE_SECONDS
from consentkit.asgi.request import Request
from consentkit.asgi.submission import Submission
from msgspec.structs import replace

from consentkit.asgi.clock import milliseconds, rfc3339
from consentkit.asgi.deployment import Deployment
from consentkit.banner import assets_by_name, read_choices, read_offered, read_ticked
from consentkit.consent import Consent, Decision, Notice, Source, Terms, choosing, read_terms
from consentkit.exceptions import BadRequest, LogError, LogUnavailable, UnknownPurpose
from consentkit.policy.checks import IDENTIFIER
from consentkit.record import Bundle, Entry, uuid7

# Names in the log, where they are others than in forms.
_ACTIONS = {"accept": "accept_all", "reject": "reject_all", "allow": "allow_vendor"}
_HASH = re.compile("[0-9a-f]{64}")
_logger = logging.getLogger("consentkit")


class Choice(msgspec.Struct, frozen=True):
    """One choice on its way.

    Attributes:
        request: The visitor's request.
        submission: What was sent.
        before: What held before.
        decision: What the visitor wants to hold.
        notice: What was shown, if it is what is shown now; else it is in the log already.
        now: Epoch seconds.
    """

    request: Request
    submission: Submission
    before: Consent
    decision: Decision
    notice: Notice | None
    now: int

    @property
    def on_same_terms(self) -> bool:
        """Whether the purposes that it speaks of are what they were when the notice was shown."""
        current = self.before.policy.fingerprints
        return all(current.get(name) == mark for name, mark in self.decision.fingerprints.items())

    @property
    def is_overtaken(self) -> bool:
        """Whether its page is older than the visitor's last choice, part of which it would take back.

        That is what the last one denies; denying more takes nothing back.
        """
        made_for, before, now = self.submission.made_for, self.before, self.decision
        if made_for is None or before.decision is None or not before.is_newer_than(made_for):
            return False
        said_no, purpose_of = before.decision.denied, before.policy.vendor_purpose
        new = now.granted - before.decision.granted
        taken_back = (name for name in said_no - now.denied if purpose_of(name) not in now.denied)
        return any(taken_back) or any(purpose_of(name) in said_no for name in new)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a submission.

    Attributes:
        decision: What holds from now on; ``None`` where nothing changed.
        subject: The visitor's id, where one is to be set.
        recorded: False where the log could not take a grant, which is therefore not in `decision`.
    """

    decision: Decision | None
    subject: str | None = None
    recorded: bool = True


def decide(
    submission: Submission, consent: Consent, *, asked: Iterable[str], source: Source, now: int
) -> Decision:
    """Work out the next decision.

    Args:
        submission: What was sent.
        consent: What holds before.
        asked: Purposes that the banner asked for.
        source: Where the choice was made.
        now: Epoch seconds.

    Raises:
        BadRequest: 400 for a purpose or vendor that the policy does not have.
    """
    # Only the settings page says that the signal was received.
    told = source == "settings" and submission.signal == consent.signal
    try:
        if submission.action == "accept":
            return choosing.accept(consent, source=source, now=now, asked=asked, told=told)
        if submission.action in ("reject", "withdraw"):
            return choosing.reject(consent, source=source, now=now)
        if submission.action == "allow":
            return choosing.allow(consent, submission.names, source=source, now=now)
        if submission.as_json:
            return choosing.choose(consent, submission.names, submission.denied, source=source, now=now)
        return _save(submission, consent, source=source, now=now, told=told)
    except UnknownPurpose as error:
        raise BadRequest(400, "The choice names a purpose or vendor that this site does not have.") from error


def _save(submission: Submission, consent: Consent, *, source: Source, now: int, told: bool) -> Decision:
    """Read the settings form. A box that was ticked by default, and still is, is no grant."""
    policy, offered = consent.policy, read_offered(submission.was)
    # What the page offered and a deploy took away can be neither granted nor refused any more.
    gone = {name for name in offered if name not in policy.purposes and policy.vendor_purpose(name) is None}
    if not all(map(IDENTIFIER.fullmatch, gone)):
        raise UnknownPurpose(min(gone), policy.purposes)
    granted = read_choices(policy, ticked=submission.names, was=submission.was) - gone
    return choosing.choose(
        consent,
        granted,
        offered - granted - gone,
        left_on=read_ticked(submission.was) - consent.chosen,
        source=source,
        now=now,
        told=told,
    )


class Recorder:
    """Writes decisions to the deployment's log.

    Args:
        deployment: Its log may be ``None`` on purpose: then nothing is recorded.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._published: set[str] = set()

    async def record(self, choice: Choice) -> Outcome:
        """Record a choice and return what holds now. A refusal always does."""
        decision, now = choice.decision, choice.now
        if self._deployment.log is None:
            return Outcome(decision=decision)  # an id is the key to entries; without them nobody gets one
        known = self._deployment.subject_of(choice.request)
        new = decision.granted - _in_force(choice.before, now)
        subject = known or (secrets.token_urlsafe(18) if new and not choice.submission.once else None)
        outcome = Outcome(decision=decision, subject=subject if subject != known else None)
        entry = self._entry(choice, decision, subject)
        if not new:
            await self._honour(entry, choice.notice)
            return outcome
        try:
            await self._append(entry, choice.notice)
        except LogError as error:
            _logger.error("a grant is not honoured, because the consent log cannot take it: %s", error)
            if isinstance(error, LogUnavailable) and error.unknown:
                await self._deployment.log.invalidate(entry, id=uuid7(milliseconds()), at=rfc3339(now))
            return await self._refused_only(choice)
        return outcome

    async def record_stale(self, choice: Choice, refusal: Decision) -> None:
        """Record what is refused by a choice that cannot be taken as it is. Never raises."""
        log = self._deployment.log
        if log is None:
            return
        try:
            entry = self._entry(choice, refusal, self._deployment.subject_of(choice.request))
            await log.honour(entry, bundle=self._bundle(choice.notice, entry.at))
        except LogError as error:
            _logger.warning("a refusal is honoured, but the consent log does not take it: %s", error)

    async def terms_of(self, notice: str) -> Terms | None:
        """Return the terms of a notice that the log has; ``None`` where it has not, or cannot say now."""
        log = self._deployment.log
        if log is None or not _HASH.fullmatch(notice):
            return None
        try:
            body = await log.published(notice)
        except LogError as error:
            _logger.warning("an earlier notice cannot be looked up: %s", error)
            return None
        return read_terms(body) if body is not None else None

    async def _refused_only(self, choice: Choice) -> Outcome:
        rest = refused_only(choice)
        if rest is None:
            return Outcome(decision=None, recorded=False)
        entry = self._entry(choice, rest, self._deployment.subject_of(choice.request))
        await self._honour(entry, choice.notice)
        return Outcome(decision=rest, recorded=False)

    def _entry(self, choice: Choice, decision: Decision, subject: str | None) -> Entry:
        request, submission, now = choice.request, choice.submission, choice.now
        place = self._deployment.place_of(request)
        validity = self._deployment.policy.validity_at(place)
        expires = now + ONCE_SECONDS if submission.once else decision.expires_at(validity)
        signals = request.traits.signals.names(dnt=self._deployment.policy.signals.dnt)
        return Entry(
            id=uuid7(milliseconds()),
            at=rfc3339(now),
            subject=subject,
            regime=decision.regime.value,
            country=place.country if place is not None and place.known else "",
            action=_ACTIONS.get(submission.action, submission.action),
            source=decision.source,
            granted=tuple(sorted(decision.granted)),
            denied=tuple(sorted(decision.denied)),
            fingerprints=dict(decision.fingerprints),
            notice=submission.notice,
            locale=submission.locale,
            signals=tuple(sorted(signals)),
            expires=rfc3339(expires) if decision.granted else "",
        )

    async def _append(self, entry: Entry, notice: Notice | None) -> None:
        if self._deployment.log is not None:
            await self._deployment.log.append(entry, bundle=self._bundle(notice, entry.at))
            self._published.add(entry.notice)

    async def _honour(self, entry: Entry, notice: Notice | None) -> None:
        if self._deployment.log is None:
            return
        try:
            index = await self._deployment.log.honour(entry, bundle=self._bundle(notice, entry.at))
        except LogError as error:
            _logger.error("a refusal is honoured, but the consent log does not take it: %s", error)
            return
        if index is not None:
            self._published.add(entry.notice)

    def _bundle(self, notice: Notice | None, at: str) -> Bundle | None:
        """Return what publishes a notice, unless this process has seen it in the log."""
        if notice is None or notice.hash in self._published:
            return None
        files = assets_by_name(self._deployment.policy).values()
        assets = {asset.hash: asset.body for asset in files}
        return Bundle(hash=notice.hash, body=notice.body, assets=assets, at=at)


async def announce(deployment: Deployment, decision: Decision, request: Request) -> None:
    """Tell the site's own callback. Its failure is logged and undoes nothing."""
    callback = deployment.on_decision
    if callback is None:
        return
    try:
        answer = callback(decision, request.scope)
        if inspect.isawaitable(answer):
            await answer
    except Exception:
        _logger.exception("on_decision failed; the decision holds all the same")


def refused_only(choice: Choice) -> Decision | None:
    """Return what a choice newly denies, where it cannot grant; ``None`` if it denies nothing more.

    What was granted before and the choice still grants is kept.
    """
    decision, before = choice.decision, choice.before
    known = before.decision.denied if before.decision else frozenset[str]()
    rest = replace(decision, granted=decision.granted & _in_force(before, choice.now))
    return rest if rest.denied - known or (rest.denied and not decision.granted) else None


def refused_besides(choice: Choice) -> Decision | None:
    """Return what an overtaken choice denies beside the visitor's last one; ``None`` if it denies no more.

    What was granted before and the choice still grants is kept.
    """
    last, decision = choice.before.decision, choice.decision
    if last is None or decision.denied <= last.denied:
        return None
    return replace(
        decision,
        granted=decision.granted & _in_force(choice.before, choice.now),
        denied=decision.denied | last.denied,
        fingerprints={**last.fingerprints, **decision.fingerprints},
    )


def _in_force(consent: Consent, now: int) -> frozenset[str]:
    """Return what an earlier decision grants now; what only the regime grants is not in it."""
    if consent.decision is None or now >= consent.decision.expires_at(consent.validity):
        return frozenset()
    return consent.decision.granted & (consent.chosen | consent.vendors_granted)
