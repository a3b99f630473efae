"""``POST /_consent/csp``: hosts that browsers report as blocked by the second Content-Security-Policy."""

from typing import Any, Final

from consentkit.exceptions import BadRequest
from consentkit.web.endpoints.effects import Answer, Observe, Steps
from consentkit.web.endpoints.submission import ask_body, decode_json
from consentkit.web.request import Request
from consentkit.web.resolver import Exchange
from consentkit.web.response.csp import PagePolicy

DIRECTIVES: Final = frozenset(
    {"default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem"}
    | {"style-src-attr", "img-src", "font-src", "media-src", "object-src", "frame-src", "fenced-frame-src"}
    | {"child-src", "connect-src", "worker-src", "manifest-src"}
)
"""Directives in a report that are accepted: all that inherit from `default-src`."""

_TYPES: Final = (b"application/csp-report", b"application/reports+json")


def answer_report(exchange: Exchange) -> Steps:
    """Count the violations in a report, except those from other sites.

    Raises:
        BadRequest: The report is invalid.
    """
    request = exchange.request
    if request.header(b"sec-fetch-site") not in (b"", b"same-origin"):
        raise BadRequest(403, "Reports are taken from this site's own pages only.")
    keys = find_undeclared(exchange.options.page_policy, request, (yield ask_body(request)))
    if keys and exchange.options.keeps_log:
        yield Observe("csp", keys)
    return Answer(204, [(b"cache-control", b"no-store")])


def find_undeclared(policy: PagePolicy, request: Request, body: bytes) -> list[str]:
    """Return ``<directive> <host>`` for each blocked host that is not declared.

    Raises:
        BadRequest: 400 where the report cannot be read, 415 where it is something else.
    """
    return [
        f"{directive} {host}"
        for directive, blocked in read_violations(request, body)
        if directive in DIRECTIVES and (host := policy.undeclared_host(blocked, request.host))
    ]


def read_violations(request: Request, body: bytes) -> list[tuple[str, str]]:
    """Read a report, in one of the two formats that its media type names.

    Each violation is a directive and the blocked address, or a word such as ``inline``.

    Raises:
        BadRequest: 400 where it cannot be read, 415 where it is something else.
    """
    if request.media_type not in _TYPES:
        raise BadRequest(415, "Send application/csp-report or application/reports+json.")
    if request.media_type == _TYPES[0]:
        report = _table(decode_json(body, dict[str, Any]), "csp-report")
        return [_violation(report, "blocked-uri", "effective-directive")]
    reports = decode_json(body, list[dict[str, Any]])
    bodies = [_table(report, "body") for report in reports if report.get("type") == "csp-violation"]
    return [_violation(one, "blockedURL", "effectiveDirective") for one in bodies]


def _table(report: dict[str, Any], key: str) -> dict[str, Any]:
    table = report.get(key)
    if not isinstance(table, dict):
        raise BadRequest(400, f'Expected an object with "{key}".')
    return table


def _violation(report: dict[str, Any], blocked: str, directive: str) -> tuple[str, str]:
    """Browsers before CSP Level 3 name the directive in ``violated-directive`` only, with its sources."""
    named = str(report.get(directive) or report.get("violated-directive") or "").split()
    return named[0].lower() if named else "", str(report.get(blocked, ""))
