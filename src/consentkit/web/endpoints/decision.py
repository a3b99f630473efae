"""``POST /_consent/decision``: from what a visitor sends to what a browser keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from consentkit.asgi.answering import HEADERS, base_of, problem, set_cookies, wants_json
from consentkit.asgi.recording import (
    Choice,
    Outcome,
    Recorder,
    announce,
    decide,
    refused_besides,
    refused_only,
)
from consentkit.asgi.request import Request
from consentkit.asgi.submission import Submission, check_same_origin, read_body, read_submission
from msgspec.structs import replace
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive

from consentkit.asgi.clock import epoch
from consentkit.asgi.deployment import Deployment
from consentkit.banner import problem_text
from consentkit.consent import Consent, Source, cookies, on_terms

State: TypeAlias = Callable[[Request, Consent], dict[str, object]]


class Decisions:
    """Takes decisions.

    Args:
        deployment: The policy as it is deployed.
        state: Returns what clients are told of a consent.
    """

    def __init__(self, deployment: Deployment, state: State) -> None:
        self._deployment = deployment
        self._state = state
        self._recorder = Recorder(deployment)

    async def answer(self, request: Request, consent: Consent, receive: Receive) -> Response:
        """Answer one request.

        Raises:
            BadRequest: It cannot be honoured.
        """
        check_same_origin(request, self._deployment.tell_of_host)
        submission = read_submission(request, await read_body(request, receive))
        now = epoch()
        notice = self._deployment.known_notice(consent, submission.notice, submission.locale)
        # A deploy came in between: the choice holds on the terms of the notice that was seen, if it is known.
        terms = await self._recorder.terms_of(submission.notice) if notice is None else None
        asked = notice.asked if notice else terms.asked if terms else ()
        source = self._source(request, submission)
        decision = decide(submission, consent, asked=asked, source=source, now=now)
        if terms is not None:
            submission, decision = replace(submission, locale=terms.locale), on_terms(decision, terms)
        choice = Choice(request, submission, consent, decision, notice, now)
        if choice.is_overtaken:
            return await self._overtaken(choice)
        changed = notice is None and submission.once and not choice.on_same_terms
        if (notice is None and terms is None) or changed:
            return await self._stale(choice)
        return await (self._once(choice) if submission.once else self._take(choice))

    def _source(self, request: Request, submission: Submission) -> Source:
        if submission.as_json:
            return "api"
        if submission.action == "allow":
            return "embed"
        below = submission.return_to.startswith(base_of(self._deployment, request) + "/")
        return "settings" if below or submission.was else "banner"

    async def _take(self, choice: Choice) -> Response:
        request, submission = choice.request, choice.submission
        if submission.action == "allow" and not self._takes_effect(choice):
            return self._problem(choice, 409, "signal" if choice.before.signal else "stale")
        # Nothing is recorded that no cookie can hold: this raises where it names too many vendors.
        self._deployment.decisions.dumps(choice.decision, now=choice.now)
        outcome = await self._recorder.record(choice)
        if outcome.decision is not None:
            await announce(self._deployment, outcome.decision, request)
        response = self._done(choice) if outcome.recorded else self._problem(choice, 503, "unrecorded")
        self._remember(response, choice, outcome)
        return response

    def _takes_effect(self, choice: Choice) -> bool:
        """Say whether what is allowed will be: a binding signal or a changed purpose may stand against it."""
        after = self._deployment.consent_with(choice.request, choice.decision, now=choice.now)
        policy = self._deployment.policy
        return all(
            after.allows(name)
            if name in policy.purposes
            else after.allows_known(name, policy.vendor_purpose(name) or "")
            for name in choice.submission.names
        )

    async def _stale(self, choice: Choice) -> Response:
        """Answer a choice about a notice that nobody knows any more. What it refuses holds all the same."""
        refusal = refused_only(choice)
        # A client asks for the state and sends all of it again; a visitor has said no, and goes.
        half = choice.submission.as_json and bool(choice.decision.granted)
        if refusal is None or half or choice.submission.once:
            return self._problem(choice, 409, "stale")
        await self._recorder.record_stale(choice, refusal)
        await announce(self._deployment, refusal, choice.request)
        response = self._problem(choice, 409, "stale" if refusal.granted else "stale_refusal")
        self._remember(response, choice, Outcome(decision=refusal))
        return response

    async def _overtaken(self, choice: Choice) -> Response:
        """Answer a choice from a page older than the visitor's last one, part of which it would take back.

        What the last one denies stays denied, and what this one denies besides is denied as well.
        """
        refusal = refused_besides(choice)
        if refusal is not None:
            await self._recorder.record_stale(choice, refusal)
            await announce(self._deployment, refusal, choice.request)
        response = self._problem(choice, 409, "older")
        if wants_json(choice.request):
            decision = refusal or choice.before.decision
            after = self._deployment.consent_with(choice.request, decision, now=choice.now)
            told = {"error": self._text(choice, "older"), "reload": True}
            response = JSONResponse({**self._state(choice.request, after), **told}, 409, headers=HEADERS)
        self._remember(response, choice, Outcome(decision=refusal))
        return response

    async def _once(self, choice: Choice) -> Response:
        request, submission = choice.request, choice.submission
        outcome = await self._recorder.record(choice)
        if not outcome.recorded:
            return self._problem(choice, 503, "unrecorded")
        response = RedirectResponse(submission.return_to, 303, headers=HEADERS)
        once = self._deployment.once
        value = once.dumps(submission.names[0], now=choice.now)
        cookie = once.set_cookie(value, secure=request.secure)
        set_cookies(response, [cookie])
        return response

    def _done(self, choice: Choice) -> Response:
        request, submission, before = choice.request, choice.submission, choice.before
        if not (submission.as_json or wants_json(request)):
            return RedirectResponse(submission.return_to, 303, headers=HEADERS)
        after = self._deployment.consent_with(request, choice.decision, now=choice.now)
        # A page with an earlier notice was made for what held then.
        reload = after.key != before.key or choice.notice is None
        return JSONResponse({**self._state(request, after), "reload": reload}, headers=HEADERS)

    def _remember(self, response: Response, choice: Choice, outcome: Outcome) -> None:
        """Set the two cookies, and on https remove a decision under its plain name."""
        deployment, request, now = self._deployment, choice.request, choice.now
        secure, domain = request.secure, deployment.cookie_domain
        lines: list[str] = []
        if outcome.decision is not None:
            lines.append(deployment.set_decision(request, outcome.decision, choice.before, now=now))
        if outcome.subject is not None:
            ident = deployment.subjects.dumps(outcome.subject)
            lines.append(cookies.set_id_cookie(ident, secure=secure, domain=domain))
        lines += deployment.expire_plain(request)
        set_cookies(response, lines)

    def _text(self, choice: Choice, key: str) -> str:
        locale = self._deployment.locale_of(choice.request, choice.submission.locale)
        return problem_text(self._deployment.policy, key, locale=locale)

    def _problem(self, choice: Choice, status: int, text: str) -> Response:
        deployment, request, back = self._deployment, choice.request, choice.submission.return_to
        return problem(deployment, request, status, text, return_to=back, language=choice.submission.locale)
