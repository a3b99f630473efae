"""What a visitor can look at: the settings with their history, what holds, and a receipt to take home."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from msgspec.structs import replace

from consentkit.banner.banner import make_notice
from consentkit.banner.settings import Choice, History, render_settings
from consentkit.consent import cookies
from consentkit.consent.choice import forget
from consentkit.consent.consent import Consent
from consentkit.consent.decision import Decision
from consentkit.exceptions import BadRequest, LogError
from consentkit.record.entry import Entry, rfc3339
from consentkit.web.cookie_headers import decision_line, expire_hidden, expire_plain, subject_of
from consentkit.web.endpoints import effects
from consentkit.web.endpoints.answers import (
    HEADERS,
    answer_json,
    answer_page,
    answer_problem,
    redirect,
    set_cookies,
    wants_json,
)
from consentkit.web.endpoints.effects import Answer, Effect, Erase, Ids, Notify, Receipt, Steps, Tell
from consentkit.web.endpoints.submission import (
    Erasure,
    ask_body,
    check_return,
    check_same_origin,
    read_erasure,
)
from consentkit.web.page_scripts import gpp_of
from consentkit.web.request import Request
from consentkit.web.resolver import Exchange, consent_with

_MAX_FIELDS: Final = 20
_RECEIPT: Final = [
    *HEADERS,
    (b"content-disposition", b'attachment; filename="consent-receipt.jsonld"'),
    (b"content-type", b"application/ld+json"),
]


def answer_settings(exchange: Exchange) -> Steps:
    """Answer with the settings page.

    Raises:
        BadRequest: 400.
    """
    request = exchange.request
    query = _query(request)
    return_to = check_return(query.get("return_to", [request.mount + "/"])[0])
    page = render_settings(
        exchange.options.policy,
        exchange.consent,
        locale=exchange.locale_of(query.get("locale", [""])[0]),
        prefix=exchange.resolution.base,
        return_to=return_to,
        saved="saved" in query,
        erased="erased" in query,
        framed="framed" in query,
        history=(yield from _read_history(exchange)),
    )
    answer = answer_page(page)
    return replace(answer, headers=[*answer.headers, *expire_hidden(exchange)])


def answer_state(exchange: Exchange, consent: Consent, status: int = 200, **more: object) -> Answer:
    """Tell a client of a consent, and what else there is to say."""
    locale, gpp = exchange.resolution.locale, gpp_of(consent)
    state = {
        "granted": sorted(consent.granted | consent.vendors_granted),
        "denied": sorted(consent.denied | consent.vendors_denied),
        "regime": consent.regime.value,
        "source": consent.source,
        "needs_prompt": consent.needs_prompt,
        "gpc": consent.gpc,
        "notice": make_notice(exchange.options.policy, consent, locale).hash,
        "locale": locale,
    }
    told = {} if gpp is None else {"gpp": msgspec.to_builtins(gpp)}
    return answer_json({**state, **told, **more}, status)


def answer_receipt(exchange: Exchange, ids: Ids) -> Steps:
    """Answer with what the log proves of the visitor; its query is the settings page's own.

    Raises:
        BadRequest: No log is kept.
    """
    request, settings = exchange.request, f"{exchange.resolution.base}/"
    language = _query(request).get("locale", [""])[0]
    if not exchange.options.keeps_log:
        raise BadRequest(404, "missing")
    status, text, receipt, subject = 404, "no_history", None, subject_of(exchange)
    if subject is not None:
        try:
            receipt = yield Receipt(
                subject=subject,
                site=exchange.options.policy.site,
                settings=request.origin + settings,
                id=ids.entry(),
                at=rfc3339(exchange.now),
            )
        except LogError as error:
            yield Tell("error", f"a visitor's receipt cannot be made: {error}")
            status, text = 503, "history_away"
    if receipt is not None:
        return Answer(200, [*_RECEIPT, (b"content-length", b"%d" % len(receipt))], receipt)
    query = request.query.decode("latin-1")
    back = f"{settings}?{query}" if query else ""
    return answer_problem(exchange, status, text, title="title", return_to=back, language=language)


def _read_history(exchange: Exchange) -> Generator[Effect, Any, History | None]:
    """Read a visitor's history; ``None`` where no log is kept. A log that is away says no more than that."""
    if not exchange.options.keeps_log:
        return None
    subject = subject_of(exchange)
    if subject is None:
        return History()
    try:
        entries: list[Entry] = yield effects.History(subject)
    except LogError as error:
        yield Tell("warning", f"a visitor's history cannot be read: {error}")
        return History(readable=False)
    # What was recorded too late to be honoured never held.
    void = {entry.previous for entry in entries if entry.type == "invalidated"}
    held = (entry for entry in reversed(entries) if entry.type == "decision" and entry.id not in void)
    choices = (
        Choice(at=one.at, granted=one.granted, denied=one.denied, in_settings=one.source == "settings")
        for one in held
    )
    return History(choices=tuple(choices))


def _query(request: Request) -> dict[str, list[str]]:
    try:
        return parse_qs(request.query.decode("latin-1"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise BadRequest(400, "The address has too many fields.") from error


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
