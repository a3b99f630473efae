"""``POST /_consent/erase``: a visitor's entries are destroyed, and what they alone stood for ends.

The id goes with the entries. Grants go as well, since none holds without a record; refusals stay.
"""

from __future__ import annotations

from consentkit.consent import Decision, cookies, forget
from consentkit.exceptions import BadRequest, LogError
from consentkit.record import rfc3339
from consentkit.web.cookie_headers import decision_line, expire_plain
from consentkit.web.endpoints.answers import answer_problem, redirect, set_cookies, wants_json
from consentkit.web.endpoints.effects import Answer, Erase, Notify, Steps, Tell
from consentkit.web.endpoints.submission import Erasure, ask_body, check_same_origin, read_erasure
from consentkit.web.endpoints.visitor_pages import answer_state
from consentkit.web.resolver import Exchange, consent_with


def answer_erasure(exchange: Exchange) -> Steps:
    """Erase what the log has of a visitor.

    Raises:
        BadRequest: It cannot be done.
    """
    request, subjects = exchange.request, exchange.options.subjects
    if not exchange.options.keeps_log:
        raise BadRequest(404, "missing")
    yield from check_same_origin(request)
    erasure = read_erasure(request, (yield ask_body(request)))
    ids = _ids(exchange)
    # Each of them that can be believed is this browser's.
    values = [value for name, _, _ in ids for value in request.cookie_values(name)]
    found = {subject for value in values if (subject := subjects.loads([value]))}
    try:
        for subject in found:
            yield Erase(subject, rfc3339(exchange.now))
    except LogError as error:
        yield Tell("error", f"a visitor's entries cannot be erased: {error}")
        back, language = erasure.return_to, erasure.locale
        return answer_problem(exchange, 503, "history_away", return_to=back, language=language)
    rest = forget(exchange.consent)
    if rest == exchange.consent.decision:
        rest = None  # nothing ends
    if rest is not None:
        yield Notify(rest)
    expired = [
        cookies.expire_cookie(name, secure=secure, domain=domain)
        for name, secure, domain in ids
        if request.cookie_values(name)
    ]
    return set_cookies(_done(exchange, erasure, rest), expired + _keep(exchange, rest))


def _ids(exchange: Exchange) -> list[tuple[str, bool, str | None]]:
    """Return every name under which an id may have been set here, with what else it was set with."""
    return [
        (cookies.id_cookie_name(secure, domain), secure, domain)
        for secure in sorted({exchange.request.secure, False})
        for domain in dict.fromkeys((None, exchange.options.cookies.domain))
    ]


def _done(exchange: Exchange, erasure: Erasure, rest: Decision | None) -> Answer:
    if not (erasure.as_json or wants_json(exchange.request)):
        return redirect(erasure.return_to or f"{exchange.resolution.base}/?erased=1")
    before = exchange.consent
    left = rest if rest is None or rest.denied else None
    after = before if rest is None else consent_with(exchange, left)
    return answer_state(exchange, after, reload=after.key != before.key)


def _keep(exchange: Exchange, rest: Decision | None) -> list[str]:
    """Return what puts the rest of a decision in its place, or removes it where nothing is left."""
    request, domain = exchange.request, exchange.options.cookies.domain
    lines = expire_plain(exchange)
    if request.cookie_values(cookies.once_cookie_name(request.secure)):
        lines.append(cookies.set_once_cookie("", secure=request.secure))
    if rest is None:
        return lines
    if rest.denied:
        return [*lines, decision_line(exchange, rest)]
    name = cookies.decision_cookie_name(request.secure, domain)
    return [*lines, cookies.expire_cookie(name, secure=request.secure, domain=domain)]
