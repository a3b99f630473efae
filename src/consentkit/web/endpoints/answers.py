"""What all answers of the package's own pages share: headers, languages, and how problems are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from consentkit.asgi.request import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from consentkit.asgi.deployment import Deployment
from consentkit.banner import problem_text, render_message

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Cookie, Sec-GPC, Accept-Language, Accept",
}

_AHEAD: Final = '"prefetchCache", "prerenderCache"'

# Keys of the texts `problem`; what only authors of clients meet is said in English.
_TITLES: Final = {403: "refused", 404: "missing", 409: "choose_again", 503: "try_again"}


def wants_json(request: Request) -> bool:
    """Say whether a client rather than a visitor reads the answer."""
    accept = request.header(b"accept")
    sent = request.header(b"content-type").startswith(b"application/json")
    return b"text/html" not in accept and (b"application/json" in accept or sent)


def base_of(deployment: Deployment, request: Request) -> str:
    """Return where the package's own pages are, root path included, without a slash at its end."""
    return request.mount + deployment.prefix


def set_cookies(response: Response, lines: Iterable[str]) -> None:
    """Set cookies of a choice, and let the browser forget pages that it got ahead: they are of an older one.

    Source: WICG, "Clear-Site-Data: prefetchCache and prerenderCache"; seen to work in Chromium 156.
    """
    added = [(b"set-cookie", line.encode("ascii")) for line in lines]
    if added:
        response.headers["Clear-Site-Data"] = _AHEAD
    response.raw_headers += added


def problem(
    deployment: Deployment,
    request: Request,
    status: int,
    text: str,
    *,
    title: str = "",
    return_to: str = "",
    language: str = "",
) -> Response:
    """Say what went wrong, in JSON or as a page.

    Args:
        deployment: The policy as it is deployed.
        request: The request that cannot be honoured.
        status: The HTTP status.
        text: A key of the texts `problem`, or the sentence itself.
        title: The same for the title of the page; by default what fits the status.
        return_to: Path of the page that the visitor came from.
        language: What the visitor was shown; empty where it is not known.
    """
    policy, locale = deployment.policy, deployment.locale_of(request, language)
    headers = dict(HEADERS)
    if status == 405:
        headers["Allow"] = "POST" if request.path.endswith(("/decision", "/csp", "/erase")) else "GET, HEAD"
    if status == 503:
        headers["Retry-After"] = "5"
    if wants_json(request):
        return JSONResponse({"error": problem_text(policy, text, locale=locale)}, status, headers=headers)
    base = base_of(deployment, request)
    # The settings send visitors back to themselves, as saved: that is not where they came from.
    query = dict(parse_qsl(urlsplit(return_to).query)) if return_to.startswith(f"{base}/?") else {}
    page = render_message(
        policy,
        title or _TITLES.get(status, "title"),
        text,
        locale=locale,
        prefix=base,
        return_to=query.get("return_to", "" if query else return_to) or request.mount + "/",
        framed="framed" in query,
    )
    return HTMLResponse(page, status, headers=headers)
