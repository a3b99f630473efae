"""Cookies that go out with pages: a refusal renewed, what is not to be kept any more expired."""

from __future__ import annotations

from consentkit.asgi.deployment import Deployment
from consentkit.asgi.expiring import expire_hidden
from consentkit.asgi.headers import Headers
from consentkit.asgi.request import Request
from consentkit.consent import Consent


def visit(
    deployment: Deployment, request: Request, consent: Consent, headers: Headers, *, now: int
) -> Headers:
    """Return a page's headers with what sets and expires cookies. No shared cache keeps the page.

    Args:
        deployment: The policy as it is deployed.
        request: The request.
        consent: What holds for it.
        headers: The page's headers.
        now: Epoch seconds.
    """
    headers = list(headers)
    if request.traits.has_own_cookies:
        lines = _lines(deployment, request, consent, now)
        headers += [(b"set-cookie", line.encode("ascii")) for line in lines]
    expire_hidden(deployment, request, consent, headers)
    return headers


def _lines(deployment: Deployment, request: Request, consent: Consent, now: int) -> list[str]:
    lines = []
    if consent.renew and consent.decision is not None:
        lines.append(deployment.set_decision(request, consent.decision, consent, now=now))
    lines += deployment.expire_plain(request)
    if request.cookie_values(deployment.once.cookie_name(request.secure)):
        lines.append(deployment.once.set_cookie("", secure=request.secure))
    return lines
