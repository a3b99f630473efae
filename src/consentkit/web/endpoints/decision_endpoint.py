"""``POST /_consent/decision``: records a visitor's decision and sets the cookies."""

from collections.abc import Iterable
from itertools import product

from msgspec.structs import replace

from consentkit.banner.banner import make_notice
from consentkit.banner.pages import problem_text
from consentkit.banner.settings import read_choices, read_offered, read_ticked
from consentkit.consent import cookies
from consentkit.consent.choice import accept, allow, choose, reject
from consentkit.consent.consent import Consent
from consentkit.consent.decision import Decision, Source
from consentkit.consent.notice import Notice, on_terms
from consentkit.exceptions import BadRequest, UnknownPurpose
from consentkit.policy.validation import IDENTIFIER
from consentkit.web.cookie_headers import decision_line, expire_plain
from consentkit.web.endpoints import recorder as recording
from consentkit.web.endpoints.answers import answer_problem, redirect, set_cookies, wants_json
from consentkit.web.endpoints.effects import Answer, Ids, Notify, Steps
from consentkit.web.endpoints.recorder import Choice, Recorder
from consentkit.web.endpoints.submission import Submission, ask_body, check_same_origin, read_submission
from consentkit.web.endpoints.visitor_data import answer_state
from consentkit.web.resolver import Exchange, consent_with


def answer_decision(exchange: Exchange, ids: Ids, recorder: Recorder) -> Steps:
    """Record a decision, or raise `BadRequest` if it cannot be honoured."""
    yield from check_same_origin(exchange.request)
    submission = read_submission(exchange.request, (yield ask_body(exchange.request)))
    notice = _known_notice(exchange, submission)
    # If a deploy changed the notice meanwhile, the choice is bound to the one that was shown, from the log.
    terms = (yield from recording.find_terms(exchange, submission.notice)) if notice is None else None
    asked = notice.asked if notice else terms.asked if terms else ()
    decision = _decide(exchange, submission, asked)
    if terms is not None:
        submission, decision = replace(submission, locale=terms.locale), on_terms(decision, terms)
    choice = Choice(exchange, ids, submission, decision, notice)
    if choice.is_overtaken:
        return (yield from _answer_overtaken(choice, recorder))
    # "Load once" needs purposes that have not changed since the notice was shown.
    same = decision.fingerprints.items() <= exchange.options.policy.fingerprints.items()
    if notice is None and (terms is None or (submission.once and not same)):
        return (yield from _answer_stale(choice, recorder))
    return (yield from (_answer_once if submission.once else _answer_taken)(choice, recorder))


def _decide(exchange: Exchange, submission: Submission, asked: Iterable[str]) -> Decision:
    """Return a button's decision; `asked`: the banner's purposes. `BadRequest` for an unknown name."""
    consent, now, source = exchange.consent, exchange.now, _source(exchange, submission)
    gpc_shown = source == "settings" and submission.signal == consent.signal  # only that page mentions it
    try:
        match submission.button:
            case "accept":
                return accept(consent, source=source, now=now, asked=asked, gpc_shown=gpc_shown)
            case "reject" | "withdraw":
                return reject(consent, source=source, now=now)
            case "allow":
                return allow(consent, submission.names, source=source, now=now)
            case "save" if submission.as_json:
                return choose(consent, submission.names, submission.denied, source=source, now=now)
            case "save":
                return _save(submission, consent, source=source, now=now, gpc_shown=gpc_shown)
    except UnknownPurpose as error:
        raise BadRequest(400, "The choice names a purpose or vendor that this site does not have.") from error


def _source(exchange: Exchange, submission: Submission) -> Source:
    if submission.as_json:
        return "api"
    if submission.button == "allow":
        return "embed"
    below = submission.return_to.startswith(exchange.resolution.base + "/")
    return "settings" if below or submission.was else "banner"


def _save(submission: Submission, consent: Consent, *, source: Source, now: int, gpc_shown: bool) -> Decision:
    """Read the settings form. An untouched pre-ticked box is not a grant."""
    policy, offered = consent.policy, read_offered(submission.was)
    # Purposes that the page offered and a deploy removed can be neither granted nor refused.
    gone = offered - policy.purpose_by_name.keys()
    if not all(map(IDENTIFIER.fullmatch, gone)):
        raise UnknownPurpose(min(gone), policy.purposes)
    granted = read_choices(policy, ticked=submission.names, was=submission.was) - gone
    return choose(
        consent,
        granted,
        offered - granted - gone,
        left_on=read_ticked(submission.was) - consent.chosen,
        source=source,
        now=now,
        gpc_shown=gpc_shown,
    )


