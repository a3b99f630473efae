"""The package's own pages: settings, decision, erasure, receipt, state, proofs and assets."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs

import msgspec
from consentkit.asgi.answering import HEADERS, base_of, problem
from consentkit.asgi.deciding import Decisions
from consentkit.asgi.erasing import Erasing
from consentkit.asgi.expiring import expire_hidden
from consentkit.asgi.gpp import GPP_NAME, gpp_of
from consentkit.asgi.history import answer_receipt, read_history
from consentkit.asgi.page import CALLS_NAME, MODULE_NAME, STUBS_NAME
from consentkit.asgi.proofs import Proofs
from consentkit.asgi.request import Request
from consentkit.asgi.submission import check_return, read_body
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Send

from consentkit.asgi.clock import epoch
from consentkit.asgi.deployment import Deployment
from consentkit.banner import assets_by_name, render_settings
from consentkit.consent import Consent
from consentkit.exceptions import BadRequest
from consentkit.gating import module_script, stubs_script
from consentkit.vendorcalls import calls_script
from consentkit.vendorcalls.gpp import gpp_script

GPC_PATH: Final = "/.well-known/gpc.json"

_MAX_FIELDS = 20
_HASH = re.compile(r"\.[0-9a-f]{12}(?=\.)")


class Endpoints:
    """Answers requests below the prefix.

    Args:
        deployment: The policy as it is deployed.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._decisions = Decisions(deployment, self._state)
        self._erasing = Erasing(deployment, self._state)
        self._proofs = Proofs(deployment)
        scripts = {STUBS_NAME: stubs_script(), MODULE_NAME: module_script()}
        scripts |= {GPP_NAME: gpp_script(), CALLS_NAME: calls_script()}
        self._assets = {name: (body, "text/javascript; charset=utf-8") for name, body in scripts.items()}
        for asset in assets_by_name(deployment.policy).values():
            self._assets[asset.name] = asset.body, asset.media_type
        self._latest = {_HASH.sub("", name): name for name in self._assets}

    def owns(self, path: str) -> bool:
        """Say whether a path below the root path is answered here."""
        prefix = self._deployment.prefix
        if path == GPC_PATH:
            return self._deployment.enforce and not self._deployment.excludes(path)
        return path == prefix or path.startswith(prefix + "/")

    async def __call__(self, request: Request, consent: Consent, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._answer(request, consent, receive)
        except BadRequest as error:
            response = problem(self._deployment, request, error.status, error.problem)
        await response(request.scope, receive, send)

    async def _answer(self, request: Request, consent: Consent, receive: Receive) -> Response:
        if request.path == GPC_PATH:
            self._allow(request, "GET", "HEAD")
            return self._gpc()
        path = request.path[len(self._deployment.prefix) :]
        if path == "/decision":
            self._allow(request, "POST")
            return await self._decisions.answer(request, consent, receive)
        if path == "/erase":
            self._allow(request, "POST")
            return await self._erasing.answer(request, consent, receive)
        if path == "/csp":
            self._allow(request, "POST")
            return await self._report(request, receive)
        self._allow(request, "GET", "HEAD")
        if path == "":
            return RedirectResponse(base_of(self._deployment, request) + "/", 308, headers=HEADERS)
        if path == "/":
            return await self._settings(request, consent)
        if path == "/receipt":
            language = _query(request).get("locale", [""])[0]
            return await answer_receipt(self._deployment, request, language=language)
        if path == "/state":
            return JSONResponse(self._state(request, consent), headers=HEADERS)
        if path.startswith("/log/"):
            return await self._proofs.answer(request, path.removeprefix("/log/"))
        if path.startswith("/assets/"):
            return self._asset(path.removeprefix("/assets/"))
        raise BadRequest(404, "missing")

    def _allow(self, request: Request, *methods: str) -> None:
        if request.method not in methods:
            raise BadRequest(405, f"This address takes {' and '.join(methods)} only.")

    async def _settings(self, request: Request, consent: Consent) -> Response:
        query = _query(request)
        page = render_settings(
            self._deployment.policy,
            consent,
            locale=self._deployment.locale_of(request, query.get("locale", [""])[0]),
            prefix=base_of(self._deployment, request),
            return_to=check_return(query.get("return_to", [request.mount + "/"])[0]),
            saved="saved" in query,
            erased="erased" in query,
            framed="framed" in query,
            history=await read_history(self._deployment, request),
        )
        response = HTMLResponse(page, headers=HEADERS)
        expire_hidden(self._deployment, request, consent, response.raw_headers)
        return response

    def _state(self, request: Request, consent: Consent) -> dict[str, object]:
        locale = self._deployment.locale_of(request)
        gpp = gpp_of(consent)
        told = {} if gpp is None else {"gpp": msgspec.to_builtins(gpp)}
        return {
            "granted": sorted(consent.granted | consent.vendors_granted),
            "denied": sorted(consent.denied | consent.vendors_denied),
            "regime": consent.regime.value,
            "source": consent.source,
            "needs_prompt": consent.needs_prompt,
            "gpc": consent.gpc,
            "notice": self._deployment.notice_of(consent, locale).hash,
            "locale": locale,
            **told,
        }

    def _gpc(self) -> Response:
        """Say that the site honours the signal (W3C Global Privacy Control, "GPC Support Resource")."""
        support = {"gpc": True, "lastUpdate": self._deployment.policy.gpc_updated}
        return JSONResponse(support, headers={"Cache-Control": "public, max-age=86400"})

    def _asset(self, name: str) -> Response:
        # Below a module stand the modules of its folder; see `consentkit.gating.rules`.
        name = name.partition(".js/")[0] + ".js" if ".js/" in name else name
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


def _query(request: Request) -> dict[str, list[str]]:
    try:
        return parse_qs(request.query.decode("latin-1"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise BadRequest(400, "The address has too many fields.") from error
