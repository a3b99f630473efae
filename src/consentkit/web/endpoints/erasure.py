"""``POST /_consent/erase``: a visitor's entries are destroyed, and what they alone stood for ends.

The id goes with the entries. Grants go as well, since none holds without a record; refusals stay.
"""

from __future__ import annotations

import logging

from consentkit.asgi.answering import HEADERS, base_of, problem, set_cookies, wants_json
from consentkit.asgi.deciding import State
from consentkit.asgi.recording import announce
from consentkit.asgi.request import Request
from consentkit.asgi.submission import Erasure, check_same_origin, read_body, read_erasure
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive

from consentkit.asgi.clock import epoch, rfc3339
from consentkit.asgi.deployment import Deployment
from consentkit.consent import Consent, Decision, cookies, forget
from consentkit.exceptions import BadRequest, LogError

_logger = logging.getLogger("consentkit")


class Erasing:
    """Erases what the log has of a visitor.

    Args:
        deployment: The policy as it is deployed.
        state: Returns what clients are told of a consent.
    """

    def __init__(self, deployment: Deployment, state: State) -> None:
        self._deployment = deployment
        self._state = state

    async def answer(self, request: Request, consent: Consent, receive: Receive) -> Response:
        """Answer one request.

        Raises:
            BadRequest: It cannot be honoured.
        """
        if self._deployment.log is None:
            raise BadRequest(404, "missing")
        check_same_origin(request, self._deployment.tell_of_host)
        erasure, now = read_erasure(request, await read_body(request, receive)), epoch()
        try:
            for subject in self._subjects(request):
                await self._deployment.log.erase(subject, at=rfc3339(now))
        except LogError as error:
            _logger.error("a visitor's entries cannot be erased: %s", error)
            back, language = erasure.return_to, erasure.locale
            return problem(self._deployment, request, 503, "history_away", return_to=back, language=language)
        rest = forget(consent)
        if rest == consent.decision:
            rest = None  # nothing ends
        if rest is not None:
            await announce(self._deployment, rest, request)
        response = self._done(request, consent, erasure, rest, now)
        set_cookies(response, self._expire_ids(request) + self._keep(request, consent, rest, now))
        return response

    def _done(
        self, request: Request, before: Consent, erasure: Erasure, rest: Decision | None, now: int
    ) -> Response:
        if not (erasure.as_json or wants_json(request)):
            settings = f"{base_of(self._deployment, request)}/?erased=1"
            return RedirectResponse(erasure.return_to or settings, 303, headers=HEADERS)
        left = rest if rest is None or rest.denied else None
        after = before if rest is None else self._deployment.consent_with(request, left, now=now)
        reload = after.key != before.key
        return JSONResponse({**self._state(request, after), "reload": reload}, headers=HEADERS)

    def _subjects(self, request: Request) -> set[str]:
        """Return all ids that came and can be believed: each of them is this browser's."""
        values = (value for name, _, _ in self._ids(request) for value in request.cookie_values(name))
        return {subject for value in values if (subject := self._deployment.subjects.loads([value]))}

    def _expire_ids(self, request: Request) -> list[str]:
        return [
            cookies.expire_cookie(name, secure=secure, domain=domain)
            for name, secure, domain in self._ids(request)
            if request.cookie_values(name)
        ]

    def _ids(self, request: Request) -> list[tuple[str, bool, str | None]]:
        """Return every name under which an id may have been set here, with what else it was set with."""
        return [
            (cookies.id_cookie_name(secure, domain), secure, domain)
            for secure in sorted({request.secure, False})
            for domain in dict.fromkeys((None, self._deployment.cookie_domain))
        ]

    def _keep(self, request: Request, before: Consent, rest: Decision | None, now: int) -> list[str]:
        """Return what puts the rest of a decision in its place, or removes it where nothing is left."""
        deployment, secure, domain = self._deployment, request.secure, self._deployment.cookie_domain
        lines = deployment.expire_plain(request)
        if request.cookie_values(deployment.once.cookie_name(secure)):
            lines.append(deployment.once.set_cookie("", secure=secure))
        if rest is None:
            return lines
        if not rest.denied:
            name = cookies.decision_cookie_name(secure, domain)
            return [*lines, cookies.expire_cookie(name, secure=secure, domain=domain)]
        return [*lines, deployment.set_decision(request, rest, before, now=now)]
