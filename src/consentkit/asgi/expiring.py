"""Cookies of denied purposes: hidden from the app, and removed from the browser.

A script may have set a cookie under any domain that its page could use, and under the root or the folder of
its page: each of these is expired. What was set under another path goes when a page there is visited.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from consentkit.asgi.deployment import Deployment
from consentkit.asgi.headers import Headers
from consentkit.asgi.request import Request
from consentkit.consent import Consent

MAX_HEADERS = 2048
"""Bytes of expiring headers in one response; the rest follows with the next."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"[A-Za-z0-9/._~%-]{1,200}")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def hide(request: Request, names: Collection[str], headers: Headers) -> Headers:
    """Return the request's headers without the cookies of those names; the same list if there are none."""
    if not names:
        return headers
    kept = "; ".join(
        f"{name}={value}" if name or "=" in value else value
        for name, value in request.cookies
        if name not in names
    )
    rest = [(name, value) for name, value in headers if name != b"cookie"]
    return [*rest, (b"cookie", kept.encode("latin-1"))] if kept else rest


def gate_cookies(deployment: Deployment, consent: Consent, headers: Headers) -> Headers:
    """Return a response's headers without what sets such cookies; the same list if nothing does."""
    drop = deployment.gate.drop_cookie
    kept = [
        (name, value)
        for name, value in headers
        if name.lower() != b"set-cookie" or not drop(consent, value.decode("latin-1"))
    ]
    return headers if len(kept) == len(headers) else kept


def expire_hidden(deployment: Deployment, request: Request, consent: Consent, headers: Headers) -> None:
    """Append ``Set-Cookie`` headers that remove the cookies of denied purposes.

    Where the decision could not come along, its purposes are denied for want of it: nothing is removed.
    """
    names = deployment.hidden_cookies(request, consent)
    if not (names and request.traits.travels):
        return
    room = MAX_HEADERS
    for name in sorted(names):
        if not _NAME.fullmatch(name):
            continue
        lines = [
            f"{name}=; Max-Age=0; Path={path}{variant}"
            for path in _paths(request, deployment.prefix)
            for variant in _variants(request)
        ]
        size = sum(map(len, lines))
        if size > room:
            continue
        room -= size
        headers += [(b"set-cookie", line.encode("ascii")) for line in lines]


def _paths(request: Request, prefix: str) -> list[str]:
    """Return the root and the default path of cookies set here (RFC 6265, section 5.1.4)."""
    folder = request.here.partition("?")[0].rpartition("/")[0]
    ours = request.root_path + prefix
    return ["/", folder] if folder not in ("", ours) and _PATH.fullmatch(folder) else ["/"]


def _variants(request: Request) -> list[str]:
    host = request.host.partition(":")[0].lower()
    secure = "; Secure" if request.secure else ""
    domains = [""]
    if _HOST.fullmatch(host) and not host.replace(".", "").isdigit():
        labels = host.split(".")
        domains += ["; Domain=" + ".".join(labels[index:]) for index in range(len(labels) - 1)]
    variants = [domain + secure for domain in domains]
    return variants + ([secure + "; Partitioned; SameSite=None"] if secure else [])