def _known_notice(exchange: Exchange, submission: Submission) -> Notice | None:
    """Return the notice that was shown, if it is still the current one for this visitor."""
    options, consent, locale = exchange.options, exchange.consent, submission.locale
    if locale not in options.locales:
        return None
    # The page may be older than another choice of this visitor, or may block scripts.
    for asked, scripted in product((consent.prompt_for, consent.prompting, frozenset[str]()), (True, False)):
        notice = make_notice(options.policy, consent, locale, asked=asked, scripted=scripted)
        if notice.hash == submission.notice:
            return notice
    return None


def _answer_taken(choice: Choice, recorder: Recorder) -> Steps:
    exchange, submission = choice.exchange, choice.submission
    if submission.button == "allow" and not _takes_effect(choice):
        return _problem(choice, 409, "signal" if exchange.consent.signal else "stale")
    # Raises if the decision names too many vendors for a cookie, before anything is recorded.
    exchange.options.decisions.dumps(choice.decision, now=exchange.now)
    outcome = yield from recorder.record(choice)
    if outcome.decision is not None:
        yield Notify(outcome.decision)
    answer = _done(choice) if outcome.recorded else _problem(choice, 503, "unrecorded")
    return _remember(answer, exchange, outcome.decision, outcome.subject)


def _takes_effect(choice: Choice) -> bool:
    """Say whether the grants take effect: a binding signal or a changed purpose can prevent that."""
    after, policy = consent_with(choice.exchange, choice.decision), choice.exchange.options.policy
    return all(
        after.allows(name)
        if name in policy.purposes
        else after.allows_known(name, policy.vendor_purpose(name) or "")
        for name in choice.submission.names
    )


def _answer_stale(choice: Choice, recorder: Recorder) -> Steps:
    """Answer a choice whose notice is unknown with 409. Its refusals are honoured."""
    refusal = recording.refused_only(choice)
    # A script can read the state and retry the whole choice. For a visitor, the refusal is honoured now.
    half = choice.submission.as_json and bool(choice.decision.granted)
    if refusal is None or half or choice.submission.once:
        return _problem(choice, 409, "stale")
    yield from recorder.refuse(choice, refusal, level="warning")
    yield Notify(refusal)
    answer = _problem(choice, 409, "stale" if refusal.granted else "stale_refusal")
    return _remember(answer, choice.exchange, refusal)


def _answer_overtaken(choice: Choice, recorder: Recorder) -> Steps:
    """Answer a choice from a page older than the visitor's last choice, which it would partly override.

    Denials of the last choice stay, and denials of this one are added.
    """
    exchange, refusal = choice.exchange, recording.refused_besides(choice)
    if refusal is not None:
        yield from recorder.refuse(choice, refusal, level="warning")
        yield Notify(refusal)
    answer = _problem(choice, 409, "older")
    if wants_json(exchange.request):
        after = consent_with(exchange, refusal or exchange.consent.decision)
        locale = exchange.locale_of(choice.submission.locale)
        text = problem_text(exchange.options.policy, "older", locale=locale)
        answer = answer_state(exchange, after, 409, error=text, reload=True)
    return _remember(answer, exchange, refusal)


def _answer_once(choice: Choice, recorder: Recorder) -> Steps:
    exchange, submission = choice.exchange, choice.submission
    outcome = yield from recorder.record(choice)
    if not outcome.recorded:
        return _problem(choice, 503, "unrecorded")
    value = exchange.options.once.dumps(submission.names[0], now=exchange.now)
    lines = [cookies.set_once_cookie(value, secure=exchange.request.secure)]
    return set_cookies(redirect(submission.return_to), lines)


def _done(choice: Choice) -> Answer:
    exchange, submission = choice.exchange, choice.submission
    if not (submission.as_json or wants_json(exchange.request)):
        return redirect(submission.return_to)
    after = consent_with(exchange, choice.decision)
    # A page with an earlier notice was rendered under an earlier consent.
    reload = after.key != exchange.consent.key or choice.notice is None
    return answer_state(exchange, after, reload=reload)


def _remember(
    answer: Answer, exchange: Exchange, decision: Decision | None, subject: str | None = None
) -> Answer:
    """Set the two cookies, and on https remove a decision under its plain name."""
    lines = [] if decision is None else [decision_line(exchange, decision)]
    if subject is not None:
        value, domain = exchange.options.subjects.dumps(subject), exchange.options.cookies.domain
        lines.append(cookies.set_id_cookie(value, secure=exchange.request.secure, domain=domain))
    return set_cookies(answer, lines + expire_plain(exchange))


def _problem(choice: Choice, status: int, text: str) -> Answer:
    back, language = choice.submission.return_to, choice.submission.locale
    return answer_problem(choice.exchange, status, text, return_to=back, language=language)
