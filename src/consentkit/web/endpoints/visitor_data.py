"""Endpoints of a visitor's own data: settings with history, state, receipt, erasure."""

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
from consentkit.web.cookie_headers import decision_line, expire_hidden, expire_spent, subject_of
from consentkit.web.endpoints import answers, effects
from consentkit.web.endpoints.effects import Answer, Effect, Ids, Steps, Tell
from consentkit.web.endpoints.submission import ask_body, check_return, check_same_origin, read_erasure
from consentkit.web.page_scripts import gpp_of
from consentkit.web.resolver import Exchange, consent_with

_MAX_FIELDS: Final = 20
_DOWNLOAD: Final = (b"content-disposition", b'attachment; filename="consent-receipt.jsonld"')


def answer_settings(exchange: Exchange) -> Steps:
    """Answer with the settings page.

    Raises:
        BadRequest: 400.
    """
    query = _query(exchange)
    page = render_settings(
        exchange.options.policy,
        exchange.consent,
        locale=exchange.locale_of(query.get("locale", [""])[0]),
        prefix=exchange.resolution.base,
        return_to=check_return(query.get("return_to", [exchange.request.mount + "/"])[0]),
        saved="saved" in query,
        erased="erased" in query,
        framed="framed" in query,
        history=(yield from _read_history(exchange)),
    )
    answer = answers.answer_page(page)
    return replace(answer, headers=[*answer.headers, *expire_hidden(exchange)])


def answer_state(exchange: Exchange, consent: Consent, status: int = 200, **more: object) -> Answer:
    """Answer with a consent as JSON, and further fields."""
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
    return answers.answer_json({**state, **told, **more}, status)


def answer_receipt(exchange: Exchange, ids: Ids) -> Steps:
    """Answer with the visitor's receipt; the query is that of the settings page."""
    request, settings = exchange.request, f"{exchange.resolution.base}/"
    language = _query(exchange).get("locale", [""])[0]
    if not exchange.options.keeps_log:
        raise BadRequest(404, "missing")
    status, text, receipt, subject = 404, "no_history", None, subject_of(exchange)
    address, at = request.origin + settings, rfc3339(exchange.now)
    try:
        if subject is not None:
            receipt = yield effects.Receipt(subject, exchange.options.policy.site, address, ids.entry(), at)
    except LogError as error:
        yield Tell("error", f"a visitor's receipt cannot be made: {error}")
        status, text = 503, "history_away"
    if receipt is not None:
        return answers.answer_with(receipt, b"application/ld+json", 200, [*answers.HEADERS, _DOWNLOAD])
    back = f"{settings}?{request.query.decode('latin-1')}" if request.query else ""
    return answers.answer_problem(exchange, status, text, title="title", return_to=back, language=language)


def _read_history(exchange: Exchange) -> Generator[Effect, Any, History | None]:
    """Read a visitor's history; ``None`` without a log. If the log fails, the result says only that."""
    subject = subject_of(exchange)
    if not exchange.options.keeps_log or subject is None:
        return History() if exchange.options.keeps_log else None
    try:
        entries: list[Entry] = yield effects.History(subject)
    except LogError as error:
        yield Tell("warning", f"a visitor's history cannot be read: {error}")
        return History(readable=False)
    # Decisions that were recorded but not honoured are not shown.
    void = {entry.previous for entry in entries if entry.type == "invalidated"}
    choices = [
        Choice(at=one.at, granted=one.granted, denied=one.denied, in_settings=one.source == "settings")
        for one in reversed(entries)
        if one.type == "decision" and one.id not in void
    ]
    return History(choices=tuple(choices))


def _query(exchange: Exchange) -> dict[str, list[str]]:
    try:
        return parse_qs(exchange.request.query.decode("latin-1"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise BadRequest(400, "The address has too many fields.") from error


def answer_erasure(exchange: Exchange) -> Steps:
    """Erase a visitor's entries, and end their grants.

    The id cookie is removed. Grants end, since they need a record; refusals stay.
    """
    request, before = exchange.request, exchange.consent
    yield from check_same_origin(request)
    back, language, as_json = read_erasure(request, (yield ask_body(request)))
    try:
        yield from _erase(exchange)
    except LogError as error:
        yield Tell("error", f"a visitor's entries cannot be erased: {error}")
        return answers.answer_problem(exchange, 503, "history_away", return_to=back, language=language)
    rest = forget(before)
    rest = None if rest == before.decision else rest  # nothing ends
    if rest is not None:
        yield effects.Notify(rest)
    if as_json or answers.wants_json(request):
        after = before if rest is None else consent_with(exchange, rest if rest.denied else None)
        answer = answer_state(exchange, after, reload=after.key != before.key)
    else:
        answer = answers.redirect(back or f"{exchange.resolution.base}/?erased=1")
    return answers.set_cookies(answer, _expire_ids(exchange) + _keep(exchange, rest))


def _erase(exchange: Exchange) -> Generator[Effect, Any, None]:
    """Erase the entries of each id with a valid signature: all are this browser's."""
    values = [value for name, _, _ in _ids(exchange) for value in exchange.request.cookie_values(name)]
    found = {subject for value in values if (subject := exchange.options.subjects.loads([value]))}
    for subject in found:
        yield effects.Erase(subject, rfc3339(exchange.now))


def _ids(exchange: Exchange) -> list[tuple[str, bool, str | None]]:
    """Return every name of an id cookie that may be set here, with its attributes."""
    return [
        (cookies.id_cookie_name(secure, domain), secure, domain)
        for secure in sorted({exchange.request.secure, False})
        for domain in dict.fromkeys((None, exchange.options.cookies.domain))
    ]


def _expire_ids(exchange: Exchange) -> list[str]:
    sent = [one for one in _ids(exchange) if exchange.request.cookie_values(one[0])]
    return [cookies.expire_cookie(name, secure=secure, domain=domain) for name, secure, domain in sent]


def _keep(exchange: Exchange, rest: Decision | None) -> list[str]:
    """Return the ``Set-Cookie`` values that store the rest of a decision, or remove it if nothing is left."""
    secure, domain = exchange.request.secure, exchange.options.cookies.domain
    lines = expire_spent(exchange)
    if rest is not None:
        name = cookies.decision_cookie_name(secure, domain)
        gone = cookies.expire_cookie(name, secure=secure, domain=domain)
        lines.append(decision_line(exchange, rest) if rest.denied else gone)
    return lines
