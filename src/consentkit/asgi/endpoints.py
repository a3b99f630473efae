"""The package's own pages: settings, decision, state and assets."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Send

from consentkit.asgi.clock import epoch
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.expiring import expire_hidden
from consentkit.asgi.page import CALLS_NAME, STUBS_NAME
from consentkit.asgi.recording import Outcome, Recorder, decide
from consentkit.asgi.request import Request
from consentkit.asgi.submission import Submission, check_return, check_same_origin, read_body, read_submission
from consentkit.banner import assets_by_name, render_message, render_settings
from consentkit.consent import (
    Consent,
    Decision,
    Notice,
    Source,
    set_decision_cookie,
    set_id_cookie,
)
from consentkit.exceptions import BadRequest
from consentkit.gating import stubs_script
from consentkit.vendorcalls import calls_script

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Cookie, Sec-GPC, Accept-Language, Accept",
}
_TITLES = {
    403: "Not accepted",
    404: "Not found",
    405: "Not possible",
    409: "Please choose again",
    413: "Too large",
    503: "Please try again",
}
_MAX_FIELDS = 20
_HASH = re.compile(r"\.[0-9a-f]{12}(?=\.)")
_STALE = "What this choice was about has changed since the page was made. Please look again and choose."
_STALE_REFUSAL = "Nothing optional is used. What this choice was about has changed since the page was made."
_SIGNAL = (
    "Your browser asks not to have your data sold or shared (Global Privacy Control), and this site honours "
    "that: nothing was changed. You can still load the content once."
)
_UNRECORDED = "The choice could not be recorded just now, so nothing was allowed. Please try again."


class Endpoints:
    """Answers requests below the prefix.

    Args:
        deployment: The policy as it is deployed.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._recorder = Recorder(deployment)
        self._assets = {
            **{
                asset.name: (asset.body, asset.media_type)
                for asset in assets_by_name(deployment.policy).values()
            },
            STUBS_NAME: (stubs_script(), "text/javascript; charset=utf-8"),
            CALLS_NAME: (calls_script(), "text/javascript; charset=utf-8"),
        }

        self._latest = {_HASH.sub("", name): name for name in self._assets}

    def owns(self, path: str) -> bool:
        """Say whether a path below the root path is answered here."""
        prefix = self._deployment.prefix
        return path == prefix or path.startswith(prefix + "/")

    async def __call__(self, request: Request, consent: Consent, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._answer(request, consent, receive)
        except BadRequest as error:
            response = self._problem(request, error.status, error.problem)
        await response(request.scope, receive, send)

    async def _answer(self, request: Request, consent: Consent, receive: Receive) -> Response:
        path = request.path[len(self._deployment.prefix) :]
        if path == "/decision":
            self._allow(request, "POST")
            return await self._decision(request, consent, receive)
        if path == "/csp":
            self._allow(request, "POST")
            return await self._report(request, receive)
        self._allow(request, "GET", "HEAD")
        if path == "":
            return RedirectResponse(self._base(request) + "/", 308, headers=_HEADERS)
        if path == "/":
            return self._settings(request, consent)
        if path == "/state":
            return JSONResponse(self._state(request, consent), headers=_HEADERS)
        if path.startswith("/assets/"):
            return self._asset(path.removeprefix("/assets/"))
        raise BadRequest(404, "There is no such page.")

    def _allow(self, request: Request, *methods: str) -> None:
        if request.method not in methods:
            raise BadRequest(405, f"This address takes {' and '.join(methods)} only.")

    def _base(self, request: Request) -> str:
        return request.mount + self._deployment.prefix

    def _settings(self, request: Request, consent: Consent) -> Response:
        query = _query(request)
        page = render_settings(
            self._deployment.policy,
            consent,
            locale=self._deployment.locale_of(request),
            prefix=self._base(request),
            return_to=check_return(query.get("return_to", [request.mount + "/"])[0]),
            gpc=consent.gpc,
            saved="saved" in query,
        )
        response = HTMLResponse(page, headers=_HEADERS)
        expire_hidden(self._deployment, request, consent, response.raw_headers)
        return response

    def _state(self, request: Request, consent: Consent) -> dict[str, object]:
        locale = self._deployment.locale_of(request)
        return {
            "granted": sorted(consent.granted | consent.vendors_granted),
            "denied": sorted(consent.denied | consent.vendors_denied),
            "regime": consent.regime.value,
            "source": consent.source,
            "needs_prompt": consent.needs_prompt,
            "gpc": consent.gpc,
            "notice": self._deployment.notice_of(consent, locale).hash,
            "locale": locale,
        }

    def _asset(self, name: str) -> Response:
        # Pages made before an upgrade name files by their old hash: they get the current ones.
        current = name if name in self._assets else self._latest.get(_HASH.sub("", name), "")
        if not current:
            raise BadRequest(404, "There is no such file.")
        body, media_type = self._assets[current]
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if current == name else "no-cache",
            "Content-Type": media_type,
            "X-Content-Type-Options": "nosniff",
        }
        return Response(body, headers=headers)

    async def _report(self, request: Request, receive: Receive) -> Response:
        """Count what browsers report, but not of pages elsewhere, which may name this address as well."""
        if request.header(b"sec-fetch-site") not in (b"", b"same-origin"):
            raise BadRequest(403, "Reports are taken from this site's own pages only.")
        keys = self._deployment.csp.undeclared(request, await read_body(request, receive))
        if keys and self._deployment.log is not None:
            await self._deployment.log.observe("csp", keys, now=epoch())
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def _decision(self, request: Request, consent: Consent, receive: Receive) -> Response:
        check_same_origin(request)
        submission = read_submission(request, await read_body(request, receive))
        now = epoch()
        decision = decide(submission, consent, source=self._source(request, submission), now=now)
        notice = self._deployment.known_notice(consent, submission.notice, submission.locale)
        if notice is None:
            return await self._stale(request, submission, decision, now)
        if submission.once:
            return await self._once(request, submission, consent, decision, notice, now)
        if submission.action == "allow" and not self._takes_effect(request, submission, decision, now):
            return self._problem(request, 409, _SIGNAL, return_to=submission.return_to)
        # Nothing is recorded that no cookie can hold: this raises where it names too many vendors.
        self._deployment.decisions.dumps(decision, now=now)
        outcome = await self._recorder.record(request, submission, consent, decision, notice, now=now)
        if outcome.decision is not None:
            await self._recorder.announce(outcome.decision, request)
        if not outcome.recorded:
            response = self._problem(request, 503, _UNRECORDED, return_to=submission.return_to)
        else:
            response = self._done(request, submission, consent, decision, now)
        self._remember(response, request, outcome, now)
        return response

    def _source(self, request: Request, submission: Submission) -> Source:
        if submission.as_json:
            return "api"
        if submission.action == "allow":
            return "embed"
        below = submission.return_to.startswith(self._base(request) + "/")
        return "settings" if below or submission.was else "banner"

    def _takes_effect(self, request: Request, submission: Submission, decision: Decision, now: int) -> bool:
        """Say whether what is allowed will be: a binding signal may stand against it."""
        after = self._deployment.consent_with(request, decision, now=now)
        policy = self._deployment.policy
        return all(
            after.allows(name)
            if name in policy.purposes
            else after.allows_known(name, policy.vendor_purpose(name) or "")
            for name in submission.names
        )

    async def _stale(
        self, request: Request, submission: Submission, decision: Decision, now: int
    ) -> Response:
        """Answer a choice about a notice that is not shown any more. What it refuses holds all the same."""
        if decision.granted:
            return self._problem(request, 409, _STALE, return_to=submission.return_to)
        await self._recorder.record_stale(request, submission, decision, now=now)
        await self._recorder.announce(decision, request)
        response = self._problem(request, 409, _STALE_REFUSAL, return_to=submission.return_to)
        self._remember(response, request, Outcome(decision=decision), now)
        return response

    async def _once(
        self,
        request: Request,
        submission: Submission,
        consent: Consent,
        decision: Decision,
        notice: Notice,
        now: int,
    ) -> Response:
        outcome = await self._recorder.record(request, submission, consent, decision, notice, now=now)
        if not outcome.recorded:
            return self._problem(request, 503, _UNRECORDED, return_to=submission.return_to)
        response = RedirectResponse(submission.return_to, 303, headers=_HEADERS)
        once = self._deployment.once
        value = once.dumps(submission.names[0], now=now)
        response.raw_headers.append(
            (b"set-cookie", once.set_cookie(value, secure=request.secure).encode("ascii"))
        )
        return response

    def _done(
        self, request: Request, submission: Submission, before: Consent, decision: Decision, now: int
    ) -> Response:
        if not (submission.as_json or _wants_json(request)):
            return RedirectResponse(submission.return_to, 303, headers=_HEADERS)
        after = self._deployment.consent_with(request, decision, now=now)
        state = {**self._state(request, after), "reload": after.key != before.key}
        return JSONResponse(state, headers=_HEADERS)

    def _remember(self, response: Response, request: Request, outcome: Outcome, now: int) -> None:
        """Set the two cookies, and on https remove a decision under its plain name."""
        deployment = self._deployment
        secure, domain = request.secure, deployment.cookie_domain
        cookies: list[str] = []
        if outcome.decision is not None:
            value = deployment.decisions.dumps(outcome.decision, now=now)
            age = outcome.decision.max_age(now=now)
            cookies.append(set_decision_cookie(value, max_age=age, secure=secure, domain=domain))
        if outcome.subject is not None:
            cookies.append(
                set_id_cookie(deployment.subjects.dumps(outcome.subject), secure=secure, domain=domain)
            )
        cookies += deployment.expire_plain(request)
        response.raw_headers += [(b"set-cookie", cookie.encode("ascii")) for cookie in cookies]

    def _problem(self, request: Request, status: int, problem: str, *, return_to: str = "") -> Response:
        headers = dict(_HEADERS)
        if status == 405:
            headers["Allow"] = "POST" if request.path.endswith(("/decision", "/csp")) else "GET, HEAD"
        if status == 503:
            headers["Retry-After"] = "5"
        if _wants_json(request):
            return JSONResponse({"error": problem}, status, headers=headers)
        page = render_message(
            self._deployment.policy,
            _TITLES.get(status, "That did not work"),
            problem,
            locale=self._deployment.locale_of(request),
            prefix=self._base(request),
            return_to=return_to or request.mount + "/",
        )
        return HTMLResponse(page, status, headers=headers)


def _query(request: Request) -> dict[str, list[str]]:
    try:
        return parse_qs(request.scope.get("query_string", b"").decode("latin-1"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise BadRequest(400, "The address has too many fields.") from error


def _wants_json(request: Request) -> bool:
    accept = request.header(b"accept")
    sent = request.header(b"content-type").startswith(b"application/json")
    return b"text/html" not in accept and (b"application/json" in accept or sent)
